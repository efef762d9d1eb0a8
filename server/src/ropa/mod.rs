//! The record of processing activities (GDPR Art. 30): what is processed comes from the relay's tables,
//! the metadata ledger and the settings in force, why it is from `[processing]`.

mod ledger;
mod page;

use std::collections::BTreeMap;

use sealwire_audit::predicate::{DataCategory, Ropa, Time, known_columns};
use serde::{Deserialize, Serialize};

pub(crate) use self::page::{html, markdown};
use crate::account::RECEIPT_DAYS;
use crate::config::Config;
use crate::tally;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Commits stay so long, whatever the settings say of messages.
const COMMIT_DAYS: u64 = 30;
/// Lanes stay so long after their last entry.
const LANE_DAYS: u64 = 400;
/// What the ledger says once of all of them.
const ROW_NUMBER: &str = "row number: the order in which things were stored";

/// A record for people and for the statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// What the statement says.
    pub(crate) said: Ropa,
    /// What each field tells, in the order of the categories.
    pub(crate) fields: Vec<Told>,
    /// Options that are not set and without which the record is not whole.
    pub(crate) missing: Vec<String>,
}

/// What one field tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) category: String,
    pub(crate) field: String,
    pub(crate) tells: String,
}

impl Record {
    /// The record of a relay with these settings.
    pub(crate) fn of(config: &Config, generated: Time) -> Self {
        let processing = &config.processing;
        let fields = fields();
        let mut categories: Vec<DataCategory> = Vec::new();
        for told in &fields {
            match categories.last_mut() {
                Some(last) if last.name == told.category => last.fields.push(told.field.clone()),
                _ => categories.push(DataCategory {
                    fields: vec![told.field.clone()],
                    retention_days: days(&told.category, config),
                    legal_basis: processing.legal_basis.clone(),
                    recipients: recipients(&told.category, config),
                    location: location(&told.category, config),
                    name: told.category.clone(),
                }),
            }
        }
        let officer = processing.data_protection_officer.clone();
        Self {
            said: Ropa {
                controller: processing.controller.clone(),
                contact: processing.contact.clone(),
                data_protection_officer: Some(officer).filter(|officer| !officer.is_empty()),
                purposes: processing.purposes.clone(),
                data_subjects: processing.data_subjects.clone(),
                transfers: processing.transfers.clone(),
                categories,
                security_measures: measures(config),
                generated,
            },
            fields,
            missing: processing.missing().into_iter().map(Into::into).collect(),
        }
    }
}

/// Every column of every table, and what lies in files and in memory.
fn fields() -> Vec<Told> {
    let rows = ledger::rows();
    let mut tells: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.table.is_empty()) {
        for field in &row.fields {
            // A table of the same form in several files is described once.
            tells.entry((&row.table, field)).or_insert(&row.tells);
        }
    }
    let stored = known_columns().map(|(category, field, _)| {
        let table = category
            .split_once('.')
            .map_or(category, |(_, table)| table);
        let told = tells.get(&(table, field)).copied();
        Told {
            category: category.to_owned(),
            field: field.to_owned(),
            tells: told.unwrap_or(ROW_NUMBER).to_owned(),
        }
    });
    let mut all: Vec<Told> = stored.collect();
    // Columns of one table may stand in several places, by their class.
    all.sort_by(|a, b| a.category.cmp(&b.category));
    for row in rows.iter().filter(|row| row.table.is_empty()) {
        all.extend(row.fields.iter().map(|field| Told {
            category: row.section.clone(),
            field: field.clone(),
            tells: row.tells.clone(),
        }));
    }
    all
}

/// After how many days a category goes; `None` if it stays until somebody removes it, or goes by rules
/// that the ledger tells.
fn days(category: &str, config: &Config) -> Option<u64> {
    let retention = &config.retention;
    match category {
        "account.inbox" => Some(retention.envelope_days.into()),
        "account.invitations" => Some(retention.invitation_days.into()),
        "account.erased_devices" | "account.erasures" => Some(RECEIPT_DAYS),
        "account.retention_removed"
        | "account.retention_runs"
        | "blobs.retention_removed"
        | "groups.retention_removed" => Some(tally::KEPT_MS / DAY_MS),
        "blobs.blobs" => Some(retention.blob_days.into()),
        "groups.entries" => Some(u64::from(retention.message_days).max(COMMIT_DAYS)),
        "groups.lanes" => Some(LANE_DAYS),
        // Addresses; the longest of what the ledger says.
        "memory" => Some(1),
        _ => None,
    }
}

