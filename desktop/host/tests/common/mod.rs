//! An app without a window, on a stage with a real relay.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::{
    collections::HashMap,
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Mutex, atomic::AtomicUsize},
    time::Duration,
};

use sealwire_desktop_host::{
    Host, HostOptions, Installing, Keychain, KeychainError, NoKeychain, NotInstalled, Platform,
    Problem, Surroundings,
};
use sealwire_tests::{
    Stage,
    person::{EASY, quick},
    until,
};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// Everybody's passphrase.
pub const PASSPHRASE: &str = "correct horse battery staple";

/// No window, and a folder for what is saved.
pub struct Around {
    pub downloads: Option<PathBuf>,
    pub opened: Mutex<Vec<String>>,
    pub quits: AtomicUsize,
    pub release_key: Mutex<Option<Vec<u8>>>,
    pub installed: Mutex<Vec<PathBuf>>,
    /// What installing comes to.
    pub installs: Mutex<Result<(), NotInstalled>>,
    /// An installation takes until this is told.
    pub finish: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Surroundings for Around {
    fn platform(&self) -> Platform {
        Platform {
            tray: false,
            notifications: false,
            content_protection: false,
            native: false,
        }
    }

    fn open_external(&self, address: &str) -> Result<(), String> {
        self.opened.lock().expect("opened").push(address.to_owned());
        Ok(())
    }

    fn choose_folder(&self, _: &str) -> Pin<Box<dyn Future<Output = Option<PathBuf>> + Send>> {
        let folder = self.downloads.clone();
        Box::pin(async { folder })
    }

    fn choose_files(&self) -> Pin<Box<dyn Future<Output = Vec<PathBuf>> + Send>> {
        Box::pin(async { Vec::new() })
    }

    fn release_key(&self) -> Option<Vec<u8>> {
        self.release_key.lock().expect("a key").clone()
    }

    fn install(&self, package: &Path) -> Installing {
        let mut installed = self.installed.lock().expect("installed");
        installed.push(package.to_owned());
        let done = self.installs.lock().expect("an end").clone();
        let finish = self.finish.lock().expect("an end").take();
        Box::pin(async {
            if let Some(finish) = finish {
                finish.await.expect("told");
            }
            done
        })
    }

    fn quit(&self) {
        self.quits.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

/// A keychain that keeps secrets in memory, as a system's does from one start of the app to the
/// next.
#[derive(Default)]
pub struct Memory(pub Mutex<HashMap<String, String>>);

impl Keychain for Memory {
    fn available(&self) -> bool {
        true
    }

    fn store(&self, name: &str, secret: &str) -> Result<(), KeychainError> {
        self.0
            .lock()
            .expect("kept")
            .insert(name.into(), secret.into());
        Ok(())
    }

    fn load(&self, name: &str) -> Result<Option<Zeroizing<String>>, KeychainError> {
        Ok(self
            .0
            .lock()
            .expect("kept")
            .get(name)
            .cloned()
            .map(Zeroizing::new))
    }

    fn remove(&self, name: &str) -> Result<(), KeychainError> {
        self.0.lock().expect("kept").remove(name);
        Ok(())
    }
}

/// A keychain that never answers.
pub struct Mute;

impl Keychain for Mute {
    fn available(&self) -> bool {
        loop {
            std::thread::park();
        }
    }

    fn store(&self, _: &str, _: &str) -> Result<(), KeychainError> {
        self.available();
        Ok(())
    }

    fn load(&self, _: &str) -> Result<Option<Zeroizing<String>>, KeychainError> {
        self.available();
        Ok(None)
    }

    fn remove(&self, _: &str) -> Result<(), KeychainError> {
        self.available();
        Ok(())
    }
}

/// Somebody's app.
pub struct App {
    pub host: Host,
    pub around: Arc<Around>,
    pub home: PathBuf,
}

impl App {
    /// Starts the app on the folder `home`.
    pub async fn start_with(home: &Path, keychain: Arc<dyn Keychain>) -> Self {
        Self::start_as(home, keychain, Duration::from_secs(60)).await
    }

    /// As [`App::start`], of a package with this release key.
    pub async fn start_trusting(home: &Path, release_key: Vec<u8>) -> Self {
        let minute = Duration::from_secs(60);
        Self::begin(home, Arc::new(NoKeychain), minute, Some(release_key)).await
    }

    /// As [`App::start_with`], with minutes of this length.
    pub async fn start_as(home: &Path, keychain: Arc<dyn Keychain>, minute: Duration) -> Self {
        Self::begin(home, keychain, minute, None).await
    }

    async fn begin(
        home: &Path,
        keychain: Arc<dyn Keychain>,
        minute: Duration,
        release_key: Option<Vec<u8>>,
    ) -> Self {
        let around = Arc::new(Around {
            downloads: Some(home.join("saved")),
            opened: Mutex::default(),
            quits: AtomicUsize::new(0),
            release_key: Mutex::new(release_key),
            installed: Mutex::default(),
            installs: Mutex::new(Ok(())),
            finish: Mutex::default(),
        });
        let mut options = HostOptions::new(home, Arc::clone(&around) as Arc<dyn Surroundings>);
        options.keychain = keychain;
        options.kdf = EASY;
        options.client = quick();
        options.minute = minute;
        let host = Host::new(options).expect("a folder of its own");
        host.begin().await;
        Self {
            host,
            around,
            home: home.into(),
        }
    }

    /// As [`App::start_with`], without a keychain.
    pub async fn start(home: &Path) -> Self {
        Self::start_with(home, Arc::new(NoKeychain)).await
    }

    /// The organisation's owner, after the first run.
    pub async fn owner(stage: &Stage, name: &str) -> Self {
        let app = Self::start(&stage.homes().join(name)).await;
        let link = stage.relay.owner_link().to_text();
        app.joins(&link, name).await;
        app
    }

    /// Somebody whom this person invites, after the first run.
    pub async fn guest(&self, stage: &Stage, name: &str) -> Self {
        let app = Self::start(&stage.homes().join(name)).await;
        app.joins(&self.invitation().await, name).await;
        app
    }

    pub async fn invitation(&self) -> String {
        let made = json!({ "role": "org-member", "expires_in_s": 3600 });
        let made = self.does("invite", made).await;
        made["link"].as_str().expect("a link").to_owned()
    }

    pub async fn joins(&self, link: &str, name: &str) {
        let lock = json!({ "kind": "passphrase", "passphrase": PASSPHRASE });
        let params = json!({ "link": link, "name": name, "lock": lock });
        let state = self.does("join", params).await;
        assert_eq!(state["phase"], "open", "{state}");
    }

    /// Makes a call of the main window.
    pub async fn asks(&self, method: &str, params: Value) -> Result<Value, Problem> {
        self.host.call("main", method, params).await
    }

    /// Makes a call that has to succeed.
    pub async fn does(&self, method: &str, params: Value) -> Value {
        let answer = self.asks(method, params).await;
        answer.unwrap_or_else(|problem| panic!("{method}: {problem:?}"))
    }

    /// Makes a call that has to fail, and gives the code.
    pub async fn fails(&self, method: &str, params: Value) -> String {
        let problem = self.asks(method, params).await.expect_err(method);
        assert!(
            !problem.message.is_empty() && !problem.hint.is_empty(),
            "{problem:?}"
        );
        problem.code
    }

    pub async fn phase(&self) -> Value {
        self.does("state", json!({})).await["phase"].clone()
    }

    /// Founds a conversation with this person.
    pub async fn founds(&self, name: &str, with: &str) -> String {
        let params = json!({ "name": name, "members": [with] });
        // Key packages of somebody who has just joined may be on their way.
        until("a conversation being founded", || async {
            match self.asks("create_conversation", params.clone()).await {
                Ok(id) => Ok(id.as_str().expect("an identifier").to_owned()),
                Err(problem) => Err(problem.message),
            }
        })
        .await
    }

    /// Waits until a message of this text is here, and gives it.
    pub async fn hears(&self, chat: &str, text: &str) -> Value {
        let params = json!({
            "conversation": chat, "anchor": { "at": "newest" }, "before": 50, "after": 0, "offset_s": 0
        });
        until(text, || async {
            let page = self.asks("timeline", params.clone()).await;
            let page = page.map_err(|problem| problem.message)?;
            let rows = page["rows"].as_array().expect("rows");
            let lines = rows.iter().filter(|row| row["row"] == "line");
            let found = lines
                .map(|row| &row["message"])
                .find(|line| line["text"] == text);
            found.cloned().ok_or_else(|| page.to_string())
        })
        .await
    }

    pub async fn says(&self, chat: &str, text: &str) {
        let params = json!({ "conversation": chat, "text": text, "staged": [] });
        let shown = self.does("send", params).await;
        assert_eq!(shown["text"], text);
    }

    pub fn profile(&self) -> PathBuf {
        self.home.join("profiles/desktop")
    }
}
