//! The names of a pack's files, and how large each may be.
//!
//! ```text
//! README.txt                          how to check it by hand
//! policy                              the policy it was packed for
//! keys/KEYID.pem                      public keys of signers
//! logs/audit/checkpoint               the newest head; the same for logs/directory
//! logs/audit/tile/...                 tiles and entry bundles, as they are served
//! statements/INDEX.json               the envelope of which that entry of audit tells
//! statements/INDEX.tlog-proof         that it was logged
//! disclosed/audit/INDEX.json          salt and event that open that entry's commitment
//! ```

use std::fmt;

use data_encoding::HEXLOWER;
use sealwire_audit::note::MAX_NOTE;
use sealwire_audit::policy::MAX_POLICY;
use sealwire_audit::proof::MAX_PROOF;
use sealwire_audit::tile::{Kind, MAX_ENTRY, Resource};

/// The text of `README.txt`, the same in every pack.
pub(crate) const README: &str = include_str!("README.txt");
/// Longest envelope in a pack, in bytes. A statement has at most 10,000 subjects.
pub(crate) const MAX_STATEMENT: usize = 4 * 1024 * 1024;
/// Longest disclosed event, in bytes.
const MAX_DISCLOSED: usize = 128 * 1024;
/// Longest public key as PEM, in bytes.
pub(crate) const MAX_KEY: usize = 1_024;

/// The logs of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LogName {
    /// What the relay did.
    Audit,
    /// How its directory changed.
    Directory,
}

impl LogName {
    pub(crate) const ALL: [Self; 2] = [Self::Audit, Self::Directory];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Directory => "directory",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|log| log.as_str() == text)
    }

    /// What stands before `/audit` or `/directory` in the name of the log.
    pub(crate) fn relay(self, origin: &str) -> Option<&str> {
        let (relay, name) = origin.rsplit_once('/')?;
        (name == self.as_str() && !relay.is_empty()).then_some(relay)
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A file of a pack. Printed as its path within the pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Readme,
    Policy,
    /// Of the signer whose key has this id.
    Key([u8; 32]),
    Checkpoint(LogName),
    Tile(LogName, Resource),
    Statement(u64),
    Proof(u64),
    Disclosed(LogName, u64),
}

impl Place {
    /// Reads a path, which has one spelling.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        if path.len() > 256 {
            return None;
        }
        let place = match path.split_once('/') {
            None if path == "README.txt" => Self::Readme,
            None if path == "policy" => Self::Policy,
            Some(("keys", name)) => {
                let id = HEXLOWER
                    .decode(name.strip_suffix(".pem")?.as_bytes())
                    .ok()?;
                Self::Key(id.try_into().ok()?)
            }
            Some(("logs", rest)) => {
                let (log, rest) = rest.split_once('/')?;
                let log = LogName::parse(log)?;
                match rest {
                    "checkpoint" => Self::Checkpoint(log),
                    path => Self::Tile(log, Resource::parse(path).ok()?),
                }
            }
            Some(("statements", name)) => match name.strip_suffix(".json") {
                Some(index) => Self::Statement(number(index)?),
                None => Self::Proof(number(name.strip_suffix(".tlog-proof")?)?),
            },
            Some(("disclosed", rest)) => {
                let (log, name) = rest.split_once('/')?;
                let index = number(name.strip_suffix(".json")?)?;
                Self::Disclosed(LogName::parse(log)?, index)
            }
            _ => return None,
        };
        (place.to_string() == path).then_some(place)
    }

    /// Most bytes that the file may have.
    pub(crate) fn most(&self) -> usize {
        match self {
            Self::Readme => README.len(),
            Self::Policy => MAX_POLICY,
            Self::Key(_) => MAX_KEY,
            Self::Checkpoint(_) => MAX_NOTE,
            Self::Tile(_, resource) => {
                let each = match resource.kind() {
                    Kind::Hashes(_) => 32,
                    Kind::Entries => MAX_ENTRY + 2,
                };
                usize::from(resource.width()) * each
            }
            Self::Statement(_) => MAX_STATEMENT,
            Self::Proof(_) => MAX_PROOF,
            Self::Disclosed(..) => MAX_DISCLOSED,
        }
    }
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Readme => f.write_str("README.txt"),
            Self::Policy => f.write_str("policy"),
            Self::Key(id) => write!(f, "keys/{}.pem", HEXLOWER.encode(id)),
            Self::Checkpoint(log) => write!(f, "logs/{log}/checkpoint"),
            Self::Tile(log, resource) => write!(f, "logs/{log}/{resource}"),
            Self::Statement(index) => write!(f, "statements/{index}.json"),
            Self::Proof(index) => write!(f, "statements/{index}.tlog-proof"),
            Self::Disclosed(log, index) => write!(f, "disclosed/{log}/{index}.json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_spelling() {
        let key = format!("keys/{}.pem", "0a".repeat(32));
        for path in [
            "README.txt",
            "policy",
            &key,
            "logs/audit/checkpoint",
            "logs/directory/tile/0/x001/234.p/7",
            "logs/audit/tile/entries/000",
            "statements/0.json",
            "statements/12.tlog-proof",
            "disclosed/directory/3.json",
        ] {
            assert_eq!(Place::parse(path).unwrap().to_string(), path);
        }
        for wrong in [
            "",
            "/policy",
            "policy/",
            "./policy",
            "../policy",
            "readme.txt",
            "keys/../policy",
            "keys/0A.pem",
            "logs/other/checkpoint",
            "logs/audit/../audit/checkpoint",
            "logs/audit/tile/0/0",
            "statements/01.json",
            "statements/+1.json",
            "statements/1.JSON",
            "statements/18446744073709551616.json",
            "statements/a/1.json",
            "disclosed/1.json",
        ] {
            assert_eq!(Place::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_log_is_known_by_its_name() {
        assert_eq!(LogName::Audit.relay("a.example/audit"), Some("a.example"));
        assert_eq!(LogName::Audit.relay("a.example/directory"), None);
        assert_eq!(LogName::Audit.relay("audit"), None);
        assert_eq!(LogName::Audit.relay("/audit"), None);
    }
}
