use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Vec<String> {
    let query = Query::parse(text, false).unwrap();
    query.clauses.iter().map(ToString::to_string).collect()
}

fn refused(text: &str) -> (String, String) {
    let error = Query::parse(text, false).unwrap_err();
    assert_eq!(error.code, "bad_query");
    (error.message, error.hint)
}

fn bare(query: &Query) -> Vec<(bool, Term)> {
    let clauses = query.clauses.iter();
    clauses
        .map(|clause| (clause.negated, clause.term.clone()))
        .collect()
}

#[test]
fn all_that_can_be_said() {
    let text =
        r#"hello "good  morning" -bye wor* from:@alice in:"My Team" -has:link On:2026-3-5 is:own"#;
    assert_eq!(
        parsed(text),
        [
            "hello",
            "\"good  morning\"",
            "-bye",
            "wor*",
            "from:alice",
            "in:\"My Team\"",
            "-has:link",
            "on:2026-03-05",
            "is:own"
        ]
    );
}

#[test]
fn spans_count_characters() {
    let query = Query::parse("  你好 -“早上 好” from:bob", false).unwrap();
    let spans: Vec<_> = query
        .clauses
        .iter()
        .map(|clause| clause.span.clone())
        .collect();
    assert_eq!(spans, [2..4, 5..12, 13..21]);
}

#[test]
fn what_looks_like_a_filter_and_is_none_is_text() {
    for text in [
        "http://example.com",
        "10:30",
        "re:zero",
        "C++",
        "--",
        "-",
        ":",
        "a:b:c",
        "*",
    ] {
        let query = Query::parse(text, false).unwrap();
        assert!(matches!(query.clauses[0].term, Term::Word { .. }), "{text}");
    }
    assert!(!Query::parse("- x", false).unwrap().clauses[1].negated);
    assert!(!Query::parse("--x", false).unwrap().clauses[0].negated);
}

#[test]
fn mistakes_are_explained() {
    let (message, hint) = refused("before:tuesday");
    assert!(message.contains("tuesday") && hint.contains("before:2026-03-05"));
    let (message, hint) = refused("has:cheese");
    assert!(message.contains("cheese") && hint.contains("link, file, image"));
    assert!(refused("hello \"good morning").0.contains("character 7"));
    assert!(refused("in: Team").1.contains("without a space"));
    assert!(refused(&"a ".repeat(33)).0.contains("33 conditions"));
    assert!(refused(&"a".repeat(1_001)).0.contains("1001 characters"));
}

#[test]
fn the_last_word_goes_on_while_it_is_typed() {
    let last = |text| {
        let query = Query::parse(text, true).unwrap();
        query.clauses.last().unwrap().to_string()
    };
    assert_eq!(last("good mor"), "mor*");
    assert_eq!(last("good mor "), "mor");
    assert_eq!(last("good -mor"), "-mor");
    assert_eq!(last("\"good mor"), "\"good mor\"");
}

#[test]
fn the_json_form() {
    let query = Query::parse("a* -from:bob on:2026 has:file", false).unwrap();
    let json = serde_json::to_string(&query).unwrap();
    assert_eq!(
        json,
        r#"{"clauses":[{"span":{"start":0,"end":2},"negated":false,"kind":"word","text":"a","prefix":true},{"span":{"start":3,"end":12},"negated":true,"kind":"filter","filter":"from","value":"bob"},{"span":{"start":13,"end":20},"negated":false,"kind":"filter","filter":"on","value":"2026"},{"span":{"start":21,"end":29},"negated":false,"kind":"filter","filter":"has","value":"file"}]}"#
    );
}

/// Texts that look like queries.
fn query_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[a-z\"“*: -]{0,12}",
        Just("from:".to_owned()),
        Just("in:\"".to_owned()),
        Just("-has:link ".to_owned()),
        Just("on:2026-02".to_owned()),
        Just("你好".to_owned()),
        Just("\u{0}".to_owned()),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in query_like(), typing: bool) {
        let Ok(query) = Query::parse(&text, typing) else { return Ok(()) };
        let length = text.chars().count();
        let mut before = 0;
        for clause in &query.clauses {
            prop_assert!(before <= clause.span.start && clause.span.start < clause.span.end);
            prop_assert!(clause.span.end <= length);
            before = clause.span.end;
        }
    }

    #[test]
    fn a_query_reads_back_as_it_was(text in query_like()) {
        let Ok(query) = Query::parse(&text, false) else { return Ok(()) };
        let again = Query::parse(&query.to_string(), false).unwrap();
        prop_assert_eq!(bare(&again), bare(&query), "{}", query);
    }
}
