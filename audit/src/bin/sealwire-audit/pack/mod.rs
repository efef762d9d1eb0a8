//! A pack: one folder that holds all evidence of a relay, to be checked offline.

mod check;
mod folder;
mod layout;
mod make;

pub(crate) use check::{Checked, CheckedLog, Said, Signers, What, check};
pub(crate) use folder::PackFolder;
pub(crate) use layout::{LogName, Place};
pub(crate) use make::{Pack, Relay, Source, run};
