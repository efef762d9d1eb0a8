//! `sealwire-relay auditor`.

use std::time::Duration;

use clap::Subcommand;

use super::asking::ask;
use super::{Data, Failure, say};
use crate::control;

/// Works on a relay that runs, by asking it, and on one that is stopped.
#[derive(Subcommand)]
pub(super) enum Auditor {
    /// Let an auditor read this relay's statements. Prints the token that they show.
    Admit {
        #[command(flatten)]
        data: Data,
        /// Who it is, for your own list; a name that is there already gets a new token.
        name: String,
        /// For how long.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
    },
    /// Let an auditor in no longer.
    Dismiss {
        #[command(flatten)]
        data: Data,
        /// As it was admitted.
        name: String,
    },
    /// List all auditors.
    List {
        #[command(flatten)]
        data: Data,
    },
}

pub(super) fn run(command: &Auditor) -> Result<(), Failure> {
    match command {
        Auditor::Admit { data, name, days } => {
            let said = ask(data, None, &format!("{}{name} {days}", control::ADMIT))?;
            say(said["token"].as_str().unwrap_or_default());
        }
        Auditor::Dismiss { data, name } => {
            let said = ask(data, None, &format!("{}{name}", control::DISMISS))?;
            if said["dismissed"] != true {
                return Err(format!("there is no auditor {name}; `auditor list` shows all").into());
            }
            say("They can read no more.");
        }
        Auditor::List { data } => {
            let said = ask(data, None, control::AUDITORS)?;
            let all = said["auditors"].as_array().map_or(&[][..], Vec::as_slice);
            for auditor in all {
                let name = auditor["name"].as_str().unwrap_or_default();
                let until = auditor["until_s"].as_u64().unwrap_or_default();
                let until = std::time::UNIX_EPOCH + Duration::from_secs(until);
                say(&format!("{name}, until {}", httpdate::fmt_http_date(until)));
            }
            if all.is_empty() {
                say("Nobody was let in.");
            }
        }
    }
    Ok(())
}
