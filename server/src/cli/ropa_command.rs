//! `sealwire-relay ropa`.

use std::path::PathBuf;

use super::asking::ask;
use super::{Data, Failure, say};
use crate::attest::Recorded;
use crate::{control, ropa};

/// Print the record of processing activities (GDPR Art. 30), as Markdown, and have it attested if it
/// says something new. What is processed comes from the relay that runs, why from `[processing]` of its
/// configuration. Works on a relay that is stopped, too.
#[derive(clap::Args)]
pub(super) struct Ropa {
    #[command(flatten)]
    data: Data,
    /// Configuration file of a relay that is stopped [default: DATA/relay.toml].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write a page for a browser into this file instead of printing; replaced if it is there.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    html: Option<PathBuf>,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
    /// Have it attested even if it says nothing new.
    #[arg(long)]
    attest: bool,
}

pub(super) fn run(args: &Ropa) -> Result<(), Failure> {
    let line = if args.attest {
        control::ROPA_ANYWAY
    } else {
        control::ROPA
    };
    let said = ask(&args.data, args.config.as_deref(), line)?;
    let Recorded { record, attested } = serde_json::from_value(said.clone())
        .map_err(|_| "this relay's answer is not understood; it may be of another version")?;
    if let Some(path) = &args.html {
        std::fs::write(path, ropa::html(&record))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    } else if args.json {
        say(&said.to_string());
    } else {
        say(&ropa::markdown(&record));
    }
    if !record.missing.is_empty() {
        return Err(format!(
            "the record is not whole and was not attested; set {} in the relay's configuration, start \
             the relay again, and run this once more",
            record.missing.join(", ")
        )
        .into());
    }
    if !args.json {
        say(if attested {
            "The relay has attested this record in its audit log."
        } else {
            "The newest statement in the relay's audit log says the same."
        });
    }
    Ok(())
}
