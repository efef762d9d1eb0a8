//! The register of requests that people make about their data, with the clocks of GDPR Art. 12 (3) and
//! CCPA 1798.130. What the program fulfils itself, a copy or an erasure, ends its request or enters one.

use sealwire_audit::deadline;
use sealwire_audit::predicate::{Hex, Law, Outcome, Predicate as _, Right, SubjectRequest, Time};
use sealwire_audit::statement::Subject;
use sealwire_protocol::oversight::DataRequest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::overview::{self, most};
use super::{check_text, moment, overdue_ms, read, signed, stored};
use crate::account::{AccountPlane, members};
use crate::clock;
use crate::evidence::{ORGANISATION, time, unsayable};
use crate::refusal::{Answer, Refusal};

/// What an operator does with the register.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
enum Command {
    Open {
        right: Right,
        law: Law,
        received: Option<Time>,
        /// Of the account that it is about, if there is one.
        handle: Option<String>,
        reference: String,
    },
    Extend {
        request: i64,
    },
    Done {
        request: i64,
        outcome: Outcome,
        at: Option<Time>,
    },
    List {},
}

/// A request as it is stored.
struct Kept {
    number: i64,
    account: i64,
    /// Of the account, while there is one.
    handle: Option<String>,
    reference: String,
    right: Right,
    law: Law,
    received: Time,
    extended: Option<Time>,
    answered: Option<Time>,
    outcome: String,
    statement: Option<u64>,
    subject: [u8; 32],
}

impl AccountPlane {
    /// Does what an operator asks of the register of requests.
    pub(crate) async fn request(&self, asked: &str) -> Answer<Value> {
        let mut tx = self.db.write().await?;
        let number = match read(asked)? {
            Command::Open {
                right,
                law,
                received,
                handle,
                reference,
            } => {
                check_text(&reference, "The reference")?;
                let received = moment(received)?;
                let account = match handle {
                    Some(handle) => members::account(&mut tx, &handle).await?.id(),
                    None => ORGANISATION,
                };
                let event = json!({ "right": right, "law": law, "received": received });
                let noted = self
                    .evidence
                    .note(&mut tx, "request-received", account, &event)
                    .await?;
                let subject = noted.commitment.0;
                enter(&mut tx, account, &reference, right, law, received, subject).await?
            }
            Command::Extend { request } => {
                let kept = open(&mut tx, request).await?;
                self.extend(&mut tx, &kept).await?
            }
            Command::Done {
                request,
                outcome,
                at,
            } => {
                let kept = open(&mut tx, request).await?;
                self.answer(&mut tx, &kept, outcome, moment(at)?).await?
            }
            Command::List {} => return list(&mut tx).await,
        };
        let shown = load(&mut tx, number).await?.shown()?;
        tx.commit().await?;
        Ok(shown)
    }

    async fn extend(&self, tx: &mut SqliteConnection, kept: &Kept) -> Answer<i64> {
        let now = moment(None)?;
        if kept.extended.is_some() {
            return Err(Refusal::malformed(
                "The time of this request was extended already.",
            ));
        }
        if now > kept.due()? {
            return Err(Refusal::malformed(
                "The time of this request has run out; whoever asked had to be told of an extension \
                 within it.",
            ));
        }
        let event = json!({ "request": kept.number, "at": now });
        let evidence = &self.evidence;
        evidence
            .note(tx, "request-extended", kept.account, &event)
            .await?;
        sqlx::query("UPDATE requests SET extended = ? WHERE number = ?")
            .bind(signed(now))
            .bind(kept.number)
            .execute(tx)
            .await?;
        Ok(kept.number)
    }

