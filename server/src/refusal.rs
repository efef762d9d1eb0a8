//! What the relay says when it refuses: RFC 9457 over HTTP, `WireProblem` over WebSocket.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sealwire_protocol::frame::WireProblem;
use sealwire_protocol::problem::{Code, Problem};

/// A refusal, ready to be told to the client. Never holds an inner error's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: Code,
    detail: String,
    retry_after: Option<Duration>,
}

/// What most of this crate returns.
pub(crate) type Answer<T> = Result<T, Refusal>;

impl Refusal {
    /// A refusal. `detail` says what was wrong and what to do next, without content or secrets.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// The request is not of the documented form.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Code::Malformed, detail)
    }

    /// A fault of the relay. `what` goes to the log and must not identify anybody.
    pub(crate) fn internal(what: &str) -> Self {
        tracing::error!(what, "internal error");
        Self::new(
            Code::Internal,
            "The relay failed; try again, and tell its operator if it stays.",
        )
    }

    /// Says how long to wait.
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Why.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    fn retry_after_ms(&self) -> Option<u64> {
        self.retry_after
            .map(|wait| u64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u64::MAX))
    }

    /// For a WebSocket.
    pub(crate) fn to_wire(&self) -> WireProblem {
        WireProblem {
            code: self.code.as_str().into(),
            status: self.code.status().into(),
            detail: self.detail.clone(),
            retry_after_ms: self.retry_after_ms().unwrap_or(0),
        }
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        if is_storage_full(&error) {
            tracing::error!("the disk is full");
            return Self::new(
                Code::StorageFull,
                "The relay's storage is full and nothing was stored; ask its operator to make space.",
            );
        }
        // Only the kind: the text of a database error may quote what was being stored.
        let what = match &error {
            sqlx::Error::Database(inner) => inner.code().map_or_else(
                || "database".into(),
                |code| format!("database, SQLite result code {code}"),
            ),
            sqlx::Error::Io(inner) => format!("database, {}", inner.kind()),
            sqlx::Error::PoolTimedOut => "database, no connection free".into(),
            _ => "database".into(),
        };
        Self::internal(&what)
    }
}

/// `SQLITE_FULL`, or the I/O errors that a full disk or quota shows as.
fn is_storage_full(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(inner) => {
            inner.code().is_some_and(|code| {
                // The low byte is the primary code: 13 is SQLITE_FULL.
                code.parse::<i32>().is_ok_and(|code| code & 0xff == 13)
            })
        }
        sqlx::Error::Io(inner) => is_no_space(inner),
        _ => false,
    }
}

/// Whether an I/O error means that there is no space left.
pub(crate) fn is_no_space(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::StorageFull
            | std::io::ErrorKind::QuotaExceeded
            | std::io::ErrorKind::FileTooLarge
    )
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut problem = Problem::new(self.code, self.detail.clone());
        problem.retry_after_ms = self.retry_after_ms();
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let status =
            StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (
            status,
            [(header::CONTENT_TYPE, "application/problem+json")],
            body,
        )
            .into_response();
        if let Some(ms) = problem.retry_after_ms {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_becomes_a_problem_with_its_status() {
        for &code in Code::ALL {
            let response = Refusal::new(code, "what to do").into_response();
            assert_eq!(response.status().as_u16(), code.status());
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "application/problem+json"
            );
        }
    }

    #[test]
    fn waiting_times_are_rounded_up() {
        let refusal =
            Refusal::new(Code::RateLimited, "wait").after(Duration::from_micros(1_000_001));
        assert_eq!(refusal.to_wire().retry_after_ms, 1001);
        assert_eq!(refusal.into_response().headers()[header::RETRY_AFTER], "2");
    }

    #[test]
    fn inner_errors_are_not_told() {
        let refusal = Refusal::from(sqlx::Error::Protocol("a secret of the database".into()));
        assert_eq!(refusal.code(), Code::Internal);
        assert!(!refusal.to_wire().detail.contains("secret"));
    }
}
