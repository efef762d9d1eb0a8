use proptest::prelude::*;

use super::*;
use crate::note::{KeyKind, Note};
use crate::testing::{TestLog, key, witness};

const ORIGIN: &str = "relay.acme.example/audit";

/// The policy of the text's example, with keys, URLs and comments.
fn example() -> String {
    let log = TestLog::new(1, ORIGIN).key.verifier().to_string();
    let mut lines = vec![
        "# what Alice trusts".to_owned(),
        String::new(),
        format!(" log \t {log} https://relay.acme.example/audit "),
    ];
    for (name, seed) in [
        ("X1", 11),
        ("X2", 12),
        ("X3", 13),
        ("Y1", 21),
        ("Y2", 22),
        ("Y3", 23),
    ] {
        lines.push(format!("witness {name} {}", witness(seed).verifier()));
    }
    lines.push("group X-witnesses 2 X1 X2 X3".to_owned());
    lines.push("group Y-witnesses any Y1 Y2 Y3".to_owned());
    lines.push("group X-and-Y all X-witnesses Y-witnesses".to_owned());
    lines.push("\t# and now".to_owned());
    lines.push("quorum X-and-Y\n".to_owned());
    lines.join("\n")
}

fn policy() -> Policy {
    Policy::parse(example().as_bytes()).unwrap()
}

/// A checkpoint of five entries with cosignatures of these at these times.
fn cosigned(by: &[(u8, u64)]) -> Note {
    let mut log = TestLog::new(1, ORIGIN);
    log.grow(5, "truth");
    let mut note = log.head();
    for (seed, time) in by {
        let line = log.checkpoint().cosign(&witness(*seed), *time).unwrap();
        note.add(line).unwrap();
    }
    note
}

#[test]
fn the_example_is_read_and_written() {
    let policy = policy();
    assert_eq!(policy.logs().len(), 1);
    assert_eq!(
        policy.logs()[0].url.as_deref(),
        Some(b"https://relay.acme.example/audit".as_slice())
    );
    assert_eq!(policy.witnesses().len(), 6);
    assert!(policy.needs_witnesses());
    assert_eq!(Policy::parse(&policy.to_bytes()), Ok(policy));
}

#[test]
fn a_quorum_is_two_of_x_and_one_of_y() {
    let policy = policy();
    let trusted = policy
        .check(&cosigned(&[(11, 500), (13, 300), (22, 400)]))
        .unwrap();
    assert_eq!(trusted.checkpoint.size(), 5);
    assert_eq!(
        trusted.seen.into_iter().collect::<Vec<_>>(),
        [(0, 500), (2, 300), (4, 400)]
    );
    assert_eq!(trusted.witnessed_at, Some(300));
    // A third of X that saw it later makes the quorum newer.
    let trusted = policy.check(&cosigned(&[(11, 500), (12, 450), (13, 300), (22, 400)]));
    assert_eq!(trusted.unwrap().witnessed_at, Some(400));
    for (few, found) in [
        (&[][..], 0),
        (&[(11, 1), (12, 1), (13, 1)], 3),
        (&[(11, 1), (21, 1), (22, 1), (23, 1)], 4),
    ] {
        let quorum = "X-and-Y".to_owned();
        let refused = Err(Distrust::NoQuorum { found, quorum });
        assert_eq!(policy.check(&cosigned(few)), refused);
    }
}

#[test]
fn strangers_count_for_nothing() {
    let policy = policy();
    let note = cosigned(&[(11, 1), (99, 1), (98, 1), (21, 1)]);
    assert!(matches!(
        policy.check(&note),
        Err(Distrust::NoQuorum { found: 2, .. })
    ));
    let mallory = TestLog::new(66, ORIGIN).head();
    let refused = Err(Distrust::UnknownLog(ORIGIN.to_owned()));
    assert_eq!(policy.check(&mallory), refused);
    // Mallory has a log of her own in the policy and names the audit log in it.
    let mut two = example();
    let other = key(66, "mallory.example/log", KeyKind::Note);
    two.insert_str(0, &format!("log {}\n", other.verifier()));
    let two = Policy::parse(two.as_bytes()).unwrap();
    let text = TestLog::new(1, ORIGIN).checkpoint().to_string();
    let note = Note::new(text.clone(), vec![other.sign(&text)]).unwrap();
    assert_eq!(two.check(&note), refused);
}

#[test]
fn a_false_cosignature_spoils_the_note() {
    let other = cosigned(&[(12, 1)]);
    let mut log = TestLog::new(1, ORIGIN);
    log.grow(4, "truth");
    let mut note = log.head();
    note.add(other.signatures()[1].clone()).unwrap();
    let refused = policy().check(&note);
    assert!(
        matches!(refused, Err(Distrust::FalseSignature(_))),
        "{refused:?}"
    );
}

