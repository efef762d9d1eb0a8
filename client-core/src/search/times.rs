//! Sets of points in time.

use std::ops::Range;

/// Ranges of milliseconds since the Unix epoch, in order and apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Times(Vec<Range<i64>>);

impl Default for Times {
    /// All of time.
    fn default() -> Self {
        Self(vec![i64::MIN..i64::MAX])
    }
}

impl Times {
    /// One range.
    pub(super) fn of(range: Range<i64>) -> Self {
        let mut times = Self::none();
        times.0.extend((!range.is_empty()).then_some(range));
        times
    }

    /// No time at all.
    pub(super) const fn none() -> Self {
        Self(Vec::new())
    }

    /// The ranges.
    pub(super) fn ranges(&self) -> &[Range<i64>] {
        &self.0
    }

    /// Whether it leaves nothing out.
    pub(super) fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Keeps what is in `other` as well, or what is not if `outside` is set.
    pub(super) fn keep(&mut self, other: &Self, outside: bool) {
        let other = if outside {
            other.outside()
        } else {
            other.clone()
        };
        let both = |one: &Range<i64>, two: &Range<i64>| {
            let range = one.start.max(two.start)..one.end.min(two.end);
            (!range.is_empty()).then_some(range)
        };
        let pairs = self
            .0
            .iter()
            .flat_map(|one| other.0.iter().map(move |two| (one, two)));
        self.0 = pairs.filter_map(|(one, two)| both(one, two)).collect();
    }

    /// Adds what is in `other`.
    pub(super) fn add(&mut self, other: &Self) {
        let mut outside = self.outside();
        outside.keep(other, true);
        *self = outside.outside();
    }

    fn outside(&self) -> Self {
        let mut gaps = Vec::new();
        let mut from = i64::MIN;
        for range in &self.0 {
            gaps.push(from..range.start);
            from = range.end;
        }
        gaps.push(from..i64::MAX);
        gaps.retain(|range| !range.is_empty());
        Self(gaps)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn has(times: &Times, at: i64) -> bool {
        times.ranges().iter().any(|range| range.contains(&at))
    }

    proptest! {
        #[test]
        fn sets_behave_as_sets(steps in prop::collection::vec((0_i64..20, 0_i64..8, 0_u8..3), 0..8)) {
            let mut times = Times::default();
            let mut expected: Vec<bool> = vec![true; 30];
            for (start, length, act) in steps {
                let range = start..start + length;
                let other = Times::of(range.clone());
                match act {
                    0 => times.keep(&other, false),
                    1 => times.keep(&other, true),
                    _ => times.add(&other),
                }
                for (at, there) in (0..).zip(&mut expected) {
                    let within = range.contains(&at);
                    *there = match act {
                        0 => *there && within,
                        1 => *there && !within,
                        _ => *there || within,
                    };
                }
            }
            for (at, there) in (0..).zip(&expected) {
                prop_assert_eq!(has(&times, at), *there);
            }
            let ordered = times.ranges().windows(2).all(|pair| pair[0].end < pair[1].start);
            prop_assert!(ordered, "{:?}", times);
        }
    }
}
