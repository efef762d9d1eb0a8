//! Refusals: RFC 9457 problem details, with one closed list of codes for both planes.

use serde::{Deserialize, Serialize};

/// `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:sealwire:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in words, the same for every occurrence.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What was wrong here and what to do next. Never content, keys, tokens or codes.
    pub detail: String,
    /// Milliseconds to wait before a repeat can succeed, if waiting helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $title:literal;)*) => {
        /// Why a relay refuses.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The code on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Code::$name => $status,)* }
            }

            /// RFC 9457 `title`.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }

            /// Parses the code on the wire.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Code::$name),)* _ => None }
            }
        }
    };
}

codes! {
    /// The request is not of the documented form.
    Malformed = "malformed", 400, "Malformed request";
    /// No valid session token.
    Unauthenticated = "unauthenticated", 401, "Not signed in";
    /// Signed in, but the role does not allow it.
    Forbidden = "forbidden", 403, "Not allowed";
    /// The account is suspended.
    Suspended = "suspended", 403, "Account suspended";
    /// The account of this device was erased.
    AccountErased = "account_erased", 410, "Account erased";
    /// No such route.
    NotFound = "not_found", 404, "Not found";
    /// The invitation code is not known.
    InvitationUnknown = "invitation_unknown", 404, "Unknown invitation";
    /// The invitation was used.
    InvitationUsed = "invitation_used", 409, "Invitation already used";
    /// The invitation ran out.
    InvitationExpired = "invitation_expired", 410, "Invitation expired";
    /// The certificate is of another kind than the invitation or the account.
    WrongKind = "wrong_kind", 422, "Another kind of account";
    /// Somebody else has this handle.
    HandleTaken = "handle_taken", 409, "Handle taken";
    /// The handle is not of the allowed form.
    HandleInvalid = "handle_invalid", 422, "Invalid handle";
    /// A certificate or proof does not verify.
    BadCertificate = "bad_certificate", 422, "Certificate refused";
    /// A signature does not verify, or the challenge ran out.
    BadSignature = "bad_signature", 401, "Signature refused";
    /// No such account.
    AccountUnknown = "account_unknown", 404, "Unknown account";
    /// No such device.
    DeviceUnknown = "device_unknown", 404, "Unknown device";
    /// The organisation key is set already.
    OrganisationKeySet = "organisation_key_set", 409, "Organisation key already set";
    /// The organisation has published no policy.
    NoPolicy = "no_policy", 404, "No organisation policy";
    /// The policy does not follow the one that the relay has.
    PolicyConflict = "policy_conflict", 409, "Not the next organisation policy";
    /// The last owner cannot lose the role or be suspended.
    LastOwner = "last_owner", 409, "Last owner";
    /// A legal hold of the organisation's policy keeps it.
    LegalHold = "legal_hold", 409, "On legal hold";
    /// The holds that a policy places or releases are not attested, or others are.
    HoldUnattested = "hold_unattested", 422, "Legal hold not attested";
    /// The device has no key package left, not even a last resort.
    NoKeyPackage = "no_key_package", 404, "No key package";
    /// No log with this id, or the pass opens no lane of it.
    LaneUnknown = "lane_unknown", 403, "Unknown log or pass";
    /// A log with this id exists with other values.
    LogExists = "log_exists", 409, "Log exists";
    /// The entry is not in the ingest grammar.
    Grammar = "grammar", 422, "Entry refused by the ingest grammar";
    /// The child lane of a commit is not new to the log.
    LaneTaken = "lane_taken", 409, "Child lane is not new";
    /// The same entry id with other bytes.
    EntryConflict = "entry_conflict", 409, "Entry id used for other bytes";
    /// Entries asked for were pruned; rejoin.
    Pruned = "pruned", 410, "Entries pruned";
    /// The client's cursor is beyond the lane's end: the relay was restored.
    Ahead = "ahead", 409, "Client is ahead of the relay";
    /// Same blob id with other bytes.
    BlobConflict = "blob_conflict", 409, "Blob id used for other bytes";
    /// An upload goes on at another offset than this.
    OffsetConflict = "offset_conflict", 409, "Not the present offset";
    /// The request is of another version of tus, or of none.
    TusVersion = "tus_version", 412, "Unsupported tus version";
    /// The body is of another media type than the route takes.
    MediaType = "media_type", 415, "Unsupported media type";
    /// The range begins beyond the end of the blob.
    Range = "range", 416, "Range not satisfiable";
    /// No such blob, or the token does not open it.
    BlobUnknown = "blob_unknown", 404, "Unknown blob";
    /// A size or count limit.
    TooLarge = "too_large", 413, "Too large";
    /// Too many requests; wait.
    RateLimited = "rate_limited", 429, "Too many requests";
    /// Too many commits in this group; wait.
    CommitRate = "commit_rate", 429, "Too many commits";
    /// The inbox is full.
    InboxFull = "inbox_full", 507, "Inbox full";
    /// The relay's disk is full.
    StorageFull = "storage_full", 507, "Storage full";
    /// The relay's transparency log cannot go on.
    LogHalted = "log_halted", 503, "Transparency log halted";
    /// The relay is shutting down or overloaded.
    Unavailable = "unavailable", 503, "Unavailable";
    /// A fault of the relay.
    Internal = "internal", 500, "Internal error";
}

impl Problem {
    /// Prefix of [`Problem::kind`].
    pub const TYPE_PREFIX: &'static str = "urn:sealwire:problem:";

    /// Builds the details of one refusal.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("{}{}", Self::TYPE_PREFIX, code.as_str()),
            title: code.title().into(),
            status: code.status(),
            detail: detail.into(),
            retry_after_ms: None,
        }
    }

    /// The code, if it is one of this version's.
    pub fn code(&self) -> Option<Code> {
        self.kind
            .strip_prefix(Self::TYPE_PREFIX)
            .and_then(Code::parse)
    }
}

#[cfg(test)]
mod tests;
