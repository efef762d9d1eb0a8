//! Decrypting a batch of application messages without writing the ratchets after each of them.
//!
//! openmls writes all message secrets of a group after every message. Within one transaction only
//! the last state matters, so messages are processed on [`DeferredProvider`], which writes
//! nothing, and [`write_ratchets`] writes the result once.

use openmls::{group::PastEpochDeletion, prelude::MlsGroup};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::{
    OpenMlsProvider,
    storage::{CURRENT_VERSION, StorageProvider, traits},
};

use super::Provider;
use crate::error::{CoreError, Result};

/// Processing an application message asked for something else than to write the ratchets.
#[derive(Debug, thiserror::Error)]
#[error("an application message needs no stored state")]
pub(crate) struct NotDeferrable;

/// Storage that takes the ratchets and forgets them; anything else is an error.
pub(crate) struct DeferredStorage;

/// A provider for application messages.
pub(crate) struct DeferredProvider<'a> {
    crypto: &'a RustCrypto,
    storage: DeferredStorage,
}

impl<'a> DeferredProvider<'a> {
    /// Processes with `crypto`.
    pub(crate) const fn new(crypto: &'a RustCrypto) -> Self {
        Self {
            crypto,
            storage: DeferredStorage,
        }
    }
}

impl OpenMlsProvider for DeferredProvider<'_> {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = DeferredStorage;

    fn storage(&self) -> &DeferredStorage {
        &self.storage
    }

    fn crypto(&self) -> &RustCrypto {
        self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        self.crypto
    }
}

/// Writes the ratchets of `group` as they are now.
pub(crate) fn write_ratchets(group: &mut MlsGroup, provider: &Provider<'_>) -> Result<()> {
    // With no past epochs kept, this deletes nothing and writes the message secrets: the one
    // public way to do that.
    group
        .delete_past_epoch_secrets(provider, PastEpochDeletion::delete_all())
        .map_err(CoreError::internal)
}

macro_rules! refuse_all {
    ($($name:ident<$($type:ident: $bound:ident),*>($($argument:ty),*) -> $result:ty;)*) => {
        $(
            fn $name<$($type: traits::$bound<CURRENT_VERSION>),*>(
                &self,
                $(_: $argument),*
            ) -> Result<$result, NotDeferrable> {
                Err(NotDeferrable)
            }
        )*
    };
}

impl StorageProvider<CURRENT_VERSION> for DeferredStorage {
    type Error = NotDeferrable;

    fn write_message_secrets<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        MessageSecrets: traits::MessageSecrets<CURRENT_VERSION>,
    >(
        &self,
        _: &GroupId,
        _: &MessageSecrets,
    ) -> Result<(), NotDeferrable> {
        Ok(())
    }

