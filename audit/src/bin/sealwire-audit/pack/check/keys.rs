//! Whose keys have signed: those that a pack brings along, and those that the verifier
//! knows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sealwire_audit::dsse::{from_pem, key_id};
use sealwire_audit::predicate::Role;
use sealwire_crypto::EvidencePublic;

use super::{PackFolder, Place};
use crate::failure::Failure;
use crate::files;
use crate::pack::layout::MAX_KEY;

/// The keys that the verifier knows, by role. Without any, signatures are checked and
/// whose they are is left open.
#[derive(Default)]
pub(crate) struct Signers(Vec<(Role, EvidencePublic)>);

impl Signers {
    /// Reads `ROLE=FILE` for each; several of one role while a key is being changed.
    pub(crate) fn read(args: &[String]) -> Result<Self, Failure> {
        let one = |arg: &String| {
            let hint = "write relay=FILE, organisation=FILE, auditor=FILE or release=FILE";
            let wrong = || Failure::usage(format!("--signer {arg:?} names no role"), hint);
            let (role, path) = arg.split_once('=').ok_or_else(wrong)?;
            let role = Role::of(role).ok_or_else(wrong)?;
            let path = Path::new(path);
            let key = from_pem(&files::read(path, MAX_KEY)?).map_err(|why| {
                let hint = "give the public key as `openssl pkey -pubout` writes it";
                Failure::usage(format!("{}: {why}", path.display()), hint)
            })?;
            Ok((role, key))
        };
        args.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// Whether nobody is known.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The roles of those who have signed.
    ///
    /// # Errors
    /// A text that says who is missing: somebody known, or `needed`, the role whose word this is,
    /// if keys of that role are known. The keys of programs need not be: their makers are not those
    /// who are audited.
    pub(super) fn roles(
        &self,
        signers: &[EvidencePublic],
        needed: Role,
    ) -> Result<BTreeSet<Role>, String> {
        let signed = |(role, key): &(Role, EvidencePublic)| signers.contains(key).then_some(*role);
        let roles: BTreeSet<Role> = self.0.iter().filter_map(signed).collect();
        if self.is_empty() {
            return Ok(roles);
        }
        if self.0.iter().any(|(role, _)| *role == needed) && !roles.contains(&needed) {
            return Err(format!(
                "is not signed by any key that --signer gives for the {needed}, whose word it is"
            ));
        }
        if roles.is_empty() && needed != Role::Release {
            return Err("is not signed by any key given with --signer".to_owned());
        }
        Ok(roles)
    }
}

/// The public keys of a pack, by their id.
pub(super) struct PackKeys {
    keys: BTreeMap<String, EvidencePublic>,
    unused: BTreeSet<[u8; 32]>,
}

impl PackKeys {
    /// Reads the keys with these ids.
    pub(super) fn read(folder: &PackFolder, ids: &[[u8; 32]]) -> Result<Self, Failure> {
        let mut keys = BTreeMap::new();
        for id in ids {
            let place = Place::Key(*id);
            let key = from_pem(&folder.read(&place)?).map_err(|why| folder.broken(&place, why))?;
            let name = key_id(&key);
            if place.to_string() != format!("keys/{name}.pem") {
                return Err(folder.broken(&place, "is the key with another id than its name says"));
            }
            keys.insert(name, key);
        }
        Ok(Self {
            keys,
            unused: ids.iter().copied().collect(),
        })
    }

    /// The key with this id, in hexadecimal.
    pub(super) fn get(&self, id: &str) -> Option<EvidencePublic> {
        self.keys.get(id).copied()
    }

    /// Takes note that these have signed something.
    pub(super) fn used(&mut self, signers: &[EvidencePublic]) {
        for signer in signers {
            let spki = sealwire_audit::dsse::spki(signer);
            self.unused.remove(&sealwire_crypto::sha256(&[&spki]));
        }
    }

    /// A key that has signed nothing.
    pub(super) fn unused(&self) -> Option<Place> {
        self.unused.first().map(|id| Place::Key(*id))
    }
}
