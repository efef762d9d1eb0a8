//! Somebody whose one-time key packages are used up can still be added, to as many conversations
//! as it takes.

use sealwire_core::api::Options;
use sealwire_tests::Stage;
use sealwire_tests::person::quick;

#[tokio::test(flavor = "multi_thread")]
async fn the_last_resort_serves_again_and_again() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let frugal = Options {
        key_package_target: 0,
        ..quick()
    };
    let bob = stage.guest_with(&alice, "bob", frugal).await;
    for number in 0..3 {
        let chat = alice.founds(&format!("chat {number}"), &[&bob]).await;
        alice.says(&chat, "hello").await;
        bob.hears(&chat, "hello").await;
        bob.says(&chat, "hello yourself").await;
        alice.hears(&chat, "hello yourself").await;
    }
}
