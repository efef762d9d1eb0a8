//! What a picture looks like, small: made here, by decoders that a hostile picture cannot make use
//! more than a set amount of memory.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage,
    codecs::jpeg::JpegEncoder,
};
use sealwire_protocol::content::{MAX_THUMBNAIL, Preview};

/// Longest side in pixels that is decoded.
const LONGEST_SIDE: u32 = 30_000;
/// Most memory for a decoded picture in bytes: 64 million pixels of 3 bytes.
const MOST_MEMORY: u64 = 192 * 1024 * 1024;
/// Longest side of a thumbnail in pixels, and how well it is kept, until one fits.
const SIZES: [(u32, u8); 5] = [(320, 75), (320, 55), (240, 50), (160, 50), (96, 40)];
/// Longest side of what the colours are taken from.
const COLOURS_FROM: u32 = 32;

/// Size, thumbnail and colours. Nothing where the picture is too large, damaged, or of a type that
/// is not decoded here: a file needs no preview.
pub(super) fn look(bytes: &[u8], format: ImageFormat) -> Option<Preview> {
    let picture = decode(bytes, format)?;
    let small = flat(&picture.thumbnail(SIZES[0].0, SIZES[0].0));
    Some(Preview {
        width: picture.width(),
        height: picture.height(),
        duration_ms: 0,
        blurhash: blurhash(&small).unwrap_or_default(),
        thumbnail: thumbnail(&small).unwrap_or_default(),
    })
}

/// Whether a thumbnail that somebody sent is what ours are: a JPEG of a few pixels, so that
/// whoever shows it needs no more memory than for our own.
pub(crate) fn is_thumbnail(bytes: &[u8]) -> bool {
    let reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg);
    reader
        .into_dimensions()
        .is_ok_and(|(width, height)| width.max(height) <= SIZES[0].0 && width.min(height) > 0)
}

/// Decodes as the picture is to be seen.
fn decode(bytes: &[u8], format: ImageFormat) -> Option<DynamicImage> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    // What is decoded to is not among what the decoder itself counts.
    if decoder.total_bytes() > MOST_MEMORY {
        return None;
    }
    let orientation = decoder.orientation().ok()?;
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if picture.width() > LONGEST_SIDE || picture.height() > LONGEST_SIDE {
        return None;
    }
    // Turning needs a second picture of the same size; a thumbnail is turned for less.
    let (width, height) = (picture.width(), picture.height());
    if picture.as_bytes().len() as u64 > MOST_MEMORY / 2 {
        picture = picture.thumbnail(width.min(4_096), height.min(4_096));
    }
    picture.apply_orientation(orientation);
    Some(picture)
}

/// On white where it is transparent.
fn flat(picture: &DynamicImage) -> RgbImage {
    let picture = picture.to_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        let alpha = u16::from(alpha);
        let on_white = |colour: u8| ((u16::from(colour) * alpha + 255 * (255 - alpha)) / 255) as u8;
        image::Rgb([on_white(red), on_white(green), on_white(blue)])
    })
}

fn thumbnail(small: &RgbImage) -> Option<Vec<u8>> {
    SIZES.iter().find_map(|(side, quality)| {
        let picture = DynamicImage::from(small.clone());
        let picture = if picture.width().max(picture.height()) > *side {
            picture.thumbnail(*side, *side)
        } else {
            picture
        };
        let mut jpeg = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, *quality);
        encoder.encode_image(&picture).ok()?;
        (jpeg.len() <= MAX_THUMBNAIL).then_some(jpeg)
    })
}

fn blurhash(small: &RgbImage) -> Option<String> {
    let tiny = DynamicImage::from(small.clone())
        .thumbnail(COLOURS_FROM, COLOURS_FROM)
        .to_rgba8();
    let (across, down) = if tiny.width() >= tiny.height() {
        (4, 3)
    } else {
        (3, 4)
    };
    blurhash::encode(across, down, tiny.width(), tiny.height(), tiny.as_raw()).ok()
}

#[cfg(test)]
mod tests {
    use image::{GenericImageView, Rgb, Rgba, RgbaImage};

    use super::*;

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    /// Red above, blue below.
    fn flag(width: u32, height: u32) -> DynamicImage {
        RgbImage::from_fn(width, height, |_, y| {
            Rgb(if y < height / 2 {
                [255, 0, 0]
            } else {
                [0, 0, 255]
            })
        })
        .into()
    }

    /// A PNG that says how large it is and holds next to nothing.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let mut png = encoded(&flag(1, 1), ImageFormat::Png);
        png[16..20].copy_from_slice(&width.to_be_bytes());
        png[20..24].copy_from_slice(&height.to_be_bytes());
        let checksum = crc32fast::hash(&png[12..29]);
        png[29..33].copy_from_slice(&checksum.to_be_bytes());
        png
    }

    #[test]
    fn a_picture_gets_a_small_one_in_its_colours() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let preview = look(&encoded(&flag(1_000, 500), format), format).unwrap();
            assert_eq!((preview.width, preview.height), (1_000, 500));
            assert!(is_thumbnail(&preview.thumbnail));
            let small = image::load_from_memory(&preview.thumbnail).unwrap();
            assert_eq!(small.dimensions(), (320, 160));
            let Rgba([red, _, blue, _]) = small.get_pixel(160, 20);
            assert!(red > 200 && blue < 60);
            assert!(!preview.blurhash.is_empty());
        }
    }

    #[test]
    fn noise_fits_too() {
        let mut seed = 1u32;
        let noise = RgbImage::from_fn(640, 640, |_, _| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Rgb([(seed >> 24) as u8, (seed >> 16) as u8, (seed >> 8) as u8])
        });
        let preview = look(&encoded(&noise.into(), ImageFormat::Png), ImageFormat::Png).unwrap();
        assert!(preview.thumbnail.len() <= MAX_THUMBNAIL);
        assert!(is_thumbnail(&preview.thumbnail));
    }

    #[test]
    fn transparent_pictures_stand_on_white() {
        let clear = DynamicImage::from(RgbaImage::from_pixel(40, 40, Rgba([0, 0, 0, 0])));
        let preview = look(&encoded(&clear, ImageFormat::Png), ImageFormat::Png).unwrap();
        let small = image::load_from_memory(&preview.thumbnail).unwrap();
        assert!(
            small.get_pixel(5, 5).0[..3]
                .iter()
                .all(|colour| *colour > 250)
        );
    }

    #[test]
    fn bombs_are_not_decoded() {
        // 100,000 x 100,000 pixels would take 30 GB, 29,000 x 29,000 still 2.5 GB.
        for (width, height) in [(100_000, 100_000), (29_000, 29_000), (0, 5), (1, 100_000)] {
            assert!(
                look(&bomb(width, height), ImageFormat::Png).is_none(),
                "{width}"
            );
        }
        assert!(look(b"\xff\xd8\xff", ImageFormat::Jpeg).is_none());
    }

    #[test]
    fn a_thumbnail_of_a_stranger_is_looked_at_first() {
        let large = encoded(&flag(2_000, 2_000), ImageFormat::Jpeg);
        assert!(!is_thumbnail(&large));
        assert!(!is_thumbnail(&encoded(&flag(10, 10), ImageFormat::Png)));
        assert!(!is_thumbnail(b""));
        assert!(is_thumbnail(&encoded(&flag(10, 10), ImageFormat::Jpeg)));
    }
}
