//! Messages as a front draws them: with their text as nodes and with their files.

use serde::Serialize;
use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    Client, CoreError, Result,
    api::{AttachmentInfo, Event, MessageInfo, MessageKind},
    timeline::{Block, Inline, TimelinePage, TimelineRow, parse},
};

/// Most emoji that are drawn large when a message has nothing else.
const MOST_LARGE: usize = 3;

/// A message, ready to draw.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Shown {
    /// The message.
    #[serde(flatten)]
    pub message: MessageInfo,
    /// Its text.
    pub blocks: Vec<Block>,
    /// Nothing but one to three emoji: to be drawn large.
    pub large: bool,
    /// Its files.
    pub attachments: Vec<AttachmentInfo>,
}

/// One row of a conversation, ready to draw.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "row")]
pub enum ShownRow {
    /// A new day begins.
    Day {
        /// Days since 1970-01-01 in the viewer's time zone.
        day: i64,
    },
    /// What follows has not been read.
    Unread,
    /// A line of the history.
    Line {
        /// The line.
        message: Box<Shown>,
        /// It stands with the line above under one name.
        together: bool,
    },
}

/// A page of a conversation, ready to draw.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ShownPage {
    /// The rows in order.
    pub rows: Vec<ShownRow>,
    /// Place of the line at which the page stands; 0 at the end.
    pub anchor: u64,
    /// There is more above.
    pub more_before: bool,
    /// There is more below.
    pub more_after: bool,
}

/// Makes a message ready to draw.
pub(super) async fn show(client: &Client, message: MessageInfo) -> Result<Shown> {
    let attachments = client.attachments_of(&message).await?;
    let blocks = match message.kind {
        MessageKind::Text => parse(&message.text),
        MessageKind::Info | MessageKind::Unknown => Vec::new(),
    };
    Ok(Shown {
        large: is_large(&message.text),
        message,
        blocks,
        attachments,
    })
}

/// Makes messages ready to draw.
pub(super) async fn show_all(client: &Client, messages: Vec<MessageInfo>) -> Result<Vec<Shown>> {
    let mut shown = Vec::with_capacity(messages.len());
    for message in messages {
        shown.push(show(client, message).await?);
    }
    Ok(shown)
}

/// Makes a page ready to draw.
pub(super) async fn show_page(client: &Client, page: TimelinePage) -> Result<ShownPage> {
    let mut rows = Vec::with_capacity(page.rows.len());
    for row in page.rows {
        rows.push(match row {
            TimelineRow::Day { day } => ShownRow::Day { day },
            TimelineRow::Unread => ShownRow::Unread,
            TimelineRow::Line { message, together } => ShownRow::Line {
                message: Box::new(show(client, *message).await?),
                together,
            },
        });
    }
    Ok(ShownPage {
        rows,
        anchor: page.anchor,
        more_before: page.more_before,
        more_after: page.more_after,
    })
}

/// An event as fronts get it: messages in it are ready to draw.
///
/// # Errors
/// If the database cannot be read.
pub async fn event(client: &Client, event: Event) -> Result<Value> {
    let (name, message) = match event {
        Event::Message(message) => ("message", message),
        Event::Changed(message) => ("changed", message),
        other => return serde_json::to_value(other).map_err(CoreError::internal),
    };
    let shown = show(client, message).await?;
    let mut value = serde_json::to_value(shown).map_err(CoreError::internal)?;
    value["event"] = name.into();
    Ok(value)
}

/// The beginning of a text in one line without marks, at most `most` characters.
#[must_use]
pub fn plain(text: &str, most: usize) -> String {
    let mut words = String::new();
    blocks(&parse(text), &mut words);
    let mut line = String::new();
    for word in words.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|c| !c.is_control()));
    }
    match line.grapheme_indices(true).nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn blocks(nodes: &[Block], out: &mut String) {
    for node in nodes {
        match node {
            Block::Paragraph { content } | Block::Heading { content, .. } => inlines(content, out),
            Block::Quote { content } => blocks(content, out),
            Block::Code { text, .. } => out.push_str(text),
            Block::List { items, .. } => items.iter().for_each(|item| blocks(item, out)),
            Block::Rule => {}
        }
        out.push(' ');
    }
}

fn inlines(nodes: &[Inline], out: &mut String) {
    for node in nodes {
        match node {
            Inline::Text { text } | Inline::Code { text } => out.push_str(text),
            Inline::Mention { name } => {
                out.push('@');
                out.push_str(name);
            }
            Inline::Break => out.push(' '),
            Inline::Emphasis { content }
            | Inline::Strong { content }
            | Inline::Strike { content }
            | Inline::Link { content, .. } => inlines(content, out),
        }
    }
}

/// Whether a text is one to three emoji and nothing else.
fn is_large(text: &str) -> bool {
    use unicode_properties::{EmojiStatus, UnicodeEmoji};
    let is_emoji = |cluster: &str| {
        let mut chars = cluster.chars();
        let pictures = chars.next().is_some_and(|c| {
            !c.is_ascii()
                && !matches!(
                    c.emoji_status(),
                    EmojiStatus::NonEmoji | EmojiStatus::NonEmojiButEmojiComponent
                )
        });
        // Digits with a keycap begin with what is no emoji alone.
        pictures || cluster.ends_with('\u{20e3}')
    };
    let mut clusters = text.trim().graphemes(true).peekable();
    clusters.peek().is_some() && clusters.clone().count() <= MOST_LARGE && clusters.all(is_emoji)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_three_emoji_alone_are_large() {
        for large in ["👍", "👩‍👩‍👧🇩🇪", " 🎉🎉🎉\n", "1️⃣"] {
            assert!(is_large(large), "{large}");
        }
        for small in ["", "   ", "👍👍👍👍", "ok 👍", "1", "©2026", "好"] {
            assert!(!is_large(small), "{small}");
        }
    }

    #[test]
    fn a_preview_is_one_line_without_marks() {
        assert_eq!(plain("**Hello**\n\n* a\n* `b`", 99), "Hello a b");
        assert_eq!(plain("[x](https://example.org) @bob", 99), "x @bob");
        assert_eq!(plain("会議は明日", 2), "会議…");
        assert_eq!(plain("a\u{0}b\u{7}", 9), "ab");
    }
}
