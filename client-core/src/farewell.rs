//! What a device does about the erasure of its account. It removes nothing by itself: whoever runs the
//! relay, or has broken into it, could say of anybody that they were erased. So the person is told, the
//! relay hears that this device knows, and only when the person removes the account from the device does
//! the relay get a receipt that its copies are gone.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sealwire_protocol::{
    account::{B64, HandedReceipt},
    erasure::{Copies, ErasureReceipt},
    link::{RelayAddress, TlsMode},
    problem::Code,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    api::Options,
    client::{Client, open_database},
    core::Core,
    enrol,
    error::{CoreError, ErrorKind, Result},
    net::{AccountClient, Endpoint},
    profile::{KEY_FILE, LOCK_FILE, ProfileLock, read_private, write_private},
    store::Identity,
};

/// Says, beside a profile, that its account was erased and the relay knows that this device knows.
const MARK: &str = "erased";
/// The receipt that is handed in once everything else of the profile is gone.
const FAREWELL: &str = "farewell";
const MAX_FAREWELL: usize = 4_096;

/// What became of the confirmation that a profile is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirmation {
    /// The relay has it.
    Taken,
    /// The relay waits for none any more: it has counted who was heard.
    TooLate,
}

/// What is left of a profile while its confirmation is not handed in.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Farewell {
    relay: String,
    tls: String,
    handed: HandedReceipt,
}

impl Client {
    /// Whether the profile in `dir` was told that its account is erased, so that removing it can be
    /// confirmed.
    pub fn is_erased(dir: &Path) -> bool {
        dir.join(MARK).exists() || dir.join(FAREWELL).exists()
    }

    /// Whether nothing is left of the profile in `dir` but the receipt that [`Client::remove_erased`] hands
    /// in: that needs no passphrase any more.
    pub fn is_leaving(dir: &Path) -> bool {
        dir.join(FAREWELL).exists() && !dir.join(KEY_FILE).exists()
    }

    /// Removes the profile in `dir`, which must not be open, and tells nobody.
    ///
    /// # Errors
    /// `profile_in_use`, `profile_disk`; what is left then has no key.
    pub fn remove(dir: &Path) -> Result<()> {
        let _lock = ProfileLock::acquire(dir)?;
        remove_key(dir)?;
        fs::remove_dir_all(dir).map_err(|error| disk(dir, &error))
    }

    /// Removes the profile in `dir`, which must not be open and whose account was erased, and hands
    /// the device's receipt to the relay. `passphrase` is asked for only if the receipt is not written
    /// yet. Broken off at any moment, it goes on when it is called again.
    ///
    /// # Errors
    /// `profile_in_use`, `wrong_passphrase`, `profile_disk`; network errors, when the profile is gone
    /// and only the receipt is left.
    pub async fn remove_erased(
        dir: &Path,
        passphrase: impl FnOnce() -> Result<Zeroizing<String>>,
        options: &Options,
    ) -> Result<Confirmation> {
        let _lock = ProfileLock::acquire(dir)?;
        if !Self::is_leaving(dir) {
            let farewell = take_leave(dir, &passphrase()?, options).await?;
            let json = serde_json::to_vec(&farewell).map_err(CoreError::internal)?;
            write_private(&dir.join(FAREWELL), &json)?;
        }
        remove_key(dir)?;
        remove_but_farewell(dir)?;
        let confirmation = read_farewell(dir)?.hand_in().await?;
        fs::remove_dir_all(dir).map_err(|error| disk(dir, &error))?;
        Ok(confirmation)
    }
}

/// What somebody is told who opens what is not there any more.
pub(crate) fn gone() -> CoreError {
    CoreError::new(
        ErrorKind::Locked,
        "profile_removed",
        "this account was removed from this device; only its receipt for the relay is left",
        "`sealwire account remove` hands it in",
    )
}

/// The relay says that the account is erased. Tells the relay, once, that this device knows, and then the person.
/// If the relay cannot be told now, the person is told all the same, and once more when it could be: whoever hears
/// it finds the mark then.
pub(crate) async fn learn(core: &Core, dir: &Path) -> Result<()> {
    let learned = mark(core, dir).await;
    if core.erasure().replace(learned.is_ok()) != Some(learned.is_ok()) {
        core.warn(None, ERASED);
    }
    learned
}

/// Tells the relay that this device knows, and notes that it was told.
async fn mark(core: &Core, dir: &Path) -> Result<()> {
    if dir.join(MARK).exists() {
        return Ok(());
    }
    let handed = sign(&core.identity, core.now_s(), Copies::Kept);
    hand_in(&core.account, &handed).await?;
    write_private(&dir.join(MARK), b"")
}

