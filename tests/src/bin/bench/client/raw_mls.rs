//! openmls alone, with its storage in memory: what the client is compared to.

use openmls::prelude::{
    CredentialWithKey, GroupId, KeyPackage, KeyPackageBundle, LeafNodeIndex, LeafNodeParameters,
    MlsGroup, MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut,
    PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProcessedMessageContent, ProtocolMessage, RatchetTreeIn,
    SenderRatchetConfiguration, StagedWelcome, tls_codec::DeserializeBytes as _,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::{OpenMlsProvider as _, storage::StorageProvider as _};
use sealwire_protocol::content::{Content, Position};
use sealwire_protocol::ids::Lane;
use sealwire_protocol::log::RunningHash;
use sealwire_tests::mallory::{
    Identity,
    kit::{SUITE, capabilities, context, create_config, lifetime},
};

use crate::Result;

/// As in the client, for short messages.
pub(super) const PADDING: usize = 256;

/// One member of a group.
pub(super) struct Member {
    provider: OpenMlsRustCrypto,
    group: MlsGroup,
    who: Identity,
}

fn join_config(padding: usize) -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(padding)
        .max_past_epochs(0)
        .use_ratchet_tree_extension(false)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(64, 20_000))
        .build()
}

/// A key package whose keys are in `provider`.
pub(super) fn key_package(
    provider: &OpenMlsRustCrypto,
    who: &Identity,
) -> Result<KeyPackageBundle> {
    let credential: CredentialWithKey = who.credential();
    Ok(KeyPackage::builder()
        .key_package_lifetime(lifetime())
        .leaf_node_capabilities(capabilities())
        .build(SUITE, provider, &who.signer(), credential)?)
}

/// Its bytes on the wire.
pub(super) fn bytes_of(package: &KeyPackageBundle) -> Result<Vec<u8>> {
    Ok(MlsMessageOut::from(package.key_package().clone()).to_bytes()?)
}

/// A group made in one step.
pub(super) struct Group {
    /// Its maker.
    pub(super) first: Member,
    /// The member on the next leaf.
    pub(super) second: Member,
    /// Who is on the leaves after those two.
    pub(super) others: Vec<Identity>,
    /// Size of the commit that added all of them.
    pub(super) founding: usize,
}

/// Makes a group of so many members.
pub(super) fn group(size: usize, padding: usize) -> Result<Group> {
    let who = Identity::new("first@acme");
    let provider = OpenMlsRustCrypto::default();
    let mut group = MlsGroup::new_with_group_id(
        &provider,
        &who.signer(),
        &create_config(context(&[])),
        GroupId::from_slice(&rand::random::<[u8; 32]>()),
        who.credential(),
    )?;
    group.set_configuration(provider.storage(), &join_config(padding))?;
    let others: Vec<Identity> = (1..size)
        .map(|number| Identity::new(&format!("member-{number}@acme")))
        .collect();
    let second = OpenMlsRustCrypto::default();
    let mut packages = Vec::new();
    for (number, other) in others.iter().enumerate() {
        // Only the second member will ever use its keys.
        let bundle = if number == 0 {
            key_package(&second, other)?
        } else {
            key_package(&OpenMlsRustCrypto::default(), other)?
        };
        packages.push(bundle.key_package().clone());
    }
    let (commit, welcome, _) = group.add_members(&provider, &who.signer(), &packages)?;
    group.merge_pending_commit(&provider)?;
    let joined = join(&second, &welcome, &group, padding)?;
    let mut others = others.into_iter();
    let second = Member {
        provider: second,
        group: joined,
        who: others.next().ok_or("a group has two members")?,
    };
    let first = Member {
        provider,
        group,
        who,
    };
    Ok(Group {
        first,
        second,
        others: others.collect(),
        founding: commit.to_bytes()?.len(),
    })
}

fn join(
    provider: &OpenMlsRustCrypto,
    welcome: &MlsMessageOut,
    group: &MlsGroup,
    padding: usize,
) -> Result<MlsGroup> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(&welcome.to_bytes()?)?;
    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
        return Err("not a Welcome".into());
    };
    let tree: RatchetTreeIn = group.export_ratchet_tree().into();
    let config = join_config(padding);
    let staged = StagedWelcome::new_from_welcome(provider, &config, welcome, Some(tree))?;
    Ok(staged.into_group(provider)?)
}

/// What the client puts into a message with this text.
pub(super) fn content(text: &str) -> Result<Vec<u8>> {
    let position = Position {
        lane: Lane(rand::random()),
        seq: 1,
        hash: RunningHash(rand::random()),
    };
    Ok(Content::text(rand::random(), text, position)?.encode())
}

impl Member {
    /// Encrypts an application message.
    pub(super) fn send(&mut self, content: &[u8]) -> Result<Vec<u8>> {
        let signer = self.who.signer();
        let message = self
            .group
            .create_message(&self.provider, &signer, content)?;
        Ok(message.to_bytes()?)
    }

    /// Decrypts an application message.
    pub(super) fn receive(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes)?;
        let message: ProtocolMessage = message.try_into_protocol_message()?;
        let processed = self.group.process_message(&self.provider, message)?;
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(content) => Ok(content.into_bytes()),
            _ => Err("not an application message".into()),
        }
    }

    /// Updates the own leaf; gives the size of the commit.
    pub(super) fn update(&mut self) -> Result<usize> {
        let signer = self.who.signer();
        let parameters = LeafNodeParameters::default();
        let bundle = self
            .group
            .self_update(&self.provider, &signer, parameters)?;
        let bytes = bundle.into_commit().to_bytes()?.len();
        self.group.merge_pending_commit(&self.provider)?;
        Ok(bytes)
    }

    /// Becomes `who` on another leaf. Whoever commits needs the epoch's secrets, which all
    /// members have, and fresh keys: so one state can play all members in turn, instead of a
    /// thousand states that each follow all commits.
    pub(super) fn become_member(&mut self, who: Identity, leaf: u32) -> Result<()> {
        let id = self.group.group_id().clone();
        let storage = self.provider.storage();
        {
            let mut values = storage.values.write().map_err(|_| "a poisoned lock")?;
            for value in values.values_mut() {
                move_to_leaf(value, leaf)?;
            }
        }
        storage.write_own_leaf_index(&id, &LeafNodeIndex::new(leaf))?;
        self.group = MlsGroup::load(storage, &id)?.ok_or("the group is gone")?;
        self.who = who;
        Ok(())
    }
}

/// Sets the own leaf in a stored value, if it has one.
fn move_to_leaf(value: &mut Vec<u8>, leaf: u32) -> Result<()> {
    const NAME: &[u8] = b"\"own_index\":";
    let Some(at) = value.windows(NAME.len()).position(|bytes| bytes == NAME) else {
        return Ok(());
    };
    let from = at + NAME.len();
    let digits = value[from..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if digits == 0 {
        return Err("openmls stores the own leaf in another form".into());
    }
    value.splice(from..from + digits, leaf.to_string().into_bytes());
    Ok(())
}
