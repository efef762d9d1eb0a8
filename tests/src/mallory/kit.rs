//! Mallory's openmls: storage in memory that she may copy and edit, and cryptography that she may
//! bend.

use std::{collections::HashMap, sync::Mutex};

use openmls::prelude::{
    Capabilities, Ciphersuite, CredentialType, Extension, ExtensionType, Extensions, GroupContext,
    GroupId, KeyPackage, KeyPackageBundle, LeafNodeIndex, Lifetime, MlsGroup, MlsGroupCreateConfig,
    MlsGroupJoinConfig, MlsMessageOut, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProtocolVersion,
    RequiredCapabilitiesExtension, SenderRatchetConfiguration, UnknownExtension,
    tls_codec::SecretVLBytes,
};
use openmls_rust_crypto::{MemoryStorage, RustCrypto};
use openmls_traits::{
    OpenMlsProvider,
    crypto::OpenMlsCrypto,
    storage::StorageProvider,
    types::{
        AeadType, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig, HpkeKeyPair,
        KemOutput, SignatureScheme,
    },
};
use sealwire_protocol::policy::EXTENSION_TYPE;

use super::identity::{Identity, now_s};

/// The one cipher suite of Sealwire.
pub const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
/// Padding that fits entries of every size.
const PADDING: usize = 1024;
const DAY_S: u64 = 86_400;

/// Cryptography that is right, except for whom it shall not be.
#[derive(Default)]
pub struct Bent {
    right: RustCrypto,
    spoilt: Mutex<Option<Vec<u8>>>,
}

impl Bent {
    /// What is encrypted to this HPKE key from now on cannot be opened; `None` ends that.
    pub fn spoil(&self, key: Option<Vec<u8>>) {
        *self.spoilt.lock().expect("not poisoned") = key;
    }
}

impl OpenMlsCrypto for Bent {
    fn supports(&self, suite: Ciphersuite) -> Result<(), CryptoError> {
        self.right.supports(suite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.right.supported_ciphersuites()
    }

    fn hkdf_extract(
        &self,
        hash: HashType,
        salt: &[u8],
        ikm: &[u8],
    ) -> Result<SecretVLBytes, CryptoError> {
        self.right.hkdf_extract(hash, salt, ikm)
    }

    fn hmac(
        &self,
        hash: HashType,
        key: &[u8],
        message: &[u8],
    ) -> Result<SecretVLBytes, CryptoError> {
        self.right.hmac(hash, key, message)
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        len: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        self.right.hkdf_expand(hash, prk, info, len)
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.right.hash(hash, data)
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.right.aead_encrypt(alg, key, data, nonce, aad)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.right.aead_decrypt(alg, key, data, nonce, aad)
    }

    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        self.right.signature_key_gen(alg)
    }

    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        key: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.right.verify_signature(alg, data, key, signature)
    }

    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.right.sign(alg, data, key)
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        key: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let spoilt = self.spoilt.lock().expect("not poisoned");
        if spoilt.as_deref() == Some(key) {
            let garbage = vec![0x5a; plaintext.len()];
            return self.right.hpke_seal(config, key, b"other", aad, &garbage);
        }
        self.right.hpke_seal(config, key, info, aad, plaintext)
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        key: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.right.hpke_open(config, input, key, info, aad)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        key: &[u8],
        info: &[u8],
        context: &[u8],
        len: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        self.right
            .hpke_setup_sender_and_export(config, key, info, context, len)
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        key: &[u8],
        info: &[u8],
        context: &[u8],
        len: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        self.right
            .hpke_setup_receiver_and_export(config, enc, key, info, context, len)
    }

    fn derive_hpke_keypair(
        &self,
        config: HpkeConfig,
        ikm: &[u8],
    ) -> Result<HpkeKeyPair, CryptoError> {
        self.right.derive_hpke_keypair(config, ikm)
    }
}

/// Everything openmls asks for.
#[derive(Default)]
pub struct Kit {
    /// Cryptography.
    pub crypto: Bent,
    rand: RustCrypto,
    storage: MemoryStorage,
}

impl OpenMlsProvider for Kit {
    type CryptoProvider = Bent;
    type RandProvider = RustCrypto;
    type StorageProvider = MemoryStorage;

    fn storage(&self) -> &MemoryStorage {
        &self.storage
    }

    fn crypto(&self) -> &Bent {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.rand
    }
}

