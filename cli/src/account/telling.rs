//! `sealwire account receipts` and `account typing`: what others are told of this device.

use clap::ValueEnum;

use crate::{context::Context, exit::Outcome};

/// On or off.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Switch {
    /// Tell them
    On,
    /// Tell nobody
    Off,
}

/// Shows or says whether receipts are sent.
pub(super) async fn receipts(context: &Context, switch: Option<Switch>) -> Outcome {
    let client = context.open().await?;
    if let Some(switch) = switch {
        client.set_receipts(matches!(switch, Switch::On)).await?;
    }
    let on = client.sends_receipts().await?;
    let words = if on {
        "Others see what arrived and was read here, where the rules of a conversation let them."
    } else {
        "Nobody is told what arrived or was read here."
    };
    context
        .out
        .result(&serde_json::json!({ "receipts": on }), |page| {
            page.line(words);
        })
}

/// Shows or says whether typing is told.
pub(super) async fn typing(context: &Context, switch: Option<Switch>) -> Outcome {
    let client = context.open().await?;
    if let Some(switch) = switch {
        client.set_typing(matches!(switch, Switch::On)).await?;
    }
    let on = client.shows_typing().await?;
    let words = if on {
        "You and others who have this on see each other typing, where the rules of a conversation \
         let receipts be. The relay sees that somebody types, not who and not what. The terminal \
         shows it; it cannot tell others, since it sees a line only when it is finished."
    } else {
        "Nobody is told when you type, and you are not told when others do."
    };
    context
        .out
        .result(&serde_json::json!({ "typing": on }), |page| {
            page.line(words);
        })
}
