//! Looking into bytes and into what is packed in them: gzip (RFC 1952) and Zstandard (RFC 8878)
//! streams that begin anywhere, in one another too. All in one pass and in bounded memory: what is
//! packed is unpacked while its bytes come.

use std::fmt;
use std::io::Write;

use flate2::write::GzDecoder;
use sealwire_audit::canary::{Found, Needles, Scan, Seen};

/// How a gzip stream begins: its sign, and Deflate as its method.
const GZIP: &[u8] = &[0x1f, 0x8b, 0x08];
/// How a Zstandard frame begins.
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// What packed streams begin with, in the order of [`Kind`].
pub(super) const SIGNS: &[&[u8]] = &[GZIP, ZSTD];
/// How deep streams in streams are looked into.
const DEEPEST: usize = 3;
/// Streams of a file that are unpacked at once. A Zstandard stream may want a window of 128 MiB.
const MOST_OPEN: usize = 8;
/// Largest window of a Zstandard stream, as a power of two; what `zstd` itself takes.
const WINDOW: u32 = 27;
/// What is unpacked of one stream, in bytes: all of it, unless it is made to have no end.
const LONGEST: u64 = 1 << 38;
/// What is fed at once.
const PIECE: usize = 1 << 16;

/// How something is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Gzip,
    Zstd,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// A packed stream, by where it begins in what holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed {
    pub(super) kind: Kind,
    pub(super) offset: u64,
}

/// A marker that was found.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    /// Its place in the list, from 0.
    pub(super) marker: usize,
    pub(super) form: &'static str,
    /// Where it begins in the innermost of `within`.
    pub(super) offset: u64,
    /// The packed streams that it is in, the outermost first.
    pub(super) within: Vec<Packed>,
}

/// What came of looking into one file.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) hits: Vec<Hit>,
    /// Signs of packed streams that were not followed, or not to their end: too many at once, too
    /// deep, or too long. Chance makes such signs, too.
    pub(super) left: u64,
    open: usize,
}

/// Bytes that come one after the other, and the streams that are packed in them.
pub(super) struct Layer<'n> {
    needles: &'n Needles,
    scan: Scan<'n>,
    streams: Vec<Stream<'n>>,
    within: Vec<Packed>,
}

impl<'n> Layer<'n> {
    pub(super) fn new(needles: &'n Needles) -> Self {
        Self::within(needles, Vec::new())
    }

    fn within(needles: &'n Needles, within: Vec<Packed>) -> Self {
        Self {
            needles,
            scan: needles.scan(),
            streams: Vec::new(),
            within,
        }
    }

    /// Looks at the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8], looked: &mut Looked) {
        for piece in bytes.chunks(PIECE) {
            let start = self.scan.position();
            let mut begun = Vec::new();
            self.scan
                .push(piece, |Seen { found, offset, .. }| match found {
                    Found::Marker { number, form } => looked.hits.push(Hit {
                        marker: number,
                        form,
                        offset,
                        within: self.within.clone(),
                    }),
                    Found::Sign(0) => begun.push((Kind::Gzip, GZIP, offset)),
                    Found::Sign(_) => begun.push((Kind::Zstd, ZSTD, offset)),
                });
            self.streams.retain_mut(|stream| stream.push(piece, looked));
            for (kind, sign, offset) in begun {
                // A sign may have begun before this piece.
                let before = usize::try_from(start.saturating_sub(offset)).unwrap_or(0);
                let from = usize::try_from(offset.saturating_sub(start)).unwrap_or(0);
                let bytes = [&sign[..before], &piece[from..]];
                self.begin(Packed { kind, offset }, bytes, looked);
            }
        }
    }

    fn begin(&mut self, packed: Packed, bytes: [&[u8]; 2], looked: &mut Looked) {
        if self.within.len() == DEEPEST || looked.open == MOST_OPEN {
            looked.left += 1;
            return;
        }
        let within = [self.within.as_slice(), &[packed]].concat();
        let Some(unpacker) = Unpacker::new(packed.kind) else {
            looked.left += 1;
            return;
        };
        looked.open += 1;
        let mut stream = Stream {
            unpacker,
            inside: Box::new(Layer::within(self.needles, within)),
        };
        if bytes.iter().all(|bytes| stream.push(bytes, looked)) {
            self.streams.push(stream);
        }
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self, looked: &mut Looked) {
        for mut stream in self.streams.drain(..) {
            stream.end(looked);
        }
    }
}

/// A packed stream that goes on.
struct Stream<'n> {
    unpacker: Unpacker,
    inside: Box<Layer<'n>>,
}

impl Stream<'_> {
    /// Unpacks the next bytes; whether there may be more.
    fn push(&mut self, mut bytes: &[u8], looked: &mut Looked) -> bool {
        while !bytes.is_empty() {
            let taken = self.unpacker.write(bytes);
            self.inside.push(&self.unpacker.take(), looked);
            let too_long = self.inside.scan.position() > LONGEST;
            match taken {
                Some(taken @ 1..) if !too_long => bytes = &bytes[taken..],
                // At its end, damaged, or no packed stream at all.
                _ => {
                    looked.left += u64::from(too_long);
                    self.end(looked);
                    return false;
                }
            }
        }
        true
    }

    fn end(&mut self, looked: &mut Looked) {
        let rest = self.unpacker.finish();
        self.inside.push(&rest, looked);
        self.inside.end(looked);
        looked.open -= 1;
    }
}

