//! One actor per group: it alone moves the group on.
//!
//! Every step is one transaction: MLS rows, history, outbox and cursor change together or not at
//! all. The network is never awaited inside a step.

mod actor;
mod changed_key;
mod commit;
mod content;
mod create;
mod direct;
mod effects;
mod encrypt;
mod interpret;
mod join;
mod lane;
mod late;
mod pipeline;
mod plan;
mod prepare;
mod receipts;
mod receive;
mod say;
mod state;
mod typing;
mod welcome;

pub(crate) use actor::{ASK_AGAIN_MS, run};
pub(crate) use create::{create, policy};
pub(crate) use join::join;
pub(crate) use lane::SPLIT;
pub(crate) use prepare::{lookup, lying};
pub(crate) use welcome::seal_as_blob;
