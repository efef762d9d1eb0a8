//! Locking when nobody is there.

use std::{sync::Weak, time::Duration};

use crate::{
    host::{Host, Inner, hold},
    state::Phase,
};

/// Looks in a minute.
const LOOKS: u32 = 12;

/// Looks now and then until the host is gone.
pub(crate) async fn run(host: Weak<Inner>, minute: Duration) {
    loop {
        tokio::time::sleep(minute / LOOKS).await;
        let Some(inner) = host.upgrade() else { return };
        let host = Host(inner);
        let minutes = host.settings().lock_after_min;
        let idle = hold(&host.0.active).elapsed();
        if minutes > 0 && host.phase() == Phase::Open && idle >= minute * minutes {
            host.lock().await;
        }
    }
}
