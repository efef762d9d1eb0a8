//! Text as HTML text. Everything that others wrote goes through here.

use super::super::visible::{deceives, written};

/// Adds text that may stand between tags and within quoted attributes. Characters that deceive are
/// written out.
pub(super) fn text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if deceives(c) => out.push_str(&written(c)),
            c => out.push(c),
        }
    }
}

/// Adds a name, which cannot pull what stands beside it to its side.
pub(super) fn name(out: &mut String, name: &str) {
    out.push_str("<bdi>");
    text(out, name);
    out.push_str("</bdi>");
}

/// Adds a relative address of a file: each byte but letters, digits and `-._~/` as `%XX`.
pub(super) fn path(out: &mut String, path: &str) {
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(add: fn(&mut String, &str), what: &str) -> String {
        let mut out = String::new();
        add(&mut out, what);
        out
    }

    #[test]
    fn nothing_is_markup() {
        assert_eq!(
            of(text, "<script>'\"&amp;\u{202e}\0"),
            "&lt;script&gt;&#39;&quot;&amp;amp;\\u{202e}\\u{0}"
        );
        assert_eq!(of(name, "<b>"), "<bdi>&lt;b&gt;</bdi>");
        assert_eq!(of(path, "files/1-a b\"é.png"), "files/1-a%20b%22%C3%A9.png");
    }
}
