//! `sealwire chat invite`, `join`, `requests`, `admit`, `refuse`: links to a conversation.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sealwire_core::{
    ChatLink,
    api::{ChatLinkInfo, ChatLinkTerms, JoinRequestInfo},
};

use super::{resolve, resolve_online};
use crate::{
    account::{bad_link, link_text},
    context::Context,
    exit::Outcome,
    network,
    output::{DIM, GOOD, Line, NAME, Page, Table},
    time::{minute, parse_span},
};

/// Commands of `sealwire chat invite`.
#[derive(Debug, Subcommand)]
pub(crate) enum InviteCommand {
    /// Make a link by which members of the organisation ask to be let in
    Link(Terms),
    /// List the links that this device made
    List {
        /// Name, id, or the beginning of the id
        chat: String,
    },
    /// End a link
    Withdraw {
        /// Number, as `chat invite list` shows it
        number: i64,
    },
}

/// What a link allows.
#[derive(Debug, Args)]
pub(crate) struct Terms {
    /// Name, id, or the beginning of the id
    chat: String,
    /// Role of those whom you admit
    #[arg(long, default_value = "member")]
    role: LinkRole,
    /// How many people may ask by it
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    uses: u32,
    /// How long it is good: 12h, 7d; at most 30d
    #[arg(long, default_value = "7d", value_name = "TIME", value_parser = parse_span)]
    expires: u64,
}

/// Roles that a link can give.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LinkRole {
    // Writes
    Member,
    // Reads only
    Reader,
}

/// Options of `chat join`.
#[derive(Debug, Args)]
pub(crate) struct Join {
    /// Read the link from a file; `-` is standard input [default: ask]
    #[arg(long, value_name = "FILE")]
    link_file: Option<PathBuf>,
}

/// Runs a command.
pub(super) async fn run(context: &Context, command: InviteCommand) -> Outcome {
    match command {
        InviteCommand::Link(terms) => make(context, &terms).await,
        InviteCommand::List { chat } => list(context, &chat).await,
        InviteCommand::Withdraw { number } => {
            context.open().await?.withdraw_chat_link(number).await?;
            context
                .out
                .result(&serde_json::json!({"withdrawn": number}), |page| {
                    page.line(format!("Link {number} is no longer good."));
                })
        }
    }
}

async fn make(context: &Context, terms: &Terms) -> Outcome {
    let client = context.open().await?;
    let id = resolve_online(&client, &terms.chat).await?;
    let role = match terms.role {
        LinkRole::Member => "member",
        LinkRole::Reader => "reader",
    };
    let wanted = ChatLinkTerms {
        role: role.into(),
        uses: terms.uses,
        expires_in_s: terms.expires,
    };
    let made = client.make_chat_link(&id, &wanted).await?;
    context
        .out
        .result(&made, |page| page.line(made.link.as_str()))?;
    context.out.note(&format!(
        "Link {}, good until {}. Who asks by it is listed by `sealwire chat requests`; nobody is \
         let in before you admit them.",
        made.number,
        minute(made.expires_at)
    ));
    Ok(())
}

async fn list(context: &Context, chat: &str) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, chat).await?;
    let links = client.chat_links(&id).await?;
    context.out.result(&links, |page| print_links(page, &links))
}

fn print_links(page: &mut Page, links: &[ChatLinkInfo]) {
    if links.is_empty() {
        return;
    }
    let mut table = Table::new(&["LINK", "ROLE", "USED", "UNTIL", "STATE"]);
    for link in links {
        let style = if link.state == "good" { GOOD } else { DIM };
        table.row(vec![
            link.number.to_string().into(),
            link.role.as_str().into(),
            format!("{} of {}", link.uses, link.max_uses).into(),
            minute(link.expires_at).into(),
            Line::new().styled(style, &link.state),
        ]);
    }
    table.print(page);
}

