//! Telling those who were added: one blob with the Welcome and the tree, one envelope each.

use sealwire_crypto::{BlobKey, SecretBytes, seal_blob, sha256};
use sealwire_protocol::{
    certificate::UnverifiedCertificate,
    envelope::{BlobRef, Body, Welcome, WelcomeBlob},
    ids::BlobId,
};
use sqlx::SqliteConnection;

use super::state::Place;
use crate::{
    core::Core,
    envelope,
    error::{CoreError, Result},
    random,
    store::{self, PendingCommit, Posting},
};

/// Puts the Welcomes of an own commit into the durable outbox, due after a random wait: a Welcome
/// right after a commit would tell an observer who joined.
pub(crate) async fn enqueue(
    core: &Core,
    conn: &mut SqliteConnection,
    place: &Place,
    commit: &PendingCommit,
) -> Result<()> {
    let due = core.now_ms() + random::up_to(core.options.welcome_delay_max_ms);
    // Nothing but what was stored by this device may go out.
    WelcomeBlob::parse(&commit.welcome).map_err(CoreError::internal)?;
    let (blob, posting) = seal_as_blob(&commit.welcome)?;
    store::add_posting(conn, &posting, due).await?;
    for joiner in &commit.joiners {
        let certificate =
            UnverifiedCertificate::parse(&joiner.certificate.0).map_err(CoreError::internal)?;
        let certificate = certificate.verified_before();
        let body = Body::Welcome(Welcome {
            log: place.row.id,
            conversation: place.row.conversation,
            blob: same_blob(&blob)?,
        });
        let posting = envelope::seal(core, &body, &certificate)?;
        store::add_posting(conn, &posting, due).await?;
    }
    core.postings.notify_one();
    Ok(())
}

/// Encrypts `content` as a blob under fresh keys.
pub(crate) fn seal_as_blob(content: &[u8]) -> Result<(BlobRef, Posting)> {
    let mut rng = rand::rng();
    let key = BlobKey::generate(&mut rng);
    let token = SecretBytes::<32>::generate(&mut rng);
    let id = BlobId::random(&mut rng);
    let posting = Posting::Blob {
        id,
        read_token_hash: sha256(&[token.expose()]),
        content: seal_blob(&key, content),
    };
    Ok((
        BlobRef {
            blob: id,
            read_token: token,
            key,
        },
        posting,
    ))
}

/// The same reference for one more envelope; secrets have no `Clone`, so that copies are seen.
fn same_blob(blob: &BlobRef) -> Result<BlobRef> {
    Ok(BlobRef {
        blob: blob.blob,
        read_token: SecretBytes::from_slice(blob.read_token.expose())
            .map_err(CoreError::internal)?,
        key: BlobKey::from_slice(blob.key.expose()).map_err(CoreError::internal)?,
    })
}
