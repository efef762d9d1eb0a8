use proptest::prelude::*;

use super::*;

fn json(text: &str) -> String {
    serde_json::to_string_pretty(&parse(text)).expect("JSON")
}

fn depth(blocks: &[Block]) -> usize {
    blocks
        .iter()
        .map(|block| match block {
            Block::Quote { content } => 1 + depth(content),
            Block::List { items, .. } => {
                1 + items.iter().map(|item| depth(item)).max().unwrap_or(0)
            }
            _ => 1,
        })
        .max()
        .unwrap_or(0)
}

#[test]
fn what_people_write() {
    insta::assert_snapshot!(json(
        "Hello **Bob**, _see_ ~~this~~ `x < y`:\n\n> quoted\n\n1. one\n2. two\n   - nested\n\n\
         ```rust\nfn main() {}\n```\n\n# 标题\n\n---\n@alice see https://example.org/a_b."
    ));
}

#[test]
fn html_is_text() {
    insta::assert_snapshot!(json(
        "<b>bold</b> <img src=x onerror=alert(1)>\n\n<script>\nalert(1)\n</script>"
    ));
}

/// Nothing but web pages and mail addresses can be opened, and nothing is loaded.
#[test]
fn hostile_links_are_text() {
    for hostile in [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,hi)",
        "[x](file:///etc/passwd)",
        "[x](vbscript:x)",
        "[x](//example.org)",
        "[x](https://user@example.org/)",
        "<javascript:alert(1)>",
        "[x](sealwire://join/evil)",
    ] {
        let nodes = json(hostile);
        assert!(!nodes.contains("\"link\""), "{hostile}: {nodes}");
    }
    let image = parse("![cat](https://example.org/cat.png)");
    assert!(
        json("![cat](https://example.org/cat.png)").contains("\"link\""),
        "{image:?}"
    );
}

#[test]
fn links_that_read_like_others_are_marked() {
    let marked = |text: &str| json(text).contains("\"deceptive\": true");
    assert!(marked("[https://bank.example](https://evil.example)"));
    assert!(marked("[bank.example](https://evil.example/bank.example)"));
    assert!(!marked("[bank.example](https://www.bank.example/login)"));
    assert!(!marked("[my bank](https://bank.example)"));
    assert!(!marked("https://bank.example"));
    // A Cyrillic letter shows in the address.
    assert!(json("[x](https://b\u{430}nk.example)").contains("xn--"));
}

#[test]
fn deep_nesting_is_flattened() {
    let blocks = parse(&"> ".repeat(10_000));
    assert!(depth(&blocks) <= MAX_DEPTH + 1);
    let text = format!("{}deep", "> ".repeat(10_000));
    assert!(json(&text).contains("deep"));
    let blocks = parse(&"*a **b ".repeat(2_000));
    assert!(!blocks.is_empty());
}

#[test]
fn a_megabyte_of_combining_characters_is_text() {
    let text = format!("a{}", "\u{0301}".repeat(120_000));
    assert!(json(&text).contains('\u{0301}'));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_parsed(text in "(?s).{0,300}") {
        prop_assert!(depth(&parse(&text)) <= MAX_DEPTH + 1);
    }

    #[test]
    fn any_markup_is_parsed(text in r#"[\[\]()<>*_~`#>\-+.!&;:/@a1 \n\t|"'=\\]{0,300}"#) {
        let nodes = parse(&text);
        prop_assert!(depth(&nodes) <= MAX_DEPTH + 1);
    }
}