/// All that was stored at a moment.
pub type Snapshot = HashMap<Vec<u8>, Vec<u8>>;

impl Kit {
    /// Copies everything stored.
    pub fn snapshot(&self) -> Snapshot {
        self.storage.values.read().expect("not poisoned").clone()
    }

    /// A kit with what was stored then.
    pub fn from_snapshot(snapshot: Snapshot) -> Self {
        let kit = Self::default();
        *kit.storage.values.write().expect("not poisoned") = snapshot;
        kit
    }

    /// The state of a group at the time of `snapshot`, as the member on leaf `leaf` would have
    /// it: every member knows the secrets that all members encrypt with.
    pub fn on_leaf(snapshot: &Snapshot, group: &GroupId, leaf: LeafNodeIndex) -> (Self, MlsGroup) {
        let edited = snapshot
            .iter()
            .map(|(key, value)| (key.clone(), with_own_index(value, leaf)))
            .collect();
        let kit = Self::from_snapshot(edited);
        kit.storage
            .write_own_leaf_index(group, &leaf)
            .expect("memory");
        let group = MlsGroup::load(kit.storage(), group)
            .expect("a sound copy")
            .expect("the group");
        (kit, group)
    }

    /// A key package for `who` with any lifetime.
    pub fn key_package(&self, who: &Identity, lifetime: Lifetime) -> KeyPackageBundle {
        KeyPackage::builder()
            .key_package_lifetime(lifetime)
            .leaf_node_capabilities(capabilities())
            .build(SUITE, self, &who.signer(), who.credential())
            .expect("a key package")
    }
}

/// Sets every `own_index` of a stored value.
fn with_own_index(value: &[u8], leaf: LeafNodeIndex) -> Vec<u8> {
    let Ok(mut json) = serde_json::from_slice::<serde_json::Value>(value) else {
        return value.to_vec();
    };
    if !set_own_index(&mut json, leaf.u32()) {
        return value.to_vec();
    }
    serde_json::to_vec(&json).expect("JSON")
}

fn set_own_index(json: &mut serde_json::Value, leaf: u32) -> bool {
    match json {
        serde_json::Value::Object(fields) => {
            let mut changed = false;
            for (name, field) in fields.iter_mut() {
                if name == "own_index" {
                    *field = leaf.into();
                    changed = true;
                } else {
                    changed |= set_own_index(field, leaf);
                }
            }
            changed
        }
        serde_json::Value::Array(items) => items
            .iter_mut()
            .fold(false, |changed, item| changed | set_own_index(item, leaf)),
        _ => false,
    }
}

/// The bytes of a key package on the wire.
pub fn key_package_bytes(bundle: &KeyPackageBundle) -> Vec<u8> {
    MlsMessageOut::from(bundle.key_package().clone())
        .to_bytes()
        .expect("bytes")
}

/// As honest clients join.
pub fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(PADDING)
        .max_past_epochs(0)
        .use_ratchet_tree_extension(false)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(64, 20_000))
        .build()
}

/// As honest clients create, with any extensions.
pub fn create_config(extensions: Extensions<GroupContext>) -> MlsGroupCreateConfig {
    MlsGroupCreateConfig::builder()
        .ciphersuite(SUITE)
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(PADDING)
        .max_past_epochs(0)
        .use_ratchet_tree_extension(false)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(64, 20_000))
        .capabilities(capabilities())
        .lifetime(lifetime())
        .with_group_context_extensions(extensions)
        .build()
}

/// What every leaf supports.
pub fn capabilities() -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[SUITE]),
        Some(&[ExtensionType::Unknown(EXTENSION_TYPE)]),
        None,
        Some(&[CredentialType::Basic]),
    )
}

/// The lifetime that honest clients give to key packages.
pub fn lifetime() -> Lifetime {
    Lifetime::init(now_s() - 14 * DAY_S, now_s() + 70 * DAY_S)
}

/// The GroupContext extensions with any bytes as policy.
pub fn context(policy: &[u8]) -> Extensions<GroupContext> {
    Extensions::from_vec(vec![
        Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(
            &[ExtensionType::Unknown(EXTENSION_TYPE)],
            &[],
            &[CredentialType::Basic],
        )),
        Extension::Unknown(EXTENSION_TYPE, UnknownExtension(policy.to_vec())),
    ])
    .expect("extensions")
}
