//! The one configuration, the same on creating and on joining.

use openmls::prelude::{
    BasicCredential, Capabilities, Ciphersuite, CredentialType, CredentialWithKey, Extension,
    ExtensionType, Extensions, GroupContext, Lifetime, MlsGroupCreateConfig, MlsGroupJoinConfig,
    PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProtocolVersion, RequiredCapabilitiesExtension,
    SenderRatchetConfiguration, UnknownExtension,
};
use sealwire_protocol::{certificate::DeviceCertificate, policy::GroupPolicy};

use crate::error::{CoreError, Result};

/// MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519 (0x0001, RFC 9420 §17.1).
pub(crate) const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// GroupContext extension that holds the [`GroupPolicy`].
pub(crate) const POLICY_EXTENSION: u16 = sealwire_protocol::policy::EXTENSION_TYPE;

/// Pads application messages and small commits.
pub(crate) const PADDING: usize = 256;
/// Pads what may pass 4 KiB, where the ingest grammar wants multiples of 1,024.
pub(crate) const LARGE_PADDING: usize = 1024;

/// Messages of one sender that may arrive out of order.
const OUT_OF_ORDER: u32 = 64;
/// Messages of one sender that may be missing before one that arrives.
const FORWARD: u32 = 20_000;

const DAY_S: u64 = 86_400;
/// A key package is valid this long before it was made, for clocks that are wrong.
const BEFORE_S: u64 = 14 * DAY_S;
/// And this long after.
const AFTER_S: u64 = 70 * DAY_S;
/// What must be left of it when somebody is added.
pub(crate) const MIN_REMAINING_S: u64 = 37 * DAY_S;

/// Whether a key package lives no longer than Sealwire's do: the total alone, no clock.
pub(crate) fn acceptable_lifetime(lifetime: &Lifetime) -> bool {
    let total = lifetime.not_after().saturating_sub(lifetime.not_before());
    lifetime.not_before() < lifetime.not_after() && total <= BEFORE_S + AFTER_S
}

/// Configuration of a group, with the given padding of ciphertexts in bytes.
pub(crate) fn join_config(padding: usize) -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(padding)
        .max_past_epochs(0)
        .number_of_resumption_psks(0)
        .use_ratchet_tree_extension(false)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
        .build()
}

/// Configuration of a new group under `policy`.
pub(crate) fn create_config(policy: &GroupPolicy, now_s: u64) -> Result<MlsGroupCreateConfig> {
    Ok(MlsGroupCreateConfig::builder()
        .ciphersuite(SUITE)
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(PADDING)
        .max_past_epochs(0)
        .number_of_resumption_psks(0)
        .use_ratchet_tree_extension(false)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
        .capabilities(capabilities())
        .lifetime(lifetime(now_s))
        .with_group_context_extensions(context_extensions(policy)?)
        .build())
}

/// What every leaf supports.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[SUITE]),
        // A key package may carry only extensions that its leaf lists (RFC 9420 §10.1).
        Some(&[
            ExtensionType::LastResort,
            ExtensionType::Unknown(POLICY_EXTENSION),
        ]),
        None,
        Some(&[CredentialType::Basic]),
    )
}

/// Validity of a key package made at `now_s`.
pub(crate) fn lifetime(now_s: u64) -> Lifetime {
    Lifetime::init(now_s.saturating_sub(BEFORE_S), now_s + AFTER_S)
}

/// The GroupContext extensions under `policy`: nothing else is allowed there.
pub(crate) fn context_extensions(policy: &GroupPolicy) -> Result<Extensions<GroupContext>> {
    Extensions::from_vec(vec![
        Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(
            &[ExtensionType::Unknown(POLICY_EXTENSION)],
            &[],
            &[CredentialType::Basic],
        )),
        Extension::Unknown(POLICY_EXTENSION, UnknownExtension(policy.encode())),
    ])
    .map_err(CoreError::internal)
}

/// The MLS credential of a device: a basic credential whose identity is its certificate.
pub(crate) fn credential(certificate: &DeviceCertificate) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(certificate.as_bytes().to_vec()).into(),
        signature_key: certificate.body().signature_key.as_bytes().to_vec().into(),
    }
}
