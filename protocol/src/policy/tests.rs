use proptest::prelude::*;
use sealwire_crypto::AccountKey;

use super::*;
use crate::testing::{anything, damaged, hex, secret};

mod direct;
mod settings;

fn person(number: u8) -> AccountPublic {
    AccountKey::from_seed(&secret(number)).public()
}

fn alice() -> AccountPublic {
    person(1)
}

fn bob() -> AccountPublic {
    person(2)
}

fn mallory() -> AccountPublic {
    person(3)
}

fn carol() -> AccountPublic {
    person(4)
}

/// Alice owns, Bob is admin, Mallory is a member.
fn plans() -> GroupPolicy {
    let mut policy = GroupPolicy::new(ConversationId([7; 16]), "Plans", alice()).expect("a name");
    policy.set_role(bob(), GroupRole::Admin).expect("room");
    policy.set_role(mallory(), GroupRole::Member).expect("room");
    policy
}

fn changed(change: impl FnOnce(&mut GroupPolicy)) -> GroupPolicy {
    let mut policy = plans();
    change(&mut policy);
    policy
}

fn check(
    new: &GroupPolicy,
    actor: AccountPublic,
    added: &[AccountPublic],
    removed: &[AccountPublic],
) -> Result<(), PolicyViolation> {
    check_change(&plans(), new, &actor, added, removed, &[])
}

#[test]
fn the_bytes_of_a_policy_stay() {
    insta::assert_snapshot!(hex(&plans().encode()));
}

#[test]
fn a_policy_reads_back() {
    assert_eq!(GroupPolicy::parse(&plans().encode()), Ok(plans()));
    assert_eq!(plans().role_of(&bob()), Some(GroupRole::Admin));
    assert_eq!(plans().role_of(&carol()), None);
    assert_eq!(plans().members().len(), 3);
}

#[test]
fn a_new_group_has_sensible_rules() {
    let policy = plans();
    use GroupRole::{Admin, Member, Owner, Reader};
    for action in [Action::Add, Action::Remove, Action::Rename] {
        let may = [Owner, Admin, Member, Reader].map(|role| policy.may(role, action));
        assert_eq!(may, [true, true, false, false], "{action:?}");
    }
    let may_post = [Owner, Admin, Member, Reader].map(|role| policy.may(role, Action::Post));
    assert_eq!(may_post, [true, true, true, false]);
    let quiet = changed(|policy| policy.set_least(Action::Post, LeastRole::Admin));
    assert!(!quiet.may(Member, Action::Post) && quiet.may(Admin, Action::Post));
}

#[test]
fn names_are_normalised_and_bounded() {
    let mut policy = plans();
    policy.set_name("Cafe\u{301}").expect("a name");
    assert_eq!(policy.name(), "Caf\u{e9}");
    policy.set_name("").expect("no name");
    policy.set_name(&"x".repeat(256)).expect("the longest");
    for bad in ["x".repeat(257), "a\nb".into(), "\u{85}".into()] {
        assert_eq!(policy.set_name(&bad), Err(PolicyError::Name), "{bad:?}");
    }
    assert_eq!(policy.name().len(), 256);
}

#[test]
fn the_last_owner_stays() {
    let mut policy = plans();
    assert_eq!(policy.remove(&alice()), Err(PolicyError::NoOwner));
    assert_eq!(
        policy.set_role(alice(), GroupRole::Admin),
        Err(PolicyError::NoOwner)
    );
    policy
        .set_role(bob(), GroupRole::Owner)
        .expect("two owners");
    assert_eq!(policy.remove(&alice()), Ok(()));
    assert_eq!(policy.remove(&carol()), Err(PolicyError::NotAMember));
}

