//! `sealwire org policy` and `sealwire org receipts`: how long the organisation keeps messages, and
//! what was removed for it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use sealwire_core::{
    Client, ErrorKind,
    api::{OrganisationPolicyChange, OrganisationPolicyInfo, RemovalReceiptInfo},
};

use crate::{
    context::Context,
    exit::{Failure, Outcome, usage},
    output::{Page, Table},
    time::{minute_of_s, parse_span},
};

const DAY_S: u64 = 86_400;
const MOST_DAYS: u64 = 36_500;

/// Commands of `sealwire org policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Show the policy, and whether the organisation signed it
    Show,
    /// Change the policy, sign it and publish it
    ///
    /// What is not named stays as it is. Every client takes the policy within a
    /// day and removes what is older; that cannot be taken back. Where a
    /// conversation or a message asks for less time, that counts.
    #[command(
        override_usage = "sealwire org policy publish <--messages|--files|--receipts|--logs|--custodian>"
    )]
    Publish(Publish),
}

/// Options of `org policy publish`.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Publish {
    /// How long clients keep messages: 90d, 52w, off; whole days
    #[arg(long, value_name = "TIME", value_parser = parse_days)]
    messages: Option<u32>,
    /// How long clients keep files: 30d, 4w, off; whole days
    #[arg(long, value_name = "TIME", value_parser = parse_days)]
    files: Option<u32>,
    /// Whether people may be told what others received and saw
    #[arg(long, value_name = "YES|NO", value_parser = parse_yes)]
    receipts: Option<bool>,
    /// Whose transparency logs and which witnesses clients trust: a file as
    /// docs/evidence.md shows it, or off
    #[arg(long, value_name = "FILE")]
    logs: Option<PathBuf>,
    /// Who keeps records of all new conversations, or off; may be given more
    /// than once
    ///
    /// Whoever founds a conversation adds them, and nobody writes in it while
    /// none of them is there.
    #[arg(long, value_name = "HANDLE")]
    custodian: Vec<String>,
}

/// Parses `off` or a span of whole days; 0 is off.
fn parse_days(text: &str) -> Result<u32, String> {
    if text == "off" {
        return Ok(0);
    }
    let seconds = parse_span(text).map_err(|error| format!("{error}, or off"))?;
    let days = seconds / DAY_S;
    match u32::try_from(days) {
        Ok(days) if seconds % DAY_S == 0 && u64::from(days) <= MOST_DAYS => Ok(days),
        _ => Err("bounds are 1 to 36500 whole days, or off".into()),
    }
}

fn parse_yes(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("that is yes or no".into()),
    }
}

/// Runs a command.
pub(super) async fn run(context: &Context, command: PolicyCommand) -> Outcome {
    match command {
        PolicyCommand::Show => show(context).await,
        PolicyCommand::Publish(options) => publish(context, &options).await,
    }
}

async fn show(context: &Context) -> Outcome {
    let client = context.open().await?;
    let policy = match client.fetch_organisation_policy().await {
        Ok(policy) => policy,
        // What is known counts without the relay, too.
        Err(error) if error.kind == ErrorKind::Io => {
            context.out.warn(&format!(
                "the relay was not asked: {}; this is what this device knows",
                error.message
            ));
            client.organisation_policy()
        }
        Err(error) => return Err(error.into()),
    };
    context
        .out
        .result(&policy, |page| print(page, policy.as_ref()))?;
    client.shutdown().await;
    Ok(())
}

async fn publish(context: &Context, options: &Publish) -> Outcome {
    let client: Client = context.open().await?;
    let removes = |days: Option<u32>| days.is_some_and(|days| days > 0);
    if removes(options.messages) || removes(options.files) {
        context.confirm("Every device removes for good what is older. Publish this policy?")?;
    }
    let change = OrganisationPolicyChange {
        max_message_days: options.messages,
        max_file_days: options.files,
        receipts: options.receipts,
        logs: options.logs.as_deref().map(read_logs).transpose()?,
        custodians: custodians(&options.custodian),
    };
    let policy = client.publish_organisation_policy(change).await?;
    context
        .out
        .result(&policy, |page| print(page, Some(&policy)))?;
    client.shutdown().await;
    Ok(())
}

/// Nobody for `off`; no change if none was named.
fn custodians(named: &[String]) -> Option<Vec<String>> {
    let some = named
        .iter()
        .filter(|name| *name != "off")
        .cloned()
        .collect();
    (!named.is_empty()).then_some(some)
}

/// The file of `--logs`; nothing for `off`.
fn read_logs(path: &Path) -> Result<String, Failure> {
    if path == Path::new("off") {
        return Ok(String::new());
    }
    std::fs::read_to_string(path).map_err(|error| {
        let what = format!("{} cannot be read: {error}", path.display());
        usage("bad_log_policy", what, "name a file, or off").into()
    })
}

