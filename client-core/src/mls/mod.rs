//! MLS (RFC 9420) as Sealwire uses it: one cipher suite, PrivateMessages only, certificates as
//! credentials, and the function that decides whether a commit is valid.

mod config;
mod deferred;
mod judge;
mod key_package;
mod kinds;
mod provider;
mod roster;

pub(crate) use config::*;
pub(crate) use deferred::*;
pub(crate) use judge::*;
pub(crate) use key_package::*;
pub(crate) use provider::*;
pub(crate) use roster::*;
