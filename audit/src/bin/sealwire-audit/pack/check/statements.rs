//! The statements of which the log `audit` tells, and the proofs beside them.

use std::collections::BTreeSet;

use sealwire_audit::Malformed;
use sealwire_audit::canonical::from_canonical;
use sealwire_audit::dsse::{Envelope, IN_TOTO};
use sealwire_audit::leaf::{Attestation, Leaf};
use sealwire_audit::merkle::{leaf_hash, verify_inclusion};
use sealwire_audit::predicate::{Known, Role};
use sealwire_audit::proof::LogProof;
use sealwire_audit::release::{Build, PROVENANCE};
use sealwire_audit::statement::{Statement, Subject};
use sealwire_crypto::EvidencePublic;

use super::keys::PackKeys;
use super::tree::Attested;
use super::{Head, PackFolder, Place, Signers};
use crate::failure::Failure;

/// What a statement says.
pub(crate) enum What {
    /// What the relay, the organisation or an auditor attests.
    Known(Box<Known>),
    /// How programs were built that the relay offers as an update.
    Release,
}

impl What {
    fn of(statement: &Statement) -> Result<Self, Malformed> {
        if statement.predicate_type() == PROVENANCE {
            Build::of(statement)?;
            return Ok(Self::Release);
        }
        Known::parse(statement).map(|known| Self::Known(Box::new(known)))
    }

    /// The name of its type.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Known(known) => known.name(),
            Self::Release => "release",
        }
    }

    const fn signer(&self) -> Role {
        match self {
            Self::Known(known) => known.signer(),
            Self::Release => Role::Release,
        }
    }
}

/// A statement that was signed and logged.
pub(crate) struct Said {
    /// Its entry in the log `audit`.
    pub(crate) index: u64,
    /// What it says.
    pub(crate) what: What,
    /// What it is about.
    pub(crate) subjects: Vec<Subject>,
    /// Who has signed, of those that the verifier knows.
    pub(crate) roles: BTreeSet<Role>,
}

/// Checks the statement and the proof of each entry.
pub(super) fn check(
    folder: &PackFolder,
    head: &Head,
    attested: &[Attested],
    (signers, keys): (&Signers, &[[u8; 32]]),
    said: &mut dyn FnMut(Said),
) -> Result<(), Failure> {
    let mut keys = PackKeys::read(folder, keys)?;
    for at in attested {
        let place = Place::Statement(at.index);
        let bytes = folder.read(&place)?;
        let broken = |why: &dyn std::fmt::Display| folder.broken(&place, why);
        let envelope = Envelope::parse(&bytes).map_err(|why| broken(&why))?;
        if envelope.to_json().as_bytes() != bytes {
            return Err(broken(
                &"envelope: is spelled in another way than pack does",
            ));
        }
        let named = named_signers(&envelope, &keys).map_err(|why| broken(&why))?;
        let logged = Attestation::of(&envelope, &named).map_err(|why| broken(&why))?;
        // Those whose signatures fit, which need not be those that it names.
        let by: Vec<EvidencePublic> = logged.signers().copied().collect();
        let entry = Leaf::Attestation(logged)
            .to_bytes()
            .map_err(|why| broken(&why))?;
        if leaf_hash(&entry) != at.leaf {
            let why = format!(
                "entry {} tells of another payload or other signatures",
                at.index
            );
            return Err(broken(&why));
        }
        keys.used(&by);
        let (what, subjects) = read(&envelope).map_err(|why| broken(&why))?;
        let roles = signers
            .roles(&by, what.signer())
            .map_err(|why| broken(&why))?;
        check_proof(folder, head, at, &entry)?;
        said(Said {
            index: at.index,
            what,
            subjects,
            roles,
        });
    }
    match keys.unused() {
        Some(place) => Err(folder.broken(&place, "has signed nothing in this pack")),
        None => Ok(()),
    }
}

/// The keys that the envelope names, which are in the pack.
fn named_signers(envelope: &Envelope, keys: &PackKeys) -> Result<Vec<EvidencePublic>, String> {
    let signer = |id: Option<&String>| {
        let id = id.ok_or("a signature does not say whose it is")?;
        let missing = || {
            format!(
                "keys/{}.pem, which has signed, is missing",
                id.escape_debug()
            )
        };
        keys.get(id).ok_or_else(missing)
    };
    let ids = envelope.signatures().iter().map(|one| one.key_id.as_ref());
    ids.map(signer).collect()
}

fn read(envelope: &Envelope) -> Result<(What, Vec<Subject>), String> {
    if envelope.payload_type() != IN_TOTO {
        return Err("envelope: does not hold an in-toto statement".to_owned());
    }
    let said = |why: Malformed| why.to_string();
    // So that no two programs read two things in it.
    from_canonical(envelope.payload()).map_err(said)?;
    let statement = Statement::parse(envelope.payload()).map_err(said)?;
    let what = What::of(&statement).map_err(|why| {
        let kind = statement.predicate_type().escape_debug();
        format!("{why} ({kind})")
    })?;
    Ok((what, statement.subjects().to_vec()))
}

/// Checks that the proof is of this entry and leads to the head of the pack.
fn check_proof(
    folder: &PackFolder,
    head: &Head,
    at: &Attested,
    entry: &[u8],
) -> Result<(), Failure> {
    let place = Place::Proof(at.index);
    let broken = |why: &dyn std::fmt::Display| folder.broken(&place, why);
    let bytes = folder.read(&place)?;
    let proof = LogProof::parse(&bytes).map_err(|why| broken(&why))?;
    // The signatures on the head were checked where it stands by itself.
    if proof.head != head.note {
        return Err(broken(
            &"the head in it is not that of logs/audit/checkpoint",
        ));
    }
    if proof.extra.as_deref() != Some(entry) || proof.index != at.index {
        return Err(broken(&format!("is not the proof of entry {}", at.index)));
    }
    let tree = &head.trusted.checkpoint;
    verify_inclusion(&at.leaf, at.index, tree.size(), tree.root(), &proof.path)
        .map_err(|why| broken(&why))
}
