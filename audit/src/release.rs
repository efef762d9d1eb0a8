//! Releases: of which source and how programs were built (SLSA Provenance v1), and which parts they have
//! (CycloneDX), each as an in-toto statement about the programs' bytes.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Malformed;
use crate::predicate::{Hex, Time};
use crate::statement::{Statement, Subject};

/// Type of the predicate that says how something was built.
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// Type of the predicate that says of what something consists.
pub const BOM: &str = "https://cyclonedx.org/bom";
/// What the parameters of a build mean: docs/releases.md. A name, which need not resolve.
pub const BUILD_TYPE: &str = "https://sealwire.example/release/v1";
/// Who built: whoever holds the release key, on a machine of theirs. A name, which need not resolve.
pub const BUILDER: &str = "https://sealwire.example/builder/own-machine/v1";
/// How the programs are built.
pub const COMMAND: &str = "cargo xtask release";
/// What the desktop app's package is called in a release.
pub const DESKTOP: &str = "sealwire-desktop.deb";
/// What the name of a program's package ends with.
const PACKAGE: &str = ".deb";
/// Longest name of a program, bytes.
const MAX_NAME: usize = 64;

/// What a release says of its build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Version of the programs.
    pub version: String,
    /// The kind of machine that they are for, as Rust names it.
    pub target: String,
    /// Where the source is to be had, a URI; `None` if that was not said.
    pub source: Option<String>,
    /// Git's name of the commit: 40 or 64 hexadecimal digits.
    pub commit: String,
    /// SHA-256 of Cargo.lock, which names every dependency by its hash.
    pub lock: Hex<32>,
    /// The compiler, as it names itself.
    pub toolchain: String,
    /// Flags for the compiler beyond those of the source; empty if there are none.
    pub flags: String,
    /// When it began.
    pub started: Time,
    /// When it ended.
    pub finished: Time,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provenance {
    build_definition: Definition,
    run_details: Details,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    build_type: String,
    external_parameters: External,
    internal_parameters: Internal,
    resolved_dependencies: Vec<Resource>,
}

/// Whoever verifies has to know all of these (SLSA: "MUST reject unrecognized").
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct External {
    command: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    target: String,
    version: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Internal {
    toolchain: String,
    flags: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    digest: Digest,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Digest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    git_commit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<Hex<32>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    builder: Builder,
    metadata: Metadata,
}

#[derive(Serialize, Deserialize)]
struct Builder {
    id: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    started_on: Time,
    finished_on: Time,
}

const WHAT: &str = "provenance";
const LOCK: &str = "Cargo.lock";

impl Build {
    /// The statement that these programs came out of the build.
    ///
    /// # Errors
    /// [`Malformed`] without programs or for a commit that has no such name.
    pub fn to_statement(&self, programs: Vec<Subject>) -> Result<Statement, Malformed> {
        check_commit(&self.commit)?;
        let provenance = Provenance {
            build_definition: Definition {
                build_type: BUILD_TYPE.to_owned(),
                external_parameters: External {
                    command: COMMAND.to_owned(),
                    source: self.source.clone(),
                    target: self.target.clone(),
                    version: self.version.clone(),
                },
                internal_parameters: Internal {
                    toolchain: self.toolchain.clone(),
                    flags: self.flags.clone(),
                },
                resolved_dependencies: vec![self.commit(), self.lock()],
            },
            run_details: Details {
                builder: Builder {
                    id: BUILDER.to_owned(),
                },
                metadata: Metadata {
                    started_on: self.started,
                    finished_on: self.finished,
                },
            },
        };
        let predicate = serde_json::to_value(provenance)
            .map_err(|_| Malformed::new(WHAT, "has no JSON form"))?;
        Statement::new(programs, PROVENANCE, predicate)
    }

    fn commit(&self) -> Resource {
        Resource {
            uri: self.source.clone(),
            name: None,
            digest: Digest {
                git_commit: Some(self.commit.clone()),
                sha256: None,
            },
        }
    }

    fn lock(&self) -> Resource {
        Resource {
            uri: None,
            name: Some(LOCK.to_owned()),
            digest: Digest {
                git_commit: None,
                sha256: Some(self.lock),
            },
        }
    }

    /// Reads what [`Build::to_statement`] says. Members that SLSA lets one pass over are passed over.
    ///
    /// # Errors
    /// [`Malformed`] for other predicates, other kinds of build and other builders.
    pub fn of(statement: &Statement) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new(WHAT, why);
        if statement.predicate_type() != PROVENANCE {
            return Err(wrong("is no SLSA provenance of version 1"));
        }
        let Provenance {
            build_definition: definition,
            run_details: details,
        } = serde_json::from_value(statement.predicate().clone()).map_err(|_| {
            wrong("does not have the members of SLSA's provenance that a release has")
        })?;
        if definition.build_type != BUILD_TYPE || definition.external_parameters.command != COMMAND
        {
            return Err(wrong("is of another kind of build"));
        }
        if details.builder.id != BUILDER {
            return Err(wrong("names another builder"));
        }
        let resources = &definition.resolved_dependencies;
        let commit = resources
            .iter()
            .find_map(|one| one.digest.git_commit.clone());
        let commit = commit.ok_or(wrong("names no commit"))?;
        check_commit(&commit)?;
        let lock = resources
            .iter()
            .filter(|one| one.name.as_deref() == Some(LOCK))
            .find_map(|one| one.digest.sha256);
        Ok(Self {
            version: definition.external_parameters.version,
            target: definition.external_parameters.target,
            source: definition.external_parameters.source,
            commit,
            lock: lock.ok_or(wrong("names no Cargo.lock"))?,
            toolchain: definition.internal_parameters.toolchain,
            flags: definition.internal_parameters.flags,
            started: details.metadata.started_on,
            finished: details.metadata.finished_on,
        })
    }
}

/// Whether a program, or its package, may have this name in a release: lower-case letters, digits and `-`, and
/// `.deb` behind them for a package, so that it is no path.
#[must_use]
pub fn is_program(name: &str) -> bool {
    let name = program_of(name);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= MAX_NAME && !name.starts_with('-') && name.bytes().all(plain)
}

/// The program that is in a package of this name; of a program its own name.
#[must_use]
pub fn program_of(name: &str) -> &str {
    name.strip_suffix(PACKAGE).unwrap_or(name)
}

fn check_commit(commit: &str) -> Result<(), Malformed> {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if [40, 64].contains(&commit.len()) && commit.bytes().all(hex) {
        Ok(())
    } else {
        Err(Malformed::new(
            WHAT,
            "a commit is not 40 or 64 hexadecimal digits",
        ))
    }
}

/// Checks that a bill of materials in CycloneDX is that of a program, or of the program in a package, by name and
/// version. Gives how many parts it names.
///
/// # Errors
/// [`Malformed`] says what is wrong.
pub fn check_bom(bom: &Value, program: &str, version: &str) -> Result<usize, Malformed> {
    let wrong = |why| Malformed::new("bill of materials", why);
    if bom["bomFormat"] != "CycloneDX" || !bom["specVersion"].is_string() {
        return Err(wrong("is not CycloneDX"));
    }
    let about = &bom["metadata"]["component"];
    if about["name"] != program_of(program) {
        return Err(wrong("is about another program"));
    }
    if about["version"] != version {
        return Err(wrong("is about another version than the provenance"));
    }
    let parts = bom["components"].as_array().map_or(0, Vec::len);
    if parts == 0 {
        return Err(wrong("names no part"));
    }
    Ok(parts)
}
