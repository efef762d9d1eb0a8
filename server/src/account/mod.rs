//! The account plane: knows who you are, never sees a group.

mod access;
mod auditors;
mod bounds;
mod challenge;
mod check;
mod database;
mod devices;
mod directory;
mod enrol;
mod erasure;
mod holds;
mod inbox;
mod invitations;
mod key_packages;
mod kinds;
mod logged;
mod mailroom;
mod members;
mod organisation;
mod oversight;
mod own_data;
mod policy;
mod receipts;
mod register;
mod retention;
mod roles;
mod session;
mod token;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use sealwire_audit::statement::Statement;
use sealwire_protocol::link::InvitationCode;
use serde_json::json;
use sqlx::SqliteConnection;
use tokio_util::sync::CancellationToken;

use self::challenge::Challenges;
use self::database::OpenError;
use self::inbox::Waiting;
use self::mailroom::AccountMailroom;
use self::token::Tokens;
use crate::clock;
use crate::config::{Config, Limits, Retention};
use crate::database::SqliteFile;
use crate::evidence::{Evidence, LogHead, ORGANISATION};
use crate::group::Mailroom;
use crate::pulse::Pulse;
use crate::refusal::Answer;
use crate::tally::{self, Count, Kind, Run};
use crate::update::Updates;

/// File of the account plane's tables.
pub(crate) const DATABASE: &str = "account.db";
pub(crate) use self::check::check;
pub(crate) use self::directory::DirectoryCounts;
pub(crate) use self::receipts::DAYS as RECEIPT_DAYS;
pub(crate) use self::token::{KEY_FILE, check_key};

/// State of the account plane.
pub(crate) struct AccountPlane {
    db: SqliteFile,
    organisation: String,
    limits: Limits,
    retention: Retention,
    /// How long the operator keeps backups.
    backup_days: u32,
    tokens: Tokens,
    evidence: Arc<Evidence>,
    updates: Arc<Updates>,
    challenges: Challenges,
    waiting: Arc<Waiting>,
    pulse: Arc<Pulse>,
    drain: CancellationToken,
}

/// Shared by all handlers.
type Plane = Arc<AccountPlane>;

impl AccountPlane {
    /// Opens the plane's own files.
    pub(crate) async fn open(
        dir: &Path,
        config: &Config,
        drain: CancellationToken,
    ) -> Result<Arc<Self>, OpenError> {
        let db = database::open(&dir.join(DATABASE), &config.organisation).await?;
        let evidence = Evidence::open(&db, dir, &config.organisation, &config.transparency).await?;
        logged::catch_up(&db, &evidence)
            .await
            .map_err(|_| OpenError::Directory)?;
        Ok(Arc::new(Self {
            updates: Updates::new(&db, dir, &evidence),
            db,
            evidence,
            organisation: config.organisation.clone(),
            limits: config.limits.clone(),
            retention: config.retention.clone(),
            backup_days: config.backup.keep_days,
            tokens: Tokens::open(&dir.join(KEY_FILE), &config.organisation)?,
            challenges: Challenges::new(),
            waiting: Arc::default(),
            pulse: Arc::new(Pulse::new(clock::now_ms())),
            drain,
        }))
    }

    /// The logs.
    pub(crate) fn evidence(&self) -> &Arc<Evidence> {
        &self.evidence
    }

    /// Updates of the desktop app.
    pub(crate) fn updates(&self) -> &Arc<Updates> {
        &self.updates
    }

    /// How the relay fares.
    pub(crate) fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// Says in the new audit log which logs ended before it began. No statement of those is a statement
    /// of this one.
    pub(crate) async fn begin_anew(&self, ended: &[LogHead]) -> Answer<()> {
        let mut tx = self.db.write().await?;
        let event = json!({ "ended": ended });
        self.evidence
            .note(&mut tx, "log-begun", ORGANISATION, &event)
            .await?;
        sqlx::query("UPDATE requests SET statement = -1")
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Says in the audit log which log of the directory ended, under the key before.
    pub(crate) async fn directory_key_changed(&self, ended: &[LogHead]) -> Answer<()> {
        let mut tx = self.db.write().await?;
        let event = json!({ "ended": ended });
        self.evidence
            .note(&mut tx, "directory-key-changed", ORGANISATION, &event)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The door for the group plane.
    pub(crate) fn mailroom(&self) -> Arc<dyn Mailroom> {
        Arc::new(AccountMailroom {
            db: self.db.clone(),
            waiting: Arc::clone(&self.waiting),
            limits: self.limits.clone(),
        })
    }

    /// A fresh code for the owner, if nobody has enrolled as owner yet. Earlier ones are void.
    pub(crate) async fn owner_code(&self) -> Answer<Option<InvitationCode>> {
        invitations::owner_code(self).await
    }

    /// Removes what is past its time, and counts it.
    pub(crate) async fn sweep(&self, run: Run) -> Answer<()> {
        retention::sweep(&self.db, &self.retention, run).await?;
        receipts::conclude_due(self, run.started_ms).await
    }

    /// Notes that a run of retention begins.
    pub(crate) async fn begin_run(&self, run: Run) -> Answer<()> {
        retention::begin(&self.db, run).await
    }

    /// Notes that a run ended and how many of its parts failed, and attests it.
    pub(crate) async fn end_run(
        &self,
        run: Run,
        ended_ms: u64,
        failed: usize,
        statement: &Statement,
    ) -> Answer<()> {
        let mut tx = self.db.write().await?;
        retention::end(&mut tx, run, ended_ms, failed).await?;
        self.evidence.attest(&mut tx, statement).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Number of the newest migration of account.db.
    pub(crate) async fn schema_version(&self) -> Answer<u64> {
        let version: i64 = sqlx::query_scalar("PRAGMA user_version")
            .fetch_one(&self.db.readers)
            .await?;
        Ok(u64::try_from(version).unwrap_or(0))
    }

    /// How many accounts and devices the directory holds.
    pub(crate) async fn directory_counts(
        &self,
        db: &mut SqliteConnection,
    ) -> Answer<DirectoryCounts> {
        directory::counts(db).await
    }

    /// What one run of retention removed here.
    pub(crate) async fn removed(&self, run: Run) -> Answer<Vec<(Kind, Count)>> {
        Ok(tally::of_run(&self.db.readers, run).await?)
    }

    /// Whether it can serve.
    pub(crate) async fn check(&self) -> Answer<()> {
        Ok(self.db.check().await?)
    }

    /// Closes the database.
    pub(crate) async fn close(&self) {
        self.db.close().await;
    }
}

/// Routes under `/account/v1`, and those of auditors.
pub(crate) fn router(plane: Plane) -> Router {
    Router::new()
        .merge(enrol::router(&plane))
        .merge(session::router(&plane))
        .merge(organisation::router(&plane))
        .merge(policy::router(&plane))
        .merge(invitations::router(&plane))
        .merge(members::router(&plane))
        .merge(directory::router(&plane))
        .merge(devices::router(&plane))
        .merge(key_packages::router(&plane))
        .merge(inbox::router(&plane))
        .merge(oversight::router(&plane))
        .merge(own_data::router(&plane))
        .merge(erasure::router(&plane))
        .merge(receipts::router(&plane))
        .merge(auditors::router())
        .with_state(plane)
}