    /// Ends a request by hand, and attests it.
    async fn answer(
        &self,
        tx: &mut SqliteConnection,
        kept: &Kept,
        outcome: Outcome,
        at: Time,
    ) -> Answer<i64> {
        if at < kept.received {
            return Err(Refusal::malformed(
                "It cannot have been answered before it came.",
            ));
        }
        let said = SubjectRequest {
            subject: Hex(kept.subject),
            right: kept.right,
            law: kept.law,
            received: kept.received,
            due: kept.due()?,
            extended: kept.extended,
            answered: at,
            outcome,
        };
        let about = Subject::of("request", &kept.subject);
        let statement = said.statement(vec![about]).map_err(|_| unsayable())?;
        let logged = self.evidence.attest(tx, &statement).await?;
        let end = End {
            at,
            outcome,
            statement: logged.number,
        };
        close(tx, kept.number, &end).await?;
        Ok(kept.number)
    }
}

/// How a request ends.
pub(in crate::account) struct End {
    pub(in crate::account) at: Time,
    pub(in crate::account) outcome: Outcome,
    /// Place of the statement that says so.
    pub(in crate::account) statement: u64,
}

/// The open requests of an account for what the program does now, by number, with the time of the first;
/// for whoever did not write before, one is entered that comes now. `subject` is what its statement is
/// about.
pub(in crate::account) async fn held(
    tx: &mut SqliteConnection,
    account: i64,
    right: Right,
    now: Time,
    subject: [u8; 32],
) -> Answer<(Vec<i64>, Time)> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT number, received FROM requests WHERE account = ? AND asked = ? AND answered = 0 \
         ORDER BY received",
    )
    .bind(account)
    .bind(word(right))
    .fetch_all(&mut *tx)
    .await?;
    if let Some((_, first)) = rows.first() {
        let first = stored(*first)?;
        return Ok((rows.into_iter().map(|(number, _)| number).collect(), first));
    }
    let reference = "by the program";
    let entered = enter(tx, account, reference, right, Law::Gdpr, now, subject).await?;
    Ok((vec![entered], now))
}

/// Ends requests that the program has fulfilled.
pub(in crate::account) async fn end(
    tx: &mut SqliteConnection,
    requests: &[i64],
    end: &End,
) -> Answer<()> {
    for number in requests {
        close(tx, *number, end).await?;
    }
    Ok(())
}

/// The account is erased: its requests stay, and are nobody's.
pub(in crate::account) async fn forget(tx: &mut SqliteConnection, account: i64) -> Answer<()> {
    sqlx::query("UPDATE requests SET account = 0, subject = zeroblob(32) WHERE account = ?")
        .bind(account)
        .execute(tx)
        .await?;
    Ok(())
}

impl Kept {
    fn due(&self) -> Answer<Time> {
        let extended = self.extended.is_some();
        deadline::request(self.law, self.received, extended).map_err(|_| unsayable())
    }

    /// For those who look after the organisation.
    fn entry(&self, now: Time, named: bool) -> Answer<DataRequest> {
        let due = self.due()?;
        let outcome = match self.answered {
            Some(_) => Some(overview::outcome(parse(self.outcome.clone())?)),
            None => None,
        };
        Ok(DataRequest {
            number: u64::try_from(self.number).unwrap_or(0),
            right: overview::right(self.right),
            law: overview::law(self.law),
            handle: self.handle.clone().filter(|_| named),
            received_ms: self.received.millis(),
            due_ms: due.millis(),
            extended_ms: self.extended.map(Time::millis),
            answered_ms: self.answered.map(Time::millis),
            outcome,
            overdue_ms: overdue_ms(due, self.answered, now),
        })
    }

    /// For the operator.
    fn shown(&self) -> Answer<Value> {
        let (due, now) = (self.due()?, time(clock::now_ms())?);
        Ok(json!({
            "number": self.number,
            "reference": self.reference,
            "right": self.right,
            "law": self.law,
            "received": self.received,
            "due": due,
            "extended": self.extended,
            "answered": self.answered,
            "outcome": self.outcome,
            "statement": self.statement,
            "overdue_ms": overdue_ms(due, self.answered, now),
        }))
    }
}

