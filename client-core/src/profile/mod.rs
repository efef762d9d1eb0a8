//! A profile on disk: private files, one user at a time, an encrypted database and its key.

mod database;
mod files;
mod key;
mod lock;

#[cfg(test)]
mod tests;

pub(crate) use database::Database;
pub(crate) use files::create_private_dir;
pub(crate) use key::{change_passphrase, create_key, unlock};
pub(crate) use lock::ProfileLock;
