//! The records custodian: visible to all, required where the organisation says so, and its archive.

use std::path::Path;
use std::process::Command;

use sealwire_core::api::{
    ConversationId, DeviceKind, NewFile, OrganisationPolicyChange, Post, Setting,
};
use sealwire_core::custody::{Broken, Record, Said, export_mail, verify_archive};
use sealwire_protocol::certificate::DeviceCertificate;
use sealwire_protocol::coverage::CoverageCount;
use sealwire_tests::person::{Person, quick};
use sealwire_tests::{Stage, until};

/// Alice, who owns the organisation, Bob, and the custodian that every new conversation needs.
async fn with_custodian(stage: &Stage) -> (Person, Person, Person) {
    let alice = stage.owner("alice").await;
    let bob = stage.guest(&alice, "bob").await;
    let records = gets_a_custodian(stage, &alice).await;
    (alice, bob, records)
}

async fn gets_a_custodian(stage: &Stage, alice: &Person) -> Person {
    let link = alice.invitation_of(DeviceKind::Custodian).await;
    let records = Person::try_enrol(stage.homes(), "records", &link, quick()).await;
    let records = records.expect("a custodian");
    let change = OrganisationPolicyChange {
        custodians: Some(vec!["records".into()]),
        ..OrganisationPolicyChange::default()
    };
    let policy = alice.publish_organisation_policy(change).await;
    assert_eq!(policy.expect("published").custodians, ["records@acme"]);
    records
}

async fn archive(records: &Person, dir: &Path) -> u64 {
    let kept = records.keep_archive(dir, None, true, &mut |_| {}).await;
    kept.unwrap_or_else(|error| panic!("{error} ({})", error.hint))
        .records
}

fn lines(dir: &Path) -> Vec<Record> {
    let mut days: Vec<_> = std::fs::read_dir(dir.join("records"))
        .expect("records")
        .map(|day| day.expect("a day").path())
        .collect();
    days.sort();
    days.iter()
        .flat_map(|day| {
            let text = std::fs::read_to_string(day).expect("readable");
            let read = |line: &str| serde_json::from_str(line).expect("a record");
            text.lines().map(read).collect::<Vec<Record>>()
        })
        .collect()
}

async fn broken(dir: &Path) -> Broken {
    let found = verify_archive(dir).await.expect("readable");
    found.expect_err("it was meddled with")
}

