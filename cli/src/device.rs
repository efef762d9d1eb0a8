//! `sealwire device`: further devices of one's own account.

use std::time::{Duration, Instant};

use clap::Subcommand;
use sealwire_core::{
    Client, CoreError, ErrorKind, Result,
    api::{ConversationState, DeviceId, DeviceInfo, Event},
};
use serde::Serialize;
use tokio::{sync::broadcast, time};

use crate::{
    context::Context,
    exit::{Outcome, usage},
    network,
    output::{Line, NAME, Page, Table},
    time::minute_of_s,
};

/// How long a link is good, seconds.
const LINK_LIFE_S: u64 = 600;
/// Time for seating the new device in all conversations.
const SEATING: Duration = Duration::from_secs(90);
/// Between questions whether the device has been linked.
const LOOK: Duration = Duration::from_secs(1);

/// Commands of `sealwire device`.
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Make a link for a further device and wait until it is used
    Link,
    /// List your devices
    List,
    /// Withdraw a device, for example a lost one
    Revoke {
        /// Device, as `device list` shows it; its beginning is enough
        id: String,
    },
}

#[derive(Serialize)]
struct Shown<'a> {
    link: &'a str,
    good_for_s: u64,
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: DeviceCommand) -> Outcome {
    match command {
        DeviceCommand::Link => link(context).await,
        DeviceCommand::List => list(context).await,
        DeviceCommand::Revoke { id } => revoke(context, &id).await,
    }
}

async fn link(context: &Context) -> Outcome {
    let client = context.open().await?;
    let mut events = client.events();
    let before: Vec<String> = client
        .devices()
        .await?
        .into_iter()
        .map(|device| device.id)
        .collect();
    client.start().await?;
    let text = client.device_link().await?;
    let shown = Shown {
        link: &text,
        good_for_s: LINK_LIFE_S,
    };
    context
        .out
        .result(&shown, |page| page.line(text.as_str()))?;
    context.out.note("");
    context
        .out
        .note("On the new device, run `sealwire account link` and paste this link.");
    context
        .out
        .note("It is a secret, good once and for ten minutes. Waiting for the new device…");
    let limit = context.global.timeout_or(LINK_LIFE_S);
    let Some(device) = new_device(context, &client, &mut events, &before, limit).await? else {
        return Err(CoreError::new(
            ErrorKind::Io,
            "not_linked",
            "no device used the link in time",
            "make a new one with `sealwire device link`",
        )
        .into());
    };
    context
        .out
        .note("A device was linked; giving it a place in your conversations…");
    let devices = before.len() + 1;
    let seated = network::until(SEATING, || all_seated(&client, devices)).await?;
    network::delivered(context, &client).await?;
    context.out.result(&device, |page| {
        page.line(Line::new().plain("Linked: ").styled(NAME, &device.id));
    })?;
    if !seated {
        context
            .out
            .warn("it is not in all conversations yet; run `sealwire sync` on both devices");
    }
    client.shutdown().await;
    Ok(())
}

/// Waits for a device that was not there before.
async fn new_device(
    context: &Context,
    client: &Client,
    events: &mut broadcast::Receiver<Event>,
    before: &[String],
    limit: Duration,
) -> Result<Option<DeviceInfo>> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        // An event may be the one; without one the question is asked anyway.
        if let Ok(Ok(Event::Warning { text, .. })) = time::timeout(LOOK, events.recv()).await {
            context.out.warn(&text);
        }
        let now = match client.devices().await {
            Ok(devices) => devices,
            Err(error) if error.is_transient() => continue,
            Err(error) => return Err(error),
        };
        if let Some(device) = now.into_iter().find(|device| !before.contains(&device.id)) {
            return Ok(Some(device));
        }
    }
    Ok(None)
}

/// Whether the account has a leaf for each device in every conversation that works.
async fn all_seated(client: &Client, devices: usize) -> Result<bool> {
    let own = client.account().handle;
    for chat in client.conversations().await? {
        if chat.state != ConversationState::Active {
            continue;
        }
        let id = sealwire_core::parse_conversation(&chat.id)?;
        let members = client.members(&id).await?;
        if members
            .iter()
            .any(|member| member.handle == own && member.devices < devices)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn list(context: &Context) -> Outcome {
    let devices = context.open().await?.devices().await?;
    context.out.result(&devices, |page| print(page, &devices))
}

fn print(page: &mut Page, devices: &[DeviceInfo]) {
    let mut table = Table::new(&["DEVICE", "THIS ONE", "LINKED", "CERTIFIED UNTIL"]);
    for device in devices {
        table.row(vec![
            Line::new().styled(NAME, &device.id),
            if device.this { "yes" } else { "" }.into(),
            minute_of_s(device.linked_at_s).into(),
            minute_of_s(device.expires_at_s).into(),
        ]);
    }
    table.print(page);
}

async fn revoke(context: &Context, id: &str) -> Outcome {
    context.confirm(&format!("Withdraw the device {id} for good?"))?;
    let client = context.open().await?;
    let device = find(&client.devices().await?, id)?;
    client.revoke_device(&device).await?;
    context.out.result(
        &serde_json::json!({ "revoked": device.to_string() }),
        |page| {
            page.line(format!("Withdrawn: {device}"));
        },
    )?;
    context
        .out
        .note("Taking it out of the conversations; until then it can still read what is written.");
    client.start().await?;
    network::delivered(context, &client).await?;
    client.shutdown().await;
    Ok(())
}

fn find(devices: &[DeviceInfo], id: &str) -> Result<DeviceId> {
    let matches: Vec<&DeviceInfo> = devices
        .iter()
        .filter(|device| !id.is_empty() && device.id.starts_with(id))
        .collect();
    let [device] = matches.as_slice() else {
        return Err(usage(
            "unknown_device",
            format!("{} of your devices begin with {id:?}", matches.len()),
            "`sealwire device list` shows them",
        ));
    };
    DeviceId::from_hex(&device.id).map_err(CoreError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices() -> Vec<DeviceInfo> {
        let device = |digit: &str| DeviceInfo {
            id: digit.repeat(32),
            this: digit == "a",
            linked_at_s: 1_732_406_580,
            expires_at_s: 1_795_478_580,
        };
        vec![device("a"), device("b")]
    }

    #[test]
    fn a_unique_beginning_names_a_device() {
        assert_eq!(find(&devices(), "b").unwrap().to_string(), "b".repeat(32));
        assert_eq!(find(&devices(), "").unwrap_err().code, "unknown_device");
        assert_eq!(find(&devices(), "c").unwrap_err().code, "unknown_device");
    }

    #[test]
    fn the_json_form() {
        insta::assert_snapshot!(serde_json::to_string(&devices()[0]).unwrap());
    }
}
