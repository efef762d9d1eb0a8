use proptest::prelude::*;

use super::*;
use crate::checkpoint::Checkpoint;
use crate::merkle::{Hash, prove_consistency};
use crate::note::{Note, Signed};
use crate::testing::{TestLog, witness};

const ORIGIN: &str = "relay.acme.example/audit";

fn known(log: &TestLog, newest: Option<Note>) -> WitnessedLog {
    WitnessedLog::new(vec![log.key.verifier().clone()], newest).unwrap()
}

/// What the log asks of a witness that it believes at `old`.
fn ask(log: &TestLog, old: u64) -> Request {
    let size = log.edge.size();
    let proof = if old <= size {
        prove_consistency(log, old, size).unwrap()
    } else {
        Vec::new()
    };
    Request::new(old, proof, log.head()).unwrap()
}

/// Takes the request, as the program around does.
fn accept(witnessed: &mut WitnessedLog, request: &Request) {
    let accepted = witnessed.judge(request).unwrap();
    witnessed.advance(&accepted);
}

fn grown(seed: u8, size: u64, story: &str) -> TestLog {
    let mut log = TestLog::new(seed, ORIGIN);
    log.grow(size, story);
    log
}

#[test]
fn an_honest_log_is_cosigned_as_it_grows() {
    let mut log = grown(1, 0, "truth");
    let mut witnessed = known(&log, None);
    let key = witness(2);
    let mut old = 0;
    for (now, size) in [(100, 0), (101, 1), (102, 7), (103, 7), (104, 300)] {
        log.grow(size, "truth");
        let request = ask(&log, old);
        let accepted = witnessed.judge(&request).unwrap();
        let mut note = accepted.head().clone();
        note.add(accepted.cosign(&key, now).unwrap()).unwrap();
        assert_eq!(note.signed_by(key.verifier()), Ok(Some(Signed::At(now))));
        witnessed.advance(&accepted);
        old = size;
        assert_eq!(witnessed.size(), size);
    }
}

#[test]
fn a_rolled_back_log_learns_the_true_size() {
    let log = grown(1, 300, "truth");
    let mut witnessed = known(&log, None);
    accept(&mut witnessed, &ask(&log, 0));
    let restored = grown(1, 200, "truth");
    for old in [0, 150, 200] {
        let refusal = witnessed.judge(&ask(&restored, old)).unwrap_err();
        assert_eq!(refusal, Refusal::OtherSize(300, None));
        assert_eq!((refusal.status(), refusal.size()), (409, Some(300)));
    }
    // Told the true size it can only ask for less than that.
    let refusal = witnessed.judge(&ask(&restored, 300)).unwrap_err();
    assert_eq!(
        (refusal.clone(), refusal.status()),
        (Refusal::BadOldSize, 400)
    );
}

#[test]
fn a_forked_log_is_refused_and_kept_as_evidence() {
    let log = grown(1, 300, "truth");
    let mut witnessed = known(&log, None);
    accept(&mut witnessed, &ask(&log, 0));
    let same_size = grown(1, 300, "lie");
    let larger = grown(1, 400, "lie");

    let refusal = witnessed.judge(&ask(&same_size, 300)).unwrap_err();
    assert_eq!((refusal.status(), refusal.size()), (409, None));
    let evidence = refusal.evidence().unwrap();
    assert!(evidence.fork);
    assert_eq!(evidence.known.as_ref(), Some(&log.head()));
    assert_eq!(evidence.request.head(), &same_size.head());

    let refusal = witnessed.judge(&ask(&larger, 300)).unwrap_err();
    assert_eq!((refusal.status(), refusal.size()), (422, None));
    assert!(!refusal.evidence().unwrap().fork);

    // The log asks as if it did not know, and gives itself away.
    let refusal = witnessed.judge(&ask(&same_size, 0)).unwrap_err();
    assert_eq!((refusal.status(), refusal.size()), (409, Some(300)));
    assert!(refusal.evidence().unwrap().fork);
    assert_eq!(witnessed.newest(), Some(&log.head()));
}

#[test]
fn evidence_is_a_file_that_people_can_read() {
    let log = grown(1, 3, "truth");
    let mut witnessed = known(&log, None);
    accept(&mut witnessed, &ask(&log, 0));
    let refusal = witnessed.judge(&ask(&grown(1, 3, "lie"), 3)).unwrap_err();
    insta::assert_snapshot!(refusal.evidence().unwrap().to_string());
}

#[test]
fn a_proof_where_none_belongs_is_refused() {
    let log = grown(1, 8, "truth");
    let mut witnessed = known(&log, None);
    let proof = prove_consistency(&log, 4, 8).unwrap();
    let with = |old| Request::new(old, proof.clone(), log.head()).unwrap();
    assert_eq!(witnessed.judge(&with(0)).unwrap_err().status(), 422);
    accept(&mut witnessed, &ask(&log, 0));
    assert_eq!(witnessed.judge(&with(8)).unwrap_err().status(), 422);
}

