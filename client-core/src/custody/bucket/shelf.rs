//! The archive in a bucket, as its custodian writes it.

use std::path::Path;

use data_encoding::HEXLOWER;
use sealwire_audit::{merkle::Edge, note::SignerKey};

use super::{Bucket, Lock, batch_name, head_name, store::Content};
use crate::{
    custody::{FILES, broken, head, record::Record, tree},
    error::{CoreError, Result},
};

/// An archive that is written.
pub(in crate::custody) struct Shelf {
    bucket: Bucket,
    key: SignerKey,
    lock: Lock,
    edge: Edge,
    /// Device and journal number of the newest record that this run has seen.
    last: Option<(String, u64)>,
    /// What is behind the signed head is not known: a batch may have been written and not signed.
    unsure: bool,
    /// The store has said of something that this run wrote that it is locked.
    locked: bool,
}

impl Shelf {
    /// Opens the archive whose tree had this edge when it was last written. What came after it has to lead
    /// to the signed head; what stands behind the head counts for nothing.
    ///
    /// # Errors
    /// `archive_broken`; those of the store.
    pub(in crate::custody) async fn open(
        bucket: Bucket,
        key: SignerKey,
        lock: Lock,
        edge: Edge,
    ) -> Result<Self> {
        let mut shelf = Self {
            bucket,
            key,
            lock,
            edge,
            last: None,
            unsure: true,
            locked: false,
        };
        shelf.reload().await?;
        Ok(shelf)
    }

    /// Reads what was added; to be called after writing failed, since nobody knows then how far it came.
    ///
    /// # Errors
    /// As [`Shelf::open`]; it can be called again.
    pub(in crate::custody) async fn reload(&mut self) -> Result<()> {
        self.unsure = true;
        let newest = self.bucket.newest_head().await?;
        let (size, note) = newest.ok_or_else(|| broken("it has no signed head"))?;
        let signed = head::parse(&note, self.key.verifier())?;
        if signed.size() != size || size < self.edge.size() {
            return Err(broken(format!(
                "its newest head is of {size} records, and {} were written",
                self.edge.size()
            )));
        }
        let (mut edge, mut last) = (self.edge.clone(), self.last.clone());
        while edge.size() < size {
            let first = edge.size();
            let bytes = self.bucket.batch(first).await?;
            let bytes = bytes.ok_or_else(|| broken(format!("{} is gone", batch_name(first))))?;
            for line in tree::whole_lines(&bytes) {
                let record: Record = serde_json::from_slice(line)
                    .map_err(|_| broken(format!("{} holds no records", batch_name(first))))?;
                tree::push(&mut edge, line)?;
                last = Some((record.device, record.journal));
            }
            if edge.size() == first {
                return Err(broken(format!("{} is empty", batch_name(first))));
            }
        }
        if edge.size() != size || edge.root() != *signed.root() {
            return Err(broken("its records do not lead to its signed head"));
        }
        (self.edge, self.last) = (edge, last);
        Ok(())
    }

    pub(in crate::custody) const fn edge(&self) -> &Edge {
        &self.edge
    }

    pub(in crate::custody) fn last(&self) -> Option<(&str, u64)> {
        self.last
            .as_ref()
            .map(|(device, number)| (device.as_str(), *number))
    }

    /// Writes records behind the others; answers how many. When it returns they are durable, locked, and
    /// the head is signed anew.
    ///
    /// # Errors
    /// Those of the store: then [`Shelf::reload`] it before anything else.
    pub(in crate::custody) async fn append(&mut self, mut records: Vec<Record>) -> Result<u64> {
        let first = self.edge.size();
        let mut edge = self.edge.clone();
        let bytes = tree::add(&mut edge, &mut records)?;
        let there = match self.unsure {
            true => self.bucket.batch(first).await?,
            false => None,
        };
        let written =
            there.and_then(|there| begin_of(&records, &there).map(|count| (there, count)));
        let count = match written {
            // What was written and not signed is what would be written now. It is not written again: a
            // head over it may be on its way, and there must not be two.
            Some((there, count)) => {
                edge = self.edge.clone();
                for line in tree::whole_lines(&there) {
                    tree::push(&mut edge, line)?;
                }
                count
            }
            None => {
                let name = batch_name(first);
                self.bucket
                    .put(&name, &Content::Bytes(&bytes), self.lock)
                    .await?;
                if !self.locked {
                    self.bucket.check_locked(&name, self.lock).await?;
                    self.locked = true;
                }
                records.len()
            }
        };
        let note = tree::sign(&self.key, &edge)?;
        let name = head_name(edge.size());
        self.bucket
            .put(&name, &Content::Bytes(note.as_bytes()), self.lock)
            .await?;
        self.last = records
            .get(count - 1)
            .map(|record| (record.device.clone(), record.journal));
        self.edge = edge;
        self.unsure = false;
        Ok(count as u64)
    }

    /// Brings a file of this hash into the archive.
    ///
    /// # Errors
    /// Those of the store.
    pub(in crate::custody) async fn keep(&self, from: &Path, len: u64, sha256: &str) -> Result<()> {
        let sum = HEXLOWER
            .decode(sha256.as_bytes())
            .ok()
            .and_then(|sum| sum.try_into().ok())
            .ok_or_else(|| CoreError::internal("not a SHA-256"))?;
        let content = Content::File(from, len, sum);
        let name = format!("{FILES}/{sha256}");
        self.bucket.put(&name, &content, self.lock).await
    }
}

/// How many records a batch holds, if these are what `records` begin with, but for the moment of archiving.
fn begin_of(records: &[Record], batch: &[u8]) -> Option<usize> {
    let mut count = 0;
    for line in tree::whole_lines(batch) {
        let mut there: Record = serde_json::from_slice(line).ok()?;
        let ours = records.get(count)?;
        if there.archived_at > ours.archived_at {
            return None;
        }
        there.archived_at = ours.archived_at;
        if there != *ours {
            return None;
        }
        count += 1;
    }
    (count > 0 && batch.ends_with(b"\n")).then_some(count)
}
