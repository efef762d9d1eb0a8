//! Who sits on which leaf.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use openmls::prelude::{BasicCredential, Credential, LeafNode, LeafNodeIndex, Member, MlsGroup};
use sealwire_crypto::AccountPublic;
use sealwire_protocol::{
    certificate::{CertificateError, DeviceCertificate, UnverifiedCertificate},
    handle::Handle,
    ids::DeviceId,
};

/// Why a leaf cannot be what it says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LeafError {
    /// Not a basic credential.
    #[error("credential is not a certificate")]
    Credential,
    /// The certificate does not parse or verify.
    #[error("certificate refused: {0}")]
    Certificate(#[from] CertificateError),
    /// The leaf signs with another key than its certificate names.
    #[error("leaf signature key is not the certificate's")]
    SignatureKey,
    /// Two leaves of one device, or one handle with two account keys.
    #[error("{0}")]
    Conflict(&'static str),
}

/// Parses and verifies the certificate in a leaf, and that the leaf uses its key.
pub(crate) fn check_leaf(leaf: &LeafNode) -> Result<DeviceCertificate, LeafError> {
    check_credential(leaf.credential(), leaf.signature_key().as_slice())
}

/// Parses and verifies a credential with its leaf's signature key.
pub(crate) fn check_credential(
    credential: &Credential,
    signature_key: &[u8],
) -> Result<DeviceCertificate, LeafError> {
    let basic = BasicCredential::try_from(credential.clone()).map_err(|_| LeafError::Credential)?;
    let certificate = UnverifiedCertificate::parse(basic.identity())?.verify()?;
    if certificate.body().signature_key.as_bytes().as_slice() != signature_key {
        return Err(LeafError::SignatureKey);
    }
    Ok(certificate)
}

/// The devices of a group, by leaf. Built from leaves that were verified when they came in.
#[derive(Clone, Default)]
pub(crate) struct Roster {
    leaves: BTreeMap<u32, DeviceCertificate>,
    devices: HashSet<DeviceId>,
    /// Handle and account key belong together, for those who left in this epoch too.
    keys: HashMap<Handle, AccountPublic>,
    handles: HashMap<AccountPublic, Handle>,
}

impl Roster {
    /// Reads a group that this device is in: its leaves were verified when they were added.
    pub(crate) fn of(group: &MlsGroup) -> Result<Self, LeafError> {
        Self::read(group.members(), |identity| {
            Ok(UnverifiedCertificate::parse(identity)?.verified_before())
        })
    }

    /// Verifies every leaf of a tree that this device has never seen, before joining.
    pub(crate) fn verify(members: impl Iterator<Item = Member>) -> Result<Self, LeafError> {
        Self::read(members, |identity| {
            Ok(UnverifiedCertificate::parse(identity)?.verify()?)
        })
    }

    fn read(
        members: impl Iterator<Item = Member>,
        parse: impl Fn(&[u8]) -> Result<DeviceCertificate, LeafError>,
    ) -> Result<Self, LeafError> {
        let mut roster = Self::default();
        for member in members {
            let basic =
                BasicCredential::try_from(member.credential).map_err(|_| LeafError::Credential)?;
            let certificate = parse(basic.identity())?;
            if certificate.body().signature_key.as_bytes().as_slice() != member.signature_key {
                return Err(LeafError::SignatureKey);
            }
            roster.insert(member.index, certificate)?;
        }
        Ok(roster)
    }

    /// The device on a leaf.
    pub(crate) fn get(&self, index: LeafNodeIndex) -> Option<&DeviceCertificate> {
        self.leaves.get(&index.u32())
    }

    /// Takes a device off its leaf.
    pub(crate) fn remove(&mut self, index: LeafNodeIndex) -> Option<DeviceCertificate> {
        let leaf = self.leaves.remove(&index.u32())?;
        self.devices.remove(&leaf.device());
        Some(leaf)
    }

    /// Puts a device on a leaf; one device sits on one leaf, and a handle and an account key
    /// belong together.
    pub(crate) fn insert(
        &mut self,
        index: LeafNodeIndex,
        certificate: DeviceCertificate,
    ) -> Result<(), LeafError> {
        let (handle, account) = (certificate.handle(), certificate.account());
        let one_key = self.keys.get(handle).is_none_or(|key| key == account);
        let one_handle = self
            .handles
            .get(account)
            .is_none_or(|known| known == handle);
        if !one_key || !one_handle {
            return Err(LeafError::Conflict("a handle has two account keys"));
        }
        if !self.devices.insert(certificate.device()) {
            return Err(LeafError::Conflict("a device has two leaves"));
        }
        self.keys.insert(handle.clone(), *account);
        self.handles.insert(*account, handle.clone());
        self.leaves.insert(index.u32(), certificate);
        Ok(())
    }

    /// Every device with its leaf.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (LeafNodeIndex, &DeviceCertificate)> {
        self.leaves
            .iter()
            .map(|(index, certificate)| (LeafNodeIndex::new(*index), certificate))
    }

    /// The handle of an account.
    pub(crate) fn handle_of(&self, account: &AccountPublic) -> Option<&Handle> {
        self.handles.get(account)
    }

    /// The accounts present.
    pub(crate) fn accounts(&self) -> BTreeSet<AccountPublic> {
        self.leaves.values().map(|leaf| *leaf.account()).collect()
    }

    /// The leaves of an account.
    pub(crate) fn leaves_of(&self, account: &AccountPublic) -> Vec<LeafNodeIndex> {
        self.iter()
            .filter(|(_, certificate)| certificate.account() == account)
            .map(|(index, _)| index)
            .collect()
    }

    /// The leaf of a device.
    pub(crate) fn leaf_of(&self, device: &DeviceId) -> Option<LeafNodeIndex> {
        self.iter()
            .find(|(_, certificate)| certificate.device() == *device)
            .map(|(index, _)| index)
    }
}
