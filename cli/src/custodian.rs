//! `sealwire custodian`: the archive of a records custodian.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use sealwire_core::{
    CoreError, ErrorKind,
    custody::{
        ArchiveInfo, CoverageInfo, Lock, LockMode, Place, Verified, export_mail, verify_archive,
    },
};

use crate::{
    context::Context,
    exit::{Failure, Outcome},
    output::{Line, NAME, Page, Table, WARN, counted},
    time::minute_of_s,
};

/// Commands of `sealwire custodian`.
#[derive(Debug, Subcommand)]
pub(crate) enum CustodianCommand {
    /// Write everything that this custodian reads into its archive, until Ctrl-C
    ///
    /// The archive is begun if it is not there. Nothing in it is ever changed: an
    /// edit or a deletion is a further record.
    ///
    /// In a bucket of an S3-compatible store each object is locked (S3 Object Lock)
    /// from its writing on. The store's keys come from the environment:
    /// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, and
    /// AWS_ENDPOINT_URL for other stores than AWS.
    Run {
        /// Where the archive is: a folder, or s3://BUCKET/PREFIX
        #[arg(long, value_name = "PLACE", value_parser = place)]
        archive: Place,
        /// In a bucket: who may end a lock before its time. Under compliance nobody,
        /// under governance whom the store gives that right
        #[arg(long, value_name = "MODE", requires = "retain_days")]
        lock: Option<Mode>,
        /// In a bucket: days for which each object is locked; 2192 are six years
        #[arg(long, value_name = "DAYS", requires = "lock")]
        retain_days: Option<u32>,
        /// End when everything that the relay has is written
        #[arg(long)]
        once: bool,
    },
    /// Show how far records reach: this custodian's conversations, and how many of
    /// theirs the clients have counted with a custodian and without
    ///
    /// With --json each count carries its signature and the device's certificate,
    /// by which anybody can check it.
    Coverage,
    /// Check an archive; needs neither an account nor the relay
    ///
    /// Ends with 8 at the first thing that does not hold.
    Verify {
        /// Where the archive is: a folder, or s3://BUCKET/PREFIX
        #[arg(value_name = "PLACE", value_parser = place)]
        archive: Place,
    },
    /// Write the records of an archive as mails
    Export {
        /// Where the archive is: a folder, or s3://BUCKET/PREFIX
        #[arg(value_name = "PLACE", value_parser = place)]
        archive: Place,
        /// Folder to make for one .eml file (RFC 5322) per record
        #[arg(long, value_name = "FOLDER")]
        eml: PathBuf,
    },
}

/// Words for [`LockMode`].
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Mode {
    Compliance,
    Governance,
}

fn place(text: &str) -> Result<Place, String> {
    Place::parse(text).map_err(|error| format!("{error}; {}", error.hint))
}

fn lock_of(mode: Option<Mode>, days: Option<u32>) -> Result<Option<Lock>, CoreError> {
    let mode = mode.map(|mode| match mode {
        Mode::Compliance => LockMode::Compliance,
        Mode::Governance => LockMode::Governance,
    });
    let lock = mode.zip(days).map(|(mode, days)| Lock::new(mode, days));
    lock.transpose()
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: CustodianCommand) -> Outcome {
    match command {
        CustodianCommand::Coverage => coverage(context).await,
        CustodianCommand::Run {
            archive,
            lock,
            retain_days,
            once,
        } => keep(context, archive, lock_of(lock, retain_days)?, once).await,
        CustodianCommand::Verify { archive } => match verify_archive(archive).await? {
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
            let done = export_mail(archive, &eml).await?;
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

async fn keep(context: &Context, archive: Place, lock: Option<Lock>, once: bool) -> Outcome {
    let client = context.open().await?;
    // Conversations that it was added to meanwhile count, too. `start` reads the inbox by itself, some time.
    while once && client.check_inbox().await? > 0 {}
    client.start().await?;
    let mut tell = |info: &ArchiveInfo| {
        context
            .out
            .note(&format!("{} archived", counted(info.records, "record")));
    };
    let kept = {
        let work = client.keep_archive(archive, lock, once, &mut tell);
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

async fn coverage(context: &Context) -> Outcome {
    let client = context.open().await?;
    let info = client.coverage().await?;
    context
        .out
        .result(&info, |page| print_coverage(page, &info))?;
    client.shutdown().await;
    Ok(())
}

fn print_coverage(page: &mut Page, info: &CoverageInfo) {
    if info.clients.is_empty() {
        page.line("No client has reported yet; each does once a day.");
        return;
    }
    let mut table = Table::new(&["CLIENT", "DEVICE", "COUNTED", "CHATS", "WITHOUT"]);
    for client in &info.clients {
        let without = client.conversations - client.covered;
        table.row(vec![
            Line::new().styled(NAME, &client.handle),
            client.device.chars().take(8).collect::<String>().into(),
            minute_of_s(client.at_s).into(),
            client.conversations.to_string().into(),
            match without {
                0 => "0".into(),
                _ => Line::new().styled(WARN, without.to_string()),
            },
        ]);
    }
    table.print(page);
    if info.conversations.is_empty() {
        return;
    }
    page.gap();
    let mut table = Table::new(&["CHAT", "NAME", "MEMBERS"]);
    for chat in &info.conversations {
        table.row(vec![
            chat.id.chars().take(8).collect::<String>().into(),
            chat.name.as_str().into(),
            chat.members.to_string().into(),
        ]);
    }
    table.print(page);
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
