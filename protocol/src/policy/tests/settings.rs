//! What version 2 added, and how both versions stand beside each other.

use super::*;

prop_compose! {
    /// Anything but a direct conversation.
    pub(super) fn any_settings()(
        announcement in any::<bool>(),
        topic in "[a-z\n]{0,8}",
        avatar in any::<bool>(),
        retention_s in prop_oneof![Just(0), RETENTION_S.0..=RETENTION_S.1],
        timer_s in prop_oneof![Just(0), TIMER_S.0..=TIMER_S.1],
        custodian_required in any::<bool>(),
        agents in 0u32..3,
        receipts_allowed in any::<bool>(),
    ) -> Settings {
        Settings {
            kind: if announcement { GroupKind::Announcement } else { GroupKind::Group },
            topic,
            avatar: if avatar { picture() } else { Avatar::none() },
            retention_s,
            timer_s,
            custodian_required,
            agents: AgentRule::from_wire(agents).expect("0 to 2"),
            receipts_allowed,
        }
    }
}

fn picture() -> Avatar {
    Avatar::new(b"\x89PNG\r\n\x1a\n and pixels".to_vec()).expect("a picture")
}

/// As a program of version 1 wrote it.
pub(super) fn old_plans() -> GroupPolicy {
    let mut old = plans();
    old.version = GroupPolicy::VERSION_1;
    old.settings = Settings::of_version_1();
    old
}

fn set(policy: &GroupPolicy, change: impl FnOnce(&mut Settings)) -> GroupPolicy {
    let mut new = policy.clone();
    let mut settings = new.settings().clone();
    change(&mut settings);
    new.set_settings(settings).expect("within bounds");
    new
}

#[test]
fn the_bytes_of_all_settings_stay() {
    let full = set(&plans(), |settings| {
        *settings = Settings {
            kind: GroupKind::Announcement,
            topic: "What we plan\nand when".into(),
            avatar: picture(),
            retention_s: 86_400,
            timer_s: 30,
            custodian_required: true,
            agents: AgentRule::Anybody,
            receipts_allowed: false,
        };
    });
    insta::assert_snapshot!(hex(&full.encode()));
    assert_eq!(GroupPolicy::parse(&full.encode()), Ok(full));
}

#[test]
fn version_1_is_read_and_kept_until_it_does_not_suffice() {
    let mut old = old_plans();
    insta::assert_snapshot!(hex(&old.encode()));
    assert_eq!(GroupPolicy::parse(&old.encode()), Ok(old.clone()));
    assert_eq!(old.settings().agents, AgentRule::Anybody);
    old.set_name("Lunch").expect("a name");
    old.set_least(Action::Post, LeastRole::Admin);
    old.set_settings(Settings::of_version_1())
        .expect("the same");
    assert_eq!(old.version(), 1);
    let newer = set(&old, |settings| settings.timer_s = 60);
    assert_eq!(newer.version(), 2);
    old.set_least(Action::Delete, LeastRole::Member);
    assert_eq!(old.version(), 2);
}

#[test]
fn version_1_has_no_fields_of_version_2() {
    let mut newer = plans().encode();
    newer[1] = 1;
    assert_eq!(GroupPolicy::parse(&newer), Err(PolicyError::Malformed));
    let mut older = old_plans().encode();
    older[1] = 2;
    assert_eq!(GroupPolicy::parse(&older), Err(PolicyError::Malformed));
}

#[test]
fn only_alice_the_owner_brings_in_version_2_and_nobody_goes_back() {
    let (old, new) = (old_plans(), set(&old_plans(), |s| s.topic = "Plans".into()));
    let check = |old, new, actor| check_change(old, new, &actor, &[], &[], &[]);
    assert_eq!(check(&old, &new, alice()), Ok(()));
    assert_eq!(check(&old, &new, bob()), Err(PolicyViolation::Newer));
    for actor in [alice(), bob()] {
        assert_eq!(check(&new, &old, actor), Err(PolicyViolation::Older));
    }
}

