//! What a witness answers (C2SP `tlog-witness`), without a network or a disk.
//!
//! A witness keeps the newest head of each log that it has cosigned. It cosigns a
//! newer one only if that contains the older one, so no log can show two people two
//! truths that one honest witness has cosigned. Around this module stands a program
//! that must do two things in this order, under one lock per log: keep the head that
//! [`WitnessedLog::judge`] gives durably, and only then answer [`Accepted::cosign`].

mod judge;
mod request;
#[cfg(test)]
mod tests;

pub use judge::{Accepted, Evidence, Refusal, WitnessedLog};
pub use request::{MAX_REQUEST, Request};
