//! Who may change what.

use std::collections::BTreeSet;

use sealwire_crypto::AccountPublic;

use super::{Action, GroupKind, GroupPolicy, GroupRole, Settings};

/// Why a change of a group is not allowed. A commit that makes it is invalid for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyViolation {
    /// Whoever makes the change is not in the group.
    #[error("the account that makes the change is not in the group")]
    ActorUnknown,
    /// The conversation id never changes.
    #[error("the conversation of a group never changes")]
    Conversation,
    /// An account is added that is in the group, removed that is not, or named twice.
    #[error("account {0} cannot be added or removed here")]
    Accounts(AccountPublic),
    /// The new policy's accounts are not the old ones with those added and without those removed.
    #[error("the new policy does not say the same of account {0} as the change of members")]
    Members(AccountPublic),
    /// The role may not do this.
    #[error("this role may not {0:?}")]
    NotAllowed(Action),
    /// Only owners make, change and remove owners and admins.
    #[error("only an owner may change, add or remove the owner or admin {0}")]
    OwnerOnly(AccountPublic),
    /// Only owners and admins change roles.
    #[error("only owners and admins change the role of {0}")]
    Role(AccountPublic),
    /// Only owners change what roles may do.
    #[error("only an owner may change what roles may do")]
    Rules,
    /// Only owners bring in a newer version.
    #[error("only an owner may bring in a newer policy")]
    Newer,
    /// A policy never goes back to an older version.
    #[error("a policy never goes back to an older version")]
    Older,
    /// Only owners turn a group into an announcement group or back; a direct conversation stays.
    #[error("only an owner may turn a group into another kind, and a direct conversation stays")]
    Kind,
    /// Only owners change retention, agents, receipts and whether a custodian is required.
    #[error("only an owner may change retention, agents, receipts and custodians")]
    Agreement,
}

/// Checks a change of a group by `actor` from `old` to `new`, which adds and removes these
/// accounts (an account is added with its first leaf and removed with its last). `leaving` are
/// accounts that asked to leave: anybody may remove those.
///
/// A function of its arguments alone, so that all members agree:
///
/// 1. The conversation stays; the accounts of `new` are those of `old`, with `added`, without
///    `removed`.
/// 2. Adding, removing and renaming need the role that `old` asks for.
/// 3. Only an owner adds, removes, makes or unmakes an owner or admin.
/// 4. Only owners and admins change a member to reader or back.
/// 5. Only an owner changes what roles may do, retention, agents, receipts and custodians.
/// 6. Topic and picture, and the timer, need the role that `old` asks for.
/// 7. Only an owner turns a group into an announcement group or back; a direct conversation stays
///    one with the roles it has, and nothing becomes one.
/// 8. Only an owner brings in a newer version, and none goes back to an older one.
///
/// That an owner remains is a rule of [`GroupPolicy`] itself. Leaves of accounts that stay are not
/// judged here: the caller lets an account add and remove leaves of its own only.
///
/// # Errors
/// [`PolicyViolation`] names the first rule that is broken.
pub fn check_change(
    old: &GroupPolicy,
    new: &GroupPolicy,
    actor: &AccountPublic,
    added: &[AccountPublic],
    removed: &[AccountPublic],
    leaving: &[AccountPublic],
) -> Result<(), PolicyViolation> {
    let role = old.role_of(actor).ok_or(PolicyViolation::ActorUnknown)?;
    if old.conversation() != new.conversation() {
        return Err(PolicyViolation::Conversation);
    }
    check_version(old, new, role)?;
    check_accounts(old, new, added, removed)?;
    for account in added {
        let target = new
            .role_of(account)
            .ok_or(PolicyViolation::Members(*account))?;
        check_touch(old, role, account, target, Action::Add)?;
    }
    for account in removed.iter().filter(|account| !leaving.contains(account)) {
        let target = old
            .role_of(account)
            .ok_or(PolicyViolation::Members(*account))?;
        check_touch(old, role, account, target, Action::Remove)?;
    }
    for (account, before) in old.members() {
        if let Some(after) = new.role_of(account).filter(|after| *after != before) {
            if old.kind() == GroupKind::Direct {
                return Err(PolicyViolation::Kind);
            }
            check_role_change(role, account, before, after)?;
        }
    }
    if old.name() != new.name() && !old.may(role, Action::Rename) {
        return Err(PolicyViolation::NotAllowed(Action::Rename));
    }
    let same_rules = Action::ALL
        .iter()
        .all(|action| old.least[*action as usize] == new.least[*action as usize]);
    if !same_rules && role != GroupRole::Owner {
        return Err(PolicyViolation::Rules);
    }
    check_settings(old, new, role)
}

