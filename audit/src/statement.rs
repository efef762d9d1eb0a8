//! Statements: in-toto Statement v1, what an attestation says about what.

use std::collections::BTreeMap;

use sealwire_crypto::{EvidencePublic, sha256};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Malformed;
use crate::canonical::to_canonical;
use crate::dsse::{Envelope, IN_TOTO, TooFew};

/// Says that a JSON object is a statement of this version.
pub const TYPE: &str = "https://in-toto.io/Statement/v1";

const WHAT: &str = "statement";
/// Most subjects of a statement.
const MAX_SUBJECTS: usize = 10_000;

/// What a statement is about: a thing with a name and at least one digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Its name; may be left out if the digests say enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name of the algorithm and digest in lower-case hexadecimal.
    pub digest: BTreeMap<String, String>,
}

impl Subject {
    /// A thing by its bytes, with their SHA-256.
    #[must_use]
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        let digest = data_encoding::HEXLOWER.encode(&sha256(&[bytes]));
        Self {
            name: Some(name.to_owned()),
            digest: BTreeMap::from([("sha256".to_owned(), digest)]),
        }
    }

    /// Whether `bytes` have the SHA-256 that stands here.
    #[must_use]
    pub fn is(&self, bytes: &[u8]) -> bool {
        let digest = data_encoding::HEXLOWER.encode(&sha256(&[bytes]));
        self.digest.get("sha256") == Some(&digest)
    }
}

/// An in-toto statement: a predicate about subjects.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    subjects: Vec<Subject>,
    predicate_type: String,
    predicate: Value,
}

#[derive(Deserialize)]
struct Json {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    predicate: Value,
}

/// Why an envelope is no statement of somebody who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unattested {
    /// Too few of the keys that count have signed.
    #[error(transparent)]
    TooFew(#[from] TooFew),
    /// What they signed is not a statement.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl Statement {
    /// A statement.
    ///
    /// # Errors
    /// [`Malformed`] without a subject or with one that has no digest, for a predicate
    /// type that is no URI, or a predicate that is no object.
    pub fn new(
        subjects: Vec<Subject>,
        predicate_type: &str,
        predicate: Value,
    ) -> Result<Self, Malformed> {
        let wrong = |why| Err(Malformed::new(WHAT, why));
        if subjects.is_empty() || subjects.len() > MAX_SUBJECTS {
            return wrong("does not have 1 to 10,000 subjects");
        }
        if !subjects.iter().all(digests_are_sound) {
            return wrong("a subject has no digest, or a misspelled one");
        }
        if !predicate_type.contains(':') || predicate_type.contains(char::is_whitespace) {
            return wrong("the predicate type is not a URI");
        }
        if !(predicate.is_object() || predicate.is_null()) {
            return wrong("the predicate is not an object");
        }
        Ok(Self {
            subjects,
            predicate_type: predicate_type.to_owned(),
            predicate,
        })
    }

    /// Reads a statement. Unknown members are passed over, as in-toto asks.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong.
    pub fn parse(json: &[u8]) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new(WHAT, why);
        let json: Json =
            serde_json::from_slice(json).map_err(|_| wrong("is not the JSON of a statement"))?;
        if json.kind != TYPE {
            return Err(wrong("is not an in-toto statement of version 1"));
        }
        Self::new(json.subject, &json.predicate_type, json.predicate)
    }

    /// The statement in an envelope that `needed` of `keys` have signed.
    ///
    /// # Errors
    /// [`Unattested`]; the payload is not read before the signatures are checked.
    pub fn open(
        envelope: &Envelope,
        keys: &[EvidencePublic],
        needed: usize,
    ) -> Result<Self, Unattested> {
        envelope.verify(keys, needed)?;
        if envelope.payload_type() != IN_TOTO {
            return Err(Malformed::new("envelope", "does not hold an in-toto statement").into());
        }
        Ok(Self::parse(envelope.payload())?)
    }

    /// The statement in an envelope that is still to be signed, spelled canonically.
    ///
    /// # Errors
    /// [`Malformed`] if the predicate has no canonical spelling.
    pub fn to_envelope(&self) -> Result<Envelope, Malformed> {
        Ok(Envelope::new(IN_TOTO, self.to_json()?))
    }

    /// The statement as canonical JSON (RFC 8785).
    ///
    /// # Errors
    /// [`Malformed`] if the predicate has no canonical spelling.
    pub fn to_json(&self) -> Result<Vec<u8>, Malformed> {
        let mut value = json!({
            "_type": TYPE,
            "subject": self.subjects,
            "predicateType": self.predicate_type,
        });
        if !self.predicate.is_null() {
            value["predicate"] = self.predicate.clone();
        }
        to_canonical(&value)
    }

    /// What it is about.
    #[must_use]
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// What kind of thing it says, as a URI.
    #[must_use]
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// What it says; null if nothing.
    #[must_use]
    pub const fn predicate(&self) -> &Value {
        &self.predicate
    }
}

