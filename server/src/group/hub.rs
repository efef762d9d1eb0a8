//! Who hears of new entries.
//!
//! A subscriber starts out *catching up*: its connection reads stored pages and tells how far it
//! got. It turns *live* under the same lock that publishing takes, and only if nothing newer was
//! published, so that there is neither a gap nor a repeat between stored and live entries. A live
//! subscriber who does not stand exactly before a batch is sent back to catching up.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use sealwire_protocol::frame::{self, Entries, Entry, Ephemeral, ServerBody, ServerFrame};
use sealwire_protocol::log::EntryKind;

use super::outbox::{Item, Outbox};
use super::store::{Committed, LaneKey};

const SHARDS: usize = 16;
/// Pushed frames stay about this small, so that a connection's write buffer does.
pub(crate) const PUSH_BYTES: usize = 64 * 1024;

/// Where more listen than this, signals are not handed on: one frame must not become thousands.
const MOST_HEARERS: usize = 128;

/// Subscriptions of this node.
pub(crate) struct Hub {
    shards: [Mutex<HashMap<LaneKey, Channel>>; SHARDS],
    /// Of all lanes together, since the start.
    messages: AtomicU64,
}

#[derive(Default)]
struct Channel {
    /// Highest seq published since the first subscriber came.
    newest: u64,
    subscribers: Vec<Subscriber>,
}

struct Subscriber {
    outbox: Arc<Outbox>,
    sent: u64,
    live: bool,
}

impl Hub {
    /// Nobody subscribed.
    pub(crate) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            messages: AtomicU64::new(0),
        }
    }

    /// Messages that were stored since the start.
    pub(crate) fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Adds a subscriber that has everything up to `after`, catching up. Replaces an earlier
    /// subscription of the same connection.
    pub(crate) fn subscribe(&self, key: LaneKey, outbox: &Arc<Outbox>, after: u64) {
        let mut shard = self.shard(&key);
        let channel = shard.entry(key).or_default();
        match channel.find(outbox) {
            Some(found) => (found.sent, found.live) = (after, false),
            None => channel.subscribers.push(Subscriber {
                outbox: Arc::clone(outbox),
                sent: after,
                live: false,
            }),
        }
    }

    /// Removes a subscriber.
    pub(crate) fn unsubscribe(&self, key: &LaneKey, outbox: &Arc<Outbox>) {
        let mut shard = self.shard(key);
        if let Slot::Occupied(mut slot) = shard.entry(*key) {
            let subscribers = &mut slot.get_mut().subscribers;
            if let Some(at) = subscribers
                .iter()
                .position(|known| Arc::ptr_eq(&known.outbox, outbox))
            {
                subscribers.swap_remove(at);
            }
            if subscribers.is_empty() {
                slot.remove();
            }
        }
    }

    /// Hands a signal to all subscribers but `from`, as far as they have room for it. False if
    /// `from` is none of them.
    pub(crate) fn broadcast(&self, key: &LaneKey, from: &Arc<Outbox>, payload: Bytes) -> bool {
        let mut shard = self.shard(key);
        let Some(channel) = shard.get_mut(key) else {
            return false;
        };
        if channel.find(from).is_none() {
            return false;
        }
        if channel.subscribers.len() > MOST_HEARERS {
            return true;
        }
        let frame = frame::encode(&ServerFrame {
            request: 0,
            body: Some(ServerBody::Ephemeral(Ephemeral {
                log: Bytes::copy_from_slice(key.log.as_bytes()),
                lane: Bytes::copy_from_slice(key.lane.as_bytes()),
                payload,
            })),
        });
        for subscriber in &channel.subscribers {
            if !Arc::ptr_eq(&subscriber.outbox, from) {
                subscriber.outbox.put_if_room(frame.clone());
            }
        }
        true
    }

    /// How far a subscriber that is catching up has got; `None` if it is live or gone.
    pub(crate) fn catching_up(&self, key: &LaneKey, outbox: &Arc<Outbox>) -> Option<u64> {
        let mut shard = self.shard(key);
        let subscriber = shard.get_mut(key)?.find(outbox)?;
        (!subscriber.live).then_some(subscriber.sent)
    }

    /// Tells that stored entries up to `sent` were written, and turns the subscriber live if
    /// nothing newer was published and `at_end` of the store. Returns whether it is done.
    pub(crate) fn caught_up(
        &self,
        key: &LaneKey,
        outbox: &Arc<Outbox>,
        sent: u64,
        at_end: bool,
    ) -> bool {
        let mut shard = self.shard(key);
        let Some(channel) = shard.get_mut(key) else {
            return true;
        };
        let newest = channel.newest;
        let Some(subscriber) = channel.find(outbox) else {
            return true;
        };
        subscriber.sent = sent;
        subscriber.live = at_end && newest <= sent;
        subscriber.live
    }

    fn shard(&self, key: &LaneKey) -> MutexGuard<'_, HashMap<LaneKey, Channel>> {
        self.shards[usize::from(key.lane.0[0]) % SHARDS]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Channel {
    fn find(&mut self, outbox: &Arc<Outbox>) -> Option<&mut Subscriber> {
        self.subscribers
            .iter_mut()
            .find(|known| Arc::ptr_eq(&known.outbox, outbox))
    }

    fn publish(&mut self, key: LaneKey, first: u64, last: u64, bytes: &Bytes) {
        self.newest = self.newest.max(last);
        for subscriber in &mut self.subscribers {
            if !subscriber.live || last <= subscriber.sent {
                continue;
            }
            if subscriber.sent + 1 == first {
                subscriber.sent = last;
                subscriber.outbox.put(Item::Frame(bytes.clone()));
            } else {
                subscriber.live = false;
                subscriber.outbox.put(Item::CatchUp(key));
            }
        }
    }
}

