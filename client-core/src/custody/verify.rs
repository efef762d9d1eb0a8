//! Checking an archive with nothing but its folder.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::Path,
};

use data_encoding::HEXLOWER;
use sealwire_audit::{checkpoint::Checkpoint, merkle::Edge};
use sealwire_crypto::Sha256Stream;
use sealwire_protocol::certificate::DeviceCertificate;
use serde::Serialize;

use super::{FILES, RECORDS, begin, folder, writing};
use crate::error::{CoreError, Result};

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

/// Checks the archive in `dir`: the head is signed by a key for which a custodian's device has signed, the
/// records are those that lead to it, and each file is the one that its record names.
///
/// # Errors
/// `archive_io`; the inner [`Broken`] at the first thing that does not hold.
pub fn verify_archive(dir: &Path) -> Result<std::result::Result<Verified, Broken>> {
    let (certificate, head) = match opened(dir) {
        Ok(opened) => opened,
        Err(error) if error.code == "archive_io" => return Err(error),
        Err(error) => return Ok(Err(broken(dir, &error))),
    };
    let mut found = Verified {
        records: 0,
        files: 0,
        missing: 0,
        custodian: certificate.handle().to_string(),
        fingerprint: sealwire_crypto::fingerprint(certificate.account().as_bytes()),
        newest_at: None,
    };
    let mut edge = Edge::new();
    let mut seen = BTreeSet::new();
    let mut wrong = None;
    for day in folder::days(dir)? {
        let path = folder::day_path(dir, &day);
        let mut read = 0;
        let len = folder::each_line(&path, &mut |line, bytes| {
            read += bytes.len() as u64 + 1;
            let why = record(dir, bytes, &mut edge, &mut found, &mut seen)?;
            wrong = why.map(|why| Broken {
                place: format!("{RECORDS}/{day}.jsonl:{line}"),
                why,
            });
            Ok(wrong.is_none())
        })?;
        if wrong.is_none() && read != len {
            wrong = Some(Broken {
                place: format!("{RECORDS}/{day}.jsonl"),
                why: "ends within a record".into(),
            });
        }
        if let Some(wrong) = wrong {
            return Ok(Err(wrong));
        }
    }
    if edge.size() != head.size() || edge.root() != *head.root() {
        return Ok(Err(Broken {
            place: super::CHECKPOINT.into(),
            why: format!(
                "the {} records do not lead to the signed head of {}: one was changed, moved, put in or \
                 taken out",
                edge.size(),
                head.size()
            ),
        }));
    }
    Ok(Ok(found))
}

fn opened(dir: &Path) -> Result<(DeviceCertificate, Checkpoint)> {
    let (key, certificate) = begin::read(dir)?.check()?;
    let head = folder::head(dir, &key)?;
    Ok((certificate, head))
}

fn broken(dir: &Path, error: &CoreError) -> Broken {
    Broken {
        place: dir.display().to_string(),
        why: error.message.clone(),
    }
}

/// Checks one record and counts it; answers what does not hold.
fn record(
    dir: &Path,
    line: &[u8],
    edge: &mut Edge,
    found: &mut Verified,
    seen: &mut BTreeSet<String>,
) -> Result<Option<String>> {
    let Ok(record) = serde_json::from_slice::<super::Record>(line) else {
        return Ok(Some("is no record".into()));
    };
    if record.number != edge.size() {
        return Ok(Some(format!(
            "is record {} where {} has to stand",
            record.number,
            edge.size()
        )));
    }
    folder::push(edge, line)?;
    found.records += 1;
    found.newest_at = Some(record.archived_at);
    for file in &record.files {
        if file.sha256.is_empty() {
            found.missing += 1;
        } else if seen.insert(file.sha256.clone()) {
            found.files += 1;
            if !is_there(dir, &file.sha256)? {
                return Ok(Some(format!(
                    "names the file {}, which is not there or is another",
                    file.sha256
                )));
            }
        }
    }
    Ok(None)
}

/// Whether the file of this hash is there and has it.
fn is_there(dir: &Path, sha256: &str) -> Result<bool> {
    if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(false);
    }
    let path = dir.join(FILES).join(sha256);
    let plain = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
    if !plain {
        return Ok(false);
    }
    let failed = |error: io::Error| writing(&path, &error);
    let mut file = File::open(&path).map_err(failed)?;
    let mut hash = Sha256Stream::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match io::Read::read(&mut file, &mut buffer).map_err(failed)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    Ok(HEXLOWER.encode(&hash.finish()) == sha256)
}