fn digests_are_sound(subject: &Subject) -> bool {
    let sound = |(name, digest): (&String, &String)| {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match name.as_str() {
            "sha256" => digest.len() == 64 && digest.bytes().all(hex),
            // Other algorithms spell as they like.
            _ => !name.is_empty() && !digest.is_empty(),
        }
    };
    !subject.digest.is_empty() && subject.digest.iter().all(sound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::evidence_key;

    const RETENTION: &str = "https://attest.example/retention-run/v1";

    fn statement() -> Statement {
        Statement::new(
            vec![Subject::of("audit", b"tree head")],
            RETENTION,
            json!({"removed": 17, "at": "2026-11-25T23:00:00Z"}),
        )
        .unwrap()
    }

    #[test]
    fn a_statement_travels_in_an_envelope() {
        let mut envelope = statement().to_envelope().unwrap();
        insta::assert_snapshot!(String::from_utf8_lossy(envelope.payload()));
        let (relay, organisation) = (evidence_key(1), evidence_key(2));
        envelope.sign(&relay);
        let keys = [relay.public(), organisation.public()];
        let too_few = TooFew {
            valid: 1,
            needed: 2,
        };
        assert_eq!(Statement::open(&envelope, &keys, 2), Err(too_few.into()));
        envelope.sign(&organisation);
        assert_eq!(Statement::open(&envelope, &keys, 2), Ok(statement()));
    }

    #[test]
    fn other_payloads_are_no_statements() {
        let key = evidence_key(1);
        let open = |payload_type: &str, payload: &str| {
            let mut envelope = Envelope::new(payload_type, payload.as_bytes().to_vec());
            envelope.sign(&key);
            Statement::open(&envelope, &[key.public()], 1)
        };
        let good = String::from_utf8(statement().to_json().unwrap()).unwrap();
        assert_eq!(open(IN_TOTO, &good), Ok(statement()));
        assert!(open("", &good).is_err());
        assert!(open("application/json", &good).is_err());
        for wrong in [
            String::new(),
            "{}".to_owned(),
            good.replace("Statement/v1", "Statement/v0.1"),
            good.replace("sha256", ""),
            good.replace("\"sha256\":\"", "\"sha256\":\"0"),
            good.replace("https://", "https "),
            good.replace("{\"at\":\"2026-11-25T23:00:00Z\",\"removed\":17}", "17"),
        ] {
            assert!(open(IN_TOTO, &wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn unknown_members_are_passed_over() {
        let good = String::from_utf8(statement().to_json().unwrap()).unwrap();
        let more = good.replace("\"subject\":[{", "\"new\":1,\"subject\":[{\"uri\":\"x\",");
        assert_ne!(good, more);
        assert_eq!(Statement::parse(more.as_bytes()), Ok(statement()));
    }

    #[test]
    fn a_subject_is_its_bytes() {
        let subject = Subject::of("audit", b"tree head");
        assert!(subject.is(b"tree head"));
        assert!(!subject.is(b"tree hea"));
    }

    #[test]
    fn what_no_statement_may_be() {
        let subject = || vec![Subject::of("audit", b"")];
        let new = Statement::new;
        assert!(new(vec![], RETENTION, json!({})).is_err());
        assert!(new(subject(), "retention-run", json!({})).is_err());
        assert!(new(subject(), RETENTION, json!([])).is_err());
        let mut upper = subject();
        upper[0].digest.insert("sha256".to_owned(), "AB".repeat(32));
        assert!(new(upper, RETENTION, json!({})).is_err());
        let mut none = subject();
        none[0].digest.clear();
        assert!(new(none, RETENTION, json!({})).is_err());
    }
}
