//! What follows from a merged commit: history, roster, outbox and the next lane.

use sealwire_protocol::{
    certificate::DeviceKind,
    handle::Handle,
    policy::{Action, GroupPolicy},
};
use sqlx::SqliteConnection;

use super::{
    actor::{DAY_MS, LEAF_LIFE_MS},
    changed_key,
    state::Place,
    welcome,
};
use crate::{
    api::{Delivery, Event, Info, MessageKind},
    core::Core,
    custody,
    error::{CoreError, Result},
    holding,
    mls::{Effects, Roster},
    random,
    store::{self, History, LogState, NewMessage, PendingCommit, Traits},
    words::role_word,
};

/// A commit that was merged.
pub(crate) struct Merged {
    pub(crate) effects: Effects,
    /// This device's commit, if it was that.
    pub(crate) own: Option<PendingCommit>,
    /// When the relay received it.
    pub(crate) at_ms: u64,
}

/// Records a merged commit and moves to the lane it opened.
pub(crate) async fn apply(
    core: &Core,
    conn: &mut SqliteConnection,
    place: &mut Place,
    merged: Merged,
    history: &mut History,
    events: &mut Vec<Event>,
) -> Result<()> {
    let Merged {
        effects,
        own,
        at_ms,
    } = merged;
    let after = match effects.pass {
        Some(_) => Roster::of(&place.group).map_err(CoreError::internal)?,
        None => Roster::default(),
    };
    for info in changes(&effects, &place.roster, &after) {
        if core.keeps_records() {
            custody::note_event(core, conn, &place.row, &info, at_ms).await?;
        }
        add_info(conn, &info, at_ms, history, events).await?;
    }
    if effects.old.name() != effects.new.name() {
        store::set_name(conn, &place.row.conversation, effects.new.name()).await?;
    }
    PendingCommit::clear(conn, &place.row.id).await?;
    for handle in &effects.removed {
        // Whoever is gone need not be removed again, should they come back.
        store::cancel_removal(conn, &place.row.id, handle).await?;
    }
    let Some(pass) = effects.pass else {
        return leave(core, conn, place, &effects.new, events).await;
    };
    if let Some(own) = own {
        finish_own(core, conn, place, own, effects.fresh_leaf).await?;
    }
    place.roster = after;
    store::save_members(conn, &place.row.id, &place.roster).await?;
    let handles = place.roster.iter().map(|(_, leaf)| leaf.handle());
    holding::note_members(core, conn, &place.row.conversation, handles).await?;
    store::set_seated(conn, &place.row.id, &effects.seated, at_ms).await?;
    let leaves = place.roster.iter().map(|(_, leaf)| leaf);
    let added = leaves.filter(|leaf| effects.added.contains(leaf.handle()));
    changed_key::note_leaves(core, conn, added, at_ms, history, events).await?;
    place.row.policy = effects.new.encode();
    super::direct::settle(core, conn, &place.row, &effects.new).await?;
    place.row.enter_lane(pass);
    store::forget_hashes(conn, &place.row.id).await?;
    store::reset_encrypted(conn, &place.row.id).await
}

/// This device has no leaf any more.
async fn leave(
    core: &Core,
    conn: &mut SqliteConnection,
    place: &mut Place,
    policy: &GroupPolicy,
    events: &mut Vec<Event>,
) -> Result<()> {
    if policy.role_of(&core.identity.account).is_some() {
        // The account stays: only this device's leaf is gone, and it asks for another at once.
        place.row.state = LogState::Rejoining;
        place.row.leaf_due_at = 0;
        return Ok(());
    }
    place.row.state = LogState::Removed;
    let failed = store::abandon(conn, &place.row.id).await?;
    events.extend(failed.into_iter().map(Event::Message));
    Ok(())
}

async fn finish_own(
    core: &Core,
    conn: &mut SqliteConnection,
    place: &mut Place,
    own: PendingCommit,
    fresh_leaf: bool,
) -> Result<()> {
    store::set_intent(conn, own.intent, Ok(())).await?;
    if fresh_leaf {
        place.row.certificate = core.certificate.as_bytes().to_vec();
        place.row.leaf_due_at = core.now_ms() + LEAF_LIFE_MS + random::up_to(DAY_MS);
    }
    if !own.joiners.is_empty() {
        welcome::enqueue(core, conn, place, &own).await?;
    }
    Ok(())
}

