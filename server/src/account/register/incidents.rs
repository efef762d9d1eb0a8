//! The register of incidents, with the clocks that laws set (GDPR Art. 33, NIS 2 Art. 23, DORA Art. 19).

use data_encoding::HEXLOWER;
use sealwire_audit::deadline::{self, Rule};
use sealwire_audit::predicate::{Clock, ClockName, Incident, Predicate as _, Time};
use sealwire_audit::statement::Subject;
use sealwire_protocol::oversight::DataIncident;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::{Row as _, SqliteConnection};

use super::overview::{self, most};
use super::{check_text, moment, overdue_ms, read, signed, stored};
use crate::account::AccountPlane;
use crate::clock;
use crate::evidence::{ORGANISATION, time, unsayable};
use crate::refusal::{Answer, Refusal};

/// What an operator does with the register.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
enum Command {
    Open {
        noticed: Option<Time>,
        kind: String,
        what: String,
        affected: Option<u64>,
        rules: Vec<Rule>,
    },
    Note {
        incident: i64,
        text: String,
        /// Whether it stands in the statement, too.
        measure: bool,
        affected: Option<u64>,
    },
    Notify {
        incident: i64,
        clock: ClockName,
        at: Option<Time>,
        text: String,
    },
    Close {
        incident: i64,
        at: Option<Time>,
    },
    List {},
    Show {
        incident: i64,
    },
}

/// A step that was taken.
struct Step {
    at: Time,
    step: String,
    text: String,
}

/// An incident as it is stored.
struct Kept {
    number: i64,
    noticed: Time,
    kind: String,
    what: String,
    affected: Option<u64>,
    rules: Vec<Rule>,
    subject: Vec<u8>,
    closed: Option<Time>,
    steps: Vec<Step>,
}

impl AccountPlane {
    /// Does what an operator asks of the register of incidents.
    pub(crate) async fn incident(&self, asked: &str) -> Answer<Value> {
        let mut tx = self.db.write().await?;
        let number = match read(asked)? {
            Command::Open {
                noticed,
                kind,
                what,
                affected,
                rules,
            } => {
                check_public(&kind, "The kind")?;
                check_public(&what, "What happened")?;
                let noticed = moment(noticed)?;
                self.open_incident(&mut tx, noticed, &kind, &what, affected, &rules)
                    .await?
            }
            Command::Note {
                incident,
                text,
                measure,
                affected,
            } => {
                let kept = open(&mut tx, incident).await?;
                if measure {
                    check_public(&text, "A measure")?;
                } else {
                    check_text(&text, "A note")?;
                }
                if let Some(affected) = affected {
                    set(&mut tx, "affected", incident, number(affected)).await?;
                }
                let step = if measure { "measure" } else { "note" };
                self.step(&mut tx, &kept, step, moment(None)?, &text)
                    .await?
            }
            Command::Notify {
                incident,
                clock,
                at,
                text,
            } => {
                let kept = open(&mut tx, incident).await?;
                check_text(&text, "To whom it was told")?;
                let at = moment(at)?;
                kept.can_tell(clock, at)?;
                self.step(&mut tx, &kept, &word(&clock), at, &text).await?
            }
            Command::Close { incident, at } => self.close_incident(&mut tx, incident, at).await?,
            Command::List {} => return list(&mut tx).await,
            Command::Show { incident } => return load(&mut tx, incident).await?.shown(),
        };
        let shown = load(&mut tx, number).await?.shown()?;
        tx.commit().await?;
        Ok(shown)
    }

    async fn open_incident(
        &self,
        tx: &mut SqliteConnection,
        noticed: Time,
        kind: &str,
        what: &str,
        affected: Option<u64>,
        rules: &[Rule],
    ) -> Answer<i64> {
        if rules.is_empty() {
            return Err(Refusal::malformed(
                "Name at least one rule whose clocks run.",
            ));
        }
        let event = json!({ "noticed": noticed, "kind": kind, "what": what });
        let noted = self
            .evidence
            .note(tx, "incident-opened", ORGANISATION, &event)
            .await?;
        let opened = sqlx::query(
            "INSERT INTO incidents (noticed, kind, what, affected, rules, subject, closed) \
             VALUES (?, ?, ?, ?, ?, ?, 0)",
        )
        .bind(signed(noticed))
        .bind(kind)
        .bind(what)
        .bind(affected.map_or(-1, number))
        .bind(serde_json::to_string(rules).map_err(|_| unsayable())?)
        .bind(noted.commitment.0.as_slice())
        .execute(&mut *tx)
        .await?
        .last_insert_rowid();
        self.attest_incident(tx, opened).await?;
        Ok(opened)
    }

