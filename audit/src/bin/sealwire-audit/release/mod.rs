//! Releases as a folder: programs, their bills of materials, and what the release key says of both.

mod check;
mod folder;
mod sign;

pub(crate) use check::{Checked, check};
pub(crate) use folder::ReleaseFolder;
pub(crate) use sign::{Release, run};
