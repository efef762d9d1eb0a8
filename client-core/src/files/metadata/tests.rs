use image::{DynamicImage, GenericImageView, ImageFormat, Rgb, RgbImage};
use proptest::prelude::*;

use super::*;

/// What must never be found again.
const SECRET: &[u8] = b"52.5200N 13.4050E";

fn picture() -> DynamicImage {
    RgbImage::from_fn(64, 48, |x, y| Rgb([x as u8 * 4, y as u8 * 5, 99])).into()
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    picture().write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// EXIF that asks for a quarter turn and tells a secret.
fn exif() -> Vec<u8> {
    let mut exif = exif_with(Orientation::Rotate90);
    exif.extend_from_slice(SECRET);
    exif
}

fn segment(marker: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let mut out = vec![0xff, marker];
    out.extend(u16::try_from(content.len() + 2).unwrap().to_be_bytes());
    out.extend(content);
    out
}

/// A JPEG with a secret in every place that has one in the wild.
fn telling_jpeg() -> Vec<u8> {
    let plain = encoded(ImageFormat::Jpeg);
    let mut out = plain[..2].to_vec();
    out.extend(segment(0xe1, &[EXIF, &exif()]));
    out.extend(segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", SECRET]));
    out.extend(segment(0xe2, &[b"MPF\0", SECRET]));
    out.extend(segment(0xed, &[b"Photoshop 3.0\0", SECRET]));
    out.extend(segment(0xfe, &[SECRET]));
    out.extend_from_slice(&plain[2..]);
    // The second picture of a phone, and what it puts behind all of them.
    out.extend_from_slice(&plain[..2]);
    out.extend(segment(0xe1, &[EXIF, SECRET]));
    out.extend_from_slice(SECRET);
    out
}

fn png_chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(content.len()).unwrap().to_be_bytes().to_vec();
    out.extend_from_slice(name);
    out.extend_from_slice(content);
    out.extend(crc32fast::hash(&out[4..]).to_be_bytes());
    out
}

fn telling_png() -> Vec<u8> {
    let plain = encoded(ImageFormat::Png);
    let header = 8 + 12 + 13;
    let mut out = plain[..header].to_vec();
    out.extend(png_chunk(b"eXIf", &exif()));
    out.extend(png_chunk(b"tEXt", &[b"GPS\0", SECRET].concat()));
    out.extend(png_chunk(
        b"iTXt",
        &[b"XML:com.adobe.xmp\0", SECRET].concat(),
    ));
    out.extend(png_chunk(b"prVt", SECRET));
    out.extend_from_slice(&plain[header..]);
    out.extend_from_slice(SECRET);
    out
}

fn riff(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = name.to_vec();
    out.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
    out.extend_from_slice(content);
    out.resize(out.len() + content.len() % 2, 0);
    out
}

fn telling_webp() -> Vec<u8> {
    let plain = encoded(ImageFormat::WebP);
    let mut body = b"WEBP".to_vec();
    body.extend(riff(b"VP8X", &[HAS_ALL, 0, 0, 0, 63, 0, 0, 47, 0, 0]));
    body.extend_from_slice(&plain[12..]);
    body.extend(riff(b"EXIF", &exif()));
    body.extend(riff(b"XMP ", SECRET));
    body.extend(riff(b"geo ", SECRET));
    let mut out = riff(b"RIFF", &body);
    out.extend_from_slice(SECRET);
    out
}

const HAS_ALL: u8 = 0x0c;

fn tells(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|window| window == SECRET)
}

fn decoded(bytes: &[u8], format: ImageFormat) -> (DynamicImage, Orientation) {
    use image::{ImageDecoder, ImageReader};
    let reader = ImageReader::with_format(std::io::Cursor::new(bytes), format);
    let mut decoder = reader.into_decoder().unwrap();
    let orientation = decoder.orientation().unwrap();
    (DynamicImage::from_decoder(decoder).unwrap(), orientation)
}

#[test]
fn nothing_is_told_and_the_picture_stays() {
    for (format, telling) in [
        (ImageFormat::Jpeg, telling_jpeg()),
        (ImageFormat::Png, telling_png()),
        (ImageFormat::WebP, telling_webp()),
    ] {
        assert!(tells(&telling), "{format:?}");
        let clean = without(&telling, format).unwrap();
        assert!(!tells(&clean), "{format:?}");
        let (before, turned) = decoded(&telling, format);
        let (after, still_turned) = decoded(&clean, format);
        assert_eq!(before.dimensions(), (64, 48));
        assert!(before == after, "{format:?}");
        assert_eq!(turned, Orientation::Rotate90, "{format:?}");
        assert_eq!(still_turned, turned, "{format:?}");
        assert!(without(&clean, format).unwrap() == clean, "clean stays");
    }
}

#[test]
fn colour_profiles_stay() {
    let plain = encoded(ImageFormat::Jpeg);
    let profile = segment(0xe2, &[b"ICC_PROFILE\0\x01\x01", b"profile"]);
    let with = [&plain[..2], &profile, &plain[2..]].concat();
    let clean = without(&with, ImageFormat::Jpeg).unwrap();
    assert!(clean.windows(7).any(|window| window == b"profile"));
}

#[test]
fn a_thumbnail_in_the_header_goes() {
    let plain = encoded(ImageFormat::Jpeg);
    let header = segment(0xe0, &[b"JFIF\0\x01\x02\0\0\x01\0\x01\x01\x01", b"abc"]);
    let with = [&plain[..2], &header, &plain[2..]].concat();
    let clean = without(&with, ImageFormat::Jpeg).unwrap();
    assert!(!clean.windows(3).any(|window| window == b"abc"));
    assert!(decoded(&clean, ImageFormat::Jpeg).0 == decoded(&plain, ImageFormat::Jpeg).0);
}

#[test]
fn what_is_cut_off_is_not_cleaned() {
    for (format, whole) in [
        (ImageFormat::Jpeg, encoded(ImageFormat::Jpeg)),
        (ImageFormat::Png, encoded(ImageFormat::Png)),
        (ImageFormat::WebP, encoded(ImageFormat::WebP)),
    ] {
        for end in [0, 1, 2, 11, whole.len() / 2, whole.len() - 2] {
            assert!(without(&whole[..end], format).is_none(), "{format:?} {end}");
        }
    }
    assert!(without(b"II*\0", ImageFormat::Tiff).is_none());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        number in 0usize..3,
        change in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let format = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP][number];
        let mut bytes = [telling_jpeg(), telling_png(), telling_webp()][number].clone();
        for (place, byte) in change {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(clean) = without(&bytes, format) {
            prop_assert!(clean.len() <= bytes.len() + 64);
        }
    }
}
