//! Records: what a records custodian keeps of the conversations it is in, outside of this profile.
//!
//! Everything said and everything that happens is noted in the transaction in which it takes effect
//! (`journal`), so that nothing is missed and nothing noted that did not happen. From there it goes
//! into an archive (`folder`, `bucket`), which is only ever added to: a later edit or deletion is another
//! record. Each record is a leaf of the archive's own Merkle tree, whose head the custodian signs
//! (C2SP tlog-checkpoint): a changed, missing or moved record is found without anybody's help.

mod archive;
mod attachment;
mod begin;
mod bucket;
mod coverage;
mod folder;
mod head;
mod journal;
mod mail;
mod place;
mod read;
mod record;
mod run;
mod tree;
mod verify;

pub use self::bucket::{Lock, LockMode};
pub use self::coverage::{CoverageCountInfo, CoverageInfo, CoveredConversation};
pub(crate) use self::coverage::{report_daily, take as take_coverage};
pub(crate) use self::journal::{Heard, note_content, note_event};
pub use self::mail::{MailInfo, export_mail};
pub use self::place::Place;
pub use self::record::{FileRecord, Record, Said, Sender};
pub use self::run::ArchiveInfo;
pub use self::verify::{Broken, Verified, verify_archive};

use crate::error::{CoreError, ErrorKind};

/// What an archive holds.
const HEAD: &str = "archive.json";
const CHECKPOINT: &str = "checkpoint";
const CHECKPOINTS: &str = "checkpoints";
const RECORDS: &str = "records";
const FILES: &str = "files";
/// Form of the records.
const SCHEMA: &str = "sealwire.record/1";

fn broken(what: impl std::fmt::Display) -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        "archive_broken",
        format!("the archive is not what was written: {what}"),
        "keep it as it is, put a copy back that holds, and run `sealwire custodian verify` on it",
    )
}

fn writing(path: &std::path::Path, error: &std::io::Error) -> CoreError {
    CoreError::new(
        ErrorKind::Io,
        "archive_io",
        format!("{} cannot be read or written: {error}", path.display()),
        "check the disk and its permissions; nothing that was read is lost",
    )
}
