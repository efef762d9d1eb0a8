//! Load on the logs in the relay's real storage, for `crate::measure`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt as _;
use sealwire_audit::commitment::Commitment;
use sealwire_audit::leaf::Leaf;
use sealwire_audit::merkle::{leaf_hash, prove_inclusion, verify_inclusion};
use sealwire_audit::note::Note;
use sealwire_audit::tile::{Kind, Resource, Tile, TileNodes, tiles_for};
use serde_json::json;
use sqlx::Executor as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;

use super::{Evidence, LogName, ORGANISATION, Published, rows};
use crate::account::AccountPlane;
use crate::config::Config;
use crate::database::SqliteFile;

const LOG: LogName = LogName::Audit;
/// How often somebody asks for the checkpoint.
const LOOK: Duration = Duration::from_millis(5);

/// Both logs in a data directory of their own, with their publisher.
pub(crate) struct Logs {
    account: Arc<AccountPlane>,
    evidence: Arc<Evidence>,
    drain: CancellationToken,
    publisher: JoinHandle<()>,
}

/// Sizes of the log and when they were there.
type Moments = Vec<(u64, Instant)>;

/// Somebody who asks over HTTP for the newest checkpoint.
pub(crate) struct Watch {
    looking: JoinHandle<Moments>,
    stop: CancellationToken,
}

fn entry(number: u64) -> Vec<u8> {
    let mut commitment = [7; 32];
    commitment[..8].copy_from_slice(&number.to_be_bytes());
    let leaf = Leaf::event("directory-changed", Commitment(commitment)).expect("a kind");
    leaf.to_bytes().expect("a leaf")
}

impl Logs {
    pub(crate) async fn open(dir: &Path) -> Self {
        std::fs::create_dir(dir).expect("a folder");
        let config = Config {
            organisation: "acme".to_owned(),
            ..Config::default()
        };
        let drain = CancellationToken::new();
        let account = AccountPlane::open(dir, &config, drain.clone()).await;
        let account = account.expect("opened");
        let evidence = Arc::clone(account.evidence());
        let publisher = super::run(Arc::clone(&evidence), Published::default(), drain.clone());
        Self {
            account,
            evidence,
            publisher: tokio::spawn(publisher),
            drain,
        }
    }

    pub(crate) async fn close(self) {
        self.drain.cancel();
        self.publisher.await.expect("ended");
        self.account.close().await;
    }

    async fn append(&self, first: u64, entries: usize) -> u64 {
        let entries: Vec<_> = (first..).take(entries).map(entry).collect();
        let mut tx = self.evidence.begin().await.expect("begun");
        let first = self.evidence.append(&mut tx, LOG, &entries).await;
        tx.commit().await.expect("committed");
        first.expect("added") + entries.len() as u64
    }

    /// Adds entries to the empty log in transactions of `batch` as fast as it goes; how many, and when each
    /// transaction was durable.
    pub(crate) async fn append_for(&self, length: Duration, batch: usize) -> (u64, Moments) {
        let (begun, mut size, mut moments) = (Instant::now(), 0, Vec::new());
        while begun.elapsed() < length {
            size = self.append(size, batch).await;
            moments.push((size, Instant::now()));
        }
        (size, moments)
    }

    /// Adds a thousand entries a second, ten a transaction; how many.
    pub(crate) async fn append_slowly(&self, length: Duration) -> u64 {
        let (begun, mut ticks, mut added) =
            (Instant::now(), interval(Duration::from_millis(10)), 0);
        while begun.elapsed() < length {
            ticks.tick().await;
            self.append(added, 10).await;
            added += 10;
        }
        added
    }

    /// Logs events of the organisation, each in a transaction of its own, as fast as it goes; how many.
    pub(crate) async fn note_for(&self, length: Duration) -> u64 {
        let (begun, mut events) = (Instant::now(), 0);
        while begun.elapsed() < length {
            let mut tx = self.evidence.begin().await.expect("begun");
            let event = json!({ "number": events });
            let noted = self
                .evidence
                .note(&mut tx, "measured", ORGANISATION, &event);
            assert!(noted.await.is_ok(), "not logged");
            tx.commit().await.expect("committed");
            events += 1;
        }
        events
    }

