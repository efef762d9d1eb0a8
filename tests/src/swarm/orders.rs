//! What a test may ask of a swarm, and the answers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::files::FileOrder;
use crate::person::Line;

/// What somebody in the swarm shall do. `who` is the name of a member.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Join the organisation by this link, with a new profile.
    Enrol {
        /// Name of the new member.
        who: String,
        /// `sealwire://join/…`
        link: String,
    },
    /// Open the profile that an earlier process left.
    Open {
        /// The member.
        who: String,
    },
    /// Open the profile that an earlier process left, as if so much time had passed.
    OpenLater {
        /// The member.
        who: String,
        /// Seconds.
        passed_s: u32,
    },
    /// Set how long a conversation keeps its messages, and wait until that is done.
    KeepFor {
        /// The member.
        who: String,
        /// Hexadecimal.
        chat: String,
        /// Seconds.
        seconds: u32,
    },
    /// From now on close the clients of those asked longest ago when more are open; they are opened
    /// again when they are asked for something.
    LetSleep {
        /// Open at once.
        most: usize,
    },
    /// Make an invitation.
    Invite {
        /// The member.
        who: String,
    },
    /// Found a conversation; done when all are added.
    Create {
        /// The member.
        who: String,
        /// Name of the conversation.
        title: String,
        /// Names of the others.
        members: Vec<String>,
    },
    /// Wait until the member is in a conversation.
    Join {
        /// The member.
        who: String,
        /// Hexadecimal.
        chat: String,
    },
    /// Store a message for sending.
    Send {
        /// The member.
        who: String,
        /// Hexadecimal.
        chat: String,
        /// The text.
        text: String,
    },
    /// Send a message and wait until it was read back from the relay.
    Say {
        /// The member.
        who: String,
        /// Hexadecimal.
        chat: String,
        /// The text.
        text: String,
    },
    /// Rename a conversation and wait until that is done.
    Rename {
        /// The member.
        who: String,
        /// Hexadecimal.
        chat: String,
        /// New name.
        title: String,
    },
    /// Wait until the history holds this many text messages, then tell its digest.
    Await {
        /// The member.
        who: String,
        /// Hexadecimal.
        chat: String,
        /// Text messages.
        texts: usize,
    },
    /// All text messages.
    History {
        /// The member.
        who: String,
        /// Hexadecimal.
        chat: String,
    },
    /// How a conversation stands.
    View {
        /// The member.
        who: String,
        /// Hexadecimal.
        chat: String,
    },
    /// What the member was warned of since its profile was opened.
    Warnings {
        /// The member.
        who: String,
    },
    /// Do something with files.
    File {
        /// The member.
        who: String,
        /// What.
        order: FileOrder,
    },
    /// Export a conversation with its files, as JSON.
    Export {
        /// The member.
        who: String,
        /// Hexadecimal.
        chat: String,
        /// The new folder.
        to: PathBuf,
    },
    /// End at once, without any tidying.
    Crash,
}

/// An order with its number.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) number: u64,
    pub(super) order: Order,
}

/// An answer with the number of its order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answered {
    pub(super) number: u64,
    pub(super) answer: Result<Answer, String>,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Done; nothing to tell.
    Done,
    /// A link, an identifier or a digest.
    Text(String),
    /// A history.
    History(Vec<Line>),
    /// How a conversation stands.
    View(View),
    /// Warnings.
    Warnings(Vec<String>),
}

/// How a conversation stands on one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// It can be used.
    pub active: bool,
    /// The state in words.
    pub state: String,
    /// MLS epoch.
    pub epoch: u64,
    /// Name.
    pub title: String,
    /// Accounts in it.
    pub members: usize,
    /// Messages, wishes and postings of the whole profile that are not done.
    pub left_to_do: u64,
}

/// One short value for a whole history: equal only if senders, texts and order are.
pub fn digest(lines: &[Line]) -> String {
    let mut parts: Vec<Vec<u8>> = Vec::with_capacity(lines.len() * 2);
    for line in lines {
        for part in [&line.sender, &line.text] {
            let mut bytes = (part.len() as u64).to_be_bytes().to_vec();
            bytes.extend_from_slice(part.as_bytes());
            parts.push(bytes);
        }
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    data_encoding::HEXLOWER.encode(&sealwire_crypto::sha256(&parts))
}
