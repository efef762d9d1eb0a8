//! `sealwire account`: join, show, protect.

mod rights;
mod telling;

pub(crate) use rights::erase_member;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealwire_core::{
    Client, CoreError, DeviceLink, JoinLink, Result,
    api::{AccountInfo, ConversationState, Handle},
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    context::Context,
    exit::{Outcome, usage},
    network,
    output::{BOLD, Line, Page, Table},
    passphrase,
    paths::Profile,
    secret,
};

/// Seconds that the other device is given to answer.
const LINK_WAIT_S: u64 = 120;

/// Commands of `sealwire account`.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Join an organisation with an invitation
    Create(Create),
    /// Make this a further device of an account you have
    Link(Link),
    /// Show your account and this device
    Show,
    /// List the accounts on this machine
    List,
    /// Choose the account to use when --account is not given
    Use {
        /// Account, as `account list` shows it
        name: String,
    },
    /// Change the passphrase of this device
    Passphrase(Passphrase),
    /// Show, or say, whether others are told what arrived and was read on this device
    Receipts {
        /// What to do from now on
        switch: Option<telling::Switch>,
    },
    /// Show, or say, whether people see when somebody is typing; off until switched on
    Typing {
        /// What to do from now on
        switch: Option<telling::Switch>,
    },
    /// Save what the relay knows of you, and its signed statement of that
    ///
    /// Your messages are not among it: the relay cannot read them. They are on
    /// your devices; `chat export` saves them.
    Data {
        /// Folder to make
        folder: PathBuf,
    },
    /// Have your account erased at the relay, for good
    ///
    /// Account, devices, key packages and waiting envelopes go, and what could
    /// show which entries of the relay's logs were about you. This machine keeps
    /// its history; `account remove` removes that, too, and tells the relay.
    /// Your other devices are told when they next sign in, for 30 days. Others
    /// take you out of the conversations when they next look.
    Erase {
        /// Save the relay's signed statement in this folder, which is made
        #[arg(long, value_name = "FOLDER")]
        statement: PathBuf,
    },
    /// Remove the account from this machine, with its whole history
    ///
    /// If the account was erased at the relay, a receipt signed with this
    /// device's key tells the relay that what was here is gone, so that the
    /// relay's statement counts it. Repeat it if the relay was not reached.
    Remove {
        /// Account, as `account list` shows it
        name: String,
        /// Tell the relay nothing; needs no passphrase
        #[arg(long)]
        unconfirmed: bool,
    },
}

/// Options of `account create`.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Your name: the part of your handle before the @
    #[arg(long)]
    name: String,
    /// Read the invitation from a file; `-` is standard input [default: ask]
    #[arg(long, value_name = "FILE")]
    invitation_file: Option<PathBuf>,
}

/// Options of `account link`.
#[derive(Debug, Args)]
pub(crate) struct Link {
    /// Read the link from a file; `-` is standard input [default: ask]
    #[arg(long, value_name = "FILE")]
    link_file: Option<PathBuf>,
}

/// Options of `account passphrase`.
#[derive(Debug, Args)]
pub(crate) struct Passphrase {
    /// Read the new passphrase from the first line of a file [default: ask]
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
}

/// One account in the list.
#[derive(Serialize)]
struct Listed {
    name: String,
    directory: String,
    default: bool,
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: AccountCommand) -> Outcome {
    match command {
        AccountCommand::Create(options) => create(context, options).await,
        AccountCommand::Link(options) => link(context, options).await,
        AccountCommand::Show => show(context).await,
        AccountCommand::List => list(context),
        AccountCommand::Use { name } => choose(context, &name),
        AccountCommand::Passphrase(options) => change_passphrase(context, &options),
        AccountCommand::Receipts { switch } => telling::receipts(context, switch).await,
        AccountCommand::Typing { switch } => telling::typing(context, switch).await,
        AccountCommand::Data { folder } => rights::data(context, &folder).await,
        AccountCommand::Erase { statement } => rights::erase(context, &statement).await,
        AccountCommand::Remove { name, unconfirmed } => {
            rights::remove(context, &name, unconfirmed).await
        }
    }
}

