//! Two programs on one profile: the second is told who holds it.

use sealwire_core::{Client, ErrorKind};
use sealwire_tests::person::{passphrase, quick};
use sealwire_tests::swarm::Tested as _;
use sealwire_tests::{Relay, Scratch, Swarm};

#[tokio::test(flavor = "multi_thread")]
async fn the_second_is_told_pid_and_program() {
    let (data, homes) = (Scratch::in_memory(), Scratch::in_memory());
    let relay = Relay::start(&data.join("relay")).await;
    let swarm = Swarm::start(homes.path()).await;
    swarm.enrol("alice", &relay.owner_link()).await.well();
    let holder = swarm.pid().expect("a running swarm");

    let second = Client::open(&homes.join("alice"), &passphrase(), quick()).await;
    let error = second.err().expect("a profile in use");
    assert_eq!(
        (error.kind, error.code),
        (ErrorKind::Locked, "profile_in_use"),
        "{error}"
    );
    let said = format!("{} {}", error.message, error.hint);
    assert!(said.contains(&holder.to_string()), "no pid in {said:?}");
    assert!(said.contains("sealwire-swarm"), "no program in {said:?}");

    // The holder is killed; nothing it left stands in the way.
    swarm.kill().await;
    let next = Client::open(&homes.join("alice"), &passphrase(), quick()).await;
    assert!(next.is_ok(), "{:?}", next.err());
}
