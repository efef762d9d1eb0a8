//! An archive in a bucket of an S3-compatible store with object lock. Every object is written once under its
//! name and locked until a date, so nobody can change or remove it before, whoever holds the keys:
//!
//! * `archive.json`, as in a folder;
//! * `records/FIRST.jsonl`, one batch of records, by the number of the first;
//! * `files/SHA-256`;
//! * `checkpoints/SIZE`, the signed head after each batch; the largest counts.
//!
//! Locking an object needs versions, and with versions a name can be written again: what was there stays,
//! locked, as an older version.

mod lock;
mod shelf;
mod store;

pub use self::lock::{Lock, LockMode};
pub(super) use self::shelf::Shelf;
pub(super) use self::store::Bucket;
use self::store::Content;

use super::{CHECKPOINTS, RECORDS, broken};
use crate::error::Result;

/// Digits of a number in a name, so that names stand in the order of numbers.
const DIGITS: usize = 10;
/// Largest object of records that is read: a batch of the longest lines, and more.
const LARGEST: u64 = 512 * 1024 * 1024;

pub(super) fn batch_name(first: u64) -> String {
    format!("{RECORDS}/{first:0DIGITS$}.jsonl")
}

fn head_name(size: u64) -> String {
    format!("{CHECKPOINTS}/{size:0DIGITS$}")
}

fn number(text: &str) -> Option<u64> {
    let plain = text.len() >= DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

impl Bucket {
    /// Begins an archive: `archive.json` last, since by it the archive counts as begun.
    pub(super) async fn begin(
        &self,
        empty: &[u8],
        (name, json): (&str, &[u8]),
        lock: Lock,
    ) -> Result<()> {
        let head = head_name(0);
        self.put(&head, &Content::Bytes(empty), lock).await?;
        self.check_locked(&head, lock).await?;
        self.put(name, &Content::Bytes(json), lock).await
    }

    /// The size and bytes of the newest signed head; `None` if there is none.
    pub(super) async fn newest_head(&self) -> Result<Option<(u64, Vec<u8>)>> {
        let mut newest = None;
        for name in self.list(CHECKPOINTS).await? {
            let size = number(&name)
                .ok_or_else(|| broken(format!("{CHECKPOINTS}/{name} is none of its heads")))?;
            newest = newest.max(Some(size));
        }
        let Some(size) = newest else {
            return Ok(None);
        };
        let bytes = self.get(&head_name(size)).await?;
        Ok(bytes.map(|bytes| (size, bytes)))
    }

    /// The numbers with which batches of records begin, in order.
    pub(super) async fn batches(&self) -> Result<Vec<u64>> {
        let mut all = Vec::new();
        for name in self.list(RECORDS).await? {
            let first = name.strip_suffix(".jsonl").and_then(number);
            let wrong = || broken(format!("{RECORDS}/{name} is none of its batches"));
            all.push(first.ok_or_else(wrong)?);
        }
        all.sort_unstable();
        Ok(all)
    }

    /// A batch of records.
    pub(super) async fn batch(&self, first: u64) -> Result<Option<Vec<u8>>> {
        self.get(&batch_name(first)).await
    }
}