async fn create(context: &Context, options: Create) -> Outcome {
    let what = "invitation";
    let text = link_text(
        context,
        options.invitation_file.as_ref(),
        what,
        "--invitation-file",
    )?;
    let link = JoinLink::parse(text.trim()).map_err(|error| bad_link(what, &error))?;
    let name = local_name(&options.name, &link.organisation)?;
    let handle = check_handle(name, &link.organisation)?;
    let profile = new_profile(context, handle.as_str())?;
    let passphrase = passphrase::new(context)?;
    context
        .out
        .note(&format!("Joining {} at {}…", link.organisation, link.relay));
    let settings = &context.settings;
    let joined = Client::enrol(
        &profile.dir,
        &passphrase,
        &link,
        name,
        settings.kdf,
        settings.options.clone(),
    )
    .await;
    let client = joined.map_err(|error| not_joined(&profile, error))?;
    client.start().await?;
    // Others can add this account only once it has key packages at the relay.
    network::settle_upkeep(context, &client).await?;
    let account = client.account();
    context.out.result(&account, |page| {
        page.line(
            Line::new()
                .plain("Welcome, ")
                .styled(BOLD, &account.handle)
                .plain("."),
        );
        page.gap();
        print(page, &account);
    })?;
    next_steps(context, &account);
    client.shutdown().await;
    Ok(())
}

fn next_steps(context: &Context, account: &AccountInfo) {
    context.out.note("");
    context.out.note("What to do next:");
    if account.holds_organisation_key {
        context
            .out
            .note("  sealwire org invite                 invite the first colleague");
    }
    context
        .out
        .note("  sealwire contact add HANDLE         look somebody up");
    context
        .out
        .note("  sealwire chat create NAME HANDLE…   begin a conversation");
    context
        .out
        .note("  sealwire message watch              see what comes in");
    context
        .out
        .note("Compare the fingerprint with your colleagues in person or by phone.");
}

async fn link(context: &Context, options: Link) -> Outcome {
    let what = "device link";
    let text = link_text(context, options.link_file.as_ref(), what, "--link-file")?;
    let link = DeviceLink::parse(text.trim()).map_err(|error| bad_link(what, &error))?;
    let profile = new_profile(context, link.handle.as_str())?;
    let passphrase = passphrase::new(context)?;
    context
        .out
        .note("Asking your other device; keep `sealwire device link` running there…");
    let limit = context.global.timeout_or(LINK_WAIT_S);
    let settings = &context.settings;
    let linked = Client::link(
        &profile.dir,
        &passphrase,
        &link,
        settings.kdf,
        settings.options.clone(),
        limit,
    )
    .await;
    let client = linked.map_err(|error| not_joined(&profile, error))?;
    client.start().await?;
    network::settle_upkeep(context, &client).await?;
    context.out.note("Linked. Waiting for your conversations…");
    let seated = network::until(limit, || seated(&client)).await?;
    let account = client.account();
    context.out.result(&account, |page| {
        page.line(
            Line::new()
                .plain("This is now a device of ")
                .styled(BOLD, &account.handle)
                .plain("."),
        );
        page.gap();
        print(page, &account);
    })?;
    if !seated {
        context.out.warn(
            "some conversations have not arrived yet; run `sealwire sync` here while Sealwire \
             runs on your other device",
        );
    }
    client.shutdown().await;
    Ok(())
}

async fn seated(client: &Client) -> Result<bool> {
    let conversations = client.conversations().await?;
    Ok(conversations
        .iter()
        .all(|chat| chat.state != ConversationState::Rejoining))
}

async fn show(context: &Context) -> Outcome {
    let account = context.open().await?.account();
    context.out.result(&account, |page| print(page, &account))
}

fn print(page: &mut Page, account: &AccountInfo) {
    page.field("Handle", Line::new().styled(BOLD, &account.handle));
    page.field("Fingerprint", account.fingerprint.as_str());
    page.field("Device", account.device.as_str());
    page.field("Relay", account.relay.as_str());
    page.field("Organisation", account.organisation.as_str());
    match &account.organisation_fingerprint {
        Some(fingerprint) if account.holds_organisation_key => {
            page.field("Its key", format!("{fingerprint} (kept on this device)"));
        }
        Some(fingerprint) => page.field("Its key", fingerprint.as_str()),
        None => page.field("Its key", "not set yet"),
    }
}

