//! Links to a conversation: whoever has one may ask, and a person decides.

use sealwire_core::ChatLink;
use sealwire_core::api::{ChatLinkTerms, ConversationId, JoinRequestInfo};
use sealwire_crypto::SecretBytes;
use sealwire_protocol::envelope::{Body, JoinRequest};
use sealwire_tests::mallory::{Mallory, kit};
use sealwire_tests::person::{MOMENT, Person};
use sealwire_tests::{Stage, until};

fn terms(uses: u32) -> ChatLinkTerms {
    ChatLinkTerms {
        role: "member".into(),
        uses,
        expires_in_s: 3_600,
    }
}

async fn makes_link(person: &Person, chat: &ConversationId, uses: u32) -> (i64, ChatLink) {
    let made = person.make_chat_link(chat, &terms(uses)).await;
    let made = made.expect("a link");
    (
        made.number,
        ChatLink::parse(&made.link).expect("a good link"),
    )
}

async fn is_asked(person: &Person, by: &str) -> JoinRequestInfo {
    until(&format!("a request of {by}"), || async {
        let requests = person.join_requests().await.expect("requests");
        let found = requests.iter().find(|asked| asked.handle == by);
        found.cloned().ok_or_else(|| format!("{requests:?}"))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn carol_asks_and_alice_lets_her_in() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob]).await;
    let refused = bob.make_chat_link(&chat, &terms(1)).await;
    assert_eq!(refused.err().expect("a member").code, "not_allowed");
    let (number, link) = makes_link(&alice, &chat, 1).await;
    carol.ask_to_join(&link).await.expect("asked");
    let asked = is_asked(&alice, "carol@acme").await;
    assert_eq!(
        (asked.name.as_str(), asked.role.as_str()),
        ("Lunch", "member")
    );
    // The link alone opens nothing.
    tokio::time::sleep(MOMENT).await;
    assert!(carol.conversation(&chat).await.is_err());
    assert_eq!(alice.conversation(&chat).await.expect("it").member_count, 2);

    let change = alice.admit(asked.number).await.expect("a wish");
    alice.made(change).await;
    carol.is_in(&chat).await;
    bob.says(&chat, "hello Carol").await;
    carol.hears(&chat, "hello Carol").await;
    assert!(alice.join_requests().await.expect("requests").is_empty());
    let again = alice.admit(asked.number).await.expect_err("decided");
    assert_eq!(again.code, "unknown_request");
    let links = alice.chat_links(&chat).await.expect("links");
    assert_eq!((links[0].number, links[0].state.as_str()), (number, "used"));
    let inside = carol.ask_to_join(&link).await.expect_err("she is in");
    assert_eq!(inside.code, "already_member");
}

/// A link for one: Carol's request uses it up, her repeat costs nothing, and Mallory's is refused.
/// A request without the secret, and one that passes on Carol's, are refused as well.
#[tokio::test(flavor = "multi_thread")]
async fn used_withdrawn_and_forged() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let mallory = Mallory::enrol(&alice.invitation().await).await;
    let chat = alice.founds("Lunch", &[&bob]).await;
    let (_, link) = makes_link(&alice, &chat, 1).await;
    let alices = mallory.session.directory("alice@acme").await;
    let alices = alices.expect("a directory entry");
    let to =
        &sealwire_protocol::certificate::DeviceCertificate::from_bytes(&alices.certificates[0].0)
            .expect("a certificate");
    let request = |secret: &SecretBytes<32>| {
        let package = mallory.kit.key_package(&mallory.who, kit::lifetime());
        let bytes = kit::key_package_bytes(&package);
        Body::JoinRequest(JoinRequest::new(
            secret,
            chat,
            &mallory.who.certificate,
            bytes,
        ))
    };

    let guessed = SecretBytes::generate(&mut rand::rng());
    mallory.write(to, &request(&guessed)).await;
    alice.is_told("no link that was made here").await;

    carol.ask_to_join(&link).await.expect("asked");
    is_asked(&alice, "carol@acme").await;
    mallory.write(to, &request(&link.secret)).await;
    alice.is_told("used by as many as it was made for").await;
    carol.ask_to_join(&link).await.expect("asked again");
    carol.settles().await;

    let (number, second) = makes_link(&alice, &chat, 5).await;
    alice.withdraw_chat_link(number).await.expect("withdrawn");
    mallory.write(to, &request(&second.secret)).await;
    alice.is_told("the link was withdrawn").await;
    let requests = alice.join_requests().await.expect("requests");
    assert_eq!(requests.len(), 1, "{requests:?}");

    // Turned down, Carol asks again in vain, and hears nothing.
    alice.refuse(requests[0].number).await.expect("refused");
    carol.ask_to_join(&link).await.expect("asked a third time");
    carol.settles().await;
    tokio::time::sleep(MOMENT).await;
    assert!(alice.join_requests().await.expect("requests").is_empty());
    assert!(carol.warnings().is_empty(), "{:?}", carol.warnings());
    assert_eq!(alice.conversation(&chat).await.expect("it").member_count, 2);
}
