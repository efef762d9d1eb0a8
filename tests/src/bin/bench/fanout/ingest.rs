//! Durable appends: many connections that each wait for one answer at a time.

use std::collections::HashSet;
use std::time::Duration;

use sealwire_protocol::frame::ServerBody;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::BENCH;
use super::raw_sqlite::{Kind, Table};
use crate::cores::{Cores, own_work};
use crate::figure::Figure;
use crate::frames::Log;
use crate::relay::Relay;
use crate::samples::median;
use crate::wire::{Dialler, Socket};
use crate::{Result, note};

const CONNECTIONS: usize = 256;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);

/// One connection with a group of its own.
type Lane = (Socket, Log);

/// What the rounds gave.
#[derive(Default)]
struct Rounds {
    relay: Vec<f64>,
    same: Vec<f64>,
    bare: Vec<f64>,
    batch: Vec<f64>,
    relay_us: Vec<f64>,
    load_us: Vec<f64>,
}

/// Measures in turns with the raw loops.
pub(super) async fn run(cores: &Cores) -> Result<()> {
    let relay = Relay::start(cores, "")?;
    let dialler = Dialler::new(relay.address)?;
    let mut lanes = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut socket = dialler.dial(None).await?;
        let log = Log::create(&mut socket).await?;
        lanes.push((socket, log));
    }
    let bytes = lanes[0].1.payload.len();
    let relays = Kind::Relay {
        groups: CONNECTIONS,
    };
    let mut same = Table::at(relay.disk().join("same.db"), relays, bytes);
    let mut bare = Table::at(relay.disk().join("bare.db"), Kind::Bare, bytes);
    let mut rounds = Rounds::default();
    for round in 0..=ROUNDS {
        let before = (relay.work()?, own_work());
        let (rate, batch, appended);
        (lanes, rate, batch, appended) = append_for(ROUND, lanes).await?;
        let us = |worked: Duration| worked.as_secs_f64() * 1e6 / appended.max(1) as f64;
        let relay_us = us(relay.work()?.saturating_sub(before.0));
        let load_us = us(own_work().saturating_sub(before.1));
        let same_rate = same.append_for(cores, ROUND, batch)?;
        let bare_rate = bare.append_for(cores, ROUND, batch)?;
        note(format_args!(
            "ingest: relay {rate:.0}/s in batches of about {batch}, {relay_us:.1} us of its core an \
             append, {load_us:.1} us of the load's; raw loop {same_rate:.0}/s into the same table, \
             {bare_rate:.0}/s into a bare one"
        ));
        // The first only warms up.
        if round > 0 {
            rounds.relay.push(rate);
            rounds.same.push(same_rate);
            rounds.bare.push(bare_rate);
            rounds.batch.push(batch as f64);
            rounds.relay_us.push(relay_us);
            rounds.load_us.push(load_us);
        }
    }
    report(&rounds, bytes);
    Ok(())
}

fn report(rounds: &Rounds, bytes: usize) {
    let batch = median(&rounds.batch);
    let load = format!(
        "{bytes} bytes an entry, {batch:.0} a transaction; {CONNECTIONS} connections, each in its \
         own group, relay on one core"
    );
    let ours = median(&rounds.relay);
    for (figure, theirs, table) in [
        (
            "ingest",
            median(&rounds.same),
            "the same table with the same indexes, journal and fsync",
        ),
        (
            "ingest_bare",
            median(&rounds.bare),
            "a table without indexes, the same journal and fsync",
        ),
    ] {
        Figure::new(BENCH, figure, ours, "1/s")
            .against(format!("{theirs:.0}/s of a raw loop into {table}; {load}"))
            .ratio(ours / theirs)
            .print();
    }
    Figure::new(BENCH, "cpu_us_per_append", median(&rounds.relay_us), "us")
        .against(format!(
            "the load worked {:.0} us an append on the other core; {load}",
            median(&rounds.load_us)
        ))
        .print();
}

/// Appends on all connections; gives appends a second, how many shared one transaction, and how
/// many there were.
async fn append_for(length: Duration, lanes: Vec<Lane>) -> Result<(Vec<Lane>, f64, usize, usize)> {
    let start = Instant::now();
    let end = start + length;
    let mut work = JoinSet::new();
    for lane in lanes {
        work.spawn(append_until(end, lane));
    }
    let mut lanes = Vec::new();
    let mut appended = 0;
    // Entries of one transaction carry one time.
    let mut times = HashSet::new();
    while let Some(done) = work.join_next().await {
        let (lane, received_at) = done??;
        lanes.push(lane);
        appended += received_at.len();
        times.extend(received_at);
    }
    let rate = appended as f64 / start.elapsed().as_secs_f64();
    let batch = (appended / times.len().max(1)).max(1);
    Ok((lanes, rate, batch, appended))
}

async fn append_until(end: Instant, (mut socket, log): Lane) -> Result<(Lane, Vec<u64>)> {
    let mut times = Vec::new();
    while Instant::now() < end {
        let frame = log.append(1, std::time::Instant::now());
        socket.feed(frame).await?;
        socket.flush().await?;
        match socket.next().await?.body {
            Some(ServerBody::Appended(appended)) => times.push(appended.received_at),
            Some(ServerBody::Problem(problem)) => return Err(problem.detail.into()),
            _ => return Err("the relay gave an answer of another kind".into()),
        }
    }
    Ok(((socket, log), times))
}
