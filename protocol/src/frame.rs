//! Group-plane messages: protobuf (proto3), one message per WebSocket binary message or HTTP body.
//!
//! Canonical form only: [`decode`] accepts bytes that re-encode to themselves.

use bytes::Bytes;
use prost::Message;

use crate::limits::MAX_FRAME;

/// Why bytes are not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Longer than the limit.
    #[error("frame of {0} bytes is over the limit")]
    TooLong(usize),
    /// Not protobuf of the expected message.
    #[error("frame is not a valid message")]
    Malformed,
    /// Valid protobuf, but not in the one canonical form.
    #[error("frame is not in canonical form")]
    NotCanonical,
}

/// Encodes a message.
pub fn encode(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}

/// Decodes a message and refuses any other than its canonical encoding.
///
/// # Errors
/// [`FrameError`] says which rule the bytes break.
pub fn decode<M: Message + Default>(bytes: &Bytes) -> Result<M, FrameError> {
    if bytes.len() > MAX_FRAME {
        return Err(FrameError::TooLong(bytes.len()));
    }
    let message = M::decode(bytes.clone()).map_err(|_| FrameError::Malformed)?;
    if message.encoded_len() != bytes.len() || message.encode_to_vec() != *bytes {
        return Err(FrameError::NotCanonical);
    }
    Ok(message)
}

/// From client to relay on `/group/v1/ws`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ClientFrame {
    /// Chosen by the client, not 0; the answer repeats it.
    #[prost(uint64, tag = "1")]
    pub request: u64,
    /// What is asked.
    #[prost(oneof = "ClientBody", tags = "2, 3, 4, 5, 6, 7")]
    pub body: Option<ClientBody>,
}

/// The requests of the group plane.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub enum ClientBody {
    /// Create a log.
    #[prost(message, tag = "2")]
    Create(CreateLog),
    /// Append one entry.
    #[prost(message, tag = "3")]
    Append(Append),
    /// Receive a lane's entries as they come.
    #[prost(message, tag = "4")]
    Subscribe(Subscribe),
    /// Stop receiving.
    #[prost(message, tag = "5")]
    Unsubscribe(Unsubscribe),
    /// Read a range of a lane once.
    #[prost(message, tag = "6")]
    Fetch(Fetch),
    /// Hand a signal to whoever subscribes to a lane now.
    #[prost(message, tag = "7")]
    Broadcast(Broadcast),
}

/// Creates a log with its first lane. Repeating it with the same values gives the same answer.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CreateLog {
    /// [`crate::ids::LogId`], 32 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub log: Bytes,
    /// [`crate::ids::Lane`] of epoch 0, 32 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub lane: Bytes,
    /// Retention class in days, 1 to 30.
    #[prost(uint32, tag = "3")]
    pub retention_days: u32,
}

/// Appends one entry to the lane that `pass` opens.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Append {
    /// [`crate::ids::LogId`], 32 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub log: Bytes,
    /// [`crate::ids::Pass`], 32 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub pass: Bytes,
    /// [`crate::log::EntryKind`].
    #[prost(uint32, tag = "3")]
    pub kind: u32,
    /// [`crate::ids::EntryId`], 16 bytes. A repeat answers with the first `seq`.
    #[prost(bytes = "bytes", tag = "4")]
    pub entry_id: Bytes,
    /// `entry_id` of the newest commit in this lane that the sender has processed, valid or
    /// rejected; empty if none.
    #[prost(bytes = "bytes", tag = "5")]
    pub head: Bytes,
    /// Highest `seq` of this lane that the sender has processed; 0 if none.
    #[prost(uint64, tag = "6")]
    pub cursor: u64,
    /// Commits only: the child [`crate::ids::Lane`], new to the log, 32 bytes; empty otherwise.
    #[prost(bytes = "bytes", tag = "7")]
    pub next: Bytes,
    /// One MLS `PrivateMessage` in the ingest grammar.
    #[prost(bytes = "bytes", tag = "8")]
    pub payload: Bytes,
}

