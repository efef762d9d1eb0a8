//! Lines of history for people.
//!
//! A heading says conversation and day; below it each line begins with the time. What a member
//! writes never begins a line, so it cannot pass for a heading or for somebody else's message.

use std::collections::HashMap;

use anstyle::Style;
use sealwire_core::api::{AttachmentInfo, Delivery, MessageInfo, MessageKind, Priority};

use crate::{
    chat::short_id,
    output::{BAD, DIM, Line, NAME, Page, WARN, size},
    time::minute,
};

/// Prints lines one after the other and knows which heading stands above.
pub(super) struct Timeline {
    /// Names by identifier, if several conversations are shown.
    names: Option<HashMap<String, String>>,
    heading: (String, String),
    ids: bool,
}

impl Timeline {
    /// `names`: of conversations, if lines of several are shown.
    pub(super) fn new(names: Option<HashMap<String, String>>) -> Self {
        Self {
            names,
            heading: Default::default(),
            ids: false,
        }
    }

    /// Whether each message shows the beginning of its id.
    pub(super) fn with_ids(self, ids: bool) -> Self {
        Self { ids, ..self }
    }

    /// Prints a line that was printed before and is another now.
    pub(super) fn print_change(&mut self, page: &mut Page, message: &MessageInfo) {
        page.line(Line::new().styled(DIM, "       changed:"));
        self.print(page, message);
    }

    /// Learns a conversation's name.
    pub(super) fn rename(&mut self, conversation: &str, name: &str) {
        if let Some(names) = &mut self.names {
            names.insert(conversation.into(), name.into());
        }
    }

    /// Prints one line of history.
    pub(super) fn print(&mut self, page: &mut Page, message: &MessageInfo) {
        let stamp = minute(message.at_ms);
        let (day, clock) = stamp.split_once(' ').unwrap_or((&stamp, ""));
        let chat = if self.names.is_some() {
            message.conversation.clone()
        } else {
            String::new()
        };
        let heading = (day.to_owned(), chat);
        if heading != self.heading {
            self.heading = heading;
            page.line(self.heading_line(message, day));
        }
        let start = Line::new().styled(DIM, clock).plain("  ");
        let start = if self.ids && message.kind != MessageKind::Info {
            start.styled(DIM, short_id(&message.id)).plain("  ")
        } else {
            start
        };
        let (start, style) = match message.kind {
            MessageKind::Info => (start.styled(DIM, "*").plain(" "), DIM),
            _ => (
                start.styled(NAME, &message.sender).plain("  "),
                Style::new(),
            ),
        };
        if let Some(quote) = &message.reply_to {
            let text = match &quote.id {
                Some(_) if quote.text.is_empty() => "a deleted message",
                Some(_) => quote.text.as_str(),
                None => "a message that is not here",
            };
            let start = Line::new().plain("       ").styled(DIM, "┌ ");
            page.beside(
                start.styled(DIM, &quote.sender).plain(" "),
                DIM,
                first_line(text),
            );
        }
        page.beside(start, style, &text(message));
        for note in notes(message) {
            page.line(Line::new().plain("       ").styled(DIM, &note));
        }
        match message.delivery {
            Delivery::Pending => page.line(
                Line::new()
                    .plain("       ")
                    .styled(WARN, "(waiting to be sent)"),
            ),
            Delivery::Failed => page.line(Line::new().plain("       ").styled(BAD, "(not sent)")),
            Delivery::Sent | Delivery::Received => {}
        }
    }

    /// Prints the files of the message above.
    pub(super) fn files(page: &mut Page, files: &[AttachmentInfo]) {
        for file in files {
            let place = if file.downloaded {
                "here"
            } else {
                "not fetched"
            };
            let line = Line::new()
                .plain("       ")
                .styled(DIM, format!("file {}: ", file.id))
                .plain(&file.name)
                .styled(DIM, format!("  {}, {place}", size(file.size)));
            page.wrapped(line);
        }
    }

    fn heading_line(&self, message: &MessageInfo, day: &str) -> Line {
        let line = Line::new().styled(DIM, "── ").plain(day);
        let line = match self
            .names
            .as_ref()
            .map(|names| names.get(&message.conversation))
        {
            None => line,
            Some(name) => {
                let id = short_id(&message.conversation);
                let name = name.map_or("", String::as_str);
                line.plain(" ")
                    .styled(DIM, id)
                    .plain(" ")
                    .styled(NAME, name)
            }
        };
        line.styled(DIM, " ──")
    }
}

