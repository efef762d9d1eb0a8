//! The Sealwire relay: stores ciphertext and key packages and nothing it could read.
//!
//! Two planes that share no table, no connection and no session: the account plane knows who
//! you are and never sees a group; the group plane sees groups and never who you are. The one
//! door between them is `group::Mailroom`, through which the group plane takes a key package of
//! a device or posts an envelope to a device, and learns nothing else.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod account;
mod attest;
mod backup;
mod cli;
mod clock;
mod config;
mod control;
mod data_dir;
mod database;
mod evidence;
mod fault;
mod gate;
mod group;
mod health;
mod http;
mod listen;
#[cfg(test)]
mod measure;
mod pulse;
mod rate;
mod refusal;
mod relay;
mod retention;
mod ropa;
mod tally;
mod tls;
mod update;

pub use cli::run;
