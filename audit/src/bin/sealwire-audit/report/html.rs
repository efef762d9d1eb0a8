//! HTML that cannot be broken out of: markup is part of the program, and everything else
//! is escaped.

/// A page that is being written.
#[derive(Default)]
pub(super) struct Html(String);

impl Html {
    /// Adds markup of ours.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds text, which may stand between tags and within quoted attributes. Characters
    /// that cannot be seen or that turn the direction of others are written out.
    pub(super) fn text(&mut self, text: impl AsRef<str>) -> &mut Self {
        for c in text.as_ref().chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c if deceives(c) => self.0.extend(c.escape_unicode()),
                c => self.0.push(c),
            }
        }
        self
    }

    /// Adds a whole number.
    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.0.push_str(&number.to_string());
        self
    }

    /// Adds how many of something there are.
    pub(super) fn count(&mut self, count: usize) -> &mut Self {
        self.0.push_str(&count.to_string());
        self
    }

    /// Adds a row of a table; the first cell is its head.
    pub(super) fn row<T: AsRef<str>>(&mut self, cells: &[T]) -> &mut Self {
        self.raw("<tr>");
        for (place, cell) in cells.iter().enumerate() {
            let (open, close) = match place {
                0 => ("<th scope=\"row\">", "</th>"),
                _ => ("<td>", "</td>"),
            };
            self.raw(open).text(cell).raw(close);
        }
        self.raw("</tr>\n")
    }

    /// Begins a table with these columns.
    pub(super) fn table(&mut self, columns: &[&'static str]) -> &mut Self {
        self.raw("<table><thead><tr>");
        for column in columns {
            self.raw("<th scope=\"col\">").text(column).raw("</th>");
        }
        self.raw("</tr></thead><tbody>\n")
    }

    /// Ends it.
    pub(super) fn end_table(&mut self) -> &mut Self {
        self.raw("</tbody></table>\n")
    }

    /// What was written.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// Control characters, and those that hide or reorder their neighbours.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let mut html = Html::default();
        html.raw("<p title=\"")
            .text("\"><script>alert('1')</script>&\u{202e}\0");
        html.raw("\">");
        assert_eq!(
            html.into_string(),
            "<p title=\"&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;\\u{202e}\\u{0}\">"
        );
    }
}
