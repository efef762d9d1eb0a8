//! `sealwire-audit watch`.

use std::fs;
use std::path::PathBuf;

use crate::alice::{
    Alice, RELAY, Statements, audit_entries, fortnight, head, retention_run, signed, write_tiles,
};
use crate::pack_from_relay::serve;
use crate::running::{bad, good};

/// So long ago that a head of 2023 is fresh.
const AGES: &str = "876000h";

struct Watched {
    alice: Alice,
    relay: String,
}

impl Watched {
    fn new() -> Self {
        let alice = Alice::new(&fortnight());
        let relay = format!("http://{}", serve(alice.path("relay")));
        Self { alice, relay }
    }

    /// Serves another log from now on.
    fn serve(&self, statements: &Statements, size: usize) {
        let dir = self.alice.path("relay/logs/audit");
        fs::remove_dir_all(&dir).unwrap();
        let edge = write_tiles(&dir, &audit_entries(statements, size), |_| true);
        fs::write(dir.join("checkpoint"), head("audit", &edge)).unwrap();
    }

    fn args(&self, fresh: &str) -> Vec<String> {
        let [policy, state] = ["policy", "heads"].map(|name| self.alice.text(name));
        [
            "watch",
            "--once",
            "--relay",
            &self.relay,
            "--policy",
            &policy,
            "--state",
            &state,
            "--fresh",
            fresh,
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn holds(&self) -> String {
        good(
            &self
                .args(AGES)
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        )
    }

    fn alarm(&self, fresh: &str) -> String {
        let args = self.args(fresh);
        let (code, said) = bad(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(code, 8, "{said}");
        said
    }

    fn evidence(&self) -> Vec<PathBuf> {
        let all = fs::read_dir(self.alice.dir.path()).unwrap();
        let all = all.map(|entry| entry.unwrap().path());
        all.filter(|path| path.to_str().unwrap().contains("heads.evidence-"))
            .collect()
    }
}

/// Another story from the third entry on.
fn lie() -> Statements {
    let mut statements = fortnight();
    statements[0].1 = signed(retention_run(2, "entry"), RELAY);
    statements
}

#[test]
fn a_log_that_goes_on() {
    let watched = Watched::new();
    let said = watched.holds();
    let expected = "relay.acme.example/audit: 300 entries, witnessed 2023-11-14T22:13:20Z\n\
        relay.acme.example/directory: 260 entries, witnessed 2023-11-14T22:13:20Z\n";
    assert_eq!(said, expected);
    assert_eq!(watched.holds(), "");
    for size in [301, 511, 512, 700] {
        watched.serve(&fortnight(), size);
        assert!(watched.holds().contains(&format!("audit: {size} entries")));
    }
    assert!(watched.evidence().is_empty());
}

#[test]
fn heads_that_should_not_exist() {
    for (statements, size, why) in [
        (lie(), 300, "the log has forked: two heads of 300 entries"),
        (
            lie(),
            400,
            "does not begin with the one known, of 300 entries",
        ),
        (
            fortnight(),
            299,
            "the log has shrunk from 300 to 299 entries",
        ),
        (lie(), 20, "the log has shrunk from 300 to 20 entries"),
    ] {
        let watched = Watched::new();
        watched.holds();
        let before = fs::read(watched.alice.path("heads")).unwrap();
        let known = fs::read_to_string(watched.alice.path("relay/logs/audit/checkpoint")).unwrap();
        watched.serve(&statements, size);
        let served = fs::read_to_string(watched.alice.path("relay/logs/audit/checkpoint")).unwrap();
        let said = watched.alarm(AGES);
        assert!(said.contains(why), "{said}");
        let [evidence] = &watched.evidence()[..] else {
            panic!("{:?}", watched.evidence());
        };
        let kept = fs::read_to_string(evidence).unwrap();
        assert!(kept.contains(&known) && kept.contains(&served), "{kept}");
        assert_eq!(fs::read(watched.alice.path("heads")).unwrap(), before);
        // It does not get used to it.
        watched.alarm(AGES);
    }
}

#[test]
fn heads_that_too_few_have_seen() {
    let watched = Watched::new();
    let said = watched.alarm("24h");
    assert!(
        said.contains("has seen this head since 2023-11-14T22:13:20Z"),
        "{said}"
    );
    watched.holds();
    let path = watched.alice.path("relay/logs/audit/checkpoint");
    let note = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = note.lines().collect();
    fs::write(&path, lines[..lines.len() - 1].join("\n") + "\n").unwrap();
    let said = watched.alarm(AGES);
    assert!(said.contains("are no quorum of the policy"), "{said}");
}

#[test]
fn a_state_that_was_lost_in_part() {
    let watched = Watched::new();
    watched.holds();
    let path = watched.alice.path("heads");
    let state = fs::read(&path).unwrap();
    fs::write(&path, &state[..state.len() / 2]).unwrap();
    assert!(watched.alarm(AGES).contains("heads: is damaged"));
    let args = watched.args("0s");
    let (code, _) = bad(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, 2);
}