/// Asks for a lane's entries after `after`: stored ones first, then new ones as they come.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Subscribe {
    /// [`crate::ids::LogId`], 32 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub log: Bytes,
    /// [`crate::ids::Pass`], 32 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub pass: Bytes,
    /// Highest `seq` the client has; 0 if none.
    #[prost(uint64, tag = "3")]
    pub after: u64,
}

/// Ends a subscription of this connection.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Unsubscribe {
    /// [`crate::ids::LogId`], 32 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub log: Bytes,
    /// [`crate::ids::Lane`], 32 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub lane: Bytes,
}

/// Reads up to `limit` entries after `after`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Fetch {
    /// [`crate::ids::LogId`], 32 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub log: Bytes,
    /// [`crate::ids::Pass`], 32 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub pass: Bytes,
    /// Highest `seq` the client has; 0 if none.
    #[prost(uint64, tag = "3")]
    pub after: u64,
    /// 1 to [`crate::limits::MAX_ENTRIES_PER_FETCH`].
    #[prost(uint32, tag = "4")]
    pub limit: u32,
}

/// Hands a signal to the other present subscribers of a lane; it is not stored. The sender's own
/// connection has to be a subscriber.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Broadcast {
    /// [`crate::ids::LogId`], 32 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub log: Bytes,
    /// [`crate::ids::Pass`], 32 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub pass: Bytes,
    /// A sealed signal ([`crate::ephemeral`]), [`crate::limits::EPHEMERAL`] bytes.
    #[prost(bytes = "bytes", tag = "3")]
    pub payload: Bytes,
}

/// From relay to client on `/group/v1/ws`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ServerFrame {
    /// The request this answers; 0 for what is pushed.
    #[prost(uint64, tag = "1")]
    pub request: u64,
    /// The answer.
    #[prost(oneof = "ServerBody", tags = "2, 3, 4, 5, 6, 7, 8, 9, 10")]
    pub body: Option<ServerBody>,
}

/// The answers of the group plane.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub enum ServerBody {
    /// The log exists.
    #[prost(message, tag = "2")]
    Created(Created),
    /// The entry is durable.
    #[prost(message, tag = "3")]
    Appended(Appended),
    /// The sender has not processed the lane's newest commit; nothing was stored.
    #[prost(message, tag = "4")]
    StaleHead(Entries),
    /// The subscription stands; stored entries follow as pushed [`Entries`].
    #[prost(message, tag = "5")]
    Subscribed(LaneState),
    /// Entries in order of `seq`: the answer to a fetch, or pushed.
    #[prost(message, tag = "6")]
    Entries(Entries),
    /// The subscription is gone.
    #[prost(message, tag = "7")]
    Unsubscribed(Unsubscribed),
    /// The request was refused.
    #[prost(message, tag = "8")]
    Problem(WireProblem),
    /// A signal of another member, pushed.
    #[prost(message, tag = "9")]
    Ephemeral(Ephemeral),
    /// The signal was taken; who heard it is not known.
    #[prost(message, tag = "10")]
    Broadcasted(Broadcasted),
}

/// Answer to [`CreateLog`].
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Created {
    /// [`crate::ids::Incarnation`], 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub incarnation: Bytes,
}

/// Answer to [`Append`].
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Appended {
    /// Place in the lane, from 1, without gaps.
    #[prost(uint64, tag = "1")]
    pub seq: u64,
    /// Milliseconds since the Unix epoch, by the relay's clock.
    #[prost(uint64, tag = "2")]
    pub received_at: u64,
    /// What the relay knows of the lane.
    #[prost(message, required, tag = "3")]
    pub lane: LaneState,
}

