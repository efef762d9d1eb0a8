//! WebP: RIFF chunks (RFC 9649 §2).

use super::{exif_with, orientation, take};

/// What a picture needs to be shown in its colours.
const KEPT: [&[u8; 4]; 7] = [
    b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP",
];
/// Bits of the first byte of `VP8X`.
const HAS_XMP: u8 = 0x04;
const HAS_EXIF: u8 = 0x08;

pub(super) fn clean(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes;
    let (form, mut rest) = match chunk(&mut rest)? {
        (b"RIFF", content) => content.split_at_checked(4)?,
        _ => return None,
    };
    if form != b"WEBP" {
        return None;
    }
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    let (mut flags, mut asked) = (None, None);
    while !rest.is_empty() {
        let (name, content) = chunk(&mut rest)?;
        if name == b"EXIF" {
            asked = asked.or(orientation(content));
        }
        if KEPT.contains(&name) {
            if name == b"VP8X" {
                flags = flags.or(Some(out.len() + 8));
            }
            write(&mut out, *name, content)?;
        }
    }
    if let Some(flags) = flags {
        let flags = out.get_mut(flags)?;
        *flags &= !(HAS_EXIF | HAS_XMP);
        if let Some(orientation) = asked {
            *flags |= HAS_EXIF;
            write(&mut out, *b"EXIF", &exif_with(orientation))?;
        }
    }
    let size = u32::try_from(out.len() - 8).ok()?;
    out[4..8].copy_from_slice(&size.to_le_bytes());
    Some(out)
}

/// The next chunk; its filler is taken off with it.
fn chunk<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8; 4], &'a [u8])> {
    let name = take(rest, 4)?.try_into().ok()?;
    let size = take(rest, 4)?.try_into().map(u32::from_le_bytes).ok()?;
    let size = usize::try_from(size).ok()?;
    let content = take(rest, size)?;
    if size % 2 == 1 {
        // Some writers leave it out at the end.
        let _ = take(rest, 1);
    }
    Some((name, content))
}

fn write(out: &mut Vec<u8>, name: [u8; 4], content: &[u8]) -> Option<()> {
    out.extend_from_slice(&name);
    out.extend_from_slice(&u32::try_from(content.len()).ok()?.to_le_bytes());
    out.extend_from_slice(content);
    if content.len() % 2 == 1 {
        out.push(0);
    }
    Some(())
}
