//! Proofs of logging that stand alone: `.tlog-proof` files (C2SP `tlog-proof`).

use std::fmt;

use data_encoding::BASE64;

use crate::Malformed;
use crate::merkle::{Hash, ProofError, leaf_hash, verify_inclusion};
use crate::note::{MAX_NOTE, Note};
use crate::policy::{Distrust, Policy, Trusted};
use crate::text::{base64, decimal, hashes, line};
use crate::tile::MAX_ENTRY;

/// Longest proof file, in bytes.
pub const MAX_PROOF: usize = MAX_NOTE + 128 * 1024;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
const WHAT: &str = "proof";

/// That an entry stands in a log. Printed as its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogProof {
    /// Anything; nobody has signed it. Ours hold the entry itself, which the proof
    /// then makes certain.
    pub extra: Option<Vec<u8>>,
    /// The entry's place in the log.
    pub index: u64,
    /// The siblings on the way to the root.
    pub path: Vec<Hash>,
    /// The signed and cosigned head of the log.
    pub head: Note,
}

/// Why a proof does not show that its entry was logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// The head is not trusted.
    #[error(transparent)]
    Head(#[from] Distrust),
    /// The entry does not lead to the head.
    #[error("{0}; the entry, its place or the proof is not the one that was logged")]
    Path(#[from] ProofError),
}

impl LogProof {
    /// Reads a proof file.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new(WHAT, why);
        if bytes.len() > MAX_PROOF {
            return Err(wrong("is too long"));
        }
        let mut rest = str::from_utf8(bytes).map_err(|_| wrong("is not UTF-8"))?;
        if line(&mut rest) != Some(HEADER) {
            return Err(wrong("does not begin with c2sp.org/tlog-proof@v1"));
        }
        let mut next = line(&mut rest).ok_or(wrong("is cut off"))?;
        let mut extra = None;
        if let Some(text) = next.strip_prefix("extra ") {
            let bytes = base64(text).ok_or(wrong("the extra data is not base64"))?;
            if bytes.len() > MAX_ENTRY {
                return Err(wrong("the extra data is longer than 65,535 bytes"));
            }
            extra = Some(bytes);
            next = line(&mut rest).ok_or(wrong("is cut off"))?;
        }
        let index = next
            .strip_prefix("index ")
            .and_then(decimal)
            .ok_or(wrong("has no index, or a misspelled one"))?;
        let path = hashes(&mut rest, WHAT)?;
        let head = Note::parse(rest.as_bytes())?;
        Ok(Self {
            extra,
            index,
            path,
            head,
        })
    }

    /// Checks that `entry` was logged, as far as `policy` is to be believed.
    ///
    /// # Errors
    /// [`Unproven`] says which link is broken.
    pub fn verify(&self, policy: &Policy, entry: &[u8]) -> Result<Trusted, Unproven> {
        let trusted = policy.check(&self.head)?;
        let head = &trusted.checkpoint;
        let leaf = leaf_hash(entry);
        verify_inclusion(&leaf, self.index, head.size(), head.root(), &self.path)?;
        Ok(trusted)
    }
}

impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.path
            .iter()
            .try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.head)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::merkle::prove_inclusion;
    use crate::testing::{TestLog, witness};

    fn scene() -> (Policy, LogProof) {
        let mut log = TestLog::new(1, "relay.acme.example/audit");
        log.grow(40, "truth");
        let mut head = log.head();
        head.add(log.checkpoint().cosign(&witness(2), 1_700_000_000).unwrap())
            .unwrap();
        let (log_key, witness_key) = (log.key.verifier(), witness(2));
        let policy = format!(
            "log {log_key}\nwitness W {}\nquorum W\n",
            witness_key.verifier()
        );
        let proof = LogProof {
            extra: Some(b"truth 33".to_vec()),
            index: 33,
            path: prove_inclusion(&log, 33, 40).unwrap(),
            head,
        };
        (Policy::parse(policy.as_bytes()).unwrap(), proof)
    }

    #[test]
    fn a_proof_stands_alone() {
        let (policy, proof) = scene();
        let text = proof.to_string();
        insta::assert_snapshot!(text);
        let read = LogProof::parse(text.as_bytes()).unwrap();
        assert_eq!(read, proof);
        let trusted = read.verify(&policy, b"truth 33").unwrap();
        assert_eq!(trusted.witnessed_at, Some(1_700_000_000));
    }

    #[test]
    fn each_broken_link_is_named() {
        let (policy, proof) = scene();
        let wrong_root = Err(Unproven::Path(ProofError::WrongRoot));
        assert_eq!(proof.verify(&policy, b"truth 34"), wrong_root);
        let mut moved = proof.clone();
        moved.index = 32;
        assert_eq!(moved.verify(&policy, b"truth 33"), wrong_root);
        moved.index = 40;
        let behind = Err(Unproven::Path(ProofError::OutOfRange));
        assert_eq!(moved.verify(&policy, b"truth 33"), behind);
        let nobody = Policy::parse(b"quorum none\n").unwrap();
        let refused = proof.verify(&nobody, b"truth 33");
        assert!(matches!(
            refused,
            Err(Unproven::Head(Distrust::UnknownLog(_)))
        ));
    }

    /// Every bit of the file matters, except those of what nobody has signed: the extra
    /// data, here left out.
    #[test]
    fn no_flipped_bit_goes_unnoticed() {
        let (policy, mut proof) = scene();
        proof.extra = None;
        let good = proof.to_string().into_bytes();
        for place in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[place] ^= 1 << bit;
                let read = LogProof::parse(&bad);
                let verified = read.map(|proof| proof.verify(&policy, b"truth 33"));
                assert!(!matches!(verified, Ok(Ok(_))), "byte {place}, bit {bit}");
            }
        }
    }

    #[test]
    fn what_is_no_proof() {
        let (_, proof) = scene();
        let good = proof.to_string();
        let hash = proof.path[0].to_string();
        for (bad, why) in [
            (String::new(), "does not begin with c2sp.org/tlog-proof@v1"),
            (
                good.replace("@v1", "@v2"),
                "does not begin with c2sp.org/tlog-proof@v1",
            ),
            (
                good.replace("index 33", "index 033"),
                "has no index, or a misspelled one",
            ),
            (
                good.replace("index 33", "extra AA=="),
                "has no index, or a misspelled one",
            ),
            (
                good.replace("extra ", "extra  "),
                "the extra data is not base64",
            ),
            (good.replacen(&hash, &hash[1..], 1), "a hash is misspelled"),
            (
                good.replacen(&hash, &vec![hash.as_str(); 64].join("\n"), 1),
                "has more than 63 hashes",
            ),
            (good[..good.find("\n\n").unwrap()].to_owned(), "is cut off"),
            (
                good.replace("index 33\n", "index 33\r\n"),
                "has no index, or a misspelled one",
            ),
            ("x".repeat(MAX_PROOF + 1), "is too long"),
        ] {
            assert_eq!(
                LogProof::parse(bad.as_bytes()).unwrap_err().why,
                why,
                "{bad:.100}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_so(cut in any::<prop::sample::Index>(), with in ".{0,3}|\n|[A-Za-z0-9+/=]{0,4}") {
            let (_, proof) = scene();
            let mut text = proof.to_string();
            let mut at = cut.index(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            text.insert_str(at, &with);
            if let Ok(read) = LogProof::parse(text.as_bytes()) {
                prop_assert_eq!(read.to_string(), text);
            }
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = LogProof::parse(&bytes);
            let _ = LogProof::parse(&[b"c2sp.org/tlog-proof@v1\n", bytes.as_slice()].concat());
        }
    }
}
