//! Mallory is invited as a person, and the relay lets her in as an agent.

use sealwire_core::JoinLink;
use sealwire_core::api::DeviceKind;
use sealwire_tests::mallory::Mallory;
use sealwire_tests::person::quick;
use sealwire_tests::{Person, Stage};
use sqlx::{ConnectOptions as _, Connection as _};

/// A relay that has its own mind about what was invited.
async fn relay_takes_agents(stage: &Stage) {
    let file = stage.relay.data().join("account.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut db = options.connect().await.expect("the relay's database");
    let lie = sqlx::query("UPDATE invitations SET kind = 'agent' WHERE used_by = ''");
    let done = lie.execute(&mut db).await.expect("changed");
    assert_eq!(done.rows_affected(), 1);
    db.close().await.expect("closed");
}

/// Who used which invitation, what for, and whether that is genuine.
async fn seen_by(alice: &Person) -> Vec<(Option<String>, DeviceKind, Option<bool>)> {
    let list = alice.invitations().await.expect("invitations");
    let seen = |made: sealwire_core::api::InvitationInfo| (made.used_by, made.kind, made.genuine);
    list.into_iter().map(seen).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inviter_sees_what_the_relay_made_of_an_invitation() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;

    // Whoever stands between changes Bob's link, and the relay plays along: Bob enrols as an agent.
    let mut link = alice.invitation().await;
    relay_takes_agents(&stage).await;
    link.kind = DeviceKind::Agent;
    let bob = Person::try_enrol(stage.homes(), "bob", &link, quick()).await;
    let bob = bob.expect("the relay lets Bob in");

    // Mallory has the link for a person and says so in the code, but her device is an agent's.
    let link = alice.invitation().await;
    relay_takes_agents(&stage).await;
    let mallory = Mallory::enrol_of_kind(&link, "mallory", DeviceKind::Agent).await;

    // Honest ones, of both kinds.
    let carol = stage.guest(&alice, "carol").await;
    let link = alice.invitation_of(DeviceKind::Agent).await;
    let robot = Person::try_enrol(stage.homes(), "robot", &link, quick()).await;
    let robot = robot.expect("a robot");

    // The newest stands first.
    let user = |handle: String| Some(handle);
    let mut seen = seen_by(&alice).await;
    // The owner's own invitation was made by the relay.
    seen.retain(|(_, _, genuine)| genuine.is_some());
    let (person, agent) = (DeviceKind::Person, DeviceKind::Agent);
    assert_eq!(
        seen,
        [
            (user(robot.handle().to_string()), agent, Some(true)),
            (user(carol.handle().to_string()), person, Some(true)),
            (user("mallory@acme".into()), person, Some(false)),
            (user(bob.handle().to_string()), person, Some(false)),
        ]
    );
    drop(mallory);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_relay_refuses_what_was_not_invited() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let text = alice.invitation().await.to_text().to_string();
    let changed = JoinLink::parse(&format!("{text}&kind=agent")).expect("a link");
    let refused = Person::try_enrol(stage.homes(), "bob", &changed, quick()).await;
    let refused = refused.err().expect("refused");
    assert_eq!(refused.code, "wrong_kind", "{refused}");
    let seen = seen_by(&alice).await;
    assert!(seen.iter().all(|(_, _, genuine)| *genuine != Some(false)));
}
