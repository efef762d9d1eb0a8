use std::collections::HashSet;

use super::*;

#[test]
fn the_table_of_codes_stays() {
    let table: Vec<String> = Code::ALL
        .iter()
        .map(|code| format!("{} {} {}", code.status(), code.as_str(), code.title()))
        .collect();
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn every_code_reads_back_and_no_two_are_alike() {
    let mut seen = HashSet::new();
    for code in Code::ALL {
        assert_eq!(Code::parse(code.as_str()), Some(*code));
        assert_eq!(Problem::new(*code, "detail").code(), Some(*code));
        assert!(seen.insert(code.as_str()) && (400..600).contains(&code.status()));
    }
    assert_eq!(Code::parse("unheard_of"), None);
}

#[test]
fn the_json_stays() {
    let mut problem = Problem::new(Code::RateLimited, "Wait and try again.");
    let bare = serde_json::to_string_pretty(&problem).unwrap();
    problem.retry_after_ms = Some(2_000);
    let waiting = serde_json::to_string_pretty(&problem).unwrap();
    insta::assert_snapshot!([bare, waiting].join("\n"));
}

#[test]
fn a_newer_code_is_kept_as_text() {
    let json =
        r#"{"type":"urn:sealwire:problem:new","title":"New","status":418,"detail":"?","more":1}"#;
    let problem: Problem = serde_json::from_str(json).expect("readable");
    assert_eq!(problem.code(), None);
    assert_eq!(problem.status, 418);
}

#[test]
fn the_documented_table_is_the_table_of_codes() {
    let page = include_str!("../../../docs/protocol.md");
    let (_, table) = page
        .split_once("| status | code | title |\n|---|---|---|\n")
        .unwrap();
    let expected: String = Code::ALL
        .iter()
        .map(|code| {
            format!(
                "| {} | `{}` | {} |\n",
                code.status(),
                code.as_str(),
                code.title()
            )
        })
        .collect();
    assert_eq!(table, expected);
}
