//! The rules of the house, held to the code: who may import whom (docs/architecture.md), how
//! long a file may be, what every crate begins with, and that the ledger of metadata
//! (docs/metadata-ledger.md) is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::build;

/// Which of our crates each of our crates may import, also in its tests. The same table stands
/// in docs/architecture.md.
const IMPORTS: &[(&str, &[&str])] = &[
    ("sealwire-crypto", &[]),
    ("sealwire-protocol", &["sealwire-crypto"]),
    ("sealwire-audit", &["sealwire-crypto"]),
    (
        "sealwire-relay",
        &["sealwire-protocol", "sealwire-audit", "sealwire-crypto"],
    ),
    (
        "sealwire-core",
        &["sealwire-protocol", "sealwire-audit", "sealwire-crypto"],
    ),
    ("sealwire", &["sealwire-core"]),
    (
        "sealwire-desktop-host",
        &["sealwire-core", "sealwire-tests"],
    ),
    ("sealwire-desktop-bridge", &["sealwire-desktop-host"]),
    ("sealwire-desktop", &["sealwire-desktop-host"]),
    (
        "sealwire-tests",
        &[
            "sealwire-core",
            "sealwire-protocol",
            "sealwire-audit",
            "sealwire-crypto",
        ],
    ),
    ("xtask", &[]),
];

/// Most lines of a source file.
const LONGEST_FILE: usize = 500;

fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let own = |(name, imports): &(&str, &[&str])| {
        let imports = imports.iter().map(|import| (*import).to_owned()).collect();
        ((*name).to_owned(), imports)
    };
    IMPORTS.iter().map(own).collect()
}

/// The workspace as cargo sees it: each crate's manifest and what it imports of the others.
fn metadata() -> Vec<(String, PathBuf, BTreeSet<String>)> {
    let output = build::cargo()
        .unwrap()
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let own: BTreeSet<String> = packages.iter().map(name).collect();
    packages
        .iter()
        .map(|package| {
            let imports = package["dependencies"].as_array().unwrap();
            let imports = imports
                .iter()
                .map(name)
                .filter(|import| own.contains(import) && *import != name(package))
                .collect();
            let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
            (name(package), manifest, imports)
        })
        .collect()
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn imports_run_one_way() {
    let allowed = allowed();
    for (name, _, imports) in metadata() {
        let table = allowed.get(&name);
        let table = table.unwrap_or_else(|| panic!("{name} is missing in the table of imports"));
        let wrong: Vec<_> = imports.difference(table).collect();
        assert!(
            wrong.is_empty(),
            "{name} must not import {wrong:?}; see docs/architecture.md"
        );
    }
}

#[test]
fn the_page_shows_the_same_table() {
    let page = fs::read_to_string(build::root().unwrap().join("docs/architecture.md")).unwrap();
    let mut table = BTreeMap::new();
    for line in page.lines() {
        // | `crate` | imports `a`, `b` |
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (Some(name), Some(imports)) = (cells.next(), cells.next()) else {
            continue;
        };
        if let Some(imports) = imports.strip_prefix("imports ") {
            let words = |cell: &str| -> Vec<String> {
                cell.split('`')
                    .skip(1)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect()
            };
            table.insert(
                words(name).remove(0),
                words(imports).into_iter().collect::<BTreeSet<_>>(),
            );
        }
    }
    assert_eq!(table, allowed());
}

#[test]
fn no_source_file_is_too_long() {
    let mut files = Vec::new();
    sources(&build::root().unwrap(), &mut files);
    assert!(files.len() > 50);
    let lines = |file: &PathBuf| fs::read_to_string(file).unwrap().lines().count();
    let long: Vec<_> = files
        .iter()
        .map(|file| (file, lines(file)))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .collect();
    assert!(
        long.is_empty(),
        "split these by their reasons to change: {long:?}"
    );
}

#[test]
fn every_crate_forbids_unsafe_code() {
    let root = fs::read_to_string(build::root().unwrap().join("Cargo.toml")).unwrap();
    assert!(root.contains("[workspace.lints.rust]\nunsafe_code = \"forbid\""));
    for (name, manifest, _) in metadata() {
        let text = fs::read_to_string(&manifest).unwrap();
        assert!(
            text.contains("[lints]\nworkspace = true"),
            "{name} does not take the lints of the workspace, which reach its programs and tests"
        );
        let src = manifest.parent().unwrap().join("src");
        let head = ["lib.rs", "main.rs"].map(|file| src.join(file));
        let head = head.iter().find(|file| file.exists()).unwrap();
        let code = fs::read_to_string(head).unwrap();
        assert!(
            code.contains("#![forbid(unsafe_code)]"),
            "{}",
            head.display()
        );
    }
}

/// Table and column of each field in `CREATE TABLE` statements.
fn columns(schema: &str) -> BTreeSet<(String, String)> {
    let mut table = String::new();
    let mut found = BTreeSet::new();
    for line in schema.lines() {
        if let Some(name) = line.strip_prefix("CREATE TABLE ") {
            table = name.trim_end_matches(" (").to_owned();
        } else if let Some((name, column)) = line
            .strip_prefix("ALTER TABLE ")
            .and_then(|rest| rest.split_once(" ADD COLUMN "))
        {
            let column = column.split(' ').next().unwrap().to_owned();
            found.insert((name.to_owned(), column));
        } else if let Some(field) = line.strip_prefix("    ")
            && field.starts_with(|c: char| c.is_ascii_lowercase())
        {
            let column = field.split(' ').next().unwrap().to_owned();
            found.insert((table.clone(), column));
        }
    }
    found
}

/// Table and column of each field in the ledger's rows: | `table` | `column`, `column` | … |
fn ledger(page: &str) -> BTreeSet<(String, String)> {
    let mut table = String::new();
    let mut found = BTreeSet::new();
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let mut cells = line.split('|').skip(1);
        let mut words = || {
            cells
                .next()
                .unwrap_or_default()
                .split('`')
                .skip(1)
                .step_by(2)
        };
        if let Some(name) = words().next() {
            table = name.to_owned();
        }
        found.extend(words().map(|column| (table.clone(), column.to_owned())));
    }
    found
}

#[test]
fn the_ledger_names_every_field_that_the_relay_stores() {
    let root = build::root().unwrap();
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let stored_in = |path: &str| columns(&read(path));
    let mut stored = stored_in("server/src/group/schema.sql");
    stored.extend(stored_in("server/src/group/blobs/schema.sql"));
    stored.extend(stored_in("server/src/account/schema/0001_start.sql"));
    stored.extend(stored_in("server/src/account/schema/0002_retention.sql"));
    stored.extend(stored_in("server/src/account/schema/0003_registers.sql"));
    stored.extend(stored_in("server/src/tally.sql"));
    stored.extend(stored_in("server/src/evidence/tables.sql"));
    assert!(stored.len() > 50);
    // Row numbers; the ledger says once what they tell.
    stored.retain(|(_, column)| column != "id");
    let told = ledger(&read("docs/metadata-ledger.md"));
    let missing: Vec<_> = stored.difference(&told).collect();
    assert!(
        missing.is_empty(),
        "say in the ledger what these tell: {missing:?}"
    );
}
