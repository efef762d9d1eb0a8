//! What the index is told about a message.

use sealwire_protocol::ids::ConversationId;

use super::{Has, Is};

/// A message as the index takes it.
pub(crate) struct Document<'a> {
    /// `message.id`
    pub(crate) message: i64,
    pub(crate) conversation: ConversationId,
    /// Handle of whoever wrote it.
    pub(crate) sender: &'a str,
    /// The text that people see.
    pub(crate) text: &'a str,
    /// Names of the files that hang on it.
    pub(crate) files: &'a [&'a str],
    /// What else it has and is; [`Flags::of_text`] finds what the text tells.
    pub(crate) flags: Flags,
}

/// What a message has and is, a bit each. A bit keeps its meaning for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flags(u32);

impl Flags {
    /// Nothing of note.
    pub(crate) const NONE: Self = Self(0);

    /// With what a message has in it.
    #[must_use]
    pub(crate) const fn has(self, what: Has) -> Self {
        Self(self.0 | 1 << Self::bit_of(what))
    }

    /// With what a message is.
    #[must_use]
    pub(crate) const fn is(self, what: Is) -> Self {
        Self(self.0 | 1 << Self::bit_of_kind(what))
    }

    /// With what its text tells.
    #[must_use]
    pub(crate) fn of_text(self, text: &str) -> Self {
        if has_link(text) {
            self.has(Has::Link)
        } else {
            self
        }
    }

    /// The bits, as they are stored.
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    pub(super) const fn bit_of(what: Has) -> u32 {
        match what {
            Has::Link => 0,
            Has::File => 1,
            Has::Image => 2,
            Has::Audio => 3,
            Has::Video => 4,
            Has::Mention => 5,
        }
    }

    pub(super) const fn bit_of_kind(what: Is) -> u32 {
        match what {
            Is::Own => 6,
            Is::Edited => 7,
            Is::Reply => 8,
            Is::Important => 9,
        }
    }
}

/// The token of a bit of [`Flags`], as the schema makes it.
pub(super) fn flag_token(bit: u32) -> String {
    char::from_u32(0xe010 + bit)
        .map(String::from)
        .unwrap_or_default()
}

/// The token of a row of `search_name`, as the schema makes it.
pub(super) fn name_token(id: i64) -> String {
    let short = u32::try_from(id).ok().filter(|id| *id < 60_000);
    let char = short.and_then(|id| char::from_u32(0xf_0000 + id));
    char.map_or_else(|| format!("n{id}"), String::from)
}

/// Whether a text has the address of a page: a scheme that browsers open, with a host after it.
fn has_link(text: &str) -> bool {
    let host = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '[');
    text.match_indices("://").any(|(at, mark)| {
        let scheme = &text.as_bytes()[..at];
        let ends_with = |name: &[u8]| {
            scheme.len() >= name.len()
                && scheme[scheme.len() - name.len()..].eq_ignore_ascii_case(name)
        };
        (ends_with(b"http") || ends_with(b"https")) && host(&text[at + mark.len()..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_told_from_text() {
        for text in [
            "see https://example.com",
            "HTTP://a",
            "看https://例子.cn/。",
            "http://[::1]/",
        ] {
            assert!(has_link(text), "{text}");
        }
        for text in [
            "",
            "://",
            "http://",
            "http:// x",
            "example.com",
            "ftp://x",
            "a://b",
            "é://x",
        ] {
            assert!(!has_link(text), "{text}");
        }
    }

    #[test]
    fn every_bit_has_one_meaning() {
        let mut bits: Vec<u32> = Has::ALL
            .iter()
            .map(|(_, has)| Flags::bit_of(*has))
            .collect();
        bits.extend(Is::ALL.iter().map(|(_, is)| Flags::bit_of_kind(*is)));
        assert_eq!(bits, (0..10).collect::<Vec<_>>());
        let schema = include_str!("schema.sql");
        assert_eq!(
            name_token(7),
            char::from_u32(983_040 + 7).unwrap().to_string()
        );
        assert_eq!(name_token(60_000), "n60000");
        for bit in bits {
            let token = u32::from(flag_token(bit).chars().next().unwrap());
            let line = format!("WHEN flags & {} THEN ' ' || char({token})", 1 << bit);
            assert!(schema.contains(&line), "{line}");
        }
    }
}