impl Committed for Hub {
    fn committed(&self, key: LaneKey, entries: Vec<Entry>) {
        let messages = entries.iter().filter(|entry| is_message(entry)).count();
        self.messages.fetch_add(messages as u64, Ordering::Relaxed);
        // One encoding for all subscribers; none if nobody listens.
        if !self.shard(&key).contains_key(&key) {
            return;
        }
        for chunk in chunks(entries) {
            let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else {
                continue;
            };
            let (first, last) = (first.seq, last.seq);
            let bytes = push(key, chunk);
            if let Some(channel) = self.shard(&key).get_mut(&key) {
                channel.publish(key, first, last, &bytes);
            }
        }
    }
}

fn is_message(entry: &Entry) -> bool {
    EntryKind::from_wire(entry.kind) == Some(EntryKind::Application)
}

/// A frame of pushed entries.
pub(crate) fn push(key: LaneKey, entries: Vec<Entry>) -> Bytes {
    frame::encode(&ServerFrame {
        request: 0,
        body: Some(ServerBody::Entries(Entries {
            log: Bytes::copy_from_slice(key.log.as_bytes()),
            lane: Bytes::copy_from_slice(key.lane.as_bytes()),
            entries,
            state: None,
        })),
    })
}

/// Splits into runs of at most about [`PUSH_BYTES`], each at least one entry.
fn chunks(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut chunks = vec![Vec::new()];
    let mut bytes = 0;
    for entry in entries {
        let len = entry.payload.len();
        if bytes > 0 && bytes + len > PUSH_BYTES {
            chunks.push(Vec::new());
            bytes = 0;
        }
        bytes += len;
        if let Some(last) = chunks.last_mut() {
            last.push(entry);
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use sealwire_protocol::ids::{Lane, LogId};

    use super::*;

    const KEY: LaneKey = LaneKey {
        log: LogId([1; 32]),
        lane: Lane([2; 32]),
    };

    fn entries(seqs: std::ops::RangeInclusive<u64>, len: usize) -> Vec<Entry> {
        seqs.map(|seq| Entry {
            seq,
            payload: vec![7; len].into(),
            ..Entry::default()
        })
        .collect()
    }

    fn outbox() -> Arc<Outbox> {
        Arc::new(Outbox::new(100, 1 << 20))
    }

    fn pushed(outbox: &Outbox) -> Vec<Option<Vec<u64>>> {
        let decode = |item: &Item| match item {
            Item::CatchUp(_) => None,
            Item::Frame(bytes) => match frame::decode::<ServerFrame>(bytes).expect("frame").body {
                Some(ServerBody::Entries(got)) => {
                    Some(got.entries.iter().map(|entry| entry.seq).collect())
                }
                _ => panic!("not entries"),
            },
        };
        outbox.take().items.iter().map(decode).collect()
    }

    #[test]
    fn alice_turns_live_only_with_nothing_newer_published() {
        let (hub, alice) = (Hub::new(), outbox());
        hub.subscribe(KEY, &alice, 0);
        hub.committed(KEY, entries(1..=3, 1));
        assert!(pushed(&alice).is_empty(), "she reads these from the store");
        assert!(!hub.caught_up(&KEY, &alice, 2, true), "3 is missing");
        assert_eq!(hub.catching_up(&KEY, &alice), Some(2));
        assert!(hub.caught_up(&KEY, &alice, 3, true));
        hub.committed(KEY, entries(4..=5, 1));
        assert_eq!(pushed(&alice), [Some(vec![4, 5])]);
    }

    #[test]
    fn what_was_read_from_the_store_is_not_pushed_again() {
        let (hub, alice) = (Hub::new(), outbox());
        hub.subscribe(KEY, &alice, 0);
        // Stored and read before the announcement came.
        assert!(hub.caught_up(&KEY, &alice, 3, true));
        hub.committed(KEY, entries(1..=3, 1));
        assert!(pushed(&alice).is_empty());
        hub.committed(KEY, entries(4..=4, 1));
        assert_eq!(pushed(&alice), [Some(vec![4])]);
    }

    #[test]
    fn a_batch_read_in_part_is_caught_up_from_the_store() {
        let (hub, alice) = (Hub::new(), outbox());
        hub.subscribe(KEY, &alice, 0);
        assert!(hub.caught_up(&KEY, &alice, 2, true));
        hub.committed(KEY, entries(1..=3, 1));
        assert_eq!(pushed(&alice), [None]);
        assert_eq!(hub.catching_up(&KEY, &alice), Some(2));
    }

    #[test]
    fn a_signal_reaches_the_other_subscribers() {
        let (hub, alice, bob, mallory) = (Hub::new(), outbox(), outbox(), outbox());
        hub.subscribe(KEY, &alice, 0);
        hub.subscribe(KEY, &bob, 0);
        let signal = Bytes::from_static(b"signal");
        assert!(hub.broadcast(&KEY, &alice, signal.clone()));
        assert!(
            !hub.broadcast(&KEY, &mallory, signal),
            "she does not listen"
        );
        assert!(alice.take().items.is_empty());
        assert_eq!(bob.take().items.len(), 1);
        assert!(mallory.take().items.is_empty());
    }

    #[test]
    fn where_very_many_listen_no_signal_goes() {
        let (hub, alice) = (Hub::new(), outbox());
        hub.subscribe(KEY, &alice, 0);
        let crowd: Vec<_> = (0..MOST_HEARERS).map(|_| outbox()).collect();
        for one in &crowd {
            hub.subscribe(KEY, one, 0);
        }
        assert!(hub.broadcast(&KEY, &alice, Bytes::from_static(b"signal")));
        assert!(crowd.iter().all(|one| one.take().items.is_empty()));
    }

    #[test]
    fn large_batches_are_split() {
        let (hub, alice) = (Hub::new(), outbox());
        hub.subscribe(KEY, &alice, 0);
        assert!(hub.caught_up(&KEY, &alice, 0, true));
        hub.committed(KEY, entries(1..=3, PUSH_BYTES / 2));
        assert_eq!(pushed(&alice), [Some(vec![1, 2]), Some(vec![3])]);
    }

    #[test]
    fn nothing_is_kept_of_those_who_left() {
        let (hub, alice, bob) = (Hub::new(), outbox(), outbox());
        hub.subscribe(KEY, &alice, 0);
        hub.subscribe(KEY, &alice, 0);
        hub.subscribe(KEY, &bob, 0);
        hub.unsubscribe(&KEY, &alice);
        assert_eq!(hub.catching_up(&KEY, &alice), None);
        assert_eq!(hub.catching_up(&KEY, &bob), Some(0));
        hub.unsubscribe(&KEY, &bob);
        assert!(
            hub.shards
                .iter()
                .all(|shard| shard.lock().expect("lock").is_empty())
        );
    }
}
