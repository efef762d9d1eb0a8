//! Taking the account's withdrawn devices out of its conversations.

use crate::{
    core::Core,
    error::Result,
    group,
    store::{self, Wish},
};

/// Wishes that every device which this account has withdrawn loses its leaves.
pub(crate) async fn take_out_revoked(core: &Core) -> Result<()> {
    let looked = group::lookup(core, &core.identity.handle).await?;
    if looked.contact.account != core.identity.account || looked.revoked.is_empty() {
        return Ok(());
    }
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let mut concerned = Vec::new();
    for device in &looked.revoked {
        let wish = Wish::RemoveDevice {
            device: device.to_string(),
        };
        for log in store::logs_with(&mut tx, device).await? {
            store::add_intent(&mut tx, &log, &wish, 0).await?;
            concerned.push(log);
        }
    }
    tx.commit().await?;
    drop(conn);
    for log in &concerned {
        core.wake(log);
    }
    Ok(())
}
