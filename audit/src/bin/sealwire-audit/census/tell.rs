//! A census for people and for programs.

use serde::Serialize;
use serde_json::{Value, json};

use super::Counted;
use super::compare::not_read;

pub(super) fn lines(counted: &Counted) -> String {
    let mut lines = String::new();
    for (path, name, tables) in &counted.databases {
        lines += &format!("{}: {name}\n", path.display());
        for table in tables {
            let columns: Vec<&str> = table
                .columns
                .iter()
                .map(|(name, _)| name.as_str())
                .collect();
            let (table, rows) = (&table.table, table.rows);
            lines += &format!("  {table}, {rows} rows: {}\n", columns.join(", "));
        }
    }
    for column in counted.unknown() {
        lines += &format!("not known: the column {}\n", column.escape_debug());
    }
    for one in &counted.read {
        let stored = &one.stored;
        let (form, count, unparsed) = (word(&stored.form), stored.count, stored.unparsed);
        lines += &format!("read: {count} {form}, {unparsed} of them are not what they should be\n");
        for row in &one.unread {
            lines += &format!("  not a {form}: {row}\n");
        }
    }
    lines += &format!("not read by this program: {}\n", not_read().join(", "));
    if let Some(differences) = &counted.differences {
        for difference in differences {
            lines += &format!("differs: {difference}\n");
        }
        if differences.is_empty() {
            lines += "the relay's own census says the same\n";
        }
        if !counted.signer_checked {
            lines += "not checked without --signer: who has signed that census\n";
        }
    }
    lines.trim_end().to_owned()
}

pub(super) fn value(counted: &Counted) -> Value {
    let databases = counted.databases.iter().map(|(path, name, tables)| {
        let tables = tables.iter().map(|table| {
            let columns = table.columns.iter();
            let columns: Vec<Value> = columns
                .map(|(name, class)| json!({"name": name, "class": class}))
                .collect();
            json!({"table": table.table, "rows": table.rows, "columns": columns})
        });
        let tables: Vec<Value> = tables.collect();
        json!({"file": path.to_string_lossy(), "name": name, "tables": tables})
    });
    let read = counted.read.iter();
    let unread: Vec<&String> = read.clone().flat_map(|one| &one.unread).collect();
    json!({
        "databases": databases.collect::<Vec<_>>(),
        "unknown_columns": counted.unknown(),
        "stored": read.map(|one| &one.stored).collect::<Vec<_>>(),
        "unparsed": counted.unparsed(),
        "unparsed_rows": unread,
        "not_read": not_read(),
        "differences": counted.differences,
        "signer_checked": counted.signer_checked,
    })
}

/// The word by which JSON calls a form or class.
pub(super) fn word<T: Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
