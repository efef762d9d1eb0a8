//! Retention in one place: what is past its time goes from both planes, is counted, and the run is
//! noted. By the hour, and whenever the operator asks.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::account::AccountPlane;
use crate::attest;
use crate::clock;
use crate::config;
use crate::group::GroupPlane;
use crate::refusal::Answer;
use crate::tally::{Count, Kind, Run};

const EVERY: Duration = Duration::from_secs(60 * 60);

/// Removes what is past its time.
pub(crate) struct Retention {
    account: Arc<AccountPlane>,
    group: Arc<GroupPlane>,
    /// How long things are kept.
    rules: config::Retention,
    /// One run at a time: the start of the last.
    last: Mutex<u64>,
}

/// What one run did.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Milliseconds since the Unix epoch.
    pub(crate) started_at_ms: u64,
    pub(crate) ended_at_ms: u64,
    /// Parts that failed; what they should have removed is left to the next run.
    pub(crate) failed: Vec<&'static str>,
    pub(crate) removed: Vec<Removed>,
}

/// What one run removed of one kind.
#[derive(Debug, Serialize)]
pub(crate) struct Removed {
    pub(crate) kind: Kind,
    #[serde(flatten)]
    pub(crate) count: Count,
}

impl Retention {
    pub(crate) fn new(
        account: Arc<AccountPlane>,
        group: Arc<GroupPlane>,
        rules: config::Retention,
    ) -> Arc<Self> {
        Arc::new(Self {
            account,
            group,
            rules,
            last: Mutex::new(0),
        })
    }

    /// One run over everything. A part that fails does not keep the others from their work.
    pub(crate) async fn run(&self) -> Answer<Report> {
        let mut last = self.last.lock().await;
        // No two runs have one name, whatever the clock does.
        let started_ms = clock::now_ms().max(*last + 1);
        *last = started_ms;
        let run = Run { started_ms };
        self.account.begin_run(run).await?;
        let parts = [
            ("entries", self.group.sweep_entries(run).await),
            ("blobs", self.group.sweep_blobs(run).await),
            ("account", self.account.sweep(run).await),
        ];
        let failed: Vec<&'static str> = parts
            .iter()
            .filter(|(_, done)| done.is_err())
            .map(|(part, _)| *part)
            .collect();
        let ended_ms = clock::now_ms().max(started_ms);
        let mut removed = self.group.removed(run).await?;
        removed.extend(self.account.removed(run).await?);
        let report = Report {
            started_at_ms: started_ms,
            ended_at_ms: ended_ms,
            failed,
            removed: removed
                .into_iter()
                .map(|(kind, count)| Removed { kind, count })
                .collect(),
        };
        let subject = self.account.evidence().subject();
        let statement = attest::retention_run(&report, &self.rules, subject)?;
        let failed = report.failed.len();
        self.account
            .end_run(run, ended_ms, failed, &statement)
            .await?;
        Ok(report)
    }
}

/// Runs at once and then by the hour, until the relay ends.
pub(crate) async fn schedule(retention: Arc<Retention>, drain: CancellationToken) {
    let mut hourly = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = drain.cancelled() => return,
            _ = hourly.tick() => {}
        }
        let failed = match retention.run().await {
            Ok(report) => !report.failed.is_empty(),
            Err(_) => true,
        };
        if failed {
            tracing::error!("retention could not be applied; it is tried again in an hour");
        }
    }
}
