//! Message text as HTML: from typed nodes, so that only these tags can come out.

use super::escape::{name, text};
use crate::timeline::{self, Block, Inline};

/// Adds a message's text.
pub(super) fn message(out: &mut String, markdown: &str) {
    blocks(out, &timeline::parse(markdown));
}

fn blocks(out: &mut String, nodes: &[Block]) {
    nodes.iter().for_each(|node| block(out, node));
}

fn block(out: &mut String, node: &Block) {
    match node {
        Block::Paragraph { content } => within(out, "p", content),
        // The page has headings of its own.
        Block::Heading { level, content } => match level {
            1 | 2 => within(out, "h4", content),
            3 => within(out, "h5", content),
            _ => within(out, "h6", content),
        },
        Block::Quote { content } => {
            out.push_str("<blockquote>");
            blocks(out, content);
            out.push_str("</blockquote>");
        }
        Block::Code { text: code, .. } => {
            // The line break after the tag is not part of the text (HTML 13.1.2.5).
            out.push_str("<pre>\n<code>");
            text(out, code);
            out.push_str("</code></pre>");
        }
        Block::List { start, items } => list(out, *start, items),
        Block::Rule => out.push_str("<hr>"),
    }
}

fn list(out: &mut String, start: Option<u64>, items: &[Vec<Block>]) {
    match start {
        Some(1) => out.push_str("<ol>"),
        Some(first) => out.push_str(&format!("<ol start=\"{first}\">")),
        None => out.push_str("<ul>"),
    }
    for item in items {
        out.push_str("<li>");
        blocks(out, item);
        out.push_str("</li>");
    }
    out.push_str(if start.is_some() { "</ol>" } else { "</ul>" });
}

fn within(out: &mut String, tag: &str, content: &[Inline]) {
    out.push_str(&format!("<{tag} dir=\"auto\">"));
    inlines(out, content);
    out.push_str(&format!("</{tag}>"));
}

fn inlines(out: &mut String, nodes: &[Inline]) {
    for node in nodes {
        match node {
            Inline::Text { text: words } => text(out, words),
            Inline::Emphasis { content } => wrapped(out, "em", content),
            Inline::Strong { content } => wrapped(out, "strong", content),
            Inline::Strike { content } => wrapped(out, "s", content),
            Inline::Code { text: code } => {
                out.push_str("<code>");
                text(out, code);
                out.push_str("</code>");
            }
            Inline::Link { href, content, .. } => link(out, href, content),
            Inline::Mention { name: who } => {
                out.push_str("<b class=\"at\">");
                name(out, &format!("@{who}"));
                out.push_str("</b>");
            }
            Inline::Break => out.push_str("<br>"),
        }
    }
}

fn wrapped(out: &mut String, tag: &str, content: &[Inline]) {
    out.push_str(&format!("<{tag}>"));
    inlines(out, content);
    out.push_str(&format!("</{tag}>"));
}

/// A link, and beside it where it leads unless that is what it says.
fn link(out: &mut String, href: &str, content: &[Inline]) {
    out.push_str("<a rel=\"noopener noreferrer\" href=\"");
    text(out, href);
    out.push_str("\">");
    inlines(out, content);
    out.push_str("</a>");
    if !matches!(content, [Inline::Text { text }] if text == href) {
        out.push_str(" <small class=\"to\">(");
        name(out, href);
        out.push_str(")</small>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(markdown: &str) -> String {
        let mut out = String::new();
        message(&mut out, markdown);
        out
    }

    #[test]
    fn text_is_drawn_and_html_is_text() {
        assert_eq!(
            html("# Hi\n\n**a** *b* ~~c~~ `<d>`\n\n> q\n\n3. x\n4. y\n\n---"),
            "<h4 dir=\"auto\">Hi</h4><p dir=\"auto\"><strong>a</strong> <em>b</em> <s>c</s> \
             <code>&lt;d&gt;</code></p><blockquote><p dir=\"auto\">q</p></blockquote>\
             <ol start=\"3\"><li><p dir=\"auto\">x</p></li><li><p dir=\"auto\">y</p></li></ol><hr>"
        );
        let page = html("<script>alert(1)</script> <img src=x onerror=alert(1)>");
        assert!(
            !page.contains("<script") && !page.contains("<img"),
            "{page}"
        );
    }

    #[test]
    fn links_say_where_they_lead_and_lead_nowhere_else() {
        let plain = html("https://example.org/a?b=1&c=2");
        assert_eq!(
            plain,
            "<p dir=\"auto\"><a rel=\"noopener noreferrer\" \
             href=\"https://example.org/a?b=1&amp;c=2\">https://example.org/a?b=1&amp;c=2</a></p>"
        );
        assert!(
            html("[bank](https://evil.example/)").contains("(<bdi>https://evil.example/</bdi>)")
        );
        for evil in [
            "[x](javascript:alert(1))",
            "[x](data:text/html,<script>)",
            "![x](https://tracker.example/a.png\" onload=\"alert(1))",
            "[x](vbscript:a)",
            "<javascript:alert(1)>",
        ] {
            let page = html(evil);
            let hrefs: Vec<&str> = page.split("href=\"").skip(1).collect();
            assert!(
                hrefs.iter().all(|href| href.starts_with("https://")),
                "{page}"
            );
            assert!(
                !page.contains("<img") && !page.contains("\" onload"),
                "{page}"
            );
        }
    }

    #[test]
    fn nesting_ends() {
        for piece in [">", "- ", "*a ", "[", "<div>"] {
            let page = html(&format!("{}x", piece.repeat(10_000)));
            assert!(page.len() < 400_000, "{piece}");
        }
    }

    proptest::proptest! {
        #[test]
        fn only_known_tags_come_out(markdown in "([a<>&\"'`*_\\[\\]()!#~|:/=\\n -]|script|http://|onload=){0,80}") {
            let page = html(&markdown);
            for tag in page.split('<').skip(1) {
                let tag = tag.split('>').next().unwrap_or_default();
                let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
                proptest::prop_assert!(
                    ["p", "h4", "h5", "h6", "blockquote", "pre", "code", "ol", "ul", "li", "hr", "em",
                     "strong", "s", "a", "small", "bdi", "br", "b"].contains(&name),
                    "{} in {}", tag, page
                );
            }
        }
    }
}
