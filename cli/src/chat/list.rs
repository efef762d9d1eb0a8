//! `sealwire chat list`.

use std::cmp::Reverse;

use clap::Args;
use sealwire_core::api::{ConversationInfo, ConversationState};

use crate::{
    context::Context,
    exit::Outcome,
    output::{BAD, BOLD, DIM, Line, Page, Table, WARN},
    time::minute,
};

/// Digits of an identifier that lists show; enough to name it again.
const SHORT_ID: usize = 8;

/// Options of `chat list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those with something new
    #[arg(long)]
    unread: bool,
    /// Those that were archived, instead of the others
    #[arg(long)]
    archived: bool,
    /// Only those in a folder
    #[arg(long, value_name = "NAME")]
    folder: Option<String>,
}

impl List {
    fn wants(&self, chat: &ConversationInfo) -> bool {
        let local = &chat.local;
        let new = chat.unread > 0 || local.marked_unread;
        local.archived == self.archived
            && (!self.unread || new)
            && self
                .folder
                .as_ref()
                .is_none_or(|folder| *folder == local.folder)
    }
}

/// Runs the command: pinned conversations first, in the order of pinning.
pub(super) async fn run(context: &Context, options: &List) -> Outcome {
    let mut chats = context.open().await?.conversations().await?;
    let any = !chats.is_empty();
    chats.retain(|chat| options.wants(chat));
    chats.sort_by_key(|chat| {
        (
            chat.local.pinned == 0,
            chat.local.pinned,
            Reverse(chat.newest_at),
        )
    });
    context.out.result(&chats, |page| {
        if !chats.is_empty() {
            print(page, &chats);
        }
    })?;
    if !any {
        context.out.note(
            "No conversations yet. `sealwire sync` looks whether somebody added you; \
             `sealwire chat create NAME HANDLE…` begins one.",
        );
    }
    Ok(())
}

fn print(page: &mut Page, chats: &[ConversationInfo]) {
    let mut table = Table::new(&["ID", "NAME", "UNREAD", "MEMBERS", "NEWEST", ""]);
    for chat in chats {
        let new = chat.unread > 0 || chat.local.marked_unread;
        let name = Line::new().styled(if new { BOLD } else { anstyle::Style::new() }, &chat.name);
        table.row(vec![
            Line::new().styled(DIM, short_id(&chat.id)),
            name,
            match (chat.unread, chat.local.marked_unread) {
                (0, true) => "marked".to_owned(),
                (0, false) => String::new(),
                (unread, _) => unread.to_string(),
            }
            .into(),
            chat.member_count.to_string().into(),
            chat.newest_at.map(minute).unwrap_or_default().into(),
            signs(chat),
        ]);
    }
    table.print(page);
}

/// The beginning of an identifier.
pub(crate) fn short_id(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

fn signs(chat: &ConversationInfo) -> Line {
    match &chat.state {
        ConversationState::Active if chat.local.pinned > 0 => Line::new().styled(DIM, "pinned"),
        ConversationState::Active if chat.local.muted_until.is_some() => {
            Line::new().styled(DIM, "muted")
        }
        other => state(other),
    }
}

/// A word for what cannot be used.
pub(super) fn state(state: &ConversationState) -> Line {
    match state {
        ConversationState::Active => Line::new(),
        ConversationState::Removed => Line::new().styled(DIM, "left"),
        ConversationState::Imported => Line::new().styled(DIM, "imported"),
        ConversationState::Halted(_) => Line::new().styled(BAD, "STOPPED"),
        ConversationState::Rejoining => Line::new().styled(WARN, "rejoining"),
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::{super::resolve::tests::chat, *};

    #[test]
    fn the_list_fits_eighty_columns() {
        let mut hostile = chat(
            "aa",
            "\u{202e}\x1b]0;owned\x07 with a very long name that never seems to end at all",
        );
        hostile.unread = 1_234;
        hostile.newest_at = Some(1_795_478_580_000);
        hostile.state = ConversationState::Halted("reason".into());
        let mut pinned = chat("33", "Board");
        pinned.local.pinned = 1;
        pinned.local.marked_unread = true;
        let chats = [
            chat("11", "Team"),
            chat("22", "产品与研发讨论组"),
            hostile,
            pinned,
        ];
        let mut page = Page::new(Some(80));
        print(&mut page, &chats);
        let text = anstream::adapter::strip_str(page.styled()).to_string();
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
        assert_eq!(text.lines().count(), 5);
        assert!(text.contains("pinned") && text.contains("marked"));
        assert!(!text.contains(['\x1b', '\x07', '\u{202e}']));
    }

    #[test]
    fn lists_are_narrowed() {
        let options = |unread, archived, folder: Option<&str>| List {
            unread,
            archived,
            folder: folder.map(Into::into),
        };
        let mut plain = chat("11", "Team");
        assert!(options(false, false, None).wants(&plain));
        assert!(!options(true, false, None).wants(&plain));
        plain.local.marked_unread = true;
        assert!(options(true, false, None).wants(&plain));
        plain.local.folder = "Work".into();
        assert!(options(false, false, Some("Work")).wants(&plain));
        assert!(!options(false, false, Some("Home")).wants(&plain));
        plain.local.archived = true;
        assert!(!options(false, false, None).wants(&plain));
        assert!(options(false, true, None).wants(&plain));
    }
}
