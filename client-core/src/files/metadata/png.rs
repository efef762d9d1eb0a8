//! PNG: chunks (PNG, third edition, §5).

use super::{exif_with, orientation, take};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What a picture needs to be shown in its colours; the last three are of animations.
const KEPT: [&[u8; 4]; 18] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"cHRM", b"cICP", b"cLLI", b"gAMA",
    b"hIST", b"iCCP", b"mDCV", b"sBIT", b"sRGB", b"acTL", b"fcTL", b"fdAT",
];

pub(super) fn clean(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(SIGNATURE)?;
    let mut kept = Vec::new();
    let mut asked = None;
    loop {
        let start = rest;
        let (name, content) = chunk(&mut rest)?;
        if name == b"eXIf" {
            asked = asked.or(orientation(content));
        }
        if KEPT.contains(&name) {
            kept.push(&start[..start.len() - rest.len()]);
        }
        if name == b"IEND" {
            break;
        }
    }
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(SIGNATURE);
    for (number, chunk) in kept.into_iter().enumerate() {
        if (number == 0) != (&chunk[4..8] == b"IHDR") {
            return None;
        }
        out.extend_from_slice(chunk);
        if number == 0
            && let Some(orientation) = asked
        {
            write(&mut out, *b"eXIf", &exif_with(orientation))?;
        }
    }
    Some(out)
}

/// The next chunk; length, name, content and checksum are taken off.
fn chunk<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8; 4], &'a [u8])> {
    let length = take(rest, 4)?.try_into().map(u32::from_be_bytes).ok()?;
    let name = take(rest, 4)?.try_into().ok()?;
    let content = take(rest, usize::try_from(length).ok()?)?;
    take(rest, 4)?;
    Some((name, content))
}

fn write(out: &mut Vec<u8>, name: [u8; 4], content: &[u8]) -> Option<()> {
    out.extend_from_slice(&u32::try_from(content.len()).ok()?.to_be_bytes());
    let start = out.len();
    out.extend_from_slice(&name);
    out.extend_from_slice(content);
    let checksum = crc32fast::hash(&out[start..]);
    out.extend_from_slice(&checksum.to_be_bytes());
    Some(())
}
