//! Signals inside a group that are not text.

/// A signal to the members. As CBOR: a text string, `"joined"` or `"leave-request"`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupEvent {
    /// A new device's first act: it has joined and can read.
    Joined,
    /// The sender's account asks to be removed.
    LeaveRequest,
    /// A signal of a newer version: one CBOR item, kept as it came.
    Unknown(Vec<u8>),
}

impl GroupEvent {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Joined => text("joined"),
            Self::LeaveRequest => text("leave-request"),
            Self::Unknown(item) => item.clone(),
        }
    }

    pub(super) fn decode(item: &[u8]) -> Self {
        [Self::Joined, Self::LeaveRequest]
            .into_iter()
            .find(|known| known.encode() == item)
            .unwrap_or_else(|| Self::Unknown(item.to_vec()))
    }
}

fn text(name: &str) -> Vec<u8> {
    minicbor::to_vec(name).expect("writing to memory cannot fail")
}
