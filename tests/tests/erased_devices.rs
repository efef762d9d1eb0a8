//! What the devices of somebody who was erased are told, keep, and confirm.

use data_encoding::BASE64;
use sealwire_core::api::ConversationId;
use sealwire_core::{Client, Confirmation, DeviceLink, ErrorKind};
use sealwire_tests::person::{EASY, Person, passphrase, quick};
use sealwire_tests::scratch::copy_dir;
use sealwire_tests::{PATIENCE, Scratch, Stage, programs, until};
use serde_json::Value;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

const ERASURE: &str = "https://sealwire.example/attestation/erasure/v1";

async fn link_laptop(stage: &Stage, owner: &Person) -> Person {
    let text = owner.device_link().await.expect("a device link");
    let link = DeviceLink::parse(&text).expect("a good device link");
    let dir = stage.homes().join("laptop/profiles/bob@acme");
    let laptop = Client::link(&dir, &passphrase(), &link, EASY, quick(), PATIENCE).await;
    let laptop = laptop.expect("a linked laptop");
    let laptop = Person::begin(owner.name(), dir, quick(), laptop).await;
    laptop.expect("a laptop that works")
}

/// Alice, and Bob with a phone and a laptop in a conversation with her.
async fn alice_and_bob(stage: &Stage) -> (Person, Person, Person, ConversationId) {
    let alice = stage.owner("alice").await;
    let phone = stage.guest(&alice, "bob").await;
    let chat = alice.founds("Lunch", &[&phone]).await;
    let laptop = link_laptop(stage, &phone).await;
    laptop.is_in(&chat).await;
    alice.says(&chat, "remember this").await;
    phone.hears(&chat, "remember this").await;
    laptop.hears(&chat, "remember this").await;
    (alice, phone, laptop, chat)
}

async fn database(stage: &Stage) -> SqliteConnection {
    let file = stage.relay.data().join("account.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    options.connect().await.expect("the relay's database")
}

/// What the relay's statements say of devices: told, confirmed, not heard from.
async fn counted(stage: &Stage) -> Vec<[Value; 3]> {
    let mut db = database(stage).await;
    let all: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT signed FROM statements WHERE predicate = ? ORDER BY number")
            .bind(ERASURE)
            .fetch_all(&mut db)
            .await
            .expect("statements");
    db.close().await.expect("closed");
    let devices = |signed: Vec<u8>| {
        let envelope: Value = serde_json::from_slice(&signed).expect("JSON");
        let payload = envelope["payload"].as_str().expect("a payload");
        let payload = BASE64.decode(payload.as_bytes()).expect("base64");
        assert!(!String::from_utf8_lossy(&payload).contains("bob"));
        let statement: Value = serde_json::from_slice(&payload).expect("JSON");
        let devices = &statement["predicate"]["devices"];
        ["told", "confirmed", "notHeardFrom"].map(|count| devices[count].clone())
    };
    all.into_iter().map(devices).collect()
}

/// What each device was heard to say, in order.
async fn answers(stage: &Stage) -> Vec<String> {
    let mut db = database(stage).await;
    let query = "SELECT answer FROM erased_devices ORDER BY answer";
    let all = sqlx::query_scalar(query).fetch_all(&mut db).await;
    db.close().await.expect("closed");
    all.expect("rows")
}

/// What the program says on Bob's laptop.
async fn by_program(stage: &Stage, words: &[&str]) -> String {
    let home = stage.homes().join("laptop");
    let file = home.join("passphrase");
    std::fs::write(&file, passphrase().as_bytes()).expect("written");
    let output = tokio::process::Command::new(programs::client())
        .args(words)
        .args(["--yes", "--no-input", "--passphrase-file"])
        .arg(file)
        .env("SEALWIRE_HOME", &home)
        .output()
        .await
        .expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaint}");
    said
}

fn nobody_asks() -> sealwire_core::Result<zeroize::Zeroizing<String>> {
    panic!("a passphrase was asked for")
}

