//! `sealwire chat import` and `sealwire chat forget`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sealwire_core::import::{DateOrder, ImportInfo, ImportOptions};

use super::resolve;
use crate::{
    context::Context,
    exit::Outcome,
    output::{BOLD, Line, Page, counted},
};

/// Options of `chat import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// conversation.json of `chat export`, or the text that WhatsApp exports of one chat
    file: PathBuf,
    /// Name here; else the one in the file, or the file's
    #[arg(long)]
    name: Option<String>,
    /// How the file writes dates, if they do not tell by themselves
    #[arg(long, value_enum, value_name = "ORDER")]
    dates: Option<Dates>,
    /// Hours east of UTC of the times in a text; else this machine's zone
    #[arg(
        long,
        value_name = "HOURS",
        value_parser = parse_offset,
        allow_negative_numbers = true
    )]
    utc_offset: Option<i32>,
}

/// Orders of day and month.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Dates {
    /// 24.11.2026
    Dmy,
    /// 11/24/2026
    Mdy,
}

/// Options of `chat forget`.
#[derive(Debug, Args)]
pub(crate) struct Forget {
    /// Name, id, or the beginning of the id (4 characters or more)
    chat: String,
}

/// Runs `chat import`.
pub(super) async fn run(context: &Context, options: Import) -> Outcome {
    let client = context.open().await?;
    let wanted = ImportOptions {
        name: options.name,
        dates: options.dates.map(|dates| match dates {
            Dates::Dmy => DateOrder::DayFirst,
            Dates::Mdy => DateOrder::MonthFirst,
        }),
        utc_offset_s: options.utc_offset,
    };
    let done = client.import(&options.file, wanted).await?;
    context.out.result(&done, |page| print(page, &done))?;
    client.shutdown().await;
    Ok(())
}

/// Runs `chat forget`.
pub(super) async fn forget(context: &Context, options: &Forget) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, &options.chat).await?;
    let name = client.conversation(&id).await?.name;
    context.confirm(&format!(
        "Remove the imported history {name} from this device?"
    ))?;
    client.forget_imported(&id).await?;
    client.erase_traces().await?;
    let gone = serde_json::json!({ "forgotten": id.to_string() });
    context
        .out
        .result(&gone, |page| page.line(format!("{name} is removed.")))?;
    client.shutdown().await;
    Ok(())
}

fn print(page: &mut Page, done: &ImportInfo) {
    page.line(
        Line::new()
            .plain(format!(
                "Imported {} as ",
                counted(done.messages, "message")
            ))
            .styled(BOLD, &done.name)
            .plain(". It stays on this device, and nobody can write in it."),
    );
    if done.too_old > 0 {
        page.line(format!(
            "Left out, being older than your organisation keeps messages: {}.",
            counted(done.too_old, "message")
        ));
    }
    if done.left_out > 0 {
        page.line(format!(
            "Left out: {} (reactions, earlier texts, repeats, files; files are named in the text).",
            counted(done.left_out, "thing")
        ));
    }
    page.line("Names of people begin with ~: nobody has checked who they were.");
}

/// Parses hours east of UTC into seconds.
fn parse_offset(text: &str) -> Result<i32, String> {
    let hours: f64 = text.parse().map_err(|_| "that is no number of hours")?;
    if !(-12.0..=14.0).contains(&hours) {
        return Err("offsets are -12 to 14 hours".into());
    }
    Ok((hours * 3_600.0).round() as i32)
}

#[cfg(test)]
mod tests {
    use super::parse_offset;

    #[test]
    fn offsets_are_hours_on_this_earth() {
        assert_eq!(parse_offset("5.75"), Ok(20_700));
        assert_eq!(parse_offset("-3"), Ok(-10_800));
        for wrong in ["", "x", "NaN", "inf", "14.5", "-13"] {
            assert!(parse_offset(wrong).is_err(), "{wrong}");
        }
    }
}
