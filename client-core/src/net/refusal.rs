//! What relays answer over HTTP: bounded bodies, and refusals in words.

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use sealwire_protocol::problem::Problem;
use zeroize::Zeroizing;

use super::tls::Endpoint;
use crate::error::{CoreError, ErrorKind, Result};

/// Longest text of a relay that is shown to people.
const MAX_WORDS: usize = 500;
/// Largest body of a refusal.
const MAX_PROBLEM: usize = 16 * 1024;

/// What came back.
pub(crate) enum Answer {
    /// 2xx, with the body. Wiped when dropped: it may hold a token.
    Success(Zeroizing<Vec<u8>>),
    /// The relay's refusal.
    Refused(Problem),
    /// Not a success and not problem details, so probably not from the relay itself.
    Foreign(CoreError),
}

/// Reads an answer of at most `limit` bytes.
///
/// # Errors
/// Network trouble, or a body over the limit.
pub(crate) async fn read(
    endpoint: &Endpoint,
    mut response: Response,
    limit: usize,
) -> Result<Answer> {
    let status = response.status();
    if status.is_success() {
        return body(endpoint, &mut response, limit)
            .await
            .map(Answer::Success);
    }
    let waited = retry_after_ms(&response);
    let problem = if is_problem(&response) {
        let body = body(endpoint, &mut response, MAX_PROBLEM).await?;
        serde_json::from_slice::<Problem>(&body).ok()
    } else {
        None
    };
    Ok(match problem {
        Some(problem) => {
            let mut problem = presentable(problem);
            problem.retry_after_ms = problem.retry_after_ms.or(waited);
            Answer::Refused(problem)
        }
        None => Answer::Foreign(foreign(endpoint, status, waited)),
    })
}

/// A refusal whose words are safe to show: no control characters (a terminal would obey them),
/// no more than fits a screen.
pub(crate) fn presentable(mut problem: Problem) -> Problem {
    for words in [&mut problem.title, &mut problem.detail] {
        *words = words
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(MAX_WORDS)
            .collect();
    }
    problem
}

async fn body(
    endpoint: &Endpoint,
    response: &mut Response,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>> {
    let announced = response.content_length().unwrap_or(0);
    if announced > limit as u64 {
        return Err(too_long(endpoint, limit));
    }
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| endpoint.failure(&error))?
    {
        if body.len() + chunk.len() > limit {
            return Err(too_long(endpoint, limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn is_problem(response: &Response) -> bool {
    response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/problem+json"))
}

/// `retry-after` in its form of whole seconds (RFC 9110 §10.2.3).
fn retry_after_ms(response: &Response) -> Option<u64> {
    let seconds: u64 = response
        .headers()
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(seconds.saturating_mul(1000))
}

fn foreign(endpoint: &Endpoint, status: StatusCode, retry_after_ms: Option<u64>) -> CoreError {
    let mut error = CoreError::new(
        ErrorKind::Io,
        "relay_refused",
        format!(
            "{} answered with HTTP status {status} and no reason",
            endpoint.address
        ),
        "it may be overloaded, or something else answers there; repeat later, then ask the \
         administrator",
    );
    error.retry_after_ms = retry_after_ms;
    error
}

fn too_long(endpoint: &Endpoint, limit: usize) -> CoreError {
    malformed(
        endpoint,
        format_args!("an answer of more than {limit} bytes"),
    )
}

/// The relay sent something that no version of the protocol allows.
pub(crate) fn malformed(endpoint: &Endpoint, what: impl std::fmt::Display) -> CoreError {
    CoreError::new(
        ErrorKind::Io,
        "relay_malformed",
        format!("the relay at {} sent {what}", endpoint.address),
        "check that relay and client are of versions that fit, then repeat",
    )
}
