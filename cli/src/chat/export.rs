//! `sealwire chat export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sealwire_core::export::{ExportFormat, ExportInfo, ExportOptions};

use super::resolve;
use crate::{
    context::Context,
    exit::Outcome,
    output::{BOLD, Line, Page, counted},
};

/// Options of `chat export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Name, id, or the beginning of the id (4 characters or more)
    chat: String,
    /// Folder to make; it must not be there yet
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Form of the document
    #[arg(long, value_enum, default_value_t = Form::Json)]
    format: Form,
    /// Also write the files that are on this device
    #[arg(long)]
    files: bool,
}

/// Forms of an export.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// One document for programs; docs/export.schema.json describes it
    Json,
    /// One page to read and print
    Html,
    /// Text for editors
    Markdown,
}

impl From<Form> for ExportFormat {
    fn from(form: Form) -> Self {
        match form {
            Form::Json => Self::Json,
            Form::Html => Self::Html,
            Form::Markdown => Self::Markdown,
        }
    }
}

/// Runs the command.
pub(super) async fn run(context: &Context, options: &Export) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, &options.chat).await?;
    let wanted = ExportOptions {
        format: options.format.into(),
        files: options.files,
    };
    let done = client.export(&id, &options.to, wanted).await?;
    context.out.result(&done, |page| print(page, &done))?;
    context
        .out
        .warn("the export is not encrypted: keep it where only those see it who may");
    if done.disappearing > 0 {
        context.out.warn(&format!(
            "{} of the messages disappear from this device at a set time; the export keeps them",
            done.disappearing
        ));
    }
    client.shutdown().await;
    Ok(())
}

fn print(page: &mut Page, done: &ExportInfo) {
    page.line(
        Line::new()
            .plain(format!("Exported {}", counted(done.messages, "message")))
            .plain(match done.files {
                0 => String::new(),
                files => format!(" and {}", counted(files, "file")),
            })
            .plain(" to ")
            .styled(BOLD, &done.folder)
            .plain("."),
    );
    if done.files_missing > 0 {
        page.line(format!(
            "Not on this device, only named in it: {}. `sealwire file get` fetches what is missing.",
            counted(done.files_missing, "file")
        ));
    }
}
