//! Checking a release, link by link.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use sealwire_audit::canonical::{from_canonical, to_canonical};
use sealwire_audit::dsse::Envelope;
use sealwire_audit::release::{BOM, Build, check_bom, is_program};
use sealwire_audit::statement::{Statement, Subject};
use sealwire_crypto::{EvidencePublic, sha256};

use super::folder::{Place, ReleaseFolder};
use crate::failure::Failure;

/// A release that holds.
pub(crate) struct Checked {
    pub(crate) build: Build,
    pub(crate) programs: Vec<Program>,
}

/// One of its programs.
pub(crate) struct Program {
    pub(crate) name: String,
    /// In hexadecimal.
    pub(crate) sha256: String,
    /// How many parts its bill of materials names.
    pub(crate) parts: usize,
}

/// Checks everything against the release key. The first link that is broken is the failure.
pub(crate) fn check(folder: &ReleaseFolder, key: &EvidencePublic) -> Result<Checked, Failure> {
    let mut left = folder.list()?;
    let provenance = open(folder, &Place::Provenance, key)?;
    let broken = |why: &dyn std::fmt::Display| folder.broken(&Place::Provenance, why);
    let build = Build::of(&provenance).map_err(|why| broken(&why))?;
    left.remove(&Place::Provenance);
    let mut programs = Vec::new();
    let mut names = BTreeSet::new();
    for subject in provenance.subjects() {
        let name = subject.name.as_deref().filter(|name| is_program(name));
        let name = name.ok_or_else(|| broken(&"is about something that is no program"))?;
        if !names.insert(name) {
            return Err(broken(&format!("names the program {name} twice")));
        }
        programs.push(check_program(folder, key, &build, subject, name)?);
        for place in [Place::Program, Place::Bom, Place::BomStatement] {
            left.remove(&place(name.to_owned()));
        }
    }
    match left.first() {
        Some(place) => Err(folder.broken(place, "is of no program that the provenance names")),
        None => Ok(Checked { build, programs }),
    }
}

fn check_program(
    folder: &ReleaseFolder,
    key: &EvidencePublic,
    build: &Build,
    subject: &Subject,
    name: &str,
) -> Result<Program, Failure> {
    let place = Place::Program(name.to_owned());
    let sha256 = HEXLOWER.encode(&sha256(&[&folder.read(&place)?]));
    if subject.digest.get("sha256") != Some(&sha256) {
        let why = format!("is not the program of the provenance; its SHA-256 is {sha256}");
        return Err(folder.broken(&place, why));
    }
    let place = Place::BomStatement(name.to_owned());
    let statement = open(folder, &place, key)?;
    let broken = |why: &dyn std::fmt::Display| folder.broken(&place, why);
    if statement.predicate_type() != BOM {
        return Err(broken(&"is no bill of materials in CycloneDX"));
    }
    if statement.subjects() != [subject.clone()] {
        return Err(broken(&"is not about this program, or not about it alone"));
    }
    let bom = statement.predicate();
    let parts = check_bom(bom, name, &build.version).map_err(|why| broken(&why))?;
    let beside = Place::Bom(name.to_owned());
    let mut spelled = to_canonical(bom).map_err(|why| broken(&why))?;
    spelled.push(b'\n');
    if folder.read(&beside)? != spelled {
        let why = format!("is not the bill of materials that is signed in {place}");
        return Err(folder.broken(&beside, why));
    }
    Ok(Program {
        name: name.to_owned(),
        sha256,
        parts,
    })
}

/// The statement in a file, if the key has signed it.
fn open(folder: &ReleaseFolder, place: &Place, key: &EvidencePublic) -> Result<Statement, Failure> {
    let bytes = folder.read(place)?;
    let broken = |why: &dyn std::fmt::Display| folder.broken(place, why);
    let envelope = Envelope::parse(&bytes).map_err(|why| broken(&why))?;
    let statement = Statement::open(&envelope, std::slice::from_ref(key), 1);
    let statement = statement.map_err(|why| broken(&why))?;
    // So that no two programs read two things in it.
    from_canonical(envelope.payload()).map_err(|why| broken(&why))?;
    Ok(statement)
}
