//! Making a group.

use openmls::prelude::{GroupId, MlsGroup};
use sealwire_protocol::{
    ids::{ConversationId, LogId},
    policy::{GroupKind, GroupPolicy},
};

use crate::{
    core::Core,
    error::{CoreError, ErrorKind, Result},
    holding,
    mls::{MlsSigner, Provider, Roster, create_config, credential, current_pass},
    store::{self, LogRow, LogState, Wish},
};

/// The policy of a new conversation that this account owns alone.
pub(crate) fn policy(core: &Core, kind: GroupKind, name: &str) -> Result<GroupPolicy> {
    let id = ConversationId::random(&mut rand::rng());
    GroupPolicy::found(id, kind, name, core.identity.account).map_err(|error| {
        CoreError::new(
            ErrorKind::Usage,
            "bad_name",
            error.to_string(),
            "choose a name of 1 to 256 bytes without control characters",
        )
    })
}

/// Makes a group with this device alone under `policy`, listed as `name`, and stores what is
/// wished of it first, in order; answers the last wish's intent.
pub(crate) async fn create(
    core: &Core,
    policy: &GroupPolicy,
    name: &str,
    wishes: &[Wish],
) -> Result<(LogId, Option<i64>)> {
    let log = LogId::random(&mut rand::rng());
    let id = policy.conversation();
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let (group, roster, pass) = {
        let provider = Provider::new(&core.crypto, &mut tx);
        let group = MlsGroup::new_with_group_id(
            &provider,
            &MlsSigner(&core.identity.device_key),
            &create_config(policy, core.now_s())?,
            GroupId::from_slice(log.as_bytes()),
            credential(&core.certificate),
        )
        .map_err(CoreError::internal)?;
        let roster = Roster::of(&group).map_err(CoreError::internal)?;
        let pass = current_pass(&group, &core.crypto, &log)
            .ok_or_else(|| CoreError::internal("no pass for a new group"))?;
        (group, roster, pass)
    };
    store::put_conversation(&mut tx, &id, name, &log, core.now_ms()).await?;
    let mut row = LogRow::at_start(
        log,
        id,
        LogState::Creating,
        pass,
        core.certificate.as_bytes().to_vec(),
        policy.encode(),
        core.now_ms() + super::actor::LEAF_LIFE_MS,
    );
    row.save(&mut tx, Some(&group)).await?;
    store::save_members(&mut tx, &log, &roster).await?;
    let handles = roster.iter().map(|(_, leaf)| leaf.handle());
    holding::note_members(core, &mut tx, &id, handles).await?;
    let mut intent = None;
    for wish in wishes {
        intent = Some(store::add_intent(&mut tx, &log, wish, 0).await?);
    }
    tx.commit().await?;
    Ok((log, intent))
}
