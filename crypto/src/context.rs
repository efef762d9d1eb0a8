//! What a signature is for.

/// What a signature is for. A signature made for one context never verifies in
/// another.
///
/// The signed bytes are `"sealwire v1 "`, the label, one zero byte, the message.
/// No label holds a zero byte, so no two pairs of context and message give the
/// same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignContext {
    /// An account vouches for a device.
    DeviceCertificate,
    /// An account withdraws a device, or an organisation an account.
    Revocation,
    /// An account changes its entry in the directory.
    DirectoryEntry,
    /// A device names itself inside a sealed envelope.
    Envelope,
    /// A device answers the relay's challenge when it signs in.
    Challenge,
    /// An account enrols with an organisation.
    Enrolment,
    /// An organisation states its policy.
    Policy,
    /// A new device asks to join an account.
    LinkRequest,
    /// An organisation vouches for an account.
    Endorsement,
    /// A device confirms that its person has read a message.
    Acknowledgement,
    /// A device states what it removed because it was kept no longer.
    RemovalReceipt,
    /// An account asks for its erasure.
    Erasure,
    /// A records custodian names the key of its archive's log.
    Archive,
    /// A device states how many of its conversations have a records custodian.
    Coverage,
    /// A device of an erased account says what became of its copies.
    ErasureReceipt,
}

/// What every signed message of this crate begins with.
pub(crate) const PREFIX: &[u8] = b"sealwire v1 ";

impl SignContext {
    /// Every context, in the order of declaration.
    pub const ALL: [Self; 15] = [
        Self::DeviceCertificate,
        Self::Revocation,
        Self::DirectoryEntry,
        Self::Envelope,
        Self::Challenge,
        Self::Enrolment,
        Self::Policy,
        Self::LinkRequest,
        Self::Endorsement,
        Self::Acknowledgement,
        Self::RemovalReceipt,
        Self::Erasure,
        Self::Archive,
        Self::Coverage,
        Self::ErasureReceipt,
    ];

    /// The label that stands in the signed bytes.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::DeviceCertificate => "device certificate",
            Self::Revocation => "revocation",
            Self::DirectoryEntry => "directory entry",
            Self::Envelope => "envelope",
            Self::Challenge => "challenge",
            Self::Enrolment => "enrolment",
            Self::Policy => "policy",
            Self::LinkRequest => "link request",
            Self::Endorsement => "endorsement",
            Self::Acknowledgement => "acknowledgement",
            Self::RemovalReceipt => "removal receipt",
            Self::Erasure => "erasure",
            Self::Archive => "archive",
            Self::Coverage => "coverage",
            Self::ErasureReceipt => "erasure receipt",
        }
    }

    /// The exact bytes that are signed for `message`, for those who verify with
    /// other tools.
    #[must_use]
    pub fn signed_bytes(self, message: &[u8]) -> Vec<u8> {
        [PREFIX, self.label().as_bytes(), &[0], message].concat()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn labels_are_distinct_and_hold_no_zero_byte() {
        let labels: HashSet<_> = SignContext::ALL.iter().map(|c| c.label()).collect();
        assert_eq!(labels.len(), SignContext::ALL.len());
        assert!(labels.iter().all(|l| !l.contains('\0') && l.len() < 64));
    }

    #[test]
    fn the_table_of_signed_bytes_stays() {
        let table: Vec<String> = SignContext::ALL
            .iter()
            .map(|c| format!("{c:?}: {}", c.signed_bytes(b"message").escape_ascii()))
            .collect();
        insta::assert_snapshot!(table.join("\n"), @r"
        DeviceCertificate: sealwire v1 device certificate\x00message
        Revocation: sealwire v1 revocation\x00message
        DirectoryEntry: sealwire v1 directory entry\x00message
        Envelope: sealwire v1 envelope\x00message
        Challenge: sealwire v1 challenge\x00message
        Enrolment: sealwire v1 enrolment\x00message
        Policy: sealwire v1 policy\x00message
        LinkRequest: sealwire v1 link request\x00message
        Endorsement: sealwire v1 endorsement\x00message
        Acknowledgement: sealwire v1 acknowledgement\x00message
        RemovalReceipt: sealwire v1 removal receipt\x00message
        Erasure: sealwire v1 erasure\x00message
        Archive: sealwire v1 archive\x00message
        Coverage: sealwire v1 coverage\x00message
        ErasureReceipt: sealwire v1 erasure receipt\x00message
        ");
    }
}