#[test]
fn values_have_bounds() {
    let mut policy = plans();
    let mut refuse = |change: &dyn Fn(&mut Settings), error| {
        let mut settings = plans().settings().clone();
        change(&mut settings);
        assert_eq!(policy.set_settings(settings), Err(error));
        assert_eq!(policy, plans());
    };
    refuse(&|s| s.topic = "x".repeat(1_025), PolicyError::Topic);
    refuse(&|s| s.topic = "a\tb".into(), PolicyError::Topic);
    for bad in [1, 86_399, 315_360_001] {
        refuse(&|s| s.retention_s = bad, PolicyError::Retention);
    }
    for bad in [1, 29, 2_419_201] {
        refuse(&|s| s.timer_s = bad, PolicyError::Timer);
    }
    refuse(&|s| s.kind = GroupKind::Direct, PolicyError::Direct);
    let longest = set(&plans(), |s| s.topic = "e\u{301}".repeat(512));
    assert_eq!(longest.settings().topic, "\u{e9}".repeat(512));
}

#[test]
fn a_picture_is_small_and_of_a_known_kind() {
    for good in [&b"\xff\xd8\xff\xe0"[..], b"RIFF\x01\0\0\0WEBPVP8 ", b""] {
        assert!(Avatar::new(good.to_vec()).is_ok(), "{good:?}");
    }
    let mut large = picture().as_bytes().to_vec();
    large.resize(MAX_AVATAR, 0);
    assert!(Avatar::new(large.clone()).is_ok());
    large.push(0);
    for bad in [
        &large[..],
        b"<svg/>",
        b"GIF89a",
        b"RIFF\x01\0\0\0WAVE",
        b"\x89PNG",
    ] {
        assert_eq!(Avatar::new(bad.to_vec()), Err(PolicyError::Avatar));
    }
}

#[test]
fn admins_describe_and_time_and_members_do_not() {
    for (new, action) in [
        (
            set(&plans(), |s| s.topic = "Plans".into()),
            Action::Describe,
        ),
        (set(&plans(), |s| s.avatar = picture()), Action::Describe),
        (set(&plans(), |s| s.timer_s = 60), Action::Timer),
    ] {
        assert_eq!(check(&new, bob(), &[], &[]), Ok(()));
        let refused = Err(PolicyViolation::NotAllowed(action));
        assert_eq!(check(&new, mallory(), &[], &[]), refused);
        let mut open = plans();
        open.set_least(action, LeastRole::Member);
        let mut new = new;
        new.set_least(action, LeastRole::Member);
        assert_eq!(check_change(&open, &new, &mallory(), &[], &[], &[]), Ok(()));
    }
}

#[test]
fn only_owners_change_what_all_agreed_on() {
    let (kind, agreement) = (PolicyViolation::Kind, PolicyViolation::Agreement);
    for (new, refused) in [
        (set(&plans(), |s| s.kind = GroupKind::Announcement), kind),
        (set(&plans(), |s| s.retention_s = 86_400), agreement),
        (set(&plans(), |s| s.custodian_required = true), agreement),
        (set(&plans(), |s| s.agents = AgentRule::Anybody), agreement),
        (set(&plans(), |s| s.receipts_allowed = false), agreement),
    ] {
        assert_eq!(check(&new, alice(), &[], &[]), Ok(()));
        for actor in [bob(), mallory()] {
            assert_eq!(check(&new, actor, &[], &[]), Err(refused));
        }
    }
}

#[test]
fn in_an_announcement_group_members_react_and_admins_write() {
    use GroupRole::{Admin, Member, Owner, Reader};
    let news = set(&plans(), |s| s.kind = GroupKind::Announcement);
    let roles = [Owner, Admin, Member, Reader];
    let may_post = roles.map(|role| news.may(role, Action::Post));
    assert_eq!(may_post, [true, true, false, false]);
    assert_eq!(
        roles.map(|role| news.may_react(role)),
        [true, true, true, false]
    );
    // Back to a group, the rule that was set before holds again.
    let group = set(&news, |s| s.kind = GroupKind::Group);
    assert!(group.may(Member, Action::Post));
    assert_eq!(group, plans());
}

proptest! {
    #[test]
    fn whoever_may_not_describe_or_time_changes_neither(
        old in any_policy(),
        new in any_settings(),
        actor in 2u8..7,
    ) {
        let actor = person(actor);
        let Some(role) = old.role_of(&actor) else { return Ok(()) };
        let mut next = old.clone();
        next.set_settings(new).expect("within bounds");
        if check_change(&old, &next, &actor, &[], &[], &[]).is_ok() {
            let (before, after) = (old.settings(), next.settings());
            prop_assert!(before.topic == after.topic || old.may(role, Action::Describe));
            prop_assert!(before.avatar == after.avatar || old.may(role, Action::Describe));
            prop_assert!(before.timer_s == after.timer_s || old.may(role, Action::Timer));
        }
    }
}
