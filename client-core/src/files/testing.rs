//! Sealed files for tests of other modules.

use sealwire_crypto::{BlobKey, SecretBytes};
use sealwire_protocol::{
    content::{Attachment, Preview},
    ids::BlobId,
};

use super::{Vault, name::safe_name, source::Input};

/// What a message says of a file; `content` is sealed into the vault.
pub(crate) fn attachment(vault: &Vault, name: &str, content: &[u8]) -> Attachment {
    let mut input = Input::of_bytes("x".into(), content.to_vec());
    let sealed = vault.seal(&mut input, &mut |_| {}).unwrap();
    Attachment {
        blob: BlobId::from_slice(&[3; 32][..size_of::<BlobId>()]).unwrap(),
        read_token: SecretBytes::from_slice(&[4; 32]).unwrap(),
        key: BlobKey::from_slice(sealed.key.expose()).unwrap(),
        sealed_hash: sealed.hash,
        size: sealed.size,
        expires_s: 0,
        media_type: "text/plain".into(),
        filename: safe_name(name),
        preview: Preview::default(),
    }
}

/// Takes the sealed bytes away.
pub(crate) fn lose(vault: &Vault, file: &Attachment) {
    vault.remove(&vault.path(&file.sealed_hash)).unwrap();
}