/// Takes packed bytes and holds what they unpack to until it is taken, tens of KiB at a time.
enum Unpacker {
    Gzip(GzDecoder<Vec<u8>>),
    Zstd(zstd::stream::write::Decoder<'static, Vec<u8>>),
}

impl Unpacker {
    fn new(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Gzip => Self::Gzip(GzDecoder::new(Vec::new())),
            Kind::Zstd => {
                let mut decoder = zstd::stream::write::Decoder::new(Vec::new()).ok()?;
                decoder.window_log_max(WINDOW).ok()?;
                Self::Zstd(decoder)
            }
        })
    }

    /// How many of the bytes it took; none at the stream's end, `None` if they are wrong.
    fn write(&mut self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Gzip(decoder) => decoder.write(bytes).ok(),
            Self::Zstd(decoder) => decoder.write(bytes).ok(),
        }
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
        })
    }

    /// What is left. A stream that was cut off ends where it was cut.
    fn finish(&mut self) -> Vec<u8> {
        match self {
            Self::Gzip(decoder) => drop(decoder.try_finish()),
            Self::Zstd(decoder) => drop(decoder.flush()),
        }
        self.take()
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const MARKER: &str = "the cat sat on a mat";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(bytes, 3).unwrap()
    }

    fn look(bytes: &[u8], piece: usize) -> Looked {
        let needles = Needles::new(&[MARKER], SIGNS).unwrap();
        let (mut layer, mut looked) = (Layer::new(&needles), Looked::default());
        for piece in bytes.chunks(piece) {
            layer.push(piece, &mut looked);
        }
        layer.end(&mut looked);
        assert_eq!(looked.open, 0);
        looked
    }

    /// The hits that are packed. What does not pack well is packed as it is, and found there, too.
    fn packed(looked: &Looked) -> Vec<&Hit> {
        let hits = looked.hits.iter();
        hits.filter(|hit| !hit.within.is_empty()).collect()
    }

    /// Half a million bytes that do not pack well, and the marker at their end.
    fn long() -> Vec<u8> {
        let noise =
            (0_u64..60_000).flat_map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes());
        noise.chain(MARKER.bytes()).collect()
    }

    #[test]
    fn what_is_packed_is_found_wherever_it_begins() {
        for pack in [gzip, zstd] {
            let hidden = [&[7; 100], pack(&long()).as_slice(), b"and more"].concat();
            for piece in [1, 3, 4_096, usize::MAX] {
                let looked = look(&hidden, piece);
                let hits = packed(&looked);
                let [hit] = hits.as_slice() else {
                    panic!("{hits:?}");
                };
                assert_eq!((hit.marker, hit.form, hit.offset), (0, "UTF-8", 480_000));
                assert_eq!(hit.within.len(), 1);
                assert_eq!(hit.within[0].offset, 100);
            }
        }
    }

    #[test]
    fn streams_in_streams_are_followed_three_deep() {
        let one = [b"..", gzip(MARKER.as_bytes()).as_slice()].concat();
        let three = gzip(&zstd(&one));
        let deepest = |bytes: &[u8]| {
            let looked = look(bytes, 10);
            let hit = looked.hits.iter().max_by_key(|hit| hit.within.len());
            let within = &hit.expect("found").within;
            let kinds: Vec<Kind> = within.iter().map(|one| one.kind).collect();
            (kinds, looked.left)
        };
        assert_eq!(
            deepest(&three),
            (vec![Kind::Gzip, Kind::Zstd, Kind::Gzip], 0)
        );
        let (kinds, left) = deepest(&gzip(&three));
        assert!(kinds.len() <= 3 && left > 0, "{kinds:?}, {left}");
    }

    #[test]
    fn one_stream_after_the_other_and_one_that_is_cut() {
        let one = gzip(MARKER.as_bytes());
        let many = [one.as_slice(), &zstd(MARKER.as_bytes())]
            .concat()
            .repeat(20);
        assert_eq!(packed(&look(&many, 1_000)).len(), 40);
        for pack in [gzip, zstd] {
            let whole = pack(&[&long()[480_000..], &long()].concat());
            let looked = look(&whole[..whole.len() / 2], 1_000);
            assert_eq!(packed(&looked).len(), 1);
        }
    }

    /// A quarter of a gigabyte of nothing in a megabyte is looked through, and never held.
    #[test]
    fn a_bomb_is_unpacked_bit_by_bit() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        for _ in 0..256 {
            encoder.write_all(&[0; 1 << 20]).unwrap();
        }
        encoder.write_all(MARKER.as_bytes()).unwrap();
        let bomb = encoder.finish().unwrap();
        let looked = look(&bomb, 1 << 16);
        assert_eq!((looked.hits.len(), looked.hits[0].offset), (1, 1 << 28));
    }
}