async fn enter(
    tx: &mut SqliteConnection,
    account: i64,
    reference: &str,
    right: Right,
    law: Law,
    received: Time,
    subject: [u8; 32],
) -> Answer<i64> {
    let entered = sqlx::query(
        "INSERT INTO requests (account, reference, asked, law, received, extended, answered, \
         outcome, statement, subject) VALUES (?, ?, ?, ?, ?, 0, 0, '', -1, ?)",
    )
    .bind(account)
    .bind(reference)
    .bind(word(right))
    .bind(word(law))
    .bind(signed(received))
    .bind(subject.as_slice())
    .execute(tx)
    .await?;
    Ok(entered.last_insert_rowid())
}

async fn close(tx: &mut SqliteConnection, number: i64, end: &End) -> Answer<()> {
    sqlx::query("UPDATE requests SET answered = ?, outcome = ?, statement = ? WHERE number = ?")
        .bind(signed(end.at))
        .bind(word(end.outcome))
        .bind(i64::try_from(end.statement).unwrap_or(i64::MAX))
        .bind(number)
        .execute(tx)
        .await?;
    Ok(())
}

const COLUMNS: &str = "SELECT number, account, reference, asked, law, received, extended, answered, \
                       outcome, statement, subject, \
                       (SELECT handle FROM accounts WHERE id = account) FROM requests";

fn kept(row: &SqliteRow) -> Answer<Kept> {
    let happened = |ms: i64| (ms != 0).then(|| stored(ms)).transpose();
    let subject: Vec<u8> = row.try_get(10)?;
    Ok(Kept {
        number: row.try_get(0)?,
        account: row.try_get(1)?,
        handle: row.try_get(11)?,
        reference: row.try_get(2)?,
        right: parse(row.try_get(3)?)?,
        law: parse(row.try_get(4)?)?,
        received: stored(row.try_get(5)?)?,
        extended: happened(row.try_get(6)?)?,
        answered: happened(row.try_get(7)?)?,
        outcome: row.try_get(8)?,
        statement: u64::try_from(row.try_get::<i64, _>(9)?).ok(),
        subject: subject.try_into().map_err(|_| damaged())?,
    })
}

async fn load(db: &mut SqliteConnection, request: i64) -> Answer<Kept> {
    let row = sqlx::query(&format!("{COLUMNS} WHERE number = ?"))
        .bind(request)
        .fetch_optional(db)
        .await?;
    let row = row.ok_or_else(|| {
        Refusal::malformed("There is no request with this number; `request list` shows all.")
    })?;
    kept(&row)
}

/// A request that was not answered.
async fn open(db: &mut SqliteConnection, request: i64) -> Answer<Kept> {
    let kept = load(db, request).await?;
    if kept.answered.is_some() {
        return Err(Refusal::malformed("This request was answered already."));
    }
    Ok(kept)
}

async fn list(db: &mut SqliteConnection) -> Answer<Value> {
    let rows = sqlx::query(&format!("{COLUMNS} ORDER BY number"))
        .fetch_all(db)
        .await?;
    let all = rows.iter().map(|row| kept(row)?.shown());
    Ok(json!({ "requests": all.collect::<Answer<Vec<_>>>()? }))
}

/// The open ones, the oldest first, then the others, the newest answer first.
pub(super) async fn overview(
    db: &mut SqliteConnection,
    now: Time,
    named: bool,
) -> Answer<Vec<DataRequest>> {
    let order =
        "ORDER BY answered <> 0, CASE answered WHEN 0 THEN received ELSE -answered END, number";
    let rows = sqlx::query(&format!("{COLUMNS} {order} LIMIT ?"))
        .bind(most())
        .fetch_all(db)
        .await?;
    rows.iter()
        .map(|row| kept(row)?.entry(now, named))
        .collect()
}

fn word<T: Serialize>(value: T) -> String {
    let word = serde_json::to_value(value).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

fn parse<T: DeserializeOwned>(word: String) -> Answer<T> {
    serde_json::from_value(Value::String(word)).map_err(|_| damaged())
}

fn damaged() -> Refusal {
    Refusal::internal("the register of requests is damaged")
}
