//! Looking for markers in bytes that come piece by piece.

use aho_corasick::AhoCorasick;

use super::forms::forms;
use crate::Malformed;

/// Shortest marker, in bytes: what is shorter may be found by chance.
pub const SHORTEST: usize = 8;

const WHAT: &str = "marker";

/// What is looked for.
pub struct Needles {
    automaton: AhoCorasick,
    all: Vec<(Found, usize)>,
    longest: usize,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A marker.
    Marker {
        /// Its place in the list, from 0.
        number: usize,
        /// The name of the form that it had.
        form: &'static str,
    },
    /// One of the signs, by its place in the list from 0.
    Sign(usize),
}

/// Where something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What.
    pub found: Found,
    /// Where it begins: bytes from the first that came.
    pub offset: u64,
    /// Its length in bytes.
    pub length: usize,
}

impl Needles {
    /// `markers` in all their forms, and `signs` as they are.
    ///
    /// # Errors
    /// [`Malformed`] for a marker of fewer than [`SHORTEST`] bytes, an empty sign, and more
    /// than can be looked for at once.
    pub fn new(markers: &[&str], signs: &[&[u8]]) -> Result<Self, Malformed> {
        if markers.iter().any(|marker| marker.len() < SHORTEST) {
            return Err(Malformed::new(WHAT, "is shorter than 8 bytes"));
        }
        if signs.iter().any(|sign| sign.is_empty()) {
            return Err(Malformed::new(WHAT, "a sign is empty"));
        }
        let (mut patterns, mut all) = (Vec::new(), Vec::new());
        for (number, marker) in markers.iter().enumerate() {
            for (form, bytes) in forms(marker) {
                all.push((Found::Marker { number, form }, bytes.len()));
                patterns.push(bytes);
            }
        }
        for (number, sign) in signs.iter().enumerate() {
            all.push((Found::Sign(number), sign.len()));
            patterns.push(sign.to_vec());
        }
        Ok(Self {
            automaton: AhoCorasick::new(&patterns)
                .map_err(|_| Malformed::new(WHAT, "too many or too long to be looked for"))?,
            longest: patterns.iter().map(Vec::len).max().unwrap_or(0),
            all,
        })
    }

    /// Begins to look.
    #[must_use]
    pub const fn scan(&self) -> Scan<'_> {
        Scan {
            needles: self,
            window: Vec::new(),
            looked: 0,
            passed: 0,
        }
    }
}

/// A search that has come so far. Holds no more than one piece and the end of the one
/// before.
pub struct Scan<'n> {
    needles: &'n Needles,
    /// The end of what was looked at, and the next piece.
    window: Vec<u8>,
    /// So many bytes of the window were looked at before.
    looked: usize,
    /// So many bytes came before the window.
    passed: u64,
}

impl Scan<'_> {
    /// Looks at the next piece and tells `seen` what ends in it.
    pub fn push(&mut self, piece: &[u8], mut seen: impl FnMut(Seen)) {
        self.window.extend_from_slice(piece);
        for at in self.needles.automaton.find_overlapping_iter(&self.window) {
            // Else it was told before.
            if at.end() > self.looked {
                let (found, length) = self.needles.all[at.pattern().as_usize()];
                seen(Seen {
                    found,
                    offset: self.passed + at.start() as u64,
                    length,
                });
            }
        }
        let kept = self
            .needles
            .longest
            .saturating_sub(1)
            .min(self.window.len());
        let gone = self.window.len() - kept;
        self.window.drain(..gone);
        self.passed += gone as u64;
        self.looked = kept;
    }

    /// How many bytes came.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.passed + self.looked as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARKERS: [&str; 2] = ["Möwe 海鸥 at ten", "k2v9q8w7e6r5"];

    fn all(bytes: &[u8], piece: usize) -> Vec<Seen> {
        let needles = Needles::new(&MARKERS, &[&[0x1f, 0x8b]]).unwrap();
        let (mut scan, mut found) = (needles.scan(), Vec::new());
        for piece in bytes.chunks(piece) {
            scan.push(piece, |seen| found.push(seen));
        }
        assert_eq!(scan.position(), bytes.len() as u64);
        found
    }

    proptest! {
        #[test]
        fn each_is_found_once_wherever_pieces_end(
            before in 0usize..70, after in 0usize..70, piece in 1usize..80, number in 0usize..2
        ) {
            for (form, bytes) in forms(MARKERS[number]) {
                let hidden = [&vec![b'.'; before], bytes.as_slice(), &vec![b'.'; after]].concat();
                let found = Found::Marker { number, form };
                let seen = Seen { found, offset: before as u64, length: bytes.len() };
                prop_assert_eq!(all(&hidden, piece), [seen]);
            }
        }

        #[test]
        fn nothing_is_found_where_nothing_is(bytes in prop::collection::vec(0u8..0x1f, 0..500)) {
            prop_assert_eq!(all(&bytes, 64), []);
        }
    }

    #[test]
    fn signs_and_markers_may_overlap_and_come_again() {
        let found = all(b"\x1f\x8bk2v9q8w7e6r5k2v9q8w7e6r5", 5);
        let offsets: Vec<u64> = found.iter().map(|seen| seen.offset).collect();
        assert_eq!(offsets, [0, 2, 14]);
        assert_eq!(found[0].found, Found::Sign(0));
    }

    #[test]
    fn what_chance_makes_is_not_looked_for() {
        assert!(Needles::new(&["seven.."], &[]).is_err());
        assert!(Needles::new(&["eight..."], &[&[]]).is_err());
        assert!(Needles::new(&["eight..."], &[]).is_ok());
    }
}
