//! Encrypted blobs.

use bytes::Bytes;
use sealwire_crypto::{BlobKey, seal_blob, sha256};
use sealwire_protocol::frame::{BlobGet, BlobPut, BlobReply};
use sealwire_protocol::ids::BlobId;
use sealwire_protocol::problem::Code;

use crate::support::{Refused, Relay, RelayBuilder};

const TOKEN: [u8; 32] = [7; 32];

fn blob(id: u8, content: &[u8]) -> BlobPut {
    let key = BlobKey::generate(&mut rand::rng());
    BlobPut {
        blob: vec![id; 16].into(),
        read_token_hash: Bytes::copy_from_slice(&sha256(&[&TOKEN])),
        days: 30,
        content: seal_blob(&key, content).into(),
    }
}

async fn read(relay: &Relay, id: u8, token: [u8; 32]) -> Result<Bytes, Refused> {
    let request = BlobGet {
        blob: Bytes::copy_from_slice(BlobId([id; 16]).as_bytes()),
        read_token: Bytes::copy_from_slice(&token),
    };
    let reply: BlobReply = relay.post("blob/read", &request).await?;
    Ok(reply.content)
}

#[tokio::test]
async fn a_blob_survives_a_restart_and_opens_to_its_token_only() {
    let mut relay = Relay::new();
    let put = blob(1, &vec![3; 300_000]);
    relay.post::<()>("blob", &put).await.expect("stored");
    relay.kill();
    relay.start();
    assert_eq!(read(&relay, 1, TOKEN).await.expect("read"), put.content);
    for (id, token) in [(1, [8; 32]), (2, TOKEN)] {
        let refused = read(&relay, id, token).await.expect_err("refused");
        assert_eq!(refused.code, Code::BlobUnknown);
    }
    relay.post::<()>("blob", &put).await.expect("repeated");
    let refused = relay.post::<()>("blob", &blob(1, b"other")).await;
    assert_eq!(refused.expect_err("other bytes").code, Code::BlobConflict);
}

#[tokio::test]
async fn what_is_no_sealed_blob_is_refused() {
    let relay = RelayBuilder::new()
        .section("[storage]\nblob_mib = 1")
        .start();
    let good = blob(1, b"attachment");
    let with = |change: &dyn Fn(&mut BlobPut)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    for (what, put, code) in [
        (
            "empty",
            with(&|put| put.content = Bytes::new()),
            Code::Grammar,
        ),
        (
            "odd length",
            with(&|put| put.content = vec![0; 31].into()),
            Code::Grammar,
        ),
        (
            "no token",
            with(&|put| put.read_token_hash = Bytes::new()),
            Code::Malformed,
        ),
        (
            "no id",
            with(&|put| put.blob = Bytes::new()),
            Code::Malformed,
        ),
        ("for ever", with(&|put| put.days = 31), Code::Malformed),
        ("for no time", with(&|put| put.days = 0), Code::Malformed),
        (
            "too large",
            with(&|put| put.content = vec![0; (8 << 20) + 1].into()),
            Code::TooLarge,
        ),
        ("no space", blob(2, &vec![0; 2 << 20]), Code::StorageFull),
    ] {
        let refused = relay.post::<()>("blob", &put).await.expect_err(what);
        assert_eq!(refused.code, code, "{what}");
    }
    relay.post::<()>("blob", &good).await.expect("stored");
}
