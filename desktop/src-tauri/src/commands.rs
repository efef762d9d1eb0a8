//! What the front end can ask for: one command for calls, one channel for events, one way in for files.

use std::sync::{Mutex, PoisonError};

use sealwire_desktop_host::{Host, HostEvent, Own, Problem, StagedFile};
use serde_json::Value;
use tauri::{
    Runtime, State, WebviewWindow,
    async_runtime::JoinHandle,
    ipc::{Channel, Invoke, InvokeBody, Request},
};
use tokio::sync::broadcast::error::RecvError;

/// Largest name of a file in bytes, as it comes encoded.
const LONGEST_NAME: usize = 4 * 1024;

/// Makes of a list of commands the list of their names and what answers them.
macro_rules! commands {
    ($($name:ident)+) => {
        /// The names of all commands, as in `build.rs`.
        #[cfg(test)]
        pub(crate) const COMMANDS: &[&str] = &[$(stringify!($name)),+];

        /// Answers all commands.
        pub(crate) fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name),+]
        }
    };
}

commands!(call events stage);

/// A call of the host or the core; the host checks it against the window.
#[tauri::command]
async fn call<R: Runtime>(
    window: WebviewWindow<R>,
    host: State<'_, Host>,
    method: String,
    params: Value,
) -> Result<Value, Problem> {
    host.call(window.label(), &method, params).await
}

/// Whoever tells the front end of events.
#[derive(Default)]
pub(crate) struct Teller(Mutex<Option<JoinHandle<()>>>);

/// From now on tells what happens. A page that was loaded anew takes the place of the one before.
#[tauri::command]
fn events(host: State<'_, Host>, teller: State<'_, Teller>, channel: Channel<HostEvent>) {
    let mut events = host.events();
    let tell = async move {
        loop {
            let event = match events.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(_)) => Own::Lag.into(),
                Err(RecvError::Closed) => return,
            };
            if channel.send(event).is_err() {
                return;
            }
        }
    };
    let teller = &mut *teller.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(before) = teller.replace(tauri::async_runtime::spawn(tell)) {
        before.abort();
    }
}

/// Takes a file that the person chose or pasted.
#[tauri::command]
async fn stage(request: Request<'_>, host: State<'_, Host>) -> Result<StagedFile, Problem> {
    let name = request
        .headers()
        .get("x-name")
        .filter(|name| name.len() <= LONGEST_NAME)
        .and_then(|name| {
            percent_encoding::percent_decode(name.as_bytes())
                .decode_utf8()
                .ok()
        });
    match (name, request.body()) {
        (Some(name), InvokeBody::Raw(bytes)) => host.stage_bytes(&name, bytes.clone()).await,
        _ => Err(Problem {
            kind: "usage".into(),
            code: "bad_params".into(),
            message: "the parameters of `stage` are not as they have to be".into(),
            hint: "the program and its front are of different versions: install one again".into(),
            retry_after_ms: None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What `build.rs` listed, and what the capabilities allow, as Tauri has taken it in.
    const MANIFESTS: &str = include_str!(concat!(env!("OUT_DIR"), "/acl-manifests.json"));
    const CAPABILITIES: &str = include_str!(concat!(env!("OUT_DIR"), "/capabilities.json"));

    fn allowed() -> BTreeSet<String> {
        let command = |name: &&str| format!("allow-{name}");
        COMMANDS.iter().map(command).collect()
    }

    #[test]
    fn every_command_is_listed_and_no_other() {
        let manifests: Value = serde_json::from_str(MANIFESTS).expect("JSON");
        let permissions = manifests["__app-acl__"]["permissions"].as_object();
        let listed = permissions.expect("the app has commands").keys();
        let listed: BTreeSet<_> = listed.filter(|name| name.starts_with("allow-")).collect();
        assert_eq!(listed, allowed().iter().collect());
    }

    #[test]
    fn the_window_may_use_every_command_and_nothing_else() {
        let capabilities: Value = serde_json::from_str(CAPABILITIES).expect("JSON");
        let all = capabilities.as_object().expect("capabilities by name");
        assert_eq!(all.keys().collect::<Vec<_>>(), [crate::window::MAIN]);
        let main = &all[crate::window::MAIN];
        assert_eq!(main["windows"], serde_json::json!([crate::window::MAIN]));
        assert_eq!(main["local"], true);
        assert!(main.get("remote").is_none_or(Value::is_null));
        let permissions = main["permissions"].as_array().expect("a list");
        let permissions: BTreeSet<_> = permissions
            .iter()
            .map(|one| one.as_str().expect("a name").to_owned())
            .collect();
        assert_eq!(permissions, allowed());
    }

    #[test]
    fn the_hook_of_the_isolation_knows_every_command() {
        let hook = include_str!("../isolation/hook.js");
        for name in COMMANDS {
            assert!(hook.contains(&format!("\n  {name}: (")), "{name}");
        }
    }
}
