//! A conversation as a folder of ordinary files, for people and programs that have no Sealwire.
//!
//! `source` reads the history page by page, so a long one takes no more memory than a short one;
//! `entry` is what all forms are made of; `json`, `html` and `markdown` print it; `folder`
//! gives the result its name only when all of it is there. What is exported is what this device
//! shows: messages whose time is over are not in it, those of blocked people are and say so.

mod api;
mod entry;
mod folder;
mod form;
mod html;
mod json;
mod markdown;
mod nodes;
mod run;
mod source;
mod times;
mod visible;

pub use api::{ExportFormat, ExportInfo, ExportOptions};
pub(crate) use entry::SCHEMA;

#[cfg(test)]
mod tests;