fn list(context: &Context) -> Outcome {
    let default = context.paths.select(None).ok();
    let accounts: Vec<Listed> = context
        .paths
        .profiles()?
        .into_iter()
        .map(|profile| Listed {
            default: default.as_ref() == Some(&profile),
            directory: profile.dir.display().to_string(),
            name: profile.name,
        })
        .collect();
    context.out.result(&accounts, |page| {
        if accounts.is_empty() {
            return;
        }
        let mut table = Table::new(&["ACCOUNT", "DEFAULT", "DIRECTORY"]);
        for account in &accounts {
            let default = if account.default { "yes" } else { "" };
            table.row(vec![
                account.name.as_str().into(),
                default.into(),
                account.directory.as_str().into(),
            ]);
        }
        table.print(page);
    })?;
    if accounts.is_empty() {
        context
            .out
            .note("No account yet: `sealwire account create --name YOU` joins with an invitation.");
    }
    Ok(())
}

fn choose(context: &Context, name: &str) -> Outcome {
    let profile = context.paths.select(Some(name))?;
    context.paths.choose(&profile)?;
    context
        .out
        .result(&serde_json::json!({ "default": profile.name }), |page| {
            page.line(format!("{} is used from now on.", profile.name));
        })
}

fn change_passphrase(context: &Context, options: &Passphrase) -> Outcome {
    let profile = context.profile()?;
    let old = passphrase::existing(context, &profile.name)?;
    let new = passphrase::replacement(context, options.new_passphrase_file.as_deref())?;
    Client::change_passphrase(&profile.dir, &old, &new, context.settings.kdf)?;
    context
        .out
        .result(&serde_json::json!({ "changed": true }), |page| {
            page.line("The passphrase is changed.");
        })
}

/// A link is a secret like a passphrase until it is used.
pub(crate) fn link_text(
    context: &Context,
    file: Option<&PathBuf>,
    what: &str,
    option: &str,
) -> Result<Zeroizing<String>> {
    if let Some(file) = file {
        return secret::from_file(file, what, &context.out);
    }
    if context.global.no_input || !secret::can_ask() {
        return Err(usage(
            "link_needed",
            format!("the {what} is needed, and there is nobody to ask"),
            format!("give it with {option} FILE, or {option} - for standard input"),
        ));
    }
    secret::from_prompt(&format!("Paste the {what} (it is not shown)"))
}

pub(crate) fn bad_link(what: &str, error: &dyn std::fmt::Display) -> CoreError {
    usage(
        "bad_link",
        format!("the {what} cannot be used: {error}"),
        "copy the whole line, from sealwire:// to its end",
    )
}

/// The part of the handle before the `@`; who writes the whole handle means the same.
fn local_name<'a>(name: &'a str, organisation: &str) -> Result<&'a str> {
    match name.split_once('@') {
        None => Ok(name),
        Some((local, of)) if of == organisation => Ok(local),
        Some((local, of)) => Err(usage(
            "other_organisation",
            format!("the invitation is for {organisation}, not for {of}"),
            format!("write --name {local}, or ask for an invitation to {of}"),
        )),
    }
}

/// Before anything is asked for.
fn check_handle(name: &str, organisation: &str) -> Result<Handle> {
    Handle::parse(&format!("{name}@{organisation}")).map_err(|error| {
        usage(
            "bad_handle",
            error.to_string(),
            "choose a name of small letters, digits, dots, dashes and underscores",
        )
    })
}

fn new_profile(context: &Context, handle: &str) -> Result<Profile> {
    let profile = context
        .paths
        .new_profile(context.global.account.as_deref().unwrap_or(handle))?;
    if Client::exists(&profile.dir) {
        return Err(usage(
            "profile_exists",
            format!(
                "there is an account {} on this machine already",
                profile.name
            ),
            "use it with --account, or give the new one another name with --account NAME",
        ));
    }
    Ok(profile)
}

/// Tidies up after a refusal; explains what an unanswered request means.
fn not_joined(profile: &Profile, mut error: CoreError) -> CoreError {
    if Client::exists(&profile.dir) {
        error.hint = format!(
            "the account is kept and not confirmed yet: `sealwire account show --account {}` \
             tries again; `sealwire account remove {}` gives up",
            profile.name, profile.name
        );
    } else {
        // Goes only if it is empty.
        let _ = std::fs::remove_dir(&profile.dir);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_written_as_the_whole_handle() {
        assert_eq!(local_name("alice", "acme").unwrap(), "alice");
        assert_eq!(local_name("alice@acme", "acme").unwrap(), "alice");
        assert_eq!(
            local_name("alice@other", "acme").unwrap_err().code,
            "other_organisation"
        );
    }
}
