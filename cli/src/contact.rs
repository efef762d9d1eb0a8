//! `sealwire contact`: people, and whether they are who they seem.

use clap::Subcommand;
use sealwire_core::{CoreError, ErrorKind, api::ContactInfo};

use crate::{
    context::Context,
    exit::Outcome,
    output::{BAD, BOLD, DIM, GOOD, Line, NAME, Page, Table},
};

/// Groups of the safety number in one line.
const GROUPS_PER_LINE: usize = 4;

/// Commands of `sealwire contact`.
#[derive(Debug, Subcommand)]
pub(crate) enum ContactCommand {
    /// List everybody you know
    List,
    /// Look somebody up in the directory
    Add {
        /// Handle: bob, or bob@acme
        handle: String,
    },
    /// Show what is known of somebody
    Show {
        /// Handle
        handle: String,
    },
    /// Compare safety numbers with somebody, and mark that you did
    Verify {
        /// Handle
        handle: String,
        /// The numbers are the same: mark them as verified. If the key has
        /// changed, say the number that you compared
        #[arg(long, conflicts_with = "unmark", value_name = "NUMBER", num_args = 0..=1, default_missing_value = "")]
        mark: Option<String>,
        /// Take the mark back
        #[arg(long)]
        unmark: bool,
    },
    /// Give somebody a name that only you see
    Nick {
        /// Handle
        handle: String,
        /// The name [default: none]
        #[arg(default_value = "", hide_default_value = true)]
        nickname: String,
    },
    /// Hide what somebody writes to you; they are not told
    Block {
        /// Handle
        handle: String,
    },
    /// Show it again
    Unblock {
        /// Handle
        handle: String,
    },
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: ContactCommand) -> Outcome {
    match command {
        ContactCommand::List => list(context).await,
        ContactCommand::Add { handle } => add(context, &handle).await,
        ContactCommand::Show { handle } => show(context, &handle).await,
        ContactCommand::Verify {
            handle,
            mark,
            unmark,
        } => verify(context, &handle, mark.as_deref(), unmark).await,
        ContactCommand::Nick { handle, nickname } => nick(context, &handle, &nickname).await,
        ContactCommand::Block { handle } => block(context, &handle, true).await,
        ContactCommand::Unblock { handle } => block(context, &handle, false).await,
    }
}

async fn list(context: &Context) -> Outcome {
    let contacts = context.open().await?.contacts().await?;
    context.out.result(&contacts, |page| {
        if contacts.is_empty() {
            return;
        }
        let mut table = Table::new(&["HANDLE", "STATE", "FINGERPRINT"]);
        for contact in &contacts {
            table.row(vec![
                Line::new().styled(NAME, &contact.handle),
                state(contact),
                contact.fingerprint.as_str().into(),
            ]);
        }
        table.print(page);
    })?;
    if contacts.is_empty() {
        context
            .out
            .note("Nobody yet: `sealwire contact add HANDLE` looks somebody up.");
    }
    Ok(())
}

async fn add(context: &Context, handle: &str) -> Outcome {
    let client = context.open().await?;
    let handle = client.parse_handle(handle)?;
    let contact = client.lookup(&handle).await?;
    if contact.key_changed {
        return Err(key_changed(&contact).into());
    }
    context.out.result(&contact, |page| print(page, &contact))?;
    if !contact.verified {
        context.out.note(&format!(
            "Compare safety numbers: `sealwire contact verify {handle}`"
        ));
    }
    Ok(())
}

async fn show(context: &Context, handle: &str) -> Outcome {
    let client = context.open().await?;
    let contact = client.contact(&client.parse_handle(handle)?).await?;
    context.out.result(&contact, |page| print(page, &contact))?;
    if contact.key_changed {
        context.out.warn(&format!(
            "{}; {}",
            key_changed(&contact).message,
            key_changed(&contact).hint
        ));
    }
    Ok(())
}