#[test]
fn quorums_of_one_and_of_nobody() {
    let log = TestLog::new(1, ORIGIN).key.verifier().to_string();
    let none = Policy::parse(format!("log {log}\nquorum none\n").as_bytes()).unwrap();
    assert_eq!(none.check(&cosigned(&[])).unwrap().witnessed_at, None);
    assert!(!none.needs_witnesses());
    let one = format!("log {log}\nwitness W {}\nquorum W\n", witness(2).verifier());
    let one = Policy::parse(one.as_bytes()).unwrap();
    assert_eq!(
        one.check(&cosigned(&[(2, 9)])).unwrap().witnessed_at,
        Some(9)
    );
    assert!(one.check(&cosigned(&[])).is_err());
    let nobody = Policy::parse(b"quorum none\n").unwrap();
    assert!(nobody.check(&cosigned(&[])).is_err());
}

#[test]
fn what_is_no_policy() {
    let log = TestLog::new(1, ORIGIN).key.verifier().to_string();
    let (v, w) = (
        witness(2).verifier().to_string(),
        witness(3).verifier().to_string(),
    );
    let many: String = (100..165)
        .map(|seed| format!("witness W{seed} {}\n", witness(seed).verifier()))
        .collect();
    for (text, why) in [
        (String::new(), "has no quorum line"),
        (
            "quorum none".into(),
            "the last line does not end with a newline",
        ),
        ("quorum none\nquorum none\n".into(), "has two quorum lines"),
        (
            "quorum W\n".into(),
            "uses a name that no line above defines",
        ),
        (
            "quorum\n".into(),
            "holds a line that is no log, witness, group or quorum",
        ),
        ("quorum none \r\n".into(), "holds a control character"),
        (
            "Quorum none\n".into(),
            "holds a line that is no log, witness, group or quorum",
        ),
        (
            format!("log {log}\nlog {log} url\n"),
            "names a log's key twice",
        ),
        (format!("log {v}\n"), "the key of a log is not of type 1"),
        (
            format!("witness W {log}\n"),
            "the key of a witness is not of type 4",
        ),
        (format!("witness none {v}\n"), "calls somebody none"),
        (
            format!("witness W {v}\nwitness V {v}\n"),
            "names a witness's key twice",
        ),
        (
            format!("witness W {v}\nwitness W {w}\n"),
            "gives a name twice",
        ),
        (
            format!("witness W {v}\ngroup W 1 W\n"),
            "gives a name twice",
        ),
        (
            format!("witness W {v}\ngroup G 1 W W\n"),
            "lists a name in two groups, or twice",
        ),
        (
            format!("witness W {v}\ngroup G 1 W\ngroup H 1 W\n"),
            "lists a name in two groups, or twice",
        ),
        (
            format!("group G 1 W\nwitness W {v}\n"),
            "uses a name that no line above defines",
        ),
        (
            format!("witness W {v}\ngroup G 1 G\n"),
            "uses a name that no line above defines",
        ),
        (
            format!("witness W {v}\ngroup G 1 none\n"),
            "uses a name that no line above defines",
        ),
        (
            format!("witness W {v}\ngroup G 0 W\n"),
            "the threshold of a group does not fit its members",
        ),
        (
            format!("witness W {v}\ngroup G 2 W\n"),
            "the threshold of a group does not fit its members",
        ),
        (
            format!("witness W {v}\ngroup G all\n"),
            "the threshold of a group does not fit its members",
        ),
        (
            format!("witness W {v}\ngroup G most W\n"),
            "the threshold of a group is no number",
        ),
        (many, "names more than 64 logs, witnesses or groups"),
        ("#".repeat(MAX_POLICY + 1), "is longer than 128 KiB"),
    ] {
        assert_eq!(
            Policy::parse(text.as_bytes()).unwrap_err().why,
            why,
            "{text:.200}"
        );
    }
    assert!(Policy::parse(b"# \xff is opaque\nquorum none\n").is_ok());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Policy::parse(&bytes);
    }

    #[test]
    fn what_is_read_means_the_same_when_written(
        groups in prop::collection::vec((prop::collection::vec(0_usize..8, 0..4), "(any|all|[0-4])"), 0..4),
        quorum in 0_usize..8
    ) {
        let names = ["W1", "W2", "W3", "W4", "G0", "G1", "G2", "none"];
        let mut text: String = (1..5).map(|seed| format!("witness W{seed} {}\n", witness(seed).verifier())).collect();
        for (place, (members, threshold)) in groups.iter().enumerate() {
            let members: Vec<_> = members.iter().map(|member| names[*member]).collect();
            text += &format!("group G{place} {threshold} {}\n", members.join(" "));
        }
        text += &format!("quorum {}\n", names[quorum]);
        if let Ok(policy) = Policy::parse(text.as_bytes()) {
            prop_assert_eq!(Policy::parse(&policy.to_bytes()), Ok(policy));
        }
    }
}
