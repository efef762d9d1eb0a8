//! Whatever was cosigned is still known after the witness is killed.

use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sealwire_audit::merkle::prove_consistency;
use sealwire_audit::witness::Request;

use crate::running::{Running, good, receive, send};
use crate::scene::Log;

/// What the log asks of a witness that has seen `old` entries.
fn ask(log: &Log, old: u64) -> String {
    let proof = prove_consistency(log, old, log.edge.size()).unwrap();
    let head = log.checkpoint().sign(&log.key).unwrap();
    Request::new(old, proof, head).unwrap().to_string()
}

/// The size that the witness tells when it is asked from nowhere.
fn size(witness: &Running, log: &Log) -> u64 {
    let answer = witness.post(&ask(log, 0));
    match answer.status {
        200 => log.edge.size(),
        409 => answer.body.trim_end().parse().unwrap(),
        _ => panic!("{answer:?}"),
    }
}

#[test]
fn a_killed_witness_forgets_nothing_that_it_cosigned() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("witness").to_str().unwrap().to_owned();
    good(&[
        "witness",
        "init",
        "--dir",
        &path,
        "--name",
        "witness.example/w1",
    ]);
    let mut log = Log::new();
    good(&[
        "witness",
        "add",
        "--dir",
        &path,
        &log.key.verifier().to_string(),
    ]);
    let mut known = 0;
    for round in 0..8_u64 {
        let witness = Running::start(Path::new(&path));
        let address = witness.address;
        // Where the killer waits for: each round it strikes after another number of answers.
        let answered = AtomicU64::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while answered.load(Ordering::SeqCst) < round {
                    std::thread::yield_now();
                }
                std::thread::sleep(Duration::from_micros(300 * round));
                witness.kill();
            });
            let Ok(mut stream) = TcpStream::connect(address) else {
                return;
            };
            loop {
                log.push("truth");
                send(
                    &mut stream,
                    "POST /add-checkpoint",
                    &ask(&log, known),
                    false,
                );
                let Some(answer) = receive(&mut stream) else {
                    break;
                };
                // The head of a request that was never answered may have been kept.
                if answer.status == 409 {
                    known = answer.body.trim_end().parse().unwrap();
                    continue;
                }
                assert_eq!(answer.status, 200, "{answer:?}");
                known = log.edge.size();
                answered.fetch_add(1, Ordering::SeqCst);
            }
        });
        let witness = Running::start(Path::new(&path));
        let kept = size(&witness, &log);
        assert!(kept >= known, "cosigned {known}, remembers {kept}");
        known = kept;
    }
    assert!(known > 8);
    // It refuses every other story.
    let witness = Running::start(Path::new(&path));
    let mut fork = Log::new();
    while fork.edge.size() <= known {
        fork.push("lie");
    }
    assert_eq!(witness.post(&ask(&fork, known)).status, 422);
}
