//! From a wish and the group as it is to the commit that would fulfil it.

use openmls::prelude::{KeyPackage, LeafNodeIndex};
use sealwire_crypto::AccountPublic;
use sealwire_protocol::{
    certificate::{DeviceCertificate, UnverifiedCertificate},
    handle::Handle,
    policy::{Action, GroupPolicy, PolicyError},
};

use super::state::Place;
use crate::{
    core::Core,
    error::{CoreError, ErrorKind, Result},
    mls::{Provider, check_key_package, group_policy},
    store::{Seat, Wish, device_of},
    words::{parse_action, parse_least_role, parse_role},
};

/// What is to be done for a wish.
pub(crate) enum Plan {
    /// It is so already.
    Met,
    /// One commit.
    Commit(Box<Changes>),
}

/// The proposals of one commit.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) adds: Vec<KeyPackage>,
    pub(crate) joiners: Vec<DeviceCertificate>,
    pub(crate) removes: Vec<LeafNodeIndex>,
    pub(crate) policy: Option<GroupPolicy>,
    pub(crate) update: bool,
}

fn not_allowed(what: &str) -> CoreError {
    CoreError::new(
        ErrorKind::Policy,
        "not_allowed",
        format!("your role in this conversation does not allow you to {what}"),
        "ask an owner or admin of the conversation: `sealwire chat member list` shows them",
    )
}

fn bad_policy(error: &PolicyError) -> CoreError {
    CoreError::new(
        ErrorKind::Policy,
        "not_allowed",
        error.to_string(),
        "`sealwire chat show` shows the conversation's members and rules",
    )
}

fn no_member(handle: &str) -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "not_a_member",
        format!("{handle} is not a member of this conversation"),
        "`sealwire chat member list` shows who is",
    )
}

/// Plans the commit for `wish`.
pub(crate) fn plan(
    core: &Core,
    provider: &Provider<'_>,
    place: &Place,
    wish: &Wish,
    seats: &[Seat],
) -> Result<Plan> {
    let policy = group_policy(&place.group).map_err(CoreError::internal)?;
    let own = &core.identity.account;
    let role = policy.role_of(own);
    let allowed = |action: Action| role.is_some_and(|role| policy.may(role, action));
    let mut changes = Changes::default();
    match wish {
        Wish::Add { role: new_role, .. } | Wish::Admit { role: new_role, .. } => {
            let new_role = parse_role(new_role)?;
            seat(core, provider, place, seats, false, &mut changes)?;
            let mut next = policy.clone();
            for joiner in &changes.joiners {
                if policy.role_of(joiner.account()).is_none() {
                    next.set_role(*joiner.account(), new_role)
                        .map_err(|error| bad_policy(&error))?;
                }
            }
            let adds_people = next != policy;
            if adds_people && !allowed(Action::Add) {
                return Err(not_allowed("add people"));
            }
            changes.policy = adds_people.then_some(next);
        }
        Wish::SeatDevice { .. } => seat(core, provider, place, seats, true, &mut changes)?,
        Wish::Remove { handle } => {
            let Some(account) = account_of(place, handle) else {
                return Ok(Plan::Met);
            };
            if !allowed(Action::Remove) {
                return Err(not_allowed("remove people"));
            }
            changes.removes = place.roster.leaves_of(&account);
            let mut next = policy;
            next.remove(&account).map_err(|error| bad_policy(&error))?;
            changes.policy = Some(next);
        }
        Wish::RemoveDevice { device } => {
            let leaf = place.roster.leaf_of(&device_of(device)?);
            changes
                .removes
                .extend(leaf.filter(|leaf| *leaf != place.group.own_leaf_index()));
        }
        Wish::Rename { name } => {
            if !allowed(Action::Rename) {
                return Err(not_allowed("rename it"));
            }
            let mut next = policy.clone();
            next.set_name(name).map_err(|error| bad_policy(&error))?;
            changes.policy = (next != policy).then_some(next);
        }
        Wish::SetRole { handle, role } => {
            let account = account_of(place, handle).ok_or_else(|| no_member(handle))?;
            let mut next = policy.clone();
            next.set_role(account, parse_role(role)?)
                .map_err(|error| bad_policy(&error))?;
            changes.policy = (next != policy).then_some(next);
        }
        Wish::SetPermission { action, role } => {
            let mut next = policy.clone();
            next.set_least(parse_action(action)?, parse_least_role(role)?);
            changes.policy = (next != policy).then_some(next);
        }
        Wish::Set { setting } => {
            let next = setting.apply(&policy)?;
            changes.policy = (next != policy).then_some(next);
        }
        Wish::UpdateLeaf => {
            changes.update = true;
        }
    }
    let nothing = changes.adds.is_empty()
        && changes.removes.is_empty()
        && changes.policy.is_none()
        && !changes.update;
    Ok(if nothing {
        Plan::Met
    } else {
        Plan::Commit(Box::new(changes))
    })
}

/// Adds the devices that have no leaf yet; with `replace`, gives those that have one a fresh one.
fn seat(
    core: &Core,
    provider: &Provider<'_>,
    place: &Place,
    seats: &[Seat],
    replace: bool,
    changes: &mut Changes,
) -> Result<()> {
    for seat in seats {
        let certificate = UnverifiedCertificate::parse(&seat.certificate.0)
            .and_then(UnverifiedCertificate::verify)
            .map_err(CoreError::internal)?;
        let package = check_key_package(provider, &seat.key_package.0, &certificate, core.now_s())?;
        if let Some(leaf) = place.roster.leaf_of(&certificate.device()) {
            let member = place.group.member_at(leaf);
            let fresh = member.is_some_and(|member| {
                *package.leaf_node().encryption_key() == member.encryption_key.into()
            });
            if fresh || !replace || leaf == place.group.own_leaf_index() {
                continue;
            }
            changes.removes.push(leaf);
        }
        changes.adds.push(package);
        changes.joiners.push(certificate);
    }
    Ok(())
}

fn account_of(place: &Place, handle: &str) -> Option<AccountPublic> {
    let handle = Handle::parse(handle).ok()?;
    place
        .roster
        .iter()
        .find(|(_, leaf)| *leaf.handle() == handle)
        .map(|(_, leaf)| *leaf.account())
}
