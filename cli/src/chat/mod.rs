//! `sealwire chat`: conversations and who is in them.

mod begin;
mod export;
mod import;
mod insight;
mod invite;
mod list;
mod local;
mod member;
mod policy;
mod resolve;

pub(crate) use list::short_id;
pub(crate) use resolve::{resolve, resolve_online};

use begin::known;
use list::state;

use clap::Subcommand;
use sealwire_core::{
    Client, CoreError, ErrorKind,
    api::{ConversationId, ConversationInfo, ConversationState, MemberInfo, Setting},
};
use serde::Serialize;

use crate::{
    chat::{
        begin::Create,
        export::Export,
        import::{Forget, Import},
        invite::{InviteCommand, Join},
        list::List,
        local::LocalCommand,
        member::MemberCommand,
        policy::{Avatar, PolicyCommand, parse_life},
    },
    context::Context,
    exit::Outcome,
    message, network,
    output::{BAD, BOLD, DIM, Line},
};

/// Commands of `sealwire chat`.
#[derive(Debug, Subcommand)]
pub(crate) enum ChatCommand {
    /// List your conversations, the one with the newest message first
    List(List),
    /// Begin a conversation
    Create(Create),
    /// Find or begin the one conversation of two with somebody
    Direct {
        /// Their handle
        handle: String,
    },
    /// Read and write in a conversation, line by line
    Open {
        /// Name, id, or the beginning of the id (4 characters or more)
        chat: String,
    },
    /// Show a conversation and its members
    Show {
        /// Name, id, or the beginning of the id (4 characters or more)
        chat: String,
    },
    /// Write a conversation into a new folder, for people and programs without Sealwire
    ///
    /// It holds what this device shows, decrypted. Messages whose time is over are not in it; those
    /// that have yet to disappear are, and so are those of people you have blocked, marked as such.
    /// Files that are not on this device are only named.
    Export(Export),
    /// Bring the history of a file into this profile, to be read and searched
    Import(Import),
    /// Remove imported history from this device
    Forget(Forget),
    /// Show who writes when, how fast people answer, and which words come up
    ///
    /// It is counted on this device when you ask; nothing is kept and nothing is sent.
    Insight {
        /// Name, id, or the beginning of the id (4 characters or more)
        chat: String,
    },
    /// Give a conversation another name
    Rename {
        /// Name, id, or the beginning of the id
        chat: String,
        /// The new name
        name: String,
    },
    /// Leave a conversation
    Leave {
        /// Name, id, or the beginning of the id
        chat: String,
    },
    /// Ask to be let in again, after this device lost its place
    Rejoin {
        /// Ask this member alone, to join their side of a conversation that was split
        #[arg(long, value_name = "HANDLE")]
        ask: Option<String>,
        /// Name, id, or the beginning of the id
        chat: String,
    },
    /// Go on with a conversation that may be split, on this device's side
    ///
    /// When a conversation stops because other members went on with a change that this device had
    /// to refuse, ask two members other than the one who made it. If an owner refused it too, stay;
    /// if an owner went on with it, use `chat rejoin --ask OWNER` instead.
    Stay {
        /// Name, id, or the beginning of the id
        chat: String,
    },
    /// See and change who is in a conversation
    Member {
        #[command(subcommand)]
        command: MemberCommand,
    },
    /// Say what a conversation is about
    Topic {
        /// Name, id, or the beginning of the id
        chat: String,
        /// The topic [default: none]
        #[arg(default_value = "", hide_default_value = true)]
        topic: String,
    },
    /// Give a conversation a picture
    Avatar(Avatar),
    /// Let new messages expire after a time
    Timer {
        /// Name, id, or the beginning of the id
        chat: String,
        /// 30s to 4w, or off
        #[arg(value_name = "TIME", value_parser = parse_life)]
        life: u32,
    },
    /// Delete messages from all devices after a time
    Retention {
        /// Name, id, or the beginning of the id
        chat: String,
        /// 1d to ten years, or off
        #[arg(value_name = "TIME", value_parser = parse_life)]
        life: u32,
    },
    /// See and change the rules of a conversation
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Make and end links by which people ask to be let in
    Invite {
        #[command(subcommand)]
        command: InviteCommand,
    },
    /// Ask to be let in, with a link
    Join(Join),
    /// Show who asks to be let in
    Requests,
    /// Let somebody in who asked
    Admit {
        /// Number, as `chat requests` shows it
        number: i64,
    },
    /// Turn down somebody who asked; they are not told
    Refuse {
        /// Number, as `chat requests` shows it
        number: i64,
    },
    #[command(flatten)]
    Local(LocalCommand),
}

/// A conversation with its members.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    conversation: &'a ConversationInfo,
    members: &'a [MemberInfo],
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: ChatCommand) -> Outcome {
    match command {
        ChatCommand::List(options) => list::run(context, &options).await,
        ChatCommand::Create(options) => begin::create(context, &options).await,
        ChatCommand::Direct { handle } => begin::direct(context, &handle).await,
        ChatCommand::Open { chat } => message::open(context, &chat).await,
        ChatCommand::Show { chat } => show(context, &chat).await,
        ChatCommand::Export(options) => export::run(context, &options).await,
        ChatCommand::Import(options) => import::run(context, options).await,
        ChatCommand::Forget(options) => import::forget(context, &options).await,
        ChatCommand::Insight { chat } => insight::run(context, &chat).await,
        ChatCommand::Rename { chat, name } => rename(context, &chat, &name).await,
        ChatCommand::Leave { chat } => leave(context, &chat).await,
        ChatCommand::Rejoin { chat, ask } => rejoin(context, &chat, ask.as_deref()).await,
        ChatCommand::Stay { chat } => stay(context, &chat).await,
        ChatCommand::Member { command } => member::run(context, command).await,
        ChatCommand::Topic { chat, topic } => {
            policy::set_one(context, &chat, Setting::Topic(topic)).await
        }
        ChatCommand::Avatar(options) => policy::avatar(context, options).await,
        ChatCommand::Timer { chat, life } => {
            policy::set_one(context, &chat, Setting::Timer(life)).await
        }
        ChatCommand::Retention { chat, life } => {
            policy::set_one(context, &chat, Setting::Retention(life)).await
        }
        ChatCommand::Policy { command } => policy::run(context, command).await,
        ChatCommand::Invite { command } => invite::run(context, command).await,
        ChatCommand::Join(options) => invite::join(context, &options).await,
        ChatCommand::Requests => invite::requests(context).await,
        ChatCommand::Admit { number } => invite::admit(context, number).await,
        ChatCommand::Refuse { number } => invite::refuse(context, number).await,
        ChatCommand::Local(command) => local::run(context, command).await,
    }
}

