//! Files in messages, for showing them.

use sealwire_core::Client;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::problem::Result;

/// Largest file in bytes that is shown; it has to be in memory for that.
const LARGEST: usize = 64 * 1024 * 1024;
/// What is shown as what it says it is. Nothing in here can run anything.
const SHOWN: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "audio/wav",
    "audio/webm",
    "video/mp4",
    "video/webm",
];

/// In which form a file is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A small JPEG.
    Thumbnail,
    /// All of it.
    Whole,
}

/// A file's decrypted bytes.
pub struct Content {
    /// The bytes.
    pub bytes: Zeroizing<Vec<u8>>,
    /// A media type that is safe to show; `application/octet-stream` for all others. To be sent
    /// with `nosniff`.
    pub media_type: &'static str,
}

pub(crate) async fn read(client: &Client, id: i64, form: Form) -> Result<Content> {
    if form == Form::Thumbnail {
        return Ok(Content {
            bytes: Zeroizing::new(client.thumbnail(id).await?),
            media_type: "image/jpeg",
        });
    }
    let says = client.attachment(id).await?.media_type;
    let bytes = client.read_attachment(id, LARGEST).await?;
    let safe = SHOWN.iter().find(|shown| **shown == says);
    Ok(Content {
        bytes,
        media_type: safe.unwrap_or(&"application/octet-stream"),
    })
}
