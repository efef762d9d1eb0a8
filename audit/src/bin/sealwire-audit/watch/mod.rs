//! `sealwire-audit watch`: follows the logs of a relay.

mod follow;
mod state;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;
use serde_json::json;

use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::pack::Relay;
use crate::verify::{moment, read_policy};
use follow::{Follower, Seen};
use state::State;

/// Arguments of `watch`.
#[derive(clap::Args)]
pub(crate) struct Watch {
    /// Address of the relay: https://relay.example.
    #[arg(long, value_name = "URL")]
    relay: String,
    /// Certificates as PEM that the relay's must lead to, instead of the system's.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Which logs and witnesses count, as a tlog-policy file.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Where the newest heads are kept. Made at the first time; keep it for good.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// How often to look.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    every: Duration,
    /// How long ago a quorum of witnesses may have seen a head at most.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    fresh: Duration,
    /// Look once and end.
    #[arg(long)]
    once: bool,
}

/// `60s`, `5m`, `24h`; not nothing.
fn duration(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text.parse().map_err(|_| "write it as 60s, 5m or 24h")?;
    let duration = Duration::try_from(duration).map_err(|why| why.to_string())?;
    if duration.is_zero() {
        return Err("must be longer than nothing".to_owned());
    }
    Ok(duration)
}

pub(crate) fn run(args: &Watch, out: &Output) -> Result<(), Failure> {
    let policy = read_policy(&args.policy)?;
    let mut relay = Relay::new(&args.relay, None, args.ca.as_deref())?;
    let mut state = State::open(&args.state)?;
    loop {
        let mut follower = Follower {
            source: &mut relay,
            policy: &policy,
            state: &mut state,
            fresh: args.fresh.as_secs(),
            now: now()?,
        };
        match follower.look() {
            Ok(seen) => tell(&seen, out),
            // It may be back in a moment.
            Err(failure) if failure.kind == Kind::Io && !args.once => out.failure(&failure),
            Err(failure) => return Err(failure),
        }
        if args.once {
            return Ok(());
        }
        std::thread::sleep(args.every);
    }
}

fn now() -> Result<u64, Failure> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_err(|_| Failure::usage("the clock is wrong", "set it"))?;
    Ok(now.as_secs())
}

/// Says what is new.
fn tell(seen: &[Seen], out: &Output) {
    for log in seen.iter().filter(|log| log.is_new) {
        let Seen { origin, size, .. } = log;
        let at = log.witnessed_at.map(moment);
        let witnessed = at
            .as_ref()
            .map_or_else(String::new, |at| format!(", witnessed {at}"));
        let line = format!("{}: {size} entries{witnessed}", origin.escape_debug());
        out.result(
            &line,
            &json!({"origin": origin, "size": size, "witnessed_at": at}),
        );
    }
}