const fn check_version(
    old: &GroupPolicy,
    new: &GroupPolicy,
    role: GroupRole,
) -> Result<(), PolicyViolation> {
    if new.version < old.version {
        return Err(PolicyViolation::Older);
    }
    if new.version > old.version && !matches!(role, GroupRole::Owner) {
        return Err(PolicyViolation::Newer);
    }
    Ok(())
}

fn check_settings(
    old: &GroupPolicy,
    new: &GroupPolicy,
    role: GroupRole,
) -> Result<(), PolicyViolation> {
    let (before, after) = (&old.settings, &new.settings);
    let owner = role == GroupRole::Owner;
    if before.kind != after.kind {
        let direct = before.kind == GroupKind::Direct || after.kind == GroupKind::Direct;
        if direct || !owner {
            return Err(PolicyViolation::Kind);
        }
    }
    let described = (&before.topic, &before.avatar) != (&after.topic, &after.avatar);
    for (changed, action) in [
        (described, Action::Describe),
        (before.timer_s != after.timer_s, Action::Timer),
    ] {
        if changed && !old.may(role, action) {
            return Err(PolicyViolation::NotAllowed(action));
        }
    }
    let agreement = |settings: &Settings| {
        (
            settings.retention_s,
            settings.custodian_required,
            settings.agents,
            settings.receipts_allowed,
        )
    };
    if agreement(before) != agreement(after) && !owner {
        return Err(PolicyViolation::Agreement);
    }
    Ok(())
}

/// `new` must hold the accounts of `old` plus `added` minus `removed`, each named once.
fn check_accounts(
    old: &GroupPolicy,
    new: &GroupPolicy,
    added: &[AccountPublic],
    removed: &[AccountPublic],
) -> Result<(), PolicyViolation> {
    let mut expected: BTreeSet<AccountPublic> = old.members().map(|(key, _)| *key).collect();
    for account in removed {
        if !expected.remove(account) {
            return Err(PolicyViolation::Accounts(*account));
        }
    }
    for account in added {
        if old.role_of(account).is_some() || !expected.insert(*account) {
            return Err(PolicyViolation::Accounts(*account));
        }
    }
    let found: BTreeSet<AccountPublic> = new.members().map(|(key, _)| *key).collect();
    match expected.symmetric_difference(&found).next() {
        None => Ok(()),
        Some(account) => Err(PolicyViolation::Members(*account)),
    }
}

/// Whether `role` may add or remove an account of role `target`.
fn check_touch(
    old: &GroupPolicy,
    role: GroupRole,
    account: &AccountPublic,
    target: GroupRole,
    action: Action,
) -> Result<(), PolicyViolation> {
    if !old.may(role, action) {
        return Err(PolicyViolation::NotAllowed(action));
    }
    if role != GroupRole::Owner && is_high(target) {
        return Err(PolicyViolation::OwnerOnly(*account));
    }
    Ok(())
}

fn check_role_change(
    role: GroupRole,
    account: &AccountPublic,
    before: GroupRole,
    after: GroupRole,
) -> Result<(), PolicyViolation> {
    match role {
        GroupRole::Owner => Ok(()),
        _ if is_high(before) || is_high(after) => Err(PolicyViolation::OwnerOnly(*account)),
        GroupRole::Admin => Ok(()),
        GroupRole::Member | GroupRole::Reader => Err(PolicyViolation::Role(*account)),
    }
}

const fn is_high(role: GroupRole) -> bool {
    matches!(role, GroupRole::Owner | GroupRole::Admin)
}
