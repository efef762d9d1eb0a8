//! Registers that the operator keeps by commands, and the program beside them: incidents, and requests
//! of people about their data. Each step is an entry of the audit log. Administrators read them, with clocks.

mod incidents;
mod overview;
mod requests;

use sealwire_audit::predicate::Time;
use serde::de::DeserializeOwned;

pub(super) use self::overview::overview;
pub(super) use self::requests::{End, end, forget, held};
use crate::clock;
use crate::evidence::time;
use crate::refusal::{Answer, Refusal};

/// Longest text of a register, bytes.
const LONGEST_TEXT: usize = 2_000;

/// What the operator asks, as the program on the same machine writes it.
fn read<T: DeserializeOwned>(asked: &str) -> Answer<T> {
    serde_json::from_str(asked).map_err(|_| {
        Refusal::malformed("This relay does not know such a command; it may be of another version.")
    })
}

/// A moment that was given, or now; none in the future.
fn moment(given: Option<Time>) -> Answer<Time> {
    let now = time(clock::now_ms())?;
    match given {
        Some(given) if given > now => Err(Refusal::malformed(
            "The time lies in the future; give when it was, in UTC, or set the clock.",
        )),
        Some(given) => Ok(given),
        None => Ok(now),
    }
}

/// A text for the register. What goes into statements too must name nobody.
fn check_text(text: &str, name: &str) -> Answer<()> {
    if text.is_empty() || text.len() > LONGEST_TEXT || text.contains(char::is_control) {
        return Err(Refusal::malformed(format!(
            "{name} is one line of 1 to {LONGEST_TEXT} bytes."
        )));
    }
    Ok(())
}

fn stored(ms: i64) -> Answer<Time> {
    time(u64::try_from(ms).unwrap_or(0))
}

fn signed(time: Time) -> i64 {
    i64::try_from(time.millis()).unwrap_or(i64::MAX)
}

/// Milliseconds by which something was or is late.
fn overdue_ms(due: Time, done: Option<Time>, now: Time) -> u64 {
    done.unwrap_or(now).millis().saturating_sub(due.millis())
}
