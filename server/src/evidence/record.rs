//! What is put into the logs, and what opens it again.

use rand::Rng;
use sealwire_audit::canonical::to_canonical;
use sealwire_audit::commitment::{Commitment, DirectoryKey, SubjectKey};
use sealwire_audit::directory::DirectoryEvent;
use sealwire_audit::dsse::Envelope;
use sealwire_audit::leaf::{Attestation, Leaf};
use sealwire_audit::statement::{Statement, Subject};
use sealwire_crypto::SecretBytes;
use serde_json::Value;
use sqlx::{Row, Sqlite, SqliteConnection, Transaction};

use super::{Evidence, LogName};
use crate::refusal::{Answer, Refusal};

/// What opens one entry.
pub(crate) struct Opened {
    /// The entry's place in its log.
    pub(crate) number: u64,
    /// 32 bytes.
    pub(crate) salt: Vec<u8>,
    /// Canonical JSON.
    pub(crate) event: String,
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
    ) -> Answer<()> {
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
    ) -> Answer<()> {
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
    ) -> Answer<()> {
        let mut id = [0; 16];
        rand::rng().fill_bytes(&mut id);
        let salt = subject(tx, account).await?.salt(&id);
        let commitment = salt.commit(event).map_err(|_| unloggable())?;
        let entry = leaf(commitment).to_bytes().map_err(|_| unloggable())?;
        let number = self.append(tx, log, &[entry]).await?;
        let spelled = to_canonical(event).map_err(|_| unloggable())?;
        sqlx::query(
            "INSERT INTO tree_events (tree, number, account, salt_id, event) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(log.number())
        .bind(i64::try_from(number).unwrap_or(i64::MAX))
        .bind(account)
        .bind(id.as_slice())
        .bind(String::from_utf8(spelled).map_err(|_| unloggable())?)
        .execute(tx)
        .await?;
        Ok(())
    }

    /// Begins a transaction in which something is attested.
    pub(crate) async fn begin(&self) -> Answer<Transaction<'static, Sqlite>> {
        Ok(self.db.write().await?)
    }

    /// As [`Evidence::attest`], in a transaction of its own.
    pub(crate) async fn attest_alone(&self, statement: &Statement) -> Answer<()> {
        let mut tx = self.begin().await?;
        self.attest(&mut tx, statement).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What statements about this relay as a whole are about: its audit log, by name and key.
    pub(crate) fn subject(&self) -> Subject {
        let key = self.keys.log(LogName::Audit).verifier();
        Subject::of(key.name().as_str(), key.to_string().as_bytes())
    }

    /// Signs a statement with the relay's key, keeps and logs it. Gives its place in the audit log.
    pub(crate) async fn attest(
        &self,
        tx: &mut SqliteConnection,
        statement: &Statement,
    ) -> Answer<u64> {
        let key = self.keys.attestations();
        let mut envelope = statement.to_envelope().map_err(|_| unloggable())?;
        envelope.sign(key);
        let entry = Attestation::of(&envelope, &[key.public()])
            .and_then(|attestation| Leaf::Attestation(attestation).to_bytes())
            .map_err(|_| unloggable())?;
        let number = self.append(tx, LogName::Audit, &[entry]).await?;
        sqlx::query("INSERT INTO statements (number, predicate, signed) VALUES (?, ?, ?)")
            .bind(i64::try_from(number).unwrap_or(i64::MAX))
            .bind(statement.predicate_type())
            .bind(envelope.to_json().into_bytes())
            .execute(tx)
            .await?;
        Ok(number)
    }
}

/// A statement that was logged.
pub(crate) struct Logged {
    /// Its place in the audit log.
    pub(crate) number: u64,
    /// A DSSE envelope, as JSON.
    pub(crate) signed: Vec<u8>,
}

impl Evidence {
    /// The newest statement with this type of predicate.
    pub(crate) async fn newest_statement(&self, predicate: &str) -> Answer<Option<Statement>> {
        let signed: Option<Vec<u8>> = sqlx::query_scalar(
            "SELECT signed FROM statements WHERE predicate = ? ORDER BY number DESC LIMIT 1",
        )
        .bind(predicate)
        .fetch_optional(&self.db.readers)
        .await?;
        let envelope = signed.map(|signed| Envelope::parse(&signed)).transpose();
        let statement = envelope.and_then(|envelope| {
            envelope
                .map(|envelope| Statement::parse(envelope.payload()))
                .transpose()
        });
        statement.map_err(|_| Refusal::internal("a stored statement is damaged"))
    }

    /// The statements from this place in the audit log on, at most so many.
    pub(crate) async fn statements(&self, from: u64, most: u32) -> Answer<Vec<Logged>> {
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT number, signed FROM statements WHERE number >= ? ORDER BY number LIMIT ?",
        )
        .bind(i64::try_from(from).unwrap_or(i64::MAX))
        .bind(most)
        .fetch_all(&self.db.readers)
        .await?;
        let logged = |(number, signed)| Logged {
            number: u64::try_from(number).unwrap_or(0),
            signed,
        };
        Ok(rows.into_iter().map(logged).collect())
    }
}

/// What opens the entries of one log about an account, in order.
pub(crate) async fn opened(
    db: &mut SqliteConnection,
    log: LogName,
    account: i64,
) -> Answer<Vec<Opened>> {
    let rows = sqlx::query(
        "SELECT number, salt_id, event FROM tree_events WHERE account = ? AND tree = ? \
         ORDER BY number",
    )
    .bind(account)
    .bind(log.number())
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
                salt: subject.salt(&id).secret().expose().to_vec(),
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

/// The newest key of the directory, made at the first start.
pub(super) async fn directory_key(tx: &mut SqliteConnection) -> Result<DirectoryKey, sqlx::Error> {
    let fresh = SecretBytes::<32>::generate(&mut rand::rng());
    sqlx::query("INSERT OR IGNORE INTO directory_keys (version, key) VALUES (1, ?)")
        .bind(fresh.expose().as_slice())
        .execute(&mut *tx)
        .await?;
    let key: Vec<u8> =
        sqlx::query_scalar("SELECT key FROM directory_keys ORDER BY version DESC LIMIT 1")
            .fetch_one(tx)
            .await?;
    SecretBytes::from_slice(&key)
        .map(DirectoryKey::new)
        .map_err(|_| sqlx::Error::Decode("the directory key is not 32 bytes".into()))
}

fn unloggable() -> Refusal {
    Refusal::internal("an event cannot be logged")
}
