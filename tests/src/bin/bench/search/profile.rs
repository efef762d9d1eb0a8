//! Alice's profile, and a way into its database beside the client.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sealwire_core::api::{ConversationId, Options};
use sealwire_core::{Client, JoinLink, KdfParams};
use sealwire_crypto::{sha256, unwrap_key};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Executor as _};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::Result;
use crate::cores::Cores;
use crate::relay::Relay;

const PASSPHRASE: &str = "correct horse battery staple";
/// The passphrase is not what is measured.
const EASY: KdfParams = KdfParams {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};
/// Conversations beside the large one.
const CHATS: usize = 50;

/// A profile on the disk.
pub(super) struct Profile {
    dir: TempDir,
    /// The one with 100,000 messages first.
    pub(super) chats: Vec<ConversationId>,
}

impl Profile {
    /// Enrols Alice and founds her conversations.
    pub(super) async fn make(cores: &Cores) -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("sealwire-bench-")
            .tempdir()?;
        let relay = Relay::start(cores, "")?;
        let link = JoinLink::parse(&relay.owner_link)?;
        let home = dir.path().join("alice");
        let client = Client::enrol(
            &home,
            &passphrase(),
            &link,
            "alice",
            EASY,
            Options::default(),
        )
        .await?;
        client.start().await?;
        let mut chats = Vec::new();
        for number in 0..=CHATS {
            let (chat, _) = client
                .create_conversation(&format!("Chat {number}"), &[])
                .await?;
            chats.push(chat);
        }
        client.idle(std::time::Duration::from_secs(120)).await?;
        client.shutdown().await;
        Ok(Self { dir, chats })
    }

    /// The directory.
    pub(super) fn home(&self) -> PathBuf {
        self.dir.path().join("alice")
    }

    /// Where other databases may lie.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Opens it, without the network.
    pub(super) async fn open(&self) -> Result<Client> {
        open(&self.home()).await
    }

    /// Bytes of the database and its log.
    pub(super) fn size(&self) -> Result<f64> {
        Ok(size(&self.home().join("profile.db"))?)
    }

    /// A connection of one's own; the client must be closed.
    pub(super) async fn database(&self) -> Result<SqliteConnection> {
        connect(&self.home().join("profile.db"), &self.key()?).await
    }

    /// Another encrypted database under the same key.
    pub(super) async fn other(&self, name: &str) -> Result<SqliteConnection> {
        connect(&self.beside(name), &self.key()?).await
    }

    fn key(&self) -> Result<Zeroizing<String>> {
        let file = std::fs::read(self.home().join("profile.key"))?;
        let (wrapped, checksum) = file.split_at(file.len().saturating_sub(32));
        if sha256(&[wrapped]) != checksum {
            return Err("a key file of another form".into());
        }
        let key = unwrap_key(PASSPHRASE.as_bytes(), wrapped)?;
        let mut hex = Zeroizing::new(String::new());
        for byte in key.expose() {
            write!(hex, "{byte:02x}")?;
        }
        Ok(hex)
    }
}

/// Bytes of a database and its log.
pub(super) fn size(path: &Path) -> std::io::Result<f64> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = std::fs::metadata(log).map_or(0, |log| log.len());
    Ok((std::fs::metadata(path)?.len() + log) as f64)
}

/// Opens a profile, without the network.
pub(super) async fn open(home: &Path) -> Result<Client> {
    Ok(Client::open(home, &passphrase(), Options::default()).await?)
}

fn passphrase() -> Zeroizing<String> {
    Zeroizing::new(PASSPHRASE.into())
}

async fn connect(path: &Path, key: &str) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut connection = options.disable_statement_logging().connect().await?;
    let pragma = Zeroizing::new(format!("PRAGMA key = \"x'{key}'\""));
    connection.execute(pragma.as_str()).await?;
    connection
        .execute("PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY")
        .await?;
    Ok(connection)
}
