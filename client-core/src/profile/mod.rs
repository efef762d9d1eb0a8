//! A profile on disk: private files, one user at a time, an encrypted database and its key.

mod database;
mod files;
mod key;
mod lock;

#[cfg(test)]
mod tests;

pub(crate) use database::Database;
pub(crate) use files::{create_private_dir, read_private, write_private};
pub(crate) use key::{NAME as KEY_FILE, change_passphrase, create_key, unlock};
pub(crate) use lock::{NAME as LOCK_FILE, ProfileLock};
