//! The stage on which the end-to-end tests play: a real relay process, people with real clients,
//! swarms of members in processes of their own, and a wire on which somebody may meddle.
//!
//! Nothing here is shipped. Tests read like stories: see [`Stage`] first.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![deny(rustdoc::broken_intra_doc_links)]

pub mod canary;
pub mod corpus;
pub mod disk;
pub mod mallory;
pub mod middle;
pub mod person;
pub mod programs;
pub mod raw;
pub mod relay;
pub mod release;
pub mod s3;
pub mod scratch;
pub mod stage;
pub mod swarm;
pub mod switch;
pub mod wait;
pub mod witness;

pub use person::Person;
pub use relay::Relay;
pub use scratch::Scratch;
pub use stage::Stage;
pub use swarm::Swarm;
pub use wait::{PATIENCE, until};
