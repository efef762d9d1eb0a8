use proptest::prelude::*;

use super::*;
use crate::testing::{anything, damaged, hex};

fn bytes(value: u8, len: usize) -> Bytes {
    vec![value; len].into()
}

fn entry() -> Entry {
    Entry {
        seq: 7,
        entry_id: bytes(4, 16),
        kind: 1,
        received_at: 1_700_000_000_000,
        next: bytes(5, 32),
        payload: bytes(6, 8),
    }
}

fn state() -> LaneState {
    LaneState {
        incarnation: bytes(8, 16),
        floor: 2,
        newest: 7,
        used_branches: vec![bytes(4, 16)],
    }
}

fn entries() -> Entries {
    Entries {
        log: bytes(1, 32),
        lane: bytes(2, 32),
        entries: vec![entry()],
        state: Some(state()),
    }
}

fn client_frames() -> Vec<ClientFrame> {
    let (log, pass) = (bytes(1, 32), bytes(3, 32));
    [
        ClientBody::Create(CreateLog {
            log: log.clone(),
            lane: bytes(2, 32),
            retention_days: 30,
        }),
        ClientBody::Append(Append {
            log: log.clone(),
            pass: pass.clone(),
            kind: 1,
            entry_id: bytes(4, 16),
            head: bytes(9, 16),
            cursor: 6,
            next: bytes(5, 32),
            payload: bytes(6, 8),
        }),
        ClientBody::Subscribe(Subscribe {
            log: log.clone(),
            pass: pass.clone(),
            after: 6,
        }),
        ClientBody::Unsubscribe(Unsubscribe {
            log: log.clone(),
            lane: bytes(2, 32),
        }),
        ClientBody::Fetch(Fetch {
            log: log.clone(),
            pass: pass.clone(),
            after: 6,
            limit: 256,
        }),
        ClientBody::Broadcast(Broadcast {
            log,
            pass,
            payload: bytes(6, 128),
        }),
    ]
    .into_iter()
    .map(|body| ClientFrame {
        request: 1,
        body: Some(body),
    })
    .collect()
}

fn server_frames() -> Vec<ServerFrame> {
    [
        ServerBody::Created(Created {
            incarnation: bytes(8, 16),
        }),
        ServerBody::Appended(Appended {
            seq: 7,
            received_at: 1_700_000_000_000,
            lane: state(),
        }),
        ServerBody::StaleHead(entries()),
        ServerBody::Subscribed(state()),
        ServerBody::Entries(entries()),
        ServerBody::Unsubscribed(Unsubscribed {}),
        ServerBody::Problem(WireProblem {
            code: "commit_rate".into(),
            status: 429,
            detail: "Wait.".into(),
            retry_after_ms: 2_000,
        }),
        ServerBody::Ephemeral(Ephemeral {
            log: bytes(1, 32),
            lane: bytes(2, 32),
            payload: bytes(6, 128),
        }),
        ServerBody::Broadcasted(Broadcasted {}),
    ]
    .into_iter()
    .map(|body| ServerFrame {
        request: 1,
        body: Some(body),
    })
    .collect()
}

fn shown<M: Message + Default + PartialEq>(message: M) -> String {
    let encoded = encode(&message);
    assert!(decode::<M>(&encoded).expect("its own encoding") == message);
    hex(&encoded)
}

#[test]
fn client_frames_stay() {
    let frames: Vec<_> = client_frames().into_iter().map(shown).collect();
    insta::assert_snapshot!(frames.join("\n\n"));
}

#[test]
fn server_frames_stay() {
    let frames: Vec<_> = server_frames().into_iter().map(shown).collect();
    insta::assert_snapshot!(frames.join("\n\n"));
}

#[test]
fn requests_of_one_connection_each_stay() {
    let all = [
        shown(KeyPackageRequest {
            device: bytes(1, 16),
        }),
        shown(KeyPackageReply {
            key_package: bytes(2, 8),
            last_resort: true,
        }),
        shown(InboxPost {
            device: bytes(1, 16),
            envelope: bytes(3, 8),
        }),
    ];
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn other_encodings_of_the_same_message_are_refused() {
    let canonical = [0x0a, 1, 0xaa];
    let refused = |bytes: &[u8]| decode::<KeyPackageRequest>(&Bytes::copy_from_slice(bytes)).err();
    assert_eq!(refused(&canonical), None);
    for (why, bytes) in [
        ("a length in two bytes", &[0x0a, 0x81, 0, 0xaa][..]),
        ("an unknown field", &[0x0a, 1, 0xaa, 0x10, 1]),
        ("the field twice", &[0x0a, 1, 0xbb, 0x0a, 1, 0xaa]),
        ("a default value", &[0x0a, 0]),
    ] {
        assert_eq!(refused(bytes), Some(FrameError::NotCanonical), "{why}");
    }
    assert_eq!(refused(&[0x0a, 2, 0xaa]), Some(FrameError::Malformed));
}

#[test]
fn a_frame_over_the_limit_is_not_read() {
    let long = Bytes::from(vec![0; MAX_FRAME + 1]);
    assert_eq!(
        decode::<ClientFrame>(&long),
        Err(FrameError::TooLong(MAX_FRAME + 1))
    );
}

fn accepts_only_itself<M: Message + Default>(bytes: Vec<u8>) -> Result<(), TestCaseError> {
    let bytes = Bytes::from(bytes);
    if let Ok(message) = decode::<M>(&bytes) {
        prop_assert_eq!(encode(&message), bytes);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_canonical_or_refused(bytes in anything(300)) {
        accepts_only_itself::<ClientFrame>(bytes.clone())?;
        accepts_only_itself::<ServerFrame>(bytes.clone())?;
        accepts_only_itself::<InboxPost>(bytes.clone())?;
        accepts_only_itself::<KeyPackageReply>(bytes)?;
    }

    #[test]
    fn damaged_requests_are_canonical_or_refused(
        bytes in prop::sample::select(client_frames())
            .prop_flat_map(|frame| damaged(frame.encode_to_vec()))
    ) {
        accepts_only_itself::<ClientFrame>(bytes)?;
    }

    #[test]
    fn damaged_answers_are_canonical_or_refused(
        bytes in prop::sample::select(server_frames())
            .prop_flat_map(|frame| damaged(frame.encode_to_vec()))
    ) {
        accepts_only_itself::<ServerFrame>(bytes)?;
    }
}