/// The relay lets the account in. What it said of an erasure before, it does not say any more: it lied, or is a copy
/// from before.
pub(crate) fn unlearn(core: &Core, dir: &Path) -> Result<()> {
    if !Client::is_erased(dir) {
        return Ok(());
    }
    // A receipt that was written when a removal broke off is not true either: the profile is in use.
    for name in [MARK, FAREWELL] {
        remove(&dir.join(name))?;
    }
    sync(dir)?;
    core.erasure().take();
    core.warn(None, NOT_ERASED);
    Ok(())
}

const ERASED: &str = "The relay says that this account was erased. What this device holds is still here; when you \
                      do not need it any more, `sealwire account remove` removes it and tells the relay.";

const NOT_ERASED: &str = "The relay said that this account was erased, and now lets it in: it was restored from an \
                          older copy, or what it said was not true. Ask your administrator.";

async fn take_leave(
    dir: &Path,
    passphrase: &Zeroizing<String>,
    options: &Options,
) -> Result<Farewell> {
    let db = open_database(dir, passphrase).await?;
    let loaded = {
        let mut conn = db.readers.acquire().await?;
        Identity::load(&mut conn).await
    };
    // The file must not be open when it goes.
    let closed = db.close().await;
    let (identity, _) = loaded?;
    closed?;
    Ok(Farewell {
        relay: identity.endpoint.address.to_string(),
        tls: identity.endpoint.tls.to_string(),
        handed: sign(&identity, enrol::now_s(options), Copies::Removed),
    })
}

fn sign(identity: &Identity, at_s: u64, copies: Copies) -> HandedReceipt {
    let receipt = ErasureReceipt {
        device: identity.device,
        at_s,
        copies,
    };
    HandedReceipt {
        key: B64::from(identity.device_key.public().as_bytes()),
        receipt: B64::from(receipt.sign(&identity.device_key)),
    }
}

impl Farewell {
    async fn hand_in(&self) -> Result<Confirmation> {
        let endpoint = Endpoint {
            address: RelayAddress::parse(&self.relay).map_err(|_| damaged())?,
            tls: TlsMode::parse(&self.tls).map_err(|_| damaged())?,
        };
        let account = AccountClient::new(endpoint, None)?;
        hand_in(&account, &self.handed).await.map_err(|mut error| {
            error.hint = format!(
                "the account is gone from this device, and the relay does not know yet: {}; then \
                 repeat `sealwire account remove`",
                error.hint
            );
            error
        })
    }
}

async fn hand_in(account: &AccountClient, handed: &HandedReceipt) -> Result<Confirmation> {
    match account.hand_receipt(handed).await {
        Ok(()) => Ok(Confirmation::Taken),
        Err(error) if error.code == Code::DeviceUnknown.as_str() => Ok(Confirmation::TooLate),
        Err(error) => Err(error),
    }
}

fn read_farewell(dir: &Path) -> Result<Farewell> {
    let json = read_private(&dir.join(FAREWELL), MAX_FAREWELL)?;
    serde_json::from_slice(&json).map_err(|_| damaged())
}

fn damaged() -> CoreError {
    CoreError::new(
        ErrorKind::Io,
        "profile_damaged",
        "the receipt for the relay is damaged; the account itself is gone from this device",
        "`sealwire account remove --unconfirmed` removes the rest",
    )
}

/// The key first: without it the rest is noise, even if removing it fails half-way.
fn remove_key(dir: &Path) -> Result<()> {
    remove(&dir.join(KEY_FILE))?;
    sync(dir)
}

fn remove_but_farewell(dir: &Path) -> Result<()> {
    let entries = fs::read_dir(dir).map_err(|error| disk(dir, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| disk(dir, &error))?;
        if entry.file_name() != FAREWELL && entry.file_name() != LOCK_FILE {
            remove(&entry.path())?;
        }
    }
    sync(dir)
}

fn remove(path: &PathBuf) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk(path, &error)),
        _ => Ok(()),
    }
}

fn sync(dir: &Path) -> Result<()> {
    fs::File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|error| disk(dir, &error))
}

fn disk(path: &Path, error: &io::Error) -> CoreError {
    CoreError::new(
        ErrorKind::Io,
        "profile_disk",
        format!("cannot remove {}: {error}", path.display()),
        "check the disk and the permissions of the path, then repeat",
    )
}
