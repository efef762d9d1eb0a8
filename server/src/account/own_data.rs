//! What the relay knows of an account, for its person (GDPR Art. 15 and 20).

use axum::extract::State;
use axum::{Extension, Router};
use data_encoding::{BASE64, HEXLOWER};
use sealwire_audit::predicate::{AccessExport, CategoryCount, Hex, Outcome, Predicate as _, Right};
use sealwire_audit::statement::Subject;
use sealwire_crypto::sha256;
use sealwire_protocol::account::{Attested, OwnData};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::Plane;
use super::access::{Action, route};
use super::bounds::{self, Bounded};
use super::register::{self, End};
use super::session::{Caller, still_there};
use crate::clock;
use crate::evidence::{self, LogName, Logged, Opened, time, unsayable};
use crate::http::Json;
use crate::refusal::Answer;

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    route(Router::new(), plane, Action::OwnData, get)
}

async fn get(
    State(plane): State<Plane>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<OwnData>> {
    let now = time(clock::now_ms())?;
    let mut tx = plane.db.write().await?;
    still_there(&mut tx, &caller).await?;
    bounds::count(&mut tx, caller.account, Bounded::OwnData).await?;
    let event = json!({ "handle": caller.handle });
    let noted = plane
        .evidence
        .note(&mut tx, "access-export", caller.account, &event)
        .await?;
    let commitment = noted.commitment.0;
    let (requests, requested) =
        register::held(&mut tx, caller.account, Right::Access, now, commitment).await?;
    let (data, categories) = gather(&mut tx, caller.account).await?;
    let data = evidence::canonical(&data)?;
    let statement = AccessExport {
        requested,
        completed: now,
        subject: Hex(commitment),
        categories,
        export_sha256: Hex(sha256(&[data.as_bytes()])),
    };
    let subject = Subject::of("data.json", data.as_bytes());
    let statement = statement
        .statement(vec![subject])
        .map_err(|_| unsayable())?;
    let logged = plane.evidence.attest(&mut tx, &statement).await?;
    let end = End {
        at: now,
        outcome: Outcome::Done,
        statement: logged.number,
    };
    register::end(&mut tx, &requests, &end).await?;
    tx.commit().await?;
    let attested = attested(logged, noted.opened)?;
    Ok(Json(OwnData { data, attested }))
}

/// A statement for the person it is about.
pub(super) fn attested(logged: Logged, subject: Opened) -> Answer<Attested> {
    Ok(Attested {
        index: logged.number,
        envelope: String::from_utf8(logged.signed).map_err(|_| unsayable())?,
        salt: subject.salt.into(),
        event: subject.event,
    })
}

/// Everything, and how much of which category it is.
async fn gather(db: &mut SqliteConnection, account: i64) -> Answer<(Value, Vec<CategoryCount>)> {
    let row = sqlx::query(
        "SELECT handle, account_key, role, suspended, enrolled_at FROM accounts WHERE id = ?",
    )
    .bind(account)
    .fetch_one(&mut *db)
    .await?;
    let person = json!({
        "handle": row.try_get::<String, _>(0)?,
        "accountKey": HEXLOWER.encode(row.try_get(1)?),
        "role": row.try_get::<String, _>(2)?,
        "suspended": row.try_get::<bool, _>(3)?,
        "enrolledAt": at(row.try_get(4)?)?,
    });
    let handle: String = row.try_get(0)?;
    let mut data = json!({ "account": person });
    let mut categories = vec![category("account", 1)];
    let parts = [
        ("devices", DEVICES, account.to_string(), device as Read),
        ("invitations", INVITATIONS, handle, invitation),
        (
            "keyPackages",
            KEY_PACKAGES,
            account.to_string(),
            key_packages,
        ),
        ("inbox", INBOX, account.to_string(), envelope),
        ("requests", REQUESTS, account.to_string(), request),
    ];
    for (name, query, parameter, read) in parts {
        let rows = sqlx::query(query)
            .bind(parameter)
            .fetch_all(&mut *db)
            .await?;
        let list: Vec<Value> = rows.iter().map(read).collect::<Answer<_>>()?;
        categories.push(category(name, list.len()));
        data[name] = list.into();
    }
    for (name, log) in [
        ("directoryLog", LogName::Directory),
        ("auditLog", LogName::Audit),
    ] {
        let opened = evidence::opened(db, log, account, None).await?;
        categories.push(category(name, opened.len()));
        data[name] = opened.iter().map(entry).collect::<Vec<_>>().into();
    }
    Ok((data, categories))
}

type Read = fn(&SqliteRow) -> Answer<Value>;

fn category(name: &str, records: usize) -> CategoryCount {
    CategoryCount {
        category: name.to_owned(),
        records: records as u64,
    }
}

fn at(seconds: i64) -> Answer<String> {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    Ok(time(seconds.saturating_mul(1_000))?.to_string())
}

const DEVICES: &str = "SELECT device, certificate, revoked_at FROM devices \
                       WHERE account_id = CAST(? AS INTEGER) ORDER BY number";

fn device(row: &SqliteRow) -> Answer<Value> {
    let revoked_at: i64 = row.try_get(2)?;
    Ok(json!({
        "device": HEXLOWER.encode(row.try_get(0)?),
        "certificate": BASE64.encode(row.try_get(1)?),
        "revokedAt": if revoked_at == 0 { Value::Null } else { at(revoked_at)?.into() },
    }))
}

const INVITATIONS: &str = "SELECT role, expires_at FROM invitations WHERE used_by = ? ORDER BY id";

fn invitation(row: &SqliteRow) -> Answer<Value> {
    Ok(json!({ "role": row.try_get::<String, _>(0)?, "goodUntil": at(row.try_get(1)?)? }))
}

const KEY_PACKAGES: &str = "SELECT k.device, count(*), sum(length(k.bytes)), max(k.not_after) \
                            FROM key_packages k JOIN devices d ON d.device = k.device \
                            WHERE d.account_id = CAST(? AS INTEGER) GROUP BY k.device";

fn key_packages(row: &SqliteRow) -> Answer<Value> {
    Ok(json!({
        "device": HEXLOWER.encode(row.try_get(0)?),
        "count": row.try_get::<i64, _>(1)?,
        "bytes": row.try_get::<i64, _>(2)?,
        "goodUntil": at(row.try_get(3)?)?,
    }))
}

const INBOX: &str = "SELECT i.device, i.received_at, i.envelope FROM inbox i \
                     JOIN devices d ON d.device = i.device \
                     WHERE d.account_id = CAST(? AS INTEGER) ORDER BY i.id";

/// Sealed: the person's device can open it, the relay cannot.
fn envelope(row: &SqliteRow) -> Answer<Value> {
    Ok(json!({
        "device": HEXLOWER.encode(row.try_get(0)?),
        "receivedAt": at(row.try_get(1)?)?,
        "envelope": BASE64.encode(row.try_get(2)?),
    }))
}

const REQUESTS: &str = "SELECT reference, asked, law, received, answered FROM requests \
                        WHERE account = CAST(? AS INTEGER) ORDER BY number";

fn request(row: &SqliteRow) -> Answer<Value> {
    let received: i64 = row.try_get(3)?;
    let answered: i64 = row.try_get(4)?;
    Ok(json!({
        "reference": row.try_get::<String, _>(0)?,
        "right": row.try_get::<String, _>(1)?,
        "law": row.try_get::<String, _>(2)?,
        "received": at(received / 1_000)?,
        "answered": if answered == 0 { Value::Null } else { at(answered / 1_000)?.into() },
    }))
}

fn entry(opened: &Opened) -> Value {
    json!({
        "number": opened.number,
        "salt": HEXLOWER.encode(&opened.salt),
        "event": opened.event,
    })
}