    async fn close_incident(
        &self,
        tx: &mut SqliteConnection,
        incident: i64,
        at: Option<Time>,
    ) -> Answer<i64> {
        let kept = open(tx, incident).await?;
        let at = moment(at)?;
        if at < kept.noticed {
            return Err(Refusal::malformed(
                "It cannot have ended before it was noticed.",
            ));
        }
        let event = json!({ "incident": incident, "closed": at });
        let evidence = &self.evidence;
        evidence
            .note(tx, "incident-closed", ORGANISATION, &event)
            .await?;
        set(tx, "closed", incident, signed(at)).await?;
        self.attest_incident(tx, incident).await?;
        Ok(incident)
    }

    /// Takes a step and logs it. Gives the number of the incident.
    async fn step(
        &self,
        tx: &mut SqliteConnection,
        kept: &Kept,
        step: &str,
        at: Time,
        text: &str,
    ) -> Answer<i64> {
        let event = json!({ "incident": kept.number, "step": step, "at": at, "text": text });
        let kind = if step == "note" || step == "measure" {
            "incident-noted"
        } else {
            "incident-notified"
        };
        self.evidence.note(tx, kind, ORGANISATION, &event).await?;
        sqlx::query("INSERT INTO incident_steps (incident, at, step, text) VALUES (?, ?, ?, ?)")
            .bind(kept.number)
            .bind(signed(at))
            .bind(step)
            .bind(text)
            .execute(tx)
            .await?;
        Ok(kept.number)
    }

    async fn attest_incident(&self, tx: &mut SqliteConnection, incident: i64) -> Answer<()> {
        let kept = load(tx, incident).await?;
        let about = Subject {
            name: Some("incident".to_owned()),
            digest: [("sha256".to_owned(), HEXLOWER.encode(&kept.subject))].into(),
        };
        let said = Incident {
            noticed: kept.noticed,
            clocks: kept.clocks()?,
            measures: kept.texts("measure").map(str::to_owned).collect(),
            affected_estimate: kept.affected,
            kind: kept.kind,
            what: kept.what,
        };
        let statement = said.statement(vec![about]).map_err(|_| unsayable())?;
        self.evidence.attest(tx, &statement).await.map(drop)
    }
}

impl Kept {
    fn clocks(&self) -> Answer<Vec<Clock>> {
        let met = |name: ClockName| {
            let given = self.steps.iter().find(|step| step.step == word(&name));
            given.map(|step| step.at)
        };
        deadline::incident(&self.rules, self.noticed, met).map_err(|_| unsayable())
    }

    fn texts(&self, step: &str) -> impl Iterator<Item = &str> {
        let those = self.steps.iter().filter(move |taken| taken.step == step);
        those.map(|taken| taken.text.as_str())
    }

    /// Whether a notice can have been given then, for a clock that runs.
    fn can_tell(&self, name: ClockName, at: Time) -> Answer<()> {
        let clocks = self.clocks()?;
        let clock = clocks.iter().find(|clock| clock.name == name);
        let clock = clock.ok_or_else(|| {
            Refusal::malformed(
                "None of the incident's rules has this clock; `incident show` tells which run.",
            )
        })?;
        if clock.met.is_some() {
            return Err(Refusal::malformed("This notice was given already."));
        }
        if at < self.noticed {
            return Err(Refusal::malformed(
                "It cannot have been told before it was noticed.",
            ));
        }
        Ok(())
    }

    /// For those who look after the organisation.
    fn entry(&self, now: Time) -> Answer<DataIncident> {
        let clocks = self.clocks()?;
        Ok(DataIncident {
            number: u64::try_from(self.number).unwrap_or(0),
            kind: self.kind.clone(),
            what: self.what.clone(),
            noticed_ms: self.noticed.millis(),
            affected: self.affected,
            rules: self.rules.iter().copied().map(overview::rule).collect(),
            closed_ms: self.closed.map(Time::millis),
            clocks: clocks
                .iter()
                .map(|clock| overview::clock(clock, now))
                .collect(),
        })
    }

