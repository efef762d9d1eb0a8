//! `sealwire chat policy`, `topic`, `avatar`, `timer`, `retention`: what the members of a
//! conversation agreed on.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use sealwire_core::{
    CoreError, ErrorKind, Result,
    api::{MAX_AVATAR, PolicyInfo, Setting},
};

use super::{print_one, resolve, resolve_online};
use crate::{context::Context, exit::Outcome, network, output::Page, time::parse_span};

const ACTIONS: [&str; 8] = [
    "add",
    "remove",
    "rename",
    "post",
    "mention-all",
    "delete",
    "describe",
    "set-timer",
];
const ROLES: [&str; 3] = ["owner", "admin", "member"];

/// Commands of `sealwire chat policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Show the rules
    Show {
        /// Name, id, or the beginning of the id
        chat: String,
    },
    /// Change rules
    ///
    /// Who may do something: add, remove, rename, post, mention-all, delete
    /// (messages of others), describe (topic and picture) or set-timer, then =
    /// and the least role: owner, admin or member.
    ///
    /// What all agree on: timer and retention (30s, 8h, 4w, off), agents (nobody,
    /// admins, members), custodian, receipts and announcement (yes, no).
    Set {
        /// Name, id, or the beginning of the id
        chat: String,
        /// For example post=admin or timer=1w
        #[arg(required = true, value_name = "RULE=VALUE", value_parser = parse_rule)]
        rules: Vec<Rule>,
    },
}

/// Options of `chat avatar`.
#[derive(Debug, Args)]
pub(crate) struct Avatar {
    /// Name, id, or the beginning of the id
    chat: String,
    /// PNG, JPEG or WebP of at most 16 KiB
    #[arg(required_unless_present_any = ["remove", "save"])]
    file: Option<PathBuf>,
    /// Take the picture away
    #[arg(long, conflicts_with = "file")]
    remove: bool,
    /// Write the present picture to a new file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "remove"])]
    save: Option<PathBuf>,
}

/// One rule and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// An action and the least role that may do it.
    Permission {
        action: &'static str,
        role: &'static str,
    },
    /// What all agree on.
    Setting(Setting),
}

/// Runs a command.
pub(super) async fn run(context: &Context, command: PolicyCommand) -> Outcome {
    match command {
        PolicyCommand::Show { chat } => show(context, &chat).await,
        PolicyCommand::Set { chat, rules } => set(context, &chat, &rules).await,
    }
}

async fn show(context: &Context, chat: &str) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, chat).await?;
    let policy = client.policy(&id).await?;
    context.out.result(&policy, |page| print(page, &policy))
}

async fn set(context: &Context, chat: &str, rules: &[Rule]) -> Outcome {
    let client = context.open().await?;
    let id = resolve_online(&client, chat).await?;
    client.start().await?;
    for rule in rules {
        let change = match rule {
            Rule::Permission { action, role } => client.set_permission(&id, action, role).await?,
            Rule::Setting(setting) => client.set(&id, setting.clone()).await?,
        };
        network::made(context, &client, change).await?;
    }
    let policy = client.policy(&id).await?;
    context.out.result(&policy, |page| print(page, &policy))?;
    client.shutdown().await;
    Ok(())
}

/// Changes one setting: `topic`, `timer`, `retention`.
pub(super) async fn set_one(context: &Context, chat: &str, setting: Setting) -> Outcome {
    set(context, chat, &[Rule::Setting(setting)]).await
}

/// `chat avatar`.
pub(super) async fn avatar(context: &Context, options: Avatar) -> Outcome {
    if let Some(file) = options.save {
        let client = context.open().await?;
        let id = resolve(&client, &options.chat).await?;
        let picture = client.avatar(&id).await?;
        fs::File::create_new(&file)
            .and_then(|mut new| std::io::Write::write_all(&mut new, &picture))
            .map_err(|error| file_error(&file.display().to_string(), &error))?;
        return print_one(context, &client, &id, "Saved the picture of").await;
    }
    let picture = match options.file {
        Some(file) => read_picture(&file)?,
        None => Vec::new(),
    };
    set_one(context, &options.chat, Setting::Avatar(picture)).await
}

/// One byte more than fits is enough to be refused.
fn read_picture(path: &Path) -> Result<Vec<u8>> {
    let mut picture = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(MAX_AVATAR as u64 + 1).read_to_end(&mut picture))
        .map_err(|error| file_error(&path.display().to_string(), &error))?;
    Ok(picture)
}

fn file_error(path: &str, error: &std::io::Error) -> CoreError {
    CoreError::new(
        ErrorKind::Io,
        "file",
        format!("{path}: {error}"),
        "choose another file",
    )
}

