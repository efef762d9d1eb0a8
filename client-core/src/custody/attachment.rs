//! Files of messages, from the relay into the archive.

use std::{fs::File, io::Write, path::Path};

use data_encoding::HEXLOWER;
use sealwire_crypto::{BlobKey, BlobOpener, Sha256Stream, sealed_blob_len};
use sealwire_protocol::content::Attachment;

use super::{archive::Archive, record::FileRecord, writing};
use crate::{
    core::Core,
    error::{CoreError, Result},
    net::{BlobClient, damaged},
};

/// Brings a file into the archive and says what it is; one that the relay does not have any more, or has
/// damaged, is recorded as missing.
///
/// # Errors
/// Network and disk: then nothing is recorded and it is tried again.
pub(super) async fn keep(core: &Core, archive: &Archive, file: &Attachment) -> Result<FileRecord> {
    let mut record = FileRecord {
        name: file.filename.clone(),
        media_type: file.media_type.clone(),
        size: file.size,
        sha256: String::new(),
        missing: String::new(),
    };
    match fetch(core, file, &archive.incoming()).await {
        Ok(sha256) => {
            archive.keep(file.size, &sha256).await?;
            record.sha256 = sha256;
        }
        Err(error) if matches!(error.code, "blob_unknown" | "attachment_damaged") => {
            record.missing = error.message;
        }
        Err(error) => return Err(error),
    }
    Ok(record)
}

/// Fetches and opens a file; gives the SHA-256 of its bytes.
async fn fetch(core: &Core, file: &Attachment, to: &Path) -> Result<String> {
    let failed = |error: std::io::Error| writing(to, &error);
    let len = sealed_blob_len(file.size).map_err(CoreError::internal)?;
    let key = BlobKey::from_slice(file.key.expose()).map_err(CoreError::internal)?;
    let opener = BlobOpener::new(&key, file.size).map_err(CoreError::internal)?;
    let relay = BlobClient::new(&core.identity.endpoint)?;
    let mut coming = relay.read(&file.blob, &file.read_token, 0, len).await?;
    let mut out = File::create(to).map_err(failed)?;
    let (mut sealed, mut plain) = (Sha256Stream::default(), Sha256Stream::default());
    let (mut gathered, mut opened, mut next) = (Vec::new(), Vec::new(), 0);
    loop {
        let bytes = coming.next().await?;
        let end = bytes.is_none();
        gathered.extend_from_slice(&bytes.unwrap_or_default());
        while next < opener.chunks() {
            let range = opener.sealed_range(next);
            let size = (range.end - range.start) as usize;
            let Some(chunk) = gathered.get(..size) else {
                break;
            };
            opened.clear();
            opener
                .open(next, chunk, &mut opened)
                .map_err(|_| damaged())?;
            sealed.update(chunk);
            plain.update(&opened);
            out.write_all(&opened).map_err(failed)?;
            gathered.drain(..size);
            next += 1;
        }
        if end {
            break;
        }
    }
    if next < opener.chunks() {
        return Err(CoreError::network("the file broke off"));
    }
    if sealed.finish() != file.sealed_hash {
        return Err(damaged());
    }
    out.sync_all().map_err(failed)?;
    Ok(HEXLOWER.encode(&plain.finish()))
}