#[test]
fn an_empty_tree_has_one_root() {
    let log = TestLog::new(1, ORIGIN);
    let head = Checkpoint::new(ORIGIN, 0, Hash([7; 32])).unwrap();
    let request = Request::new(0, vec![], head.sign(&log.key).unwrap()).unwrap();
    let refusal = known(&log, None).judge(&request).unwrap_err();
    assert_eq!(refusal.status(), 422);
}

#[test]
fn strangers_are_refused() {
    let log = grown(1, 3, "truth");
    let witnessed = known(&log, None);
    for stranger in [grown(66, 3, "truth"), {
        let mut other = TestLog::new(1, "mallory.example/log");
        other.grow(3, "truth");
        other
    }] {
        let refusal = witnessed.judge(&ask(&stranger, 0)).unwrap_err();
        assert_eq!(
            (refusal.clone(), refusal.status()),
            (Refusal::NotSigned, 403)
        );
    }
    // A signature of the log's key under another text.
    let mut text = grown(1, 4, "truth").head().to_string();
    text = text.replacen("\n4\n", "\n5\n", 1);
    let forged = Request::new(0, vec![], Note::parse(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(witnessed.judge(&forged).unwrap_err(), Refusal::NotSigned);
}

#[test]
fn either_key_of_a_log_will_do_while_it_changes() {
    let (before, after) = (grown(1, 3, "truth"), grown(5, 3, "truth"));
    let keys = [&before, &after].map(|log| log.key.verifier().clone());
    let mut witnessed = WitnessedLog::new(keys.to_vec(), None).unwrap();
    accept(&mut witnessed, &ask(&before, 0));
    accept(&mut witnessed, &ask(&after, 3));
}

#[test]
fn a_kept_head_must_be_of_its_log() {
    let log = grown(1, 3, "truth");
    let keys = || vec![log.key.verifier().clone()];
    assert!(WitnessedLog::new(keys(), Some(log.head())).is_ok());
    assert!(WitnessedLog::new(keys(), Some(grown(66, 3, "truth").head())).is_err());
    assert!(WitnessedLog::new(vec![], None).is_err());
    assert!(WitnessedLog::new(vec![witness(2).verifier().clone()], None).is_err());
    let other = TestLog::new(1, "other").key.verifier().clone();
    assert!(WitnessedLog::new([keys(), vec![other]].concat(), None).is_err());
}

/// The example of the text.
#[test]
fn the_example_request_is_read_and_written() {
    let body = "old 20852014\n\
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\
        \n\
        example.com/behind-the-sofa\n\
        20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
        \n\
        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";
    let request = Request::parse(body.as_bytes()).unwrap();
    assert_eq!(request.old(), 20_852_014);
    assert_eq!(request.proof().len(), 4);
    assert_eq!(request.to_string(), body);
    for wrong in [
        body.replace("old 20852014", "old 020852014"),
        body.replace("old ", "new "),
        body.replacen("ew=\n", "ew=\n\n", 1)
            .replacen("=\n", "\n", 1),
        body.replacen("=\n", "=\r\n", 1),
        body.replace("20852163", "20852163 "),
        body[..body.find("\n\n").unwrap() + 1].to_owned(),
        body.replacen(
            "\nj",
            &"\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=".repeat(64),
            1,
        ),
        String::new(),
    ] {
        assert!(Request::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

/// What a log may try: grow by so much, honestly or not, asking from so far back.
fn tries() -> impl Strategy<Value = Vec<(u64, bool, u64)>> {
    prop::collection::vec((0_u64..5, prop::bool::weighted(0.8), 0_u64..3), 1..25)
}

proptest! {
    /// Whatever a log tries, what a witness has cosigned is one story.
    #[test]
    fn all_that_is_cosigned_is_one_tree(tries in tries()) {
        let honest = grown(1, 150, "truth");
        let mut log = TestLog::new(1, ORIGIN);
        let mut fork = TestLog::new(1, ORIGIN);
        let mut witnessed = known(&log, None);
        let mut cosigned: Vec<Request> = Vec::new();
        for (more, truth, back) in tries {
            let (trying, story) = if truth { (&mut log, "truth") } else { (&mut fork, "lie") };
            let size = trying.edge.size() + more;
            trying.grow(size, story);
            let request = ask(trying, witnessed.size().saturating_sub(back));
            let before = witnessed.size();
            match witnessed.judge(&request) {
                Ok(accepted) => {
                    witnessed.advance(&accepted);
                    cosigned.push(request);
                }
                Err(refusal) => prop_assert!(refusal.size().is_none_or(|size| size == before)),
            }
            prop_assert!(witnessed.size() >= before);
        }
        // Each is a prefix of the next: all of one story, or empty.
        let roots: Vec<_> = cosigned.iter().map(|one| (one.checkpoint().size(), *one.checkpoint().root())).collect();
        let last_is_truth = roots.last().is_none_or(|(size, root)| {
            crate::merkle::root(&honest, *size) == Ok(*root)
        });
        let story = if last_is_truth { &log } else { &fork };
        for (size, root) in roots {
            prop_assert_eq!(crate::merkle::root(story, size), Ok(root));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Request::parse(&bytes);
        let _ = Request::parse(&[b"old 0\n\n", bytes.as_slice()].concat());
    }
}
