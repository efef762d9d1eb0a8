//! Fetching a package into a private folder.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sealwire_audit::predicate::Hex;
use sealwire_crypto::Sha256Stream;

use super::{Update, damaged};
use crate::client::Client;
use crate::error::{CoreError, Result};
use crate::files::disk;
use crate::net::FileClient;
use crate::profile::create_private_dir;

/// What the name of a file ends with that is not whole.
const PART: &str = "part";

impl Client {
    /// Fetches the package of an update into `folder`, which is made if it is missing and holds nothing else
    /// afterwards. `progress` is told how many bytes have come. Gives the path of the package, which is whole
    /// and has the digest that was signed.
    ///
    /// # Errors
    /// `update_damaged` if the relay gives other bytes; `disk_full`, `file_disk`; network errors.
    pub async fn fetch_update(
        &self,
        update: &Update,
        folder: &Path,
        progress: impl Fn(u64) + Send,
    ) -> Result<PathBuf> {
        create_private_dir(folder)?;
        let path = folder.join(format!("{}.deb", update.sha256));
        tidy(folder, &path)
            .map_err(|error| disk::failed("remove what is old in", folder, &error))?;
        let (known, there) = (update.clone(), path.clone());
        let whole = tokio::task::spawn_blocking(move || known.is_whole(&there));
        if whole.await.map_err(CoreError::internal)? {
            return Ok(path);
        }
        let part = path.with_extension(PART);
        let fetched = fetch(self, update, &part, progress).await;
        let named = fetched.and_then(|()| {
            let named = fs::rename(&part, &path).and_then(|()| disk::sync_dir(folder));
            named.map_err(|error| disk::failed("write", &path, &error))
        });
        if named.is_err() {
            // What cannot be removed now goes with the next attempt.
            drop(fs::remove_file(&part));
        }
        named.map(|()| path)
    }
}

impl Update {
    /// Whether the file at `path` is the package, by its digest. Reads all of it: run it off the async threads.
    pub fn is_whole(&self, path: &Path) -> bool {
        let hash =
            File::open(path).and_then(|file| Sha256Stream::of_reader(file.take(self.size + 1)));
        hash.is_ok_and(|hash| Hex(hash) == self.sha256)
    }
}

/// Removes what was fetched before.
fn tidy(folder: &Path, kept: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path != kept {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Writes what comes, as long as it can still be the package.
async fn fetch(
    client: &Client,
    update: &Update,
    part: &Path,
    progress: impl Fn(u64) + Send,
) -> Result<()> {
    let files = FileClient::new(&client.core.identity.endpoint)?;
    let address = format!("/update/v1/file/{}", update.sha256);
    let coming = files.open(&address).await?;
    let mut coming =
        coming.ok_or_else(|| damaged("the relay does not have it any more".to_owned()))?;
    let failed = |error: io::Error| disk::failed("write", part, &error);
    let mut file = disk::create_new(part).map_err(failed)?;
    let (mut hash, mut size) = (Sha256Stream::default(), 0);
    while let Some(bytes) = coming.next().await? {
        size += bytes.len() as u64;
        if size > update.size {
            return Err(damaged("it is longer than it should be".to_owned()));
        }
        hash.update(&bytes);
        file.write_all(&bytes).map_err(failed)?;
        progress(size);
    }
    if size < update.size {
        return Err(damaged("it is cut off".to_owned()));
    }
    if Hex(hash.finish()) != update.sha256 {
        return Err(damaged(
            "its bytes are not those that were signed".to_owned(),
        ));
    }
    tokio::task::spawn_blocking(move || file.sync_all())
        .await
        .map_err(CoreError::internal)?
        .map_err(failed)
}
