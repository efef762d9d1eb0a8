//! One request at a time works on an upload, and the newest ends the one before it: a client that
//! comes back most often left a connection behind that only the relay takes for alive.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sealwire_protocol::ids::BlobId;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

type Map = Mutex<HashMap<BlobId, Slot>>;

#[derive(Default)]
struct Slot {
    lock: Arc<tokio::sync::Mutex<()>>,
    /// Of whoever came last.
    stop: Option<CancellationToken>,
    /// Who holds the lock or waits for it.
    interested: usize,
}

/// Whose turn it is, for each upload.
pub(super) struct Turns {
    map: Arc<Map>,
    drain: CancellationToken,
}

impl Turns {
    /// Turns that all end with `drain`.
    pub(super) fn new(drain: CancellationToken) -> Self {
        Self {
            map: Arc::default(),
            drain,
        }
    }

    /// Tells whoever works on the upload to end, and waits until it has.
    pub(super) async fn take(&self, id: BlobId) -> Turn {
        let stop = self.drain.child_token();
        let (waiting, before) = {
            let mut map = lock(&self.map);
            let slot = map.entry(id).or_default();
            slot.interested += 1;
            let before = slot.stop.replace(stop.clone());
            (Arc::clone(&slot.lock), before)
        };
        let mut interest = Interest {
            map: Arc::clone(&self.map),
            id,
            guard: None,
        };
        if let Some(before) = before {
            before.cancel();
        }
        interest.guard = Some(waiting.lock_owned().await);
        Turn {
            stop,
            _interest: interest,
        }
    }
}

fn lock(map: &Map) -> std::sync::MutexGuard<'_, HashMap<BlobId, Slot>> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to work on one upload, until dropped.
pub(super) struct Turn {
    /// Somebody else wants it, or the relay ends.
    pub(super) stop: CancellationToken,
    _interest: Interest,
}

/// Counted in the slot from the moment of asking, so that a request that gives up while it waits
/// leaves nothing behind.
struct Interest {
    map: Arc<Map>,
    id: BlobId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Drop for Interest {
    fn drop(&mut self) {
        self.guard.take();
        let mut map = lock(&self.map);
        if let Some(slot) = map.get_mut(&self.id) {
            slot.interested -= 1;
            if slot.interested == 0 {
                map.remove(&self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: BlobId = BlobId([1; 16]);

    #[tokio::test]
    async fn a_newer_request_ends_the_older_and_waits_for_it() {
        let turns = Arc::new(Turns::new(CancellationToken::new()));
        let old = turns.take(ID).await;
        let other = turns.take(BlobId([2; 16])).await;
        let newer = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.take(ID).await }
        });
        old.stop.cancelled().await;
        assert!(!newer.is_finished() && !other.stop.is_cancelled());
        drop(old);
        let new = newer.await.expect("its turn");
        assert!(!new.stop.is_cancelled());
        drop((new, other));
        assert!(lock(&turns.map).is_empty(), "nothing is left behind");
    }

    #[tokio::test]
    async fn who_gives_up_waiting_leaves_nothing_behind() {
        let drain = CancellationToken::new();
        let turns = Turns::new(drain.clone());
        let held = turns.take(ID).await;
        {
            let waiting = turns.take(ID);
            tokio::pin!(waiting);
            assert!(futures_util::poll!(&mut waiting).is_pending());
        }
        drop(held);
        assert!(lock(&turns.map).is_empty());
        let last = turns.take(ID).await;
        drain.cancel();
        assert!(last.stop.is_cancelled(), "the relay ends");
    }
}
