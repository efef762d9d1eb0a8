//! Auditors from outside: whom the operator lets read the relay's statements, for some days.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use sealwire_crypto::{SecretBytes, sha256};
use sealwire_protocol::problem::Code;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use sqlx::Row as _;
use zeroize::Zeroizing;

use super::{AccountPlane, Plane};
use crate::clock;
use crate::evidence::ORGANISATION;
use crate::http::{Json, Query};
use crate::refusal::{Answer, Refusal};

const DAY_S: u64 = 24 * 60 * 60;
/// Statements in one answer.
const PAGE: u32 = 100;
/// Longest name of an auditor.
const LONGEST_NAME: usize = 64;

/// Routes under `/evidence/v1`.
pub(super) fn router() -> Router<Plane> {
    Router::new().route("/evidence/v1/statements", axum::routing::get(statements))
}

/// An auditor who was let in.
#[derive(Debug, Serialize)]
pub(crate) struct Auditor {
    pub(crate) name: String,
    /// Seconds since the Unix epoch.
    pub(crate) until_s: u64,
}

impl AccountPlane {
    /// Lets an auditor in for some days. Gives the token that they show; only its hash is kept.
    pub(crate) async fn admit_auditor(&self, name: &str, days: u32) -> Answer<Zeroizing<String>> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
            return Err(Refusal::malformed(
                "The name of an auditor is 1 to 64 letters, digits, dots, dashes and at signs.",
            ));
        }
        if !(1..=366).contains(&days) {
            return Err(Refusal::malformed("Auditors are let in for 1 to 366 days."));
        }
        let secret = SecretBytes::<32>::generate(&mut rand::rng());
        let token = Zeroizing::new(BASE64URL_NOPAD.encode(secret.expose()));
        let until_s = clock::now_s() + u64::from(days) * DAY_S;
        let mut tx = self.db.write().await?;
        sqlx::query(
            "INSERT INTO auditors (name, token_hash, until) VALUES (?1, ?2, ?3) \
             ON CONFLICT (name) DO UPDATE SET token_hash = ?2, until = ?3",
        )
        .bind(name)
        .bind(sha256(&[token.as_bytes()]).as_slice())
        .bind(i64::try_from(until_s).unwrap_or(i64::MAX))
        .execute(&mut *tx)
        .await?;
        self.note_auditor(&mut tx, "auditor-admitted", name).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// Lets an auditor in no longer. Whether there was one of this name.
    pub(crate) async fn dismiss_auditor(&self, name: &str) -> Answer<bool> {
        let mut tx = self.db.write().await?;
        let gone = sqlx::query("DELETE FROM auditors WHERE name = ?")
            .bind(name)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if gone > 0 {
            self.note_auditor(&mut tx, "auditor-dismissed", name)
                .await?;
        }
        tx.commit().await?;
        Ok(gone > 0)
    }

    /// Everybody who was let in and not dismissed, in order of name.
    pub(crate) async fn auditors(&self) -> Answer<Vec<Auditor>> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT name, until FROM auditors ORDER BY name")
                .fetch_all(&self.db.readers)
                .await?;
        let auditor = |(name, until)| Auditor {
            name,
            until_s: u64::try_from(until).unwrap_or(0),
        };
        Ok(rows.into_iter().map(auditor).collect())
    }

    async fn note_auditor(
        &self,
        tx: &mut sqlx::SqliteConnection,
        kind: &str,
        name: &str,
    ) -> Answer<()> {
        let event = json!({ "name": name });
        self.evidence
            .note(tx, kind, ORGANISATION, &event)
            .await
            .map(drop)
    }

    /// Whether a request shows the token of an auditor whose time is not over.
    async fn check_auditor(&self, headers: &HeaderMap) -> Answer<()> {
        let refused = || {
            Refusal::new(
                Code::Unauthenticated,
                "This needs the token of an auditor that has not run out; the relay's operator \
                 makes one with `sealwire-relay auditor admit`.",
            )
        };
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .ok_or_else(refused)?;
        // By its hash: what is found says nothing of how near a wrong token came.
        let row = sqlx::query("SELECT until FROM auditors WHERE token_hash = ?")
            .bind(sha256(&[token.as_bytes()]).as_slice())
            .fetch_optional(&self.db.readers)
            .await?
            .ok_or_else(refused)?;
        let until = u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0);
        if until <= clock::now_s() {
            return Err(refused());
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    /// Index of the last one that is known.
    after: Option<u64>,
}

#[derive(Serialize)]
struct Page {
    statements: Vec<Indexed>,
}

#[derive(Serialize)]
struct Indexed {
    /// Place of its entry in the audit log.
    index: u64,
    envelope: Box<RawValue>,
}

async fn statements(
    State(plane): State<Plane>,
    headers: HeaderMap,
    Query(After { after }): Query<After>,
) -> Answer<Response> {
    plane.check_auditor(&headers).await?;
    let from = after.map_or(0, |after| after.saturating_add(1));
    let logged = plane.evidence.statements(from, PAGE).await?;
    let damaged = || Refusal::internal("a stored statement is damaged");
    let indexed = |logged: crate::evidence::Logged| {
        let text = String::from_utf8(logged.signed).map_err(|_| damaged())?;
        Ok(Indexed {
            index: logged.number,
            envelope: RawValue::from_string(text).map_err(|_| damaged())?,
        })
    };
    let statements = logged.into_iter().map(indexed).collect::<Answer<_>>()?;
    Ok(Json(Page { statements }).into_response())
}
