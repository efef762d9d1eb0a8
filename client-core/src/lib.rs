//! The Sealwire client: groups, delivery and history, behind one typed API for all fronts.
//!
//! [`Client`] is a profile that is open. Its methods store what a person wants; actors, one per
//! group, make it so, survive being killed at any moment, and report by [`api::Event`].

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![deny(rustdoc::broken_intra_doc_links)]

pub mod api;
pub mod call;
pub mod custody;
pub mod error;
pub mod export;
pub mod import;
pub mod insight;
pub mod search;
pub mod timeline;
mod transparency;
pub mod update;

mod actions;
mod agreement;
mod ask;
mod client;
mod core;
mod enrol;
mod envelope;
mod expiry;
mod farewell;
mod files;
mod founding;
mod group;
mod holding;
mod inbox;
mod invite;
mod keeping;
mod link;
mod local;
mod mentions;
mod mls;
mod net;
mod organisation;
mod oversight;
mod people;
mod profile;
mod random;
mod reading;
mod rejoin;
mod retention;
mod rights;
mod store;
mod typing;
mod unseen;
mod upkeep;
mod withdraw;
mod words;
mod writing;

pub use actions::{Change, parse_conversation};
pub use client::{Client, Idle};
pub use error::{CoreError, ErrorKind, Result};
pub use farewell::Confirmation;
pub use holding::order_sha256;
pub use sealwire_crypto::{KdfParams, fingerprint};
pub use sealwire_protocol::link::{ChatLink, DeviceLink, JoinLink};
