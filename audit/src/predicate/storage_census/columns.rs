//! What stands in each column of the relay's tables. What it tells stands in
//! docs/metadata-ledger.md.

use super::Class::{self, AccountMetadata, Ciphertext, GroupMetadata, KeyPackage, Operational};

/// A table with its database before it, and its columns of one class.
type OfClass = (&'static str, Class, &'static [&'static str]);

const CLASSES: &[OfClass] = &[
    (
        "account.updates",
        Operational,
        &["target", "version", "number", "sha256", "size", "withdrawn"],
    ),
    (
        "account.account_bounds",
        AccountMetadata,
        &["account", "what", "day", "count"],
    ),
    (
        "account.accounts",
        AccountMetadata,
        &[
            "id",
            "handle",
            "account_key",
            "role",
            "suspended",
            "enrolled_at",
            "kind",
        ],
    ),
    (
        "account.auditors",
        Operational,
        &["name", "token_hash", "until"],
    ),
    (
        "account.devices",
        AccountMetadata,
        &[
            "number",
            "device",
            "account_id",
            "certificate",
            "revoked_at",
            "revocation",
        ],
    ),
    (
        "account.directory_keys",
        Operational,
        &["version", "key", "made_at"],
    ),
    (
        "account.erased_devices",
        AccountMetadata,
        &["device_hash", "key_hash", "erasure", "answer"],
    ),
    ("account.erasures", Operational, &["number", "said", "due"]),
    (
        "account.inbox",
        AccountMetadata,
        &["id", "device", "hash", "received_at"],
    ),
    ("account.inbox", Ciphertext, &["envelope"]),
    (
        "account.incidents",
        Operational,
        &[
            "number", "noticed", "kind", "what", "affected", "rules", "subject", "closed",
        ],
    ),
    (
        "account.incident_steps",
        Operational,
        &["number", "incident", "at", "step", "text"],
    ),
    (
        "account.invitations",
        AccountMetadata,
        &[
            "id",
            "code_hash",
            "role",
            "expires_at",
            "for_owner",
            "used_by",
            "mac",
            "enrolled",
            "kind",
        ],
    ),
    (
        "account.key_package_state",
        AccountMetadata,
        &[
            "device",
            "last_resort_used",
            "window_started",
            "taken",
            "last_resort_not_after",
        ],
    ),
    ("account.key_package_state", KeyPackage, &["last_resort"]),
    (
        "account.key_packages",
        AccountMetadata,
        &["id", "device", "not_after"],
    ),
    ("account.key_packages", KeyPackage, &["hash", "bytes"]),
    (
        "account.organisation",
        AccountMetadata,
        &["id", "name", "key"],
    ),
    ("account.policies", AccountMetadata, &["id", "signed"]),
    (
        "account.requests",
        AccountMetadata,
        &[
            "number",
            "account",
            "reference",
            "asked",
            "law",
            "received",
            "extended",
            "answered",
            "outcome",
            "statement",
            "subject",
        ],
    ),
    ("account.retention_removed", Operational, REMOVED),
    (
        "account.retention_runs",
        Operational,
        &["started", "ended", "failed"],
    ),
    // SQLite's own: the last row number of some tables.
    ("account.sqlite_sequence", Operational, &["name", "seq"]),
    (
        "account.statements",
        Operational,
        &["number", "predicate", "signed"],
    ),
    (
        "account.tree_bundles",
        Operational,
        &["tree", "number", "count", "leaves"],
    ),
    (
        "account.tree_erasures",
        AccountMetadata,
        &["handle_index", "number"],
    ),
    (
        "account.tree_events",
        AccountMetadata,
        &["tree", "number", "account", "salt_id", "event"],
    ),
    (
        "account.tree_subjects",
        AccountMetadata,
        &["account", "key"],
    ),
    (
        "account.tree_tiles",
        Operational,
        &["tree", "level", "number", "hashes"],
    ),
    (
        "account.trees",
        Operational,
        &["tree", "origin", "edge", "checkpoint"],
    ),
    (
        "blobs.blobs",
        GroupMetadata,
        &[
            "id",
            "blob",
            "read_token_hash",
            "delete_token_hash",
            "days",
            "length",
            "received",
            "state",
            "created_at",
            "touched_at",
            "expires_at",
        ],
    ),
    ("blobs.retention_removed", Operational, REMOVED),
    (
        "groups.entries",
        GroupMetadata,
        &[
            "id",
            "lane_id",
            "seq",
            "log_id",
            "entry_id",
            "kind",
            "received_at",
            "next",
        ],
    ),
    ("groups.entries", Ciphertext, &["payload"]),
    (
        "groups.lanes",
        GroupMetadata,
        &[
            "id",
            "log_id",
            "lane",
            "parent",
            "opened_by",
            "floor",
            "newest",
            "head",
            "touched_at",
        ],
    ),
    (
        "groups.logs",
        GroupMetadata,
        &["id", "log", "first_lane", "retention_days", "created_at"],
    ),
    ("groups.relay", Operational, &["id", "incarnation"]),
    ("groups.retention_removed", Operational, REMOVED),
];

const REMOVED: &[&str] = &["run", "kind", "removed", "bytes", "oldest", "newest"];

/// The class of a column; `None` if it is not known. `table` has its database before it:
/// `groups.entries`.
#[must_use]
pub fn class_of(table: &str, column: &str) -> Option<Class> {
    let found = known_columns().find(|(of, name, _)| *of == table && *name == column);
    found.map(|(_, _, class)| class)
}

/// All columns that are known: table, name and class.
pub fn known_columns() -> impl Iterator<Item = (&'static str, &'static str, Class)> {
    let columns = |(table, class, columns): &'static OfClass| {
        columns.iter().map(move |column| (*table, *column, *class))
    };
    CLASSES.iter().flat_map(columns)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_column_has_two_classes() {
        let all: Vec<_> = known_columns()
            .map(|(table, name, _)| (table, name))
            .collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(class_of("groups.entries", "payload"), Some(Ciphertext));
        assert_eq!(class_of("groups.entries", "text"), None);
    }
}
