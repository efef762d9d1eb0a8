//! The envelope around every JSON line; its version changes only if a program would break.

use sealwire_core::CoreError;
use serde::Serialize;

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Success<'a, T> {
    v: u32,
    ok: bool,
    result: &'a T,
}

#[derive(Serialize)]
struct Failure<'a> {
    v: u32,
    ok: bool,
    error: Reason<'a>,
}

#[derive(Serialize)]
struct Reason<'a> {
    code: &'a str,
    message: &'a str,
    hint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

/// A line with a result.
pub(super) fn success<T: Serialize>(result: &T) -> std::io::Result<String> {
    line(&Success {
        v: VERSION,
        ok: true,
        result,
    })
}

/// A line that says why there is none.
pub(super) fn failure(error: &CoreError) -> String {
    reason(Reason {
        code: error.code,
        message: &error.message,
        hint: &error.hint,
        retry_after_ms: error.retry_after_ms,
    })
}

/// A line that says what is wrong with the command line.
pub(super) fn usage(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let message = text.split("\n\n").next().unwrap_or_default();
    let message: Vec<&str> = message.lines().map(str::trim).collect();
    let message = message.join(" ");
    reason(Reason {
        code: "usage",
        message: message.strip_prefix("error: ").unwrap_or(&message),
        hint: "see `sealwire --help`",
        retry_after_ms: None,
    })
}

fn reason(error: Reason<'_>) -> String {
    // Strings and numbers always have a JSON form.
    line(&Failure {
        v: VERSION,
        ok: false,
        error,
    })
    .unwrap_or_default()
}

fn line(value: &impl Serialize) -> std::io::Result<String> {
    let mut line = serde_json::to_string(value)?;
    line.push('\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use sealwire_core::ErrorKind;

    use super::*;

    #[test]
    fn the_envelopes() {
        insta::assert_snapshot!(success(&[1, 2]).unwrap(), @r#"{"v":1,"ok":true,"result":[1,2]}"#);
        let mut error = CoreError::new(
            ErrorKind::RateLimited,
            "rate_limited",
            "too \"fast\"",
            "wait",
        );
        error.retry_after_ms = Some(5);
        insta::assert_snapshot!(failure(&error), @r#"{"v":1,"ok":false,"error":{"code":"rate_limited","message":"too \"fast\"","hint":"wait","retry_after_ms":5}}"#);
    }

    #[test]
    fn a_line_break_in_a_text_does_not_end_the_line() {
        let line = success(&"one\ntwo\u{2028}three").unwrap();
        assert_eq!(line.matches('\n').count(), 1);
    }
}
