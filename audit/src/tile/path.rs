//! Where tiles and entry bundles are served.

use std::fmt;

use super::{HEIGHT, WIDTH};
use crate::Malformed;
use crate::text::{LARGEST, decimal};

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Hashes at this tile level, 0 to 63.
    Hashes(u8),
    /// Entries.
    Entries,
}

/// A tile or entry bundle, whole or partial. Printed as its path below the log's
/// prefix: `tile/0/x001/x234/067`, `tile/entries/000.p/17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    kind: Kind,
    index: u64,
    width: u16,
}

const WHAT: &str = "path of a tile";
/// `tile/entries/`, seven groups of an index, `.p/255`.
const LONGEST: usize = 13 + 7 * 5 + 6;

impl Resource {
    /// Names the first `width` hashes or entries of the tile `index`.
    ///
    /// # Errors
    /// [`Malformed`] for a level above 63, an index above 2^63 - 1 or a width that
    /// is not 1 to 256.
    pub fn new(kind: Kind, index: u64, width: u16) -> Result<Self, Malformed> {
        if matches!(kind, Kind::Hashes(64..)) {
            return Err(Malformed::new(WHAT, "the level is above 63"));
        }
        if index > LARGEST {
            return Err(Malformed::new(WHAT, "the index is too large"));
        }
        if !(1..=WIDTH).contains(&width) {
            return Err(Malformed::new(WHAT, "the width is not 1 to 256"));
        }
        Ok(Self { kind, index, width })
    }

    /// Reads a path, which has one spelling only.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong.
    pub fn parse(path: &str) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new(WHAT, why);
        if path.len() > LONGEST {
            return Err(wrong("too long"));
        }
        let rest = path
            .strip_prefix("tile/")
            .ok_or(wrong("does not begin with tile/"))?;
        let (kind, rest) = rest.split_once('/').ok_or(wrong("has no index"))?;
        let kind = if kind == "entries" {
            Kind::Entries
        } else {
            let level = decimal(kind).and_then(|level| u8::try_from(level).ok());
            Kind::Hashes(level.ok_or(wrong("the level is no number"))?)
        };
        let (index, width) = match rest.split_once(".p/") {
            None => (rest, WIDTH),
            Some((index, width)) => {
                let width = decimal(width).and_then(|width| u16::try_from(width).ok());
                let partial = width.filter(|width| *width < WIDTH);
                (index, partial.ok_or(wrong("the width is not 1 to 255"))?)
            }
        };
        let index = parse_index(index).ok_or(wrong("the index is misspelled"))?;
        Self::new(kind, index, width)
    }

    /// Hashes or entries.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Place from the left within its level.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// The whole tile to which this part belongs.
    #[must_use]
    pub const fn whole(self) -> Self {
        Self {
            width: WIDTH,
            ..self
        }
    }

    /// Whether a tree of `size` leaves has this resource: whole tiles for good,
    /// partial ones at exactly that size.
    #[must_use]
    pub fn is_part_of(&self, size: u64) -> bool {
        let level = match self.kind {
            Kind::Hashes(level) => level,
            Kind::Entries => 0,
        };
        let hashes = hashes_at(level, size);
        let full = hashes / u64::from(WIDTH);
        if self.width == WIDTH {
            self.index < full
        } else {
            self.index == full && hashes % u64::from(WIDTH) == u64::from(self.width)
        }
    }
}

/// How many hashes a tree of `size` leaves has at tile level `level`.
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(HEIGHT))
        .unwrap_or(0)
}

/// Width of the partial tile at tile level `level` in a tree of `size` leaves; 0 if
/// there is none.
#[must_use]
pub fn partial_width(level: u8, size: u64) -> u16 {
    let bytes = hashes_at(level, size).to_le_bytes();
    u16::from(bytes[0])
}

/// `x001/x234/067` is 1,234,067.
fn parse_index(text: &str) -> Option<u64> {
    let groups: Vec<&str> = text.split('/').collect();
    let (last, before) = groups.split_last()?;
    let mut digits = String::new();
    for group in before {
        digits.push_str(group.strip_prefix('x').filter(|group| group.len() == 3)?);
    }
    if last.len() != 3 || (!before.is_empty() && digits.starts_with("000")) {
        return None;
    }
    digits.push_str(last);
    let significant = digits.trim_start_matches('0');
    decimal(if significant.is_empty() {
        "0"
    } else {
        significant
    })
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Hashes(level) => write!(f, "tile/{level}/")?,
            Kind::Entries => f.write_str("tile/entries/")?,
        }
        let mut group = 1_000;
        while self.index / group > 0 && group < 1_000_000_000_000_000_000 {
            group *= 1_000;
        }
        if self.index / group > 0 {
            write!(f, "x{:03}/", self.index / group)?;
        }
        while group > 1_000 {
            group /= 1_000;
            write!(f, "x{:03}/", self.index / group % 1_000)?;
        }
        write!(f, "{:03}", self.index % 1_000)?;
        if self.width < WIDTH {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}
