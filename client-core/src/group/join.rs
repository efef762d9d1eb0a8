//! Joining by a Welcome, in one step.

use std::collections::BTreeSet;

use openmls::prelude::{
    MlsMessageBodyIn, MlsMessageIn, RatchetTreeIn, StagedWelcome, Welcome,
    tls_codec::{DeserializeBytes as _, Serialize as _},
};
use sealwire_protocol::{
    certificate::DeviceCertificate,
    envelope::WelcomeBlob,
    ids::{ConversationId, LogId},
    policy::{GroupKind, GroupPolicy, GroupRole},
};
use sqlx::SqliteConnection;

use super::{actor::LEAF_LIFE_MS, changed_key, direct};
use crate::{
    api::Info,
    core::Core,
    custody,
    error::{CoreError, ErrorKind, Result},
    holding,
    mls::{PADDING, Provider, Roster, current_pass, group_policy, join_config},
    random,
    store::{self, History, LogRow, LogState, Outgoing, PendingCommit},
};

fn refused(why: impl std::fmt::Display) -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        "bad_welcome",
        format!("an invitation to a conversation was refused: {why}"),
        "ask whoever added you to remove and add you again",
    )
}

/// Joins the group of a Welcome that `sender` sealed for this device. `false` if this device is in
/// the group already.
///
/// A failure rolls everything back: the one-time key package stays usable.
pub(crate) async fn join(
    core: &Core,
    sender: &DeviceCertificate,
    log: LogId,
    conversation: ConversationId,
    blob: &WelcomeBlob,
) -> Result<bool> {
    let welcome = parse_welcome(&blob.welcome)?;
    let tree = RatchetTreeIn::tls_deserialize_exact_bytes(&blob.ratchet_tree).map_err(refused)?;
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let known = LogRow::load(&mut tx, &log).await?;
    if known
        .as_ref()
        .is_some_and(|row| matches!(row.state, LogState::Active | LogState::Creating))
    {
        return Ok(false);
    }
    check_move(&mut tx, sender, &log, &conversation).await?;
    let used = welcome_packages(&welcome);
    let (group, roster, policy) = {
        let provider = Provider::new(&core.crypto, &mut tx);
        let staged = StagedWelcome::build_from_welcome(&provider, &join_config(PADDING), welcome)
            .map_err(refused)?
            .with_ratchet_tree(tree)
            .skip_lifetime_validation()
            .replace_old_group()
            .build()
            .map_err(refused)?;
        let roster = Roster::verify(staged.members()).map_err(refused)?;
        let inviter = roster
            .get(staged.welcome_sender_index())
            .ok_or_else(|| refused("its sender has no leaf"))?;
        if inviter.device() != sender.device() || !inviter.same_account(sender) {
            return Err(refused("it was sent by somebody else than it says"));
        }
        let group = staged.into_group(&provider).map_err(refused)?;
        let policy = group_policy(&group).map_err(refused)?;
        check_group(core, &group, &roster, &policy, log, conversation)?;
        if !direct::is_genuine(&policy, sender, &core.identity.account, known.is_some()) {
            return Err(refused(
                "it is not the direct conversation that it claims to be",
            ));
        }
        (group, roster, policy)
    };
    let pass = current_pass(&group, &core.crypto, &log)
        .ok_or_else(|| CoreError::internal("no pass for a joined group"))?;
    let now = core.now_ms();
    let carrier = if policy.kind() == GroupKind::Direct {
        direct::carrier(core, &mut tx, &conversation, &log).await?
    } else {
        log
    };
    let peer = direct::peer(&policy, &roster, &core.identity.account);
    let name = peer.as_deref().unwrap_or_else(|| policy.name());
    store::put_conversation(&mut tx, &conversation, name, &carrier, now).await?;
    if known.is_none() {
        store::note_inviter(&mut tx, &conversation, sender.handle()).await?;
    }
    // A newcomer updates its leaf once within its first day, at a random time.
    let leaf_due = now + random::up_to(86_400_000);
    let mut row = LogRow::at_start(
        log,
        conversation,
        LogState::Active,
        pass,
        core.certificate.as_bytes().to_vec(),
        policy.encode(),
        leaf_due.min(now + LEAF_LIFE_MS),
    );
    if let Some(known) = known {
        row.generation = known.generation;
        row.incarnation = known.incarnation;
    }
    row.save(&mut tx, Some(&group)).await?;
    if !store::note_joined(&mut tx, &row).await? {
        return Err(refused("this device has used it before"));
    }
    store::save_members(&mut tx, &log, &roster).await?;
    let handles = roster.iter().map(|(_, leaf)| leaf.handle());
    holding::note_members(core, &mut tx, &conversation, handles).await?;
    store::forget_hashes(&mut tx, &log).await?;
    PendingCommit::clear(&mut tx, &log).await?;
    store::reset_encrypted(&mut tx, &log).await?;
    store::forget_key_packages(&mut tx, &used).await?;
    let salt = random::salt();
    store::enqueue(&mut tx, &log, (0, &salt), &Outgoing::Joined, 0).await?;
    let mut events = Vec::new();
    let info = Info::Welcomed {
        by: sender.handle().to_string(),
    };
    if core.keeps_records() {
        custody::note_event(core, &mut tx, &row, &info, now).await?;
    }
    let mut history = History::open(&mut tx, &conversation).await?;
    super::effects::add_info(&mut tx, &info, now, &mut history, &mut events).await?;
    let leaves = roster.iter().map(|(_, leaf)| leaf);
    changed_key::note_leaves(core, &mut tx, leaves, now, &mut history, &mut events).await?;
    history.save(&mut tx).await?;
    tx.commit().await?;
    drop(conn);
    crate::local::reload(core).await?;
    for event in events {
        core.emit(event);
    }
    core.emit_conversation(&conversation).await?;
    core.upkeep.notify_one();
    core.progressed();
    Ok(true)
}

