//! Whom a text mentions: `@alice`, `@alice@acme`, `@all`.

use std::collections::BTreeSet;

use sealwire_crypto::AccountPublic;
use sealwire_protocol::{certificate::DeviceCertificate, content::MAX_MENTIONS};

/// Accounts mentioned in a text.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Mentioned {
    pub(crate) all: bool,
    pub(crate) accounts: Vec<AccountPublic>,
}

/// The members whom `text` mentions.
pub(crate) fn find(text: &str, members: &[DeviceCertificate]) -> Mentioned {
    let mut found = Mentioned::default();
    let mut accounts = BTreeSet::new();
    for (_, name) in names(text) {
        found.all |= name == "all";
        let member = members.iter().find(|member| {
            let handle = member.handle().as_str();
            handle == name
                || handle
                    .split_once('@')
                    .is_some_and(|(first, _)| first == name)
        });
        accounts.extend(member.map(|member| *member.account()));
    }
    found.accounts = accounts.into_iter().take(MAX_MENTIONS).collect();
    found
}

/// Every `@name` in `text`: where it begins, in bytes, and the name without the `@`.
pub(crate) fn names(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices('@').filter_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '@') {
            return None;
        }
        let rest = &text[at + 1..];
        let end = rest
            .find(|c: char| !matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-' | '@'))
            .unwrap_or(rest.len());
        let name = rest[..end].trim_end_matches(['.', '_', '-', '@']);
        (!name.is_empty() && !name.starts_with('@')).then_some((at, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<&str> {
        names(text).map(|(_, name)| name).collect()
    }

    #[test]
    fn names_end_where_words_end() {
        assert_eq!(all("@alice, @bob@acme: hi"), ["alice", "bob@acme"]);
        assert_eq!(all("ask @alice."), ["alice"]);
        assert_eq!(all("(@all)"), ["all"]);
        assert_eq!(all("你好@bob，你好"), [""; 0]);
        assert_eq!(all("你好 @bob，你好"), ["bob"]);
    }

    #[test]
    fn addresses_are_no_mentions() {
        assert_eq!(all("mail alice@example.org"), [""; 0]);
        assert_eq!(all("@@alice @ @- a@"), ["alice"; 0]);
    }
}
