//! Account-plane bodies: JSON over `/account/v1`. Byte strings are unpadded base64url (RFC 4648 §5).
//!
//! Routes (all but `enrol`, `challenge`, `session`, `erasure-receipts` and `GET organisation` need
//! `Authorization: Bearer <token>`):
//!
//! | route | body | answer |
//! |---|---|---|
//! | `POST enrol` | [`Enrol`] | 201 [`Enrolled`] (200 on an exact repeat) |
//! | `POST challenge` | [`ChallengeRequest`] | [`Challenge`] |
//! | `POST session` | [`SessionRequest`] | [`Session`] |
//! | `GET organisation` | | [`Organisation`] |
//! | `PUT organisation` (org-owner, once) | [`Organisation`] | 204 |
//! | `GET organisation/policy` | | [`PublishedPolicy`] |
//! | `PUT organisation/policy` (org-owner) | [`PublishedPolicy`] | 204 |
//! | `GET me` | | [`Me`] |
//! | `POST invitations` (org-admin) | [`NewInvitation`] | 201 [`Invitation`] |
//! | `GET invitations` (org-admin) | | [`Invitations`] |
//! | `DELETE invitations/{id}` (org-admin) | | 204 |
//! | `GET members` | | [`Members`] |
//! | `POST members/{handle}/suspend`, `/resume` (org-admin) | | 204 |
//! | `PUT members/{handle}/role` (org-owner) | [`RoleChange`] | 204 |
//! | `GET directory/{handle}` | | [`DirectoryEntry`] |
//! | `GET directory-key` | | [`DirectoryKey`] |
//! | `POST devices` | [`NewDevice`] | 201 |
//! | `DELETE devices/{id}` | [`Revocation`] | 204 |
//! | `GET me/data` | | [`OwnData`] |
//! | `POST me/erase` | [`EraseAccount`] | [`Attested`] |
//! | `POST members/{handle}/erase` (org-owner) | | [`Attested`] |
//! | `POST erasure-receipts` (anybody) | [`HandedReceipt`] | 204 |
//! | `GET oversight/requests` (org-admin, auditor) | | [`Registers`](crate::oversight::Registers) |
//! | `GET oversight/health` (org-admin, auditor) | | [`RelayHealth`](crate::oversight::RelayHealth) |
//! | `POST key-packages` | [`KeyPackages`] | [`KeyPackageCount`] |
//! | `GET key-packages` | | [`KeyPackageCount`] |
//! | `GET inbox?after=N&wait=S` | | [`Inbox`] |
//! | `POST inbox/ack` | [`InboxAck`] | 204 |

use serde::{Deserialize, Serialize};

use crate::certificate::DeviceKind;

/// Bytes as unpadded base64url text.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct B64(pub Vec<u8>);

impl std::fmt::Debug for B64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "B64({} bytes)", self.0.len())
    }
}

impl Serialize for B64 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&data_encoding::BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for B64 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        data_encoding::BASE64URL_NOPAD
            .decode(text.as_bytes())
            .map(Self)
            .map_err(|_| serde::de::Error::custom("not unpadded base64url"))
    }
}

impl<T: AsRef<[u8]>> From<T> for B64 {
    fn from(bytes: T) -> Self {
        Self(bytes.as_ref().to_vec())
    }
}

/// Role in the organisation (not in a group).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum OrgRole {
    /// Everything, and the organisation key.
    OrgOwner,
    /// Invitations, suspension.
    OrgAdmin,
    /// Uses the service.
    OrgMember,
    /// Reads evidence.
    Auditor,
    /// A bot.
    Agent,
}

/// A new account with its first device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// The invitation's one-time code, 16 bytes.
    pub code: B64,
    /// `alice@acme`.
    pub handle: String,
    /// `AccountPublic`, 32 bytes.
    pub account_key: B64,
    /// The first device's certificate.
    pub certificate: B64,
    /// Signature by the account key, context `Enrolment`, over
    /// SHA-256(code) || SHA-256(certificate) || handle.
    pub proof: B64,
    /// MAC under the invitation secret, 32 bytes, for the inviter; empty if the link had none.
    pub mac: B64,
}

/// Answer to [`Enrol`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The account's handle.
    pub handle: String,
    /// The account's role.
    pub role: OrgRole,
    /// The organisation joined.
    pub organisation: Organisation,
}

/// Asks for something to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeRequest {
    /// Device id, 16 bytes.
    pub device: B64,
}

/// A challenge, good once for a minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// 32 random bytes.
    pub challenge: B64,
}

/// Proves possession of the device key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRequest {
    /// Device id, 16 bytes.
    pub device: B64,
    /// The challenge.
    pub challenge: B64,
    /// Signature by the device key, context `Challenge`, over
    /// challenge || device id || organisation name.
    pub signature: B64,
}

/// A session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// EdDSA JWT (RFC 8037).
    pub token: String,
    /// Seconds until it ends.
    pub expires_in_s: u64,
    /// The relay's clock, seconds since the Unix epoch: the client warns if its own is far off.
    pub relay_time_s: u64,
}

/// What a relay says of its organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Name, the part of handles after `@`.
    pub name: String,
    /// `OrganisationPublic`, 32 bytes, once the owner has set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<B64>,
}

/// The policy that an organisation has published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedPolicy {
    /// What [`crate::organisation_policy::OrganisationPolicy::sign`] gives.
    pub policy: B64,
    /// When it is published: of each legal hold that it places or releases, the attestation, a DSSE
    /// envelope signed with its `attestation_key`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<B64>,
}

