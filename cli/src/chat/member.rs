//! `sealwire chat member`.

use clap::{Subcommand, ValueEnum};
use sealwire_core::{
    Client, Result,
    api::{ConversationId, Handle, MemberInfo},
};

use super::{known, resolve, resolve_online};
use crate::{
    context::Context,
    exit::Outcome,
    network,
    output::{Line, NAME, Page, Table},
};

/// Commands of `sealwire chat member`.
#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// List the members
    List {
        /// Name, id, or the beginning of the id
        chat: String,
    },
    /// Add people
    Add {
        /// Name, id, or the beginning of the id
        chat: String,
        /// Their handles
        #[arg(required = true, value_name = "HANDLE")]
        handles: Vec<String>,
    },
    /// Remove somebody with all their devices
    Remove {
        /// Name, id, or the beginning of the id
        chat: String,
        /// Their handle
        handle: String,
    },
    /// Give a member a role
    Role {
        /// Name, id, or the beginning of the id
        chat: String,
        /// Their handle
        handle: String,
        /// The role
        role: Role,
    },
}

/// Roles in a conversation.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    // Everything
    Owner,
    // Members and readers, and what the policy gives to admins
    Admin,
    // Writes
    Member,
    // Reads only
    Reader,
}

impl Role {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Reader => "reader",
        }
    }
}

/// Runs a command.
pub(super) async fn run(context: &Context, command: MemberCommand) -> Outcome {
    match command {
        MemberCommand::List { chat } => list(context, &chat).await,
        MemberCommand::Add { chat, handles } => add(context, &chat, &handles).await,
        MemberCommand::Remove { chat, handle } => remove(context, &chat, &handle).await,
        MemberCommand::Role { chat, handle, role } => set_role(context, &chat, &handle, role).await,
    }
}

async fn list(context: &Context, chat: &str) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, chat).await?;
    report(context, &client, &id).await
}

async fn report(context: &Context, client: &Client, id: &ConversationId) -> Outcome {
    let members = client.members(id).await?;
    context.out.result(&members, |page| print(page, &members))
}

/// The table of members.
pub(super) fn print(page: &mut Page, members: &[MemberInfo]) {
    let mut table = Table::new(&["MEMBER", "ROLE", "KIND", "DEVICES"]);
    for member in members {
        table.row(vec![
            Line::new().styled(NAME, &member.handle),
            member.role.as_str().into(),
            member.kind.as_str().into(),
            member.devices.to_string().into(),
        ]);
    }
    table.print(page);
}

async fn add(context: &Context, chat: &str, handles: &[String]) -> Outcome {
    let client = context.open().await?;
    let members = handles
        .iter()
        .map(|text| client.parse_handle(text))
        .collect::<Result<Vec<Handle>>>()?;
    let id = resolve_online(&client, chat).await?;
    known(&client, &members).await?;
    client.start().await?;
    let change = client.add_members(&id, &members).await?;
    network::made(context, &client, change).await?;
    report(context, &client, &id).await?;
    client.shutdown().await;
    Ok(())
}

async fn remove(context: &Context, chat: &str, handle: &str) -> Outcome {
    context.confirm(&format!("Remove {handle} from {chat}?"))?;
    let client = context.open().await?;
    let handle = client.parse_handle(handle)?;
    let id = resolve_online(&client, chat).await?;
    client.start().await?;
    let change = client.remove_member(&id, &handle).await?;
    network::made(context, &client, change).await?;
    report(context, &client, &id).await?;
    client.shutdown().await;
    Ok(())
}

async fn set_role(context: &Context, chat: &str, handle: &str, role: Role) -> Outcome {
    let client = context.open().await?;
    let handle = client.parse_handle(handle)?;
    let id = resolve_online(&client, chat).await?;
    client.start().await?;
    let change = client.set_role(&id, &handle, role.word()).await?;
    network::made(context, &client, change).await?;
    report(context, &client, &id).await?;
    client.shutdown().await;
    Ok(())
}
