//! `sealwire-audit report`: a pack as one page for people.

mod coverage;
mod html;
mod material;
mod page;
mod plot;
mod processing;
mod sections;

use std::path::PathBuf;

use sealwire_audit::predicate::Time;
use serde_json::json;

use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::verify::Trust;
use material::Material;
use page::Page;

/// Arguments of `report`.
#[derive(clap::Args)]
pub(crate) struct Report {
    #[command(flatten)]
    trust: Trust,
    /// The page to write; replaced if it is there.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The moment by which freshness is judged, as RFC 3339 in UTC; now, if left out.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

pub(crate) fn run(args: &Report, out: &Output) -> Result<(), Failure> {
    let at = match &args.at {
        Some(text) => Time::try_from(text.clone()).map_err(|why| {
            let hint = "write it as 2026-11-25T23:00:00Z";
            Failure::usage(format!("--at {text:?}: {why}"), hint)
        })?,
        None => now()?,
    };
    let mut material = Material::default();
    let verified = args.trust.verify(&mut |said| material.add(said))?;
    let page = Page {
        at,
        verified: &verified,
        material: &material,
    };
    files::write(&args.out, page.render().as_bytes())
        .map_err(|error| Failure::file(&args.out, &error))?;
    let statements = verified.checked.statements;
    let line = format!(
        "{}: of a pack that holds, with {statements} statements",
        args.out.display()
    );
    out.result(
        &line,
        &json!({"report": args.out, "statements": statements}),
    );
    Ok(())
}

fn now() -> Result<Time, Failure> {
    let now = jiff::Timestamp::now().as_millisecond();
    let now = u64::try_from(now)
        .ok()
        .and_then(|now| Time::from_millis(now).ok());
    now.ok_or_else(|| Failure::usage("the clock is wrong", "set it, or give the time with --at"))
}