#[test]
fn a_newer_version_is_undecided_and_not_malformed() {
    let mut newer = plans().encode();
    newer[1] = 3;
    assert_eq!(
        GroupPolicy::parse(&newer),
        Err(PolicyError::UnknownVersion(3))
    );
    newer.extend_from_slice(&[0xaa, 1, 1, b'x']);
    assert_eq!(
        GroupPolicy::parse(&newer),
        Err(PolicyError::UnknownVersion(3))
    );
    let extended = [&plans().encode()[..], &[0xaa, 1, 1, b'x']].concat();
    assert_eq!(GroupPolicy::parse(&extended), Err(PolicyError::Malformed));
    let mut none = plans().encode();
    none.drain(..2);
    assert_eq!(GroupPolicy::parse(&none), Err(PolicyError::Malformed));
}

#[test]
fn members_stand_in_order_and_once() {
    let bytes = plans().encode();
    let member = 4 + 34; // tag, length, key, role
    let first = bytes
        .iter()
        .position(|byte| *byte == 0x22)
        .expect("a member");
    let (one, two) = (first..first + member, first + member..first + 2 * member);
    let swapped = [
        &bytes[..first],
        &bytes[two.clone()],
        &bytes[one.clone()],
        &bytes[two.end..],
    ]
    .concat();
    assert_eq!(GroupPolicy::parse(&swapped), Err(PolicyError::Malformed));
    let twice = [&bytes[..one.end], &bytes[one.clone()], &bytes[one.end..]].concat();
    assert_eq!(GroupPolicy::parse(&twice), Err(PolicyError::Malformed));
    let ownerless = bytes.iter().enumerate().map(|(at, byte)| {
        let role = (0..3).any(|i| at + 1 == first + (i + 1) * member);
        if role { 3 } else { *byte }
    });
    assert_eq!(
        GroupPolicy::parse(&ownerless.collect::<Vec<_>>()),
        Err(PolicyError::NoOwner)
    );
}

#[test]
fn bob_the_admin_adds_and_removes_members_and_readers() {
    for role in [GroupRole::Member, GroupRole::Reader] {
        let with_carol = changed(|policy| policy.set_role(carol(), role).expect("room"));
        assert_eq!(check(&with_carol, bob(), &[carol()], &[]), Ok(()));
    }
    let without = changed(|policy| policy.remove(&mallory()).expect("a member"));
    assert_eq!(check(&without, bob(), &[], &[mallory()]), Ok(()));
    let swap = changed(|policy| {
        policy.remove(&mallory()).expect("a member");
        policy.set_role(carol(), GroupRole::Member).expect("room");
    });
    assert_eq!(check(&swap, bob(), &[carol()], &[mallory()]), Ok(()));
}

#[test]
fn only_alice_the_owner_touches_owners_and_admins() {
    for role in [GroupRole::Owner, GroupRole::Admin] {
        let with_carol = changed(|policy| policy.set_role(carol(), role).expect("room"));
        let added = [carol()];
        assert_eq!(check(&with_carol, alice(), &added, &[]), Ok(()));
        assert_eq!(
            check(&with_carol, bob(), &added, &[]),
            Err(PolicyViolation::OwnerOnly(carol()))
        );
        let promoted = changed(|policy| policy.set_role(mallory(), role).expect("room"));
        assert_eq!(check(&promoted, alice(), &[], &[]), Ok(()));
        for actor in [bob(), mallory()] {
            assert_eq!(
                check(&promoted, actor, &[], &[]),
                Err(PolicyViolation::OwnerOnly(mallory()))
            );
        }
    }
    let without_bob = changed(|policy| policy.remove(&bob()).expect("an admin"));
    assert_eq!(check(&without_bob, alice(), &[], &[bob()]), Ok(()));
    assert_eq!(
        check(&without_bob, bob(), &[], &[bob()]),
        Err(PolicyViolation::OwnerOnly(bob()))
    );
    let demoted = changed(|policy| policy.set_role(bob(), GroupRole::Member).expect("room"));
    assert_eq!(
        check(&demoted, mallory(), &[], &[]),
        Err(PolicyViolation::OwnerOnly(bob()))
    );
}

