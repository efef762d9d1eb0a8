//! Checking a pack, link by link; the first that is broken ends it.

mod disclosed;
mod keys;
mod statements;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use sealwire_audit::note::Note;
use sealwire_audit::policy::{Policy, Trusted};

use super::folder::{Listing, PackFolder};
use super::layout::{LogName, Place, README};
use crate::failure::Failure;

pub(crate) use keys::Signers;
pub(crate) use statements::{Said, What};

/// A log of a pack that holds.
pub(crate) struct CheckedLog {
    pub(crate) name: LogName,
    pub(crate) trusted: Trusted,
    /// How many entries of which type there are that are no statements.
    pub(crate) events: BTreeMap<String, u64>,
}

/// What a pack holds that was checked.
pub(crate) struct Checked {
    pub(crate) logs: Vec<CheckedLog>,
    pub(crate) statements: usize,
    pub(crate) disclosed: usize,
}

/// Checks all of a pack and shows each statement to `said`, in the order of the log.
///
/// # Errors
/// Names the first file that does not hold.
pub(crate) fn check(
    folder: &PackFolder,
    policy: &Policy,
    signers: &Signers,
    said: &mut dyn FnMut(Said),
) -> Result<Checked, Failure> {
    let listing = folder.list()?;
    check_page(folder, policy)?;
    let wanted = |log: LogName| -> BTreeSet<u64> {
        let of_log = listing.disclosed.iter().filter(|(of, _)| *of == log);
        of_log.map(|(_, index)| *index).collect()
    };
    let mut trees = Vec::new();
    for head in heads(folder, policy)? {
        let wanted = wanted(head.name);
        let found = tree::check(folder, head.name, &head.trusted.checkpoint, &wanted)?;
        trees.push((head, found));
    }
    for (head, found) in &trees {
        if head.name == LogName::Audit {
            let known = (signers, listing.keys.as_slice());
            statements::check(folder, head, &found.attested, known, said)?;
        }
    }
    for (head, found) in &trees {
        disclosed::check(folder, head.name, &wanted(head.name), &found.opened)?;
    }
    nothing_else(folder, &listing, &trees)?;
    let statements = trees.iter().map(|(_, found)| found.attested.len()).sum();
    let log = |(head, found): (Head, tree::Found)| CheckedLog {
        name: head.name,
        trusted: head.trusted,
        events: found.events,
    };
    Ok(Checked {
        statements,
        disclosed: listing.disclosed.len(),
        logs: trees.into_iter().map(log).collect(),
    })
}

/// The page must be ours and the policy the one that was given: what people read in a
/// pack is part of it.
fn check_page(folder: &PackFolder, policy: &Policy) -> Result<(), Failure> {
    if folder.read(&Place::Readme)? != README.as_bytes() {
        let why = "is not the page that this version of the program writes";
        return Err(folder.broken(&Place::Readme, why));
    }
    if folder.read(&Place::Policy)? != policy.to_bytes() {
        return Err(Failure::broken(
            &folder.path(&Place::Policy),
            "is another policy than the one given with --policy",
            "if yours is the one to go by, have the pack made with it",
        ));
    }
    Ok(())
}

/// The head of a log that the policy believes.
pub(super) struct Head {
    name: LogName,
    note: Note,
    trusted: Trusted,
}

/// The heads of all logs of this relay that the policy names; `audit` comes first.
fn heads(folder: &PackFolder, policy: &Policy) -> Result<Vec<Head>, Failure> {
    let audit = head(folder, policy, LogName::Audit)?;
    let relay = LogName::Audit.relay(audit.trusted.checkpoint.origin());
    let directory = relay.map(|relay| format!("{relay}/{}", LogName::Directory));
    let named = |origin: &String| {
        let mut logs = policy.logs().iter();
        logs.any(|log| log.key.name().as_str() == origin)
    };
    let directory = match directory.filter(named) {
        None => None,
        Some(origin) => {
            let head = head(folder, policy, LogName::Directory)?;
            if head.trusted.checkpoint.origin() != origin {
                let place = Place::Checkpoint(LogName::Directory);
                return Err(folder.broken(&place, "is of another relay than logs/audit"));
            }
            Some(head)
        }
    };
    Ok([Some(audit), directory].into_iter().flatten().collect())
}

fn head(folder: &PackFolder, policy: &Policy, name: LogName) -> Result<Head, Failure> {
    let place = Place::Checkpoint(name);
    let note = Note::parse(&folder.read(&place)?).map_err(|why| folder.broken(&place, why))?;
    let trusted = policy
        .check(&note)
        .map_err(|why| folder.broken(&place, why))?;
    if name.relay(trusted.checkpoint.origin()).is_none() {
        let origin = trusted.checkpoint.origin();
        let why = format!("is of the log {origin:?}, whose name does not end with /{name}");
        return Err(folder.broken(&place, why));
    }
    Ok(Head {
        name,
        note,
        trusted,
    })
}

/// Names a file that belongs to nothing that was checked.
fn nothing_else(
    folder: &PackFolder,
    listing: &Listing,
    trees: &[(Head, tree::Found)],
) -> Result<(), Failure> {
    let tree = |log: LogName| trees.iter().find(|(head, _)| head.name == log);
    let attested = tree(LogName::Audit).map_or(&[][..], |(_, found)| &found.attested);
    let unknown = |index: &&u64| {
        let known = attested.binary_search_by_key(*index, |one| one.index);
        known.is_err()
    };
    let statement = listing.statements.iter().find(unknown);
    let proof = listing.proofs.iter().find(unknown);
    let statement = statement.map(|index| Place::Statement(*index));
    if let Some(place) = statement.or(proof.map(|index| Place::Proof(*index))) {
        return Err(folder.broken(&place, "no entry of the log audit tells of this"));
    }
    let tiles: u64 = trees.iter().map(|(_, found)| found.files).sum();
    if listing.tiles == tiles && tree(LogName::Directory).is_some() {
        return Ok(());
    }
    folder.walk(&mut |place| {
        let known = match place {
            Place::Tile(log, resource) => tree(log)
                .is_some_and(|(head, _)| resource.is_part_of(head.trusted.checkpoint.size())),
            Place::Checkpoint(log) | Place::Disclosed(log, _) => tree(log).is_some(),
            _ => true,
        };
        if known {
            Ok(())
        } else {
            Err(folder.broken(&place, "does not belong to the logs of this pack"))
        }
    })
}
