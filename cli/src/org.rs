//! `sealwire org`: invitations, the members of the organisation and its policy.

mod hold;
mod log;
mod oversight;
mod policy;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use sealwire_core::{
    Client,
    api::{DeviceKind, InvitationInfo, OrgRole},
};

use crate::{
    account::erase_member,
    context::Context,
    exit::Outcome,
    output::{BAD, GOOD, Line, NAME, Page, Table, WARN},
    time::{minute_of_s, parse_span},
};

/// The relay keeps invitations no longer, seconds.
const LONGEST_S: u64 = 30 * 86_400;

/// Commands of `sealwire org`.
#[derive(Debug, Subcommand)]
pub(crate) enum OrgCommand {
    /// Make an invitation link for a new account
    Invite {
        /// What the new account may do: admins invite and suspend, auditors read
        /// evidence, agents are bots
        #[arg(long, default_value = "member")]
        role: InvitedRole,
        /// The account is a records custodian: a program of the organisation that
        /// reads the conversations it is added to, which everybody there is shown
        #[arg(long, conflicts_with = "role")]
        custodian: bool,
        /// The account is a bot, which everybody is shown
        #[arg(long, conflicts_with_all = ["role", "custodian"])]
        agent: bool,
        /// How long the link is good: 12h, 7d; at most 30d
        #[arg(long, default_value = "7d", value_name = "TIME", value_parser = parse_expiry)]
        expires: u64,
    },
    /// List the invitations
    Invitations,
    /// Withdraw an invitation that was not used
    Withdraw {
        /// Number, as `org invitations` shows it
        id: u64,
    },
    /// Manage the members of the organisation
    Member {
        #[command(subcommand)]
        command: MemberCommand,
    },
    /// Show and publish what the organisation asks of all clients
    Policy {
        #[command(subcommand)]
        command: policy::PolicyCommand,
    },
    /// Keep what may be needed in court: legal holds
    Hold {
        #[command(subcommand)]
        command: hold::HoldCommand,
    },
    /// List people's requests about their data, and incidents, with their clocks
    ///
    /// As the relay's operator enters them; for owners, admins and auditors, and
    /// to auditors without handles.
    Requests,
    /// Show how the relay fared during the last day
    ///
    /// As it measured itself, in points of 15 minutes; for owners, admins and
    /// auditors. Counts are rounded to tens, bytes to 16 MiB.
    Health,
    /// Show the directory's log as this device has checked it
    ///
    /// If the relay has shown different directories, the heads that prove it.
    Log,
    /// List this device's signed receipts of what it removed for its age
    ///
    /// With --json each carries its signature and the device's certificate, by
    /// which anybody can check it.
    Receipts {
        /// Only those of a conversation: the beginning of its id
        #[arg(long, value_name = "ID")]
        chat: Option<String>,
    },
}

/// Commands of `sealwire org member`.
#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// List all accounts
    List,
    /// Lock an account out
    Suspend {
        /// Handle
        handle: String,
    },
    /// Let a suspended account in again
    Resume {
        /// Handle
        handle: String,
    },
    /// Have an account erased at the relay, for good
    Erase {
        /// Handle
        handle: String,
        /// Save the relay's signed statement in this folder, which is made
        #[arg(long, value_name = "FOLDER")]
        statement: PathBuf,
    },
    /// Give an account a role
    Role {
        /// Handle
        handle: String,
        /// The role
        role: Role,
    },
}

/// Roles that an invitation can give.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum InvitedRole {
    // Uses the service
    Member,
    // Invites and suspends
    Admin,
    // Reads evidence
    Auditor,
    // A bot
    Agent,
}

/// All roles.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    // Everything
    Owner,
    // Invites and suspends
    Admin,
    // Uses the service
    Member,
    // Reads evidence
    Auditor,
    // A bot
    Agent,
}

impl From<InvitedRole> for OrgRole {
    fn from(role: InvitedRole) -> Self {
        match role {
            InvitedRole::Member => Self::OrgMember,
            InvitedRole::Admin => Self::OrgAdmin,
            InvitedRole::Auditor => Self::Auditor,
            InvitedRole::Agent => Self::Agent,
        }
    }
}

impl From<Role> for OrgRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::OrgOwner,
            Role::Admin => Self::OrgAdmin,
            Role::Member => Self::OrgMember,
            Role::Auditor => Self::Auditor,
            Role::Agent => Self::Agent,
        }
    }
}

fn parse_expiry(text: &str) -> Result<u64, String> {
    let seconds = parse_span(text)?;
    if seconds > LONGEST_S {
        return Err("an invitation is good for at most 30 days".into());
    }
    Ok(seconds)
}

/// The word of the command line for a role.
fn word(role: OrgRole) -> &'static str {
    match role {
        OrgRole::OrgOwner => "owner",
        OrgRole::OrgAdmin => "admin",
        OrgRole::OrgMember => "member",
        OrgRole::Auditor => "auditor",
        OrgRole::Agent => "agent",
    }
}

