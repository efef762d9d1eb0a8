//! `sealwire chat create` and `chat direct`.

use clap::Args;
use sealwire_core::{
    Client, CoreError, ErrorKind, Result,
    api::{ConversationId, Handle},
};

use super::short_id;
use crate::{
    contact,
    context::Context,
    exit::Outcome,
    network,
    output::{BOLD, Line},
};

/// Options of `chat create`.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Its name
    name: String,
    /// Handles of the people to add
    #[arg(value_name = "HANDLE")]
    handles: Vec<String>,
    /// Only owners and admins write
    #[arg(long)]
    announcement: bool,
}

/// `chat create`.
pub(super) async fn create(context: &Context, options: &Create) -> Outcome {
    let client = context.open().await?;
    let members = options
        .handles
        .iter()
        .map(|text| client.parse_handle(text))
        .collect::<Result<Vec<Handle>>>()?;
    known(&client, &members).await?;
    client.start().await?;
    let (id, change) = if options.announcement {
        client.create_announcement(&options.name, &members).await?
    } else {
        client.create_conversation(&options.name, &members).await?
    };
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

/// `chat direct`.
pub(super) async fn direct(context: &Context, handle: &str) -> Outcome {
    let client = context.open().await?;
    let peer = client.parse_handle(handle)?;
    // Whoever was faster may have founded it already.
    while client.check_inbox().await.unwrap_or(0) > 0 {}
    client.start().await?;
    let (id, change) = client.direct(&peer).await?;
    if let Some(change) = change {
        network::made(context, &client, change)
            .await
            .map_err(|error| created_alone(error, &id))?;
    }
    let chat = client.conversation(&id).await?;
    context.out.result(&chat, |page| {
        page.line(
            Line::new()
                .plain("Your conversation with ")
                .styled(BOLD, &chat.name)
                .plain(format!(" is {}.", short_id(&chat.id))),
        );
    })?;
    client.shutdown().await;
    Ok(())
}

/// Looks everybody up before anything is created or asked of the group: a slip in a handle should
/// leave nothing behind.
pub(super) async fn known(client: &Client, members: &[Handle]) -> Result<()> {
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