/// The signed-in account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// Handle.
    pub handle: String,
    /// Role.
    pub role: OrgRole,
    /// This device, 16 bytes.
    pub device: B64,
}

/// An invitation to make. The relay learns only the hash of the code until it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// SHA-256 of the 16-byte code.
    pub code_hash: B64,
    /// Role of the new account.
    pub role: OrgRole,
    /// What its devices are: the relay refuses another certificate.
    #[serde(default, skip_serializing_if = "DeviceKind::is_person")]
    pub kind: DeviceKind,
    /// Seconds until it runs out, at most 30 days.
    pub expires_in_s: u64,
}

/// An invitation made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Number.
    pub id: u64,
    /// Role of the new account.
    pub role: OrgRole,
    /// What its devices are.
    #[serde(default, skip_serializing_if = "DeviceKind::is_person")]
    pub kind: DeviceKind,
    /// When it runs out, seconds since the Unix epoch.
    pub expires_at_s: u64,
    /// Handle that used it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by: Option<String>,
    /// The MAC of its enrolment, for the inviter's check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<B64>,
}

/// Invitations of the organisation, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitations {
    /// At most 500.
    pub invitations: Vec<Invitation>,
}

/// One account as members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberInfo {
    /// Handle.
    pub handle: String,
    /// Role.
    pub role: OrgRole,
    /// What its devices are.
    #[serde(default, skip_serializing_if = "DeviceKind::is_person")]
    pub kind: DeviceKind,
    /// Suspended.
    pub suspended: bool,
}

/// Accounts of the organisation in order of handle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// Page after the `after` query parameter, at most 500.
    pub members: Vec<MemberInfo>,
}

/// A new role for an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// The role.
    pub role: OrgRole,
}

/// What the directory says of a handle. It counts only if it opens every entry that the directory's
/// transparency log has under the handle's index, and says what follows from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryEntry {
    /// Handle.
    pub handle: String,
    /// `AccountPublic`, 32 bytes; empty if the account was erased.
    pub account_key: B64,
    /// What its devices are. Certificates that claim another kind do not count.
    #[serde(default, skip_serializing_if = "DeviceKind::is_person")]
    pub kind: DeviceKind,
    /// Suspended.
    pub suspended: bool,
    /// Certificates of devices that are not revoked, in order of enrolment.
    pub certificates: Vec<B64>,
    /// Revocations.
    pub revocations: Vec<Revocation>,
    /// What opens the entries of the log about this handle, in order; after an erasure, from that on.
    pub opened: Vec<OpenedEntry>,
}

/// What opens one entry of a transparency log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedEntry {
    /// The entry's place in its log, from 0.
    pub number: u64,
    /// The salt of its commitment, 32 bytes.
    pub salt: B64,
    /// The event, as canonical JSON (RFC 8785).
    pub event: String,
}

/// Under which the directory's log has the entries of each handle: the first 16 bytes of
/// HMAC-SHA256(key, handle).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryKey {
    /// 1 for the first, then always one more.
    pub version: u32,
    /// 32 bytes.
    pub key: B64,
}

/// A further device of the signed-in account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// Its certificate, or the renewed certificate of an existing device.
    pub certificate: B64,
}

/// A device that is no longer to be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Device id, 16 bytes.
    pub device: B64,
    /// Seconds since the Unix epoch.
    pub at_s: u64,
    /// Signature by the account key, context `Revocation`, over device id || at_s (8 bytes, big endian).
    pub signature: B64,
}

/// Asks that the signed-in account be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EraseAccount {
    /// Seconds since the Unix epoch.
    pub at_s: u64,
    /// Signature by the account key, context `Erasure`, over at_s (8 bytes, big endian) || handle.
    pub signature: B64,
}

/// What a device of an erased account says became of its copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandedReceipt {
    /// The device's signature key, 32 bytes: the relay has kept only a hash of it.
    pub key: B64,
    /// Signed [`ErasureReceipt`](crate::erasure::ErasureReceipt).
    pub receipt: B64,
}

/// A statement about somebody, and what shows that it is about them. The relay keeps the envelope
/// and, after an erasure, not what opens its subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attested {
    /// Place of the statement's entry in the audit log.
    pub index: u64,
    /// The signed statement: a DSSE envelope, as JSON.
    pub envelope: String,
    /// What opens the statement's subject: the salt, 32 bytes, and the event, as canonical JSON.
    pub salt: B64,
    /// As for [`OpenedEntry::event`].
    pub event: String,
}

/// Everything that a relay knows of the signed-in account (GDPR Art. 15 and 20).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnData {
    /// Canonical JSON, whose SHA-256 the statement names.
    pub data: String,
    /// The statement `access-export`.
    pub attested: Attested,
}

/// Key packages of the signed-in device to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPackages {
    /// Each is one `MLSMessage` that holds a `KeyPackage`.
    pub one_time: Vec<B64>,
    /// Replaces the last resort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_resort: Option<B64>,
}

/// What is left of the signed-in device's key packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPackageCount {
    /// One-time key packages left.
    pub one_time: u32,
    /// A last resort is there.
    pub last_resort: bool,
    /// The last resort was handed out since it was stored.
    pub last_resort_used: bool,
}

/// Envelopes for the signed-in device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// In order of `id`, at most [`crate::limits::MAX_INBOX_ITEMS`].
    pub items: Vec<InboxItem>,
}

/// One envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxItem {
    /// Number, growing.
    pub id: u64,
    /// [`crate::limits::ENVELOPE`] bytes.
    pub envelope: B64,
}

/// Envelopes that were processed and may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboxAck {
    /// Their numbers.
    pub ids: Vec<u64>,
}

#[cfg(test)]
mod tests;
