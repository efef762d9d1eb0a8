//! Text of others, made safe to show: it can neither steer the terminal nor reorder the line it
//! stands on nor hide (Unicode UTS #55, UAX #9).

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_ISOLATE: char = '\u{2069}';
/// What stands around text that must not pull its neighbours to its side.
pub(super) const ISOLATE: (&str, &str) = ("\u{2068}", "\u{2069}");
const TAB: &str = "    ";

/// One line of safe text: control, bidirectional and invisible characters are written out.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str(TAB),
            c if is_dangerous(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// The lines of a text, each safe.
pub(crate) fn lines(text: &str) -> Vec<String> {
    text.split('\n')
        .map(|line| plain(line.strip_suffix('\r').unwrap_or(line)))
        .collect()
}

/// Keeps right-to-left text from pulling what stands beside it to its side.
pub(super) fn isolated(safe: String) -> String {
    if !safe.chars().any(is_right_to_left) {
        return safe;
    }
    format!("{FIRST_STRONG_ISOLATE}{safe}{POP_ISOLATE}")
}

/// Columns that safe text takes.
pub(super) fn width(safe: &str) -> usize {
    safe.width()
}

/// The beginning of safe text that fits, with `…` if something is missing.
pub(super) fn cut(safe: &str, columns: usize) -> String {
    if width(safe) <= columns {
        return safe.to_owned();
    }
    let (mut end, mut used) = (0, 0);
    for (at, c) in safe.char_indices() {
        used += c.width().unwrap_or(0);
        if used >= columns {
            break;
        }
        end = at + c.len_utf8();
    }
    format!("{}…", safe[..end].trim_end())
}

/// Breaks safe text into lines that fit, the first being `first` columns wide: at spaces, between
/// wide characters, and in words that are too long.
pub(super) fn wrap(safe: &str, first: usize, rest: usize) -> Vec<String> {
    let mut done = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    let mut room = first.max(2);
    for piece in pieces(safe) {
        let wide = width(piece.trim_end());
        if used > 0 && used + wide > room {
            done.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
            room = rest.max(2);
        }
        for c in piece.chars() {
            let columns = c.width().unwrap_or(0);
            if used + columns > room && c != ' ' {
                done.push(std::mem::take(&mut line));
                used = 0;
                room = rest.max(2);
            }
            line.push(c);
            used += columns;
        }
    }
    done.push(line.trim_end().to_owned());
    done
}

/// What should stay together: a word with the spaces after it, or a wide character with what
/// combines with it.
fn pieces(safe: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, c) in safe.char_indices() {
        let wide = |c: char| c.width() == Some(2);
        let joined = c.width() == Some(0) || before == Some('\u{200d}');
        let breaks = before.is_some_and(|before| {
            (before == ' ' && c != ' ') || (!joined && c != ' ' && (wide(before) || wide(c)))
        });
        if breaks && at > start {
            found.push(&safe[start..at]);
            start = at;
        }
        before = Some(c);
    }
    found.push(&safe[start..]);
    found
}

/// Steers the terminal, reorders text or cannot be seen. The joiners U+200C and U+200D stay:
/// Persian and emoji need them.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'
            | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Of a script that is written from right to left (blocks of UAX #9's default classes R and AL).
fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_steer_the_terminal() {
        assert_eq!(plain("a\x1b[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(
            plain("a\rb\x07\u{9b}c\x7f"),
            "a\\u{d}b\\u{7}\\u{9b}c\\u{7f}"
        );
        assert_eq!(plain("one\ntwo\tthree"), "one\\ntwo    three");
        assert_eq!(lines("one\r\ntwo\r\n"), ["one", "two", ""]);
    }

    #[test]
    fn nothing_can_reorder_the_line() {
        assert_eq!(plain("bob\u{202e}ecila"), "bob\\u{202e}ecila");
        assert_eq!(plain("\u{2067}x\u{2069}"), "\\u{2067}x\\u{2069}");
        assert_eq!(isolated("שלום".into()), "\u{2068}שלום\u{2069}");
        assert_eq!(isolated("Grüße 你好".into()), "Grüße 你好");
    }

    #[test]
    fn nothing_can_hide() {
        assert_eq!(plain("ali\u{200b}ce"), "ali\\u{200b}ce");
        assert_eq!(plain("\u{e0041}\u{3164}"), "\\u{e0041}\\u{3164}");
        // What scripts and emoji need stays.
        assert_eq!(
            plain("👩\u{200d}🔬 می\u{200c}خواهم e\u{301}"),
            "👩\u{200d}🔬 می\u{200c}خواهم e\u{301}"
        );
    }

    #[test]
    fn safe_text_stays_as_it_is() {
        let once = plain("a\x1b\u{202e}\tb");
        assert_eq!(plain(&once), once);
    }

    #[test]
    fn cutting_counts_columns() {
        assert_eq!(cut("hello", 5), "hello");
        assert_eq!(cut("hello!", 5), "hell…");
        assert_eq!(cut("你好世界", 8), "你好世界");
        assert_eq!(cut("你好世界", 7), "你好世…");
        assert_eq!(cut("你好世界", 6), "你好…");
        assert_eq!(cut("one two", 5), "one…");
    }

    #[test]
    fn wrapping_fits_and_loses_nothing() {
        let texts = [
            "The quick brown fox jumps over the lazy dog",
            "Rechtsschutzversicherungsgesellschaften haben lange Namen",
            "我们今天下午三点在会议室见面，请带上上周的报告和你的问题。",
            "mixed 中文 and English 在一行 里 https://example.org/a/very/long/address",
        ];
        for text in texts {
            for columns in [2, 7, 20, 40] {
                let wrapped = wrap(text, columns, columns);
                assert!(
                    wrapped.iter().all(|line| width(line) <= columns),
                    "{columns}: {wrapped:?}"
                );
                let bare = |s: &str| s.replace(' ', "");
                assert_eq!(bare(&wrapped.concat()), bare(text));
            }
        }
    }

    #[test]
    fn words_stay_whole_where_they_fit() {
        assert_eq!(
            wrap("the quick brown fox", 10, 10),
            ["the quick", "brown fox"]
        );
        assert_eq!(wrap("", 10, 10), [""]);
    }
}
