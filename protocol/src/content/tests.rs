use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::{
    ids::{ConversationId, Lane},
    log::RunningHash,
    testing::{alice, anything, bob, damaged, hex, rng},
};

fn position() -> Position {
    Position {
        lane: Lane([1; 32]),
        seq: 300,
        hash: RunningHash([2; 32]),
    }
}

fn hello() -> Content {
    Content::text([7; 16], "Hello **Bob**", position()).expect("short")
}

fn headed() -> Content {
    Content {
        log_head: Some(LogHead {
            size: 70_000,
            root: [3; 32],
            signature: [4; 64],
        }),
        ..hello()
    }
}

fn known(bytes: &[u8]) -> Content {
    match Content::decode(bytes) {
        Ok(Decoded::Known(content)) => content,
        other => panic!("{other:?}"),
    }
}

fn nested(depth: usize) -> NestedPart {
    let body = match depth {
        1 => PartBody::Null,
        _ => PartBody::Multi {
            semantics: PartSemantics::SingleUnit,
            parts: vec![nested(depth - 1), nested(1)],
        },
    };
    NestedPart {
        disposition: Disposition::RENDER,
        language: "en".into(),
        body,
    }
}

/// Every field in use.
fn everything() -> Content {
    let mut content = hello();
    content.replaces = Some(MessageId([3; 32]));
    content.topic = b"topic".to_vec();
    content.expires = Some(Expiration {
        relative: true,
        time_s: 86_400,
    });
    content.in_reply_to = Some(MessageId([4; 32]));
    content.event = Some(GroupEvent::Unknown(vec![0x82, 1, 2]));
    let mut extend = |key, value: &[u8]| content.extensions.insert(key, value.to_vec());
    extend(ExtensionKey::Text("zz".into()), &[0xf6]).expect("null");
    extend(ExtensionKey::Int(-1), &[0x01]).expect("1");
    extend(ExtensionKey::Int(1), b"\x62hi").expect("text");
    let external = NestedPart {
        disposition: Disposition::ATTACHMENT,
        language: String::new(),
        body: PartBody::External(Box::new(ExternalPart {
            content_type: "image/png".into(),
            url: "sealwire:blob".into(),
            expires_s: 5,
            size: 70_000,
            enc_alg: 2,
            key: Zeroizing::new(vec![5; 32]),
            nonce: vec![6; 12],
            aad: vec![],
            hash_alg: 1,
            content_hash: vec![8; 32],
            description: "a cat".into(),
            filename: "cat.png".into(),
        })),
    };
    content.part = NestedPart {
        disposition: Disposition::RENDER,
        language: "en".into(),
        body: PartBody::Multi {
            semantics: PartSemantics::ProcessAll,
            parts: vec![hello().part, external],
        },
    };
    content
}

#[test]
fn the_bytes_of_content_stay() {
    let event = |event| Content::event([7; 16], event, position()).encode();
    insta::assert_snapshot!(
        [
            hello().encode(),
            event(GroupEvent::Joined),
            event(GroupEvent::LeaveRequest),
            everything().encode(),
            headed().encode(),
        ]
        .map(|bytes| hex(&bytes))
        .join("\n\n")
    );
}

#[test]
fn bob_reads_what_alice_wrote() {
    let read = known(&hello().encode());
    assert_eq!(read.as_text(), Some("Hello **Bob**"));
    assert_eq!(read.position, Some(position()));
    assert_eq!(read, hello());
    assert!(known(&everything().encode()) == everything());
    assert_eq!(known(&headed().encode()), headed());
}

#[test]
fn events_are_not_text() {
    for event in [GroupEvent::Joined, GroupEvent::LeaveRequest] {
        let read = known(&Content::event([7; 16], event.clone(), position()).encode());
        assert_eq!(read.event, Some(event));
        assert_eq!(read.as_text(), None);
    }
    let newer = GroupEvent::Unknown(vec![0x63, b'n', b'e', b'w']);
    let read = known(&Content::event([7; 16], newer.clone(), position()).encode());
    assert_eq!(read.event, Some(newer));
}

#[test]
fn content_is_not_printed() {
    assert_eq!(format!("{:?}", hello()), "Content(..)");
}