#[test]
fn admins_make_readers_of_members_and_members_do_not() {
    let silenced = changed(|policy| policy.set_role(mallory(), GroupRole::Reader).expect("room"));
    assert_eq!(check(&silenced, bob(), &[], &[]), Ok(()));
    assert_eq!(
        check(&silenced, mallory(), &[], &[]),
        Err(PolicyViolation::Role(mallory()))
    );
}

#[test]
fn mallory_the_member_may_do_nothing_by_default() {
    let with_carol = changed(|policy| policy.set_role(carol(), GroupRole::Member).expect("room"));
    assert_eq!(
        check(&with_carol, mallory(), &[carol()], &[]),
        Err(PolicyViolation::NotAllowed(Action::Add))
    );
    let without = changed(|policy| policy.remove(&mallory()).expect("a member"));
    assert_eq!(
        check(&without, mallory(), &[], &[mallory()]),
        Err(PolicyViolation::NotAllowed(Action::Remove))
    );
    let renamed = changed(|policy| policy.set_name("Mine").expect("a name"));
    assert_eq!(
        check(&renamed, mallory(), &[], &[]),
        Err(PolicyViolation::NotAllowed(Action::Rename))
    );
    assert_eq!(check(&renamed, bob(), &[], &[]), Ok(()));
    assert_eq!(check(&plans(), mallory(), &[], &[]), Ok(()));
}

#[test]
fn the_rules_of_the_old_policy_count() {
    let open = changed(|policy| policy.set_least(Action::Add, LeastRole::Member));
    let mut new = open.clone();
    new.set_role(carol(), GroupRole::Member).expect("room");
    let add = |old: &GroupPolicy| check_change(old, &new, &mallory(), &[carol()], &[], &[]);
    assert_eq!(add(&open), Ok(()));
    // Mallory cannot widen her rights and use them in one commit.
    assert_eq!(add(&plans()), Err(PolicyViolation::NotAllowed(Action::Add)));
}

#[test]
fn only_owners_change_the_rules() {
    for action in Action::ALL {
        let new = changed(|policy| policy.set_least(action, LeastRole::Owner));
        assert_eq!(check(&new, alice(), &[], &[]), Ok(()));
        assert_eq!(check(&new, bob(), &[], &[]), Err(PolicyViolation::Rules));
    }
}

#[test]
fn anybody_removes_who_asked_to_leave() {
    let without_bob = changed(|policy| policy.remove(&bob()).expect("an admin"));
    let remove = |leaving: &[AccountPublic]| {
        check_change(&plans(), &without_bob, &mallory(), &[], &[bob()], leaving)
    };
    assert_eq!(remove(&[bob()]), Ok(()));
    assert_eq!(
        remove(&[carol()]),
        Err(PolicyViolation::NotAllowed(Action::Remove))
    );
}

#[test]
fn policy_and_leaves_change_together() {
    let with_carol = changed(|policy| policy.set_role(carol(), GroupRole::Member).expect("room"));
    let members = |who| Err(PolicyViolation::Members(who));
    let accounts = |who| Err(PolicyViolation::Accounts(who));
    assert_eq!(check(&with_carol, alice(), &[], &[]), members(carol()));
    assert_eq!(check(&plans(), alice(), &[carol()], &[]), members(carol()));
    assert_eq!(
        check(&plans(), alice(), &[], &[mallory()]),
        members(mallory())
    );
    assert_eq!(check(&plans(), alice(), &[bob()], &[]), accounts(bob()));
    assert_eq!(check(&plans(), alice(), &[], &[carol()]), accounts(carol()));
    assert_eq!(
        check(&with_carol, alice(), &[carol(), carol()], &[]),
        accounts(carol())
    );
    // Removing and adding an account in one commit would slip its role past the rules.
    assert_eq!(
        check(&plans(), alice(), &[bob()], &[bob()]),
        accounts(bob())
    );
}

