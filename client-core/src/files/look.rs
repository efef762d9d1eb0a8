//! What a file is, for the person who is about to send it.

use super::{media, name::safe_name, prepare};

/// What can be told of a file before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLook {
    /// The name under which it would be sent.
    pub name: String,
    /// Media type by its bytes.
    pub media_type: String,
    /// Width of a picture in pixels, 0 if it is none.
    pub width: u32,
    /// Height of a picture in pixels, 0 if it is none.
    pub height: u32,
    /// A small JPEG of a picture, at most 16 KiB; empty if it is none.
    pub thumbnail: Vec<u8>,
}

/// Looks at a file of `size` bytes that begins with `front`; pictures have to be there whole.
/// Takes a moment: run it off the async threads.
#[must_use]
pub fn look_at(name: &str, front: &[u8], size: u64) -> FileLook {
    let whole = front.len() as u64 == size;
    let beginning = &front[..front.len().min(media::ENOUGH)];
    let media = media::sniff(beginning, beginning.len() as u64 == size);
    let preview = match media.picture {
        Some(format) if whole => prepare::look(front, format),
        _ => Default::default(),
    };
    FileLook {
        name: safe_name(name),
        media_type: media.name.into(),
        width: preview.width,
        height: preview.height,
        thumbnail: preview.thumbnail,
    }
}
