//! `sealwire chat policy`: who may do what in a conversation.

use clap::Subcommand;

use sealwire_core::api::RuleInfo;

use super::{resolve, resolve_online};
use crate::{
    context::Context,
    exit::Outcome,
    network,
    output::{Page, Table},
};

const ACTIONS: [&str; 4] = ["add", "remove", "rename", "post"];
const ROLES: [&str; 3] = ["owner", "admin", "member"];

/// Commands of `sealwire chat policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Show which least role may do what
    Show {
        /// Name, id, or the beginning of the id
        chat: String,
    },
    /// Say which least role may do something
    Set {
        /// Name, id, or the beginning of the id
        chat: String,
        /// add, remove, rename or post; then = and owner, admin or member
        #[arg(required = true, value_name = "ACTION=ROLE", value_parser = parse_rule)]
        rules: Vec<Rule>,
    },
}

/// An action and the least role that may do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    action: &'static str,
    role: &'static str,
}

/// Runs a command.
pub(super) async fn run(context: &Context, command: PolicyCommand) -> Outcome {
    match command {
        PolicyCommand::Show { chat } => show(context, &chat).await,
        PolicyCommand::Set { chat, rules } => set(context, &chat, &rules).await,
    }
}

async fn show(context: &Context, chat: &str) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, chat).await?;
    let rules = client.rules(&id).await?;
    context.out.result(&rules, |page| print(page, &rules))
}

fn print(page: &mut Page, rules: &[RuleInfo]) {
    let mut table = Table::new(&["ACTION", "LEAST ROLE"]);
    for rule in rules {
        table.row(vec![
            rule.action.as_str().into(),
            rule.least_role.as_str().into(),
        ]);
    }
    table.print(page);
}

async fn set(context: &Context, chat: &str, rules: &[Rule]) -> Outcome {
    let client = context.open().await?;
    let id = resolve_online(&client, chat).await?;
    client.start().await?;
    for rule in rules {
        let change = client.set_permission(&id, rule.action, rule.role).await?;
        network::made(context, &client, change).await?;
    }
    let result: serde_json::Map<String, serde_json::Value> = rules
        .iter()
        .map(|rule| (rule.action.to_owned(), rule.role.into()))
        .collect();
    context.out.result(&result, |page| {
        for rule in rules {
            page.line(format!(
                "{} needs the role {} or higher now.",
                rule.action, rule.role
            ));
        }
    })?;
    client.shutdown().await;
    Ok(())
}

fn parse_rule(text: &str) -> Result<Rule, String> {
    let find = |list: &[&'static str], word: &str| list.iter().find(|one| **one == word).copied();
    text.split_once('=')
        .and_then(|(action, role)| {
            Some(Rule {
                action: find(&ACTIONS, action)?,
                role: find(&ROLES, role)?,
            })
        })
        .ok_or_else(|| {
            format!(
                "write it like post=admin; actions: {}; least roles: {}",
                ACTIONS.join(", "),
                ROLES.join(", ")
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_form() {
        let rule = RuleInfo {
            action: "post".into(),
            least_role: "member".into(),
        };
        insta::assert_snapshot!(
            serde_json::to_string(&rule).unwrap(),
            @r#"{"action":"post","least_role":"member"}"#
        );
    }

    #[test]
    fn rules_have_one_form() {
        assert_eq!(
            parse_rule("post=admin"),
            Ok(Rule {
                action: "post",
                role: "admin"
            })
        );
        for bad in [
            "",
            "post",
            "post=reader",
            "fly=owner",
            "post=admin=x",
            "=owner",
        ] {
            assert!(parse_rule(bad).is_err(), "{bad}");
        }
    }
}