    /// For the operator.
    fn shown(&self) -> Answer<Value> {
        let now = time(clock::now_ms())?;
        let clocks: Vec<Value> = self
            .clocks()?
            .iter()
            .map(|clock| {
                json!({
                    "name": clock.name,
                    "due": clock.due,
                    "met": clock.met,
                    "overdue_ms": overdue_ms(clock.due, clock.met, now),
                })
            })
            .collect();
        let step = |one: &Step| json!({ "at": one.at, "step": one.step, "text": one.text });
        Ok(json!({
            "number": self.number,
            "noticed": self.noticed,
            "kind": self.kind,
            "what": self.what,
            "affected": self.affected,
            "rules": self.rules,
            "closed": self.closed,
            "clocks": clocks,
            "steps": self.steps.iter().map(step).collect::<Vec<_>>(),
        }))
    }
}

async fn list(db: &mut SqliteConnection) -> Answer<Value> {
    let numbers: Vec<i64> = sqlx::query_scalar("SELECT number FROM incidents ORDER BY number")
        .fetch_all(&mut *db)
        .await?;
    let mut all = Vec::with_capacity(numbers.len());
    for number in numbers {
        all.push(load(db, number).await?.shown()?);
    }
    Ok(json!({ "incidents": all }))
}

/// The open ones, the oldest first, then the others, the newest end first.
pub(super) async fn overview(db: &mut SqliteConnection, now: Time) -> Answer<Vec<DataIncident>> {
    let numbers: Vec<i64> = sqlx::query_scalar(
        "SELECT number FROM incidents ORDER BY closed <> 0, \
         CASE closed WHEN 0 THEN noticed ELSE -closed END, number LIMIT ?",
    )
    .bind(most())
    .fetch_all(&mut *db)
    .await?;
    let mut all = Vec::with_capacity(numbers.len());
    for number in numbers {
        all.push(load(db, number).await?.entry(now)?);
    }
    Ok(all)
}

async fn load(db: &mut SqliteConnection, incident: i64) -> Answer<Kept> {
    let row = sqlx::query(
        "SELECT noticed, kind, what, affected, rules, subject, closed FROM incidents WHERE number = ?",
    )
    .bind(incident)
    .fetch_optional(&mut *db)
    .await?;
    let row = row.ok_or_else(|| {
        Refusal::malformed("There is no incident with this number; `incident list` shows all.")
    })?;
    let rows: Vec<(i64, String, String)> = sqlx::query_as(
        "SELECT at, step, text FROM incident_steps WHERE incident = ? ORDER BY number",
    )
    .bind(incident)
    .fetch_all(db)
    .await?;
    let step = |(at, step, text)| {
        let at = stored(at)?;
        Ok(Step { at, step, text })
    };
    let closed: i64 = row.try_get(6)?;
    let rules: String = row.try_get(4)?;
    Ok(Kept {
        number: incident,
        noticed: stored(row.try_get(0)?)?,
        kind: row.try_get(1)?,
        what: row.try_get(2)?,
        affected: u64::try_from(row.try_get::<i64, _>(3)?).ok(),
        rules: read(&rules)?,
        subject: row.try_get(5)?,
        closed: (closed != 0).then(|| stored(closed)).transpose()?,
        steps: rows.into_iter().map(step).collect::<Answer<_>>()?,
    })
}

/// An incident that is not closed.
async fn open(db: &mut SqliteConnection, incident: i64) -> Answer<Kept> {
    let kept = load(db, incident).await?;
    if kept.closed.is_some() {
        return Err(Refusal::malformed(
            "This incident is closed; open another one that refers to it.",
        ));
    }
    Ok(kept)
}

async fn set(
    db: &mut SqliteConnection,
    column: &'static str,
    incident: i64,
    value: i64,
) -> Answer<()> {
    sqlx::query(&format!(
        "UPDATE incidents SET {column} = ? WHERE number = ?"
    ))
    .bind(value)
    .bind(incident)
    .execute(db)
    .await?;
    Ok(())
}

/// What stands in statements names nobody. Only addresses and handles can be recognised.
fn check_public(text: &str, name: &str) -> Answer<()> {
    check_text(text, name)?;
    if text.contains('@') {
        return Err(Refusal::malformed(format!(
            "{name} goes into a signed statement, which must name nobody: leave handles and \
             addresses out, or put them into a note."
        )));
    }
    Ok(())
}

fn word(name: &ClockName) -> String {
    let word = serde_json::to_value(name).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
