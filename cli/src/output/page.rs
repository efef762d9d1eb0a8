//! Lines for people. Whatever is put into a line is made safe there, so no caller can forget it.

use anstyle::Style;

use super::safe;

/// A piece of a line in one style.
#[derive(Debug, Clone)]
struct Span {
    style: Style,
    text: String,
}

/// One line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    spans: Vec<Span>,
}

impl Line {
    /// An empty line.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds text.
    pub(crate) fn plain(self, text: impl AsRef<str>) -> Self {
        self.styled(Style::new(), text)
    }

    /// Adds text in a style.
    pub(crate) fn styled(mut self, style: Style, text: impl AsRef<str>) -> Self {
        self.spans.push(Span {
            style,
            text: safe::plain(text.as_ref()),
        });
        self
    }

    /// Columns that the line takes.
    pub(super) fn width(&self) -> usize {
        self.spans.iter().map(|span| safe::width(&span.text)).sum()
    }

    /// Cuts the line to so many columns.
    pub(super) fn cut(mut self, columns: usize) -> Self {
        let mut room = columns;
        for span in &mut self.spans {
            span.text = safe::cut(&span.text, room);
            room = room.saturating_sub(safe::width(&span.text));
            if room == 0 {
                break;
            }
        }
        self
    }

    /// Adds spaces up to so many columns.
    pub(super) fn padded(self, columns: usize) -> Self {
        let missing = columns.saturating_sub(self.width());
        self.plain(" ".repeat(missing))
    }

    /// Adds another line's pieces.
    pub(super) fn append(mut self, other: Self) -> Self {
        self.spans.extend(other.spans);
        self
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::new().plain(text)
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::new().plain(text)
    }
}

/// Lines, one below the other.
pub(crate) struct Page {
    text: String,
    width: Option<usize>,
}

impl Page {
    /// An empty page so many columns wide; `None` if nothing should be broken or cut.
    pub(crate) const fn new(width: Option<usize>) -> Self {
        Self {
            text: String::new(),
            width,
        }
    }

    /// Columns to fit into.
    pub(crate) const fn width(&self) -> Option<usize> {
        self.width
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, line: impl Into<Line>) {
        for Span { style, text } in line.into().spans {
            if text.is_empty() {
                continue;
            }
            let text = safe::isolated(text);
            if style.is_plain() {
                self.text.push_str(&text);
            } else {
                self.text.push_str(&format!("{style}{text}{style:#}"));
            }
        }
        let trimmed = self.text.trim_end_matches(' ').len();
        self.text.truncate(trimmed);
        self.text.push('\n');
    }

    /// Adds an empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// Adds `label` and `value` in two columns.
    pub(crate) fn field(&mut self, label: &str, value: impl Into<Line>) {
        self.line(
            Line::new()
                .styled(super::DIM, label)
                .padded(15)
                .append(value.into()),
        );
    }

    /// Adds a line, broken where the page ends.
    pub(crate) fn wrapped(&mut self, line: Line) {
        let Some(width) = self.width.filter(|width| line.width() > *width) else {
            return self.line(line);
        };
        let mut spans = line.spans;
        let Some(last) = spans.pop() else { return };
        let head = Line { spans };
        let used = head.width();
        let mut rows = safe::wrap(&last.text, width.saturating_sub(used), width).into_iter();
        self.line(head.styled(last.style, rows.next().unwrap_or_default()));
        rows.for_each(|row| self.line(Line::new().styled(last.style, row)));
    }

    /// Adds `head`, then lines of text below each other beside it; broken where the page ends.
    pub(crate) fn beside(&mut self, head: Line, style: Style, text: &str) {
        const DEEPEST: usize = 32;
        const SHALLOW: usize = 7;
        let used = head.width();
        let indent = if used <= DEEPEST { used } else { SHALLOW };
        let mut head = Some(head);
        for line in safe::lines(text) {
            let rows = match self.width {
                Some(width) if head.is_some() => safe::wrap(
                    &line,
                    width.saturating_sub(used),
                    width.saturating_sub(indent),
                ),
                Some(width) => {
                    let room = width.saturating_sub(indent);
                    safe::wrap(&line, room, room)
                }
                None => vec![line],
            };
            for row in rows {
                let start = head.take().unwrap_or_else(|| Line::new().padded(indent));
                self.line(start.styled(style, row));
            }
        }
    }

    /// Adds text of several styles below `indent`, broken where the page ends. Right-to-left text
    /// keeps its order across the styles.
    pub(crate) fn marked(&mut self, indent: &str, pieces: &[(Style, String)]) {
        let safe: Vec<(Style, String)> = pieces
            .iter()
            .map(|(style, text)| (*style, safe::plain(text)))
            .collect();
        let text: String = safe.iter().map(|(_, text)| text.as_str()).collect();
        let mut chars = safe
            .iter()
            .flat_map(|(style, text)| text.chars().map(|c| (*style, c)));
        let rows = match self.width {
            Some(width) => {
                let room = width.saturating_sub(safe::width(indent));
                safe::wrap(&text, room, room)
            }
            None => vec![text],
        };
        for row in rows {
            let mut shown = String::new();
            let mut run: Option<(Style, String)> = None;
            for c in row.chars() {
                // Rows lose only spaces at their ends.
                let style = chars
                    .by_ref()
                    .find(|(_, there)| *there == c)
                    .map(|(style, _)| style);
                let style = style.unwrap_or_default();
                match &mut run {
                    Some((same, text)) if *same == style => text.push(c),
                    _ => {
                        flush(&mut shown, run.take());
                        run = Some((style, c.to_string()));
                    }
                }
            }
            flush(&mut shown, run);
            let isolate = safe::isolated(row.clone()) != row;
            let (open, close) = if isolate { safe::ISOLATE } else { ("", "") };
            self.text.push_str(&format!("{indent}{open}{shown}{close}"));
            self.text.push('\n');
        }
    }

    /// The lines with the codes of their styles.
    pub(crate) fn styled(&self) -> &str {
        &self.text
    }
}

fn flush(shown: &mut String, run: Option<(Style, String)>) {
    match run {
        Some((style, text)) if !style.is_plain() => {
            shown.push_str(&format!("{style}{text}{style:#}"));
        }
        Some((_, text)) => shown.push_str(&text),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(page: &Page) -> String {
        anstream::adapter::strip_str(page.styled()).to_string()
    }

    #[test]
    fn text_beside_a_head_keeps_its_column() {
        let mut page = Page::new(Some(30));
        let head = Line::new().plain("14:03  alice@acme  ");
        page.beside(head, Style::new(), "one two three four\nfive");
        assert_eq!(
            shown(&page),
            "14:03  alice@acme  one two\n                   three four\n                   five\n"
        );
    }

    #[test]
    fn a_text_cannot_look_like_another_line() {
        let mut page = Page::new(None);
        let head = Line::new().plain("14:03  mallory@acme  ");
        page.beside(
            head,
            Style::new(),
            "hi\n14:04  bob@acme  I quit\r14:05\x1b[A",
        );
        let text = shown(&page);
        assert_eq!(
            text.lines().filter(|line| line.starts_with("14:")).count(),
            1
        );
        assert!(!text.contains(['\r', '\x1b']));
    }

    #[test]
    fn a_deep_head_leaves_room_for_the_text() {
        let mut page = Page::new(Some(80));
        let head = Line::new().plain(format!("14:03  {}@acme  ", "a".repeat(60)));
        page.beside(head, Style::new(), &"word ".repeat(40));
        assert!(shown(&page).lines().all(|line| safe::width(line) <= 80));
    }
}
