//! Lines into rows: days, the line between read and unread, and what belongs together.

use serde::Serialize;

use crate::api::{Delivery, MessageInfo, MessageKind};

/// Messages of one author stand together if less time lies between them, milliseconds.
const TOGETHER_MS: u64 = 5 * 60_000;
const DAY_MS: i64 = 86_400_000;

/// One row of a conversation as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "row")]
pub enum TimelineRow {
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
        message: Box<MessageInfo>,
        /// It stands with the line above under one name: same author, under five minutes between
        /// them, the same day, both plain messages that were neither edited, deleted nor reacted
        /// to, and sent.
        together: bool,
    },
}

/// Arranges `messages`, which are in order. Those after the place `read` are unread; the zone is
/// `offset_s` seconds east of UTC. `before` is the line above the first.
pub(super) fn arrange(
    messages: Vec<MessageInfo>,
    before: Option<&MessageInfo>,
    read: u64,
    offset_s: i32,
) -> Vec<TimelineRow> {
    let mut rows = Vec::with_capacity(messages.len() + 4);
    let mut above = before.cloned();
    let mut divided = above.as_ref().is_some_and(|above| is_unread(above, read));
    for message in messages {
        let day = day_of(message.at_ms, offset_s);
        let new_day = above
            .as_ref()
            .is_none_or(|above| day_of(above.at_ms, offset_s) != day);
        if new_day {
            rows.push(TimelineRow::Day { day });
        }
        let divide = !divided && is_unread(&message, read);
        if divide {
            rows.push(TimelineRow::Unread);
            divided = true;
        }
        let together = !new_day
            && !divide
            && above
                .as_ref()
                .is_some_and(|above| stand_together(above, &message));
        above = Some(message.clone());
        rows.push(TimelineRow::Line {
            message: Box::new(message),
            together,
        });
    }
    rows
}

fn is_unread(message: &MessageInfo, read: u64) -> bool {
    message.position > read && !message.own && message.kind != MessageKind::Info
}

fn day_of(at_ms: u64, offset_s: i32) -> i64 {
    let at_ms = i64::try_from(at_ms).unwrap_or(i64::MAX);
    let local = at_ms.saturating_add(i64::from(offset_s) * 1_000);
    local.div_euclid(DAY_MS)
}

fn stand_together(above: &MessageInfo, below: &MessageInfo) -> bool {
    let plain = |message: &MessageInfo| {
        message.kind != MessageKind::Info
            && message.edited_at_ms.is_none()
            && message.deleted.is_none()
            && message.reactions.is_empty()
            && message.delivery != Delivery::Failed
    };
    plain(above)
        && plain(below)
        && above.sender == below.sender
        && below.at_ms.abs_diff(above.at_ms) < TOGETHER_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u64 = 20_000 * 86_400_000 + 43_200_000;

    fn message(position: u64, sender: &str, at_ms: u64) -> MessageInfo {
        MessageInfo {
            id: format!("{position:032x}"),
            conversation: String::new(),
            position,
            sender: sender.into(),
            own: sender == "alice",
            kind: MessageKind::Text,
            text: "hello".into(),
            at_ms,
            delivery: Delivery::Received,
            info: None,
            reply_to: None,
            thread: None,
            edited_at_ms: None,
            deleted: None,
            reactions: Vec::new(),
            mentions: Vec::new(),
            mentions_me: false,
            priority: crate::api::Priority::Normal,
            acknowledgements: None,
            expires_at_ms: None,
            held_until_ms: None,
            folded: false,
        }
    }

    /// `D` a day, `U` the unread line, `L` a line of its own, `+` one that stands with the last.
    fn shape(messages: Vec<MessageInfo>, read: u64, offset_s: i32) -> String {
        let letter = |row: &TimelineRow| match row {
            TimelineRow::Day { .. } => 'D',
            TimelineRow::Unread => 'U',
            TimelineRow::Line { together: true, .. } => '+',
            TimelineRow::Line { .. } => 'L',
        };
        arrange(messages, None, read, offset_s)
            .iter()
            .map(letter)
            .collect()
    }

    #[test]
    fn one_author_within_five_minutes_stands_together() {
        let near = vec![
            message(1, "bob", NOON),
            message(2, "bob", NOON + 299_999),
            message(3, "bob", NOON + 600_000),
            message(4, "carol", NOON + 600_001),
        ];
        assert_eq!(shape(near, 9, 0), "DL+LL");
    }

    #[test]
    fn what_is_not_plain_stands_alone() {
        for change in [
            (|m: &mut MessageInfo| m.edited_at_ms = Some(1)) as fn(&mut MessageInfo),
            |m| m.delivery = Delivery::Failed,
            |m| m.kind = MessageKind::Info,
            |m| {
                m.deleted = Some(crate::api::Deleted {
                    by: "bob".into(),
                    at_ms: 1,
                });
            },
        ] {
            let mut messages: Vec<_> = (1..4).map(|n| message(n, "bob", NOON)).collect();
            change(&mut messages[1]);
            assert_eq!(shape(messages, 9, 0), "DLLL");
        }
    }

    #[test]
    fn days_are_those_of_the_viewer() {
        let evening = NOON + 11 * 3_600_000;
        let two = || {
            vec![
                message(1, "bob", evening),
                message(2, "bob", evening + 60_000),
            ]
        };
        assert_eq!(shape(two(), 9, 0), "DL+");
        // One hour east of UTC midnight falls between them.
        let mut two = two();
        two[1].at_ms = evening + 3_600_000 - 1;
        two[0].at_ms = two[1].at_ms - 60_000;
        assert_eq!(shape(two.clone(), 9, 0), "DL+");
        two[1].at_ms += 1;
        assert_eq!(shape(two, 9, 0), "DLDL");
    }

    #[test]
    fn a_time_that_cannot_be_is_shown_all_the_same() {
        let messages = vec![message(1, "bob", u64::MAX), message(2, "bob", 0)];
        assert_eq!(shape(messages, 9, 14 * 3_600), "DLDL");
    }

    #[test]
    fn the_unread_line_stands_once_before_the_first_of_others() {
        let messages = vec![
            message(1, "bob", NOON),
            message(2, "alice", NOON),
            message(3, "bob", NOON),
            message(4, "bob", NOON),
        ];
        assert_eq!(shape(messages.clone(), 1, 0), "DLLUL+");
        assert_eq!(shape(messages.clone(), 4, 0), "DLLL+");
        let rows = arrange(messages[3..].to_vec(), Some(&messages[2]), 1, 0);
        assert!(!rows.contains(&TimelineRow::Unread), "it stands above");
    }
}
