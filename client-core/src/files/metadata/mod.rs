//! Taking out of pictures what they say beside the picture: place, camera, owner, thumbnails of
//! what was cut away.
//!
//! The container is written anew from what it needs to be shown, the picture itself stays bit by
//! bit: lists of what may stay, so that what nobody has thought of goes. Colour profiles stay, and
//! of EXIF the orientation alone. What follows the end of the picture goes; phones put second
//! pictures and films there, with places of their own.

mod jpeg;
mod png;
mod webp;

use image::{ImageFormat, metadata::Orientation};

/// The picture without the rest; `None` if it is not a whole, well-formed picture of this type, or
/// if this type cannot be cleaned here.
pub(super) fn without(bytes: &[u8], format: ImageFormat) -> Option<Vec<u8>> {
    match format {
        ImageFormat::Jpeg => jpeg::clean(bytes),
        ImageFormat::Png => png::clean(bytes),
        ImageFormat::WebP => webp::clean(bytes),
        _ => None,
    }
}

/// What marks EXIF where it is not in a place of its own.
const EXIF: &[u8] = b"Exif\0\0";

/// The orientation that EXIF asks for, if it asks for any change.
fn orientation(exif: &[u8]) -> Option<Orientation> {
    let exif = exif.strip_prefix(EXIF).unwrap_or(exif);
    let orientation = Orientation::from_exif_chunk(exif)?;
    (orientation != Orientation::NoTransforms).then_some(orientation)
}

/// EXIF with nothing but the orientation (tag 0x0112, one SHORT), big endian.
fn exif_with(orientation: Orientation) -> Vec<u8> {
    let mut exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend_from_slice(&[orientation.to_exif(), 0, 0, 0, 0, 0, 0]);
    exif
}

/// Takes `len` bytes from the front.
fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (front, back) = rest.split_at_checked(len)?;
    *rest = back;
    Some(front)
}

#[cfg(test)]
mod tests;