#[test]
fn strangers_and_other_conversations_change_nothing() {
    assert_eq!(
        check(&plans(), carol(), &[], &[]),
        Err(PolicyViolation::ActorUnknown)
    );
    let other = GroupPolicy {
        conversation: ConversationId([8; 16]),
        ..plans()
    };
    assert_eq!(
        check(&other, alice(), &[], &[]),
        Err(PolicyViolation::Conversation)
    );
}

fn any_role() -> impl Strategy<Value = GroupRole> {
    (1u32..5).prop_map(|role| GroupRole::from_wire(role).expect("1 to 4"))
}

prop_compose! {
    /// Alice owns; up to five others, some of them without a role.
    fn any_policy()(
        name in "[a-z]{0,4}",
        others in prop::collection::vec(prop::option::of(any_role()), 5),
        least in prop::array::uniform8(1u32..4),
        settings in settings::any_settings(),
    ) -> GroupPolicy {
        let mut policy = GroupPolicy::new(ConversationId([7; 16]), &name, alice()).expect("a name");
        for (number, role) in (2..).zip(others) {
            if let Some(role) = role {
                policy.set_role(person(number), role).expect("room");
            }
        }
        for (action, least) in Action::ALL.into_iter().zip(least) {
            policy.set_least(action, LeastRole::from_wire(least).expect("1 to 3"));
        }
        policy.set_settings(settings).expect("settings within bounds");
        policy
    }
}

fn difference(from: &GroupPolicy, to: &GroupPolicy) -> Vec<AccountPublic> {
    let missing = |account: &&AccountPublic| from.role_of(account).is_none();
    to.members()
        .map(|(key, _)| key)
        .filter(missing)
        .copied()
        .collect()
}

proptest! {
    #[test]
    fn every_policy_reads_back(policy in any_policy()) {
        prop_assert_eq!(GroupPolicy::parse(&policy.encode()), Ok(policy));
    }

    #[test]
    fn any_bytes_are_canonical_or_refused(bytes in anything(300)) {
        if let Ok(policy) = GroupPolicy::parse(&bytes) {
            prop_assert_eq!(policy.encode(), bytes);
        }
    }

    #[test]
    fn damaged_bytes_are_canonical_or_refused(bytes in damaged(plans().encode())) {
        if let Ok(policy) = GroupPolicy::parse(&bytes) {
            prop_assert_eq!(policy.encode(), bytes);
        }
    }

    #[test]
    fn owners_may_make_any_consistent_change(old in any_policy(), new in any_policy()) {
        let (added, removed) = (difference(&old, &new), difference(&new, &old));
        prop_assert_eq!(check_change(&old, &new, &alice(), &added, &removed, &[]), Ok(()));
    }

    #[test]
    fn nobody_but_owners_changes_owners_admins_or_rules(
        old in any_policy(),
        new in any_policy(),
        actor in 2u8..7,
    ) {
        let actor = person(actor);
        let (added, removed) = (difference(&old, &new), difference(&new, &old));
        let allowed = check_change(&old, &new, &actor, &added, &removed, &[]).is_ok();
        if allowed && old.role_of(&actor) != Some(GroupRole::Owner) {
            let high = |policy: &GroupPolicy| -> Vec<_> {
                policy
                    .members()
                    .filter(|(_, role)| matches!(role, GroupRole::Owner | GroupRole::Admin))
                    .map(|(key, role)| (*key, role))
                    .collect()
            };
            prop_assert_eq!(high(&old), high(&new));
            prop_assert_eq!(old.least, new.least);
            prop_assert_eq!(old.kind(), new.kind());
            prop_assert_eq!(old.settings().retention_s, new.settings().retention_s);
            prop_assert_eq!(old.settings().agents, new.settings().agents);
        }
    }
}
