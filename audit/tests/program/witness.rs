//! A witness as another program meets it.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;

use crate::openssl::verifies;
use crate::outsider::{OtherLog, key_id};
use crate::running::{Answer, Running, bad, does_not_serve, good, receive, send};

const NAME: &str = "witness.example/w1";

/// A folder with a witness that cosigns one log of somebody else.
struct Scene {
    dir: tempfile::TempDir,
    witness: String,
    vkey: String,
    log: OtherLog,
}

fn scene() -> Scene {
    let dir = tempfile::tempdir().unwrap();
    let witness = dir.path().join("witness").to_str().unwrap().to_owned();
    let vkey = good(&["witness", "init", "--dir", &witness, "--name", NAME]);
    let log = OtherLog::new(dir.path(), "relay.acme.example/audit");
    good(&["witness", "add", "--dir", &witness, &log.vkey()]);
    Scene {
        vkey: vkey.trim_end().to_owned(),
        witness,
        log,
        dir,
    }
}

impl Scene {
    fn start(&self) -> Running {
        Running::start(Path::new(&self.witness))
    }

    fn public(&self) -> [u8; 32] {
        let key = self.vkey.splitn(3, '+').nth(2).unwrap();
        let key = BASE64.decode(key.as_bytes()).unwrap();
        assert_eq!(key[0], 4);
        key[1..].try_into().unwrap()
    }

    /// Checks the line with `openssl` and gives its time.
    fn cosigned(&self, answer: &Answer) -> u64 {
        assert_eq!(answer.status, 200, "{answer:?}");
        let rest = answer.body.strip_prefix("— witness.example/w1 ").unwrap();
        let line = BASE64
            .decode(rest.strip_suffix('\n').unwrap().as_bytes())
            .unwrap();
        assert_eq!(line[..4], key_id(NAME, 4, &self.public()));
        let time = u64::from_be_bytes(line[4..12].try_into().unwrap());
        let message = format!("cosignature/v1\ntime {time}\n{}", self.log.text());
        let public = self.public();
        assert!(verifies(
            self.dir.path(),
            &public,
            message.as_bytes(),
            &line[12..]
        ));
        time
    }

    fn evidence(&self) -> Vec<String> {
        let logs = fs::read_dir(Path::new(&self.witness).join("logs")).unwrap();
        let log = logs.map(|log| log.unwrap().path()).next().unwrap();
        let files = fs::read_dir(log.join("evidence")).unwrap();
        files
            .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
            .collect()
    }
}

/// A refusal that tells the true size.
fn true_size(size: u64) -> Answer {
    Answer {
        status: 409,
        kind: "text/x.tlog.size".to_owned(),
        body: format!("{size}\n"),
    }
}

#[test]
fn a_growing_log_of_another_program_is_cosigned() {
    let mut scene = scene();
    let witness = scene.start();
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs()
    };
    let mut old = 0;
    for size in [0, 1, 5, 5, 64, 100] {
        scene.log.grow(size, "truth");
        let before = now();
        let time = scene.cosigned(&witness.post(&scene.log.ask(old)));
        assert!((before..=now()).contains(&time));
        old = size;
    }
    assert_eq!(witness.post(&scene.log.ask(0)), true_size(100));
    // One connection carries several requests.
    let mut stream = TcpStream::connect(witness.address).unwrap();
    for last in [false, false, true] {
        send(
            &mut stream,
            "POST /add-checkpoint",
            &scene.log.ask(100),
            last,
        );
        scene.cosigned(&receive(&mut stream).unwrap());
    }
}

#[test]
fn a_log_restored_from_yesterday_learns_its_true_size() {
    let mut scene = scene();
    let witness = scene.start();
    scene.log.grow(90, "truth");
    scene.cosigned(&witness.post(&scene.log.ask(0)));
    scene.log.forget(70);
    for old in [0, 60, 70] {
        assert_eq!(witness.post(&scene.log.ask(old)), true_size(90));
    }
    assert_eq!(witness.post(&scene.log.ask(90)).status, 400);
    assert_eq!(scene.evidence(), Vec::<String>::new());
}

