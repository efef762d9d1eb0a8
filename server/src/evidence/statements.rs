//! Statements: signed with the relay's key, kept, and logged.

use sealwire_audit::Malformed;
use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::dsse::Envelope;
use sealwire_audit::leaf::{Attestation, Leaf};
use sealwire_audit::predicate::Time;
use sealwire_audit::statement::{Statement, Subject};
use sealwire_crypto::EvidencePublic;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::{Evidence, LogName};
use crate::refusal::{Answer, Refusal};

/// A time as statements spell it.
pub(crate) fn time(ms: u64) -> Answer<Time> {
    Time::from_millis(ms).map_err(|_| unsayable())
}

/// A statement that has no form, which is the relay's fault.
pub(crate) fn unsayable() -> Refusal {
    Refusal::internal("a statement cannot be made")
}

/// A statement that somebody else has signed.
pub(crate) struct Attested {
    statement: Statement,
    envelope: Envelope,
    entry: Vec<u8>,
}

impl Attested {
    /// Takes an envelope that `key` alone has signed.
    ///
    /// # Errors
    /// [`Malformed`] if that is not so.
    pub(crate) fn new(
        statement: Statement,
        envelope: Envelope,
        key: &EvidencePublic,
    ) -> Result<Self, Malformed> {
        let entry = Leaf::Attestation(Attestation::of(&envelope, &[*key])?).to_bytes()?;
        Ok(Self {
            statement,
            envelope,
            entry,
        })
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
    /// Begins a transaction in which something is attested.
    pub(crate) async fn begin(&self) -> Answer<Transaction<'static, Sqlite>> {
        Ok(self.db.write().await?)
    }

    /// Signs a statement with the relay's key, keeps and logs it, in the transaction of what it
    /// tells.
    pub(crate) async fn attest(
        &self,
        tx: &mut SqliteConnection,
        statement: &Statement,
    ) -> Answer<Logged> {
        let wrong = |_| Refusal::internal("a statement cannot be logged");
        let key = self.keys.attestations();
        let mut envelope = statement.to_envelope().map_err(wrong)?;
        envelope.sign(key);
        let signed = Attested::new(statement.clone(), envelope, &key.public()).map_err(wrong)?;
        self.keep(tx, &signed).await
    }

    /// Keeps and logs what was signed, in the transaction of what it tells.
    pub(crate) async fn keep(
        &self,
        tx: &mut SqliteConnection,
        attested: &Attested,
    ) -> Answer<Logged> {
        let entry = std::slice::from_ref(&attested.entry);
        let number = self.append(tx, LogName::Audit, entry).await?;
        let signed = attested.envelope.to_json().into_bytes();
        sqlx::query("INSERT INTO statements (number, predicate, signed) VALUES (?, ?, ?)")
            .bind(i64::try_from(number).unwrap_or(i64::MAX))
            .bind(attested.statement.predicate_type())
            .bind(&signed)
            .execute(tx)
            .await?;
        Ok(Logged { number, signed })
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

    /// The newest statement with this type of predicate.
    pub(crate) async fn newest_statement(&self, predicate: &str) -> Answer<Option<Statement>> {
        let signed: Option<Vec<u8>> = sqlx::query_scalar(
            "SELECT signed FROM statements WHERE predicate = ? ORDER BY number DESC LIMIT 1",
        )
        .bind(predicate)
        .fetch_optional(&self.db.readers)
        .await?;
        let read = |signed: Vec<u8>| Statement::parse(Envelope::parse(&signed)?.payload());
        signed
            .map(read)
            .transpose()
            .map_err(|_| Refusal::internal("a stored statement is damaged"))
    }

    /// How many entries the head has that is served; 0 before the first.
    pub(crate) async fn published(&self, log: LogName) -> Answer<u64> {
        let mut db = self.db.readers.acquire().await?;
        let Some(head) = super::rows::head(&mut db, log).await? else {
            return Ok(0);
        };
        let head = Checkpoint::parse(head.text())
            .map_err(|_| Refusal::internal("a transparency log is damaged"))?;
        Ok(head.size())
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
