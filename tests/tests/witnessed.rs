//! A relay whose logs are watched by a witness that somebody else runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sealwire_core::ErrorKind;
use sealwire_core::api::{OrgRole, OrganisationPolicyChange};
use sealwire_tests::scratch::copy_dir;
use sealwire_tests::witness::Witness;
use sealwire_tests::{Scratch, Stage, raw, until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A relay, its witness, and room for copies.
struct Scene {
    stage: Stage,
    witness: Witness,
    room: Scratch,
}

async fn scene() -> Scene {
    let mut stage = Stage::set_in_memory().await;
    let room = Scratch::in_memory();
    let witness = Witness::of(&stage.relay, &room.join("witness")).await;
    stage.relay.restart_with(&witness.settings()).await;
    Scene {
        stage,
        witness,
        room,
    }
}

impl Scene {
    /// A policy that trusts this relay's logs if the witness has cosigned.
    async fn policy(&self) -> String {
        let keys = raw::get(self.stage.relay.address(), "/log/v1/keys").await;
        let logs: String = keys.lines().map(|key| format!("log {key}\n")).collect();
        let key = self.witness.key();
        format!("{logs}witness w1 {key}\nquorum w1\n")
    }

    fn yesterday(&self) -> PathBuf {
        self.room.join("yesterday")
    }
}

async fn head(stage: &Stage) -> String {
    raw::get(stage.relay.address(), "/log/v1/directory/checkpoint").await
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_ask_for_the_witness_that_their_organisation_names() {
    let mut scene = scene().await;
    let (alice, mut bob, _) = scene.stage.alice_bob_carol().await;
    assert!(head(&scene.stage).await.contains("\n— witness.example/w1 "));
    let change = OrganisationPolicyChange {
        logs: Some(scene.policy().await),
        ..OrganisationPolicyChange::default()
    };
    alice
        .publish_organisation_policy(change)
        .await
        .expect("published");
    bob.fetch_organisation_policy().await.expect("fetched");
    bob.lookup(&alice.handle()).await.expect("Alice is there");
    bob.reopen().await;
    // Without the witness nothing new is published, and nobody new is believed.
    scene.witness.stop().await;
    let link = alice.invitation().await;
    let dave = sealwire_tests::Person::try_enrol(
        scene.stage.homes(),
        "dave",
        &link,
        sealwire_tests::person::quick(),
    );
    let dave = dave.await.expect("Dave joins");
    let refused = bob
        .lookup(&dave.handle())
        .await
        .expect_err("not yet logged");
    assert_eq!(
        (refused.kind, refused.code),
        (ErrorKind::Io, "directory_behind")
    );
    scene.witness.start().await;
    until("Dave being in the directory", || async {
        let looked = bob.lookup(&dave.handle()).await;
        looked.map(drop).map_err(|error| error.to_string())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_relay_learns_its_size_and_refuses_to_fork() {
    let mut scene = scene().await;
    let (alice, bob, _) = scene.stage.alice_bob_carol().await;
    scene.stage.relay.kill().await;
    copy_dir(scene.stage.relay.data(), &scene.yesterday());
    scene.stage.relay.restart().await;
    let dave = scene.stage.guest(&alice, "dave").await;
    alice.lookup(&dave.handle()).await.expect("Dave is there");
    scene.stage.relay.kill().await;
    std::fs::remove_dir_all(scene.stage.relay.data()).expect("the data goes");
    copy_dir(&scene.yesterday(), scene.stage.relay.data());
    scene.stage.relay.restart().await;
    let log = scene.stage.relay.log();
    assert!(log.contains("restored from an older state"), "{log}");
    // Nothing is changed that has to be logged, in words.
    let before = head(&scene.stage).await;
    let refused = alice
        .set_organisation_role(&bob.handle(), OrgRole::OrgAdmin)
        .await;
    let refused = refused.expect_err("halted");
    assert_eq!(refused.code, "log_halted");
    assert!(refused.hint.contains("operator"), "{}", refused.hint);
    assert_eq!(head(&scene.stage).await, before);
}

/// Somebody between a relay and its witness, who says as long as `lies` that the witness has seen far more.
async fn mallory(witness: String, lies: Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        while let Ok((mut relay, _)) = listener.accept().await {
            let (witness, lies) = (witness.clone(), Arc::clone(&lies));
            tokio::spawn(async move {
                if lies.load(Ordering::SeqCst) {
                    let mut request = [0; 64 * 1024];
                    let _ = relay.read(&mut request).await;
                    let lie = "HTTP/1.1 409 Conflict\r\ncontent-length: 4\r\nconnection: close\r\n\r\n9999";
                    let _ = relay.write_all(lie.as_bytes()).await;
                } else if let Ok(mut witness) = TcpStream::connect(witness).await {
                    let _ = copy_bidirectional(&mut relay, &mut witness).await;
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_false_word_in_a_witness_s_name_halts_only_until_the_witness_speaks() {
    let mut scene = scene().await;
    let (alice, bob, _) = scene.stage.alice_bob_carol().await;
    let lies = Arc::new(AtomicBool::new(true));
    let address = mallory(scene.witness.address().to_owned(), Arc::clone(&lies)).await;
    let settings = scene.witness.settings_at(&address);
    scene.stage.relay.restart_with(&settings).await;
    let refused = alice
        .set_organisation_role(&bob.handle(), OrgRole::OrgAdmin)
        .await;
    assert_eq!(refused.expect_err("halted").code, "log_halted");
    lies.store(false, Ordering::SeqCst);
    until("the logs going on", || async {
        let done = alice
            .set_organisation_role(&bob.handle(), OrgRole::OrgAdmin)
            .await;
        done.map_err(|error| error.to_string())
    })
    .await;
}
