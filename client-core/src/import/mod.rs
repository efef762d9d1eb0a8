//! History from elsewhere, brought into this profile: to be read and searched here, by nobody to be
//! answered.
//!
//! `source::Source` reads a file in one of two forms in bounded memory and gives one
//! `Brought` after the other; `run` stores them in one transaction, so that an import is whole or
//! not there.

mod api;
mod dates;
mod lines;
mod run;
mod sealwire;
mod source;
#[cfg(test)]
mod tests;
mod whatsapp;

pub use api::{DateOrder, ImportInfo, ImportOptions};

use crate::error::{CoreError, ErrorKind};

/// What stands before the names of people in imported history: no handle begins with it, so that
/// nobody is taken for a contact.
const MARK: char = '~';

/// One line of imported history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Brought {
    /// Its name in the file, or its number: what answers to it say.
    pub(crate) name: String,
    /// Name of its author; empty if nobody wrote it.
    pub(crate) sender: String,
    pub(crate) at_ms: u64,
    pub(crate) text: String,
    /// Names of the messages that it answers, and whose thread it is in.
    pub(crate) reply_to: Option<String>,
    pub(crate) thread: Option<String>,
    /// What is not taken over: reactions, earlier texts, files.
    pub(crate) left_out: u64,
}

/// A file that is not what it has to be; `line` counts from 1.
fn unreadable(line: u64, what: &str) -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "import_unreadable",
        format!("line {line} of the file: {what}"),
        "nothing was imported; export the conversation again and take that file as it is",
    )
}