fn recipients(category: &str, config: &Config) -> Vec<String> {
    let mut all = config.processing.recipients.clone();
    let known: &[&str] = match category {
        "account.accounts"
        | "account.devices"
        | "account.organisation"
        | "account.policies"
        | "account.directory_keys" => &["members of the organisation"],
        "account.key_packages" => &["whoever adds the device to a group"],
        "account.inbox" => &["the device that it is for"],
        "account.updates" => &["anybody who reaches the relay"],
        "account.statements" => &["auditors whom the operator let in"],
        "account.trees" | "account.tree_bundles" | "account.tree_tiles" => {
            &["anybody who reaches the relay: hashes, commitments and pseudonyms"]
        }
        "groups.entries" => &["devices of the group's members"],
        "blobs.blobs" => &["whoever was sent the blob's number and token"],
        _ => &[],
    };
    all.extend(known.iter().map(|one| (*one).to_owned()));
    if category == "blobs.blobs" && !config.s3.bucket.is_empty() {
        all.push("the operator of the S3 store".to_owned());
    }
    if category == "account.trees" && !config.transparency.witnesses.is_empty() {
        all.push("witnesses: size and root of each log".to_owned());
    }
    all
}

fn location(category: &str, config: &Config) -> String {
    let s3 = &config.s3;
    let here = config.processing.location.clone();
    if category != "blobs.blobs" || s3.bucket.is_empty() {
        return here;
    }
    let host = if s3.endpoint.is_empty() {
        "AWS"
    } else {
        &s3.endpoint
    };
    format!(
        "{here}; files in the bucket {} of {host}, region {}",
        s3.bucket, s3.region
    )
}

fn measures(config: &Config) -> Vec<String> {
    let transparency = &config.transparency;
    let mut all = vec![
        "content is encrypted from device to device with MLS (RFC 9420); the relay has no key to it".to_owned(),
        "TLS 1.3 to the relay".to_owned(),
        "groups and accounts share no table, connection or session".to_owned(),
        "deleted rows are overwritten; the data folder can be read by the relay's user alone".to_owned(),
        "the relay's log names no handle, device, group, key or address".to_owned(),
        format!(
            "transparency logs of the directory and of what the relay did; {} witnesses, of whom {} \
             have to cosign",
            transparency.witnesses.len(),
            transparency.quorum
        ),
        format!("backups are deleted after {} days at the latest", config.backup.keep_days),
    ];
    all.extend(config.processing.security_measures.iter().cloned());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record::of(&Config::default(), Time::from_millis(0).expect("a time"))
    }

    /// That the known columns are those of the schema holds a test of the census.
    #[test]
    fn every_column_of_the_schema_is_in_the_record_with_what_it_tells() {
        let record = record();
        for (table, column, _) in known_columns() {
            let category = record.said.categories.iter().find(|one| one.name == table);
            let category = category.unwrap_or_else(|| panic!("{table} is missing"));
            assert!(
                category.fields.iter().any(|field| field == column),
                "{table}.{column}"
            );
            let told = record
                .fields
                .iter()
                .find(|told| told.category == table && told.field == column);
            let told = &told.expect("told").tells;
            assert!(
                !told.is_empty() && (told != ROW_NUMBER || column == "id"),
                "{table}.{column}: {told}"
            );
        }
        let has = |category: &str, field: &str| {
            let mut fields = record.fields.iter();
            fields.any(|told| told.category == category && told.field.contains(field))
        };
        assert!(has("memory", "network address") && has("files", "attestations.key"));
    }

    #[test]
    fn what_is_not_set_is_told_by_name() {
        let record = record();
        assert_eq!(record.missing.len(), 6, "{:?}", record.missing);
        assert!(record.missing.contains(&"processing.contact".to_owned()));
        let mut config = Config::default();
        config.processing.contact = "privacy@acme.example".into();
        config.s3.bucket = "files".into();
        let record = Record::of(&config, record.said.generated);
        assert_eq!(record.missing.len(), 5);
        let blobs = record
            .said
            .categories
            .iter()
            .find(|one| one.name == "blobs.blobs");
        let blobs = blobs.expect("blobs");
        assert!(
            blobs.location.contains("bucket files of AWS"),
            "{}",
            blobs.location
        );
        assert_eq!(blobs.retention_days, Some(30));
    }
}
