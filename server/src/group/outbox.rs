//! What waits to be written to one connection: bounded, and dropped with it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::store::LaneKey;

/// Something to do for a connection.
pub(crate) enum Item {
    /// Bytes of one frame.
    Frame(Bytes),
    /// Entries of this lane have to be read from the store.
    CatchUp(LaneKey),
}

/// The queue of one connection. Any thread puts in, the connection's task takes out.
pub(crate) struct Outbox {
    most_frames: usize,
    most_bytes: usize,
    queue: Mutex<Queue>,
    wake: Notify,
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    in_flight: usize,
    too_slow: bool,
}

/// What a connection's task finds.
pub(crate) struct Taken {
    pub(crate) items: VecDeque<Item>,
    /// The reader did not keep up: frames are missing, so the connection has to end.
    pub(crate) too_slow: bool,
}

impl Outbox {
    /// An empty queue with bounds.
    pub(crate) fn new(most_frames: usize, most_bytes: usize) -> Self {
        Self {
            most_frames,
            most_bytes,
            queue: Mutex::default(),
            wake: Notify::new(),
        }
    }

    /// Puts something in. Over the bound, everything is let go and the reader is too slow.
    pub(crate) fn put(&self, item: Item) {
        let mut queue = self.lock();
        if queue.too_slow {
            return;
        }
        if let Item::Frame(bytes) = &item {
            queue.bytes += bytes.len();
        }
        queue.items.push_back(item);
        if queue.items.len() > self.most_frames || queue.bytes > self.most_bytes {
            queue.too_slow = true;
            queue.items = VecDeque::new();
        }
        drop(queue);
        self.wake.notify_one();
    }

    /// Puts in bytes that may as well be left out: not when half of the room is taken.
    pub(crate) fn put_if_room(&self, frame: Bytes) {
        {
            let queue = self.lock();
            let crowded = queue.items.len() >= self.most_frames / 2
                || queue.bytes + frame.len() > self.most_bytes / 2;
            if queue.too_slow || crowded {
                return;
            }
        }
        self.put(Item::Frame(frame));
    }

    /// Notes that a request was handed on and will be answered through this queue.
    pub(crate) fn begin(&self) {
        self.lock().in_flight += 1;
    }

    /// Answers such a request.
    pub(crate) fn answer(&self, frame: Bytes) {
        {
            let mut queue = self.lock();
            queue.in_flight = queue.in_flight.saturating_sub(1);
        }
        self.put(Item::Frame(frame));
    }

    /// Requests handed on and not answered.
    pub(crate) fn in_flight(&self) -> usize {
        self.lock().in_flight
    }

    /// Takes everything out.
    pub(crate) fn take(&self) -> Taken {
        let mut queue = self.lock();
        queue.bytes = 0;
        Taken {
            items: std::mem::take(&mut queue.items),
            too_slow: queue.too_slow,
        }
    }

    /// Waits until there may be something. Can be dropped and called again.
    pub(crate) async fn ready(&self) {
        self.wake.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(len: usize) -> Item {
        Item::Frame(vec![0; len].into())
    }

    #[test]
    fn frames_come_out_in_order_and_free_their_room() {
        let outbox = Outbox::new(2, 10);
        for _ in 0..3 {
            outbox.put(frame(4));
            outbox.put(frame(6));
            let taken = outbox.take();
            assert!(!taken.too_slow);
            let sizes: Vec<_> = taken
                .items
                .iter()
                .map(|item| match item {
                    Item::Frame(bytes) => bytes.len(),
                    Item::CatchUp(_) => 0,
                })
                .collect();
            assert_eq!(sizes, [4, 6]);
        }
    }

    #[test]
    fn what_may_be_left_out_never_makes_a_reader_too_slow() {
        let outbox = Outbox::new(4, 10);
        for _ in 0..20 {
            outbox.put_if_room(Bytes::from_static(b"ab"));
        }
        let taken = outbox.take();
        assert_eq!((taken.items.len(), taken.too_slow), (2, false));
    }

    #[test]
    fn too_many_frames_or_bytes_are_let_go() {
        for sizes in [&[1, 1, 1][..], &[11]] {
            let outbox = Outbox::new(2, 10);
            for &size in sizes {
                outbox.put(frame(size));
            }
            let taken = outbox.take();
            assert!(taken.too_slow && taken.items.is_empty());
            outbox.put(frame(1));
            assert!(outbox.take().items.is_empty(), "nothing more is kept");
        }
    }
}
