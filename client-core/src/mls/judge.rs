//! Whether a commit is valid: a function of the epoch's state, the commit and its `next`, so that
//! every member comes to the same answer. Clocks, the directory and organisation policy have no
//! say here.

use openmls::{
    group::{ProcessMessageError, ProposalValidationError, StageCommitError, ValidationError},
    prelude::{
        Extension, KeyPackageVerifyError, LeafNodeIndex, MlsGroup, Proposal, ProposalOrRefType,
        Sender, StagedCommit,
    },
    treesync::errors::LeafNodeValidationError,
};
use openmls_rust_crypto::RustCrypto;
use sealwire_crypto::AccountPublic;
use sealwire_protocol::{
    certificate::DeviceCertificate,
    handle::Handle,
    ids::{DeviceId, Lane, LogId, Pass},
    policy::{GroupPolicy, GroupRole, PolicyError, check_change},
};

use super::{
    POLICY_EXTENSION, Roster, acceptable_lifetime, check_leaf, context_extensions,
    kinds::{Leaves, check_kinds},
};

/// What members conclude about a commit.
pub(crate) enum Verdict {
    /// Merge it.
    Valid(Box<Effects>),
    /// Go on without it, in the same lane.
    Invalid(Refusal),
    /// This device cannot tell: stop here, tell the person.
    Undecided(String),
}

/// Why a commit is invalid.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// In words, without content.
    pub(crate) reason: String,
    /// Members can differ on this one: it lies in the part of the update path that only some
    /// can check, or depends on their clocks.
    pub(crate) may_split: bool,
}

impl Refusal {
    fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            may_split: false,
        }
    }

    /// For a reason that not every member can see.
    fn local(reason: &dyn std::fmt::Display) -> Self {
        Self {
            reason: words(reason),
            may_split: true,
        }
    }
}

/// What a valid commit changes.
pub(crate) struct Effects {
    /// The committer.
    pub(crate) actor: Handle,
    /// Accounts that were not in the group before.
    pub(crate) added: Vec<Handle>,
    /// Accounts that are no longer in it.
    pub(crate) removed: Vec<Handle>,
    /// Further or replaced devices of accounts that stay.
    pub(crate) devices: Vec<Handle>,
    /// Devices taken off their leaf whose accounts stay.
    pub(crate) withdrawn: Vec<Handle>,
    /// Devices that got a leaf.
    pub(crate) seated: Vec<DeviceId>,
    /// The committer's leaf has fresh keys.
    pub(crate) fresh_leaf: bool,
    /// The policy before.
    pub(crate) old: GroupPolicy,
    /// The policy after.
    pub(crate) new: GroupPolicy,
    /// The pass of the new epoch; `None` if this device was removed.
    pub(crate) pass: Option<Pass>,
}

/// The pass of a group's present epoch.
pub(crate) fn current_pass(group: &MlsGroup, crypto: &RustCrypto, log: &LogId) -> Option<Pass> {
    let bytes = group
        .export_secret(crypto, Pass::LABEL, log.as_bytes(), 32)
        .ok()?;
    Pass::from_slice(&zeroize::Zeroizing::new(bytes)).ok()
}

/// The pass of the epoch that a staged commit opens; `None` if it removes this device.
pub(crate) fn staged_pass(staged: &StagedCommit, crypto: &RustCrypto, log: &LogId) -> Option<Pass> {
    let bytes = staged
        .export_secret(crypto, Pass::LABEL, log.as_bytes(), 32)
        .ok()?;
    Pass::from_slice(&zeroize::Zeroizing::new(bytes)).ok()
}

/// The policy in a group's present epoch.
pub(crate) fn group_policy(group: &MlsGroup) -> Result<GroupPolicy, PolicyError> {
    policy_of(group.extensions().iter())
}

fn policy_of<'a>(
    mut extensions: impl Iterator<Item = &'a Extension>,
) -> Result<GroupPolicy, PolicyError> {
    extensions
        .find_map(|extension| match extension {
            Extension::Unknown(POLICY_EXTENSION, unknown) => Some(&unknown.0),
            _ => None,
        })
        .ok_or(PolicyError::Malformed)
        .and_then(|bytes| GroupPolicy::parse(bytes))
}

