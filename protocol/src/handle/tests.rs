use proptest::prelude::*;

use super::*;

#[test]
fn a_handle_has_two_parts() {
    let handle = Handle::parse("alice.b_c-1@acme").expect("a handle");
    assert_eq!(handle.local(), "alice.b_c-1");
    assert_eq!(handle.organisation(), "acme");
    assert_eq!(handle.to_string(), "alice.b_c-1@acme");
    assert_eq!(format!("{handle:?}"), "Handle(alice.b_c-1@acme)");
    assert_eq!("alice.b_c-1@acme".parse(), Ok(handle));
}

#[test]
fn handles_sort_as_text() {
    let mut handles = ["bob@acme", "alice@zeta", "alice@acme"].map(|h| Handle::parse(h).unwrap());
    handles.sort();
    let sorted: Vec<_> = handles.iter().map(Handle::as_str).collect();
    assert_eq!(sorted, ["alice@acme", "alice@zeta", "bob@acme"]);
}

#[test]
fn refusals_say_what_to_write() {
    let long = "a".repeat(64);
    let refusals: Vec<String> = [
        "alice",
        "",
        "alice@acme@zeta",
        "@acme",
        "alice@",
        "Alice@acme",
        "alice@Acme",
        ".alice@acme",
        "alice@-acme",
        "ali ce@acme",
        "аlice@acme",
        "alice@acme\n",
        &format!("{long}@acme"),
        &format!("alice@{long}"),
    ]
    .iter()
    .map(|text| format!("{text:?}: {}", Handle::parse(text).expect_err(text)))
    .collect();
    insta::assert_snapshot!(refusals.join("\n"));
}

#[test]
fn the_longest_parts_are_63_bytes() {
    let name = "a".repeat(MAX_NAME);
    assert!(Handle::parse(&format!("{name}@{name}")).is_ok());
    assert_eq!(check_organisation(&name), Ok(()));
    assert_eq!(
        check_organisation(&format!("{name}a")),
        Err(HandleError::TooLong(Part::Organisation))
    );
}

proptest! {
    #[test]
    fn any_text_is_read_as_it_stands_or_refused(text in ".{0,140}") {
        if let Ok(handle) = Handle::parse(&text) {
            prop_assert_eq!(handle.as_str(), &text);
        }
    }

    #[test]
    fn whatever_is_in_the_grammar_is_a_handle(
        local in "[a-z0-9][a-z0-9._-]{0,62}",
        organisation in "[a-z0-9][a-z0-9._-]{0,62}",
    ) {
        let text = format!("{local}@{organisation}");
        let handle = Handle::parse(&text).expect("in the grammar");
        prop_assert!(text.len() <= MAX_HANDLE);
        prop_assert_eq!(handle.local(), local);
        prop_assert_eq!(handle.organisation(), organisation);
    }
}