fn print(page: &mut Page, policy: &PolicyInfo) {
    let yes = |value: bool| if value { "yes" } else { "no" };
    page.field("Kind", policy.kind.as_str());
    page.beside(
        crate::output::Line::new()
            .styled(crate::output::DIM, "Topic")
            .plain(" ".repeat(10)),
        anstyle::Style::new(),
        if policy.topic.is_empty() {
            "none"
        } else {
            &policy.topic
        },
    );
    page.field(
        "Picture",
        match policy.avatar_bytes {
            0 => "none".to_owned(),
            bytes => format!("{bytes} bytes"),
        },
    );
    page.field("Timer", span(policy.timer_s));
    page.field("Retention", span(policy.retention_s));
    page.field("Agents", format!("added by {}", policy.agents));
    page.field("Receipts", yes(policy.receipts));
    page.field(
        "Custodian",
        match (policy.custodian_required, policy.custodian_present) {
            (false, false) => "not required",
            (false, true) => "not required; there is one",
            (true, true) => "required; there is one",
            (true, false) => "required and MISSING: nothing is sent",
        },
    );
    page.gap();
    for action in ACTIONS {
        let least = policy.permissions.get(action).map_or("", String::as_str);
        page.field(action, format!("{least} or higher"));
    }
}

/// A span as people write it: the largest unit that divides it.
fn span(seconds: u32) -> String {
    if seconds == 0 {
        return "off".into();
    }
    [(604_800, "w"), (86_400, "d"), (3_600, "h"), (60, "m")]
        .into_iter()
        .find(|(unit, _)| seconds.is_multiple_of(*unit))
        .map_or_else(
            || format!("{seconds}s"),
            |(unit, word)| format!("{}{word}", seconds / unit),
        )
}

/// Parses `off` or a span to seconds.
pub(crate) fn parse_life(text: &str) -> std::result::Result<u32, String> {
    if text == "off" {
        return Ok(0);
    }
    let seconds = parse_span(text).map_err(|error| format!("{error}, or off"))?;
    u32::try_from(seconds).map_err(|_| "that is too long".to_owned())
}

fn parse_rule(text: &str) -> std::result::Result<Rule, String> {
    let (rule, value) = text
        .split_once('=')
        .ok_or("write it like post=admin or timer=1w")?;
    if let Some(action) = ACTIONS.iter().find(|action| **action == rule) {
        let role = ROLES.iter().find(|role| **role == value);
        let role = role.ok_or_else(|| format!("least roles: {}", ROLES.join(", ")))?;
        return Ok(Rule::Permission { action, role });
    }
    let yes = || match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("{rule} is yes or no")),
    };
    let setting = match rule {
        "timer" => Setting::Timer(parse_life(value)?),
        "retention" => Setting::Retention(parse_life(value)?),
        "agents" if ["nobody", "admins", "members"].contains(&value) => {
            Setting::Agents(value.into())
        }
        "agents" => return Err("agents are added by nobody, admins or members".into()),
        "custodian" => Setting::CustodianRequired(yes()?),
        "receipts" => Setting::Receipts(yes()?),
        "announcement" => Setting::Announcement(yes()?),
        _ => {
            return Err(format!(
                "rules: {}, timer, retention, agents, custodian, receipts, announcement",
                ACTIONS.join(", ")
            ));
        }
    };
    Ok(Rule::Setting(setting))
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn rules_have_one_form() {
        let permission = |action, role| Ok(Rule::Permission { action, role });
        assert_eq!(parse_rule("post=admin"), permission("post", "admin"));
        assert_eq!(
            parse_rule("set-timer=owner"),
            permission("set-timer", "owner")
        );
        for (text, setting) in [
            ("timer=4w", Setting::Timer(2_419_200)),
            ("timer=off", Setting::Timer(0)),
            ("retention=90d", Setting::Retention(7_776_000)),
            ("agents=nobody", Setting::Agents("nobody".into())),
            ("custodian=yes", Setting::CustodianRequired(true)),
            ("receipts=no", Setting::Receipts(false)),
            ("announcement=yes", Setting::Announcement(true)),
        ] {
            assert_eq!(parse_rule(text), Ok(Rule::Setting(setting)));
        }
        for bad in [
            "",
            "post",
            "post=reader",
            "fly=owner",
            "post=admin=x",
            "=owner",
            "timer=1",
            "timer=admin",
            "agents=all",
            "custodian=1",
            "retention=99999999999999w",
        ] {
            assert!(parse_rule(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spans_read_as_they_are_written() {
        for text in ["off", "30s", "90s", "5m", "8h", "1d", "4w"] {
            assert_eq!(span(parse_life(text).expect("a span")), text);
        }
    }

    fn policy() -> PolicyInfo {
        PolicyInfo {
            version: 2,
            kind: "group".into(),
            topic:
                "Plans\u{202e}\nand a second line that is so long that it has to be broken twice"
                    .into(),
            avatar_bytes: 12,
            retention_s: 7_776_000,
            timer_s: 0,
            custodian_required: true,
            custodian_present: false,
            agents: "admins".into(),
            receipts: true,
            permissions: ACTIONS.map(|a| (a.to_owned(), "admin".to_owned())).into(),
        }
    }

    #[test]
    fn the_json_form() {
        insta::assert_snapshot!(serde_json::to_string(&policy()).unwrap());
    }

    #[test]
    fn the_page_fits_and_is_safe() {
        let mut page = Page::new(Some(80));
        print(&mut page, &policy());
        let text = anstream::adapter::strip_str(page.styled()).to_string();
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
        assert!(!text.contains('\u{202e}'));
        insta::assert_snapshot!(text);
    }
}
