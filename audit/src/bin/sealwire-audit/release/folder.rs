//! The files of a release, which somebody else may have made to do harm: plain files of known names, none of
//! them read beyond its bound.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sealwire_audit::dsse::MAX_ENVELOPE;
use sealwire_audit::release::is_program;

use crate::failure::Failure;
use crate::files;

const HINT: &str = "do not run these programs; keep the folder as evidence, and get the release again from where it is published";

/// Largest program, bytes.
const MAX_PROGRAM: usize = 1 << 30;
/// Largest bill of materials, bytes: so that its statement fits an envelope.
const MAX_BOM: usize = 16 << 20;
/// More files than this no release has.
const MAX_FILES: usize = 256;

const PROVENANCE: &str = "provenance.intoto.json";
const BOM: &str = ".cdx.json";
const BOM_STATEMENT: &str = ".cdx.intoto.json";

/// A file of a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// How the programs were built, signed.
    Provenance,
    /// A program, or its package.
    Program(String),
    /// Its bill of materials.
    Bom(String),
    /// The same, signed.
    BomStatement(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provenance => f.write_str(PROVENANCE),
            Self::Program(name) => f.write_str(name),
            Self::Bom(name) => write!(f, "{name}{BOM}"),
            Self::BomStatement(name) => write!(f, "{name}{BOM_STATEMENT}"),
        }
    }
}

impl Place {
    fn parse(name: &str) -> Option<Self> {
        if name == PROVENANCE {
            return Some(Self::Provenance);
        }
        let of = |name: &str| is_program(name).then(|| name.to_owned());
        match (name.strip_suffix(BOM), name.strip_suffix(BOM_STATEMENT)) {
            (Some(program), _) => of(program).map(Self::Bom),
            (_, Some(program)) => of(program).map(Self::BomStatement),
            _ => of(name).map(Self::Program),
        }
    }

    const fn most(&self) -> usize {
        match self {
            Self::Program(_) => MAX_PROGRAM,
            Self::Bom(_) => MAX_BOM,
            Self::Provenance | Self::BomStatement(_) => MAX_ENVELOPE,
        }
    }
}

/// A release on disk.
pub(crate) struct ReleaseFolder {
    root: PathBuf,
}

impl ReleaseFolder {
    /// Takes a folder as a release.
    pub(crate) fn open(root: &Path) -> Result<Self, Failure> {
        let metadata = fs::metadata(root).map_err(|error| Failure::file(root, &error))?;
        if !metadata.is_dir() {
            return Err(Failure::usage(
                format!("{} is no folder", root.display()),
                "name the folder that `cargo xtask release` wrote",
            ));
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    pub(super) fn path(&self, place: &Place) -> PathBuf {
        self.root.join(place.to_string())
    }

    /// Says that a file does not hold.
    pub(super) fn broken(&self, place: &Place, why: impl fmt::Display) -> Failure {
        Failure::broken(&self.path(place), why, HINT)
    }

    /// All files: plain, and each of a name that a release has.
    pub(super) fn list(&self) -> Result<BTreeSet<Place>, Failure> {
        let failed = |error: io::Error| Failure::file(&self.root, &error);
        let mut places = BTreeSet::new();
        for entry in fs::read_dir(&self.root).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let strange = |why: &str| {
                let name = entry.path().to_string_lossy().escape_debug().to_string();
                Failure::broken(Path::new(&name), why, HINT)
            };
            // Of the link itself, where it is one.
            if !entry.metadata().map_err(failed)?.is_file() {
                return Err(strange("is no plain file; a release holds nothing else"));
            }
            let place = entry.file_name().to_str().and_then(Place::parse);
            places.insert(place.ok_or_else(|| strange("is no file of a release"))?);
            if places.len() > MAX_FILES {
                return Err(strange("is one file more than any release has"));
            }
        }
        Ok(places)
    }

    /// Reads a file. Links are not followed, and no byte is read of one that is too large.
    pub(super) fn read(&self, place: &Place) -> Result<Vec<u8>, Failure> {
        match files::read_plain(&self.path(place), place.most()) {
            Ok(Some(content)) => Ok(content),
            Ok(None) => Err(self.broken(place, "is larger than such a file can be")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(self.broken(place, "is missing"))
            }
            Err(error) => Err(Failure::file(&self.path(place), &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_from_their_names() {
        for name in ["sealwire-relay", "sealwire-desktop.deb"] {
            let places = [
                Place::Provenance,
                Place::Program(name.to_owned()),
                Place::Bom(name.to_owned()),
                Place::BomStatement(name.to_owned()),
            ];
            for place in places {
                assert_eq!(Place::parse(&place.to_string()), Some(place));
            }
        }
        for strange in [
            "",
            ".cdx.json",
            "..",
            "-x",
            "a.b",
            "A",
            "ü",
            "a/b",
            "a.cdx",
            "x.intoto.json",
            ".deb",
            "x.deb.deb",
            "x.deb.old",
        ] {
            assert_eq!(Place::parse(strange), None, "{strange}");
        }
        assert!(is_program(&"a".repeat(64)));
        assert!(!is_program(&"a".repeat(65)));
    }
}
