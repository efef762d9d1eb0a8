//! An upload as a state machine: whatever requests come in whatever order, with restarts in
//! between, the relay holds the beginning of the blob and says truly how long it is.

use std::net::Ipv4Addr;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::StreamExt;
use proptest::prelude::*;
use sealwire_crypto::{BlobKey, seal_blob};

use super::*;

const TOKEN: [u8; 32] = [7; 32];

fn metadata() -> BlobMetadata {
    BlobMetadata {
        blob: BlobId([1; 16]),
        read_token_hash: sha256(&[&TOKEN]),
        delete_token_hash: sha256(&[&TOKEN]),
        days: 30,
    }
}

fn sealed() -> Vec<u8> {
    let key = BlobKey::from_slice(&[1; 32]).expect("a key");
    seal_blob(&key, &[3; 1000])
}

fn body(bytes: &[u8], cut: bool) -> BodyDataStream {
    let chunks: Vec<_> = bytes
        .chunks(100)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .chain(cut.then(|| Err(std::io::Error::other("cut"))))
        .collect();
    Body::from_stream(futures_util::stream::iter(chunks)).into_data_stream()
}

async fn open(dir: &Path) -> Arc<Blobs> {
    let blobs = Blobs::open(dir, &Config::default(), CancellationToken::new()).await;
    blobs.expect("opened")
}

async fn guest(blobs: &Blobs) -> Guest {
    let guest = blobs.admit(Ipv4Addr::LOCALHOST.into()).await;
    guest.expect("a place")
}

#[derive(Debug, Clone)]
enum Step {
    /// Sends so many bytes from an offset that is off by a little, and may break off.
    Patch {
        off: i64,
        len: usize,
        cut: bool,
    },
    /// Sends the blob from its beginning, as far as so many bytes.
    Post {
        len: usize,
    },
    /// The same with a wrong byte.
    Wrong {
        at: usize,
        len: usize,
    },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let off = prop_oneof![4 => Just(0i64), 1 => -150i64..150];
    prop_oneof![
        4 => (off, 0usize..700, any::<bool>()).prop_map(|(off, len, cut)| Step::Patch { off, len, cut }),
        2 => (0usize..1300).prop_map(|len| Step::Post { len }),
        1 => (0usize..1000, 1usize..1300).prop_map(|(at, len)| Step::Wrong { at, len }),
        1 => Just(Step::Restart),
    ]
}

/// One step, and how long the blob is after it.
async fn take(blobs: &Arc<Blobs>, step: &Step, sealed: &[u8], there: usize) -> usize {
    let id = metadata().blob;
    let length = sealed.len() as u64;
    let post = async |bytes: &[u8]| {
        let body = Some(body(bytes, false));
        upload::create(
            Arc::clone(blobs),
            guest(blobs).await,
            metadata(),
            length,
            body,
        )
        .await
    };
    match step {
        Step::Restart => there,
        Step::Patch { off, len, cut } => {
            let offset = (there as u64).saturating_add_signed(*off);
            let start = there.min(sealed.len());
            let end = (start + len).min(sealed.len());
            let bytes = body(&sealed[start..end], *cut);
            let answer =
                upload::append(Arc::clone(blobs), guest(blobs).await, id, offset, bytes).await;
            if offset != there as u64 {
                assert_eq!(answer.expect_err("elsewhere").code(), Code::OffsetConflict);
                return there;
            }
            // At the end of a whole blob nothing more is read of the body.
            if *cut && there < sealed.len() {
                assert!(answer.is_err());
            } else if !*cut {
                assert_eq!(answer.expect("taken").offset, end as u64);
            }
            end
        }
        Step::Post { len } => {
            let len = (*len).min(sealed.len());
            let answer = post(&sealed[..len]).await.expect("taken");
            let after = there.max(len);
            assert_eq!(answer.offset, after as u64);
            after
        }
        Step::Wrong { at, len } => {
            let (len, at) = ((*len).min(sealed.len()), (*at).min(there.saturating_sub(1)));
            if at >= len || there == 0 {
                return there;
            }
            let mut wrong = sealed[..len].to_vec();
            wrong[at] ^= 1;
            let refused = post(&wrong).await.expect_err("other bytes");
            assert_eq!(refused.code(), Code::BlobConflict);
            there
        }
    }
}

async fn play(steps: Vec<Step>) {
    let dir = tempfile::tempdir().expect("temporary directory");
    let sealed = sealed();
    let mut blobs = open(dir.path()).await;
    let length = sealed.len() as u64;
    let made = guest(&blobs).await;
    let made = upload::create(Arc::clone(&blobs), made, metadata(), length, None).await;
    assert_eq!(made.expect("made").offset, 0);
    let mut there = 0;
    for step in steps {
        there = take(&blobs, &step, &sealed, there).await;
        if matches!(step, Step::Restart) {
            blobs.close().await;
            blobs = open(dir.path()).await;
        }
        let progress = blobs.progress(metadata().blob).await.expect("known");
        assert_eq!((progress.offset, progress.length), (there as u64, length));
        let row = blobs.readable(metadata().blob, &TOKEN).await;
        assert_eq!(row.is_ok(), there == sealed.len(), "readable when whole");
        if let Ok(row) = row {
            let bytes = blobs.bytes(&row, 0..length).await.expect("there");
            let mut stream = blobs.body(bytes, ()).into_data_stream();
            let mut read = Vec::new();
            while let Some(chunk) = stream.next().await {
                read.extend_from_slice(&chunk.expect("whole"));
            }
            assert!(read == sealed);
        }
        let used = blobs.rows.bytes().await.expect("counted");
        assert_eq!(used, there as u64);
        assert!(
            blobs.space.check(10_240 * MIB - used).is_ok(),
            "no room is lost"
        );
        assert!(blobs.space.check(10_240 * MIB - used + 1).is_err());
    }
    blobs.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_upload_is_the_beginning_of_its_blob(steps in prop::collection::vec(step(), 1..12)) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(play(steps));
    }
}
