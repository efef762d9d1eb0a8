//! One group in which everybody writes once a second and everybody reads everything.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::BENCH;
use super::member::{Member, Part, Since, Tally, audience};
use crate::cores::Cores;
use crate::figure::Figure;
use crate::frames::Log;
use crate::relay::Relay;
use crate::wire::Dialler;
use crate::{Result, note};

const MEMBERS: u32 = 100;
const PERIOD: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(10);

/// Measures for so many seconds.
pub(super) async fn run(cores: &Cores, seconds: u64) -> Result<()> {
    let relay = Relay::start(cores, "")?;
    let dialler = Dialler::new(relay.address)?;
    let mut first = dialler.dial(None).await?;
    let log = Log::create(&mut first).await?;
    let sockets = audience(&dialler, &log, usize::try_from(MEMBERS)?).await?;
    sleep(PERIOD).await;
    note(format_args!(
        "conversation: {MEMBERS} members, each one entry of {} bytes a second, {seconds} s",
        log.payload.len()
    ));
    let before = (relay.work()?, crate::cores::own_work());
    let tally = converse(&log, sockets, seconds).await?;
    let worked = relay.work()?.saturating_sub(before.0);
    let load = crate::cores::own_work().saturating_sub(before.1);
    if let Some(trouble) = &tally.trouble {
        note(format_args!("conversation: {trouble}"));
    }
    note(format_args!(
        "conversation: {} messages, {} deliveries; the relay worked {:.2} s, the load {:.2} s",
        tally.taken,
        tally.received,
        worked.as_secs_f64(),
        load.as_secs_f64()
    ));
    report(tally, worked, &log, seconds);
    Ok(())
}

async fn converse(log: &Log, sockets: Vec<crate::wire::Socket>, seconds: u64) -> Result<Tally> {
    let start = Instant::now() + Duration::from_millis(500);
    let length = Duration::from_secs(seconds);
    let mut members = JoinSet::new();
    for socket in sockets {
        let part = Part {
            first: start + PERIOD.mul_f64(rand::random()),
            period: PERIOD,
            messages: u32::try_from(seconds)?,
            since: Since::Sending,
            expects: u64::from(MEMBERS) * seconds,
            end: start + length + GRACE,
        };
        members.spawn(Member::new(socket, log.clone(), part).play());
    }
    Ok(Tally::of_all(members.join_all().await))
}

fn report(mut tally: Tally, worked: Duration, log: &Log, seconds: u64) {
    let load = format!(
        "{MEMBERS} members, each one entry of {} bytes a second, {seconds} s, relay on one core",
        log.payload.len()
    );
    let wanted = u64::from(MEMBERS) * u64::from(MEMBERS) * seconds;
    let lost = wanted.saturating_sub(tally.received);
    let cost = worked.as_secs_f64() * 1e6 / (tally.received.max(1) as f64);
    for (figure, value, unit) in [
        (
            "conversation_p50_ms",
            tally.latencies.percentile_ms(50),
            "ms",
        ),
        (
            "conversation_p99_ms",
            tally.latencies.percentile_ms(99),
            "ms",
        ),
        ("conversation_lost", lost as f64, "deliveries"),
        (
            "conversation_duplicates",
            tally.duplicates as f64,
            "deliveries",
        ),
        ("cpu_us_per_delivery", cost, "us"),
    ] {
        Figure::new(BENCH, figure, value, unit)
            .against(&load)
            .print();
    }
}