    refuse_all! {
    write_mls_join_config<GroupId: GroupId, MlsGroupJoinConfig: MlsGroupJoinConfig>(&GroupId, &MlsGroupJoinConfig) -> ();
            append_own_leaf_node<GroupId: GroupId, LeafNode: LeafNode>(&GroupId, &LeafNode) -> ();
            queue_proposal<GroupId: GroupId, ProposalRef: ProposalRef, QueuedProposal: QueuedProposal>(&GroupId, &ProposalRef, &QueuedProposal) -> ();
            write_tree<GroupId: GroupId, TreeSync: TreeSync>(&GroupId, &TreeSync) -> ();
            write_interim_transcript_hash<GroupId: GroupId, InterimTranscriptHash: InterimTranscriptHash>(&GroupId, &InterimTranscriptHash) -> ();
            write_context<GroupId: GroupId, GroupContext: GroupContext>(&GroupId, &GroupContext) -> ();
            write_confirmation_tag<GroupId: GroupId, ConfirmationTag: ConfirmationTag>(&GroupId, &ConfirmationTag) -> ();
            write_group_state<GroupState: GroupState, GroupId: GroupId>(&GroupId, &GroupState) -> ();
            write_resumption_psk_store<GroupId: GroupId, ResumptionPskStore: ResumptionPskStore>(&GroupId, &ResumptionPskStore) -> ();
            write_own_leaf_index<GroupId: GroupId, LeafNodeIndex: LeafNodeIndex>(&GroupId, &LeafNodeIndex) -> ();
            write_group_epoch_secrets<GroupId: GroupId, GroupEpochSecrets: GroupEpochSecrets>(&GroupId, &GroupEpochSecrets) -> ();
            write_signature_key_pair<SignaturePublicKey: SignaturePublicKey, SignatureKeyPair: SignatureKeyPair>(&SignaturePublicKey, &SignatureKeyPair) -> ();
            write_encryption_key_pair<EncryptionKey: EncryptionKey, HpkeKeyPair: HpkeKeyPair>(&EncryptionKey, &HpkeKeyPair) -> ();
            write_encryption_epoch_key_pairs<GroupId: GroupId, EpochKey: EpochKey, HpkeKeyPair: HpkeKeyPair>(&GroupId, &EpochKey, u32, &[HpkeKeyPair]) -> ();
            write_key_package<HashReference: HashReference, KeyPackage: KeyPackage>(&HashReference, &KeyPackage) -> ();
            write_psk<PskId: PskId, PskBundle: PskBundle>(&PskId, &PskBundle) -> ();
            mls_group_join_config<GroupId: GroupId, MlsGroupJoinConfig: MlsGroupJoinConfig>(&GroupId) -> Option<MlsGroupJoinConfig>;
            own_leaf_nodes<GroupId: GroupId, LeafNode: LeafNode>(&GroupId) -> Vec<LeafNode>;
            queued_proposal_refs<GroupId: GroupId, ProposalRef: ProposalRef>(&GroupId) -> Vec<ProposalRef>;
            queued_proposals<GroupId: GroupId, ProposalRef: ProposalRef, QueuedProposal: QueuedProposal>(&GroupId) -> Vec<(ProposalRef, QueuedProposal)>;
            tree<GroupId: GroupId, TreeSync: TreeSync>(&GroupId) -> Option<TreeSync>;
            group_context<GroupId: GroupId, GroupContext: GroupContext>(&GroupId) -> Option<GroupContext>;
            interim_transcript_hash<GroupId: GroupId, InterimTranscriptHash: InterimTranscriptHash>(&GroupId) -> Option<InterimTranscriptHash>;
            confirmation_tag<GroupId: GroupId, ConfirmationTag: ConfirmationTag>(&GroupId) -> Option<ConfirmationTag>;
            group_state<GroupState: GroupState, GroupId: GroupId>(&GroupId) -> Option<GroupState>;
            message_secrets<GroupId: GroupId, MessageSecrets: MessageSecrets>(&GroupId) -> Option<MessageSecrets>;
            resumption_psk_store<GroupId: GroupId, ResumptionPskStore: ResumptionPskStore>(&GroupId) -> Option<ResumptionPskStore>;
            own_leaf_index<GroupId: GroupId, LeafNodeIndex: LeafNodeIndex>(&GroupId) -> Option<LeafNodeIndex>;
            group_epoch_secrets<GroupId: GroupId, GroupEpochSecrets: GroupEpochSecrets>(&GroupId) -> Option<GroupEpochSecrets>;
            signature_key_pair<SignaturePublicKey: SignaturePublicKey, SignatureKeyPair: SignatureKeyPair>(&SignaturePublicKey) -> Option<SignatureKeyPair>;
            encryption_key_pair<HpkeKeyPair: HpkeKeyPair, EncryptionKey: EncryptionKey>(&EncryptionKey) -> Option<HpkeKeyPair>;
            encryption_epoch_key_pairs<GroupId: GroupId, EpochKey: EpochKey, HpkeKeyPair: HpkeKeyPair>(&GroupId, &EpochKey, u32) -> Vec<HpkeKeyPair>;
            key_package<KeyPackageRef: HashReference, KeyPackage: KeyPackage>(&KeyPackageRef) -> Option<KeyPackage>;
            psk<PskBundle: PskBundle, PskId: PskId>(&PskId) -> Option<PskBundle>;
            remove_proposal<GroupId: GroupId, ProposalRef: ProposalRef>(&GroupId, &ProposalRef) -> ();
            delete_own_leaf_nodes<GroupId: GroupId>(&GroupId) -> ();
            delete_group_config<GroupId: GroupId>(&GroupId) -> ();
            delete_tree<GroupId: GroupId>(&GroupId) -> ();
            delete_confirmation_tag<GroupId: GroupId>(&GroupId) -> ();
            delete_group_state<GroupId: GroupId>(&GroupId) -> ();
            delete_context<GroupId: GroupId>(&GroupId) -> ();
            delete_interim_transcript_hash<GroupId: GroupId>(&GroupId) -> ();
            delete_message_secrets<GroupId: GroupId>(&GroupId) -> ();
            delete_all_resumption_psk_secrets<GroupId: GroupId>(&GroupId) -> ();
            delete_own_leaf_index<GroupId: GroupId>(&GroupId) -> ();
            delete_group_epoch_secrets<GroupId: GroupId>(&GroupId) -> ();
            clear_proposal_queue<GroupId: GroupId, ProposalRef: ProposalRef>(&GroupId) -> ();
            delete_signature_key_pair<SignaturePublicKey: SignaturePublicKey>(&SignaturePublicKey) -> ();
            delete_encryption_key_pair<EncryptionKey: EncryptionKey>(&EncryptionKey) -> ();
            delete_encryption_epoch_key_pairs<GroupId: GroupId, EpochKey: EpochKey>(&GroupId, &EpochKey, u32) -> ();
            delete_key_package<KeyPackageRef: HashReference>(&KeyPackageRef) -> ();
            delete_psk<PskKey: PskId>(&PskKey) -> ();
        }
}
