//! Mallory sends the relay frames and entries that are none. It judges form alone; what it
//! refuses never reaches a member.

use bytes::Bytes;
use sealwire_protocol::{
    frame::{Append, ClientBody, ClientFrame, encode},
    ids::Lane,
    limits::{MAX_ENTRY, MAX_FRAME},
    log::EntryKind,
};
use sealwire_tests::mallory::{Draft, Kit, PrivateMessage, Scene, Socket, forge, kit};

/// A `PublicMessage` external commit: Mallory's second device lets itself in with the GroupInfo
/// that she exports. openmls would take it; the relay does not. Fails without the ingest grammar.
#[tokio::test(flavor = "multi_thread")]
async fn an_external_commit() {
    use openmls::prelude::{
        MlsGroup, MlsMessageBodyIn, MlsMessageIn, tls_codec::DeserializeBytes as _,
    };
    use openmls_traits::OpenMlsProvider as _;
    let mut scene = Scene::open().await;
    let second = scene.mallory.who.second_device();
    let (seat, own, who) = scene.mallory.parts();
    let info = seat
        .group
        .export_group_info(own.crypto(), &who.signer(), true)
        .expect("a GroupInfo")
        .to_bytes()
        .expect("bytes");
    let info = MlsMessageIn::tls_deserialize_exact_bytes(&info).expect("a message");
    let MlsMessageBodyIn::GroupInfo(info) = info.extract() else {
        panic!("not a GroupInfo");
    };
    let own_kit = Kit::default();
    #[allow(
        deprecated,
        reason = "the newer builder gives the same bytes in more words"
    )]
    let (_, commit, _) = MlsGroup::join_by_external_commit(
        &own_kit,
        &second.signer(),
        None,
        info,
        &kit::join_config(),
        Some(kit::capabilities()),
        None,
        &[],
        second.credential(),
    )
    .expect("openmls makes it");
    let draft = Draft::commit(
        commit.to_bytes().expect("bytes"),
        Lane::random(&mut rand::rng()),
    );
    let refused = scene
        .mallory
        .append(&draft)
        .await
        .expect_err("a PublicMessage");
    assert_eq!(refused.code, "grammar");
    assert!(refused.detail.contains("wire format"), "{}", refused.detail);
    scene.all_is_well().await;
}

/// A right message broken in one way each.
fn outside(right: &impl Fn() -> PrivateMessage, sealed: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "version",
            PrivateMessage {
                version: 2,
                ..right()
            }
            .encode(),
        ),
        (
            "public",
            PrivateMessage {
                wire_format: 1,
                ..right()
            }
            .encode(),
        ),
        (
            "another group",
            PrivateMessage {
                group_id: forge::random(32),
                ..right()
            }
            .encode(),
        ),
        (
            "commit as message",
            PrivateMessage {
                content_type: 3,
                ..right()
            }
            .encode(),
        ),
        (
            "data in the clear",
            PrivateMessage {
                authenticated_data: vec![1],
                ..right()
            }
            .encode(),
        ),
        (
            "sender data",
            PrivateMessage {
                sender_data: forge::random(29),
                ..right()
            }
            .encode(),
        ),
        (
            "no padding",
            PrivateMessage {
                ciphertext: forge::random(1_000),
                ..right()
            }
            .encode(),
        ),
        (
            "odd padding",
            PrivateMessage {
                ciphertext: forge::random(4_352),
                ..right()
            }
            .encode(),
        ),
        ("trailing byte", [sealed, &[0]].concat()),
        ("truncated", sealed[..sealed.len() - 1].to_vec()),
        ("empty", Vec::new()),
        ("plain text", b"hello, this is not encrypted".to_vec()),
    ]
}

/// Every rule of the ingest grammar, broken alone. Fails for each rule that the relay does not
/// check: with the right form the same frame is taken, at the end.
#[tokio::test(flavor = "multi_thread")]
async fn entries_outside_the_grammar() {
    let mut scene = Scene::open().await;
    let (log, epoch) = {
        let seat = scene.mallory.seat();
        (seat.log, seat.group.epoch().as_u64())
    };
    let right = || PrivateMessage::garbage(&log, epoch, EntryKind::Application);
    let sealed = right().encode();
    for (what, payload) in outside(&right, &sealed) {
        let refused = scene.mallory.append(&Draft::application(payload)).await;
        assert_eq!(refused.expect_err(what).code, "grammar", "{what}");
    }
    let huge = PrivateMessage {
        ciphertext: forge::random(MAX_ENTRY + 1_024),
        ..right()
    };
    let refused = scene
        .mallory
        .append(&Draft::application(huge.encode()))
        .await;
    assert_eq!(refused.expect_err("too large").code, "too_large");

    scene.mallory.attack(&Draft::application(sealed)).await;
    scene.all_are_told("refused").await;
    scene.all_is_well().await;
}