#[test]
fn a_fork_is_refused_and_kept_across_a_restart() {
    let mut scene = scene();
    let witness = scene.start();
    scene.log.grow(90, "truth");
    scene.cosigned(&witness.post(&scene.log.ask(0)));
    let truth = scene.log.text();
    scene.log.forget(80);
    scene.log.grow(90, "lie");
    let refused = witness.post(&scene.log.ask(90));
    assert_eq!(
        (refused.status, refused.kind.as_str()),
        (409, "text/plain; charset=utf-8")
    );
    let same_size = scene.log.text();
    scene.log.grow(120, "lie");
    for _ in 0..3 {
        assert_eq!(witness.post(&scene.log.ask(90)).status, 422);
    }
    witness.kill();
    let witness = scene.start();
    assert_eq!(witness.post(&scene.log.ask(0)), true_size(90));
    assert_eq!(witness.post(&scene.log.ask(90)).status, 422);

    // One file for each checkpoint that should not exist, beside the one that was cosigned.
    let evidence = scene.evidence();
    assert_eq!(evidence.len(), 2);
    assert!(evidence.iter().all(|file| file.contains(&truth)));
    let fork = evidence
        .iter()
        .find(|file| file.contains(&same_size))
        .unwrap();
    assert!(
        fork.starts_with("sealwire witness evidence v1: fork\n"),
        "{fork}"
    );
    assert!(evidence.iter().any(|file| file.contains(&scene.log.text())));
    drop(witness);
    let list = good(&["witness", "list", "--dir", &scene.witness]);
    assert!(
        list.contains("90 entries seen, 2 requests kept as evidence"),
        "{list}"
    );
}

#[test]
fn strangers_and_nonsense_are_refused() {
    let mut scene = scene();
    let witness = scene.start();
    scene.log.grow(3, "truth");
    let good = scene.log.ask(0);
    let mut stranger = OtherLog::new(scene.dir.path(), "mallory.example/log");
    stranger.grow(3, "truth");
    let forged = stranger.ask_with(0, &scene.log.text());
    let forged_name = forged.replace("— mallory.example/log", "— relay.acme.example/audit");
    for (body, status) in [
        (stranger.ask(0), 404),
        (forged, 403),
        (forged_name, 403),
        (good.replacen("\n3\n", "\n4\n", 1), 403),
        (scene.log.ask(4), 400),
        (good.replace("old 0", "old 00"), 400),
        (good.replace("old 0\n", ""), 400),
        (good.replace('\n', "\r\n"), 400),
        (format!("{good}x"), 400),
        (String::new(), 400),
        (good.repeat(1_000), 413),
    ] {
        let answer = witness.post(&body);
        assert_eq!(answer.status, status, "{body:.200}\n{answer:?}");
    }
    let mut stream = TcpStream::connect(witness.address).unwrap();
    send(&mut stream, "GET /add-checkpoint", "", true);
    assert_eq!(receive(&mut stream).unwrap().status, 405);
    scene.cosigned(&witness.post(&good));
}

#[test]
fn keys_are_private_and_kept_for_life() {
    let scene = scene();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let dir = Path::new(&scene.witness);
    assert_eq!((mode(dir), mode(&dir.join("key"))), (0o700, 0o600));
    let vkey = fs::read_to_string(dir.join("vkey")).unwrap();
    assert_eq!(vkey.trim_end(), scene.vkey);
    let (code, said) = bad(&["witness", "init", "--dir", &scene.witness, "--name", NAME]);
    assert_eq!(code, 2);
    assert!(said.contains("has a witness already"), "{said}");
    let (code, said) = bad(&["witness", "add", "--dir", &scene.witness, &scene.log.vkey()]);
    assert_eq!(code, 2);
    assert!(said.contains("is cosigned already"), "{said}");
    assert_eq!(fs::read_to_string(dir.join("vkey")).unwrap(), vkey);
}

#[test]
fn one_program_at_a_time_uses_the_folder() {
    let scene = scene();
    let witness = scene.start();
    let (code, said) = does_not_serve(&scene.witness);
    assert_eq!(code, 2);
    assert!(said.contains("is in use"), "{said}");
    drop(witness);
}

#[test]
fn a_witness_that_has_forgotten_does_not_start() {
    let mut scene = scene();
    let witness = scene.start();
    scene.log.grow(9, "truth");
    scene.cosigned(&witness.post(&scene.log.ask(0)));
    witness.kill();
    let logs = fs::read_dir(Path::new(&scene.witness).join("logs")).unwrap();
    let head = logs
        .map(|log| log.unwrap().path())
        .next()
        .unwrap()
        .join("head");
    let whole = fs::read(&head).unwrap();
    fs::write(&head, &whole[..whole.len() / 2]).unwrap();
    let (code, said) = does_not_serve(&scene.witness);
    assert_eq!(code, 8, "{said}");
    fs::remove_file(&head).unwrap();
    let (code, said) = does_not_serve(&scene.witness);
    assert_eq!(code, 8);
    assert!(
        said.contains("head: is missing") && said.contains("retire it"),
        "{said}"
    );
}
