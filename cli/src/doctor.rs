//! `sealwire doctor`: what works and what does not, with what to do.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use sealwire_core::{Client, CoreError, ErrorKind, Result};
use serde::Serialize;

use crate::{
    context::Context,
    exit::Outcome,
    output::{BAD, GOOD, Line},
    passphrase,
    paths::Profile,
};

/// A clock that is wrong by more makes certificates and key packages look expired.
const CLOCK_LIMIT_S: u64 = 300;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    hint: String,
}

impl Check {
    fn good(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            ok: true,
            detail: detail.into(),
            hint: String::new(),
        }
    }

    fn bad(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            name,
            ok: false,
            detail: detail.into(),
            hint: hint.into(),
        }
    }

    fn failed(name: &'static str, error: &CoreError) -> Self {
        Self::bad(name, error.message.clone(), error.hint.clone())
    }
}

/// Runs the command.
pub(crate) async fn run(context: &Context) -> Outcome {
    let profile = context.profile()?;
    let passphrase = passphrase::existing(context, &profile.name)?;
    let mut checks = vec![
        Check::good("version", format!("sealwire {}", env!("CARGO_PKG_VERSION"))),
        permissions(&profile),
    ];
    let opened = Client::open(&profile.dir, &passphrase, context.settings.options.clone()).await;
    let mut worst = None;
    match opened {
        Ok(client) => {
            let account = client.account();
            checks.push(Check::good("profile", format!("{} opens", account.handle)));
            match relay(&client).await {
                Ok(check) => checks.push(check),
                Err(error) => {
                    checks.push(Check::failed("relay", &error));
                    worst = Some(error.kind);
                }
            }
            checks.extend(clock(&client));
            checks.push(directory(&client).await);
            checks.push(conversations(&client).await?);
            checks.extend(holds(&client).await?);
            client.shutdown().await;
        }
        Err(error) => {
            checks.push(Check::failed("profile", &error));
            worst = Some(error.kind);
        }
    }
    report(context, &checks)?;
    let broken = checks.iter().filter(|check| !check.ok).count();
    if broken == 0 {
        return Ok(());
    }
    Err(CoreError::new(
        worst.unwrap_or(ErrorKind::Halted),
        "not_well",
        format!("{broken} of {} checks found something wrong", checks.len()),
        "do what is written beside them, then run `sealwire doctor` again",
    )
    .into())
}

fn report(context: &Context, checks: &[Check]) -> Outcome {
    context.out.result(&checks, |page| {
        for check in checks {
            let (style, mark) = if check.ok { (GOOD, "ok") } else { (BAD, "bad") };
            let head = Line::new()
                .styled(style, format!("{mark:<5}"))
                .plain(format!("{:<15}", check.name));
            page.beside(head, anstyle::Style::new(), &check.detail);
            if !check.hint.is_empty() {
                let head = Line::new().plain(" ".repeat(20));
                page.beside(head, anstyle::Style::new(), &check.hint);
            }
        }
    })
}

fn permissions(profile: &Profile) -> Check {
    const NAME: &str = "permissions";
    let mut loose = Vec::new();
    let mut look = |path: &Path, mode: &str| {
        if fs::symlink_metadata(path).is_ok_and(|found| found.mode() & 0o077 != 0) {
            loose.push(format!("chmod {mode} '{}'", path.display()));
        }
    };
    look(&profile.dir, "700");
    for entry in fs::read_dir(&profile.dir).into_iter().flatten().flatten() {
        look(&entry.path(), "600");
    }
    if loose.is_empty() {
        return Check::good(NAME, format!("only you can read {}", profile.dir.display()));
    }
    Check::bad(
        NAME,
        "other users of this machine can read the profile",
        loose.join("; "),
    )
}

/// Its certificate and organisation are those pinned, and it lets this device sign in.
async fn relay(client: &Client) -> Result<Check> {
    client.check_relay().await?;
    client.organisation_role().await?;
    let relay = client.account().relay;
    Ok(Check::good(
        "relay",
        format!("{relay} answers, and is the right one"),
    ))
}

fn clock(client: &Client) -> Option<Check> {
    const NAME: &str = "clock";
    let ahead = client.clock_difference_s()?;
    Some(if ahead.unsigned_abs() <= CLOCK_LIMIT_S {
        Check::good(NAME, format!("{} s from the relay's", ahead.unsigned_abs()))
    } else {
        let side = if ahead > 0 { "behind" } else { "ahead of" };
        Check::bad(
            NAME,
            format!(
                "this machine's clock is {} s {side} the relay's",
                ahead.unsigned_abs()
            ),
            "set it right, best by network time",
        )
    })
}

/// Its log is one that everybody sees, as far as this device can tell.
async fn directory(client: &Client) -> Check {
    const NAME: &str = "directory";
    match client.check_directory_log().await {
        Ok(Some(log)) => match log.conflict {
            None => Check::good(NAME, format!("{} entries, all as logged", log.size)),
            Some(why) => Check::bad(
                NAME,
                format!("the relay shows different directories: {why}"),
                "tell your administrator; `sealwire org log` shows the evidence",
            ),
        },
        Ok(None) => Check::bad(NAME, "its log was never seen", "go online once"),
        Err(error) => Check::failed(NAME, &error),
    }
}

/// What may not be removed, if anything.
async fn holds(client: &Client) -> Outcome<Option<Check>> {
    let Some(policy) = client.organisation_policy() else {
        return Ok(None);
    };
    if policy.holds.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = policy.holds.into_iter().map(|hold| hold.name).collect();
    let all = client.conversations().await?;
    let kept = all.iter().filter(|chat| !chat.holds.is_empty()).count();
    Ok(Some(Check::good(
        "legal holds",
        format!(
            "{}: nothing is removed from {kept} of {} conversations",
            names.join(", "),
            all.len()
        ),
    )))
}

async fn conversations(client: &Client) -> Outcome<Check> {
    use sealwire_core::api::ConversationState;
    const NAME: &str = "conversations";
    let all = client.conversations().await?;
    let stopped: Vec<String> = all
        .iter()
        .filter_map(|chat| match &chat.state {
            ConversationState::Halted(reason) => Some(format!("{}: {reason}", chat.name)),
            _ => None,
        })
        .collect();
    Ok(if stopped.is_empty() {
        Check::good(NAME, format!("{}, none stopped", all.len()))
    } else {
        Check::bad(
            NAME,
            format!("{} of {} stopped", stopped.len(), all.len()),
            stopped.join("; "),
        )
    })
}
