//! `sealwire-audit report`.

use std::fs;

use crate::alice::{Alice, RELAY, Statements, census, fortnight, retention_run, signed};
use crate::pack::packed;
use crate::running::{bad, good};

fn report_args(alice: &Alice, more: &[&str]) -> Vec<String> {
    let [pack, policy, out] = ["pack", "policy", "report.html"].map(|name| alice.text(name));
    let args = ["report", &pack, "--policy", &policy, "--out", &out];
    let args = [&args, more].concat();
    args.into_iter().map(str::to_owned).collect()
}

fn report(alice: &Alice, more: &[&str]) -> String {
    let args = report_args(alice, more);
    good(&args.iter().map(String::as_str).collect::<Vec<_>>());
    fs::read_to_string(alice.path("report.html")).unwrap()
}

/// An hour and 20 minutes after the witness saw the heads.
const SOON: &[&str] = &["--at", "2023-11-14T23:33:20Z"];

#[test]
fn a_page_of_a_pack_that_holds() {
    let alice = packed(&fortnight());
    let relay = alice.signer("relay", "relay");
    let organisation = alice.signer("organisation", "organisation");
    let more = [SOON, &["--signer", &relay, "--signer", &organisation]].concat();
    let page = report(&alice, &more);
    let (_, body) = page.split_once("</style>").unwrap();
    insta::assert_snapshot!(body);
    assert!(!body.contains("class=\"bad\""));
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    let page = report(&packed(&fortnight()), SOON);
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    assert!(page.contains(policy));
    for wrong in [
        "<script", "src=", "href=", "url(", "@import", "http:", " on",
    ] {
        let (_, body) = page.split_once("img-src data:").unwrap();
        let found = body.find(wrong).map(|at| &body[at..at + 20]);
        // English words are no attributes.
        assert!(
            found.is_none_or(|found| wrong == " on" && !found.contains("=\"")),
            "{found:?}"
        );
    }
    assert!(page.contains("prefers-color-scheme: dark"));
}

#[test]
fn text_of_a_pack_is_never_markup() {
    let evil = "<script>alert(\"1\")</script><img src=x>\u{202e}";
    let statements: Statements = vec![
        (1, signed(retention_run(1, evil), RELAY)),
        (2, signed(census(evil), RELAY)),
    ];
    let page = report(&packed(&statements), SOON);
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains('\u{202e}'));
    let shown = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&lt;img src=x&gt;\\u{202e}";
    assert!(page.matches(shown).count() >= 2, "{page}");
}

#[test]
fn what_is_missing_stands_out() {
    let page = report(&packed(&vec![]), &["--at", "2023-12-06T22:40:00Z"]);
    for said in [
        "was not seen by a quorum of witnesses within the last 24 hours",
        "Whose signatures they are was not checked",
        "No run of retention is attested",
        "No storage census is attested",
        "There are none",
    ] {
        assert!(page.contains(said), "{said}");
    }
}

#[test]
fn no_page_of_a_pack_that_does_not_hold() {
    let alice = packed(&fortnight());
    let path = alice.path("pack/statements/7.json");
    let json = fs::read_to_string(&path).unwrap();
    fs::write(&path, json.replacen("\"sig\":\"", "\"sig\":\"A", 1)).unwrap();
    let args = report_args(&alice, &[]);
    let (code, said) = bad(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, 8);
    assert!(said.contains("statements/7.json"), "{said}");
    assert!(!alice.path("report.html").exists());
    let args = report_args(&alice, &["--at", "yesterday"]);
    let (code, _) = bad(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, 2);
}