fn text(message: &MessageInfo) -> String {
    match (&message.deleted, message.kind) {
        _ if message.folded => "(folded: you blocked this person)".into(),
        (Some(deleted), _) => format!("(deleted by {})", deleted.by),
        (None, MessageKind::Unknown) if message.text.is_empty() => {
            "(a message of a newer version; update to read it)".into()
        }
        (None, MessageKind::Text) if message.text.is_empty() => "(a file)".into(),
        _ => message.text.clone(),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// What else is to be said of a message, each in a few words.
fn notes(message: &MessageInfo) -> Vec<String> {
    let mut notes = Vec::new();
    match message.priority {
        Priority::Normal => {}
        Priority::Important => notes.push("important".to_owned()),
        Priority::Urgent => notes.push("urgent".to_owned()),
    }
    if message.edited_at_ms.is_some() {
        notes.push("edited".into());
    }
    if let Some(by) = &message.acknowledgements {
        notes.push(match by.len() {
            0 => "asks to be confirmed".into(),
            n => format!("confirmed by {n}"),
        });
    }
    if let Some(at) = message.expires_at_ms {
        notes.push(format!("disappears {}", minute(at)));
    }
    let mut lines: Vec<String> = Vec::new();
    if !notes.is_empty() {
        lines.push(format!("({})", notes.join(", ")));
    }
    if !message.reactions.is_empty() {
        let each = message.reactions.iter();
        let reactions: Vec<_> = each
            .map(|reaction| format!("{} {}", reaction.emoji, reaction.people.len()))
            .collect();
        lines.push(reactions.join("  "));
    }
    lines
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn message(sender: &str, text: &str) -> MessageInfo {
        MessageInfo {
            id: "0a".repeat(16),
            conversation: "1f3a22bc".repeat(4),
            position: 7,
            sender: sender.into(),
            own: false,
            kind: MessageKind::Text,
            text: text.into(),
            at_ms: 1_795_478_580_000,
            delivery: Delivery::Received,
            info: None,
            reply_to: None,
            thread: None,
            edited_at_ms: None,
            deleted: None,
            reactions: Vec::new(),
            mentions: Vec::new(),
            mentions_me: false,
            priority: Priority::Normal,
            acknowledgements: None,
            expires_at_ms: None,
            held_until_ms: None,
            folded: false,
        }
    }

    fn shown(messages: &[MessageInfo], names: Option<&str>) -> String {
        let names = names.map(|name| HashMap::from([("1f3a22bc".repeat(4), name.to_owned())]));
        let mut timeline = Timeline::new(names);
        let mut page = Page::new(Some(80));
        messages
            .iter()
            .for_each(|message| timeline.print(&mut page, message));
        anstream::adapter::strip_str(page.styled()).to_string()
    }

    #[test]
    fn lines_fit_eighty_columns_in_every_script() {
        let texts = [
            "A long English sentence that goes on and on until it does not fit into one line any more.",
            "Rechtsschutzversicherungsgesellschaften und Donaudampfschifffahrtsgesellschaftskapitänsmützen",
            "我们今天下午三点在会议室见面，请带上上周的报告和你的问题，如果来不了，请提前告诉我一声，谢谢大家的配合。",
            "שלום עולם, זו הודעה ארוכה מאוד שנכתבת מימין לשמאל ולכן צריכה להישאר במקומה בתוך השורה הזאת",
        ];
        for text in texts {
            let page = shown(&[message("alice@acme", text)], Some("Team"));
            assert!(page.lines().all(|line| line.width() <= 80), "{page}");
        }
    }

    #[test]
    fn one_heading_for_a_day_and_a_conversation() {
        let page = shown(
            &[message("alice@acme", "a"), message("bob@acme", "b")],
            Some("Team"),
        );
        assert_eq!(
            page.lines().filter(|line| line.starts_with("──")).count(),
            1
        );
        assert!(page.contains("1f3a22bc Team"));
    }

    #[test]
    fn a_message_cannot_pass_for_anything_else() {
        let hostile = message(
            "mallory@acme",
            "hi\n── 2026-11-24 Team ──\n14:05  bob@acme  I quit\r\u{1b}[1A14:06\u{202e}",
        );
        let name = "Team\n14:07  bob@acme  I quit";
        let page = shown(&[hostile], Some(name));
        let starts =
            |line: &&str| line.starts_with("──") || line.starts_with(|c: char| c.is_ascii_digit());
        assert_eq!(page.lines().filter(starts).count(), 2, "{page}");
        assert!(!page.contains(['\r', '\u{1b}', '\u{202e}']));
    }

    #[test]
    fn what_has_not_gone_out_says_so() {
        let mut waiting = message("alice@acme", "hello");
        waiting.delivery = Delivery::Pending;
        assert!(shown(&[waiting.clone()], None).contains("(waiting to be sent)"));
        waiting.delivery = Delivery::Failed;
        assert!(shown(&[waiting], None).contains("(not sent)"));
    }

    #[test]
    fn the_json_form() {
        let text = serde_json::to_string(&message("bob@acme", "hello")).unwrap();
        insta::assert_snapshot!(text);
    }
}
