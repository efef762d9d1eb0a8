//! Files as fronts see them. No keys, no tokens.

use std::{io::Read, path::PathBuf};

use serde::Serialize;

use super::seen::SeenFile;

/// A file to attach.
pub struct NewFile {
    /// Where its bytes come from.
    pub source: Source,
    /// What to call it instead of its own name.
    pub name: Option<String>,
    /// Send a picture as it is, with place, camera and whatever else is written in it.
    pub keep_metadata: bool,
    /// Length of a recording in milliseconds, if known.
    pub duration_ms: Option<u64>,
}

/// Where bytes come from.
pub enum Source {
    /// A file on this machine.
    Path(PathBuf),
    /// A file on this machine that the person has looked at, and no other.
    Seen(SeenFile),
    /// A stream of exactly `size` bytes.
    Reader {
        /// What to call it.
        name: String,
        /// Bytes that will come.
        size: u64,
        /// The stream.
        reader: Box<dyn Read + Send>,
    },
}

impl NewFile {
    /// A file on this machine, sent with the defaults.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self::from(Source::Path(path.into()))
    }
}

impl From<Source> for NewFile {
    fn from(source: Source) -> Self {
        Self {
            source,
            name: None,
            keep_metadata: false,
            duration_ms: None,
        }
    }
}

/// A file that a message carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct AttachmentInfo {
    /// Its number in this profile.
    pub id: i64,
    /// The message, hexadecimal.
    pub message: String,
    /// The conversation, hexadecimal.
    pub conversation: String,
    /// Handle of the sender.
    pub sender: String,
    /// Milliseconds since the Unix epoch when the message was sent.
    pub at_ms: u64,
    /// A name that is safe to show and to save under.
    pub name: String,
    /// Media type by the sender's finding; decides nothing here.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// Width of a picture in pixels, 0 if not known.
    pub width: u32,
    /// Height of a picture in pixels, 0 if not known.
    pub height: u32,
    /// Length of a recording in milliseconds, 0 if not known.
    pub duration_ms: u64,
    /// Colours of a picture (<https://blurha.sh>), or empty.
    pub blurhash: String,
    /// Seconds since the Unix epoch until which the relay has it.
    pub expires_at_s: u64,
    /// All of it is in this profile, encrypted.
    pub downloaded: bool,
}

/// Which way a transfer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To the relay.
    Upload,
    /// From the relay.
    Download,
}

/// How far a transfer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TransferState {
    /// The file is being encrypted into the profile.
    Sealing,
    /// Under way, or waiting for its turn or for the relay; goes on by itself.
    Waiting,
    /// All of it has arrived.
    Done,
    /// Stopped; `reason` says why and what to do.
    Failed,
    /// Stopped by the person.
    Cancelled,
}

/// One transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct TransferInfo {
    /// Its number in this profile; 0 while sealing.
    pub id: i64,
    /// The file's number; 0 while sealing.
    pub attachment: i64,
    /// The file's name.
    pub name: String,
    /// Which way.
    pub direction: Direction,
    /// How far.
    pub state: TransferState,
    /// Encrypted bytes that have arrived; while sealing, bytes read.
    pub bytes: u64,
    /// Encrypted bytes in all; while sealing, bytes to read.
    pub total: u64,
    /// Why it waits or failed, and what to do; else empty.
    pub reason: String,
}
