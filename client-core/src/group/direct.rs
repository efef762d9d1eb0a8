//! Which of two groups carries a direct conversation, if both people founded one.

use sealwire_protocol::{
    certificate::DeviceCertificate,
    ids::{ConversationId, LogId},
    policy::{GroupKind, GroupPolicy, GroupRole},
};
use sqlx::SqliteConnection;

use crate::{
    core::Core,
    error::Result,
    mls::Roster,
    store::{self, LogRow, LogState},
};

fn owners(policy: &GroupPolicy) -> usize {
    policy
        .members()
        .filter(|(_, role)| *role == GroupRole::Owner)
        .count()
}

/// The group to write to, of the one known so far and `here`, which has both people: the one with
/// the smaller id if both groups have both, else the one that has. All devices come to the same
/// answer once they have read both logs. The other is followed on, so that nothing is lost.
pub(crate) async fn carrier(
    core: &Core,
    conn: &mut SqliteConnection,
    id: &ConversationId,
    here: &LogId,
) -> Result<LogId> {
    let Some(known) = store::conversation(conn, id).await? else {
        return Ok(*here);
    };
    let Some(row) = LogRow::load(conn, &known.log).await? else {
        return Ok(*here);
    };
    let whole = row.state != LogState::Removed
        && core.policy(&row).is_ok_and(|policy| owners(&policy) == 2);
    Ok(if whole { known.log.min(*here) } else { *here })
}

/// Looks again at who carries a direct conversation after a commit in one of its groups.
pub(crate) async fn settle(
    core: &Core,
    conn: &mut SqliteConnection,
    row: &LogRow,
    policy: &GroupPolicy,
) -> Result<()> {
    if policy.kind() != GroupKind::Direct || owners(policy) < 2 {
        return Ok(());
    }
    let chosen = carrier(core, conn, &row.conversation, &row.id).await?;
    store::set_carrier(conn, &row.conversation, &chosen).await
}

/// Whether a group may be what a Welcome says of it. A direct conversation has the id of its two
/// owners, and is brought by one of them or by an own device; nothing else has such an id.
pub(crate) fn is_genuine(
    policy: &GroupPolicy,
    sender: &DeviceCertificate,
    own: &sealwire_crypto::AccountPublic,
    known_here: bool,
) -> bool {
    let direct = policy.kind() == GroupKind::Direct;
    if direct != policy.conversation().is_direct() {
        return false;
    }
    let brought = sender.account() == own
        || (owners(policy) == 2 && policy.role_of(sender.account()) == Some(GroupRole::Owner));
    !direct || known_here || brought
}

/// The handle under which a direct conversation is listed: the other owner's.
pub(crate) fn peer(
    policy: &GroupPolicy,
    roster: &Roster,
    own: &sealwire_crypto::AccountPublic,
) -> Option<String> {
    let other = |account: &sealwire_crypto::AccountPublic| {
        account != own && policy.role_of(account) == Some(GroupRole::Owner)
    };
    (policy.kind() == GroupKind::Direct)
        .then(|| roster.iter().find(|(_, leaf)| other(leaf.account())))
        .flatten()
        .map(|(_, leaf)| leaf.handle().to_string())
}