/// A conversation that this device has goes on in another group only if an owner moves it there:
/// anybody else could put a group of their own in its place, and read what is written to it.
async fn check_move(
    conn: &mut SqliteConnection,
    sender: &DeviceCertificate,
    log: &LogId,
    conversation: &ConversationId,
) -> Result<()> {
    let Some(known) = store::conversation(conn, conversation).await? else {
        return Ok(());
    };
    if known.log == *log || conversation.is_direct() {
        // Who may bring a direct conversation is told by its id.
        return Ok(());
    }
    let row = LogRow::load(conn, &known.log).await?;
    let policy = row.and_then(|row| GroupPolicy::parse(&row.policy).ok());
    match policy.and_then(|policy| policy.role_of(sender.account())) {
        Some(GroupRole::Owner) => Ok(()),
        _ => Err(refused(format!(
            "{} put another group in the place of a conversation that you have; only an owner \
             can move it",
            sender.handle()
        ))),
    }
}

fn parse_welcome(bytes: &[u8]) -> Result<Welcome> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes).map_err(refused)?;
    match message.extract() {
        MlsMessageBodyIn::Welcome(welcome) => Ok(welcome),
        _ => Err(refused("it is not a Welcome")),
    }
}

/// References of the key packages that a Welcome is for.
fn welcome_packages(welcome: &Welcome) -> Vec<Vec<u8>> {
    welcome
        .secrets()
        .iter()
        .filter_map(|secret| secret.new_member().tls_serialize_detached().ok())
        .collect()
}

/// The group is one that Sealwire would have made.
fn check_group(
    core: &Core,
    group: &openmls::prelude::MlsGroup,
    roster: &Roster,
    policy: &GroupPolicy,
    log: LogId,
    conversation: ConversationId,
) -> Result<()> {
    if group.group_id().as_slice() != log.as_bytes() {
        return Err(refused("it is for another log"));
    }
    if policy.conversation() != conversation {
        return Err(refused("it is for another conversation"));
    }
    let listed: BTreeSet<_> = policy.members().map(|(account, _)| *account).collect();
    if listed != roster.accounts() {
        return Err(refused("its members are not those on its leaves"));
    }
    let own = roster
        .get(group.own_leaf_index())
        .ok_or_else(|| refused("this device has no leaf in it"))?;
    if own.device() != core.identity.device || own.account() != &core.identity.account {
        return Err(refused("this device's leaf is another's"));
    }
    Ok(())
}
