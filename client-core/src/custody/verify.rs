//! Checking an archive with nothing but what lies in it.

use std::collections::BTreeSet;

use sealwire_audit::{checkpoint::Checkpoint, merkle::Edge};
use sealwire_protocol::certificate::DeviceCertificate;
use serde::Serialize;

use super::{
    Record, begin, head,
    place::{Opened, Place},
    read::Part,
    tree,
};
use crate::error::Result;

/// An archive that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Records.
    pub records: u64,
    /// Files that are there.
    pub files: u64,
    /// Files that were missing when their message was recorded.
    pub missing: u64,
    /// Who wrote it.
    pub custodian: String,
    /// Fingerprint of the custodian's account key: compare it with the organisation's.
    pub fingerprint: String,
    /// When the newest record was archived, milliseconds since the Unix epoch.
    pub newest_at: Option<u64>,
}

/// The first thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which file, and line.
    pub place: String,
    /// Why.
    pub why: String,
}

/// Checks the archive in `place`: the head is signed by a key for which a custodian's device has signed, the
/// records are those that lead to it, and each file is the one that its record names.
///
/// # Errors
/// `archive_io`, those of the store; the inner [`Broken`] at the first thing that does not hold.
pub async fn verify_archive(
    place: impl Into<Place>,
) -> Result<std::result::Result<Verified, Broken>> {
    let place = place.into();
    match walk(&place).await {
        Err(error) if error.code == "archive_broken" => Ok(Err(Broken {
            place: place.to_string(),
            why: error.message,
        })),
        walked => walked,
    }
}

async fn walk(place: &Place) -> Result<std::result::Result<Verified, Broken>> {
    let opened = place.open()?;
    let (certificate, head) = begun(&opened).await?;
    let mut walk = Walk {
        place: opened,
        edge: Edge::new(),
        seen: BTreeSet::new(),
        found: Verified {
            records: 0,
            files: 0,
            missing: 0,
            custodian: certificate.handle().to_string(),
            fingerprint: sealwire_crypto::fingerprint(certificate.account().as_bytes()),
            newest_at: None,
        },
    };
    for part in walk.place.parts().await? {
        let part = walk.place.part(&part).await?;
        if let Some(wrong) = walk.part(part).await? {
            return Ok(Err(wrong));
        }
    }
    let (size, edge) = (head.size(), walk.edge);
    if edge.size() != size || edge.root() != *head.root() {
        return Ok(Err(Broken {
            place: super::CHECKPOINT.into(),
            why: format!(
                "the {} records do not lead to the signed head of {size}: one was changed, moved, put in or \
                 taken out",
                edge.size()
            ),
        }));
    }
    Ok(Ok(walk.found))
}

async fn begun(place: &Opened) -> Result<(DeviceCertificate, Checkpoint)> {
    let (key, certificate) = begin::read(place).await?.check()?;
    let head = head::parse(&place.head().await?, &key)?;
    Ok((certificate, head))
}

/// What was seen of an archive so far.
struct Walk {
    place: Opened,
    edge: Edge,
    seen: BTreeSet<String>,
    found: Verified,
}

impl Walk {
    /// Checks records that lie together; answers what does not hold.
    async fn part(&mut self, mut part: Part) -> Result<Option<Broken>> {
        if let Some(first) = part.first
            && first != self.edge.size()
        {
            return Ok(Some(Broken {
                why: format!("stands where record {} has to follow", self.edge.size()),
                place: part.name,
            }));
        }
        let mut number = 0;
        while let Some(line) = part.next()? {
            number += 1;
            if let Some(why) = self.record(&line).await? {
                return Ok(Some(Broken {
                    place: format!("{}:{number}", part.name),
                    why,
                }));
            }
        }
        Ok(part.is_torn().then(|| Broken {
            place: part.name,
            why: "ends within a record".into(),
        }))
    }

    /// Checks one record and counts it; answers what does not hold.
    async fn record(&mut self, line: &[u8]) -> Result<Option<String>> {
        let Ok(record) = serde_json::from_slice::<Record>(line) else {
            return Ok(Some("is no record".into()));
        };
        let expected = self.edge.size();
        if record.number != expected {
            return Ok(Some(format!(
                "is record {} where {expected} has to stand",
                record.number
            )));
        }
        tree::push(&mut self.edge, line)?;
        self.found.records += 1;
        self.found.newest_at = Some(record.archived_at);
        for file in record.files {
            if file.sha256.is_empty() {
                self.found.missing += 1;
            } else if self.seen.insert(file.sha256.clone()) {
                self.found.files += 1;
                if !self.place.has_file(&file.sha256).await? {
                    return Ok(Some(format!(
                        "names the file {}, which is not there or is another",
                        file.sha256
                    )));
                }
            }
        }
        Ok(None)
    }
}
