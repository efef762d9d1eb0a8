//! What travels between Sealwire clients and relays, and what clients store of it.
//!
//! Nothing here does I/O or reads a clock. Every parser is strict: it accepts exactly the bytes
//! that the matching encoder produces, is bounded by the constants of [`limits`], and never
//! panics on any input.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![deny(rustdoc::broken_intra_doc_links)]

pub mod account;
pub mod blob;
mod canonical;
pub mod certificate;
pub mod content;
pub mod coverage;
pub mod envelope;
pub mod ephemeral;
pub mod erasure;
pub mod frame;
pub mod handle;
pub mod ids;
pub mod limits;
pub mod link;
pub mod log;
pub mod mls_form;
pub mod organisation_policy;
pub mod oversight;
pub mod policy;
pub mod problem;
pub mod proof;
pub mod removal;
mod signed;
#[cfg(test)]
mod testing;
