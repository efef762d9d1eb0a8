//! Message text as Markdown again, from typed nodes: what was drawn stays so, and everything else
//! is text wherever it is read.

use super::visible::{deceives, written};
use crate::timeline::{self, Block, Inline};

/// Adds a message's text.
pub(super) fn message(out: &mut String, markdown: &str) {
    blocks(out, &timeline::parse(markdown));
}

/// Adds lines, each in a quotation.
pub(super) fn quoted(out: &mut String, text: &str) {
    for line in text.split('\n') {
        out.push('>');
        if !line.is_empty() {
            out.push(' ');
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Text that is read as it is. New lines stay new lines.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut start = true;
    let text = text.trim_end_matches('\n');
    for (at, c) in text.char_indices() {
        match c {
            '\n' => out.push_str("\\\n"),
            // Else they would be lost, or make code of the line.
            ' ' if start => out.push_str("&#32;"),
            '\t' if start => out.push_str("&#9;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '~' | '|' | '&' | '#'
            | '$' | '^' => {
                out.push('\\');
                out.push(c);
            }
            '-' | '+' | '=' | ':' if start => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')' if numbers(&text[..at]) => {
                out.push('\\');
                out.push(c);
            }
            c if deceives(c) => {
                out.push('\\');
                out.push_str(&written(c));
            }
            c => out.push(c),
        }
        start = c == '\n' || (start && matches!(c, ' ' | '\t'));
    }
    out
}

/// Whether the last line of `before` has digits only: with a dot they would begin a list.
fn numbers(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let line = line.trim_start_matches([' ', '\t']);
    !line.is_empty() && line.len() < 10 && line.bytes().all(|byte| byte.is_ascii_digit())
}

fn blocks(out: &mut String, nodes: &[Block]) {
    for (number, node) in nodes.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        block(out, node);
    }
}

fn block(out: &mut String, node: &Block) {
    match node {
        Block::Paragraph { content } => {
            out.push_str(&line(content));
            out.push('\n');
        }
        Block::Heading { level, content } => {
            out.push_str(&"#".repeat(usize::from(*level)));
            // A heading is one line.
            out.push_str(&format!(" {}\n", line(content).replace("\\\n", " ")));
        }
        Block::Quote { content } => {
            let mut inner = String::new();
            blocks(&mut inner, content);
            quoted(out, inner.trim_end_matches('\n'));
        }
        Block::Code { language, text } => code(out, language, text),
        Block::List { start, items } => list(out, *start, items),
        Block::Rule => out.push_str("---\n"),
    }
}

/// Inlines of one paragraph.
fn line(content: &[Inline]) -> String {
    let mut out = String::new();
    inlines(&mut out, content);
    // A break at the end would be a backslash.
    while let Some(cut) = out.strip_suffix("\\\n") {
        out.truncate(cut.len());
    }
    out
}

fn code(out: &mut String, language: &str, text: &str) {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let language: String = language
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "+-#._".contains(*c))
        .collect();
    out.push_str(&format!("{fence}{language}\n"));
    out.push_str(&visible(text));
    if !text.is_empty() && !text.ends_with('\n') {
        out.push('\n');
    }
    out.push_str(&format!("{fence}\n"));
}

fn list(out: &mut String, start: Option<u64>, items: &[Vec<Block>]) {
    for (number, item) in items.iter().enumerate() {
        let mark = match start {
            // A marker has at most nine digits.
            Some(first) => format!("{}. ", first.saturating_add(number as u64).min(999_999_999)),
            None => "* ".to_owned(),
        };
        let mut inner = String::new();
        blocks(&mut inner, item);
        let indent = " ".repeat(mark.len());
        for (number, line) in inner.trim_end_matches('\n').split('\n').enumerate() {
            match (number, line.is_empty()) {
                (0, _) => out.push_str(&mark),
                (_, true) => {}
                (_, false) => out.push_str(&indent),
            }
            out.push_str(line);
            out.push('\n');
        }
    }
}

fn inlines(out: &mut String, nodes: &[Inline]) {
    for node in nodes {
        match node {
            Inline::Text { text } => words(out, text),
            Inline::Emphasis { content } => wrapped(out, "*", content),
            Inline::Strong { content } => wrapped(out, "**", content),
            Inline::Strike { content } => wrapped(out, "~~", content),
            Inline::Code { text } => {
                let fence = "`".repeat(longest_run(text) + 1);
                let text = visible(text).replace('\n', " ");
                out.push_str(&format!("{fence} {text} {fence}"));
            }
            Inline::Link { href, content, .. } => link(out, href, content),
            Inline::Mention { name } => words(out, &format!("@{name}")),
            Inline::Break => out.push_str("\\\n"),
        }
    }
}

/// Text within a paragraph: special at the beginning of a line only if it stands there.
fn words(out: &mut String, text: &str) {
    if out.is_empty() || out.ends_with('\n') {
        out.push_str(&escaped(text));
        return;
    }
    // Something before it, so that the beginning is none.
    let joined = escaped(&format!("x{text}"));
    out.push_str(&joined[1..]);
}

fn wrapped(out: &mut String, mark: &str, content: &[Inline]) {
    let mut inner = String::new();
    inlines(&mut inner, content);
    out.push_str(&format!("{mark}{inner}{mark}"));
}

/// A link, and beside it where it leads unless that is what it says.
fn link(out: &mut String, href: &str, content: &[Inline]) {
    // Of what can stand in an address these could end it.
    let href = href
        .replace('<', "%3C")
        .replace('>', "%3E")
        .replace('\\', "%5C")
        .replace(' ', "%20");
    if matches!(content, [Inline::Text { text }] if *text == href) {
        out.push_str(&format!("<{href}>"));
        return;
    }
    out.push('[');
    let mut inner = String::new();
    inlines(&mut inner, content);
    out.push_str(&inner);
    out.push_str(&format!("](<{href}>) ({})", escaped(&href)));
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}

/// Code, with what deceives written out.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if deceives(c) {
            out.push_str(&written(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn printed(markdown: &str) -> String {
        let mut out = String::new();
        message(&mut out, markdown);
        out
    }

    /// The letters and digits that are seen, in order.
    fn letters(nodes: &[Block]) -> String {
        let json = serde_json::to_value(nodes).unwrap();
        fn collect(value: &serde_json::Value, into: &mut String) {
            match value {
                serde_json::Value::Array(list) => list.iter().for_each(|v| collect(v, into)),
                serde_json::Value::Object(map) => {
                    for (key, value) in map {
                        match (key.as_str(), value) {
                            ("text" | "name", serde_json::Value::String(text)) => {
                                into.extend(text.chars().filter(|c| c.is_alphanumeric()));
                            }
                            ("content" | "items", value) => collect(value, into),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        let mut out = String::new();
        collect(&json, &mut out);
        out
    }

    #[test]
    fn what_was_drawn_stays_and_the_rest_is_text() {
        for text in [
            "plain",
            "**bold** and *soft* and ~~gone~~",
            "# Heading\n\ntext",
            "> quote\n\nafter",
            "* one\n* two\n\n  more",
            "3. three\n4. four",
            "```rust\nlet x = \"```\";\n```",
            "one\\\ntwo",
            "---",
            "中文 **粗体** 你好",
        ] {
            assert_eq!(
                timeline::parse(&printed(text)),
                timeline::parse(text),
                "{text:?} became {:?}",
                printed(text)
            );
        }
    }

    #[test]
    fn text_cannot_become_markup() {
        for text in [
            "<script>alert(1)</script>",
            "a\n# b\n- c\n+ d\n1. e\n=== \n> f",
            "`x` *y* [z](javascript:alert(1)) | $q$ &lt;",
            "    indented",
            "\ttab",
            "![x](https://example.org/a.png)",
        ] {
            let shown = timeline::parse(&escaped(text));
            let [Block::Paragraph { content }] = shown.as_slice() else {
                panic!("{text:?} became {shown:?}");
            };
            let seen: String = content
                .iter()
                .map(|node| match node {
                    Inline::Text { text } => text.clone(),
                    Inline::Break => "\n".into(),
                    Inline::Link { content, .. } => match content.as_slice() {
                        [Inline::Text { text }] => text.clone(),
                        other => panic!("{other:?}"),
                    },
                    other => panic!("{text:?} holds {other:?}"),
                })
                .collect();
            assert_eq!(seen.trim_end(), text.trim_end());
        }
        assert_eq!(escaped("bob\u{202e}ecila"), "bob\\\\u{202e}ecila");
    }

    #[test]
    fn links_lead_only_where_they_may() {
        let bad = printed("[x](javascript:alert(1)) <javascript:alert(2)>");
        assert!(!bad.contains("](<java") && !bad.contains("<java"), "{bad}");
        assert_eq!(
            printed("[bank](https://evil.example/a)"),
            "[bank](<https://evil.example/a>) (https://evil.example/a)\n"
        );
    }

    proptest! {
        #[test]
        fn no_letter_is_lost(markdown in "([a-c0-9*_`~#>.)+ \\n-]|\\[|\\]|[你好]){0,60}") {
            let before = timeline::parse(&markdown);
            let after = timeline::parse(&printed(&markdown));
            prop_assert_eq!(letters(&before), letters(&after), "printed: {:?}", printed(&markdown));
        }
    }
}
