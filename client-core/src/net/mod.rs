//! The ways to the relay: account plane, one-shot requests and the group socket.
//!
//! Nothing is shared between the planes: no connection, no TLS session, no credential.

mod account;
mod blobs;
mod connection;
mod files;
mod oneshot;
mod refusal;
mod session;
mod socket;
mod tls;

#[cfg(test)]
mod tests;

pub(crate) use account::AccountClient;
pub(crate) use blobs::{BlobClient, NewBlob, damaged};
pub(crate) use files::FileClient;
pub(crate) use oneshot::{get_blob, post_envelope, put_blob, take_key_package};
pub(crate) use session::SessionSigner;
pub(crate) use socket::{GroupSocket, LinkState, NetError, Push, Pushed};
pub(crate) use tls::Endpoint;
