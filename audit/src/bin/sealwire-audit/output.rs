//! What is printed: results on standard output, for people or as JSON; errors for
//! people on standard error.

use std::io::Write;

use serde_json::{Value, json};

use crate::failure::Failure;

/// How results are printed.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// A result, as lines for people and as a value for programs.
    pub(crate) fn result(&self, lines: &str, value: &Value) {
        if self.json {
            say(&format!(r#"{{"v":1,"ok":true,"result":{value}}}"#));
        } else {
            say(lines);
        }
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        let Failure {
            kind,
            message,
            hint,
            found,
        } = failure;
        if self.json {
            let mut error = json!({"code": kind.code(), "message": message, "hint": hint});
            if let Some((_, found)) = found {
                error["found"] = found.clone();
            }
            say(&format!(r#"{{"v":1,"ok":false,"error":{error}}}"#));
        } else {
            if let Some((lines, _)) = found {
                say(lines);
            }
            // Nobody may be reading.
            drop(writeln!(
                std::io::stderr(),
                "error: {message}\nhint: {hint}"
            ));
        }
    }
}

/// Writes a line at once.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody may be reading.
    drop(writeln!(out, "{line}"));
    drop(out.flush());
}
