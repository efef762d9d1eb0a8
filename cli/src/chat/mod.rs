//! `sealwire chat`: conversations and who is in them.

mod member;
mod policy;
mod resolve;

pub(crate) use resolve::{resolve, resolve_online};

use clap::Subcommand;
use sealwire_core::{
    Client, CoreError, ErrorKind, Result,
    api::{ConversationId, ConversationInfo, ConversationState, Handle, MemberInfo},
};
use serde::Serialize;

use crate::{
    chat::{member::MemberCommand, policy::PolicyCommand},
    contact,
    context::Context,
    exit::Outcome,
    message, network,
    output::{BAD, BOLD, DIM, Line, Page, Table, WARN},
    time::minute,
};

/// Digits of an identifier that lists show; enough to name it again.
pub(crate) const SHORT_ID: usize = 8;

/// Commands of `sealwire chat`.
#[derive(Debug, Subcommand)]
pub(crate) enum ChatCommand {
    /// List your conversations, the one with the newest message first
    List {
        /// Only those with something new
        #[arg(long)]
        unread: bool,
    },
    /// Begin a conversation
    Create {
        /// Its name
        name: String,
        /// Handles of the people to add
        #[arg(value_name = "HANDLE")]
        handles: Vec<String>,
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
    /// See and change who may do what in a conversation
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
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
        ChatCommand::List { unread } => list(context, unread).await,
        ChatCommand::Create { name, handles } => create(context, &name, &handles).await,
        ChatCommand::Open { chat } => message::open(context, &chat).await,
        ChatCommand::Show { chat } => show(context, &chat).await,
        ChatCommand::Rename { chat, name } => rename(context, &chat, &name).await,
        ChatCommand::Leave { chat } => leave(context, &chat).await,
        ChatCommand::Rejoin { chat, ask } => rejoin(context, &chat, ask.as_deref()).await,
        ChatCommand::Stay { chat } => stay(context, &chat).await,
        ChatCommand::Member { command } => member::run(context, command).await,
        ChatCommand::Policy { command } => policy::run(context, command).await,
    }
}

async fn list(context: &Context, unread: bool) -> Outcome {
    let mut chats = context.open().await?.conversations().await?;
    let any = !chats.is_empty();
    chats.retain(|chat| !unread || chat.unread > 0);
    context.out.result(&chats, |page| {
        if !chats.is_empty() {
            print_list(page, &chats);
        }
    })?;
    if !any {
        context.out.note(
            "No conversations yet. `sealwire sync` looks whether somebody added you; \
             `sealwire chat create NAME HANDLE…` begins one.",
        );
    }
    Ok(())
}

fn print_list(page: &mut Page, chats: &[ConversationInfo]) {
    let mut table = Table::new(&["ID", "NAME", "UNREAD", "MEMBERS", "NEWEST", ""]);
    for chat in chats {
        let name = Line::new().styled(
            if chat.unread > 0 {
                BOLD
            } else {
                anstyle::Style::new()
            },
            &chat.name,
        );
        table.row(vec![
            Line::new().styled(DIM, short_id(&chat.id)),
            name,
            if chat.unread > 0 {
                chat.unread.to_string()
            } else {
                String::new()
            }
            .into(),
            chat.member_count.to_string().into(),
            chat.newest_at.map(minute).unwrap_or_default().into(),
            state(&chat.state),
        ]);
    }
    table.print(page);
}

/// The beginning of an identifier.
pub(crate) fn short_id(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

fn state(state: &ConversationState) -> Line {
    match state {
        ConversationState::Active => Line::new(),
        ConversationState::Removed => Line::new().styled(DIM, "left"),
        ConversationState::Halted(_) => Line::new().styled(BAD, "STOPPED"),
        ConversationState::Rejoining => Line::new().styled(WARN, "rejoining"),
    }
}

async fn create(context: &Context, name: &str, handles: &[String]) -> Outcome {
    let client = context.open().await?;
    let members = handles
        .iter()
        .map(|text| client.parse_handle(text))
        .collect::<Result<Vec<Handle>>>()?;
    known(&client, &members).await?;
    client.start().await?;
    let (id, change) = client.create_conversation(name, &members).await?;
    if let Some(change) = change {
        network::made(context, &client, change)
            .await
            .map_err(|error| created_alone(error, &id))?;
    } else {
        network::delivered(context, &client).await?;
    }
    let chat = client.conversation(&id).await?;
    context.out.result(&chat, |page| {
        let people = if chat.member_count == 1 {
            "person"
        } else {
            "people"
        };
        page.line(
            Line::new()
                .plain("Created ")
                .styled(BOLD, &chat.name)
                .plain(format!(
                    " ({}) with {} {people}.",
                    short_id(&chat.id),
                    chat.member_count
                )),
        );
    })?;
    client.shutdown().await;
    Ok(())
}

/// Looks everybody up before anything is created or asked of the group: a slip in a handle should
/// leave nothing behind.
async fn known(client: &Client, members: &[Handle]) -> Result<()> {
    for handle in members {
        let contact = client.lookup(handle).await?;
        if contact.key_changed {
            return Err(contact::key_changed(&contact));
        }
    }
    Ok(())
}

/// The conversation is there even if its members could not be added.
fn created_alone(mut error: CoreError, id: &ConversationId) -> CoreError {
    let id = id.to_string();
    let id = short_id(&id);
    if error.kind != ErrorKind::Io {
        error.message = format!(
            "the conversation {id} was created, but nobody was added: {}",
            error.message
        );
        error.hint = format!(
            "{}; then add them with `sealwire chat member add {id} HANDLE`, or leave it",
            error.hint
        );
    }
    error
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
        page.field("Your role", conversation.role.as_deref().unwrap_or("none"));
        page.field("Unread", conversation.unread.to_string());
        match &conversation.state {
            ConversationState::Active => {}
            ConversationState::Halted(reason) => {
                page.field("State", state(&conversation.state));
                page.beside(Line::new().plain("               "), BAD, reason);
            }
            other => page.field("State", state(other)),
        }
        page.gap();
        member::print(page, &members);
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
    use unicode_width::UnicodeWidthStr;

    use super::{resolve::tests::chat, *};

    #[test]
    fn the_list_fits_eighty_columns() {
        let mut hostile = chat(
            "aa",
            "\u{202e}\x1b]0;owned\x07 with a very long name that never seems to end at all",
        );
        hostile.unread = 1_234;
        hostile.newest_at = Some(1_795_478_580_000);
        hostile.state = ConversationState::Halted("reason".into());
        let chats = [chat("11", "Team"), chat("22", "产品与研发讨论组"), hostile];
        let mut page = Page::new(Some(80));
        print_list(&mut page, &chats);
        let text = anstream::adapter::strip_str(page.styled()).to_string();
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
        assert_eq!(text.lines().count(), 4);
        assert!(!text.contains(['\x1b', '\x07', '\u{202e}']));
    }

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
