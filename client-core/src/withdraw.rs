//! Taking out of conversations who may not be in them any more: the account's own withdrawn devices,
//! and people whose accounts are suspended or erased.

use rand::RngExt as _;
use sealwire_protocol::{handle::Handle, policy::Action};

use crate::{
    core::Core,
    error::Result,
    group,
    store::{self, LogRow, Wish},
};

/// Wishes that somebody whose account is suspended or erased be removed wherever this account may
/// remove them. Everybody who may does so at another moment: the first makes it needless for the
/// others.
pub(crate) async fn take_out_gone(core: &Core, handle: &Handle) -> Result<()> {
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let Some(contact) = store::contact(&mut tx, handle).await? else {
        return Ok(());
    };
    let mut concerned = Vec::new();
    for log in LogRow::ids(&mut tx).await? {
        let Some(row) = LogRow::load(&mut tx, &log).await? else {
            continue;
        };
        let policy = core.policy(&row)?;
        let may = policy
            .role_of(&core.identity.account)
            .is_some_and(|role| policy.may(role, Action::Remove));
        if !may || policy.role_of(&contact.account).is_none() {
            continue;
        }
        let wish = Wish::Remove {
            handle: handle.to_string(),
        };
        let at = core.now_ms() + rand::rng().random_range(0..=core.options.welcome_delay_max_ms);
        store::add_intent(&mut tx, &log, &wish, at).await?;
        concerned.push(log);
    }
    tx.commit().await?;
    concerned.iter().for_each(|log| core.wake(log));
    Ok(())
}

/// Wishes that every device which this account has withdrawn loses its leaves.
pub(crate) async fn take_out_revoked(core: &Core) -> Result<()> {
    let looked = group::lookup(core, &core.identity.handle).await?;
    let other = looked.contact.key_changed() || looked.contact.account != core.identity.account;
    if other || looked.revoked.is_empty() {
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
    concerned.iter().for_each(|log| core.wake(log));
    Ok(())
}
