//! `sealwire-relay incident`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::asking::ask;
use super::{Data, Failure, say};
use crate::control;

/// Works on a relay that runs, by asking it, and on one that is stopped.
#[derive(Subcommand)]
pub(super) enum Incident {
    /// Enter an incident; its clocks run from when it was noticed. Prints its number.
    Open {
        #[command(flatten)]
        common: Common,
        /// What happened. Goes into a signed statement: name nobody.
        what: String,
        /// Of what kind it is, for example disclosure, availability or integrity.
        #[arg(long)]
        kind: String,
        /// When somebody became aware of it, like 2026-11-25T23:00:00Z [default: now].
        #[arg(long, value_name = "TIME")]
        noticed: Option<String>,
        /// About how many people it affects.
        #[arg(long, value_name = "NUMBER")]
        affected: Option<u64>,
        /// Whose clocks run.
        #[arg(long = "rule", value_parser = ["gdpr", "nis2", "dora"], default_values = ["gdpr", "nis2", "dora"])]
        rules: Vec<String>,
    },
    /// Add a note, which stays in the register, or a measure, which the statement names.
    Note {
        #[command(flatten)]
        common: Common,
        /// Its number.
        incident: i64,
        text: String,
        /// It is a measure: what was done about it. Name nobody.
        #[arg(long)]
        measure: bool,
        /// About how many people are affected, as is known now.
        #[arg(long, value_name = "NUMBER")]
        affected: Option<u64>,
    },
    /// Enter that a notice was given, which stops its clock.
    Notify {
        #[command(flatten)]
        common: Common,
        /// Its number.
        incident: i64,
        /// Which clock it stops.
        #[arg(value_parser = ["24h", "72h", "one-month"])]
        clock: String,
        /// To whom, and under which number. Stays in the register.
        #[arg(long)]
        to: String,
        /// When, like 2026-11-25T23:00:00Z [default: now].
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Close an incident. Nothing can be added to it any more.
    Close {
        #[command(flatten)]
        common: Common,
        /// Its number.
        incident: i64,
        /// When it ended, like 2026-11-25T23:00:00Z [default: now].
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// List all incidents with their clocks.
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Show one with all its steps.
    Show {
        #[command(flatten)]
        common: Common,
        /// Its number.
        incident: i64,
    },
}

/// What all commands of a register take.
#[derive(clap::Args)]
pub(super) struct Common {
    #[command(flatten)]
    pub(super) data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(command: &Incident) -> Result<(), Failure> {
    let (common, asked) = asked(command);
    let said = ask(&common.data, None, &format!("{}{asked}", control::INCIDENT))?;
    if common.json {
        say(&said.to_string());
        return Ok(());
    }
    match said["incidents"].as_array() {
        Some(all) if all.is_empty() => say("There are no incidents."),
        Some(all) => all.iter().for_each(tell),
        None => {
            tell(&said);
            said["steps"]
                .as_array()
                .into_iter()
                .flatten()
                .for_each(step);
        }
    }
    Ok(())
}

fn asked(command: &Incident) -> (&Common, Value) {
    match command {
        Incident::Open {
            common,
            what,
            kind,
            noticed,
            affected,
            rules,
        } => {
            let asked = json!({
                "do": "open", "noticed": noticed, "kind": kind, "what": what,
                "affected": affected, "rules": rules,
            });
            (common, asked)
        }
        Incident::Note {
            common,
            incident,
            text,
            measure,
            affected,
        } => {
            let asked = json!({
                "do": "note", "incident": incident, "text": text, "measure": measure,
                "affected": affected,
            });
            (common, asked)
        }
        Incident::Notify {
            common,
            incident,
            clock,
            to,
            at,
        } => {
            let asked = json!({
                "do": "notify", "incident": incident, "clock": clock, "text": to, "at": at,
            });
            (common, asked)
        }
        Incident::Close {
            common,
            incident,
            at,
        } => (
            common,
            json!({ "do": "close", "incident": incident, "at": at }),
        ),
        Incident::List { common } => (common, json!({ "do": "list" })),
        Incident::Show { common, incident } => {
            (common, json!({ "do": "show", "incident": incident }))
        }
    }
}

fn tell(incident: &Value) {
    let text = |name: &str| incident[name].as_str().unwrap_or_default();
    let state = match incident["closed"].as_str() {
        Some(at) => format!("closed {at}"),
        None => "open".to_owned(),
    };
    let affected = incident["affected"].as_u64();
    let affected = affected.map_or_else(String::new, |people| format!(", about {people} people"));
    say(&format!(
        "{} {} noticed {}, {state}{affected}: {}",
        incident["number"],
        text("kind"),
        text("noticed"),
        text("what")
    ));
    for clock in incident["clocks"].as_array().into_iter().flatten() {
        let name = clock["name"].as_str().unwrap_or_default();
        say(&format!("  {name:<9} {}", clock_line(clock, "met")));
    }
}

/// When something is due, was done, and by how much it is late.
pub(super) fn clock_line(clock: &Value, done: &str) -> String {
    let due = clock["due"].as_str().unwrap_or_default();
    let done = match clock[done].as_str() {
        Some(at) => format!("done {at}"),
        None => "not done".to_owned(),
    };
    let late = match clock["overdue_ms"].as_u64().unwrap_or_default() {
        0 => "in time".to_owned(),
        ms => format!("OVERDUE by {}", span(ms)),
    };
    format!("due {due}, {done}, {late}")
}

/// A length of time in days, hours and minutes.
fn span(ms: u64) -> String {
    let minutes = ms.div_ceil(60_000);
    let (days, hours) = (minutes / 1_440, minutes / 60 % 24);
    format!("{days} d {hours} h {} min", minutes % 60)
}

fn step(step: &Value) {
    let text = |name: &str| step[name].as_str().unwrap_or_default();
    say(&format!(
        "  {} {}: {}",
        text("at"),
        text("step"),
        text("text")
    ));
}
