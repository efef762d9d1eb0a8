//! Files in messages: prepared and sealed here, uploaded, fetched, opened and saved.
//!
//! Sending: [`prepare`] reads the source once, cleans pictures, makes a preview, and seals all of
//! it into the [`vault`] (a folder of the profile). From then on the message, its attachments and
//! their transfers are rows, and [`upload`] brings the sealed bytes to the relay, however often
//! the program dies on the way. The message goes out when the last of its files is there.
//!
//! Receiving: a message brings a row for each file. [`download`] fetches sealed bytes on request,
//! checks each chunk as it comes, and keeps them sealed. [`export`] opens them to where the person
//! wants them.

mod again;
mod api;
pub(crate) mod disk;
mod download;
mod export;
mod look;
mod media;
mod message;
mod metadata;
mod name;
mod picture;
mod prepare;
mod run;
mod seen;
mod send;
mod source;
#[cfg(test)]
pub(crate) mod testing;
mod types;
mod upload;
mod vault;

pub(crate) use export::save_named;
pub use look::{FileLook, look_at};
pub(crate) use message::{content, take};
pub(crate) use run::{Transfers, run};
pub use seen::SeenFile;
pub use types::{AttachmentInfo, Direction, NewFile, Source, TransferInfo, TransferState};
pub(crate) use vault::Vault;
