//! `sealwire-audit pack` and `verify pack`.

use std::fs;
use std::path::Path;
use std::process::Command;

use sealwire_audit::dsse::Envelope;
use sealwire_audit::statement::Statement;

use crate::alice::{
    Alice, ORGANISATION, RELAY, RELEASE, ROTATED, Statements, evidence_key, fortnight, legal_hold,
    provenance, retention_run, signed,
};
use crate::running::{bad, good};

/// Alice's relay with its pack.
pub(crate) fn packed(statements: &Statements) -> Alice {
    let alice = Alice::new(statements);
    let args = alice.pack_args();
    good(&args.iter().map(String::as_str).collect::<Vec<_>>());
    alice
}

/// What `verify pack` is given.
fn verify_args(alice: &Alice, signers: &[(&str, &str)]) -> Vec<String> {
    let mut args = vec!["verify".to_owned(), "pack".to_owned(), alice.text("pack")];
    args.extend(["--policy".to_owned(), alice.text("policy")]);
    for (role, key) in signers {
        args.extend(["--signer".to_owned(), alice.signer(role, key)]);
    }
    args
}

pub(crate) const KNOWN: &[(&str, &str)] = &[("relay", "relay"), ("organisation", "organisation")];

fn holds(alice: &Alice, signers: &[(&str, &str)]) -> String {
    let args = verify_args(alice, signers);
    good(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What it says of a pack that does not hold, with the folder left out.
pub(crate) fn refused(alice: &Alice, signers: &[(&str, &str)]) -> String {
    let args = verify_args(alice, signers);
    let (code, said) = bad(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, 8, "{said}");
    said.replace(&alice.text(""), "")
}

/// All files of the pack, as paths within it.
pub(crate) fn files(alice: &Alice) -> Vec<String> {
    fn walk(dir: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                let name = path.strip_prefix(root).unwrap();
                found.push(name.to_str().unwrap().to_owned());
            }
        }
    }
    let root = alice.path("pack");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    found.sort();
    found
}

#[test]
fn a_pack_that_holds() {
    let alice = packed(&fortnight());
    insta::assert_snapshot!(files(&alice).join("\n"));
    insta::assert_snapshot!(holds(&alice, KNOWN));
    let mut args = verify_args(&alice, &[]);
    args.push("--json".to_owned());
    insta::assert_snapshot!(good(&args.iter().map(String::as_str).collect::<Vec<_>>()));
}

/// The commands of README.txt, for the statement `index` with the key `id`.
fn by_hand(alice: &Alice, index: &str, id: &str) -> Vec<(bool, String)> {
    let page = fs::read_to_string(alice.path("pack/README.txt")).unwrap();
    let (_, commands) = page.split_once("Six commands").unwrap();
    let commands = commands
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let run = |line: &str| {
        let line = line
            .replace("/N.", &format!("/{index}."))
            .replace("ID.pem", &format!("{id}.pem"));
        let mut shell = Command::new("sh");
        shell
            .args(["-e", "-c", &line])
            .current_dir(alice.path("pack"));
        let output = shell.output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
    };
    commands.map(run).collect()
}

#[test]
fn the_commands_of_the_page_need_nothing_of_ours() {
    for (index, seed) in [("2", RELAY), ("130", ORGANISATION), ("299", RELAY)] {
        let alice = packed(&fortnight());
        let id = sealwire_audit::dsse::key_id(&evidence_key(seed).public());
        let done = by_hand(&alice, index, &id);
        assert_eq!(done.len(), 6);
        assert!(done.iter().all(|(well, _)| *well), "{done:?}");
        assert_eq!(done[0].1, id);
        for (file, old, new) in [
            ("json", "\"payload\":\"ey", "\"payload\":\"ez"),
            (
                "tlog-proof",
                "relay.acme.example/audit\n300",
                "relay.acme.example/audit\n301",
            ),
        ] {
            let path = alice.path(&format!("pack/statements/{index}.{file}"));
            let before = fs::read_to_string(&path).unwrap();
            let after = before.replacen(old, new, 1);
            assert_ne!(before, after, "{file}");
            fs::write(&path, after).unwrap();
            let done = by_hand(&alice, index, &id);
            assert!(
                !done.iter().all(|(well, _)| *well),
                "{index}.{file}: {done:?}"
            );
            fs::write(&path, before).unwrap();
        }
    }
}

#[test]
fn one_changed_byte_in_any_file_is_noticed() {
    let alice = packed(&fortnight());
    for name in files(&alice) {
        let path = alice.path("pack").join(&name);
        let before = fs::read(&path).unwrap();
        let last = before.len() - 1;
        for place in [0, last / 3, last / 2, last - last / 5, last] {
            let mut after = before.clone();
            after[place] ^= 1;
            fs::write(&path, after).unwrap();
            let said = refused(&alice, KNOWN);
            assert!(said.contains(&name), "{name}, byte {place}: {said}");
        }
        fs::write(&path, before).unwrap();
    }
    holds(&alice, KNOWN);
}

