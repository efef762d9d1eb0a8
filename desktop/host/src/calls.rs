//! The calls that windows may make: the host's own, and the core's.

use sealwire_core::{
    ErrorKind,
    api::{Post, Priority},
    call,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::{
    event::Own,
    host::{Host, hold},
    link::{self, DeepLink, InvitationCheck, LinkKind},
    lock::NewLock,
    problem::{Problem, Result},
    qr,
    secret::Secret,
    settings::{Settings, SettingsChange},
    staging::StagedFile,
    state::HostState,
    table::calls,
    update::{UpdateStage, UpdateState},
};

const MAIN: &str = "main";
const VIEWER: &str = "viewer";
/// What the window that shows a file may ask the core.
const VIEWED: &[&str] = &[
    "attachment",
    "attachments",
    "message",
    "download",
    "transfers",
];
/// Schemes that are opened outside.
const SCHEMES: &[&str] = &["https", "http", "mailto"];
/// Longest address in bytes that is opened outside.
const LONGEST_ADDRESS: usize = 8 * 1024;

/// Every call and the windows that may make it.
pub fn methods() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    let core = call::methods().map(|method| match VIEWED.contains(&method) {
        true => (method, [MAIN, VIEWER].as_slice()),
        false => (method, [MAIN].as_slice()),
    });
    METHODS.iter().copied().chain([CHANGE_SETTINGS]).chain(core)
}

/// Takes an object of settings itself, so it is not in the table.
const CHANGE_SETTINGS: (&str, &[&str]) = ("change_settings", &[MAIN]);

pub(crate) async fn answer(
    host: &Host,
    window: &str,
    method: &str,
    params: Value,
) -> Result<Value> {
    let Some((name, windows)) = methods().find(|(name, _)| *name == method) else {
        return Err(Problem::usage(
            "unknown_call",
            format!(
                "there is no call `{}`",
                method.chars().take(64).collect::<String>().escape_debug()
            ),
            "the program and its front are of different versions: install one again",
        ));
    };
    if !windows.contains(&window) {
        return Err(Problem::new(
            ErrorKind::Policy,
            "not_for_window",
            format!("this window may not make the call `{name}`"),
            "do it in the main window",
        ));
    }
    if name == CHANGE_SETTINGS.0 {
        let settings = host.change_settings(self::params(CHANGE_SETTINGS.0, params)?)?;
        return serde_json::to_value(settings).map_err(Problem::internal);
    }
    if METHODS.iter().any(|(own, _)| *own == name) {
        return own(host, name, params).await;
    }
    host.core_call(name, &params).await
}

/// Reads the parameters of a call. What is wrong with them is not told by value.
fn params<T: DeserializeOwned>(method: &str, params: Value) -> Result<T> {
    let wrong = || {
        Problem::usage(
            "bad_params",
            format!("the parameters of `{method}` are not as they have to be"),
            "the program and its front are of different versions: install one again",
        )
    };
    // A list of values would be taken for the fields in order.
    if !params.is_object() {
        return Err(wrong());
    }
    serde_json::from_value(params).map_err(|_| wrong())
}