async fn knows(person: &Person, chat: &ConversationId, words: &str) {
    until(&format!("{} reading {words:?}", person.name()), || async {
        let lines = person.newest_messages(chat, 50).await.expect("lines");
        match lines.iter().any(|line| line.text.contains(words)) {
            true => Ok(()),
            false => Err(format!("{:?}", lines.last().map(|line| &line.text))),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_stays_in_the_archive_and_one_flipped_byte_is_found() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, records) = with_custodian(&stage).await;
    let chat = alice.founds("Trading desk", &[&bob, &records]).await;
    let offer = bob.says(&chat, "Buy at 12.5?").await;
    bob.edit(&chat, &offer.id, "Buy at 13?")
        .await
        .expect("edited");
    let slip = bob.says(&chat, "that was **secret**").await;
    bob.delete_message(&chat, &slip.id).await.expect("deleted");
    let terms = stage.homes().join("terms.txt");
    std::fs::write(&terms, "the terms").expect("a file");
    let files = vec![NewFile::at(&terms)];
    let sent = alice
        .attach_and_send(&chat, &Post::text("see here"), files)
        .await;
    sent.expect("a file on its way");
    alice.settles().await;
    bob.settles().await;
    knows(&records, &chat, "see here").await;

    let dir = stage.homes().join("archive");
    let count = archive(&records, &dir).await;
    assert_eq!(archive(&records, &dir).await, count, "nothing twice");
    let kept = lines(&dir);
    assert_eq!(kept.len() as u64, count);
    let text = |record: &Record| match &record.said {
        Said::Message { text, .. } | Said::Edit { text, .. } => text.clone(),
        Said::Delete { .. } => "(deleted)".into(),
        Said::Event { event } => event.in_words(),
        _ => String::new(),
    };
    let said: Vec<String> = kept.iter().map(text).collect();
    let said = said.join("\n");
    for words in [
        "Buy at 12.5?",
        "Buy at 13?",
        "that was **secret**",
        "(deleted)",
        "see here",
    ] {
        assert!(said.contains(words), "{words} is missing in\n{said}");
    }
    let file = kept.iter().flat_map(|record| &record.files).next();
    let file = file.expect("a file");
    let content = std::fs::read(dir.join("files").join(&file.sha256));
    assert_eq!(content.expect("the file"), b"the terms");

    let holds = verify_archive(&dir)
        .await
        .expect("readable")
        .expect("it holds");
    assert_eq!((holds.records, holds.files, holds.missing), (count, 1, 0));
    assert_eq!(holds.custodian, "records@acme");
    mails_are_read_by_others(&dir, &stage.homes().join("mails"), count).await;
    every_meddling_is_found(&dir, &file.sha256).await;
}

/// Python's own reader of mail finds what stands in them.
async fn mails_are_read_by_others(dir: &Path, to: &Path, count: u64) {
    let done = export_mail(dir, to).await.expect("mails");
    assert_eq!((done.mails, done.without_file), (count, 0));
    let script = "
import email, email.policy, pathlib, sys
for path in sorted(pathlib.Path(sys.argv[1]).glob('*.eml')):
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert not mail.defects, (path, mail.defects)
    body = mail.get_body(('plain',)).get_content().strip()
    files = [part.get_content() for part in mail.iter_attachments()]
    print(mail['from'], mail['subject'], body, files)
";
    let read = Command::new("python3")
        .args(["-c", script])
        .arg(to)
        .output();
    let read = read.expect("python3");
    let text = String::from_utf8_lossy(&read.stdout);
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    assert!(
        text.contains("bob@acme Trading desk Buy at 12.5? []"),
        "{text}"
    );
    assert!(text.contains("see here ['the terms']"), "{text}");
}

async fn every_meddling_is_found(dir: &Path, file: &str) {
    let day = std::fs::read_dir(dir.join("records"))
        .expect("records")
        .next();
    let day = day.expect("a day").expect("a day").path();
    let good = std::fs::read(&day).expect("readable");
    // One digit of a text.
    let at = good
        .windows(4)
        .position(|part| part == b"12.5")
        .expect("the offer");
    let mut bad = good.clone();
    bad[at] = b'9';
    std::fs::write(&day, &bad).expect("written");
    assert_eq!(broken(dir).await.place, "checkpoint");
    // A record that is gone, and two that changed places.
    let whole = String::from_utf8(good.clone()).expect("text");
    let mut lines: Vec<&str> = whole.lines().collect();
    lines.remove(2);
    std::fs::write(&day, lines.join("\n") + "\n").expect("written");
    assert!(broken(dir).await.place.ends_with(".jsonl:3"));
    let mut lines: Vec<&str> = whole.lines().collect();
    lines.swap(1, 2);
    std::fs::write(&day, lines.join("\n") + "\n").expect("written");
    assert!(broken(dir).await.place.ends_with(".jsonl:2"));
    std::fs::write(&day, &good).expect("written");
    // Another file.
    let path = dir.join("files").join(file);
    std::fs::write(&path, "the term5").expect("written");
    assert!(broken(dir).await.why.contains("is another"));
    std::fs::write(&path, "the terms").expect("written");
    // A key that the custodian's device did not name.
    let head = dir.join("archive.json");
    let text = std::fs::read_to_string(&head).expect("readable");
    std::fs::write(&head, text.replace("acme/records/", "acme/rec0rds/")).expect("written");
    assert!(broken(dir).await.why.contains("did not sign the key"));
    std::fs::write(&head, text).expect("written");
    assert!(verify_archive(dir).await.expect("readable").is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_broke_off_goes_on_without_a_hole() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, mut records) = with_custodian(&stage).await;
    let chat = alice.founds("Trading desk", &[&bob, &records]).await;
    bob.says(&chat, "one").await;
    knows(&records, &chat, "one").await;
    let dir = stage.homes().join("archive");
    let first = archive(&records, &dir).await;
    let before = std::fs::read(dir.join("checkpoint")).expect("a head");
    let day = std::fs::read_dir(dir.join("records"))
        .expect("records")
        .next();
    let day = day.expect("a day").expect("a day").path();
    let records_before = std::fs::read(&day).expect("readable");

    // The power went while lines were written: a whole one and half of one, and no head over them.
    let line = records_before
        .split(|byte| *byte == b'\n')
        .next()
        .expect("a line");
    let torn = [&records_before, line, b"\n", &line[..line.len() / 2]].concat();
    std::fs::write(&day, torn).expect("written");
    records.close().await;
    records.reopen().await;
    bob.says(&chat, "two").await;
    knows(&records, &chat, "two").await;
    let second = archive(&records, &dir).await;
    assert_eq!(second, first + 1);
    assert!(verify_archive(&dir).await.expect("readable").is_ok());

    // An older copy is not taken for the archive.
    std::fs::write(dir.join("checkpoint"), before).expect("written");
    let refused = records.keep_archive(&dir, None, true, &mut |_| {}).await;
    let refused = refused.expect_err("it was longer");
    assert_eq!(refused.code, "archive_broken", "{refused}");
    // Nor is it begun anew elsewhere.
    let elsewhere = stage.homes().join("elsewhere");
    let refused = records
        .keep_archive(&elsewhere, None, true, &mut |_| {})
        .await;
    assert_eq!(refused.expect_err("a hole").code, "archive_elsewhere");
    // People keep none.
    let refused = bob.keep_archive(&elsewhere, None, true, &mut |_| {}).await;
    assert_eq!(refused.expect_err("no custodian").code, "not_a_custodian");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_written_later_and_once() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, records) = with_custodian(&stage).await;
    let chat = alice.founds("Trading desk", &[&bob, &records]).await;
    bob.says(&chat, "one").await;
    knows(&records, &chat, "one").await;
    let dir = stage.homes().join("archive");
    let first = archive(&records, &dir).await;
    // The head cannot be put in its place: the records are on the disk by then, and count for nothing.
    let block = dir.join("checkpoint.new");
    std::fs::create_dir(&block).expect("in the way");
    let mut quiet = |_: &_| {};
    let meanwhile = async {
        bob.says(&chat, "two").await;
        knows(&records, &chat, "two").await;
        until("the records being tried", || async {
            let waiting = lines_or_more(&dir) > first;
            waiting.then_some(()).ok_or_else(|| "not yet".to_owned())
        })
        .await;
        std::fs::remove_dir(&block).expect("out of the way");
        bob.says(&chat, "three").await;
        until("the archive going on", || async {
            match verify_archive(&dir).await.expect("readable") {
                Ok(holds) if holds.records == first + 2 => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    };
    tokio::select! {
        ended = records.keep_archive(&dir, None, false, &mut quiet) => panic!("it ended: {ended:?}"),
        () = meanwhile => {}
    }
    let kept = lines(&dir);
    let numbers: Vec<u64> = kept.iter().map(|record| record.number).collect();
    assert_eq!(numbers, (0..first + 2).collect::<Vec<_>>());
}

/// Line ends in the archive, whether they count or not.
fn lines_or_more(dir: &Path) -> u64 {
    let days = std::fs::read_dir(dir.join("records")).expect("records");
    let text = days.map(|day| std::fs::read(day.expect("a day").path()).expect("readable"));
    text.flatten().filter(|byte| *byte == b'\n').count() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_people_say_to_each_other_is_kept_too() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, records) = with_custodian(&stage).await;
    let (chat, change) = alice.direct(&bob.handle()).await.expect("the two of them");
    alice.made(change.expect("founded")).await;
    bob.is_in(&chat).await;
    records.is_in(&chat).await;
    bob.says(&chat, "between us").await;
    knows(&records, &chat, "between us").await;
    let dir = stage.homes().join("archive");
    archive(&records, &dir).await;
    let said = |record: &Record| matches!(&record.said, Said::Message { text, .. } if text == "between us");
    assert!(lines(&dir).iter().any(said));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custodian_does_not_go_unseen() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, records) = with_custodian(&stage).await;
    let chat = alice.founds("Trading desk", &[&bob, &records]).await;
    let members = bob.members(&chat).await.expect("members");
    let kinds: Vec<_> = members.iter().map(|member| member.kind.as_str()).collect();
    assert_eq!(kinds, ["person", "person", "custodian"]);
    assert!(bob.policy(&chat).await.expect("rules").custodian_required);
    bob.says(&chat, "hello").await;

    // A member may not; an owner has to say first that none is needed, and everybody is told of both.
    let refused = bob.remove_member(&chat, &records.handle()).await;
    assert_eq!(refused.expect_err("a member").code, "not_allowed");
    let refused = alice.remove_member(&chat, &records.handle()).await;
    let refused = match refused {
        Ok(change) => alice
            .done(change, sealwire_tests::PATIENCE)
            .await
            .expect_err("the last"),
        Err(error) => error,
    };
    assert_eq!(refused.code, "not_allowed", "{refused}");
    let change = alice.set(&chat, Setting::CustodianRequired(false)).await;
    alice.made(change.expect("a wish")).await;
    let change = alice.remove_member(&chat, &records.handle()).await;
    alice.made(change.expect("a wish")).await;
    records.is_out_of(&chat).await;
    knows(
        &bob,
        &chat,
        "alice@acme no longer requires a records custodian here",
    )
    .await;
    knows(
        &bob,
        &chat,
        "alice@acme removed the records custodian records@acme",
    )
    .await;

    // Where one is required and none is there, nobody writes, and is told what to do.
    let change = alice.set(&chat, Setting::CustodianRequired(true)).await;
    alice.made(change.expect("a wish")).await;
    knows(&bob, &chat, "requires a records custodian").await;
    let refused = bob
        .send(&chat, "unrecorded")
        .await
        .expect_err("no custodian");
    assert_eq!(refused.code, "no_custodian");
    let change = alice.add_members(&chat, &[records.handle()]).await;
    alice.made(change.expect("a wish")).await;
    knows(&bob, &chat, "added the records custodian records@acme").await;
    bob.says(&chat, "recorded").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_becomes_a_custodian_by_saying_so() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let mut link = alice.invitation().await;
    link.kind = DeviceKind::Custodian;
    let refused = Person::try_enrol(stage.homes(), "mallory", &link, quick()).await;
    let refused = refused.err().expect("invited as a person");
    assert_eq!(refused.code, "wrong_kind", "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn custodians_learn_how_many_conversations_have_none_and_not_which() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let bob = stage.guest(&alice, "bob").await;
    alice.founds("Before there were records", &[&bob]).await;
    alice.founds("Alone", &[]).await;
    assert_eq!(bob.report_coverage().await.expect("no policy"), None);
    let records = gets_a_custodian(&stage, &alice).await;
    bob.fetch_organisation_policy().await.expect("fetched");
    alice.founds("Trading desk", &[&bob, &records]).await;

    let mut told = Vec::new();
    for person in [&alice, &bob] {
        let count = person.report_coverage().await.expect("counted");
        let count = count.expect("there is a custodian");
        assert_eq!(
            (count.conversations, count.covered),
            (2, 1),
            "{}",
            person.name()
        );
        told.push(count);
    }
    until("both counts being there", || async {
        let known = records.coverage().await.expect("readable").clients;
        match known == told {
            true => Ok(()),
            false => Err(format!("{known:?}")),
        }
    })
    .await;
    let known = records.coverage().await.expect("readable");
    let names: Vec<&str> = known
        .conversations
        .iter()
        .map(|chat| chat.name.as_str())
        .collect();
    assert_eq!(names, ["Trading desk"]);
    let all = serde_json::to_string(&known).expect("JSON");
    assert!(!all.contains("Before") && !all.contains("Alone"), "{all}");

    // Anybody can check a count, by the certificate beside it.
    let bytes = |text: &str| {
        data_encoding::BASE64
            .decode(text.as_bytes())
            .expect("Base64")
    };
    let certificate = DeviceCertificate::from_bytes(&bytes(&told[1].certificate));
    let count = CoverageCount::verify(&bytes(&told[1].signed), &certificate.expect("Bob's"));
    assert_eq!(count.expect("Bob's own word").covered, 1);
    let own = records.report_coverage().await;
    assert_eq!(own.expect_err("to whom?").code, "not_reporting");
    assert_eq!(bob.coverage().await.expect("readable").clients, told[1..]);
}
