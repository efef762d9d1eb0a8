//! What a relay shows to those who look after an organisation: the registers of requests and incidents with
//! their clocks, and how the relay fares. JSON, as in [`crate::account`].
//!
//! No figure of the relay's health is about one account, device or group, and those that follow what people
//! do are coarse: see [`coarse`] and [`coarse_bytes`].

use serde::{Deserialize, Serialize};

/// Requests and incidents in one answer, each.
pub const MAX_REGISTER: usize = 100;
/// Points of the relay's health in one answer: a day.
pub const MAX_HEALTH_POINTS: usize = 96;
/// What one point covers, seconds.
pub const HEALTH_STEP_S: u64 = 15 * 60;

/// Counts are told in steps of this size.
const COUNT_STEP: u64 = 10;
/// Bytes are told in steps of this size.
const BYTES_STEP: u64 = 16 << 20;

/// A count, rounded down to tens: 0 says "fewer than ten". Where few people are, an exact count would tell
/// when one of them is there or writes.
#[must_use]
pub const fn coarse(count: u64) -> u64 {
    count - count % COUNT_STEP
}

/// Bytes, rounded down to 16 MiB, for the same reason.
#[must_use]
pub const fn coarse_bytes(bytes: u64) -> u64 {
    bytes - bytes % BYTES_STEP
}

/// What somebody asks for about their data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum DataRight {
    /// A copy of what is known.
    Access,
    /// Erasure.
    Erasure,
    /// Correction.
    Rectification,
    /// That it is stored and not used.
    Restriction,
    /// That it is not used for something.
    Objection,
}

/// Which law sets the clock of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum DataLaw {
    /// One month, and two more (GDPR Art. 12 (3)).
    Gdpr,
    /// 45 days, and 45 more (CCPA 1798.130 (a)(2)).
    Ccpa,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum DataOutcome {
    /// It was done.
    Done,
    /// It was refused, with reasons given to whoever asked.
    Refused,
}

/// A request of somebody about their data. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DataRequest {
    /// Its number in the register.
    pub number: u64,
    /// What is asked for.
    pub right: DataRight,
    /// Whose clock runs.
    pub law: DataLaw,
    /// The account that it is about; `None` if that is none of this relay, was erased, or an auditor asks.
    pub handle: Option<String>,
    /// When it came.
    pub received_ms: u64,
    /// By when it is to be answered, with an extension if there was one.
    pub due_ms: u64,
    /// When the time was extended.
    pub extended_ms: Option<u64>,
    /// When it was answered; `None` while it is open.
    pub answered_ms: Option<u64>,
    /// How it ended; `None` while it is open.
    pub outcome: Option<DataOutcome>,
    /// By how many milliseconds it is late, or was answered late; 0 if it is not.
    pub overdue_ms: u64,
}

/// Whose clocks run for an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum NoticeRule {
    /// GDPR Art. 33.
    Gdpr,
    /// NIS 2 Art. 23.
    Nis2,
    /// DORA Art. 19.
    Dora,
}

/// The time within which a notice is to be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum NoticeName {
    /// Early warning: 24 hours.
    #[serde(rename = "24h")]
    OneDay,
    /// Notice to the authority: 72 hours.
    #[serde(rename = "72h")]
    ThreeDays,
    /// Final report: one month.
    #[serde(rename = "one-month")]
    OneMonth,
}

/// One clock of an incident. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct NoticeClock {
    /// Which.
    pub name: NoticeName,
    /// By when the notice is to be given.
    pub due_ms: u64,
    /// When it was given; `None` while it was not.
    pub met_ms: Option<u64>,
    /// By how many milliseconds it is late, or was given late; 0 if it is not.
    pub overdue_ms: u64,
}

/// An incident. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DataIncident {
    /// Its number in the register.
    pub number: u64,
    /// Of what kind it is, in the operator's words.
    pub kind: String,
    /// What happened, in the words of the signed statement, which name nobody.
    pub what: String,
    /// When somebody became aware of it.
    pub noticed_ms: u64,
    /// About how many people it affects; `None` while nobody knows.
    pub affected: Option<u64>,
    /// Whose clocks run.
    pub rules: Vec<NoticeRule>,
    /// When it was closed; `None` while it is open.
    pub closed_ms: Option<u64>,
    /// Its clocks, in the order in which they run out.
    pub clocks: Vec<NoticeClock>,
}

/// The registers that the operator keeps: what is open first, the oldest on top, then what ended, the newest
/// on top.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Registers {
    /// The relay's clock, by which the others are judged, milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// At most [`MAX_REGISTER`].
    pub requests: Vec<DataRequest>,
    /// How many requests were left off.
    pub requests_left: u64,
    /// At most [`MAX_REGISTER`].
    pub incidents: Vec<DataIncident>,
    /// How many incidents were left off.
    pub incidents_left: u64,
}

/// What the relay measured of itself until one moment. Counts are of the time since the point before and
/// rounded by [`coarse`], bytes by [`coarse_bytes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct HealthPoint {
    /// When the time that it covers ended, milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The most connections that were open at once, of both planes.
    pub connections: u64,
    /// The most of them that were open at once on the group plane.
    pub group_connections: u64,
    /// Messages that were taken.
    pub messages: u64,
    /// Connections and requests that were refused for their number.
    pub refused: u64,
    /// Requests that the relay could not answer (HTTP 5xx).
    pub failed: u64,
    /// Bytes of the databases, the blobs' among them.
    pub database_bytes: u64,
    /// Bytes of the blobs.
    pub blob_bytes: u64,
    /// Bytes that are free where the data directory lies; `None` if the system does not say.
    pub free_bytes: Option<u64>,
}

/// How one transparency log stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct LogHealth {
    /// `directory` or `audit`.
    pub log: String,
    /// Entries of the head that is served; anybody can read it there.
    pub entries: u64,
    /// When that head was published, milliseconds since the Unix epoch; `None` if not since the start.
    pub published_ms: Option<u64>,
    /// When a witness last cosigned one, milliseconds since the Unix epoch; `None` if not since the start.
    pub cosigned_ms: Option<u64>,
    /// Witnesses that are asked.
    pub witnesses: u64,
    /// How many of them have to cosign.
    pub quorum: u64,
}

/// The newest drill with a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DrillHealth {
    /// When it ended, milliseconds since the Unix epoch.
    pub ended_ms: u64,
    /// Whether all of the backup was right.
    pub ok: bool,
}

/// How the relay fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct RelayHealth {
    /// Version of its program.
    pub version: String,
    /// Its clock, milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// Since when it runs and measures, milliseconds since the Unix epoch: what was before is forgotten.
    pub started_ms: u64,
    /// Seconds that a point covers; the first is taken at the start and covers nothing.
    pub step_s: u64,
    /// At most [`MAX_HEALTH_POINTS`], the oldest first. What came after the newest is not told yet.
    pub points: Vec<HealthPoint>,
    /// The transparency logs.
    pub logs: Vec<LogHealth>,
    /// Whether a witness knows more of a log than this relay, so that nothing can be logged.
    pub logs_halted: bool,
    /// The newest drill with a backup that the relay was told of; `None` if there never was one.
    pub drill: Option<DrillHealth>,
}

#[cfg(test)]
mod tests;
