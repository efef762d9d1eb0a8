//! A pack on disk, which somebody else may have made to do harm: nothing outside of it
//! is read, and no file beyond its bound.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::layout::{LogName, Place};
use crate::failure::Failure;
use crate::files;

/// What to do about a pack that does not hold.
pub(crate) const HINT: &str =
    "do not rely on this pack; keep it as evidence, and get another from whoever gave it to you";

/// `logs/audit/tile/entries/x009/x223/x372/x036/x854/x775/807.p/1`.
const DEEPEST: usize = 12;

/// A pack on disk.
pub(crate) struct PackFolder {
    root: PathBuf,
}

/// Which files a pack has, each sort in order.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) keys: Vec<[u8; 32]>,
    pub(super) statements: Vec<u64>,
    pub(super) proofs: Vec<u64>,
    pub(super) disclosed: Vec<(LogName, u64)>,
    pub(super) tiles: u64,
}

impl Listing {
    fn add(&mut self, place: Place) {
        match place {
            Place::Key(id) => self.keys.push(id),
            Place::Statement(index) => self.statements.push(index),
            Place::Proof(index) => self.proofs.push(index),
            Place::Disclosed(log, index) => self.disclosed.push((log, index)),
            Place::Tile(..) => self.tiles += 1,
            Place::Readme | Place::Policy | Place::Checkpoint(_) => {}
        }
    }
}

impl PackFolder {
    /// Takes a folder as a pack.
    ///
    /// # Errors
    /// If it is no folder, which is no fault of the evidence.
    pub(crate) fn open(root: &Path) -> Result<Self, Failure> {
        let metadata = fs::metadata(root).map_err(|error| Failure::file(root, &error))?;
        if !metadata.is_dir() {
            return Err(Failure::usage(
                format!("{} is no folder", root.display()),
                "name the folder that `sealwire-audit pack` wrote",
            ));
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    pub(crate) fn path(&self, place: &Place) -> PathBuf {
        self.root.join(place.to_string())
    }

    /// Says that a file does not hold.
    pub(crate) fn broken(&self, place: &Place, why: impl std::fmt::Display) -> Failure {
        Failure::broken(&self.path(place), why, HINT)
    }

    /// Looks at all files: plain, of a known name and within their bounds.
    pub(super) fn list(&self) -> Result<Listing, Failure> {
        let mut listing = Listing::default();
        self.walk(&mut |place| {
            listing.add(place);
            Ok(())
        })?;
        listing.keys.sort_unstable();
        listing.statements.sort_unstable();
        listing.proofs.sort_unstable();
        listing.disclosed.sort_unstable();
        Ok(listing)
    }

    /// Shows each file to `visit`.
    pub(super) fn walk(
        &self,
        visit: &mut dyn FnMut(Place) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.walk_into("", 0, visit)
    }

    fn walk_into(
        &self,
        within: &str,
        depth: usize,
        visit: &mut dyn FnMut(Place) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let folder = self.root.join(within);
        let failed = |error: io::Error| Failure::file(&folder, &error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            // What a name may hold is shown as it is and nothing else.
            let strange = |why: &str| {
                let name = path.to_string_lossy().escape_debug().to_string();
                Failure::broken(Path::new(&name), why, HINT)
            };
            let name = entry.file_name();
            let name = name
                .to_str()
                .ok_or_else(|| strange("is no file of a pack"))?;
            let within = if within.is_empty() {
                name.to_owned()
            } else {
                format!("{within}/{name}")
            };
            // Of the link itself, where it is one.
            let metadata = entry.metadata().map_err(failed)?;
            if metadata.is_dir() {
                if depth == DEEPEST {
                    return Err(strange("lies deeper than any file of a pack"));
                }
                self.walk_into(&within, depth + 1, visit)?;
                continue;
            }
            if !metadata.is_file() {
                return Err(strange(
                    "is a link or a device; a pack holds plain files only",
                ));
            }
            let place = Place::parse(&within).ok_or_else(|| strange("is no file of a pack"))?;
            if metadata.len() > u64::try_from(place.most()).unwrap_or(u64::MAX) {
                return Err(self.broken(&place, "is larger than such a file can be"));
            }
            visit(place)?;
        }
        Ok(())
    }

    /// Reads a file. Links are not followed, and no byte is read of one that is too large.
    pub(crate) fn read(&self, place: &Place) -> Result<Vec<u8>, Failure> {
        let path = self.path(place);
        match files::read_plain(&path, place.most()) {
            Ok(Some(content)) => Ok(content),
            Ok(None) => Err(self.broken(place, "is larger than such a file can be")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(self.broken(place, "is missing"))
            }
            Err(error) => Err(Failure::file(&path, &error)),
        }
    }
}
