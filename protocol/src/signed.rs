//! Bodies that travel with a signature over their bytes.

use prost::Message;
use sealwire_crypto::Signature;

use crate::canonical;

#[derive(Clone, PartialEq, Message)]
struct WireSigned {
    #[prost(bytes = "vec", tag = "1")]
    body: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    signature: Vec<u8>,
}

/// The one encoding of a body and its signature.
pub(crate) fn join(body: Vec<u8>, signature: &Signature) -> Vec<u8> {
    WireSigned {
        body,
        signature: signature.0.to_vec(),
    }
    .encode_to_vec()
}

/// Body and signature, canonical form and at most `limit` bytes only. Neither is checked.
pub(crate) fn split(signed: &[u8], limit: usize) -> Option<(Vec<u8>, Signature)> {
    if signed.len() > limit {
        return None;
    }
    let wire: WireSigned = canonical::decode(signed)?;
    let signature = Signature::from_bytes(&wire.signature).ok()?;
    Some((wire.body, signature))
}
