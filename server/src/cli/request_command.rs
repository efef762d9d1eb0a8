//! `sealwire-relay request`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::asking::ask;
use super::incident_command::{Common, clock_line};
use super::{Failure, say};
use crate::control;

/// Works on a relay that runs, by asking it, and on one that is stopped.
#[derive(Subcommand)]
pub(super) enum Request {
    /// Enter a request; its clock runs from when it came. Prints its number. `account data` and
    /// `account erase` end a request that names the account by themselves.
    Open {
        #[command(flatten)]
        common: Common,
        /// What was asked for.
        #[arg(value_parser = ["access", "erasure", "rectification", "restriction", "objection"])]
        right: String,
        /// By which you find it in your papers. Not a name.
        #[arg(long)]
        reference: String,
        /// Whose account it is about.
        #[arg(long)]
        handle: Option<String>,
        /// Whose clock runs: one month, or 45 days.
        #[arg(long, value_parser = ["gdpr", "ccpa"], default_value = "gdpr")]
        law: String,
        /// When it came, like 2026-11-25T23:00:00Z [default: now].
        #[arg(long, value_name = "TIME")]
        received: Option<String>,
    },
    /// Extend the time, once: by two months (GDPR) or 45 days (CCPA). Tell whoever asked, and why.
    Extend {
        #[command(flatten)]
        common: Common,
        /// Its number.
        request: i64,
    },
    /// Enter that a request was answered, and have that attested.
    Done {
        #[command(flatten)]
        common: Common,
        /// Its number.
        request: i64,
        /// It was refused, with reasons given to whoever asked.
        #[arg(long)]
        refused: bool,
        /// When, like 2026-11-25T23:00:00Z [default: now].
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// List all requests with their clocks.
    List {
        #[command(flatten)]
        common: Common,
    },
}

pub(super) fn run(command: &Request) -> Result<(), Failure> {
    let (common, asked) = match command {
        Request::Open {
            common,
            right,
            reference,
            handle,
            law,
            received,
        } => {
            let asked = json!({
                "do": "open", "right": right, "law": law, "received": received,
                "handle": handle, "reference": reference,
            });
            (common, asked)
        }
        Request::Extend { common, request } => {
            (common, json!({ "do": "extend", "request": request }))
        }
        Request::Done {
            common,
            request,
            refused,
            at,
        } => {
            let outcome = if *refused { "refused" } else { "done" };
            let asked = json!({ "do": "done", "request": request, "outcome": outcome, "at": at });
            (common, asked)
        }
        Request::List { common } => (common, json!({ "do": "list" })),
    };
    let said = ask(&common.data, None, &format!("{}{asked}", control::REQUEST))?;
    if common.json {
        say(&said.to_string());
        return Ok(());
    }
    match said["requests"].as_array() {
        Some(all) if all.is_empty() => say("There are no requests."),
        Some(all) => all.iter().for_each(tell),
        None => tell(&said),
    }
    Ok(())
}

fn tell(request: &Value) {
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    let outcome = match text("outcome") {
        "" => "open",
        outcome => outcome,
    };
    let extended = if request["extended"].is_null() {
        ""
    } else {
        ", extended"
    };
    let entry = request["statement"].as_u64();
    let entry = entry.map_or_else(String::new, |entry| format!(", statement {entry}"));
    say(&format!(
        "{} {} ({}, {}) received {}, {outcome}{extended}{entry}\n  {}",
        request["number"],
        text("right"),
        text("law"),
        text("reference"),
        text("received"),
        clock_line(request, "answered")
    ));
}
