//! Evidence of Sealwire: the transparency log, attestations, witnesses and their
//! verification, all in formats that others published and other tools read.
//!
//! | module | what | from |
//! |---|---|---|
//! | [`merkle`] | hashes, roots, proofs, appending | RFC 6962 §2.1, RFC 9162 §2.1 |
//! | [`tile`] | paths and contents of tiles and entry bundles | C2SP `tlog-tiles` |
//! | [`sequence`] | what a batch of entries adds to a stored log | |
//! | [`note`] | signed notes and their keys | C2SP `signed-note` |
//! | [`checkpoint`] | the signed head of a log, cosignatures | C2SP `tlog-checkpoint`, `tlog-cosignature` |
//! | [`policy`] | which logs and witnesses count | C2SP `tlog-policy` |
//! | [`proof`] | that an entry was logged, in one file | C2SP `tlog-proof` |
//! | `canary` | looking for what was said in secret; with the feature of this name | |
//! | [`canonical`] | the one spelling of a JSON value | RFC 8785 |
//! | [`commitment`] | leaves that say nothing to outsiders | HMAC, RFC 2104 |
//! | [`deadline`] | by when notices and answers are due | GDPR, NIS 2, CCPA |
//! | [`directory`] | what the directory logs of a handle | |
//! | [`dsse`] | signed envelopes | DSSE v1 |
//! | [`statement`] | what an attestation says about what | in-toto Statement v1 |
//! | [`predicate`] | what our attestations say | `docs/predicates` |
//! | [`release`] | of what and how programs were built | SLSA Provenance v1, CycloneDX |
//! | [`update`] | what a relay offers as an update of the desktop app | |
//! | [`leaf`] | what stands in a log | kind `dsse` 0.0.2 of Rekor v2 |
//! | [`witness`] | what a witness answers | C2SP `tlog-witness` |
//!
//! The library does no input or output and reads no clock: time and randomness
//! come in as arguments. The program `sealwire-audit` stands beside it.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[cfg(feature = "canary")]
pub mod canary;
pub mod canonical;
pub mod checkpoint;
pub mod commitment;
pub mod deadline;
pub mod directory;
pub mod dsse;
mod error;
pub mod leaf;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod predicate;
pub mod proof;
pub mod release;
pub mod sequence;
pub mod statement;
#[cfg(test)]
mod testing;
mod text;
pub mod tile;
pub mod update;
pub mod witness;

pub use error::Malformed;
