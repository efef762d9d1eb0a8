//! Where a pack comes from, and a folder as such a source.

use std::fs;
use std::path::{Path, PathBuf};

use sealwire_audit::dsse::Envelope;
use sealwire_audit::tile::Resource;

use super::super::layout::{LogName, Place};
use crate::failure::Failure;
use crate::files;

/// A page of statements: the entry of which each is, and its envelope.
pub(crate) type Page = Vec<(u64, Envelope)>;

/// Most statements of a page.
pub(super) const PAGE: usize = 100;

/// Gives what a relay serves, unchecked but within bounds.
pub(crate) trait Source {
    /// The newest head of a log.
    fn checkpoint(&mut self, log: LogName) -> Result<Vec<u8>, Failure>;

    /// How many tiles it likes to be asked for at once.
    fn at_once(&self) -> usize;

    /// Tiles and bundles, in the order of `wanted`.
    fn tiles(&mut self, log: LogName, wanted: &[Resource]) -> Result<Vec<Vec<u8>>, Failure>;

    /// The next statements behind this entry; empty behind the last.
    fn statements(&mut self, after: Option<u64>) -> Result<Page, Failure>;
}

/// A folder with `logs/` and `statements/`.
pub(super) struct Folder {
    root: PathBuf,
    /// In order, once they were asked for.
    statements: Option<Vec<u64>>,
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            statements: None,
        }
    }

    fn read(&self, place: &Place) -> Result<Vec<u8>, Failure> {
        files::read(&self.root.join(place.to_string()), place.most())
    }

    fn list(&self) -> Result<Vec<u64>, Failure> {
        let folder = self.root.join("statements");
        let failed = |error: std::io::Error| Failure::file(&folder, &error);
        let mut found = Vec::new();
        if !folder.exists() {
            return Ok(found);
        }
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let path = format!("statements/{}", name.to_string_lossy());
            if let Some(Place::Statement(index)) = Place::parse(&path) {
                found.push(index);
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}

impl Source for Folder {
    fn checkpoint(&mut self, log: LogName) -> Result<Vec<u8>, Failure> {
        self.read(&Place::Checkpoint(log))
    }

    fn at_once(&self) -> usize {
        1
    }

    fn tiles(&mut self, log: LogName, wanted: &[Resource]) -> Result<Vec<Vec<u8>>, Failure> {
        let read = |one: &Resource| self.read(&Place::Tile(log, *one));
        wanted.iter().map(read).collect()
    }

    fn statements(&mut self, after: Option<u64>) -> Result<Page, Failure> {
        let all = match self.statements.take() {
            Some(all) => all,
            None => self.list()?,
        };
        let next = |index: &&u64| after.is_none_or(|after| **index > after);
        let read = |index: &u64| {
            let place = Place::Statement(*index);
            let envelope = Envelope::parse(&self.read(&place)?).map_err(|why| {
                let hint = "get this statement again from whoever gave it to you";
                Failure::broken(&self.root.join(place.to_string()), why, hint)
            })?;
            Ok((*index, envelope))
        };
        let page = all.iter().filter(next).take(PAGE).map(read).collect();
        self.statements = Some(all);
        page
    }
}
