//! Load on the relay: a busy conversation, durable appends, and one sender to many receivers.

mod conversation;
mod ingest;
mod member;
mod ramp;
mod raw_sqlite;

use crate::cores::Cores;
use crate::{Plan, Result, on_one_thread};

const BENCH: &str = "fanout";

/// Runs the parts that are asked for.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    let cores = Cores::divide()?;
    cores.as_load()?;
    if plan.wants("conversation") {
        on_one_thread(conversation::run(&cores, plan.seconds))?;
    }
    if plan.wants("ingest") {
        on_one_thread(ingest::run(&cores))?;
    }
    if plan.wants("ramp") {
        on_one_thread(ramp::run(&cores))?;
    }
    Ok(())
}
