//! Message text as nodes: GitHub-flavoured Markdown without HTML, images or anything remote.
//!
//! A front end draws the nodes and never sees markup, so nothing that somebody writes can become
//! code there.

use linkify::{LinkFinder, LinkKind};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use serde::Serialize;
use url::Url;

use crate::mentions;

/// Deepest nesting of blocks and inlines; what lies deeper is flattened into its parent.
const MAX_DEPTH: usize = 16;
/// Most nodes of a text; the rest is one plain text.
const MAX_NODES: usize = 20_000;

/// A block of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "block")]
pub enum Block {
    /// A paragraph.
    Paragraph {
        /// What stands in it.
        content: Vec<Inline>,
    },
    /// A heading.
    Heading {
        /// 1 to 6.
        level: u8,
        /// What stands in it.
        content: Vec<Inline>,
    },
    /// A quotation.
    Quote {
        /// What stands in it.
        content: Vec<Block>,
    },
    /// Code, as written.
    Code {
        /// The language that the author named; may be empty.
        language: String,
        /// The code.
        text: String,
    },
    /// A list.
    List {
        /// Number of the first item, if they are numbered.
        start: Option<u64>,
        /// The items.
        items: Vec<Vec<Block>>,
    },
    /// A line across.
    Rule,
}

/// A piece of text within a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "inline")]
pub enum Inline {
    /// Text as written; HTML in it is text.
    Text {
        /// The text.
        text: String,
    },
    /// Stressed.
    Emphasis {
        /// What stands in it.
        content: Vec<Inline>,
    },
    /// Strongly stressed.
    Strong {
        /// What stands in it.
        content: Vec<Inline>,
    },
    /// Struck out.
    Strike {
        /// What stands in it.
        content: Vec<Inline>,
    },
    /// Code.
    Code {
        /// The code.
        text: String,
    },
    /// A link to a web page or mail address; to be opened only by the person, after its whole
    /// address was shown.
    Link {
        /// The address: http, https or mailto; a host name in ASCII, so that look-alikes show.
        href: String,
        /// The text reads like another address than the one it leads to.
        deceptive: bool,
        /// What is shown.
        content: Vec<Inline>,
    },
    /// `@name`.
    Mention {
        /// The name without the `@`.
        name: String,
    },
    /// A new line.
    Break,
}

/// Parses a text. Takes any text, and time in proportion to its length.
#[must_use]
pub fn parse(text: &str) -> Vec<Block> {
    let mut tree = Tree::default();
    for event in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH) {
        tree.take(event);
        if tree.nodes > MAX_NODES {
            return vec![Block::Paragraph {
                content: vec![Inline::Text { text: text.into() }],
            }];
        }
    }
    tree.finish()
}

