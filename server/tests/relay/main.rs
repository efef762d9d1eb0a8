//! The relay as its clients meet it: a real process, real TLS, real files.

mod accounts;
mod backup;
mod backup_hostile;
mod blobs;
mod durability;
mod groups;
mod inbox;
mod key_packages;
mod log;
mod measure;
mod oversight;
mod planes;
mod policy;
mod process;
mod receipts;
mod registers;
mod renewal;
mod retention;
mod roles;
mod s3;
mod subscriptions;
mod support;
mod updates;
mod uploads;
mod verify;