/// Maps what openmls says of a message it could not process.
///
/// A lifetime is judged by this device's clock, so members can differ on it as on an update path:
/// the commit is refused, and this device stops if others go on with it. Stopping at once would
/// let any member stop everybody with a key package that has run out.
pub(crate) fn verdict_of_error<E: std::fmt::Display>(error: &ProcessMessageError<E>) -> Verdict {
    match error {
        ProcessMessageError::StorageError(inner) => Verdict::Undecided(inner.to_string()),
        ProcessMessageError::LibraryError(_) => {
            Verdict::Undecided("the encryption library failed".into())
        }
        ProcessMessageError::ValidationError(ValidationError::KeyPackageVerifyError(
            KeyPackageVerifyError::LifetimeError(_),
        )) => outside_lifetime(),
        ProcessMessageError::InvalidCommit(stage) => match stage {
            StageCommitError::ProposalValidationError(
                ProposalValidationError::LeafNodeValidation(LeafNodeValidationError::Lifetime(_)),
            )
            | StageCommitError::LeafNodeValidation(LeafNodeValidationError::Lifetime(_)) => {
                outside_lifetime()
            }
            StageCommitError::UpdatePathError(_) | StageCommitError::ConfirmationTagMismatch => {
                Verdict::Invalid(Refusal::local(stage))
            }
            // openmls says this when its rows could not be read.
            StageCommitError::MissingDecryptionKey
            | StageCommitError::OwnKeyNotFound
            | StageCommitError::LibraryError(_) => {
                Verdict::Undecided("own keys could not be read".into())
            }
            other => Verdict::Invalid(Refusal::new(words(other))),
        },
        other => Verdict::Invalid(Refusal::new(words(other))),
    }
}

fn outside_lifetime() -> Verdict {
    Verdict::Invalid(Refusal::local(
        &"it adds somebody by a key package that is outside its lifetime",
    ))
}

/// Without the full stop that openmls puts at the end: it stands inside a sentence.
fn words(error: &dyn std::fmt::Display) -> String {
    error.to_string().trim_end_matches('.').to_owned()
}

/// Judges a staged commit, one's own pending one included.
pub(crate) fn judge(
    group: &MlsGroup,
    roster: &Roster,
    crypto: &RustCrypto,
    log: &LogId,
    sender: &Sender,
    staged: &StagedCommit,
    next: &Lane,
) -> Verdict {
    match examine(group, roster, crypto, log, sender, staged, next) {
        Ok(effects) => Verdict::Valid(Box::new(effects)),
        Err(Objection::Refused(refusal)) => Verdict::Invalid(refusal),
        Err(Objection::CannotTell(reason)) => Verdict::Undecided(reason),
    }
}

enum Objection {
    Refused(Refusal),
    CannotTell(String),
}

impl From<PolicyError> for Objection {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::UnknownVersion(version) => Self::CannotTell(format!(
                "the group's policy has version {version}; update this program"
            )),
            other => refuse(other.to_string()),
        }
    }
}

fn refuse(reason: impl Into<String>) -> Objection {
    Objection::Refused(Refusal::new(reason))
}

fn examine(
    group: &MlsGroup,
    roster: &Roster,
    crypto: &RustCrypto,
    log: &LogId,
    sender: &Sender,
    staged: &StagedCommit,
    next: &Lane,
) -> Result<Effects, Objection> {
    let Sender::Member(sender) = sender else {
        return Err(refuse("the committer is not a member"));
    };
    let actor = roster
        .get(*sender)
        .ok_or_else(|| refuse("the committer has no leaf"))?;
    check_proposals(staged)?;
    let own_leaf = check_own_leaf(roster, *sender, staged)?;

    let pass = staged_pass(staged, crypto, log);
    match &pass {
        Some(pass) if pass.lane() != *next => {
            return Err(refuse("`next` is not the lane of the new epoch"));
        }
        None if !staged.self_removed() => {
            return Err(Objection::CannotTell("no secret can be exported".into()));
        }
        _ => {}
    }

    let old = group_policy(group)?;
    let new = match new_policy(staged) {
        // Nobody here can say what it allows; that it is not for this member to bring, everybody
        // can.
        Err(Objection::CannotTell(_)) if old.role_of(actor.account()) != Some(GroupRole::Owner) => {
            return Err(refuse("only an owner may bring in a newer policy"));
        }
        other => other?,
    };
    let change = leaf_changes(roster, staged, actor.account())?;
    check_change(
        &old,
        &new,
        actor.account(),
        &change.added.iter().map(|(key, _)| *key).collect::<Vec<_>>(),
        &change
            .removed
            .iter()
            .map(|(key, _)| *key)
            .collect::<Vec<_>>(),
        &[],
    )
    .map_err(|violation| refuse(violation.to_string()))?;
    let fresh: Vec<_> = change.put_on.into_iter().chain(own_leaf).collect();
    let leaves = Leaves {
        before: roster,
        after: &change.after,
        fresh: &fresh,
    };
    let role = old.role_of(actor.account()).unwrap_or(GroupRole::Reader);
    check_kinds(&old, &new, role, &leaves).map_err(refuse)?;
    let handles = |list: Vec<(AccountPublic, Handle)>| list.into_iter().map(|(_, h)| h).collect();
    Ok(Effects {
        actor: actor.handle().clone(),
        added: handles(change.added),
        removed: handles(change.removed),
        devices: change.devices,
        withdrawn: change.withdrawn,
        seated: change.seated,
        fresh_leaf: staged.update_path_leaf_node().is_some(),
        old,
        new,
        pass,
    })
}