#[test]
fn a_file_that_is_missing_or_cut_off_is_named() {
    let alice = packed(&fortnight());
    for name in files(&alice) {
        let path = alice.path("pack").join(&name);
        let before = fs::read(&path).unwrap();
        fs::write(&path, &before[..before.len() - 1]).unwrap();
        let said = refused(&alice, KNOWN);
        assert!(said.contains(&name), "{name} cut off: {said}");
        fs::remove_file(&path).unwrap();
        // Nobody has to disclose anything.
        if name.starts_with("disclosed/") {
            holds(&alice, KNOWN);
        } else {
            let said = refused(&alice, KNOWN);
            assert!(said.contains(&name), "{name} missing: {said}");
            assert!(said.contains("is missing"), "{name} missing: {said}");
        }
        fs::write(&path, before).unwrap();
    }
}

#[test]
fn files_that_changed_places_are_noticed() {
    let alice = packed(&fortnight());
    for (one, other) in [
        ("logs/audit/tile/0/000", "logs/directory/tile/0/000"),
        ("logs/audit/tile/1/000.p/1", "logs/directory/tile/1/000.p/1"),
        (
            "logs/audit/tile/entries/000",
            "logs/directory/tile/entries/000",
        ),
        ("logs/audit/checkpoint", "logs/directory/checkpoint"),
        ("statements/2.json", "statements/7.json"),
        ("statements/2.tlog-proof", "statements/7.tlog-proof"),
        ("disclosed/audit/4.json", "disclosed/directory/5.json"),
    ] {
        let paths = [one, other].map(|name| alice.path("pack").join(name));
        let contents = paths.clone().map(|path| fs::read(path).unwrap());
        fs::write(&paths[0], &contents[1]).unwrap();
        fs::write(&paths[1], &contents[0]).unwrap();
        let said = refused(&alice, KNOWN);
        assert!(said.contains(one), "{one}: {said}");
        fs::write(&paths[0], &contents[0]).unwrap();
        fs::write(&paths[1], &contents[1]).unwrap();
    }
}

#[test]
fn whose_statements_count() {
    let mut statements = fortnight();
    statements.push((9, signed(retention_run(9, "blob"), ROTATED)));
    let alice = packed(&statements);
    assert!(holds(&alice, &[]).contains("not checked without --signer"));
    let said = refused(&alice, KNOWN);
    assert!(
        said.starts_with("error: pack/statements/9.json: is not signed by"),
        "{said}"
    );
    let both = [KNOWN, &[("relay", "rotated")]].concat();
    holds(&alice, &both);
    // A decision of the organisation is not for the relay to sign.
    let forged: Statements = vec![(5, signed(legal_hold(), RELAY))];
    let alice = packed(&forged);
    let said = refused(&alice, KNOWN);
    assert!(
        said.contains("for the organisation, whose word it is"),
        "{said}"
    );
    holds(&alice, &[("relay", "relay")]);
    let said = refused(&alice, &[("relay", "rotated")]);
    assert!(said.contains("statements/5.json"), "{said}");
}

#[test]
fn a_pack_is_never_changed() {
    let alice = packed(&fortnight());
    let args = alice.pack_args();
    let (code, said) = bad(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, 2);
    assert!(said.contains("exists already"), "{said}");
}

#[test]
fn another_policy_is_named() {
    let alice = packed(&fortnight());
    let policy = fs::read_to_string(alice.path("policy")).unwrap();
    fs::write(
        alice.path("policy"),
        policy.replace("quorum W", "quorum none"),
    )
    .unwrap();
    let said = refused(&alice, KNOWN);
    assert!(said.contains("pack/policy: is another policy"), "{said}");
    // Comments are nobody's business.
    fs::write(alice.path("policy"), policy.replace("# Bob's", "# Eve's")).unwrap();
    holds(&alice, KNOWN);
}

#[test]
fn an_update_that_the_relay_offers_is_the_word_of_its_makers() {
    let mut statements = fortnight();
    statements.insert(3, (140, signed(provenance(), RELEASE)));
    let alice = packed(&statements);
    // The makers are not those who are audited, so their key need not be known.
    let said = holds(&alice, KNOWN);
    assert!(said.contains("statements: 1 release\n"), "{said}");
    let with = |key: &'static str| [KNOWN, &[("release", key)]].concat();
    let said = holds(&alice, &with("release"));
    assert!(
        said.contains("1 release, 1 signed by the release"),
        "{said}"
    );
    let said = refused(&alice, &with("rotated"));
    assert!(said.contains("140.json"), "{said}");
    assert!(said.contains("for the release"), "{said}");
}

#[test]
fn what_is_no_release_of_ours_is_of_no_known_type() {
    let statements = vec![(140, signed(other_build(), RELEASE))];
    let alice = Alice::new(&statements);
    let args = alice.pack_args();
    let (code, said) = bad(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, 8, "{said}");
    assert!(said.contains("140.json"), "{said}");
    assert!(said.contains("another kind of build"), "{said}");
}

/// A provenance in SLSA's own form, of somebody else's build.
fn other_build() -> Envelope {
    let said = String::from_utf8(provenance().payload().to_vec()).unwrap();
    let other = said.replace("sealwire.example/release/v1", "mallory.example/release/v1");
    assert_ne!(said, other);
    let statement = Statement::parse(other.as_bytes()).unwrap();
    statement.to_envelope().unwrap()
}
