//! What the tests share: a running relay, people, and ways to talk to it.

mod blob;
mod http;
pub mod mls;
mod person;
mod relay;
mod socket;

pub use blob::{Blob, header};
pub use http::Refused;
pub use person::{Person, now_s};
pub use relay::{Relay, RelayBuilder};
pub use socket::{Lane, Socket, append_of, create_of, fetch_of, subscribe_of};