/// Frames that are no canonical protobuf end the connection that sent them, and nobody else's:
/// truncated, trailing bytes, unknown fields, fields out of order or spelt longer than needed,
/// no request number, text, one above the limit. Fails for each that is answered.
#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_not_canonical() {
    let mut scene = Scene::open().await;
    let draft = scene.mallory.text("in a broken frame");
    let append = scene.mallory.append_frame(&draft);
    let frame = encode(&ClientFrame {
        request: 7,
        body: Some(ClientBody::Append(append)),
    });
    let with = |extra: &[u8]| [frame.as_ref(), extra].concat();
    let cases = [
        ("truncated", frame[..frame.len() - 1].to_vec()),
        ("one trailing byte", with(&[0])),
        ("unknown field", with(&[0x78, 0x01])),
        ("number again", with(&[0x08, 0x07])),
        ("longer number", [&[0x08, 0x87, 0x00], &frame[2..]].concat()),
        ("body first", [&frame[2..], &frame[..2]].concat()),
        ("no number", frame[2..].to_vec()),
        ("no body", frame[..2].to_vec()),
        ("nothing", Vec::new()),
        ("noise", forge::random(300)),
    ];
    let relay = scene.mallory.plane.relay.clone();
    for (what, bytes) in cases {
        let socket = Socket::connect(&relay).await;
        let closed = socket.expect_closed(bytes).await;
        assert!(closed.0.is_some(), "{what}: the relay says why");
    }
    let socket = Socket::connect(&relay).await;
    socket.expect_closed(vec![0; MAX_FRAME + 1]).await;
    let mut socket = Socket::connect(&relay).await;
    let text = tokio_tungstenite::tungstenite::Message::Text("hello".into());
    socket.send_raw(text).await;
    assert!(socket.next().await.is_err(), "text ends the connection");

    // Her own first connection is another and still works, as the others' do.
    scene.mallory.attack(&draft).await;
    scene.all_hear("in a broken frame").await;
    scene.all_is_well().await;
}

/// Requests that break one rule each, with the refusal.
fn misfits(message: Append, commit: Append, used: Bytes) -> Vec<(&'static str, Append)> {
    vec![
        (
            "malformed",
            Append {
                entry_id: Bytes::from_static(&[1; 15]),
                ..message.clone()
            },
        ),
        (
            "malformed",
            Append {
                log: Bytes::new(),
                ..message.clone()
            },
        ),
        (
            "malformed",
            Append {
                pass: Bytes::from_static(&[1; 31]),
                ..message.clone()
            },
        ),
        (
            "malformed",
            Append {
                head: Bytes::from_static(&[1; 17]),
                ..message.clone()
            },
        ),
        (
            "malformed",
            Append {
                kind: 3,
                ..message.clone()
            },
        ),
        (
            "malformed",
            Append {
                next: commit.next.clone(),
                ..message.clone()
            },
        ),
        (
            "malformed",
            Append {
                next: Bytes::new(),
                ..commit.clone()
            },
        ),
        (
            "lane_taken",
            Append {
                next: used,
                ..commit.clone()
            },
        ),
        (
            "grammar",
            Append {
                kind: EntryKind::Application as u32,
                next: Bytes::new(),
                ..commit
            },
        ),
        (
            "ahead",
            Append {
                cursor: 1_000_000,
                ..message
            },
        ),
    ]
}

/// Requests whose parts do not fit: identifiers of other lengths, a message that opens a lane, a
/// commit that opens none, one that opens a lane which exists. Fails for each that is taken.
#[tokio::test(flavor = "multi_thread")]
async fn appends_whose_parts_do_not_fit() {
    let mut scene = Scene::open().await;
    let made = scene
        .mallory
        .commit(|builder| builder.force_self_update(true));
    let seat = scene.mallory.seat();
    let epoch = seat.group.epoch().as_u64();
    let message = PrivateMessage::garbage(&seat.log, epoch, EntryKind::Application);
    let message = scene
        .mallory
        .append_frame(&Draft::application(message.encode()));
    let commit = scene.mallory.append_frame(&made.draft);
    let used = Bytes::copy_from_slice(scene.mallory.seat().pass.lane().as_bytes());
    for (code, append) in misfits(message, commit, used) {
        let refused = scene.mallory.append_raw(append).await.expect_err(code);
        assert_eq!(refused.code, code, "{}", refused.detail);
    }
    let (seat, kit, _) = scene.mallory.parts();
    seat.forget_own(kit);
    scene.all_is_well().await;
}
