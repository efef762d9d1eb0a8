//! What kind of file it is, by its bytes: names lie.

use image::ImageFormat;

/// Bytes that are enough to tell.
pub(super) const ENOUGH: usize = 8 * 1024;

/// Pictures that can tell where they were taken, which nothing here can take out: the brands of
/// the HEIF family and of raw files in its container (ISO/IEC 23008-12), and how TIFF and the raw
/// files in its form begin. More than the types that are told apart by name.
const BRANDS: [&[u8; 4]; 12] = [
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1", b"avif",
    b"avis", b"crx ",
];
const BEGINNINGS: [&[u8]; 8] = [
    b"II*\0",
    b"MM\0*",
    b"IIRO",
    b"IIRS",
    b"IIU\0",
    b"II\xbc",
    b"FUJIFILM",
    b"8BPS",
];
/// The same by name: JPEG XL and JPEG 2000.
const NOT_CLEANED: [&str; 2] = ["image/jxl", "image/jp2"];

/// A media type, and what can be done with it.
pub(super) struct Media {
    /// Media type (RFC 6838).
    pub(super) name: &'static str,
    /// Pictures that are decoded here.
    pub(super) picture: Option<ImageFormat>,
    /// Metadata that tells where the picture was taken can be in it.
    pub(super) may_tell: bool,
}

/// Looks at the first bytes; `whole` says that there are no more.
pub(super) fn sniff(front: &[u8], whole: bool) -> Media {
    let name = infer::get(front).map_or_else(
        || {
            if is_text(front, whole) {
                "text/plain;charset=utf-8"
            } else {
                "application/octet-stream"
            }
        },
        |found| found.mime_type(),
    );
    let picture = match name {
        "image/jpeg" => Some(ImageFormat::Jpeg),
        "image/png" => Some(ImageFormat::Png),
        "image/webp" => Some(ImageFormat::WebP),
        "image/gif" => Some(ImageFormat::Gif),
        _ => None,
    };
    let cleaned = matches!(
        picture,
        Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)
    );
    Media {
        name,
        picture,
        may_tell: cleaned || NOT_CLEANED.contains(&name) || is_uncleaned(front),
    }
}

fn is_uncleaned(front: &[u8]) -> bool {
    let brand = front.get(4..12).and_then(|at| at.strip_prefix(b"ftyp"));
    brand.is_some_and(|brand| BRANDS.iter().any(|known| brand == *known))
        || BEGINNINGS.iter().any(|known| front.starts_with(known))
}

/// UTF-8 without NUL; a character may be cut at the end of `front`.
fn is_text(front: &[u8], whole: bool) -> bool {
    let utf8 = match std::str::from_utf8(front) {
        Ok(_) => true,
        Err(error) => !whole && error.error_len().is_none(),
    };
    utf8 && !front.is_empty() && !front.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_tell_and_names_do_not() {
        for (front, name) in [
            (&b"\xff\xd8\xff\xe0"[..], "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n", "image/png"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"GIF89a", "image/gif"),
            (b"%PDF-1.7", "application/pdf"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heif"),
            (b"II*\0\x08\0\0\0\x0c\0", "image/tiff"),
            (b"OggS", "audio/ogg"),
            (b"hello", "text/plain;charset=utf-8"),
            ("grün".as_bytes(), "text/plain;charset=utf-8"),
            (b"\x01\x02\xff", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ] {
            assert_eq!(sniff(front, true).name, name, "{front:?}");
        }
    }

    #[test]
    fn a_character_may_be_cut_only_where_more_follows() {
        let cut = &"grün".as_bytes()[..3];
        assert!(is_text(cut, false));
        assert!(!is_text(cut, true));
    }

    #[test]
    fn pictures_that_may_tell_a_place() {
        let may_tell = |front: &[u8]| sniff(front, false).may_tell;
        assert!(may_tell(b"\xff\xd8\xff\xe0"));
        // However little of it there is, and whatever name it has.
        assert!(may_tell(b"\0\0\0\x18ftypheic"));
        assert!(may_tell(b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf"));
        assert!(may_tell(b"II*\0\x08\0\0\0C\x52"));
        assert!(!may_tell(b"\0\0\0\x18ftypisom"));
        assert!(!may_tell(b"GIF89a"));
        assert!(!may_tell(b"%PDF-1.7"));
    }
}
