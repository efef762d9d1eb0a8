//! Figures, not judgements: run by hand with `--run-ignored only --no-capture`, on a release
//! build named by `SEALWIRE_RELAY_PROGRAM`. `cargo xtask bench` is the place for comparisons.

use std::time::{Duration, Instant};

use sealwire_protocol::frame::{Append, ClientBody, ServerBody};
use sealwire_protocol::log::EntryKind;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Executor, QueryBuilder, Sqlite, SqliteConnection};

use crate::support::{Lane, Relay, Socket, mls};

/// User and system time of a process so far, in microseconds.
fn cpu_us(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("stat");
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .expect("fields")
        .split(' ')
        .collect();
    let ticks: u64 = [12, 13]
        .map(|at| fields[at].parse::<u64>().expect("ticks"))
        .iter()
        .sum();
    ticks * 10_000
}

fn resident_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().nth(1))
        .expect("resident");
    kib.parse::<u64>().expect("a number") * 1024
}

async fn sockets(relay: &Relay, many: usize) -> Vec<Socket> {
    let mut sockets = Vec::with_capacity(many);
    for _ in 0..many {
        sockets.push(relay.socket().await);
    }
    sockets
}

/// Appends one after the other on each connection for a while; how many.
async fn ingest(mut socket: Socket, lane: Lane, end: Instant) -> (Socket, u64) {
    let mut done = 0;
    while Instant::now() < end {
        let append = message(&lane);
        match socket.ask(ClientBody::Append(append)).await {
            Ok(ServerBody::Appended(_)) => done += 1,
            other => panic!("not appended: {other:?}"),
        }
    }
    (socket, done)
}

fn message(lane: &Lane) -> Append {
    Append {
        payload: mls::private_message(&lane.log, EntryKind::Application, 1, 256),
        ..lane.message(1)
    }
}

/// The raw loop: the same bytes, in fsynced batches, for a while; how many.
async fn raw(db: &mut SqliteConnection, place: &mut i64, batch: usize, end: Instant) -> u64 {
    let lane = Lane::new();
    let payload = mls::private_message(&lane.log, EntryKind::Application, 1, 256);
    let mut done = 0;
    while Instant::now() < end {
        db.execute("BEGIN IMMEDIATE").await.expect("begun");
        let rows: Vec<i64> = (0..batch as i64).map(|row| *place + row).collect();
        for run in rows.chunks(64) {
            let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO raw (place, payload) ");
            query.push_values(run, |mut values, place| {
                values.push_bind(*place).push_bind(payload.as_ref());
            });
            db.execute(query.build()).await.expect("inserted");
        }
        db.execute("COMMIT").await.expect("committed");
        *place += batch as i64;
        done += batch as u64;
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn ingest_against_a_raw_loop() {
    const CONNECTIONS: usize = 256;
    const SLICE: Duration = Duration::from_secs(3);
    let relay = Relay::new();
    let mut open = sockets(&relay, CONNECTIONS).await;
    let lanes: Vec<Lane> = (0..8).map(|_| Lane::new()).collect();
    for lane in &lanes {
        open[0].create(lane).await;
    }
    let mut raw_db = SqliteConnectOptions::new()
        .filename(relay.data().join("raw.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "ON")
        .connect()
        .await
        .expect("opened");
    let sql = "CREATE TABLE raw (place INTEGER PRIMARY KEY, payload BLOB NOT NULL) STRICT";
    raw_db.execute(sql).await.expect("made");
    let (mut place, mut relays, mut raws) = (1, 0, 0);
    let mut relay_cpu = 0;
    for _ in 0..4 {
        let (end, cpu) = (Instant::now() + SLICE, cpu_us(relay.pid()));
        let tasks: Vec<_> = open
            .drain(..)
            .enumerate()
            .map(|(at, socket)| tokio::spawn(ingest(socket, lanes[at % lanes.len()].clone(), end)))
            .collect();
        for task in tasks {
            let (socket, done) = task.await.expect("done");
            open.push(socket);
            relays += done;
        }
        relay_cpu += cpu_us(relay.pid()) - cpu;
        raws += raw(&mut raw_db, &mut place, CONNECTIONS, Instant::now() + SLICE).await;
    }
    let seconds = SLICE.as_secs_f64() * 4.0;
    println!(
        "ingest: {:.0}/s, raw loop: {:.0}/s, ratio {:.2}; relay CPU {:.1} us an append",
        relays as f64 / seconds,
        raws as f64 / seconds,
        relays as f64 / raws as f64,
        relay_cpu as f64 / relays as f64,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn fan_out_to_a_hundred() {
    const MEMBERS: usize = 100;
    const SECONDS: u64 = 15;
    let relay = Relay::new();
    let lane = Lane::new();
    let mut open = sockets(&relay, MEMBERS).await;
    open[0].create(&lane).await;
    for socket in &mut open {
        socket.subscribe(&lane, 0).await;
    }
    let start = Instant::now();
    let cpu = cpu_us(relay.pid());
    let total = MEMBERS as u64 * SECONDS;
    let tasks: Vec<_> = open
        .into_iter()
        .enumerate()
        .map(|(at, mut socket)| {
            let lane = lane.clone();
            tokio::spawn(async move {
                let (mut sent, mut got) = (0, 0);
                let mut ticks = tokio::time::interval(Duration::from_secs(1));
                tokio::time::sleep(Duration::from_millis(at as u64 * 10)).await;
                ticks.reset();
                while got < total || sent < SECONDS {
                    tokio::select! {
                        _ = ticks.tick(), if sent < SECONDS => {
                            sent += 1;
                            socket.start(ClientBody::Append(message(&lane))).await;
                        }
                        frame = socket.receive() => match frame {
                            Some(Ok(frame)) => if let Some(ServerBody::Entries(entries)) = frame.body {
                                for entry in entries.entries {
                                    got += 1;
                                    assert_eq!(entry.seq, got, "no gap");
                                }
                            },
                            other => panic!("gone: {other:?}"),
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("all came");
    }
    let deliveries = total * MEMBERS as u64;
    println!(
        "fan-out: {deliveries} deliveries in {:.1} s, {:.2} us CPU of the relay each",
        start.elapsed().as_secs_f64(),
        (cpu_us(relay.pid()) - cpu) as f64 / deliveries as f64,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn memory_of_idle_connections() {
    let many: usize =
        std::env::var("CONNECTIONS").map_or(4000, |many| many.parse().expect("a number"));
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).expect("files");
    let relay = Relay::new();
    let lane = Lane::new();
    let mut open = sockets(&relay, 100).await;
    open[0].create(&lane).await;
    let before = resident_bytes(relay.pid());
    let mut more = sockets(&relay, many).await;
    for socket in &mut more {
        socket.subscribe(&lane, 0).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = resident_bytes(relay.pid());
    println!(
        "idle: {many} subscribed connections, {} bytes each",
        (after - before) / many as u64
    );
}
