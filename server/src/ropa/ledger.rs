//! The metadata ledger (docs/metadata-ledger.md), read for the record of processing: what each field
//! tells. The page is part of the program, so both say the same.

const PAGE: &str = include_str!("../../../docs/metadata-ledger.md");

/// A row of the ledger.
pub(super) struct Row {
    /// The file or kind of store, like `account.db`; `files` and `memory` for what lies in none.
    pub(super) section: String,
    /// The table; empty if the section has none.
    pub(super) table: String,
    pub(super) fields: Vec<String>,
    pub(super) tells: String,
}

/// All rows about what is stored or held in memory.
pub(super) fn rows() -> Vec<Row> {
    let (mut rows, mut section, mut table) = (Vec::new(), None, String::new());
    for line in PAGE.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = name(title);
            table.clear();
            continue;
        }
        let Some(section) = &section else { continue };
        let Some(cells) = cells(line) else { continue };
        match *cells.as_slice() {
            [first, fields, tells] => {
                if let Some(name) = words(first).into_iter().next() {
                    table = name;
                }
                rows.push(Row {
                    section: section.clone(),
                    table: table.clone(),
                    fields: words(fields),
                    tells: tells.to_owned(),
                });
            }
            [what, tells] => rows.push(Row {
                section: section.clone(),
                table: String::new(),
                fields: Some(words(what))
                    .filter(|_| section == "files")
                    .unwrap_or_else(|| vec![what.to_owned()]),
                tells: tells.to_owned(),
            }),
            _ => {}
        }
    }
    rows
}

/// Which store a section is about; `None` if about none.
fn name(title: &str) -> Option<String> {
    match title {
        "Stored: files" => Some("files".to_owned()),
        "In memory only" => Some("memory".to_owned()),
        _ => {
            let file = title.strip_prefix("Stored: `")?.strip_suffix('`')?;
            Some(file.to_owned())
        }
    }
}

/// The cells of a row, if the line is one and not the head of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.strip_prefix('|')?.trim_end().strip_suffix('|')?;
    let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
    let last = *cells.last()?;
    let head = last.starts_with("--") || ["what it tells", "for how long"].contains(&last);
    (!head).then_some(cells)
}

/// What stands between backticks.
fn words(cell: &str) -> Vec<String> {
    let words = cell.split('`').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}