async fn show(context: &Context, chat: &str) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, chat).await?;
    let conversation = client.conversation(&id).await?;
    let members = client.members(&id).await?;
    let shown = Shown {
        conversation: &conversation,
        members: &members,
    };
    context.out.result(&shown, |page| {
        page.field("Name", Line::new().styled(BOLD, &conversation.name));
        page.field("Id", conversation.id.as_str());
        page.field("Kind", conversation.kind.as_str());
        if !conversation.topic.is_empty() {
            let head = Line::new().styled(DIM, "Topic").plain(" ".repeat(10));
            page.beside(head, anstyle::Style::new(), &conversation.topic);
        }
        if !conversation.local.folder.is_empty() {
            page.field("Folder", conversation.local.folder.as_str());
        }
        let imported = conversation.state == ConversationState::Imported;
        if !imported {
            page.field("Your role", conversation.role.as_deref().unwrap_or("none"));
        }
        page.field("Unread", conversation.unread.to_string());
        if !conversation.holds.is_empty() {
            let names = conversation.holds.join(", ");
            page.field("Legal hold", format!("{names}: nothing is removed"));
        }
        match &conversation.state {
            ConversationState::Active => {}
            ConversationState::Halted(reason) => {
                page.field("State", state(&conversation.state));
                page.beside(Line::new().plain("               "), BAD, reason);
            }
            other => page.field("State", state(other)),
        }
        if !imported {
            page.gap();
            member::print(page, &members);
        }
    })
}

async fn rename(context: &Context, chat: &str, name: &str) -> Outcome {
    let client = context.open().await?;
    let id = resolve_online(&client, chat).await?;
    client.start().await?;
    let change = client.rename(&id, name).await?;
    network::made(context, &client, change).await?;
    print_one(context, &client, &id, "Renamed to").await?;
    client.shutdown().await;
    Ok(())
}

async fn print_one(context: &Context, client: &Client, id: &ConversationId, what: &str) -> Outcome {
    let chat = client.conversation(id).await?;
    context.out.result(&chat, |page| {
        page.line(
            Line::new()
                .plain(what)
                .plain(" ")
                .styled(BOLD, &chat.name)
                .plain("."),
        );
    })
}

async fn leave(context: &Context, chat: &str) -> Outcome {
    context.confirm(&format!("Leave the conversation {chat}?"))?;
    let client = context.open().await?;
    let id = resolve_online(&client, chat).await?;
    client.leave(&id).await?;
    client.start().await?;
    network::online(&client, context.global.timeout()).await?;
    network::delivered(context, &client).await?;
    print_one(context, &client, &id, "Asked to leave").await?;
    context.out.note(
        "The next member who is online takes you out. What you have read stays on this device.",
    );
    client.shutdown().await;
    Ok(())
}

async fn rejoin(context: &Context, chat: &str, ask: Option<&str>) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, chat).await?;
    let ask = ask.map(|ask| client.parse_handle(ask)).transpose()?;
    client.rejoin(&id, ask.as_ref()).await?;
    client.start().await?;
    let asked = ask.as_ref().map_or_else(
        || "your other devices, then the members".to_owned(),
        ToString::to_string,
    );
    context.out.note(&format!("Asking {asked}…"));
    let active =
        || async { Ok(client.conversation(&id).await?.state == ConversationState::Active) };
    if !network::until(context.global.timeout_or(120), active).await? {
        return Err(CoreError::new(
            ErrorKind::Io,
            "timed_out",
            "nobody has let this device in again yet",
            "the request is stored; run `sealwire sync` later, when a member is online",
        )
        .into());
    }
    print_one(context, &client, &id, "Back in").await?;
    network::finish(client).await?;
    Ok(())
}

async fn stay(context: &Context, chat: &str) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, chat).await?;
    context.confirm(&format!(
        "Is an owner of {chat} without the refused change, like this device?"
    ))?;
    client.stay(&id).await?;
    print_one(context, &client, &id, "Going on in").await?;
    client.shutdown().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{resolve::tests::chat, *};

    #[test]
    fn the_json_forms() {
        let conversation = chat("11", "Team");
        let members = [MemberInfo {
            handle: "alice@acme".into(),
            role: "owner".into(),
            devices: 1,
            kind: "person".into(),
            fingerprint: "1234".into(),
        }];
        let shown = Shown {
            conversation: &conversation,
            members: &members,
        };
        insta::assert_snapshot!(serde_json::to_string(&shown).unwrap());
        let mut halted = conversation.clone();
        halted.state = ConversationState::Halted("why".into());
        insta::assert_snapshot!(serde_json::to_string(&halted).unwrap());
    }
}
