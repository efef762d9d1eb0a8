//! Asking witnesses for their cosignatures (C2SP `tlog-witness`).

use std::time::Duration;

use reqwest::{Client, StatusCode, Url};
use sealwire_audit::note::{KeyKind, Note, SignatureLine, Signed, VerifierKey};
use sealwire_audit::witness::Request;

use crate::config::Transparency;

const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer that is read, bytes: some cosignatures, or a size.
const LONGEST: usize = 16 * 1024;

/// Why the witnesses of the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WitnessError {
    #[error(
        "option `transparency.witnesses`: {0:?} is not `VKEY URL`, with the key of a witness as \
         `sealwire-audit witness init` prints it and the address that it serves: https, or http on \
         this machine"
    )]
    Spelling(String),
    #[error("option `transparency.quorum` must be at least 1 and at most the number of witnesses")]
    Quorum,
    #[error("cannot speak HTTP: {0}")]
    Http(#[from] reqwest::Error),
}

/// The witnesses, and how many of them a head needs.
pub(super) struct Witnesses {
    http: Client,
    all: Vec<Witness>,
    quorum: usize,
}

/// One witness.
pub(super) struct Witness {
    key: VerifierKey,
    /// Where it takes heads.
    address: Url,
}

/// What a witness says to a head.
pub(super) enum Said {
    /// It cosigned.
    Cosigned(Vec<SignatureLine>),
    /// It has seen this many entries, which is not what the request said.
    AtSize(u64),
    /// It has cosigned another head of this size, or one that the request's does not continue.
    Conflict,
    /// Nothing that helps; the text says what, for the log.
    Nothing(String),
}

impl Witnesses {
    /// Reads the settings.
    pub(super) fn open(settings: &Transparency) -> Result<Self, WitnessError> {
        let all: Vec<Witness> = settings
            .witnesses
            .iter()
            .map(|text| Witness::parse(text).ok_or_else(|| WitnessError::Spelling(text.clone())))
            .collect::<Result<_, _>>()?;
        let quorum = settings.quorum;
        if quorum > all.len() || (quorum == 0 && !all.is_empty()) {
            return Err(WitnessError::Quorum);
        }
        // Its HTTP client takes the process's cryptography.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http, all, quorum })
    }

    /// Each of them.
    pub(super) fn all(&self) -> &[Witness] {
        &self.all
    }

    /// How many have to cosign before a head is served.
    pub(super) const fn quorum(&self) -> usize {
        self.quorum
    }

    /// Sends a request.
    pub(super) async fn ask(&self, witness: &Witness, request: &Request) -> Said {
        match self.answer(witness, request).await {
            Ok((status, body)) => witness.read(status, &body, request.head()),
            Err(error) => Said::Nothing(error.without_url().to_string()),
        }
    }

    async fn answer(
        &self,
        witness: &Witness,
        request: &Request,
    ) -> Result<(StatusCode, String), reqwest::Error> {
        let post = self.http.post(witness.address.clone());
        let mut answer = post.body(request.to_string()).send().await?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > LONGEST {
                body.clear();
                break;
            }
            body.extend_from_slice(&chunk);
        }
        Ok((answer.status(), String::from_utf8(body).unwrap_or_default()))
    }
}

impl Witness {
    fn parse(text: &str) -> Option<Self> {
        let (key, url) = text.split_once(' ')?;
        let key = VerifierKey::parse(key).ok()?;
        let mut address = Url::parse(url).ok()?;
        let sound =
            key.kind() == KeyKind::Cosignature && is_private(&address) && address.query().is_none();
        let path = format!("{}/add-checkpoint", address.path().trim_end_matches('/'));
        address.set_path(&path);
        sound.then_some(Self { key, address })
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.key.name().as_str()
    }

    fn read(&self, status: StatusCode, body: &str, head: &Note) -> Said {
        let unclear = || Said::Nothing(format!("it answered {status}, and nothing that helps"));
        match status {
            StatusCode::OK => self
                .cosignatures(body, head)
                .map_or_else(unclear, Said::Cosigned),
            StatusCode::CONFLICT => match body.trim_end().parse() {
                Ok(size) => Said::AtSize(size),
                Err(_) => Said::Conflict,
            },
            StatusCode::UNPROCESSABLE_ENTITY => Said::Conflict,
            StatusCode::NOT_FOUND => Said::Nothing(
                "it does not know this log; `sealwire-audit witness add` makes it known".into(),
            ),
            _ => unclear(),
        }
    }

    /// Its true signatures out of an answer.
    fn cosignatures(&self, body: &str, head: &Note) -> Option<Vec<SignatureLine>> {
        let note = Note::parse(format!("{}\n{body}", head.text()).as_bytes()).ok()?;
        matches!(note.signed_by(&self.key), Ok(Some(Signed::At(_)))).then_some(())?;
        let own = note
            .signatures()
            .iter()
            .filter(|line| line.is_of(&self.key));
        Some(own.cloned().collect())
    }
}

/// Nobody on the way may answer in a witness's name: that could halt the logs.
fn is_private(address: &Url) -> bool {
    let own = match address.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match address.scheme() {
        "https" => true,
        "http" => own,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "witness.example/w1+";

    fn settings(witnesses: &[&str], quorum: usize) -> Transparency {
        Transparency {
            witnesses: witnesses.iter().map(|text| (*text).to_owned()).collect(),
            quorum,
        }
    }

    fn vkey(kind: KeyKind) -> String {
        let key = sealwire_crypto::EvidenceKey::generate(&mut rand::rng()).public();
        let name = sealwire_audit::note::KeyName::new("witness.example/w1").expect("a name");
        VerifierKey::new(name, kind, key).to_string()
    }

    #[test]
    fn settings_are_checked() {
        let good = format!("{} http://127.0.0.1:7380/w1/", vkey(KeyKind::Cosignature));
        let open = Witnesses::open(&settings(&[&good], 1)).expect("opened");
        assert_eq!(open.all()[0].name(), "witness.example/w1");
        let address = open.all()[0].address.as_str();
        assert_eq!(address, "http://127.0.0.1:7380/w1/add-checkpoint");
        assert!(Witnesses::open(&settings(&[], 0)).is_ok());
        for quorum in [0, 2] {
            let wrong = Witnesses::open(&settings(&[&good], quorum));
            assert!(matches!(wrong, Err(WitnessError::Quorum)), "{quorum}");
        }
        let note = format!("{} http://127.0.0.1:7380", vkey(KeyKind::Note));
        let file = good.replace("http://", "file://");
        let afar = good.replace("127.0.0.1", "witness.example");
        for wrong in [KEY, &note, &file, &afar, &vkey(KeyKind::Cosignature)] {
            let error = Witnesses::open(&settings(&[wrong], 1))
                .err()
                .expect("refused");
            assert!(
                error.to_string().contains("transparency.witnesses"),
                "{error}"
            );
        }
    }
}
