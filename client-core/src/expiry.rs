//! Messages that disappear, here and on time.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use crate::{api::Event, core::Core, error::Result, store};

/// Longest wait between looks.
const IDLE: Duration = Duration::from_secs(600);
const RETRY: Duration = Duration::from_secs(2);

/// Removes messages whose time is over until the client is dropped.
pub(crate) async fn run(core: Arc<Core>) {
    loop {
        let wait = match expire(&core).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::debug!(code = error.code, "messages did not expire; tried again");
                RETRY
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            () = core.expiry.notified() => {}
        }
    }
}

/// Removes what is due; answers how long to wait for the next.
pub(crate) async fn expire(core: &Core) -> Result<Duration> {
    let now = core.now_ms();
    let next = {
        let mut conn = core.db.readers.acquire().await?;
        store::next_expiry(&mut conn).await?
    };
    match next {
        None => return Ok(IDLE),
        Some(at) if at > now => return Ok(Duration::from_millis(at - now).min(IDLE)),
        Some(_) => {}
    }
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let gone = store::expire(&mut tx, now).await?;
    tx.commit().await?;
    drop(conn);
    core.erasures.notify_one();
    for line in gone.gone {
        core.emit(Event::Gone {
            conversation: line.info.conversation,
            message: line.info.id,
        });
    }
    core.progressed();
    core.files.drop_removed(&core.db, &gone.files).await?;
    Ok(Duration::ZERO)
}
