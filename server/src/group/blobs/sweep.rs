//! Retention of blobs.

use super::rows::State;
use super::{Blobs, DAY_S};
use crate::refusal::Answer;
use crate::tally::{Count, Kind, Run};

/// Blobs that go in one transaction.
const STEP: u32 = 200;

impl Blobs {
    /// Removes what has expired: blobs at their end, uploads a day after their last byte.
    pub(crate) async fn sweep(&self, run: Run) -> Answer<()> {
        self.addresses.sweep();
        let now = run.now_s();
        let created_before = now.saturating_sub(self.bounds.days * DAY_S);
        let touched_before = now.saturating_sub(DAY_S);
        loop {
            let expired = self
                .rows
                .expired(now, created_before, touched_before, STEP)
                .await?;
            if expired.is_empty() {
                break;
            }
            let (mut blobs, mut uploads) = (Count::default(), Count::default());
            let mut ids = Vec::with_capacity(expired.len());
            let mut turns = Vec::with_capacity(expired.len());
            for row in expired {
                // Held until the row is gone.
                turns.push(self.turns.take(row.id()).await);
                // What came while this waited counts too.
                let Some(row) = self.rows.find(row.id()).await? else {
                    continue;
                };
                if row.state == State::Receiving && row.touched_s > touched_before {
                    continue;
                }
                self.erase(&row).await?;
                match row.state {
                    State::Receiving => uploads.add(row.received, row.touched_s),
                    _ => blobs.add(row.received, row.created_s),
                }
                ids.push(row.id());
            }
            let counts = [(Kind::Blob, blobs), (Kind::Upload, uploads)];
            self.rows.remove(&ids, Some((run, &counts))).await?;
            self.space.give_back(blobs.bytes + uploads.bytes);
        }
        self.rows.forget(run).await?;
        Ok(())
    }

    /// What one run removed.
    pub(crate) async fn removed(&self, run: Run) -> Answer<Vec<(Kind, Count)>> {
        Ok(self.rows.counts(run).await?)
    }
}
