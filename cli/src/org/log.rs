//! `sealwire org log`: whether everybody is shown the same directory.

use sealwire_core::api::{DirectoryHeadInfo, DirectoryLogInfo};
use serde::Serialize;

use crate::{
    context::Context,
    exit::{Outcome, usage},
    output::Page,
    time::minute_of_s,
};

/// What is shown.
#[derive(Serialize)]
struct Shown {
    log: DirectoryLogInfo,
    /// Heads that contradict each other; empty as long as there are none.
    evidence: Vec<DirectoryHeadInfo>,
}

/// Runs the command.
pub(super) async fn run(context: &Context) -> Outcome {
    let client = context.open().await?;
    let log = match client.check_directory_log().await {
        Ok(log) => log,
        // What is known is worth showing without the relay, too.
        Err(error) => {
            let known = client.directory_log().await?;
            if known.is_none() {
                return Err(error.into());
            }
            context
                .out
                .warn(&format!("{}: {}", error.message, error.hint));
            known
        }
    };
    let log = log.ok_or_else(|| {
        usage(
            "no_directory_log",
            "this device has not seen the directory's log yet",
            "repeat while the relay can be reached",
        )
    })?;
    let evidence = client.directory_evidence().await?;
    let shown = Shown { log, evidence };
    context.out.result(&shown, |page| print(page, &shown))?;
    client.shutdown().await;
    Ok(())
}

fn print(page: &mut Page, shown: &Shown) {
    let Shown { log, evidence } = shown;
    page.field("Log", log.origin.clone());
    page.field("Key", log.key.clone());
    page.field("Entries", log.size.to_string());
    page.field("Root", log.root.clone());
    match &log.conflict {
        None => page.field(
            "Trust",
            "yes: every entry was checked, and nobody has told of another log",
        ),
        Some(why) => page.field("Trust", format!("none: {why}")),
    }
    page.line("");
    page.line("Signed head:");
    log.head.lines().for_each(|line| page.line(line));
    for head in evidence {
        page.line("");
        let when = minute_of_s(head.at_ms / 1_000);
        page.line(format!(
            "Seen by {} ({when}), {} entries:",
            head.source, head.size
        ));
        head.signed.lines().for_each(|line| page.line(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> Shown {
        let signed = "acme/0011223344556677/directory\n5\nAAAA\n\n— acme BBBB\n";
        Shown {
            log: DirectoryLogInfo {
                origin: "acme/0011223344556677/directory".into(),
                key: "acme/0011223344556677/directory+01020304+AQ==".into(),
                size: 5,
                root: "00".repeat(32),
                head: signed.into(),
                conflict: Some("it showed bob@acme other entries than it showed you".into()),
            },
            evidence: vec![DirectoryHeadInfo {
                size: 5,
                root: "11".repeat(32),
                source: "bob@acme".into(),
                signed: signed.into(),
                at_ms: 1_764_000_000_000,
            }],
        }
    }

    #[test]
    fn the_json_form() {
        insta::assert_snapshot!("log_json", serde_json::to_string_pretty(&shown()).unwrap());
    }

    #[test]
    fn the_page_says_what_was_seen_by_whom() {
        let mut page = Page::new(Some(80));
        print(&mut page, &shown());
        let text = anstream::adapter::strip_str(page.styled()).to_string();
        assert!(text.contains("none: it showed bob@acme"), "{text}");
        assert!(text.contains("Seen by bob@acme"), "{text}");
    }
}