    /// Serves the log over HTTP and looks at its checkpoint all the time.
    pub(crate) async fn watch_published(&self) -> Watch {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let router = super::router(Arc::clone(&self.evidence));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let stop = CancellationToken::new();
        let ends = stop.clone();
        let looking = tokio::spawn(async move {
            let http = reqwest::Client::new();
            let url = format!("http://{address}/log/v1/{}/checkpoint", LOG.as_str());
            let mut moments: Moments = Vec::new();
            while !ends.is_cancelled() {
                let size = published(&http, &url).await;
                if let Some(size) = size
                    && moments.last().is_none_or(|(newest, _)| *newest < size)
                {
                    moments.push((size, Instant::now()));
                }
                sleep(LOOK).await;
            }
            moments
        });
        Watch { looking, stop }
    }

    /// Makes and verifies inclusion proofs of entries anywhere; how long each took, and the log's size.
    pub(crate) async fn prove(&self, proofs: u64) -> (Vec<Duration>, u64) {
        let mut db = self.evidence.db.readers.acquire().await.expect("a reader");
        let edge = rows::edge(&mut db, LOG).await.expect("an edge");
        let (size, root) = (edge.size(), edge.root());
        let mut times = Vec::new();
        for _ in 0..proofs {
            let index = rand::rng().random_range(0..size);
            let begun = Instant::now();
            let wanted = tiles_for(size, |nodes| prove_inclusion(&nodes, index, size));
            let mut tiles: BTreeMap<(u8, u64), Tile> = BTreeMap::new();
            for resource in wanted.expect("tiles") {
                let Kind::Hashes(level) = Resource::kind(&resource) else {
                    continue;
                };
                let tile = rows::tile(&mut db, LOG, level, resource.index()).await;
                let tile = tile.expect("read").expect("there");
                tiles.insert((level, resource.index()), tile);
            }
            let nodes = TileNodes(|level, index| tiles.get(&(level, index)).cloned());
            let proof = prove_inclusion(&nodes, index, size).expect("proven");
            verify_inclusion(&leaf_hash(&entry(index)), index, size, &root, &proof).expect("holds");
            times.push(begun.elapsed());
        }
        (times, size)
    }
}

async fn published(http: &reqwest::Client, url: &str) -> Option<u64> {
    let note = http.get(url).send().await.ok()?.bytes().await.ok()?;
    let note = Note::parse(&note).ok()?;
    note.text().lines().nth(1)?.parse().ok()
}

impl Watch {
    /// How long after its commit each entry was covered by a served checkpoint.
    pub(crate) async fn latencies(self, committed: &Moments) -> Vec<Duration> {
        // The last ones are still to come.
        sleep(Duration::from_secs(2)).await;
        self.stop.cancel();
        let published = self.looking.await.expect("looked");
        let mut latencies = Vec::new();
        for (size, at) in committed {
            let covered = published.iter().find(|(covered, _)| covered >= size);
            let (_, seen) = covered.expect("everything is published in the end");
            latencies.push(seen.saturating_duration_since(*at));
        }
        latencies
    }
}

/// What SQLite gives if nothing but the entries is kept: entries a second.
pub(crate) async fn plain_inserts(path: &Path, length: Duration, batch: usize) -> f64 {
    const TABLE: &str =
        "CREATE TABLE plain (number INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT";
    let db = SqliteFile::open(path, &[TABLE]).await.expect("opened");
    let (begun, mut number) = (Instant::now(), 0_u64);
    while begun.elapsed() < length {
        let mut tx = db.write().await.expect("begun");
        for _ in 0..batch {
            let insert = sqlx::query("INSERT INTO plain (entry) VALUES (?)").bind(entry(number));
            tx.execute(insert).await.expect("inserted");
            number += 1;
        }
        tx.commit().await.expect("committed");
    }
    let rate = number as f64 / begun.elapsed().as_secs_f64();
    db.close().await;
    rate
}
