//! From what a person wants to send to sealed bytes and what a message says of them.

use image::ImageFormat;
use sealwire_protocol::content::Preview;

use super::{
    media::{self, Media},
    metadata,
    name::safe_name,
    picture,
    source::Input,
    types::NewFile,
    vault::{Sealed, Vault},
};
use crate::error::{CoreError, ErrorKind, Result};

/// Largest picture in bytes that is taken apart; it has to be in memory for that.
const LARGEST_PICTURE: u64 = 64 * 1024 * 1024;

/// A file that is ready to be sent.
pub(super) struct Prepared {
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) preview: Preview,
    pub(super) sealed: Sealed,
}

/// Reads, cleans and seals one file. Blocks; `progress` is told name, bytes read and all bytes.
///
/// # Errors
/// Those of [`Input`] and [`Vault::seal`]; `metadata_stays`.
pub(super) fn prepare(
    vault: &Vault,
    file: NewFile,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<Prepared> {
    let mut input = Input::open(file.source)?;
    let name = safe_name(file.name.as_deref().unwrap_or(&input.name));
    let front_len = usize::try_from(input.size).map_or(media::ENOUGH, |all| all.min(media::ENOUGH));
    let mut front = vec![0; front_len];
    input.fill(&mut front)?;
    let media = media::sniff(&front, front_len as u64 == input.size);
    input.put_back(front);

    let small = input.size <= LARGEST_PICTURE;
    let mut preview = Preview::default();
    match media.picture {
        Some(format) if small => {
            let mut bytes = vec![0; usize::try_from(input.size).map_err(CoreError::internal)?];
            input.fill(&mut bytes)?;
            input.check_unchanged()?;
            if media.may_tell && !file.keep_metadata {
                bytes = metadata::without(&bytes, format).ok_or_else(|| stays(&name, &media))?;
            }
            preview = look(&bytes, format);
            input = Input::of_bytes(input.name, bytes);
        }
        _ if media.may_tell && !file.keep_metadata => return Err(stays(&name, &media)),
        _ => {}
    }
    preview.duration_ms = file.duration_ms.unwrap_or(0);
    let size = input.size;
    let sealed = vault.seal(&mut input, &mut |read| progress(&name, read, size))?;
    Ok(Prepared {
        name,
        media_type: media.name.into(),
        preview,
        sealed,
    })
}

/// A decoder that fails on a picture must not keep it from being sent, however it fails.
pub(super) fn look(bytes: &[u8], format: ImageFormat) -> Preview {
    std::panic::catch_unwind(|| picture::look(bytes, format))
        .ok()
        .flatten()
        .unwrap_or_default()
}

fn stays(name: &str, media: &Media) -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "metadata_stays",
        format!(
            "{name} ({}) may say where and by whom it was taken, and that cannot be taken out of it",
            media.name
        ),
        "convert it to JPEG or PNG of at most 64 MiB, or send it as it is with --keep-metadata",
    )
}

#[cfg(test)]
mod tests;
