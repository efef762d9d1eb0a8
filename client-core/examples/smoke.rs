//! smoke
use sealwire_core::*;
use std::time::Duration;
use zeroize::Zeroizing;
#[tokio::main]
async fn main() {
    let link = std::env::args().nth(1).unwrap();
    let dir = tempfile::tempdir().unwrap();
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
    println!("{:?}", alice.account());
    alice.start().await.unwrap();
    let inv = alice.invite(api::OrgRole::OrgMember, 3600).await.unwrap();
    println!("{}", inv.link);
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
    let mut ev = bob.events();
    let mut ev2 = alice.events();
    tokio::spawn(async move {
        while let Ok(e) = ev2.recv().await {
            println!("ALICE {e:?}");
        }
    });
    tokio::time::sleep(Duration::from_millis(800)).await;
    let (id, ch) = alice
        .create_conversation("Ward 3", &[alice.parse_handle("bob").unwrap()])
        .await
        .unwrap();
    if let Some(ch) = ch {
        alice.done(ch, Duration::from_secs(10)).await.unwrap();
    }
    alice.send(&id, "Hello Bob").await.unwrap();
    println!("idle {:?}", alice.idle(Duration::from_secs(10)).await);
    for _ in 0..20 {
        match tokio::time::timeout(Duration::from_secs(2), ev.recv()).await {
            Ok(e) => println!("BOB {e:?}"),
            Err(_) => break,
        }
    }
    let t = std::time::Instant::now();
    for i in 0..200 {
        bob.send(&id, &format!("message {i}")).await.unwrap();
    }
    println!(
        "idle {:?} {:?}",
        bob.idle(Duration::from_secs(30)).await,
        t.elapsed()
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    println!("{}", alice.newest_messages(&id, 1000).await.unwrap().len());
    println!("{:?}", alice.members(&id).await.unwrap());
    let t = std::time::Instant::now();
    alice
        .done(
            alice.rename(&id, "Ward 4").await.unwrap(),
            Duration::from_secs(10),
        )
        .await
        .unwrap();
    println!("rename {:?}", t.elapsed());
    let l = alice.device_link().await.unwrap();
    let laptop = Client::link(
        &dir.path().join("c"),
        &p,
        &DeviceLink::parse(&l).unwrap(),
        kdf,
        o,
        Duration::from_secs(20),
    )
    .await
    .unwrap();
    laptop.start().await.unwrap();
    tokio::time::sleep(Duration::from_millis(3000)).await;
    println!("{:?}", laptop.conversations().await.unwrap());
    laptop.send(&id, "from laptop").await.unwrap();
    println!("idle {:?}", laptop.idle(Duration::from_secs(10)).await);
    tokio::time::sleep(Duration::from_millis(500)).await;
    println!("{:?}", bob.newest_messages(&id, 2).await.unwrap());
}
