//! `sealwire org hold`: legal holds.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use sealwire_core::{
    api::{HoldInfo, NewHold},
    order_sha256,
};

use crate::{
    context::Context,
    exit::{Outcome, usage},
    output::Page,
    time::minute_of_s,
};

/// Commands of `sealwire org hold`.
#[derive(Debug, Subcommand)]
pub(crate) enum HoldCommand {
    /// Place a hold: nothing of what it names is removed any more
    ///
    /// Every client takes it within a day: neither rules nor timers nor people
    /// remove anything from the conversations in which the accounts are or have
    /// written, and everybody in them is shown why. It is attested in the log.
    Place {
        /// What to call it: a-z, 0-9 and hyphens; everybody in the organisation
        /// can read it
        name: String,
        /// Whose conversations are kept; may be given more than once
        #[arg(long, value_name = "HANDLE", required_unless_present = "everyone")]
        of: Vec<String>,
        /// Keep all conversations
        #[arg(long, conflicts_with = "of")]
        everyone: bool,
        /// The order, a file: its SHA-256 is attested, and the file is not read
        /// for anything else
        #[arg(long, value_name = "FILE")]
        order: PathBuf,
    },
    /// Release a hold: the rules apply again to what it kept
    ///
    /// Every client then removes what is older than the rules say. What is
    /// printed opens the statements about this hold, and is kept nowhere else.
    Release {
        /// Its name
        name: String,
        /// The withdrawal of the order, a file: its SHA-256 is attested
        #[arg(long, value_name = "FILE")]
        order: PathBuf,
    },
    /// List the holds that stand
    List,
    /// Print the public key of the organisation's attestations, as PEM
    Key,
}

/// Runs a command.
pub(super) async fn run(context: &Context, command: HoldCommand) -> Outcome {
    match command {
        HoldCommand::Place {
            name,
            of,
            everyone,
            order,
        } => {
            let new = NewHold {
                name,
                everyone,
                accounts: of,
                order_sha256: hash(&order)?,
            };
            let client = context.open().await?;
            let hold = client.place_hold(&new).await?;
            show(context, &hold)?;
            client.shutdown().await;
        }
        HoldCommand::Release { name, order } => {
            let order = hash(&order)?;
            let client = context.open().await?;
            context.confirm(
                "Every device then removes for good what is older than the rules say. Release this hold?",
            )?;
            let hold = client.release_hold(&name, &order).await?;
            show(context, &hold)?;
            client.shutdown().await;
        }
        HoldCommand::List => {
            let client = context.open().await?;
            let policy = client.fetch_organisation_policy().await?;
            let holds = policy.map_or_else(Vec::new, |policy| policy.holds);
            context.out.result(&holds, |page| print_all(page, &holds))?;
            client.shutdown().await;
        }
        HoldCommand::Key => {
            let client = context.open().await?;
            let policy = client.fetch_organisation_policy().await?;
            let Some(key) = policy.and_then(|policy| policy.attestation_key) else {
                return Err(usage(
                    "no_attestation_key",
                    "the organisation has attested nothing yet",
                    "its key stands in the policy from the first legal hold on",
                )
                .into());
            };
            context.out.result(&key, |page| {
                key.lines().for_each(|line| page.line(line));
            })?;
            client.shutdown().await;
        }
    }
    Ok(())
}

fn hash(order: &Path) -> Result<String, crate::exit::Failure> {
    order_sha256(order).map_err(|error| {
        let what = format!("{} cannot be read: {error}", order.display());
        usage("bad_order", what, "name the file of the order").into()
    })
}

fn show(context: &Context, hold: &HoldInfo) -> Outcome {
    context.out.result(hold, |page| print(page, hold))
}

fn print_all(page: &mut Page, holds: &[HoldInfo]) {
    if holds.is_empty() {
        page.line("No legal hold stands.");
    }
    for (number, hold) in holds.iter().enumerate() {
        if number > 0 {
            page.gap();
        }
        print(page, hold);
    }
}

fn print(page: &mut Page, hold: &HoldInfo) {
    page.field("Hold", hold.name.as_str());
    page.field("Placed", minute_of_s(hold.placed_at_s));
    match hold.everyone {
        true => page.field("Keeps", "all conversations"),
        false => page.field(
            "Keeps",
            format!("the conversations of {}", hold.accounts.join(", ")),
        ),
    }
    page.field("Order", format!("SHA-256 {}", hold.order_sha256));
    page.field("Scope", hold.scope.as_str());
    page.field("Salt", hold.salt.as_str());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_and_the_json_form() {
        let hold = HoldInfo {
            name: "matter-17".into(),
            everyone: false,
            accounts: vec!["alice@acme".into(), "bob@acme".into()],
            placed_at_s: 1_764_000_000,
            order_sha256: "ab".repeat(32),
            scope: "cd".repeat(32),
            salt: "ef".repeat(32),
        };
        let all = HoldInfo {
            everyone: true,
            accounts: Vec::new(),
            ..hold.clone()
        };
        let mut page = Page::new(Some(80));
        print_all(&mut page, &[]);
        print_all(&mut page, &[hold.clone(), all]);
        let text = anstream::adapter::strip_str(page.styled()).to_string();
        insta::assert_snapshot!(format!("{text}\n{}", serde_json::to_string(&hold).unwrap()));
    }
}
