//! JPEG: marker segments (ISO/IEC 10918-1 Annex B).

use super::{EXIF, exif_with, orientation, take};

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const COM: u8 = 0xfe;

/// Version, density and, at the end, the size of a thumbnail.
const JFIF: usize = 14;
/// Version, flags and colour transform.
const ADOBE: usize = 12;

pub(super) fn clean(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut exif = orientation_of(bytes)?.map(|orientation| {
        let mut exif = EXIF.to_vec();
        exif.extend(exif_with(orientation));
        exif
    });
    let mut rest = bytes;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(take(&mut rest, 2)?);
    loop {
        let (marker, content) = segment(&mut rest)?;
        if marker != APP0
            && let Some(exif) = exif.take()
        {
            write(&mut out, APP1, &exif)?;
        }
        match marker {
            EOI => {
                out.extend_from_slice(&[0xff, EOI]);
                return Some(out);
            }
            APP0 if content.starts_with(b"JFIF\0") && content.len() >= JFIF => {
                let mut header = content[..JFIF].to_vec();
                header[12..].fill(0);
                write(&mut out, marker, &header)?;
            }
            APP2 if content.starts_with(b"ICC_PROFILE\0") => write(&mut out, marker, content)?,
            APP14 if content.starts_with(b"Adobe") && content.len() >= ADOBE => {
                write(&mut out, marker, &content[..ADOBE])?;
            }
            APP0..=0xef | COM => {}
            // Frames, tables, scans.
            0xc0..=0xdf => write(&mut out, marker, content)?,
            _ => return None,
        }
        if marker == SOS {
            let end = end_of_scan(rest)?;
            out.extend_from_slice(take(&mut rest, end)?);
        }
    }
}

/// What the first EXIF segment asks for; `None` if the segments are not well-formed.
fn orientation_of(bytes: &[u8]) -> Option<Option<image::metadata::Orientation>> {
    let mut rest = bytes;
    if take(&mut rest, 2)? != [0xff, SOI] {
        return None;
    }
    loop {
        let (marker, content) = segment(&mut rest)?;
        match marker {
            APP1 if content.starts_with(EXIF) => return Some(orientation(content)),
            // EXIF stands before the picture.
            SOS => return Some(None),
            EOI => return None,
            _ => {}
        }
    }
}

/// The next marker and what belongs to it, without its length.
fn segment<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    if take(rest, 1)? != [0xff] {
        return None;
    }
    let mut marker = take(rest, 1)?[0];
    while marker == 0xff {
        marker = take(rest, 1)?[0];
    }
    match marker {
        EOI => Some((marker, &[])),
        // Markers without a length belong into scans; a second beginning is another picture.
        0 | 1 | 0xd0..=SOI => None,
        _ => {
            let length = take(rest, 2)?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            Some((marker, take(rest, length.checked_sub(2)?)?))
        }
    }
}

/// Where the next marker stands that ends a scan: no stuffed byte, no restart, no filler.
fn end_of_scan(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(2)
        .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7 | 0xff))
}

fn write(out: &mut Vec<u8>, marker: u8, content: &[u8]) -> Option<()> {
    let length = u16::try_from(content.len() + 2).ok()?;
    out.extend_from_slice(&[0xff, marker]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(content);
    Some(())
}
