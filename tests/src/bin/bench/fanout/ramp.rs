//! One sender, many receivers, faster and faster.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::BENCH;
use super::member::{Member, Part, Since, Tally, audience};
use crate::cores::{Cores, own_work};
use crate::figure::Figure;
use crate::frames::Log;
use crate::relay::Relay;
use crate::wire::Dialler;
use crate::{Result, note};

const RECEIVERS: [u32; 2] = [50, 500];
/// Deliveries a second in the first trial.
const FIRST: f64 = 20_000.0;
/// What the next trial is faster, until one fails.
const STEP: f64 = 1.5;
/// Trials between the last that held and the first that failed.
const HALVINGS: u32 = 3;
/// A rate fails if it fails so many times: one slow fsync must not decide.
const ATTEMPTS: u32 = 2;
const TRIAL: Duration = Duration::from_secs(5);
const GRACE: Duration = Duration::from_secs(3);
const MOST_MS: f64 = 50.0;
/// Nothing here comes near; so the search ends.
const MOST_RATE: f64 = 1e7;

/// Finds the highest rate for each number of receivers.
pub(super) async fn run(cores: &Cores) -> Result<()> {
    let mut least = f64::INFINITY;
    for receivers in RECEIVERS {
        let relay = Relay::start(cores, "")?;
        let dialler = Dialler::new(relay.address)?;
        let best = highest(&relay, &dialler, receivers).await?;
        least = least.min(best);
        print(
            &format!("deliveries_per_s_{receivers}"),
            best,
            &receivers.to_string(),
        );
    }
    let [few, many] = RECEIVERS;
    print(
        "deliveries_per_s",
        least,
        &format!("{few} or {many}, whichever is less,"),
    );
    Ok(())
}

fn print(figure: &str, rate: f64, receivers: &str) {
    Figure::new(BENCH, figure, rate, "1/s")
        .against(format!(
            "1 sender to {receivers} receivers, p99 at most {MOST_MS} ms, none lost, relay on one core"
        ))
        .print();
}

async fn highest(relay: &Relay, dialler: &Dialler, receivers: u32) -> Result<f64> {
    let (mut held, mut failed) = (0.0, f64::INFINITY);
    let mut rate = FIRST;
    let mut halvings = 0;
    while halvings <= HALVINGS && rate < MOST_RATE {
        if holds(relay, dialler, receivers, rate).await? {
            held = rate;
        } else {
            failed = rate;
        }
        rate = if failed.is_finite() {
            halvings += 1;
            f64::midpoint(held, failed)
        } else {
            rate * STEP
        };
    }
    Ok(held)
}

async fn holds(relay: &Relay, dialler: &Dialler, receivers: u32, rate: f64) -> Result<bool> {
    for _ in 0..ATTEMPTS {
        if trial(relay, dialler, receivers, rate).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether `rate` deliveries a second hold this time.
async fn trial(relay: &Relay, dialler: &Dialler, receivers: u32, rate: f64) -> Result<bool> {
    let period = Duration::from_secs_f64(f64::from(receivers) / rate);
    let messages = u32::try_from(TRIAL.as_nanos() / period.as_nanos())?;
    let mut sender = dialler.dial(None).await?;
    let log = Log::create(&mut sender).await?;
    let audience = audience(dialler, &log, usize::try_from(receivers)?).await?;
    sleep(Duration::from_millis(500)).await;
    let before = (relay.work()?, own_work());
    let start = Instant::now() + Duration::from_millis(100);
    let part = Part {
        first: start,
        period,
        messages: 0,
        since: Since::Due,
        expects: messages.into(),
        end: start + TRIAL + GRACE,
    };
    let mut members = JoinSet::new();
    for socket in audience {
        members.spawn(Member::new(socket, log.clone(), part).play());
    }
    let sending = Part {
        messages,
        expects: 0,
        ..part
    };
    members.spawn(Member::new(sender, log, sending).play());
    let mut tally = Tally::of_all(members.join_all().await);
    let share = |worked: Duration| 100.0 * worked.as_secs_f64() / TRIAL.as_secs_f64();
    let lost = u64::from(messages) * u64::from(receivers) - tally.received;
    let p99 = tally.latencies.percentile_ms(99);
    note(format_args!(
        "ramp 1→{receivers}: {rate:.0} deliveries/s: p50 {:.1} ms, p99 {p99:.1} ms, {lost} lost, \
         {} repeated; relay {:.0} % of its core, load {:.0} %{}",
        tally.latencies.percentile_ms(50),
        tally.duplicates,
        share(relay.work()?.saturating_sub(before.0)),
        share(own_work().saturating_sub(before.1)),
        tally
            .trouble
            .map_or(String::new(), |trouble| format!("; {trouble}")),
    ));
    Ok(lost == 0 && tally.duplicates == 0 && p99 <= MOST_MS)
}
