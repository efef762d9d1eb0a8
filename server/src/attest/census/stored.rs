//! What is stored as bytes, and whether each is what it should be. Where nothing is stored, an empty
//! value stands.

use sealwire_audit::dsse::Envelope;
use sealwire_audit::leaf::Leaf;
use sealwire_audit::predicate::{Counter, Form, Stored};
use sealwire_audit::statement::Statement;
use sealwire_audit::tile::parse_bundle;
use sealwire_crypto::{OrganisationPublic, sealed_blob_len_is_valid};
use sealwire_protocol::certificate::DeviceCertificate;
use sealwire_protocol::ids::{BlobId, LogId};
use sealwire_protocol::limits::ENVELOPE;
use sealwire_protocol::log::EntryKind;
use sealwire_protocol::mls_form::{KeyPackageForm, check_entry};
use sealwire_protocol::organisation_policy::OrganisationPolicy;
use sqlx::{Row, SqliteConnection};

use super::CensusError;
use super::rows::{count, each};
use crate::group::BlobFiles;

/// Entries of groups.
pub(super) async fn entries(db: &mut SqliteConnection) -> Result<Stored, sqlx::Error> {
    let mut counter = Counter::new(Form::MlsPrivateMessage);
    let query = "SELECT e.id, e.payload, e.kind, l.log FROM entries e \
                 LEFT JOIN logs l ON l.id = e.log_id WHERE e.id >= ?1 ORDER BY e.id LIMIT ?2";
    count(db, &mut counter, query, |row, payload| {
        let kind = EntryKind::from_wire(row.try_get(2)?);
        let log: Option<&[u8]> = row.try_get(3)?;
        let log = log.and_then(|log| LogId::from_slice(log).ok());
        Ok(kind
            .zip(log)
            .is_some_and(|(kind, log)| check_entry(&log, kind, payload).is_ok()))
    })
    .await?;
    Ok(counter.finish())
}

/// Key packages of devices, last resorts among them.
pub(super) async fn key_packages(db: &mut SqliteConnection) -> Result<Stored, sqlx::Error> {
    let mut counter = Counter::new(Form::KeyPackage);
    for query in [
        "SELECT rowid, bytes FROM key_packages WHERE rowid >= ?1 ORDER BY rowid LIMIT ?2",
        "SELECT rowid, last_resort FROM key_package_state \
         WHERE rowid >= ?1 AND last_resort <> x'' ORDER BY rowid LIMIT ?2",
    ] {
        count(db, &mut counter, query, |_, bytes| {
            Ok(KeyPackageForm::parse(bytes).is_ok())
        })
        .await?;
    }
    Ok(counter.finish())
}

/// Envelopes that wait for devices.
pub(super) async fn envelopes(db: &mut SqliteConnection) -> Result<Stored, sqlx::Error> {
    let mut counter = Counter::new(Form::InboxEnvelope);
    let query = "SELECT rowid, envelope FROM inbox WHERE rowid >= ?1 ORDER BY rowid LIMIT ?2";
    count(db, &mut counter, query, |_, envelope| {
        Ok(envelope.len() == ENVELOPE)
    })
    .await?;
    Ok(counter.finish())
}

/// Certificates of devices.
pub(super) async fn certificates(db: &mut SqliteConnection) -> Result<Stored, sqlx::Error> {
    let mut counter = Counter::new(Form::Certificate);
    let query = "SELECT rowid, certificate FROM devices \
                 WHERE rowid >= ?1 AND certificate <> x'' ORDER BY rowid LIMIT ?2";
    count(db, &mut counter, query, |_, certificate| {
        Ok(DeviceCertificate::from_bytes(certificate).is_ok())
    })
    .await?;
    Ok(counter.finish())
}

/// The organisation's policy.
pub(super) async fn policies(db: &mut SqliteConnection) -> Result<Stored, sqlx::Error> {
    let key: Option<Vec<u8>> = sqlx::query_scalar("SELECT key FROM organisation")
        .fetch_optional(&mut *db)
        .await?;
    let key = key.and_then(|key| OrganisationPublic::from_bytes(&key).ok());
    let mut counter = Counter::new(Form::SignedPolicy);
    let query = "SELECT rowid, signed FROM policies WHERE rowid >= ?1 ORDER BY rowid LIMIT ?2";
    count(db, &mut counter, query, |_, signed| {
        Ok(key
            .as_ref()
            .is_some_and(|key| OrganisationPolicy::verify(signed, key).is_ok()))
    })
    .await?;
    Ok(counter.finish())
}