/// `examples/original.edn` of the draft's repository, with the message id given there.
const PUBLISHED: &str = "87505eed9406c2545547ab6f09f20a18b003f640f6f6a20178206d696d693a2f2f6578616d706c652e636f6d2f752f616c6963652d736d6974680278256d696d693a2f2f6578616d706c652e636f6d2f722f656e67696e656572696e675f7465616d85016001781e746578742f6d61726b646f776e3b76617269616e743d47464d2d4d494d49583948692065766572796f6e652c207765206a75737420736869707065642072656c6561736520322e302e205f5f476f6f642020776f726b5f5f21";

#[test]
fn a_published_example_is_read_and_named() {
    let bytes = data_encoding::HEXLOWER
        .decode(PUBLISHED.as_bytes())
        .unwrap();
    let content = known(&bytes);
    assert_eq!(
        content.as_text(),
        Some("Hi everyone, we just shipped release 2.0. __Good  work__!")
    );
    assert_eq!(content.position, None);
    assert_eq!(
        message_id::from_uris(
            "mimi://example.com/u/alice-smith",
            "mimi://example.com/r/engineering_team",
            &bytes,
            &content.salt,
        )
        .to_string(),
        "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4"
    );
}

/// The expected id was computed with Python's hashlib.
#[test]
fn a_message_is_named_after_sender_conversation_and_content() {
    let (alice, bob) = (alice().account.public(), bob().account.public());
    let here = ConversationId([1; 16]);
    let id = hello().message_id(&alice, &here);
    assert_eq!(id, hello().message_id(&alice, &here));
    assert_ne!(id, hello().message_id(&bob, &here));
    assert_ne!(id, hello().message_id(&alice, &ConversationId([2; 16])));
    let salted = Content::text([8; 16], "Hello **Bob**", position()).expect("short");
    assert_ne!(id, salted.message_id(&alice, &here));
    insta::assert_snapshot!(id, @"017a64a62e5dc1571383848df3eae8b28b8ff39d814e968a6e305156cbb5bc9b");
}

#[test]
fn salts_differ() {
    let mut rng = rng();
    assert_ne!(fresh_salt(&mut rng), fresh_salt(&mut rng));
}

#[test]
fn the_longest_text_fits_and_no_longer_one_is_made() {
    let text = "x".repeat(MAX_TEXT);
    let content = Content::text([7; 16], &text, position()).expect("the longest");
    assert_eq!(known(&content.encode()).as_text(), Some(text.as_str()));
    assert_eq!(
        Content::text([7; 16], &format!("{text}x"), position()),
        Err(ContentError::TooLong(MAX_TEXT + 1))
    );
    assert_eq!(
        Content::decode(&vec![0; MAX_CONTENT + 1]),
        Err(ContentError::TooLong(MAX_CONTENT + 1))
    );
}

#[test]
fn parts_nest_four_deep() {
    let content = |depth| Content {
        part: nested(depth),
        ..hello()
    };
    assert!(matches!(
        Content::decode(&content(4).encode()),
        Ok(Decoded::Known(_))
    ));
    assert!(matches!(
        Content::decode(&content(5).encode()),
        Ok(Decoded::Unknown(_))
    ));
    assert_eq!(
        Content::decode(&content(10).encode()),
        Err(ContentError::TooDeep)
    );
}

#[test]
fn cbor_of_another_shape_is_kept_as_it_came() {
    for bytes in [&[0x80][..], &[0x18, 42], b"\x65hello", &[0xa1, 1, 2]] {
        assert_eq!(Content::decode(bytes), Ok(Decoded::Unknown(bytes.to_vec())));
    }
    let mut newer = hello().encode();
    newer[0] = 0x88;
    newer.push(0xf6);
    assert_eq!(Content::decode(&newer), Ok(Decoded::Unknown(newer.clone())));
}

#[test]
fn what_is_no_deterministic_cbor_is_an_error() {
    use ContentError::{Malformed, NotDeterministic, TooDeep};
    for (error, bytes) in [
        (Malformed, &[][..]),
        (Malformed, b"hello"),
        (Malformed, &[0x82, 1]),
        (Malformed, &[0, 0]),
        (Malformed, &[0x62, 0xff, 0xff]),
        (Malformed, &[0x1c]),
        (Malformed, &[0xff]),
        (Malformed, &[0xf8, 31]),
        (Malformed, &[0x5b, 255, 255, 255, 255, 255, 255, 255, 255]),
        (Malformed, &[0x9b, 255, 255, 255, 255, 255, 255, 255, 255]),
        (NotDeterministic, &[0x18, 23]),
        (NotDeterministic, &[0x19, 0, 255]),
        (NotDeterministic, &[0x58, 0]),
        (NotDeterministic, &[0x9f, 0xff]),
        (NotDeterministic, &[0xa2, 2, 0, 1, 0]),
        (NotDeterministic, &[0xa2, 1, 0, 1, 0]),
        (TooDeep, &[0x81; 40]),
    ] {
        assert_eq!(Content::decode(bytes), Err(error), "{bytes:02x?}");
    }
}

