//! What goes wrong at the door is said with a code, in words, and with a next step.

use sealwire_core::{Client, CoreError, ErrorKind};
use sealwire_protocol::link::TlsMode;
use sealwire_tests::Stage;
use sealwire_tests::person::{Person, passphrase, quick};
use zeroize::Zeroizing;

fn says(error: &CoreError, kind: ErrorKind, code: &str) {
    assert_eq!((error.kind, error.code), (kind, code), "{error}");
    assert!(!error.message.is_empty());
    assert!(!error.hint.is_empty(), "no next step in {code}: {error}");
}

async fn refused(stage: &Stage, name: &str, link: &sealwire_core::JoinLink) -> CoreError {
    let enrolled = Person::try_enrol(stage.homes(), name, link, quick()).await;
    let error = enrolled.err().expect("an enrolment that is refused");
    assert!(
        !Client::exists(&stage.homes().join(name)),
        "a profile was left behind"
    );
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_relay_certificate() {
    let stage = Stage::set_in_memory().await;
    let mut link = stage.relay.owner_link();
    link.tls = TlsMode::Pinned([7; 32]);
    let error = refused(&stage, "alice", &link).await;
    says(&error, ErrorKind::Untrusted, "relay_certificate");

    // The invitation was not spent on the impostor.
    stage.owner("alice").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_invitation() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let link = alice.invitation().await;
    let bob = Person::try_enrol(stage.homes(), "bob", &link, quick()).await;
    assert!(bob.is_ok(), "the first use");
    let error = refused(&stage, "carol", &link).await;
    says(&error, ErrorKind::Usage, "invitation_used");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_that_is_taken() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let _bob = stage.guest(&alice, "bob").await;
    let link = alice.invitation().await;
    let elsewhere = stage.homes().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("another home");
    let enrolled = Person::try_enrol(&elsewhere, "bob", &link, quick()).await;
    let error = enrolled.err().expect("a handle that is taken");
    says(&error, ErrorKind::Usage, "handle_taken");

    // The invitation is still good for another name.
    let carol = Person::try_enrol(stage.homes(), "carol", &link, quick()).await;
    assert!(carol.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_passphrase() {
    let stage = Stage::set_in_memory().await;
    let mut alice = stage.owner("alice").await;
    alice.close().await;
    let wrong = Zeroizing::new("correct horse battery stable".to_owned());
    let error = Client::open(alice.dir(), &wrong, quick()).await.err();
    says(
        &error.expect("a wrong passphrase"),
        ErrorKind::Locked,
        "wrong_passphrase",
    );

    // Nothing came of it: the right one opens.
    let right = Client::open(alice.dir(), &passphrase(), quick()).await;
    assert!(right.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_of_that_name() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let nobody = sealwire_tests::person::handle("nobody");
    let (_, change) = alice
        .create_conversation("Lunch", &[nobody])
        .await
        .expect("a wish");
    let change = change.expect("somebody to add");
    let error = alice
        .done(change, sealwire_tests::PATIENCE)
        .await
        .expect_err("nobody");
    says(&error, ErrorKind::Usage, "unknown_handle");
}
