//! Events: what commitments in the logs were made of, and what opens them again.

use rand::Rng;
use sealwire_audit::canonical::to_canonical;
use sealwire_audit::commitment::{Commitment, DirectoryKey, SubjectKey};
use sealwire_audit::directory::DirectoryEvent;
use sealwire_audit::leaf::Leaf;
use sealwire_crypto::SecretBytes;
use serde_json::Value;
use sqlx::{Row, SqliteConnection};
use zeroize::Zeroizing;

use super::{Evidence, LogName, ORGANISATION};
use crate::refusal::{Answer, Refusal};

/// What opens one entry.
pub(crate) struct Opened {
    /// The entry's place in its log.
    pub(crate) number: u64,
    /// 32 bytes.
    pub(crate) salt: [u8; 32],
    /// Canonical JSON.
    pub(crate) event: String,
}

/// An event that was logged.
pub(crate) struct Committed {
    pub(crate) commitment: Commitment,
    pub(crate) opened: Opened,
}

impl Evidence {
    /// Logs what changes in the directory for the account `handle`, in the transaction that
    /// changes it.
    pub(crate) async fn directory(
        &self,
        tx: &mut SqliteConnection,
        account: i64,
        handle: &str,
        event: &DirectoryEvent,
    ) -> Answer<Committed> {
        let index = self.directory_key.index(handle);
        let event = event.to_value().map_err(|_| unloggable())?;
        let leaf = |commitment| Leaf::Directory { index, commitment };
        self.event(tx, LogName::Directory, account, &event, leaf)
            .await
    }

    /// Logs that something of this `kind` happened, in the transaction in which it does. `account`
    /// is whom it is about, or [`super::ORGANISATION`].
    pub(crate) async fn note(
        &self,
        tx: &mut SqliteConnection,
        kind: &str,
        account: i64,
        event: &Value,
    ) -> Answer<Committed> {
        // The kinds are ours, and soundly spelled.
        Leaf::event(kind, Commitment([0; 32])).map_err(|_| unloggable())?;
        let leaf = |commitment| Leaf::Event {
            kind: kind.to_owned(),
            commitment,
        };
        self.event(tx, LogName::Audit, account, event, leaf).await
    }

    async fn event(
        &self,
        tx: &mut SqliteConnection,
        log: LogName,
        account: i64,
        event: &Value,
        leaf: impl FnOnce(Commitment) -> Leaf,
    ) -> Answer<Committed> {
        let mut id = [0; 16];
        rand::rng().fill_bytes(&mut id);
        let salt = subject(tx, account).await?.salt(&id);
        let commitment = salt.commit(event).map_err(|_| unloggable())?;
        let entry = leaf(commitment).to_bytes().map_err(|_| unloggable())?;
        let number = self.append(tx, log, &[entry]).await?;
        let event = canonical(event)?;
        sqlx::query(
            "INSERT INTO tree_events (tree, number, account, salt_id, event) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(log.number())
        .bind(i64::try_from(number).unwrap_or(i64::MAX))
        .bind(account)
        .bind(id.as_slice())
        .bind(&event)
        .execute(tx)
        .await?;
        Ok(Committed {
            commitment,
            opened: Opened {
                number,
                salt: *salt.secret().expose(),
                event,
            },
        })
    }

    /// Logs that the account `handle` is erased, and forgets what opens all that was logged about
    /// it: from then on nobody can.
    pub(crate) async fn erase(
        &self,
        tx: &mut SqliteConnection,
        account: i64,
        handle: &str,
    ) -> Answer<()> {
        for forget in [
            "DELETE FROM tree_events WHERE account = ?",
            "DELETE FROM tree_subjects WHERE account = ?",
        ] {
            sqlx::query(forget).bind(account).execute(&mut *tx).await?;
        }
        // Under the organisation's key: that it was erased stays to be shown.
        let logged = self
            .directory(tx, ORGANISATION, handle, &DirectoryEvent::Erased)
            .await?;
        sqlx::query("INSERT OR REPLACE INTO tree_erasures (handle_index, number) VALUES (?, ?)")
            .bind(self.directory_key.index(handle).0.as_slice())
            .bind(i64::try_from(logged.opened.number).unwrap_or(i64::MAX))
            .execute(tx)
            .await?;
        Ok(())
    }

    /// What opens the entries of the directory's log about a handle, in order: those of its
    /// account, behind the one that says that an earlier account was erased.
    pub(crate) async fn opened(
        &self,
        db: &mut SqliteConnection,
        handle: &str,
        account: Option<i64>,
    ) -> Answer<Vec<Opened>> {
        let erased: Option<i64> =
            sqlx::query_scalar("SELECT number FROM tree_erasures WHERE handle_index = ?")
                .bind(self.directory_key.index(handle).0.as_slice())
                .fetch_optional(&mut *db)
                .await?;
        let mut all = Vec::new();
        if let Some(number) = erased {
            all.extend(opened(db, LogName::Directory, ORGANISATION, Some(number)).await?);
        }
        if let Some(account) = account {
            all.extend(opened(db, LogName::Directory, account, None).await?);
        }
        Ok(all)
    }
}

/// What opens the entries of one log about an account, in order; or only this one of them.
pub(crate) async fn opened(
    db: &mut SqliteConnection,
    log: LogName,
    account: i64,
    only: Option<i64>,
) -> Answer<Vec<Opened>> {
    let rows = sqlx::query(
        "SELECT number, salt_id, event FROM tree_events WHERE account = ?1 AND tree = ?2 \
         AND (?3 IS NULL OR number = ?3) ORDER BY number",
    )
    .bind(account)
    .bind(log.number())
    .bind(only)
    .fetch_all(&mut *db)
    .await?;
    let Some(subject) = known_subject(db, account).await? else {
        return Ok(Vec::new());
    };
    rows.iter()
        .map(|row| {
            let id: &[u8] = row.try_get(1)?;
            let id = id.try_into().map_err(|_| unloggable())?;
            Ok(Opened {
                number: u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0),
                salt: *subject.salt(&id).secret().expose(),
                event: row.try_get(2)?,
            })
        })
        .collect()
}

