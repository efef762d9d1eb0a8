//! `config-snapshot`.

use std::collections::BTreeMap;
use std::io::{self, Read as _};

use sealwire_audit::predicate::{
    Binary, ConfigSnapshot, Hex, Predicate as _, SchemaVersion, SelfReported,
};
use sealwire_audit::statement::{Statement, Subject};
use sealwire_crypto::Sha256Stream;

use crate::account::{self, AccountPlane};
use crate::clock;
use crate::config::Config;
use crate::evidence::{time, unsayable};
use crate::refusal::{Answer, Refusal};

/// Attests which program runs with which settings, unless the newest statement says the same.
pub(super) async fn attest(account: &AccountPlane, config: &Config) -> Answer<()> {
    let digest = tokio::task::spawn_blocking(own_digest)
        .await
        .map_err(|_| unsayable())?
        .map_err(|_| Refusal::internal("the relay's program cannot be read"))?;
    let snapshot = ConfigSnapshot {
        taken: time(clock::now_ms())?,
        binary: Binary {
            sha256: Hex(digest),
            self_reported: SelfReported,
        },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        configuration: flat(config)?,
        schema_versions: vec![SchemaVersion {
            database: account::DATABASE.to_owned(),
            version: account.schema_version().await?,
        }],
    };
    let evidence = account.evidence();
    if let Some(newest) = evidence.newest_statement(ConfigSnapshot::TYPE).await?
        && says_the_same(&newest, &snapshot)
    {
        return Ok(());
    }
    let subject = Subject {
        name: Some("sealwire-relay".to_owned()),
        digest: BTreeMap::from([("sha256".to_owned(), Hex(digest).to_string())]),
    };
    let statement = snapshot.statement(vec![subject]).map_err(|_| unsayable())?;
    evidence.attest_alone(&statement).await
}

fn says_the_same(newest: &Statement, snapshot: &ConfigSnapshot) -> bool {
    ConfigSnapshot::parse(newest).is_ok_and(|newest| {
        let taken = newest.taken;
        newest
            == ConfigSnapshot {
                taken,
                ..snapshot.clone()
            }
    })
}

/// SHA-256 of this program's file.
fn own_digest() -> io::Result<[u8; 32]> {
    let mut file = std::fs::File::open("/proc/self/exe")?;
    let (mut hash, mut piece) = (Sha256Stream::default(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hash.finish()),
            length => hash.update(&piece[..length]),
        }
    }
}

/// Each option by its name, like `limits.connections`. Where secrets lie is not told.
fn flat(config: &Config) -> Answer<BTreeMap<String, String>> {
    let all = serde_json::to_value(config).map_err(|_| unsayable())?;
    let mut options = BTreeMap::new();
    for (name, value) in all.as_object().into_iter().flatten() {
        match value.as_object() {
            Some(table) => {
                let named = |(option, value)| (format!("{name}.{option}"), plain(value));
                options.extend(table.iter().map(named));
            }
            None => drop(options.insert(name.clone(), plain(value))),
        }
    }
    // What the record of processing says, stands there.
    options.retain(|name, _| {
        !["s3.credentials", "tls.key"].contains(&name.as_str()) && !name.starts_with("processing.")
    });
    Ok(options)
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_told_but_those_of_secrets() {
        let options = flat(&Config::default()).expect("options");
        assert_eq!(options["limits.connections"], "20000");
        assert_eq!(options["listen"], "127.0.0.1:8443");
        assert_eq!(options["transparency.witnesses"], "[]");
        assert!(!options.contains_key("s3.credentials") && !options.contains_key("tls.key"));
    }
}
