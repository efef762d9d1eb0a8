//! Conversations of two.

use super::*;

fn both() -> GroupPolicy {
    let mut policy = GroupPolicy::direct(alice(), &bob()).expect("two people");
    policy.set_role(bob(), GroupRole::Owner).expect("the peer");
    policy
}

#[test]
fn a_pair_has_one_conversation_from_both_sides() {
    let id = ConversationId::direct(&alice(), &bob());
    insta::assert_snapshot!(id);
    assert_eq!(id, ConversationId::direct(&bob(), &alice()));
    assert_ne!(id, ConversationId::direct(&alice(), &carol()));
    assert!(id.is_direct());
    assert!(!plans().conversation().is_direct());
    assert_eq!(both().conversation(), id);
}

#[test]
fn it_holds_the_two_and_who_reads_along_openly() {
    let mut policy = both();
    assert_eq!(GroupPolicy::parse(&policy.encode()), Ok(policy.clone()));
    for role in [GroupRole::Owner, GroupRole::Admin, GroupRole::Member] {
        assert_eq!(policy.set_role(carol(), role), Err(PolicyError::Direct));
        assert_eq!(policy, both());
    }
    assert_eq!(
        policy.set_role(bob(), GroupRole::Reader),
        Ok(()),
        "then Alice is alone, as before Bob came"
    );
    let mut policy = both();
    policy
        .set_role(carol(), GroupRole::Reader)
        .expect("a custodian");
    assert_eq!(GroupPolicy::parse(&policy.encode()), Ok(policy.clone()));
}

#[test]
fn nobody_else_takes_the_peers_place() {
    let mut alone = GroupPolicy::direct(alice(), &bob()).expect("two people");
    assert_eq!(
        alone.set_role(mallory(), GroupRole::Owner),
        Err(PolicyError::Direct)
    );
    let mut forged = both();
    forged.conversation = ConversationId::direct(&alice(), &mallory());
    assert_eq!(
        GroupPolicy::parse(&forged.encode()),
        Err(PolicyError::Direct)
    );
    assert_eq!(
        GroupPolicy::direct(alice(), &alice()),
        Err(PolicyError::Direct)
    );
}

#[test]
fn it_has_no_name_and_stays_direct() {
    let mut policy = both();
    assert_eq!(policy.set_name("Us"), Err(PolicyError::Direct));
    for change in [
        |s: &mut Settings| s.topic = "Us".into(),
        |s: &mut Settings| s.avatar = Avatar::new(b"\xff\xd8\xff".to_vec()).expect("a picture"),
    ] {
        let mut settings = policy.settings().clone();
        change(&mut settings);
        assert_eq!(policy.set_settings(settings), Err(PolicyError::Direct));
    }
    let mut group = both();
    let settings = Settings::new(GroupKind::Group);
    group.set_settings(settings).expect("within bounds");
    let change = check_change(&both(), &group, &alice(), &[], &[], &[]);
    assert_eq!(change, Err(PolicyViolation::Kind));
}

#[test]
fn both_set_the_timer_and_either_may_be_taken_out() {
    let mut timed = both();
    let mut settings = timed.settings().clone();
    settings.timer_s = 3_600;
    timed.set_settings(settings).expect("within bounds");
    let mut without = both();
    without.remove(&alice()).expect("Bob stays");
    for actor in [alice(), bob()] {
        assert_eq!(check_change(&both(), &timed, &actor, &[], &[], &[]), Ok(()));
    }
    let left = check_change(&both(), &without, &bob(), &[], &[alice()], &[]);
    assert_eq!(left, Ok(()));
}
