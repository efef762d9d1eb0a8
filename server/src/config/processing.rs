//! `[processing]`: what no program can know of the processing of data, for the record of
//! processing activities (GDPR Art. 30).

use serde::{Deserialize, Serialize};

/// `[processing]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Processing {
    /// Who decides about the processing.
    pub(crate) controller: String,
    /// How to reach them.
    pub(crate) contact: String,
    /// How to reach the data protection officer; empty if none is needed.
    pub(crate) data_protection_officer: String,
    pub(crate) purposes: Vec<String>,
    /// Article and paragraph.
    pub(crate) legal_basis: String,
    /// Whose data it is.
    pub(crate) data_subjects: Vec<String>,
    /// Where the machine stands.
    pub(crate) location: String,
    /// Who gets data beside those whom the program knows.
    pub(crate) recipients: Vec<String>,
    /// To third countries, each with its safeguards.
    pub(crate) transfers: Vec<String>,
    /// Beside those of the program.
    pub(crate) security_measures: Vec<String>,
}

impl Processing {
    /// The options that a record cannot do without, and that are not set.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let options = [
            ("processing.controller", self.controller.is_empty()),
            ("processing.contact", self.contact.is_empty()),
            ("processing.purposes", self.purposes.is_empty()),
            ("processing.legal_basis", self.legal_basis.is_empty()),
            ("processing.data_subjects", self.data_subjects.is_empty()),
            ("processing.location", self.location.is_empty()),
        ];
        let empty = options.into_iter().filter(|(_, empty)| *empty);
        empty.map(|(name, _)| name).collect()
    }
}