calls! {
    /// Where the app stands.
    [main viewer] state {} -> HostState = |host| Ok(host.state().await);
    /// What an invitation says.
    [main] check_invitation { link: Secret } -> InvitationCheck = |_host| link::check(&link.0);
    /// Makes a profile by an invitation, with `name` as the part of the handle before the `@`.
    [main] join { link: Secret, name: String, lock: NewLock } -> HostState = |host| host.join(link, name, lock).await;
    /// Opens the profile; without a passphrase by the keychain.
    [main] unlock { passphrase: Option<Secret> } -> HostState = |host| host.unlock(passphrase).await;
    /// Takes the profile's key out of memory.
    [main viewer] lock {} -> HostState = |host| {
        host.lock().await;
        Ok(host.state().await)
    };
    /// Locks the profile by something else; `old` is the passphrase, if it had one. If that is
    /// wrong, the app is locked.
    [main] change_lock { old: Option<Secret>, new: NewLock } -> HostState = |host| host.change_lock(old, new).await;
    /// Takes the account off this device with its keys and its history. If it was erased, the relay gets a receipt, unless it
    /// is to go `unconfirmed`; that needs the passphrase of a profile locked by one. If it is wrong, the app is locked.
    [main] remove_account { passphrase: Option<Secret>, unconfirmed: bool } -> HostState = |host| {
        host.remove_account(passphrase, unconfirmed).await
    };
    /// Looks at a damaged profile again; nothing is overwritten.
    [main] recover {} -> HostState = |host| Ok(host.recover().await);
    /// What the person set.
    [main viewer] settings {} -> Settings = |host| Ok(host.settings());
    /// The person is active.
    [main viewer] touch {} -> () = |host| {
        host.touch();
        Ok(())
    };
    /// What helps to find a fault; names nobody.
    [main] diagnostics {} -> String = |host| Ok(host.diagnostics().await);
    /// Opens an address outside of the app, after the person saw it whole.
    [main viewer] open_external { url: String } -> () = |host| host.open_external(&url);
    /// The link that waits for the person.
    [main] waiting_link {} -> Option<DeepLink> = |host| Ok(hold(&host.0.link).clone());
    /// Does what the link that waits is for: asks to be let into a conversation. Invitations and
    /// links for devices are taken by the first run.
    [main] confirm_link { link: Secret } -> () = |host| host.confirm_link(&link).await;
    /// Forgets the link that waits.
    [main] dismiss_link {} -> () = |host| {
        hold(&host.0.link).take();
        Ok(())
    };
    /// Sends a text with files that wait. With `hold_ms` it can be taken back for so long.
    [main] send {
        conversation: String, text: String, reply_to: Option<String>, thread: Option<String>,
        priority: Option<Priority>, acknowledge: Option<bool>, expires_after_s: Option<u32>,
        hold_ms: Option<u64>, staged: Vec<u64>,
    } -> Shown = |host| {
        let post = Post {
            text,
            reply_to,
            thread,
            priority: priority.unwrap_or_default(),
            acknowledge: acknowledge.unwrap_or_default(),
            expires_after_s,
            hold_ms: hold_ms.unwrap_or_default(),
        };
        host.send(&conversation, &post, &staged).await
    };
    /// Files that wait to be sent.
    [main] staged {} -> Vec<StagedFile> = |host| Ok(hold(&host.0.staged).list());
    /// Draws a QR code (ISO/IEC 18004) that carries these bytes, hexadecimal: rows of `0` for light and `1` for dark,
    /// without a border.
    [main] qr { payload: Secret } -> Vec<String> = |_host| qr::rows(&payload.0);
    /// Takes the files that the person chooses in the system's dialog.
    [main] choose_files {} -> Vec<StagedFile> = |host| {
        let paths = host.0.options.surroundings.choose_files().await;
        host.stage_paths(paths).await
    };
    /// Takes a file off the list of those that wait.
    [main] unstage { id: u64 } -> () = |host| {
        hold(&host.0.staged).remove(&[id]);
        host.tell_staged();
        Ok(())
    };
    /// Saves a file where the person says; false if they would not.
    [main viewer] save_attachment { id: i64 } -> bool = |host| host.save_attachment(id).await;
    /// How updates of the app stand.
    [main] update {} -> UpdateState = |host| Ok(host.update_state());
    /// Asks the relay for an update, and fetches one that was found.
    [main] check_update {} -> UpdateState = |host| {
        let state = host.check_update().await?;
        if state.stage == UpdateStage::Available {
            let host = host.clone();
            // How it goes is told by events.
            tokio::spawn(async move { host.fetch_update().await });
        }
        Ok(state)
    };
    /// Fetches the update that was found.
    [main] fetch_update {} -> UpdateState = |host| host.fetch_update().await;
    /// Installs the update that was fetched, after the system has asked for leave.
    [main] install_update {} -> UpdateState = |host| host.install_update().await;
    /// Ends the program.
    [main] quit {} -> () = |host| {
        host.0.options.surroundings.quit();
        Ok(())
    };
}

