use openmls::prelude::LeafNodeIndex;
use sealwire_crypto::{AccountKey, DeviceKey, InboxKey, SecretBytes};
use sealwire_protocol::{
    certificate::CertificateBody,
    handle::Handle,
    ids::{ConversationId, DeviceId},
    policy::Settings,
};

use super::*;

fn account(number: u8) -> AccountKey {
    AccountKey::from_seed(&SecretBytes::from_slice(&[number; 32]).expect("32 bytes"))
}

/// The device `device` of the account `number`.
fn leaf(number: u8, device: u8, kind: DeviceKind) -> DeviceCertificate {
    let seed = SecretBytes::from_slice(&[device; 32]).expect("32 bytes");
    CertificateBody {
        handle: Handle::parse(&format!("person{number}@acme")).expect("a handle"),
        account_key: account(number).public(),
        device: DeviceId([device; 16]),
        kind,
        signature_key: DeviceKey::from_seed(&seed).public(),
        inbox_key: InboxKey::from_seed(&seed).public(),
        not_before_s: 1,
        not_after_s: 2,
    }
    .sign(&account(number))
}

fn roster(leaves: &[DeviceCertificate]) -> Roster {
    let mut roster = Roster::default();
    for (number, leaf) in (0..).zip(leaves) {
        let index = LeafNodeIndex::new(number);
        roster.insert(index, leaf.clone()).expect("no conflict");
    }
    roster
}

/// Alice owns, and says who may add agents and whether a custodian is required.
fn policy(agents: AgentRule, custodian_required: bool) -> GroupPolicy {
    let owner = account(1).public();
    let mut policy = GroupPolicy::new(ConversationId([7; 16]), "Plans", owner).expect("a name");
    let settings = Settings {
        agents,
        custodian_required,
        ..policy.settings().clone()
    };
    policy.set_settings(settings).expect("within bounds");
    policy
}

fn adding(
    policy: &GroupPolicy,
    actor: GroupRole,
    before: &[DeviceCertificate],
    fresh: &[DeviceCertificate],
) -> Result<(), &'static str> {
    let (before, after) = (roster(before), roster(&[before, fresh].concat()));
    let leaves = Leaves {
        before: &before,
        after: &after,
        fresh,
    };
    check_kinds(policy, policy, actor, &leaves)
}

use DeviceKind::{Agent, Custodian, Person};
use GroupRole::{Admin, Member, Owner};

#[test]
fn agents_come_in_as_the_policy_says() {
    let alice = [leaf(1, 1, Person)];
    let bot = [leaf(9, 9, Agent)];
    for (rule, allowed) in [
        (AgentRule::Nobody, [false, false, false]),
        (AgentRule::Admins, [true, true, false]),
        (AgentRule::Anybody, [true, true, true]),
    ] {
        let policy = policy(rule, false);
        let outcome =
            [Owner, Admin, Member].map(|role| adding(&policy, role, &alice, &bot).is_ok());
        assert_eq!(outcome, allowed, "{rule:?}");
        // People are no affair of this rule.
        let bob = [leaf(2, 2, Person)];
        assert_eq!(adding(&policy, Member, &alice, &bob), Ok(()));
    }
}

#[test]
fn an_agent_that_is_in_stays_and_may_bring_devices() {
    let before = [leaf(1, 1, Person), leaf(9, 9, Agent)];
    let policy = policy(AgentRule::Nobody, false);
    assert_eq!(
        adding(&policy, Member, &before, &[leaf(9, 10, Agent)]),
        Ok(())
    );
}

#[test]
fn nobody_slips_an_agent_in_under_a_persons_account() {
    let policy = policy(AgentRule::Nobody, false);
    let alice = [leaf(1, 1, Person)];
    let refused = Err("the devices of an account are not of one kind");
    assert_eq!(
        adding(&policy, Owner, &alice, &[leaf(1, 2, Agent)]),
        refused
    );
    let two = [leaf(2, 2, Person), leaf(2, 3, Agent)];
    assert_eq!(adding(&policy, Owner, &alice, &two), refused);
    // Nor does an agent become a person, not even by renewing its leaf.
    let bot = [leaf(9, 9, Agent)];
    let (before, after) = (roster(&bot), roster(&[leaf(9, 9, Person)]));
    let fresh = [leaf(9, 9, Person)];
    let leaves = Leaves {
        before: &before,
        after: &after,
        fresh: &fresh,
    };
    assert_eq!(check_kinds(&policy, &policy, Member, &leaves), refused);
}

#[test]
fn the_last_custodian_stays_while_one_is_required() {
    let (with, without) = (
        [leaf(1, 1, Person), leaf(5, 5, Custodian)],
        [leaf(1, 1, Person)],
    );
    let go = |required: bool, before: &[DeviceCertificate], after: &[DeviceCertificate]| {
        let policy = policy(AgentRule::Admins, required);
        let (before, after) = (roster(before), roster(after));
        let leaves = Leaves {
            before: &before,
            after: &after,
            fresh: &[],
        };
        check_kinds(&policy, &policy, Owner, &leaves).is_ok()
    };
    assert!(!go(true, &with, &without));
    assert!(go(false, &with, &without));
    // Where none is yet, people still come and go.
    assert!(go(true, &without, &without));
    let two = [&with[..], &[leaf(6, 6, Custodian)]].concat();
    assert!(go(true, &two, &with));
}

#[test]
fn beside_two_people_only_custodians_read_along() {
    let (alice, bob) = (account(1).public(), account(2).public());
    let mut policy = GroupPolicy::direct(alice, &bob).expect("two people");
    policy.set_role(bob, Owner).expect("the peer");
    let reader = account(5).public();
    policy
        .set_role(reader, GroupRole::Reader)
        .expect("a reader");
    let before = [leaf(1, 1, Person), leaf(2, 2, Person)];
    assert_eq!(
        adding(&policy, Owner, &before, &[leaf(5, 5, Custodian)]),
        Ok(())
    );
    for kind in [Person, Agent] {
        assert!(adding(&policy, Owner, &before, &[leaf(5, 5, kind)]).is_err());
    }
}

#[test]
fn groups_of_version_1_know_no_kinds() {
    // A name of the first version, without any field of the second.
    let mut bytes = policy(AgentRule::Admins, false).encode();
    let first = bytes.windows(2).position(|pair| pair == [0x40, 0x03]);
    bytes.truncate(first.expect("who may post") + 2);
    bytes[1] = 1;
    let old = GroupPolicy::parse(&bytes).expect("version 1");
    assert_eq!(old.version(), 1);
    let alice = [leaf(1, 1, Person)];
    assert_eq!(adding(&old, Member, &alice, &[leaf(9, 9, Agent)]), Ok(()));
}