async fn verify(context: &Context, handle: &str, mark: Option<&str>, unmark: bool) -> Outcome {
    let client = context.open().await?;
    let handle = client.parse_handle(handle)?;
    let mut contact = client.contact(&handle).await?;
    if mark == Some("") && contact.key_changed {
        return Err(key_changed(&contact).into());
    }
    if mark.is_some() || unmark {
        let shown = contact.safety_number.as_str();
        let compared = mark.map(|number| if number.is_empty() { shown } else { number });
        contact = client.set_verified(&handle, compared).await?;
    }
    context.out.result(&contact, |page| {
        page.line(
            Line::new()
                .plain("Safety number with ")
                .styled(NAME, &contact.handle)
                .plain(":"),
        );
        page.gap();
        for line in number_lines(&contact.safety_number) {
            page.line(Line::new().plain("    ").styled(BOLD, line));
        }
        page.gap();
        page.line(
            Line::new()
                .plain(format!("{} is ", contact.handle))
                .append_state(&contact),
        );
    })?;
    if mark.is_none() && !unmark && !contact.verified {
        context.out.note("");
        context.out.note(&format!(
            "Ask {handle} in person or by phone for the number that `sealwire contact verify` \
             shows there. If all twelve groups are the same:"
        ));
        let compared = match contact.key_changed {
            true => format!(" '{}'", contact.safety_number),
            false => String::new(),
        };
        context.out.note(&format!(
            "  sealwire contact verify {handle} --mark{compared}"
        ));
    }
    Ok(())
}

async fn nick(context: &Context, handle: &str, nickname: &str) -> Outcome {
    let client = context.open().await?;
    let handle = client.parse_handle(handle)?;
    let contact = client.set_nickname(&handle, nickname).await?;
    context.out.result(&contact, |page| print(page, &contact))
}

async fn block(context: &Context, handle: &str, blocked: bool) -> Outcome {
    let client = context.open().await?;
    let handle = client.parse_handle(handle)?;
    let contact = client.set_blocked(&handle, blocked).await?;
    context.out.result(&contact, |page| print(page, &contact))?;
    if blocked {
        context.out.note(
            "Your conversation of two and those they add you to are no longer listed; elsewhere \
             their messages are folded. They are not told, and nothing is deleted.",
        );
    }
    Ok(())
}

fn number_lines(number: &str) -> Vec<String> {
    let groups: Vec<&str> = number.split_whitespace().collect();
    groups
        .chunks(GROUPS_PER_LINE)
        .map(|line| line.join("  "))
        .collect()
}

fn print(page: &mut Page, contact: &ContactInfo) {
    page.field("Handle", Line::new().styled(NAME, &contact.handle));
    if !contact.nickname.is_empty() {
        page.field("Nickname", contact.nickname.as_str());
    }
    page.field("State", state(contact));
    if contact.blocked {
        page.field("Blocked", Line::new().styled(BAD, "yes"));
    }
    page.field("Fingerprint", contact.fingerprint.as_str());
}

fn state(contact: &ContactInfo) -> Line {
    Line::new().append_state(contact)
}

impl Line {
    /// Adds whether the contact can be trusted.
    fn append_state(self, contact: &ContactInfo) -> Self {
        match (contact.key_changed, contact.verified) {
            (true, _) => self.styled(BAD, "KEY CHANGED"),
            (false, true) => self.styled(GOOD, "verified"),
            (false, false) => self.styled(DIM, "not verified"),
        }
    }
}

/// The person is not who they were.
pub(crate) fn key_changed(contact: &ContactInfo) -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        "untrusted_identity",
        format!(
            "the directory shows another key for {} than before",
            contact.handle
        ),
        format!(
            "nothing is sent to it; ask them in person why, and `sealwire contact verify {}` shows \
             what to compare",
            contact.handle
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_has_three_lines_of_four_groups() {
        let number: Vec<String> = (0..12).map(|n| format!("{n:05}")).collect();
        let lines = number_lines(&number.join(" "));
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], "00000  00001  00002  00003");
    }

    #[test]
    fn the_json_form() {
        let contact = ContactInfo {
            handle: "bob@acme".into(),
            kind: sealwire_core::api::DeviceKind::Person,
            fingerprint: "1234 5678".into(),
            verified: false,
            key_changed: false,
            safety_number: "00000 11111".into(),
            nickname: String::new(),
            blocked: false,
        };
        insta::assert_snapshot!(serde_json::to_string(&contact).unwrap());
    }
}