/// A message as the core answers it.
#[cfg(feature = "types")]
type Shown = Made;
#[cfg(not(feature = "types"))]
type Shown = Value;

/// In TypeScript the core's own type.
#[cfg(feature = "types")]
#[derive(serde::Serialize)]
#[serde(transparent)]
struct Made(Value);

#[cfg(feature = "types")]
impl ts_rs::TS for Made {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(config: &ts_rs::Config) -> String {
        <call::Shown as ts_rs::TS>::name(config)
    }

    fn inline(config: &ts_rs::Config) -> String {
        Self::name(config)
    }
}

impl Host {
    fn change_settings(&self, change: SettingsChange) -> Result<Settings> {
        let settings = hold(&self.0.settings).change(change)?;
        self.tell(Own::Settings {
            settings: settings.clone(),
        });
        Ok(settings)
    }

    fn open_external(&self, address: &str) -> Result<()> {
        let parsed = Url::parse(address)
            .ok()
            .filter(|_| address.len() <= LONGEST_ADDRESS);
        let parsed = parsed.filter(|url| SCHEMES.contains(&url.scheme()));
        let Some(url) = parsed else {
            return Err(Problem::new(
                ErrorKind::Policy,
                "bad_address",
                "this address is not opened from here",
                "only https, http and mailto are",
            ));
        };
        let opened = self.0.options.surroundings.open_external(url.as_str());
        opened.map_err(|why| {
            Problem::new(
                ErrorKind::Io,
                "not_opened",
                format!("the address could not be opened: {why}"),
                "copy it into your browser",
            )
        })
    }

    async fn confirm_link(&self, link: &Secret) -> Result<()> {
        let waits = hold(&self.0.link).clone();
        let Some(waits) = waits.filter(|waits| waits.link == link.0.trim()) else {
            return Err(Problem::usage(
                "unknown_link",
                "this link does not wait here",
                "open it again",
            ));
        };
        if waits.kind == LinkKind::Chat {
            self.core_call("ask_to_join", &json!({ "link": waits.link }))
                .await?;
        }
        hold(&self.0.link).take();
        Ok(())
    }

    async fn send(&self, conversation: &str, post: &Post, staged: &[u64]) -> Result<Shown> {
        let files = hold(&self.0.staged).to_send(staged)?;
        let sent = async {
            let client = self.client().await?;
            let id = sealwire_core::parse_conversation(conversation)?;
            Ok(match files.is_empty() {
                true => client.post(&id, post).await?,
                false => client.attach_and_send(&id, post, files).await?,
            })
        };
        let message = self.until_closed(sent).await?;
        if !staged.is_empty() {
            hold(&self.0.staged).remove(staged);
            self.tell_staged();
        }
        let params = json!({ "conversation": conversation, "message": message.id });
        let shown = self.core_call("message", &params).await?;
        #[cfg(feature = "types")]
        let shown = Made(shown);
        Ok(shown)
    }

    async fn save_attachment(&self, id: i64) -> Result<bool> {
        let name = self.client().await?.attachment(id).await?.name;
        let Some(folder) = self.0.options.surroundings.choose_folder(&name).await else {
            return Ok(false);
        };
        let saved = async {
            self.client().await?.save_as(id, &folder).await?;
            Ok(true)
        };
        self.until_closed(saved).await
    }

    async fn diagnostics(&self) -> String {
        let state = self.state().await;
        let code = state
            .problem
            .as_ref()
            .map_or("none", |problem| &problem.code);
        let connection = match &state.connection {
            None => "none",
            Some(sealwire_core::api::Connection::Online) => "online",
            Some(sealwire_core::api::Connection::Offline(_)) => "offline",
        };
        format!(
            "Sealwire {}\nsystem: {} {}\nphase: {:?}\nlock: {:?}\nkeychain: {}\nconnection: {connection}\nproblem: {code}\nplatform: {:?}\n",
            state.version,
            std::env::consts::OS,
            std::env::consts::ARCH,
            state.phase,
            state.lock,
            state.keychain,
            state.platform,
        )
    }
}
