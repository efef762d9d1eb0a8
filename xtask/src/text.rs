//! Text in columns, as wide as terminals show it: a Chinese character takes two.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cuts or pads a text to exactly so many columns.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let mut fitted = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > columns {
            break;
        }
        used += wide;
        fitted.push(c);
    }
    fitted.push_str(&" ".repeat(columns - used));
    fitted
}

/// Breaks a text into lines of at most so many columns: at spaces, and between wide characters.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for piece in pieces(text) {
        if !line.is_empty() && line.width() + piece.trim_end().width() > columns {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        for c in piece.chars() {
            if line.width() + c.width().unwrap_or(0) > columns && c != ' ' {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Words with the space after them; wide characters each by itself, but never closing
/// punctuation at the beginning of a line.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        let wide = |c: char| c.width() == Some(2);
        let breaks = before.is_some_and(|before| {
            (before == ' ' && c != ' ') || (c != ' ' && (wide(before) || wide(c)) && !closes(c))
        });
        if breaks {
            pieces.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    pieces.push(&text[start..]);
    pieces
}

fn closes(c: char) -> bool {
    "，。！？；：、”’）》」』!?.,:;)…".contains(c)
}

/// Two columns beside each other, a line between them.
pub(crate) fn beside(left: &[String], right: &[String], width: usize) -> String {
    let mut page = String::new();
    let blank = String::new();
    for at in 0..left.len().max(right.len()) {
        let left = left.get(at).unwrap_or(&blank);
        let right = right.get(at).unwrap_or(&blank);
        let line = format!("{} │ {right}", fit(left, width));
        page += line.trim_end();
        page.push('\n');
    }
    page
}

/// Seconds as people write them.
pub(crate) fn duration(time: std::time::Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(fit("好的ok", 5), "好的o");
        assert_eq!(fit("好的", 3), "好 ");
        assert_eq!(fit("ok", 4), "ok  ");
    }

    #[test]
    fn lines_fit_and_lose_nothing() {
        let text =
            "Great. 早上好！昨天的对账已经完成，差额为零。 Donaudampfschifffahrtsgesellschaft ✅";
        for columns in [8, 13, 40] {
            let lines = wrap(text, columns);
            assert!(
                lines.iter().all(|line| line.width() <= columns),
                "{lines:?}"
            );
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            assert_eq!(letters(&lines.concat()), letters(text));
        }
    }

    #[test]
    fn the_line_between_stands_straight() {
        let left = ["早上好".to_owned(), "Guten Morgen".to_owned()];
        let page = beside(&left, &["ab".to_owned()], 20);
        let columns: Vec<usize> = page
            .lines()
            .map(|line| line.split('│').next().unwrap().width())
            .collect();
        assert_eq!(columns, [21, 21]);
    }

    #[test]
    fn durations() {
        assert_eq!(duration(std::time::Duration::from_millis(61_900)), "1:01");
    }
}
