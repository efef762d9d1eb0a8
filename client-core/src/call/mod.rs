//! One table of calls for fronts that cannot link this crate: a web view, a daemon's peers.
//!
//! A call has a name, an object of parameters and a result, all JSON; with feature `types` they are
//! declared in TypeScript. Identifiers are hexadecimal, people are named by handle.

mod conversations;
mod files;
mod messages;
mod organisation;
mod people;
mod search;
mod shown;
mod table;
mod trust;
#[cfg(feature = "types")]
pub mod types;

use std::time::Duration;

use sealwire_protocol::ids::ConversationId;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Change, Client, CoreError, Result, parse_conversation};

pub use conversations::{ConversationHead, ConversationRow, Filter, Preview};
pub use messages::MessageDetails;
pub use search::{Choice, ChoiceKind};
pub use shown::{Shown, ShownPage, ShownRow, event, plain};
pub use trust::{Compliance, RefusedInfo, Security};

/// How long a call waits for a change that others have to learn of. Longer changes go on.
const SETTLE: Duration = Duration::from_secs(20);

/// All names of calls.
pub fn methods() -> impl Iterator<Item = &'static str> {
    [
        conversations::METHODS,
        messages::METHODS,
        files::METHODS,
        people::METHODS,
        organisation::METHODS,
        trust::METHODS,
        search::METHODS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// Answers a call.
///
/// # Errors
/// `unknown_call`, `bad_params`; those of the method.
pub async fn call(client: &Client, method: &str, params: &Value) -> Result<Value> {
    macro_rules! ask {
        ($($subject:ident)*) => {
            $(if let Some(answer) = $subject::call(client, method, params).await {
                return answer;
            })*
        };
    }
    ask!(conversations messages files people organisation trust search);
    Err(CoreError::usage(
        "unknown_call",
        format!("there is no call `{}`", method.escape_debug()),
        "the program and its front are of different versions: install one again",
    ))
}

/// Reads the parameters of a call. What is wrong with them is not told by value.
fn params<T: DeserializeOwned>(method: &'static str, params: &Value) -> Result<T> {
    let wrong = || {
        CoreError::usage(
            "bad_params",
            format!("the parameters of `{method}` are not as they have to be"),
            "the program and its front are of different versions: install one again",
        )
    };
    // A list of values would be taken for the fields in order.
    if !params.is_object() {
        return Err(wrong());
    }
    T::deserialize(params).map_err(|_| wrong())
}

fn id(text: &str) -> Result<ConversationId> {
    parse_conversation(text)
}

fn handles(client: &Client, names: &[String]) -> Result<Vec<crate::api::Handle>> {
    names.iter().map(|name| client.parse_handle(name)).collect()
}

/// Waits for a change. One that only takes longer is stored, and is no error.
async fn settle(client: &Client, change: Option<Change>) -> Result<()> {
    match change {
        Some(change) => match client.done(change, SETTLE).await {
            Err(error) if error.code == "timed_out" => Ok(()),
            done => done,
        },
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_is_taken_twice() {
        let all: Vec<_> = methods().collect();
        let once: BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), once.len());
    }

    #[test]
    fn what_is_wrong_with_parameters_is_told_without_them() {
        #[derive(Debug, serde::Deserialize)]
        struct Wanted {
            #[expect(dead_code, reason = "only read")]
            passphrase: u8,
        }
        let sent = serde_json::json!({ "passphrase": "correct horse" });
        let error = params::<Wanted>("unlock", &sent).expect_err("no number");
        assert_eq!(error.code, "bad_params");
        assert!(!format!("{error:?}").contains("horse"));
    }
}
