//! What openmls needs from its surroundings: cryptography, randomness, signing, and rows in the
//! transaction that is open at the moment.

use openmls_rust_crypto::RustCrypto;
use openmls_sqlx_storage::{Codec, SqliteStorageProvider};
use openmls_traits::{
    OpenMlsProvider,
    signatures::{Signer, SignerError},
    types::SignatureScheme,
};
use rmp_serde::config::BytesMode;
use sealwire_crypto::DeviceKey;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::SqliteConnection;

/// MessagePack with field names: of the codecs measured the smallest and fastest that openmls'
/// types survive. Keys and ciphertexts, which openmls hands over number by number, are written as
/// bytes: half of them would take two bytes each otherwise.
#[derive(Debug, Default)]
pub(crate) struct NamedMessagePack;

/// Bytes that most rows fit into.
const ROW: usize = 256;

/// A row that could not be encoded or decoded.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct RowError(String);

impl Codec for NamedMessagePack {
    type Error = RowError;

    fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, RowError> {
        let mut bytes = Vec::with_capacity(ROW);
        let mut writer = rmp_serde::Serializer::new(&mut bytes)
            .with_struct_map()
            .with_bytes(BytesMode::ForceIterables);
        value
            .serialize(&mut writer)
            .map_err(|error| RowError(error.to_string()))?;
        Ok(bytes)
    }

    fn from_slice<T: DeserializeOwned>(slice: &[u8]) -> Result<T, RowError> {
        rmp_serde::from_slice(slice).map_err(|error| RowError(error.to_string()))
    }
}

/// MLS storage on an open transaction.
pub(crate) type Storage<'a> = SqliteStorageProvider<'a, NamedMessagePack>;

/// Everything one step gives to openmls. Lives in a block without `.await`.
pub(crate) struct Provider<'a> {
    crypto: &'a RustCrypto,
    storage: Storage<'a>,
}

impl<'a> Provider<'a> {
    /// Works on `connection`, which has a transaction open.
    pub(crate) fn new(crypto: &'a RustCrypto, connection: &'a mut SqliteConnection) -> Self {
        Self {
            crypto,
            storage: Storage::new(connection),
        }
    }
}

impl<'a> OpenMlsProvider for Provider<'a> {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = Storage<'a>;

    fn storage(&self) -> &Self::StorageProvider {
        &self.storage
    }

    fn crypto(&self) -> &RustCrypto {
        self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        self.crypto
    }
}

/// Signs MLS structures with the device key.
pub(crate) struct MlsSigner<'a>(pub(crate) &'a DeviceKey);

impl Signer for MlsSigner<'_> {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.0.sign_mls(payload).0.to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}