/// Adds a line that nobody wrote.
pub(crate) async fn add_info(
    conn: &mut SqliteConnection,
    info: &Info,
    at_ms: u64,
    history: &mut History,
    events: &mut Vec<Event>,
) -> Result<()> {
    let added = store::insert_message(
        conn,
        &NewMessage {
            conversation: history.conversation(),
            salt: random::salt(),
            sender: None,
            sender_handle: String::new(),
            own: false,
            kind: MessageKind::Info,
            text: &info.in_words(),
            content: &serde_json::to_vec(info).map_err(CoreError::internal)?,
            at_ms,
            delivery: Delivery::Received,
            traits: Traits::default(),
        },
        history,
    )
    .await?;
    events.extend(added.map(|line| Event::Message(line.info)));
    Ok(())
}

/// What a commit changed, as lines of the history. `roster` is of before; `after` is empty if this
/// device was removed.
fn changes(effects: &Effects, roster: &Roster, after: &Roster) -> Vec<Info> {
    let by = || effects.actor.to_string();
    let people =
        |handles: &[Handle]| -> Vec<String> { handles.iter().map(ToString::to_string).collect() };
    let (kept_by, added) = of_kind(DeviceKind::Custodian, &effects.added, after);
    let (agents, added) = of_kind(DeviceKind::Agent, &added, after);
    let (not_kept_by, removed) = of_kind(DeviceKind::Custodian, &effects.removed, roster);
    let mut lines = vec![
        Info::Added {
            by: by(),
            people: people(&added),
        },
        Info::AgentAdded {
            by: by(),
            people: people(&agents),
        },
        Info::CustodianAdded {
            by: by(),
            people: people(&kept_by),
        },
        Info::Removed {
            by: by(),
            people: people(&removed),
        },
        Info::CustodianRemoved {
            by: by(),
            people: people(&not_kept_by),
        },
        Info::DeviceAdded {
            by: by(),
            people: people(&effects.devices),
        },
        Info::DeviceRemoved {
            by: by(),
            people: people(&effects.withdrawn),
        },
    ];
    lines.retain(|line| !line.concerns_nobody());
    if effects.old.name() != effects.new.name() {
        lines.push(Info::Renamed {
            by: by(),
            name: effects.new.name().into(),
        });
    }
    for (account, role) in effects.new.members() {
        let changed = effects.old.role_of(account).is_some_and(|old| old != role);
        if changed && let Some(person) = roster.handle_of(account) {
            lines.push(Info::RoleChanged {
                by: by(),
                person: person.to_string(),
                role: role_word(role).into(),
            });
        }
    }
    let rules = Action::ALL
        .iter()
        .any(|action| effects.old.least(*action) != effects.new.least(*action));
    if rules {
        lines.push(Info::RulesChanged { by: by() });
    }
    lines.extend(setting_changes(effects));
    lines
}

/// Those of `handles` that are of this kind in `roster`, and the others.
fn of_kind(kind: DeviceKind, handles: &[Handle], roster: &Roster) -> (Vec<Handle>, Vec<Handle>) {
    handles.iter().cloned().partition(|handle| {
        let mut leaves = roster.iter();
        leaves.any(|(_, leaf)| leaf.handle() == handle && leaf.kind() == kind)
    })
}

fn setting_changes(effects: &Effects) -> Vec<Info> {
    let by = || effects.actor.to_string();
    let (old, new) = (effects.old.settings(), effects.new.settings());
    let changes = [
        (old.topic != new.topic).then(|| Info::TopicChanged {
            by: by(),
            topic: new.topic.clone(),
        }),
        (old.avatar != new.avatar).then(|| Info::AvatarChanged { by: by() }),
        (old.timer_s != new.timer_s).then(|| Info::TimerChanged {
            by: by(),
            timer_s: new.timer_s,
        }),
        (old.retention_s != new.retention_s).then(|| Info::RetentionChanged {
            by: by(),
            retention_s: new.retention_s,
        }),
        (old.custodian_required != new.custodian_required).then(|| Info::CustodianRequired {
            by: by(),
            required: new.custodian_required,
        }),
        (old.kind != new.kind
            || old.agents != new.agents
            || old.receipts_allowed != new.receipts_allowed)
            .then(|| Info::RulesChanged { by: by() }),
    ];
    changes.into_iter().flatten().collect()
}