/// Entries of the transparency logs. A bundle that cannot be taken apart counts as one.
pub(super) async fn leaves(db: &mut SqliteConnection) -> Result<Stored, sqlx::Error> {
    let trees: Vec<i64> = sqlx::query_scalar("SELECT DISTINCT tree FROM tree_bundles")
        .fetch_all(&mut *db)
        .await?;
    let mut counter = Counter::new(Form::LogEntry);
    for tree in trees {
        let query = format!(
            "SELECT number, leaves, count FROM tree_bundles \
             WHERE tree = {tree} AND number >= ?1 ORDER BY number LIMIT ?2"
        );
        each(db, &query, |row| {
            let (bundle, width): (&[u8], i64) = (row.try_get(1)?, row.try_get(2)?);
            match parse_bundle(bundle, u16::try_from(width).unwrap_or(0)) {
                Ok(leaves) => {
                    for leaf in leaves {
                        counter.add(leaf.len() as u64, leaf, Leaf::parse(leaf).is_ok());
                    }
                }
                Err(_) => counter.add(bundle.len() as u64, bundle, false),
            }
            Ok(())
        })
        .await?;
    }
    Ok(counter.finish())
}

/// Signed statements.
pub(super) async fn statements(db: &mut SqliteConnection) -> Result<Stored, sqlx::Error> {
    let mut counter = Counter::new(Form::SignedStatement);
    let query = "SELECT rowid, signed FROM statements WHERE rowid >= ?1 ORDER BY rowid LIMIT ?2";
    count(db, &mut counter, query, |_, signed| {
        let envelope = Envelope::parse(signed);
        Ok(envelope.is_ok_and(|envelope| Statement::parse(envelope.payload()).is_ok()))
    })
    .await?;
    Ok(counter.finish())
}

/// A row of blobs.db, as far as it says what its file must be.
struct Blob {
    row: i64,
    id: Option<BlobId>,
    length: u64,
    received: u64,
}

/// Blobs of which anything is here: whole ones, and what came of others. Counted are the bytes of
/// their files.
pub(super) async fn blobs(
    db: &mut SqliteConnection,
    files: &BlobFiles,
) -> Result<Stored, CensusError> {
    let unreadable = |error| CensusError::Database(crate::group::BLOBS_DATABASE, error);
    let mut counter = Counter::new(Form::Attachment);
    let mut from = i64::MIN;
    loop {
        let some = some_blobs(db, from).await.map_err(unreadable)?;
        let Some(last) = some.last() else {
            return Ok(counter.finish());
        };
        from = last.row.saturating_add(1);
        for blob in &some {
            let found = match blob.id {
                Some(id) => files.beginning(id).await?,
                None => None,
            };
            match found {
                Some(file) => {
                    // More may have come since the row was read.
                    let fits = (blob.received..=blob.length).contains(&file.length);
                    let parsed = fits && sealed_blob_len_is_valid(blob.length);
                    counter.add(file.length, &file.bytes, parsed);
                }
                // Removed since then, or lost.
                None => {
                    if is_there(db, blob.row).await.map_err(unreadable)? {
                        counter.add(0, b"", false);
                    }
                }
            }
        }
    }
}

async fn some_blobs(db: &mut SqliteConnection, from: i64) -> Result<Vec<Blob>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT id, blob, length, received FROM blobs \
         WHERE id >= ? AND received > 0 ORDER BY id LIMIT 256",
    )
    .bind(from)
    .fetch_all(db)
    .await?;
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    rows.iter()
        .map(|row| {
            Ok(Blob {
                row: row.try_get(0)?,
                id: BlobId::from_slice(row.try_get(1)?).ok(),
                length: number(row.try_get(2)?),
                received: number(row.try_get(3)?),
            })
        })
        .collect()
}

async fn is_there(db: &mut SqliteConnection, row: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM blobs WHERE id = ? AND received > 0)")
        .bind(row)
        .fetch_one(db)
        .await
}
