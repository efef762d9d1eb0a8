//! The registers for those who look after the organisation: numbers, kinds and clocks. What the operator
//! wrote for themselves, references and notes, is not among it.

use sealwire_audit::deadline::Rule;
use sealwire_audit::predicate::{Clock, ClockName, Law, Outcome, Right, Time};
use sealwire_protocol::oversight::{
    DataLaw, DataOutcome, DataRight, MAX_REGISTER, NoticeClock, NoticeName, NoticeRule, Registers,
};
use sqlx::SqliteConnection;

use super::{incidents, overdue_ms, requests};
use crate::refusal::Answer;

/// Both registers as they are at `now`; with the handles of accounts if `named`.
pub(in crate::account) async fn overview(
    db: &mut SqliteConnection,
    now: Time,
    named: bool,
) -> Answer<Registers> {
    let requests = requests::overview(db, now, named).await?;
    let incidents = incidents::overview(db, now).await?;
    Ok(Registers {
        now_ms: now.millis(),
        requests_left: left(db, "SELECT count(*) FROM requests", requests.len()).await?,
        requests,
        incidents_left: left(db, "SELECT count(*) FROM incidents", incidents.len()).await?,
        incidents,
    })
}

/// How many rows one answer holds at most.
pub(super) fn most() -> i64 {
    i64::try_from(MAX_REGISTER).unwrap_or(i64::MAX)
}

async fn left(db: &mut SqliteConnection, count: &'static str, told: usize) -> Answer<u64> {
    let all: i64 = sqlx::query_scalar(count).fetch_one(db).await?;
    Ok(u64::try_from(all).unwrap_or(0).saturating_sub(told as u64))
}

pub(super) const fn right(right: Right) -> DataRight {
    match right {
        Right::Access => DataRight::Access,
        Right::Erasure => DataRight::Erasure,
        Right::Rectification => DataRight::Rectification,
        Right::Restriction => DataRight::Restriction,
        Right::Objection => DataRight::Objection,
    }
}

pub(super) const fn law(law: Law) -> DataLaw {
    match law {
        Law::Gdpr => DataLaw::Gdpr,
        Law::Ccpa => DataLaw::Ccpa,
    }
}

pub(super) const fn outcome(outcome: Outcome) -> DataOutcome {
    match outcome {
        Outcome::Done => DataOutcome::Done,
        Outcome::Refused => DataOutcome::Refused,
    }
}

pub(super) const fn rule(rule: Rule) -> NoticeRule {
    match rule {
        Rule::Gdpr => NoticeRule::Gdpr,
        Rule::Nis2 => NoticeRule::Nis2,
        Rule::Dora => NoticeRule::Dora,
    }
}

pub(super) fn clock(clock: &Clock, now: Time) -> NoticeClock {
    NoticeClock {
        name: match clock.name {
            ClockName::OneDay => NoticeName::OneDay,
            ClockName::ThreeDays => NoticeName::ThreeDays,
            ClockName::OneMonth => NoticeName::OneMonth,
        },
        due_ms: clock.due.millis(),
        met_ms: clock.met.map(Time::millis),
        overdue_ms: overdue_ms(clock.due, clock.met, now),
    }
}
