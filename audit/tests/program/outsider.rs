//! A log that another program keeps: written from the texts of C2SP and RFC 6962, with
//! nothing of this crate, its keys made and used by `openssl`.

use std::path::Path;

use data_encoding::BASE64;
use sealwire_crypto::sha256;

use crate::openssl::Pem;

type Hash = [u8; 32];

pub(crate) struct OtherLog {
    pub(crate) origin: String,
    key: Pem,
    leaves: Vec<Hash>,
}

fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            sha256(&[&[1], &root(left), &root(right)])
        }
    }
}

fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { vec![] } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if old <= left.len() {
        [subproof(old, left, whole), vec![root(right)]].concat()
    } else {
        [subproof(old - left.len(), right, false), vec![root(left)]].concat()
    }
}

/// The first four bytes of a hash over name, newline, kind of key and key.
pub(crate) fn key_id(name: &str, kind: u8, public: &[u8; 32]) -> [u8; 4] {
    let hash = sha256(&[name.as_bytes(), b"\n", &[kind], public]);
    [hash[0], hash[1], hash[2], hash[3]]
}

impl OtherLog {
    pub(crate) fn new(dir: &Path, origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            key: Pem::generate(dir, &origin.replace(['/', '.'], "-")),
            leaves: Vec::new(),
        }
    }

    pub(crate) fn vkey(&self) -> String {
        let id = key_id(&self.origin, 1, &self.key.public);
        let id = data_encoding::HEXLOWER.encode(&id);
        let key = BASE64.encode(&[&[1], self.key.public.as_slice()].concat());
        format!("{}+{id}+{key}", self.origin)
    }

    pub(crate) fn grow(&mut self, size: usize, story: &str) {
        while self.leaves.len() < size {
            let entry = format!("{story} {}", self.leaves.len());
            self.leaves.push(sha256(&[&[0], entry.as_bytes()]));
        }
    }

    pub(crate) fn forget(&mut self, size: usize) {
        self.leaves.truncate(size);
    }

    /// The text of the newest checkpoint.
    pub(crate) fn text(&self) -> String {
        let root = BASE64.encode(&root(&self.leaves));
        format!("{}\n{}\n{root}\n", self.origin, self.leaves.len())
    }

    /// The body of a request with a checkpoint of any text.
    pub(crate) fn ask_with(&self, old: usize, text: &str) -> String {
        let proof = if old == 0 || old > self.leaves.len() {
            Vec::new()
        } else {
            subproof(old, &self.leaves, true)
        };
        let line = |hash: &Hash| BASE64.encode(hash) + "\n";
        let proof: String = proof.iter().map(line).collect();
        let id = key_id(&self.origin, 1, &self.key.public);
        let signature = BASE64.encode(&[id.as_slice(), &self.key.sign(text.as_bytes())].concat());
        format!(
            "old {old}\n{proof}\n{text}\n— {} {signature}\n",
            self.origin
        )
    }

    pub(crate) fn ask(&self, old: usize) -> String {
        self.ask_with(old, &self.text())
    }
}
