//! Durable appends: many connections that each wait for one answer at a time.

use std::collections::HashSet;
use std::time::Duration;

use sealwire_protocol::frame::ServerBody;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{BENCH, raw_sqlite};
use crate::cores::Cores;
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

/// Measures in turns with the raw loop.
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
    let mut raw = raw_sqlite::Table::at(relay.disk().join("raw.db"), bytes);
    let (mut ours, mut theirs, mut batches) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (rate, batch);
        (lanes, rate, batch) = append_for(ROUND, lanes).await?;
        let raw_rate = raw.append_for(cores, ROUND, batch)?;
        note(format_args!(
            "ingest: relay {rate:.0}/s in batches of about {batch}, raw {raw_rate:.0}/s"
        ));
        // The first only warms up.
        if round > 0 {
            ours.push(rate);
            theirs.push(raw_rate);
            batches.push(batch as f64);
        }
    }
    let (ours, theirs) = (median(&ours), median(&theirs));
    Figure::new(BENCH, "ingest", ours, "1/s")
        .against(format!(
            "{theirs:.0}/s of a raw loop over the same SQLite, {bytes} bytes an entry, {:.0} a \
             transaction; {CONNECTIONS} connections, each in its own group",
            median(&batches)
        ))
        .ratio(ours / theirs)
        .print();
    Ok(())
}

/// Appends on all connections; gives appends a second, and how many shared one transaction.
async fn append_for(length: Duration, lanes: Vec<Lane>) -> Result<(Vec<Lane>, f64, usize)> {
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
    Ok((lanes, rate, (appended / times.len().max(1)).max(1)))
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
