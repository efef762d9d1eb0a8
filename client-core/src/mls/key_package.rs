//! Making key packages, and judging those of others before somebody is added.

use openmls::prelude::tls_codec::DeserializeBytes;
use openmls::prelude::{
    KeyPackage, KeyPackageBundle, KeyPackageIn, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut,
    ProtocolVersion,
};
use openmls_traits::OpenMlsProvider;
use sealwire_crypto::DeviceKey;
use sealwire_protocol::certificate::DeviceCertificate;

use super::{
    MIN_REMAINING_S, MlsSigner, Provider, SUITE, capabilities, check_leaf, credential, lifetime,
};
use crate::error::{CoreError, ErrorKind, Result};

/// Makes one key package; its private keys are stored in the open transaction.
pub(crate) fn make_key_package(
    provider: &Provider<'_>,
    device_key: &DeviceKey,
    certificate: &DeviceCertificate,
    last_resort: bool,
    now_s: u64,
) -> Result<KeyPackageBundle> {
    let mut builder = KeyPackage::builder()
        .key_package_lifetime(lifetime(now_s))
        .leaf_node_capabilities(capabilities());
    if last_resort {
        builder = builder.mark_as_last_resort();
    }
    builder
        .build(
            SUITE,
            provider,
            &MlsSigner(device_key),
            credential(certificate),
        )
        .map_err(CoreError::internal)
}

/// The wire form: one `MLSMessage`.
pub(crate) fn encode_key_package(bundle: &KeyPackageBundle) -> Result<Vec<u8>> {
    MlsMessageOut::from(bundle.key_package().clone())
        .to_bytes()
        .map_err(CoreError::internal)
}

/// Parses and validates a key package from the relay, which must be of the device that
/// `certificate` names, and last long enough.
pub(crate) fn check_key_package(
    provider: &impl OpenMlsProvider,
    bytes: &[u8],
    certificate: &DeviceCertificate,
    now_s: u64,
) -> Result<KeyPackage> {
    let package = parse_key_package(provider, bytes)?;
    let leaf = check_leaf(package.leaf_node()).map_err(|error| refused(certificate, &error))?;
    if leaf.device() != certificate.device() || !leaf.same_account(certificate) {
        return Err(refused(certificate, &"it is another device's"));
    }
    let remaining = package.life_time().not_after().saturating_sub(now_s);
    if remaining < MIN_REMAINING_S {
        return Err(refused(certificate, &"it has expired or soon will"));
    }
    if package.life_time().not_before() > now_s || !package.life_time().has_acceptable_range() {
        return Err(refused(certificate, &"its lifetime is not acceptable"));
    }
    Ok(package)
}

fn refused(certificate: &DeviceCertificate, why: &dyn std::fmt::Display) -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        "bad_key_package",
        format!(
            "the key package of {} was refused: {why}",
            certificate.handle()
        ),
        "ask them to open Sealwire so that it uploads new key packages, then repeat",
    )
}

/// Parses exactly one key package and checks its signatures (RFC 9420 §10.1).
pub(crate) fn parse_key_package(
    provider: &impl OpenMlsProvider,
    bytes: &[u8],
) -> Result<KeyPackage> {
    let malformed = |what: &dyn std::fmt::Display| {
        CoreError::new(
            ErrorKind::Untrusted,
            "bad_key_package",
            format!("a key package is malformed: {what}"),
            "ask its owner to open Sealwire so that it uploads new ones, then repeat",
        )
    };
    let message =
        MlsMessageIn::tls_deserialize_exact_bytes(bytes).map_err(|error| malformed(&error))?;
    let MlsMessageBodyIn::KeyPackage(package) = message.extract() else {
        return Err(malformed(&"it is another kind of message"));
    };
    let package: KeyPackageIn = package;
    let package = package
        .validate(provider.crypto(), ProtocolVersion::Mls10)
        .map_err(|error| malformed(&error))?;
    if package.ciphersuite() != SUITE {
        return Err(malformed(&"it has another cipher suite"));
    }
    Ok(package)
}