fn print(page: &mut Page, policy: Option<&OrganisationPolicyInfo>) {
    let Some(policy) = policy else {
        page.line("The organisation has published no policy.");
        return;
    };
    page.field("Number", policy.serial.to_string());
    page.field("Issued", minute_of_s(policy.issued_at_s));
    page.field("Messages", days(policy.max_message_days));
    page.field("Files", days(policy.max_file_days));
    page.field("Receipts", if policy.receipts { "yes" } else { "no" });
    let logs = if policy.logs.is_some() {
        "named by the policy"
    } else {
        "as seen first"
    };
    page.field("Logs", logs);
    let custodians = match policy.custodians.is_empty() {
        true => "not required".to_owned(),
        false => policy.custodians.join(", "),
    };
    page.field("Custodian", custodians);
    if !policy.holds.is_empty() {
        let names: Vec<&str> = policy.holds.iter().map(|hold| hold.name.as_str()).collect();
        page.field("Legal holds", names.join(", "));
    }
    page.field("Signature", "by the organisation's key");
}

fn days(bound: Option<u32>) -> String {
    match bound {
        None => "no bound".into(),
        Some(1) => "kept for 1 day".into(),
        Some(days) => format!("kept for {days} days"),
    }
}

/// `sealwire org receipts`.
pub(super) async fn receipts(context: &Context, chat: Option<&str>) -> Outcome {
    let client = context.open().await?;
    let mut list = client.removal_receipts().await?;
    if let Some(start) = chat {
        list.retain(|receipt| receipt.conversation.starts_with(start));
        if list.is_empty() {
            return Err(usage(
                "no_receipts",
                format!("there is no receipt of a conversation whose id begins with {start}"),
                "`sealwire org receipts` lists all",
            )
            .into());
        }
    }
    context
        .out
        .result(&list, |page| print_receipts(page, &list))?;
    client.shutdown().await;
    Ok(())
}

fn print_receipts(page: &mut Page, list: &[RemovalReceiptInfo]) {
    if list.is_empty() {
        page.line("This device has removed nothing because it was kept no longer.");
        return;
    }
    let mut table = Table::new(&["NUMBER", "WHEN", "CHAT", "LINES", "FILES", "FROM", "TO"]);
    for receipt in list {
        table.row(vec![
            receipt.number.to_string().into(),
            minute_of_s(receipt.at_s).into(),
            receipt
                .conversation
                .chars()
                .take(8)
                .collect::<String>()
                .into(),
            receipt.messages.to_string().into(),
            receipt.files.to_string().into(),
            minute_of_s(receipt.oldest_s).into(),
            minute_of_s(receipt.newest_s).into(),
        ]);
    }
    table.print(page);
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn policy() -> OrganisationPolicyInfo {
        OrganisationPolicyInfo {
            serial: 2,
            issued_at_s: 1_764_000_000,
            max_message_days: Some(365),
            max_file_days: None,
            receipts: true,
            logs: None,
            custodians: vec!["records@acme".into()],
            holds: Vec::new(),
            attestation_key: None,
        }
    }

    fn receipt() -> RemovalReceiptInfo {
        RemovalReceiptInfo {
            number: 17,
            conversation: "0123456789abcdef0123456789abcdef".into(),
            at_s: 1_764_000_000,
            messages: 123_456,
            files: 78,
            oldest_s: 1_732_000_000,
            newest_s: 1_732_400_000,
            messages_kept_s: Some(31_536_000),
            files_kept_s: None,
            policy_serial: 2,
            signed: "c2lnbmVk".into(),
            certificate: "Y2VydGlmaWNhdGU=".into(),
        }
    }

    #[test]
    fn days_are_whole() {
        assert_eq!(parse_days("off"), Ok(0));
        assert_eq!(parse_days("90d"), Ok(90));
        assert_eq!(parse_days("2w"), Ok(14));
        assert_eq!(parse_days("24h"), Ok(1));
        for bad in ["", "0d", "25h", "36501d", "never", "99999999999999999w"] {
            assert!(parse_days(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_json_forms() {
        insta::assert_snapshot!("policy_json", serde_json::to_string(&policy()).unwrap());
        insta::assert_snapshot!("receipt_json", serde_json::to_string(&receipt()).unwrap());
    }

    #[test]
    fn the_pages_fit() {
        let mut page = Page::new(Some(80));
        print(&mut page, Some(&policy()));
        print(&mut page, None);
        print_receipts(&mut page, &[receipt()]);
        print_receipts(&mut page, &[]);
        let text = anstream::adapter::strip_str(page.styled()).to_string();
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
        assert!(text.contains("kept for 365 days") && text.contains("123456"));
    }
}
