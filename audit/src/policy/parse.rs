//! Reading and writing policy files.

use std::collections::{BTreeMap, BTreeSet};

use super::{Group, Log, MAX_EACH, MAX_POLICY, Member, Policy, Witness};
use crate::Malformed;
use crate::note::{KeyKind, VerifierKey};
use crate::text::decimal;

const fn wrong(why: &'static str) -> Malformed {
    Malformed::new("policy", why)
}

/// What has been read so far.
#[derive(Default)]
struct Reader {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Option<Member>>,
    names: BTreeMap<Vec<u8>, Member>,
    /// Who is a member of a group already.
    taken: BTreeSet<Member>,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong; also if the last line has no newline, because
    /// the file may be cut off.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > MAX_POLICY {
            return Err(wrong("is longer than 128 KiB"));
        }
        let allowed = |byte: &u8| matches!(byte, b'\t' | b'\n' | 0x20..=0x7e | 0x80..);
        if !bytes.iter().all(allowed) {
            return Err(wrong("holds a control character"));
        }
        let mut reader = Reader::default();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let line = line
                .strip_suffix(b"\n")
                .ok_or(wrong("the last line does not end with a newline"))?;
            let words: Vec<&[u8]> = line
                .split(|byte| matches!(byte, b' ' | b'\t'))
                .filter(|word| !word.is_empty())
                .collect();
            reader.line(&words)?;
        }
        Ok(Self {
            logs: reader.logs,
            witnesses: reader.witnesses,
            groups: reader.groups,
            quorum: reader.quorum.ok_or(wrong("has no quorum line"))?,
        })
    }

    /// The policy as a file, without the comments it was read with.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        for log in &self.logs {
            let mut words = vec![b"log".to_vec(), log.key.to_string().into_bytes()];
            words.extend(log.url.clone());
            lines.push(words.join(&b' '));
        }
        for witness in &self.witnesses {
            let key = witness.key.to_string().into_bytes();
            let mut words = vec![b"witness".to_vec(), witness.name.clone(), key];
            words.extend(witness.url.clone());
            lines.push(words.join(&b' '));
        }
        for group in &self.groups {
            let threshold = group.threshold.to_string().into_bytes();
            let mut words = vec![b"group".to_vec(), group.name.clone(), threshold];
            words.extend(
                group
                    .members
                    .iter()
                    .map(|member| self.name(*member).to_vec()),
            );
            lines.push(words.join(&b' '));
        }
        let quorum = self
            .quorum
            .map_or(b"none".as_slice(), |member| self.name(member));
        lines.push([b"quorum ", quorum].concat());
        lines.push(Vec::new());
        lines.join(&b'\n')
    }

    pub(super) fn name(&self, member: Member) -> &[u8] {
        match member {
            Member::Witness(place) => &self.witnesses[place].name,
            Member::Group(place) => &self.groups[place].name,
        }
    }
}

impl Reader {
    fn line(&mut self, words: &[&[u8]]) -> Result<(), Malformed> {
        match words {
            [] => Ok(()),
            [word, ..] if word.starts_with(b"#") => Ok(()),
            [b"log", key] => self.log(key, None),
            [b"log", key, url] => self.log(key, Some(url)),
            [b"witness", name, key] => self.witness(name, key, None),
            [b"witness", name, key, url] => self.witness(name, key, Some(url)),
            [b"group", name, threshold, members @ ..] => self.group(name, threshold, members),
            [b"quorum", name] => self.quorum(name),
            _ => Err(wrong(
                "holds a line that is no log, witness, group or quorum",
            )),
        }
    }

    fn log(&mut self, key: &[u8], url: Option<&[u8]>) -> Result<(), Malformed> {
        let key = parse_key(key)?;
        if key.kind() != KeyKind::Note {
            return Err(wrong("the key of a log is not of type 1"));
        }
        let known = |log: &Log| log.key.public() == key.public();
        if self.logs.iter().any(known) {
            return Err(wrong("names a log's key twice"));
        }
        room(&self.logs)?;
        let url = url.map(<[u8]>::to_vec);
        self.logs.push(Log { key, url });
        Ok(())
    }

    fn witness(&mut self, name: &[u8], key: &[u8], url: Option<&[u8]>) -> Result<(), Malformed> {
        let key = parse_key(key)?;
        if key.kind() != KeyKind::Cosignature {
            return Err(wrong("the key of a witness is not of type 4"));
        }
        let known = |witness: &Witness| witness.key.public() == key.public();
        if self.witnesses.iter().any(known) {
            return Err(wrong("names a witness's key twice"));
        }
        room(&self.witnesses)?;
        self.define(name, Member::Witness(self.witnesses.len()))?;
        self.witnesses.push(Witness {
            name: name.to_vec(),
            key,
            url: url.map(<[u8]>::to_vec),
        });
        Ok(())
    }

    fn group(&mut self, name: &[u8], threshold: &[u8], names: &[&[u8]]) -> Result<(), Malformed> {
        let mut members = Vec::new();
        for name in names {
            let member = self.member(name)?;
            if !self.taken.insert(member) {
                return Err(wrong("lists a name in two groups, or twice"));
            }
            members.push(member);
        }
        let threshold = match threshold {
            b"all" => members.len(),
            b"any" => 1,
            number => str::from_utf8(number)
                .ok()
                .and_then(decimal)
                .and_then(|number| usize::try_from(number).ok())
                .ok_or(wrong("the threshold of a group is no number"))?,
        };
        if !(1..=members.len()).contains(&threshold) {
            return Err(wrong("the threshold of a group does not fit its members"));
        }
        room(&self.groups)?;
        self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group {
            name: name.to_vec(),
            threshold,
            members,
        });
        Ok(())
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), Malformed> {
        if self.quorum.is_some() {
            return Err(wrong("has two quorum lines"));
        }
        self.quorum = Some(if name == b"none" {
            None
        } else {
            Some(self.member(name)?)
        });
        Ok(())
    }

    fn define(&mut self, name: &[u8], member: Member) -> Result<(), Malformed> {
        if name == b"none" {
            return Err(wrong("calls somebody none"));
        }
        match self.names.insert(name.to_vec(), member) {
            None => Ok(()),
            Some(_) => Err(wrong("gives a name twice")),
        }
    }

    fn member(&self, name: &[u8]) -> Result<Member, Malformed> {
        let member = self.names.get(name).copied();
        member.ok_or(wrong("uses a name that no line above defines"))
    }
}

fn room<T>(list: &[T]) -> Result<(), Malformed> {
    if list.len() < MAX_EACH {
        return Ok(());
    }
    Err(wrong("names more than 64 logs, witnesses or groups"))
}

fn parse_key(text: &[u8]) -> Result<VerifierKey, Malformed> {
    let text = str::from_utf8(text).map_err(|_| wrong("holds a key that is not UTF-8"))?;
    VerifierKey::parse(text)
}