#[test]
fn floats_have_their_shortest_form() {
    let kept = |bytes: &[u8]| Content::decode(bytes).is_ok();
    let single = |value: f32| kept(&[&[0xfa][..], &value.to_be_bytes()].concat());
    let double = |value: f64| kept(&[&[0xfb][..], &value.to_be_bytes()].concat());
    assert!(kept(&[0xf9, 0x3c, 0x00]) && kept(&[0xf9, 0x7e, 0x00]) && kept(&[0xf9, 0x7c, 0x00]));
    assert!(!kept(&[0xf9, 0x7e, 0x01]));
    for half in [
        0.0,
        -1.0,
        65_504.0,
        6.103_515_6e-5,
        5.960_464_5e-8,
        f32::INFINITY,
        f32::NAN,
    ] {
        assert!(!single(half), "{half}");
    }
    for long in [100_000.0, 65_505.0, 1.0e-8, 1.1] {
        assert!(single(long) && !double(f64::from(long)), "{long}");
    }
    assert!(double(1.1) && !double(f64::NAN) && !double(0.0));
}

#[test]
fn extensions_are_bounded_and_keep_to_their_names() {
    let mut extensions = Extensions::new();
    let mut insert = |key, value: &[u8]| extensions.insert(key, value.to_vec());
    let text = |name: &str| ExtensionKey::Text(name.into());
    let name = Err(ContentError::ExtensionName);
    assert_eq!(insert(text("sealwire.position"), &[0]), name);
    assert_eq!(insert(text("sealwire.event"), &[0]), name);
    assert_eq!(insert(text("sealwire.log_head"), &[0]), name);
    assert_eq!(insert(text(""), &[0]), name);
    assert_eq!(insert(text(&"x".repeat(256)), &[0]), name);
    assert_eq!(insert(ExtensionKey::Int(1 << 53), &[0]), name);
    assert_eq!(insert(ExtensionKey::Int(i64::MIN), &[0]), name);
    assert_eq!(
        insert(ExtensionKey::Int(3), &[0, 0]),
        Err(ContentError::Malformed)
    );
    assert_eq!(
        insert(ExtensionKey::Int(3), &[0x81, 0x81, 0x81, 0x80]),
        Err(ContentError::TooDeep)
    );
    assert_eq!(
        insert(ExtensionKey::Int(3), &vec![0; 4096]),
        Err(ContentError::TooLong(4096))
    );
    assert_eq!(insert(text(&"x".repeat(255)), &[0]), Ok(()));
    assert_eq!(insert(ExtensionKey::Int(3), &[0x81, 0x81, 0x80]), Ok(()));
    assert_eq!(
        extensions.get(&ExtensionKey::Int(3)),
        Some(&[0x81, 0x81, 0x80][..])
    );
    assert_eq!(extensions.iter().count(), 2);
}

fn accepts_only_itself(bytes: &[u8]) -> Result<(), TestCaseError> {
    match Content::decode(bytes) {
        Ok(Decoded::Known(content)) => prop_assert_eq!(content.encode(), bytes),
        Ok(Decoded::Unknown(kept)) => prop_assert_eq!(kept, bytes),
        Err(_) => {}
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_kept_or_refused(bytes in anything(300)) {
        accepts_only_itself(&bytes)?;
    }

    #[test]
    fn damaged_content_is_kept_or_refused(bytes in damaged(everything().encode())) {
        accepts_only_itself(&bytes)?;
    }

    #[test]
    fn any_text_arrives(text in ".{0,200}", salt: [u8; 16], seq: u64) {
        let position = Position { seq, ..position() };
        let content = Content::text(salt, &text, position).expect("short");
        let read = known(&content.encode());
        prop_assert_eq!(read.as_text(), Some(text.as_str()));
        prop_assert_eq!(read, content);
    }
}