/// The key of an account's salts, made at its first entry.
async fn subject(tx: &mut SqliteConnection, account: i64) -> Answer<SubjectKey> {
    if let Some(known) = known_subject(tx, account).await? {
        return Ok(known);
    }
    let key = SecretBytes::generate(&mut rand::rng());
    sqlx::query("INSERT INTO tree_subjects (account, key) VALUES (?, ?)")
        .bind(account)
        .bind(key.expose().as_slice())
        .execute(tx)
        .await?;
    Ok(SubjectKey::new(key))
}

async fn known_subject(db: &mut SqliteConnection, account: i64) -> Answer<Option<SubjectKey>> {
    let key: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT key FROM tree_subjects WHERE account = ?")
            .bind(account)
            .fetch_optional(db)
            .await?;
    key.map(|key| SecretBytes::from_slice(&key).map(SubjectKey::new))
        .transpose()
        .map_err(|_| Refusal::internal("the key of a subject is damaged"))
}

/// The newest key of the directory, made at the first start, and since when it counts, seconds since the Unix
/// epoch.
pub(super) async fn directory_key(
    tx: &mut SqliteConnection,
    now_s: u64,
) -> Result<(DirectoryKey, u64), sqlx::Error> {
    let now_s = i64::try_from(now_s).unwrap_or(i64::MAX);
    let fresh = SecretBytes::<32>::generate(&mut rand::rng());
    sqlx::query("INSERT OR IGNORE INTO directory_keys (version, key, made_at) VALUES (1, ?, ?)")
        .bind(fresh.expose().as_slice())
        .bind(now_s)
        .execute(&mut *tx)
        .await?;
    // One from before this was kept is at least as old as this.
    sqlx::query("UPDATE directory_keys SET made_at = ? WHERE made_at = 0")
        .bind(now_s)
        .execute(&mut *tx)
        .await?;
    let (key, made_at): (Vec<u8>, i64) =
        sqlx::query_as("SELECT key, made_at FROM directory_keys ORDER BY version DESC LIMIT 1")
            .fetch_one(tx)
            .await?;
    let key = Zeroizing::new(key);
    SecretBytes::from_slice(&key)
        .map(|key| (DirectoryKey::new(key), u64::try_from(made_at).unwrap_or(0)))
        .map_err(|_| sqlx::Error::Decode("the directory key is not 32 bytes".into()))
}

/// The one spelling of an event.
pub(crate) fn canonical(event: &Value) -> Answer<String> {
    let spelled = to_canonical(event).map_err(|_| unloggable())?;
    String::from_utf8(spelled).map_err(|_| unloggable())
}

fn unloggable() -> Refusal {
    Refusal::internal("an event cannot be logged")
}