/// Nothing for a person.
const fn kind_word(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Person => "",
        DeviceKind::Agent => "agent",
        DeviceKind::Custodian => "records custodian",
    }
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: OrgCommand) -> Outcome {
    match command {
        OrgCommand::Invite {
            role,
            custodian,
            agent,
            expires,
        } => {
            let (role, kind) = match (custodian, agent) {
                (true, _) => (OrgRole::OrgMember, DeviceKind::Custodian),
                (_, true) => (OrgRole::Agent, DeviceKind::Agent),
                _ => (role.into(), DeviceKind::Person),
            };
            invite(context, role, kind, expires).await
        }
        OrgCommand::Invitations => invitations(context).await,
        OrgCommand::Withdraw { id } => withdraw(context, id).await,
        OrgCommand::Member { command } => member(context, command).await,
        OrgCommand::Policy { command } => policy::run(context, command).await,
        OrgCommand::Hold { command } => hold::run(context, command).await,
        OrgCommand::Requests => oversight::requests(context).await,
        OrgCommand::Health => oversight::health(context).await,
        OrgCommand::Log => log::run(context).await,
        OrgCommand::Receipts { chat } => policy::receipts(context, chat.as_deref()).await,
    }
}

async fn invite(context: &Context, role: OrgRole, kind: DeviceKind, expires_in_s: u64) -> Outcome {
    let client = context.open().await?;
    let made = client.invite_kind(role, kind, expires_in_s).await?;
    context
        .out
        .result(&made, |page| page.line(made.link.as_str()))?;
    context.out.note("");
    context.out.note(&format!(
        "Hand this link to one person, in a way that nobody else can read. It is good once, until {}.",
        minute_of_s(made.expires_at_s)
    ));
    context.out.note(match kind {
        DeviceKind::Custodian => {
            "Where the archive is to be written, run `sealwire account create --name records`, paste \
             it, and then `sealwire custodian run`."
        }
        _ => "They run `sealwire account create --name THEIR-NAME` and paste it.",
    });
    client.shutdown().await;
    Ok(())
}

async fn invitations(context: &Context) -> Outcome {
    let client = context.open().await?;
    let list = client.invitations().await?;
    context
        .out
        .result(&list, |page| print_invitations(page, &list))?;
    if list.iter().any(|made| made.genuine == Some(false)) {
        context.out.warn(
            "an invitation was used by somebody who did not have its link, or to be something else \
             than it was made for: the relay may have made that account up. Suspend it and ask the \
             person you invited.",
        );
    }
    client.shutdown().await;
    Ok(())
}

fn print_invitations(page: &mut Page, list: &[InvitationInfo]) {
    let mut table = Table::new(&["NUMBER", "ROLE", "KIND", "GOOD UNTIL", "USED BY", "CHECKED"]);
    for made in list {
        table.row(vec![
            made.id.to_string().into(),
            word(made.role).into(),
            kind_word(made.kind).into(),
            minute_of_s(made.expires_at_s).into(),
            made.used_by.as_deref().unwrap_or_default().into(),
            match made.genuine {
                Some(true) => Line::new().styled(GOOD, "genuine"),
                Some(false) => Line::new().styled(BAD, "NOT GENUINE"),
                None => Line::new(),
            },
        ]);
    }
    table.print(page);
}

async fn withdraw(context: &Context, id: u64) -> Outcome {
    let client = context.open().await?;
    client.withdraw_invitation(id).await?;
    context
        .out
        .result(&serde_json::json!({ "withdrawn": id }), |page| {
            page.line(format!("Invitation {id} is withdrawn."));
        })
}

async fn member(context: &Context, command: MemberCommand) -> Outcome {
    match command {
        MemberCommand::List => list_members(context).await,
        MemberCommand::Suspend { handle } => {
            context.confirm(&format!("Lock {handle} out?"))?;
            suspend(context, &handle, true).await
        }
        MemberCommand::Resume { handle } => suspend(context, &handle, false).await,
        MemberCommand::Erase { handle, statement } => {
            erase_member(context, &handle, &statement).await
        }
        MemberCommand::Role { handle, role } => set_role(context, &handle, role.into()).await,
    }
}

async fn list_members(context: &Context) -> Outcome {
    let client = context.open().await?;
    let members = client.organisation_members().await?;
    context.out.result(&members, |page| {
        let mut table = Table::new(&["HANDLE", "ROLE", "KIND", "STATE"]);
        for member in &members {
            table.row(vec![
                Line::new().styled(NAME, &member.handle),
                word(member.role).into(),
                kind_word(member.kind).into(),
                if member.suspended {
                    Line::new().styled(WARN, "suspended")
                } else {
                    Line::new()
                },
            ]);
        }
        table.print(page);
    })
}

async fn suspend(context: &Context, handle: &str, suspended: bool) -> Outcome {
    let client: Client = context.open().await?;
    let handle = client.parse_handle(handle)?;
    client.set_suspended(&handle, suspended).await?;
    let result = serde_json::json!({ "handle": handle.as_str(), "suspended": suspended });
    context.out.result(&result, |page| {
        let now = if suspended {
            "suspended"
        } else {
            "active again"
        };
        page.line(format!("{handle} is {now}."));
    })
}

async fn set_role(context: &Context, handle: &str, role: OrgRole) -> Outcome {
    let client = context.open().await?;
    let handle = client.parse_handle(handle)?;
    client.set_organisation_role(&handle, role).await?;
    let result = serde_json::json!({ "handle": handle.as_str(), "role": role });
    context.out.result(&result, |page| {
        page.line(format!("{handle} is now {}.", word(role)))
    })
}
