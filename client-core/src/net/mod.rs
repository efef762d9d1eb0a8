//! The ways to the relay: account plane, one-shot requests and the group socket.
//!
//! Nothing is shared between the planes: no connection, no TLS session, no credential.

mod account;
mod connection;
mod oneshot;
mod refusal;
mod socket;
mod tls;

#[cfg(test)]
mod test_relay;

// Until the protocol crate has its `link` and `proof` modules.
mod seam;

pub(crate) use account::{AccountClient, SessionSigner};
pub(crate) use oneshot::{get_blob, post_envelope, put_blob, take_key_package};
pub(crate) use socket::{GroupSocket, LinkState, NetError, Push};
pub(crate) use tls::Endpoint;
