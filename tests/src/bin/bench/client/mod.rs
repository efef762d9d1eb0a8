//! What the client costs on top of MLS itself, and how large commits are.

mod commits;
mod messages;
mod people;
mod raw_mls;

use std::path::PathBuf;
use std::time::Duration;

use sealwire_core::parse_conversation;

use self::people::Home;
use crate::cores::Cores;
use crate::{Plan, Result, client_threads};

const BENCH: &str = "client";

/// Runs the parts that are asked for.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    let cores = Cores::divide()?;
    cores.as_load()?;
    if plan.wants("messages") {
        client_threads(messages::run(&cores, plan.quick))?;
    }
    if plan.wants("commits") {
        commits::run(if plan.quick { 64 } else { 1_000 })?;
    }
    Ok(())
}

/// A sender in a process of its own, so that its work is not counted: `member HOME CHAT COUNT
/// MILLISECONDS`.
pub(crate) fn member(words: &[String]) -> Result<()> {
    let [home, chat, count, pause] = words else {
        return Err("member HOME CHAT COUNT MILLISECONDS".into());
    };
    let home = Home::at(PathBuf::from(home));
    let chat = parse_conversation(chat)?;
    let (count, pause) = (count.parse()?, Duration::from_millis(pause.parse()?));
    client_threads(async {
        let client = home.open().await?;
        for number in 0..count {
            client.send(&chat, &people::text(number)).await?;
            tokio::time::sleep(pause).await;
        }
        people::sent(&client).await?;
        client.shutdown().await;
        Ok(())
    })
}
