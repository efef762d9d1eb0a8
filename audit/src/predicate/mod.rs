//! Predicates: what an attestation of Sealwire says, each of its own type.
//!
//! A predicate is the part of an in-toto [`Statement`] that says something; the
//! subjects beside it are what it is about. Its type is a URI under [`BASE`], which is
//! a name and need not resolve. Members are spelled in camelCase, times as RFC 3339
//! ([`Time`]), and members that a type does not know are refused: another shape is
//! another version. The same shapes stand as JSON Schema in `docs/predicates/`.

macro_rules! base {
    ($($name:literal)?) => {
        concat!("https://sealwire.example/attestation/" $(, $name, "/v1")?)
    };
}

mod access_export;
mod config_snapshot;
mod erasure;
mod incident;
mod key_directory;
mod legal_hold;
mod restore_drill;
mod retention_run;
mod ropa;
mod spelled;
mod storage_census;
mod subject_request;
#[cfg(test)]
mod tests;

pub use access_export::{AccessExport, CategoryCount};
pub use config_snapshot::{Binary, ConfigSnapshot, SchemaVersion, SelfReported};
pub use erasure::{DevicesTold, Erasure, KindCount, Step};
pub use incident::{Clock, ClockName, Incident};
pub use key_directory::KeyDirectory;
pub use legal_hold::{HoldAction, LegalHold};
pub use restore_drill::{Incarnations, RestoreDrill, TreeSizes};
pub use retention_run::{RemovedKind, RetentionRun, Rule};
pub use ropa::{DataCategory, Ropa};
pub use spelled::{Hex, Time, TreeRoot};
pub use storage_census::{
    BitsPerByte, Class, Column, Counter, EntropyBucket, Form, SizeBucket, StorageCensus, Stored,
    Table, class_of, known_columns,
};
pub use subject_request::{Law, Outcome, Right, SubjectRequest};

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Malformed;
use crate::canonical::to_canonical;
use crate::statement::{Statement, Subject};

/// What the types of all predicates begin with. Behind it stand name and version:
/// `retention-run/v1`.
pub const BASE: &str = base!();

/// Whose word a predicate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The relay: what it knows by itself.
    Relay,
    /// The organisation: what people decide.
    Organisation,
    /// An auditor: what was concluded.
    Auditor,
    /// The holder of the release key: of what and how programs were built.
    Release,
}

impl Role {
    /// The role with this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let all = [
            Self::Relay,
            Self::Organisation,
            Self::Auditor,
            Self::Release,
        ];
        all.into_iter().find(|role| role.name() == name)
    }

    /// Its name, one lower-case word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Organisation => "organisation",
            Self::Auditor => "auditor",
            Self::Release => "release",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one type of predicate says.
pub trait Predicate: Serialize + DeserializeOwned {
    /// Its name, for example `retention-run`.
    const NAME: &'static str;
    /// Its type, a URI.
    const TYPE: &'static str;
    /// Who has to sign it.
    const SIGNER: Role;

    /// Whether its members fit together, as far as no schema can say.
    ///
    /// # Errors
    /// [`Malformed`] says which do not.
    fn check(&self) -> Result<(), Malformed>;

    /// The statement that says this about `subjects`.
    ///
    /// # Errors
    /// [`Malformed`] as [`Predicate::check`], as [`Statement::new`], and for a count
    /// above 2^53 - 1.
    fn statement(&self, subjects: Vec<Subject>) -> Result<Statement, Malformed> {
        self.check()?;
        let value = serde_json::to_value(self)
            .map_err(|_| Malformed::new(Self::NAME, "has no form in JSON"))?;
        to_canonical(&value)?;
        Statement::new(subjects, Self::TYPE, value)
    }

    /// What a statement says, if it is of this type.
    ///
    /// # Errors
    /// [`Malformed`] for another type, for members that are missing, misspelled or
    /// unknown, and as [`Predicate::check`].
    fn parse(statement: &Statement) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new(Self::NAME, why);
        if statement.predicate_type() != Self::TYPE {
            return Err(wrong("the statement is of another type"));
        }
        to_canonical(statement.predicate())?;
        let predicate = Self::deserialize(statement.predicate())
            .map_err(|_| wrong("a member is missing, misspelled or unknown"))?;
        predicate.check()?;
        Ok(predicate)
    }
}

macro_rules! known {
    ($($kind:ident,)*) => {
        /// A predicate of any type that this version knows.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Known {
            $(#[doc = concat!("[`", stringify!($kind), "`].")] $kind($kind),)*
        }

        impl Known {
            /// The names of all types, in the order of the alphabet.
            pub const NAMES: &[&str] = &[$($kind::NAME),*];

            /// What a statement says.
            ///
            /// # Errors
            /// [`Malformed`] for a type that is not known, and as [`Predicate::parse`].
            pub fn parse(statement: &Statement) -> Result<Self, Malformed> {
                match statement.predicate_type() {
                    $($kind::TYPE => $kind::parse(statement).map(Self::$kind),)*
                    _ => Err(Malformed::new("statement", "is of a type that is not known here")),
                }
            }

            /// The name of its type, for example `retention-run`.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$kind(_) => $kind::NAME,)* }
            }

            /// Who has to sign it.
            #[must_use]
            pub const fn signer(&self) -> Role {
                match self { $(Self::$kind(_) => $kind::SIGNER,)* }
            }
        }
    };
}

known! {
    AccessExport,
    ConfigSnapshot,
    Erasure,
    Incident,
    KeyDirectory,
    LegalHold,
    RestoreDrill,
    RetentionRun,
    Ropa,
    StorageCensus,
    SubjectRequest,
}
