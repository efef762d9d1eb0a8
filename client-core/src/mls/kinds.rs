//! What a group's policy says of kinds of devices. Certificates stand in the leaves, so every
//! member sees the same.

use sealwire_protocol::{
    certificate::{DeviceCertificate, DeviceKind},
    policy::{AgentRule, GroupKind, GroupPolicy, GroupRole, LeastRole},
};

use super::Roster;

/// The leaves before and after a commit by a member of role `actor`; `fresh` are those that it
/// puts on or replaces.
pub(super) struct Leaves<'a> {
    pub(super) before: &'a Roster,
    pub(super) after: &'a Roster,
    pub(super) fresh: &'a [DeviceCertificate],
}

/// Checks kinds of devices; groups of version 1 have no such rules.
///
/// 1. All devices of an account are of one kind, which stays while the account is in the group.
/// 2. Agents come in as the old policy says.
/// 3. Beside the two of a direct conversation there are only custodians.
/// 4. While the new policy asks for a custodian, the last one stays.
pub(super) fn check_kinds(
    old: &GroupPolicy,
    new: &GroupPolicy,
    actor: GroupRole,
    leaves: &Leaves<'_>,
) -> Result<(), &'static str> {
    if old.version() == GroupPolicy::VERSION_1 {
        return Ok(());
    }
    for (number, leaf) in leaves.fresh.iter().enumerate() {
        let others = |known: &&DeviceCertificate| known.account() == leaf.account();
        let kept = leaves.before.iter().map(|(_, known)| known).find(others);
        let beside = || leaves.fresh[..number].iter().find(others);
        match kept.or_else(beside) {
            Some(known) if known.kind() != leaf.kind() => {
                return Err("the devices of an account are not of one kind");
            }
            Some(_) => {}
            None => check_newcomer(old, new, actor, leaf)?,
        }
    }
    let goes = has_custodian(leaves.before) && !has_custodian(leaves.after);
    if new.settings().custodian_required && goes {
        return Err("the group requires a custodian, and the last one would go");
    }
    Ok(())
}

fn check_newcomer(
    old: &GroupPolicy,
    new: &GroupPolicy,
    actor: GroupRole,
    leaf: &DeviceCertificate,
) -> Result<(), &'static str> {
    if leaf.kind() == DeviceKind::Agent {
        match old.settings().agents {
            AgentRule::Nobody => return Err("the group does not allow agents"),
            AgentRule::Admins if !actor.is_at_least(LeastRole::Admin) => {
                return Err("only owners and admins may add agents to the group");
            }
            AgentRule::Admins | AgentRule::Anybody => {}
        }
    }
    let reads = new.role_of(leaf.account()) == Some(GroupRole::Reader);
    if new.kind() == GroupKind::Direct && reads && leaf.kind() != DeviceKind::Custodian {
        return Err("a direct conversation has two people, and custodians beside them");
    }
    Ok(())
}

/// Whether a records custodian is in the group.
fn has_custodian(roster: &Roster) -> bool {
    roster
        .iter()
        .any(|(_, leaf)| leaf.kind() == DeviceKind::Custodian)
}

#[cfg(test)]
mod tests;
