//! Locking when nobody is there.

use std::{sync::Weak, time::Duration};

use crate::{
    host::{Host, Inner, hold},
    state::Phase,
};

const LOOK: Duration = Duration::from_secs(5);

/// Looks now and then until the host is gone.
pub(crate) async fn run(host: Weak<Inner>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(inner) = host.upgrade() else { return };
        let host = Host(inner);
        let minutes = u64::from(host.settings().lock_after_min);
        let idle = hold(&host.0.active).elapsed();
        if minutes > 0 && host.phase() == Phase::Open && idle >= Duration::from_secs(minutes * 60) {
            host.lock().await;
        }
    }
}
