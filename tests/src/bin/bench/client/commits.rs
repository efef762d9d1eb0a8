//! How large a commit is in a group that was made in one step, as its members update one by one.

use super::{BENCH, raw_mls};
use crate::figure::Figure;
use crate::{Result, note};

/// Prints the curve: the size of the commit with which the N-th member updates its leaf.
pub(super) fn run(size: u32) -> Result<()> {
    note(format_args!(
        "client: commits in a group of {size} made in one step"
    ));
    let group = raw_mls::group(usize::try_from(size)?, 0)?;
    Figure::new(BENCH, "commit_bytes_founding", group.founding as f64, "B")
        .against(format!("adds all members of a group of {size}"))
        .print();
    let mut member = group.first;
    let mut leaves: Vec<_> = group.others.into_iter().zip(2..).collect();
    let first = member.update()?;
    Figure::new(BENCH, "commit_bytes_at_birth", first as f64, "B")
        .against(format!("group of {size} made in one step"))
        .print();
    Figure::new(BENCH, "commit_bytes@1", first as f64, "B").print();
    let mut updated = 1_u32;
    let mut last = first;
    while !leaves.is_empty() {
        let at = rand::random_range(0..leaves.len());
        let (who, leaf) = leaves.swap_remove(at);
        member.become_member(who, leaf)?;
        last = member.update()?;
        updated += 1;
        if updated.is_power_of_two() || updated.is_multiple_of(size / 10) || leaves.is_empty() {
            note(format_args!(
                "client: {updated} updated, the last with {last} bytes"
            ));
            Figure::new(BENCH, format!("commit_bytes@{updated}"), last as f64, "B").print();
        }
    }
    let expected = 371 + 117 * size.next_power_of_two().ilog2();
    Figure::new(BENCH, "commit_bytes_updated", last as f64, "B")
        .against(format!("{expected} B = 371 + 117·⌈log₂ {size}⌉"))
        .ratio(last as f64 / f64::from(expected))
        .print();
    Ok(())
}