/// `chat join`.
pub(super) async fn join(context: &Context, options: &Join) -> Outcome {
    let what = "link";
    let text = link_text(context, options.link_file.as_ref(), what, "--link-file")?;
    let link = ChatLink::parse(text.trim()).map_err(|error| bad_link(what, &error))?;
    let client = context.open().await?;
    client.ask_to_join(&link).await?;
    client.start().await?;
    network::online(&client, context.global.timeout()).await?;
    network::delivered(context, &client).await?;
    let asked = serde_json::json!({
        "asked": link.handle.to_string(),
        "conversation": link.conversation.to_string(),
    });
    context.out.result(&asked, |page| {
        page.line(
            Line::new()
                .plain("Asked ")
                .styled(NAME, link.handle.as_str())
                .plain(" to let you in."),
        );
    })?;
    context.out.note(
        "They decide. Once they have, the conversation is in `sealwire chat list` after a \
         `sealwire sync`.",
    );
    client.shutdown().await;
    Ok(())
}

/// `chat requests`.
pub(super) async fn requests(context: &Context) -> Outcome {
    let client = context.open().await?;
    // Offline, what is stored is all there is.
    while client.check_inbox().await.unwrap_or(0) > 0 {}
    let requests = client.join_requests().await?;
    context
        .out
        .result(&requests, |page| print_requests(page, &requests))?;
    if !requests.is_empty() {
        context.out.note(
            "`sealwire chat admit NUMBER` lets somebody in, `sealwire chat refuse NUMBER` does \
             not.",
        );
    }
    Ok(())
}

fn print_requests(page: &mut Page, requests: &[JoinRequestInfo]) {
    if requests.is_empty() {
        return;
    }
    let mut table = Table::new(&["NUMBER", "WHO", "CONVERSATION", "ROLE", "ASKED"]);
    for request in requests {
        table.row(vec![
            request.number.to_string().into(),
            Line::new().styled(NAME, &request.handle),
            request.name.as_str().into(),
            request.role.as_str().into(),
            minute(request.asked_at).into(),
        ]);
    }
    table.print(page);
}

/// `chat admit`.
pub(super) async fn admit(context: &Context, number: i64) -> Outcome {
    let client = context.open().await?;
    client.start().await?;
    let change = client.admit(number).await?;
    network::made(context, &client, change).await?;
    context
        .out
        .result(&serde_json::json!({"admitted": number}), |page| {
            page.line(format!("Let in who asked by request {number}."));
        })?;
    client.shutdown().await;
    Ok(())
}

/// `chat refuse`.
pub(super) async fn refuse(context: &Context, number: i64) -> Outcome {
    context.open().await?.refuse(number).await?;
    context
        .out
        .result(&serde_json::json!({"refused": number}), |page| {
            page.line(format!(
                "Request {number} is turned down. They are not told."
            ));
        })
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn request() -> JoinRequestInfo {
        JoinRequestInfo {
            number: 1,
            conversation: "1f".repeat(16),
            name: "\u{202e}a very long name of a conversation that goes on and on".into(),
            handle: "carol@acme".into(),
            fingerprint: "1234".into(),
            role: "member".into(),
            asked_at: 1_795_478_580_000,
        }
    }

    fn link() -> ChatLinkInfo {
        ChatLinkInfo {
            number: 1,
            role: "member".into(),
            expires_at: 1_795_478_580_000,
            uses: 1,
            max_uses: 1,
            state: "used".into(),
        }
    }

    #[test]
    fn the_json_forms() {
        insta::assert_snapshot!(serde_json::to_string(&request()).unwrap());
        insta::assert_snapshot!(serde_json::to_string(&link()).unwrap());
    }

    #[test]
    fn the_tables_fit_eighty_columns_and_are_safe() {
        let mut page = Page::new(Some(80));
        print_requests(&mut page, &[request()]);
        print_links(&mut page, &[link()]);
        let text = anstream::adapter::strip_str(page.styled()).to_string();
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
        assert!(!text.contains('\u{202e}'));
        assert_eq!(text.lines().count(), 4);
    }
}
