//! `sealwire custodian`: the archive of a records custodian.

use std::path::PathBuf;

use clap::Subcommand;
use sealwire_core::{
    CoreError, ErrorKind,
    custody::{ArchiveInfo, Verified, export_mail, verify_archive},
};

use crate::{
    context::Context,
    exit::{Failure, Outcome},
    output::{Page, counted},
    time::minute_of_s,
};

/// Commands of `sealwire custodian`.
#[derive(Debug, Subcommand)]
pub(crate) enum CustodianCommand {
    /// Write everything that this custodian reads into its archive, until Ctrl-C
    ///
    /// The folder is made if it is not there. Nothing in it is ever changed: an edit
    /// or a deletion is a further record.
    Run {
        /// Folder of the archive
        #[arg(long, value_name = "FOLDER")]
        archive: PathBuf,
        /// End when everything that the relay has is written
        #[arg(long)]
        once: bool,
    },
    /// Check an archive; needs neither an account nor a network
    ///
    /// Ends with 8 at the first thing that does not hold.
    Verify {
        /// Folder of the archive
        archive: PathBuf,
    },
    /// Write the records of an archive as mails
    Export {
        /// Folder of the archive
        archive: PathBuf,
        /// Folder to make for one .eml file (RFC 5322) per record
        #[arg(long, value_name = "FOLDER")]
        eml: PathBuf,
    },
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: CustodianCommand) -> Outcome {
    match command {
        CustodianCommand::Run { archive, once } => keep(context, &archive, once).await,
        CustodianCommand::Verify { archive } => match verify_archive(&archive)? {
            Ok(verified) => {
                context
                    .out
                    .result(&verified, |page| print(page, &verified))?;
                Ok(())
            }
            Err(broken) => Err(Failure::Broken(CoreError::new(
                ErrorKind::Untrusted,
                "archive_broken",
                format!("{}: {}", broken.place, broken.why),
                "keep it as it is; put a copy back that holds",
            ))),
        },
        CustodianCommand::Export { archive, eml } => {
            let done = export_mail(&archive, &eml)?;
            context.out.result(&done, |page| {
                page.line(format!("Wrote {}.", counted(done.mails, "mail")));
                if done.without_file > 0 {
                    page.line(format!(
                        "Without a file that was missing already: {}.",
                        counted(done.without_file, "mail")
                    ));
                }
            })?;
            Ok(())
        }
    }
}

async fn keep(context: &Context, archive: &std::path::Path, once: bool) -> Outcome {
    let client = context.open().await?;
    client.start().await?;
    let mut tell = |info: &ArchiveInfo| {
        context
            .out
            .note(&format!("{} archived", counted(info.records, "record")));
    };
    let kept = {
        let work = client.keep_archive(archive, once, &mut tell);
        tokio::select! {
            kept = work => Some(kept),
            _ = tokio::signal::ctrl_c() => None,
        }
    };
    client.shutdown().await;
    match kept {
        Some(kept) => {
            let info = kept?;
            context.out.result(&info, |page| {
                page.line(format!(
                    "The archive has {}, {} of them new.",
                    counted(info.records, "record"),
                    info.written
                ));
            })?;
        }
        None => context
            .out
            .note("Stopped. Run it again to go on; nothing is missed meanwhile."),
    }
    Ok(())
}

fn print(page: &mut Page, verified: &Verified) {
    page.field("Records", verified.records.to_string());
    page.field("Files", verified.files.to_string());
    if verified.missing > 0 {
        page.field("Missing", counted(verified.missing, "file"));
    }
    page.field("Custodian", verified.custodian.as_str());
    page.field("Fingerprint", verified.fingerprint.as_str());
    if let Some(at) = verified.newest_at {
        page.field("Newest", minute_of_s(at / 1_000));
    }
    page.line(
        "Every record is as it was written. Compare the fingerprint with the organisation's list.",
    );
}