/// By value, and only kinds whose rules are written here.
fn check_proposals(staged: &StagedCommit) -> Result<(), Objection> {
    for queued in staged.queued_proposals() {
        if queued.proposal_or_ref_type() != ProposalOrRefType::Proposal {
            return Err(refuse("a proposal is not carried by value"));
        }
        match queued.proposal() {
            Proposal::Add(_) | Proposal::Remove(_) | Proposal::GroupContextExtensions(_) => {}
            _ => return Err(refuse("a proposal is of a kind that is not allowed")),
        }
    }
    Ok(())
}

/// openmls accepts a committer's new leaf with any credential; a leaf never changes its account
/// or device.
fn check_own_leaf(
    roster: &Roster,
    sender: LeafNodeIndex,
    staged: &StagedCommit,
) -> Result<Option<DeviceCertificate>, Objection> {
    let Some(leaf) = staged.update_path_leaf_node() else {
        return Ok(None);
    };
    let new = check_leaf(leaf).map_err(|error| refuse(error.to_string()))?;
    match roster.get(sender) {
        Some(old) if old.as_bytes() == new.as_bytes() || new.is_renewal_of(old) => Ok(Some(new)),
        _ => Err(refuse("the committer's leaf takes over another account")),
    }
}

/// The policy after the commit; the GroupContext holds nothing but what Sealwire puts there.
fn new_policy(staged: &StagedCommit) -> Result<GroupPolicy, Objection> {
    let extensions = staged.group_context().extensions();
    let policy = policy_of(extensions.iter())?;
    let expected = context_extensions(&policy).map_err(|error| refuse(error.to_string()))?;
    if *extensions != expected {
        return Err(refuse("the group context holds unexpected extensions"));
    }
    Ok(policy)
}

struct LeafChange {
    added: Vec<(AccountPublic, Handle)>,
    removed: Vec<(AccountPublic, Handle)>,
    devices: Vec<Handle>,
    withdrawn: Vec<Handle>,
    seated: Vec<DeviceId>,
    put_on: Vec<DeviceCertificate>,
    /// The leaves without those that were removed, with those that were added.
    after: Roster,
}

fn leaf_changes(
    roster: &Roster,
    staged: &StagedCommit,
    actor: &AccountPublic,
) -> Result<LeafChange, Objection> {
    let before = roster.accounts();
    let mut after = roster.clone();
    let mut taken_off = Vec::new();
    for remove in staged.remove_proposals() {
        let leaf = after
            .remove(remove.remove_proposal().removed())
            .ok_or_else(|| refuse("a removed leaf does not exist"))?;
        taken_off.push(leaf);
    }
    let mut put_on = Vec::new();
    for (number, add) in staged.add_proposals().enumerate() {
        let package = add.add_proposal().key_package();
        if !package.life_time().has_acceptable_range() {
            return Err(refuse("the lifetime of an added key package is too long"));
        }
        let leaf = check_leaf(package.leaf_node()).map_err(|error| refuse(error.to_string()))?;
        if !acceptable_lifetime(add.add_proposal().key_package().life_time()) {
            return Err(refuse("a key package is valid for too long"));
        }
        // The real index does not matter here, only that no two leaves conflict.
        let stand_in = LeafNodeIndex::new(u32::MAX - u32::try_from(number).unwrap_or(0));
        after
            .insert(stand_in, leaf.clone())
            .map_err(|error| refuse(error.to_string()))?;
        put_on.push(leaf);
    }
    let now = after.accounts();
    let mut change = LeafChange {
        added: Vec::new(),
        removed: Vec::new(),
        devices: Vec::new(),
        withdrawn: Vec::new(),
        seated: put_on.iter().map(DeviceCertificate::device).collect(),
        put_on: Vec::new(),
        after,
    };
    for leaf in &put_on {
        let entry = (*leaf.account(), leaf.handle().clone());
        if before.contains(leaf.account()) {
            change.devices.push(entry.1);
        } else if !change.added.contains(&entry) {
            change.added.push(entry);
        }
    }
    for leaf in &taken_off {
        let entry = (*leaf.account(), leaf.handle().clone());
        if !now.contains(leaf.account()) {
            if !change.removed.contains(&entry) {
                change.removed.push(entry);
            }
            continue;
        }
        // The account stays: its own devices may do this, and anybody who brings the
        // replacement in the same commit.
        let replaced = put_on.iter().any(|new| new.is_renewal_of(leaf));
        if leaf.account() != actor && !replaced {
            return Err(refuse("a device was removed whose account stays"));
        }
        if !replaced {
            change.withdrawn.push(entry.1);
        }
    }
    change.put_on = put_on;
    Ok(change)
}
