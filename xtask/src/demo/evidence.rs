//! What the relay holds, read from its database files by Debian's `sqlite3`: nobody has to take
//! our own code's word for it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::failure::Failure;
use crate::stop;

const ENTRIES: &str = "\
    SELECT lower(hex(substr(l.log, 1, 4))) AS log, e.seq, e.kind, \
      length(e.payload) AS size, lower(hex(substr(e.payload, 1, 4))) AS first, \
      lower(hex(substr(e.payload, -12))) AS last \
    FROM entries e JOIN logs l ON l.id = e.log_id ORDER BY e.id";

const ACCOUNTS: &str = "\
    SELECT a.handle, a.role, lower(hex(substr(d.device, 1, 4))) AS device, \
      (SELECT count(*) FROM inbox i WHERE i.device = d.device) AS inbox, \
      (SELECT count(*) FROM key_packages k WHERE k.device = d.device) AS packages \
    FROM accounts a JOIN devices d ON d.account_id = a.id ORDER BY d.number";

/// Rows of the relay's databases as lines.
pub(super) struct Evidence {
    /// Entries of group logs.
    pub(super) entries: Vec<String>,
    /// Accounts, their devices and inboxes.
    pub(super) accounts: Vec<String>,
}

impl Evidence {
    /// Reads the databases of a relay.
    pub(super) fn gather(data: &Path) -> Result<Self, Failure> {
        let entries = query(&data.join("groups.db"), ENTRIES)?;
        let accounts = query(&data.join("account.db"), ACCOUNTS)?;
        Self::from_json(&entries, &accounts)
    }

    /// From what `sqlite3 -json` prints for the two queries.
    pub(super) fn from_json(entries: &str, accounts: &str) -> Result<Self, Failure> {
        Ok(Self {
            entries: rows(entries)?.iter().flat_map(entry).collect(),
            accounts: rows(accounts)?.iter().flat_map(account).collect(),
        })
    }
}

fn query(database: &Path, sql: &str) -> Result<String, Failure> {
    let output = stop::output(
        Command::new("sqlite3")
            .args(["-readonly", "-json"])
            .arg(database)
            .arg(sql),
    )?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::new(
        format!(
            "sqlite3 cannot read the relay's database: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ),
        "sqlite3 3.37 or newer is needed",
    ))
}

fn rows(json: &str) -> Result<Vec<Value>, Failure> {
    // For no rows it prints nothing at all.
    if json.trim().is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(json)
        .map_err(|_| Failure::new("sqlite3 did not answer in JSON", "report this as a bug"))
}

fn entry(row: &Value) -> [String; 2] {
    let kind = if row["kind"] == 1 {
        "commit"
    } else {
        "message"
    };
    [
        format!(
            "log {}… seq {} {kind} {} B",
            word(row, "log"),
            row["seq"],
            row["size"]
        ),
        format!("  {}…{}", word(row, "first"), word(row, "last")),
    ]
}

fn account(row: &Value) -> [String; 2] {
    [
        format!("{} {}", word(row, "handle"), word(row, "role")),
        format!(
            "  {}… inbox {} key packages {}",
            word(row, "device"),
            row["inbox"],
            row["packages"]
        ),
    ]
}

fn word<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build;

    /// The relay's schema lives in another crate, which this one must not import.
    #[test]
    fn the_queries_fit_the_relays_tables() {
        let folder = tempfile::tempdir().unwrap();
        let root = build::root().unwrap();
        for (schema, sql) in [
            ("group/schema.sql", ENTRIES),
            ("account/schema/0001_start.sql", ACCOUNTS),
        ] {
            let schema = root.join("server/src").join(schema);
            let database = folder.path().join("database");
            let read = format!(".read {}", schema.display());
            let made = Command::new("sqlite3")
                .arg(&database)
                .arg(read)
                .status()
                .unwrap();
            assert!(made.success());
            assert_eq!(query(&database, sql).unwrap(), "");
            std::fs::remove_file(database).unwrap();
        }
    }

    #[test]
    fn a_row_is_two_short_lines() {
        let evidence = Evidence::from_json(
            r#"[{"log":"5f3a91c2","seq":2,"kind":1,"size":2126,"first":"00010002","last":"00ff"}]"#,
            "",
        )
        .unwrap();
        assert_eq!(
            evidence.entries,
            ["log 5f3a91c2… seq 2 commit 2126 B", "  00010002…00ff"]
        );
        assert!(evidence.accounts.is_empty());
    }
}