/// What a client needs to know of a lane besides its entries.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LaneState {
    /// [`crate::ids::Incarnation`], 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub incarnation: Bytes,
    /// Entries up to this `seq` were pruned; 0 if none.
    #[prost(uint64, tag = "2")]
    pub floor: u64,
    /// Highest `seq` in the lane; 0 if empty.
    #[prost(uint64, tag = "3")]
    pub newest: u64,
    /// `entry_id` (16 bytes each) of this lane's commits whose child lane holds entries.
    #[prost(bytes = "bytes", repeated, tag = "4")]
    pub used_branches: Vec<Bytes>,
}

/// Entries of one lane.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Entries {
    /// [`crate::ids::LogId`], 32 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub log: Bytes,
    /// [`crate::ids::Lane`], 32 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub lane: Bytes,
    /// In order of `seq`, contiguous.
    #[prost(message, repeated, tag = "3")]
    pub entries: Vec<Entry>,
    /// What the relay knows of the lane; absent in pushes of new entries.
    #[prost(message, optional, tag = "4")]
    pub state: Option<LaneState>,
}

/// One entry of a lane.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Entry {
    /// Place in the lane, from 1.
    #[prost(uint64, tag = "1")]
    pub seq: u64,
    /// [`crate::ids::EntryId`], 16 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub entry_id: Bytes,
    /// [`crate::log::EntryKind`].
    #[prost(uint32, tag = "3")]
    pub kind: u32,
    /// Milliseconds since the Unix epoch, by the relay's clock.
    #[prost(uint64, tag = "4")]
    pub received_at: u64,
    /// Commits only: the child lane, 32 bytes; empty otherwise.
    #[prost(bytes = "bytes", tag = "5")]
    pub next: Bytes,
    /// One MLS `PrivateMessage`.
    #[prost(bytes = "bytes", tag = "6")]
    pub payload: Bytes,
}

/// Answer to [`Unsubscribe`].
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Unsubscribed {}

/// A signal to the subscribers of one lane.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Ephemeral {
    /// [`crate::ids::LogId`], 32 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub log: Bytes,
    /// [`crate::ids::Lane`], 32 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub lane: Bytes,
    /// A sealed signal ([`crate::ephemeral`]), [`crate::limits::EPHEMERAL`] bytes.
    #[prost(bytes = "bytes", tag = "3")]
    pub payload: Bytes,
}

/// Answer to [`Broadcast`].
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Broadcasted {}

/// RFC 9457 problem details in protobuf form; see [`crate::problem`].
#[derive(Clone, PartialEq, Eq, Message)]
pub struct WireProblem {
    /// [`crate::problem::Code`] as text.
    #[prost(string, tag = "1")]
    pub code: String,
    /// HTTP status.
    #[prost(uint32, tag = "2")]
    pub status: u32,
    /// For people: what was wrong and what to do next.
    #[prost(string, tag = "3")]
    pub detail: String,
    /// Milliseconds to wait before a repeat can succeed; 0 if waiting does not help.
    #[prost(uint64, tag = "4")]
    pub retry_after_ms: u64,
}

/// `POST /group/v1/key-package`, on a connection of its own: takes one key package of a device.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct KeyPackageRequest {
    /// [`crate::ids::DeviceId`], 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub device: Bytes,
}

/// Answer to [`KeyPackageRequest`].
#[derive(Clone, PartialEq, Eq, Message)]
pub struct KeyPackageReply {
    /// One `MLSMessage` that holds a `KeyPackage` (RFC 9420 §10).
    #[prost(bytes = "bytes", tag = "1")]
    pub key_package: Bytes,
    /// The device's last resort, which others may receive too.
    #[prost(bool, tag = "2")]
    pub last_resort: bool,
}

/// `POST /group/v1/inbox`, on a connection of its own: posts one sealed envelope. Answer: 204.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct InboxPost {
    /// [`crate::ids::DeviceId`], 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub device: Bytes,
    /// Exactly [`crate::limits::ENVELOPE`] bytes. A repeat of the same bytes is stored once.
    #[prost(bytes = "bytes", tag = "2")]
    pub envelope: Bytes,
}

#[cfg(test)]
mod tests;