/// What is being built, innermost last.
enum Open {
    Blocks(Tag<'static>, Vec<Block>),
    Items(Option<u64>, Vec<Vec<Block>>),
    Inlines(Tag<'static>, Vec<Inline>),
    Code(String, String),
}

#[derive(Default)]
struct Tree {
    done: Vec<Block>,
    open: Vec<Open>,
    /// How many more are open that lie too deep: their content goes to the innermost of `open`.
    flattened: usize,
    nodes: usize,
}

impl Tree {
    fn take(&mut self, event: Event<'_>) {
        self.nodes += 1;
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Code(code) => self.inline(Inline::Code { text: code.into() }),
            Event::SoftBreak | Event::HardBreak => self.inline(Inline::Break),
            Event::Rule => self.block(Block::Rule),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            other => {
                // Kinds that are not switched on.
                debug_assert!(false, "{other:?}");
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        if self.open.len() >= MAX_DEPTH {
            self.flattened += 1;
            return;
        }
        let open = match tag {
            Tag::List(start) => Open::Items(start, Vec::new()),
            Tag::CodeBlock(kind) => Open::Code(
                match kind {
                    CodeBlockKind::Fenced(language) => language.into(),
                    CodeBlockKind::Indented => String::new(),
                },
                String::new(),
            ),
            Tag::BlockQuote(_) | Tag::Item | Tag::HtmlBlock => {
                Open::Blocks(tag.into_static(), Vec::new())
            }
            tag => Open::Inlines(tag.into_static(), Vec::new()),
        };
        self.open.push(open);
    }

    fn end(&mut self, _: TagEnd) {
        if self.flattened > 0 {
            self.flattened -= 1;
            return;
        }
        match self.open.pop() {
            None => {}
            Some(Open::Code(language, text)) => self.block(Block::Code { language, text }),
            Some(Open::Items(start, items)) => self.block(Block::List { start, items }),
            Some(Open::Blocks(Tag::Item, content)) => match self.open.last_mut() {
                Some(Open::Items(_, items)) => items.push(content),
                _ => content.into_iter().for_each(|block| self.block(block)),
            },
            Some(Open::Blocks(Tag::HtmlBlock, content)) => {
                content.into_iter().for_each(|block| self.block(block));
            }
            Some(Open::Blocks(_, content)) => self.block(Block::Quote { content }),
            Some(Open::Inlines(tag, content)) => self.end_inlines(tag, content),
        }
    }

    fn end_inlines(&mut self, tag: Tag<'static>, content: Vec<Inline>) {
        match tag {
            Tag::Heading { level, .. } => {
                let level = heading(level);
                self.block(Block::Heading { level, content });
            }
            Tag::Emphasis => self.inline(Inline::Emphasis { content }),
            Tag::Strong => self.inline(Inline::Strong { content }),
            Tag::Strikethrough => self.inline(Inline::Strike { content }),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.link(&dest_url, content);
            }
            _ => self.block(Block::Paragraph { content }),
        }
    }

    /// A link that may be opened, or its text with the address beside it.
    fn link(&mut self, address: &str, content: Vec<Inline>) {
        if let Some(href) = href(address) {
            let deceptive = reads_like_another(&plain(&content), &href);
            return self.inline(Inline::Link {
                href,
                deceptive,
                content,
            });
        }
        content.into_iter().for_each(|inline| self.inline(inline));
        let text = format!(" ({address})");
        self.inline(Inline::Text { text });
    }

    fn text(&mut self, text: &str) {
        if let Some(Open::Code(_, code)) = self.open.last_mut() {
            code.push_str(text);
            return;
        }
        let in_link = self
            .open
            .iter()
            .any(|open| matches!(open, Open::Inlines(Tag::Link { .. } | Tag::Image { .. }, _)));
        if in_link {
            return self.inline(Inline::Text { text: text.into() });
        }
        for span in finder().spans(text) {
            let part = span.as_str();
            match span.kind().and_then(|kind| bare_href(kind, part)) {
                Some(href) => self.inline(Inline::Link {
                    href,
                    deceptive: false,
                    content: vec![Inline::Text { text: part.into() }],
                }),
                None => self.text_with_mentions(part),
            }
        }
    }

    fn text_with_mentions(&mut self, text: &str) {
        let mut rest = 0;
        for (at, name) in mentions::names(text) {
            if at > rest {
                let text = text[rest..at].into();
                self.inline(Inline::Text { text });
            }
            self.inline(Inline::Mention { name: name.into() });
            rest = at + 1 + name.len();
        }
        if rest < text.len() {
            let text = text[rest..].into();
            self.inline(Inline::Text { text });
        }
    }

    fn inline(&mut self, inline: Inline) {
        self.nodes += 1;
        let list = match self.open.last_mut() {
            Some(Open::Inlines(_, list)) => list,
            Some(Open::Code(_, code)) => {
                code.push_str(&plain(&[inline]));
                return;
            }
            Some(Open::Blocks(_, blocks)) => paragraph(blocks),
            Some(Open::Items(_, items)) => {
                if items.is_empty() {
                    items.push(Vec::new());
                }
                match items.last_mut() {
                    Some(blocks) => paragraph(blocks),
                    None => return,
                }
            }
            None => paragraph(&mut self.done),
        };
        match (list.last_mut(), inline) {
            (Some(Inline::Text { text }), Inline::Text { text: more }) => text.push_str(&more),
            (_, inline) => list.push(inline),
        }
    }

    fn block(&mut self, block: Block) {
        for open in self.open.iter_mut().rev() {
            match open {
                Open::Blocks(_, blocks) => return blocks.push(block),
                Open::Items(_, items) => return items.push(vec![block]),
                Open::Inlines(..) | Open::Code(..) => {}
            }
        }
        self.done.push(block);
    }

    fn finish(mut self) -> Vec<Block> {
        self.flattened = 0;
        while !self.open.is_empty() {
            self.end(TagEnd::Paragraph);
        }
        self.done
    }
}

/// The last paragraph of `blocks`, or a new one.
fn paragraph(blocks: &mut Vec<Block>) -> &mut Vec<Inline> {
    if !matches!(blocks.last(), Some(Block::Paragraph { .. })) {
        blocks.push(Block::Paragraph {
            content: Vec::new(),
        });
    }
    match blocks.last_mut() {
        Some(Block::Paragraph { content }) => content,
        _ => unreachable!("a paragraph was just put there"),
    }
}

const fn heading(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

fn finder() -> LinkFinder {
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(true);
    finder
}

fn bare_href(kind: &LinkKind, text: &str) -> Option<String> {
    match kind {
        LinkKind::Email => href(&format!("mailto:{text}")),
        _ => href(text),
    }
}

/// The address in the one form in which it is opened, if it may be.
fn href(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let allowed = match url.scheme() {
        "http" | "https" => url.has_host() && url.username().is_empty(),
        "mailto" => true,
        _ => false,
    };
    (allowed && !address.chars().any(char::is_control)).then(|| url.into())
}

/// Whether `shown` looks like an address, but not like that of `href`.
fn reads_like_another(shown: &str, href: &str) -> bool {
    let shown = shown.trim();
    let looks_like_address =
        shown.contains('.') && !shown.contains(char::is_whitespace) || shown.contains("://");
    if !looks_like_address {
        return false;
    }
    let with_scheme = if shown.contains("://") || shown.starts_with("mailto:") {
        shown.to_owned()
    } else {
        format!("https://{shown}")
    };
    let host = |text: &str| {
        Url::parse(text).ok().and_then(|url| {
            url.host_str()
                .map(|host| host.trim_start_matches("www.").to_owned())
        })
    };
    host(&with_scheme) != host(href)
}

/// The text of nodes, without their form.
fn plain(nodes: &[Inline]) -> String {
    nodes
        .iter()
        .map(|node| match node {
            Inline::Text { text } | Inline::Code { text } => text.clone(),
            Inline::Mention { name } => format!("@{name}"),
            Inline::Break => "\n".into(),
            Inline::Emphasis { content }
            | Inline::Strong { content }
            | Inline::Strike { content }
            | Inline::Link { content, .. } => plain(content),
        })
        .collect()
}

#[cfg(test)]
mod tests;
