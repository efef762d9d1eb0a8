//! catch-up
use sealwire_core::*;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let v: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (v[11].parse::<f64>().unwrap() + v[12].parse::<f64>().unwrap()) / 100.0
}
#[tokio::main]
async fn main() {
    let link = std::env::args().nth(1).unwrap();
    let n: usize = 3000;
    let dir = tempfile::tempdir_in("/dev/shm").unwrap();
    let p = Zeroizing::new("correct horse battery".to_string());
    let kdf = KdfParams {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };
    let o = api::Options {
        welcome_delay_max_ms: 0,
        key_package_target: 5,
        key_package_low: 2,
        ..Default::default()
    };
    let alice = Client::enrol(
        &dir.path().join("a"),
        &p,
        &JoinLink::parse(&link).unwrap(),
        "alice",
        kdf,
        o.clone(),
    )
    .await
    .unwrap_or_else(|e| panic!("{e:?}"));
    alice.start().await.unwrap();
    let inv = alice.invite(api::OrgRole::OrgMember, 3600).await.unwrap();
    let bob = Client::enrol(
        &dir.path().join("b"),
        &p,
        &JoinLink::parse(&inv.link).unwrap(),
        "bob",
        kdf,
        o.clone(),
    )
    .await
    .unwrap_or_else(|e| panic!("{e:?}"));
    bob.start().await.unwrap();
    tokio::time::sleep(Duration::from_millis(800)).await;
    let (id, ch) = alice
        .create_conversation("Ward 3", &[alice.parse_handle("bob").unwrap()])
        .await
        .unwrap();
    if let Some(ch) = ch {
        alice.done(ch, Duration::from_secs(10)).await.unwrap();
    }
    alice.idle(Duration::from_secs(10)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    bob.shutdown().await;
    let (c, t) = (cpu(), Instant::now());
    for i in 0..n {
        alice
            .send(
                &id,
                &format!("message {i} xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
            )
            .await
            .unwrap();
    }
    println!(
        "sent {:?} {:?}",
        alice.idle(Duration::from_secs(300)).await,
        t.elapsed()
    );
    println!(
        "send cpu per message {:.0} us",
        (cpu() - c) * 1e6 / n as f64
    );
    let bob = Client::open(&dir.path().join("b"), &p, o).await.unwrap();
    let (c, t) = (cpu(), Instant::now());
    bob.start().await.unwrap();
    loop {
        let k = bob
            .messages_after(&id, n as u64 - 5, 10)
            .await
            .unwrap()
            .len();
        if k > 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!(
        "received {:?} cpu per message {:.0} us",
        t.elapsed(),
        (cpu() - c) * 1e6 / n as f64
    );
}