async fn removes(person: &mut Person) -> sealwire_core::Result<Confirmation> {
    person.close().await;
    Client::remove_erased(person.dir(), || Ok(passphrase()), &quick()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_device_confirms_and_one_is_never_heard_from() {
    let mut stage = Stage::set_in_memory().await;
    let (_alice, mut phone, mut laptop, chat) = alice_and_bob(&stage).await;
    laptop.close().await;
    phone.erase_account().await.expect("erased");
    assert_eq!(counted(&stage).await, [[2, 0, 2].map(Value::from)]);
    // The device that asked has said that it knows, and has removed nothing.
    assert_eq!(answers(&stage).await, ["", "kept"]);
    assert!(Client::is_erased(phone.dir()));
    assert!(!Client::is_erased(laptop.dir()));
    assert_eq!(phone.history(&chat).await.len(), 1);

    // Asked twice, it is refused and nothing is counted twice.
    phone.reopen().await;
    let refused = phone.erase_account().await.expect_err("the second time");
    assert_eq!(
        (refused.code, refused.kind),
        ("account_erased", ErrorKind::Locked)
    );
    let confirmed = removes(&mut phone).await.expect("removed");
    assert_eq!(confirmed, Confirmation::Taken);
    assert!(!phone.dir().exists());
    assert_eq!(answers(&stage).await, ["", "removed"]);

    // A month later.
    stage.relay.kill().await;
    let mut db = database(&stage).await;
    let due = sqlx::query("UPDATE erasures SET due = 1000");
    due.execute(&mut db).await.expect("a month later");
    db.close().await.expect("closed");
    stage.relay.restart().await;
    until("the receipts being counted", || async {
        match counted(&stage).await {
            all if all.len() == 2 => Ok(()),
            all => Err(format!("{all:?}")),
        }
    })
    .await;
    assert_eq!(counted(&stage).await[1], [2, 1, 1].map(Value::from));
    assert!(answers(&stage).await.is_empty());
    assert!(!stage.relay.log().contains("bob"));

    // The laptop comes too late to be heard, and still keeps what it has.
    laptop.reopen().await;
    let unknown = laptop.own_data().await.expect_err("gone");
    assert_eq!(unknown.code, "device_unknown");
    assert_eq!(laptop.history(&chat).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_comes_later_keeps_everything_until_its_person_says() {
    let stage = Stage::set_in_memory().await;
    let (alice, mut phone, mut laptop, chat) = alice_and_bob(&stage).await;
    laptop.close().await;
    alice.erase_member(&phone.handle()).await.expect("erased");
    // The phone runs, the laptop comes back: both are told, and keep what they have.
    for device in [&mut phone, &mut laptop] {
        device.reopen().await;
        device.is_told("this account was erased").await;
        until("the device having said so", || async {
            match Client::is_erased(device.dir()) {
                true => Ok(()),
                false => Err("not yet".to_owned()),
            }
        })
        .await;
        assert_eq!(device.history(&chat).await.len(), 1);
    }
    assert_eq!(answers(&stage).await, ["kept", "kept"]);
    let confirmed = removes(&mut phone).await.expect("removed");
    assert_eq!(confirmed, Confirmation::Taken);
    // The laptop by the program that Bob has on it.
    laptop.close().await;
    let said = by_program(&stage, &["account", "remove", "bob"]).await;
    assert!(
        said.contains("The relay has this device's receipt."),
        "{said}"
    );
    assert!(!laptop.dir().exists());
    assert_eq!(
        counted(&stage).await,
        [[2, 0, 2].map(Value::from), [2, 2, 0].map(Value::from)]
    );
    assert!(answers(&stage).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_broke_off_goes_on_and_is_confirmed_only_then() {
    let mut stage = Stage::set_in_memory().await;
    let (_alice, mut phone, laptop, _) = alice_and_bob(&stage).await;
    drop(laptop);
    phone.erase_account().await.expect("erased");
    phone.close().await;
    let wrong = || Ok(zeroize::Zeroizing::new("not the passphrase".to_owned()));
    let refused = Client::remove_erased(phone.dir(), wrong, &quick()).await;
    let refused = refused.expect_err("a wrong passphrase");
    assert_eq!(refused.code, "wrong_passphrase");
    phone.reopen().await;

    // The relay is away just then: the profile is gone, and the receipt waits.
    stage.relay.kill().await;
    let error = removes(&mut phone).await.expect_err("no relay");
    assert_eq!(error.kind, ErrorKind::Io, "{error}");
    assert!(error.hint.contains("account remove"), "{}", error.hint);
    let left: Vec<_> = std::fs::read_dir(phone.dir())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(Client::exists(phone.dir()));
    let gone = Client::open(phone.dir(), &passphrase(), quick()).await;
    let gone = gone.err().expect("nothing to open");
    assert_eq!(gone.code, "profile_removed");

    // As if the power had failed between the key and the rest.
    std::fs::write(phone.dir().join("profile.db"), "noise").expect("a rest");
    std::fs::create_dir(phone.dir().join("files")).expect("a rest");
    std::fs::write(phone.dir().join("files/aa"), "noise").expect("a rest");
    let error = Client::remove_erased(phone.dir(), nobody_asks, &quick()).await;
    error.expect_err("still no relay");
    assert!(!phone.dir().join("profile.db").exists());
    assert!(!phone.dir().join("files").exists());

    stage.relay.restart().await;
    assert_eq!(answers(&stage).await, ["", "kept"], "not before it is true");
    let confirmed = Client::remove_erased(phone.dir(), nobody_asks, &quick()).await;
    assert_eq!(confirmed.expect("handed in"), Confirmation::Taken);
    assert!(!phone.dir().exists());
    assert_eq!(answers(&stage).await, ["", "removed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_not_erased_is_not_waited_for() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let mut bob = stage.guest(&alice, "bob").await;
    assert!(!Client::is_erased(bob.dir()));
    let confirmed = removes(&mut bob).await.expect("removed");
    assert_eq!(confirmed, Confirmation::TooLate);
    assert!(!bob.dir().exists());
    let mut carol = stage.guest(&alice, "carol").await;
    let in_use = Client::remove(carol.dir()).expect_err("open");
    assert_eq!(in_use.code, "profile_in_use");
    carol.close().await;
    Client::remove(carol.dir()).expect("removed");
    assert!(!carol.dir().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_takes_its_word_back_is_believed_and_told_of() {
    let mut stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let mut bob = stage.guest(&alice, "bob").await;
    bob.settles().await;
    let copy = Scratch::in_memory();
    stage.relay.kill().await;
    copy_dir(stage.relay.data(), &copy.join("copy"));
    stage.relay.restart().await;
    bob.erase_account().await.expect("erased");
    bob.is_told("this account was erased").await;
    assert!(Client::is_erased(bob.dir()));
    // The operator goes back to a copy from before.
    stage.relay.kill().await;
    std::fs::remove_dir_all(stage.relay.data()).expect("the data goes");
    copy_dir(&copy.join("copy"), stage.relay.data());
    stage.relay.restart().await;
    bob.reopen().await;
    bob.is_told("now lets it in").await;
    assert!(!Client::is_erased(bob.dir()));
}
