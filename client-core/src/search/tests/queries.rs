use proptest::prelude::*;

use super::*;
use crate::search::{Sort, When};

const SPECIAL: &str =
    r#""'*^:(){}[]+-.,;!?@#$%&/\|<>=~`´§°€_NEAR AND OR NOT words:x {words}:y a^b "#;

#[tokio::test]
async fn special_characters_do_nothing() {
    let scene = Scene::set().await;
    scene.says("alice", &scene.team, SPECIAL).await;
    for special in SPECIAL.split(' ').filter(|word| !word.is_empty()) {
        for query in [
            special.to_owned(),
            format!("near {special}"),
            format!("{special}*"),
        ] {
            // Wrong queries are refused in words; none is a fault of the database.
            if let Err(error) = scene.try_page(&asked(&query)).await {
                assert!(
                    ["bad_query"].contains(&error.code),
                    "{query}: {}",
                    error.message
                );
            }
        }
    }
    for word in ["NEAR", "and", "NOT", "words:x", "NEAR(a", "\"a^b\"", "y*"] {
        assert_eq!(
            scene.finds(word).await.len(),
            usize::from(word != "NEAR(a"),
            "{word}"
        );
    }
    let error = scene
        .try_page(&asked("!!! ???"))
        .await
        .map(drop)
        .unwrap_err();
    assert!(error.message.contains("nothing to look for"));
}

fn query_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[\"'*^:(){}+ -]{0,8}",
        "(AND|OR|NOT|NEAR|facts|words|NEAR\\(a b, 3\\)) ?",
        "-?(from|in|before|after|on|has|is):(me|team|2026|link|own|today)? ?",
        "[a-c你好 ]{0,6}\\*?",
    ];
    prop::collection::vec(piece, 1..7).prop_map(|pieces| pieces.concat())
}

/// No text that anybody types gives an error of SQLite, FTS5 or this program.
#[test]
fn no_query_breaks_anything() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scene = runtime.block_on(Scene::set());
    for text in ["a b c 你好", SPECIAL, "https://a.b"] {
        runtime.block_on(scene.says("alice", &scene.team, text));
    }
    let mut runner = proptest::test_runner::TestRunner::default();
    let input = (query_like(), any::<bool>(), any::<bool>());
    let outcome = runner.run(&input, |(query, typing, relevance)| {
        let sort = if relevance {
            Sort::Relevance
        } else {
            Sort::Newest
        };
        let request = SearchRequest {
            typing,
            sort,
            ..asked(&query)
        };
        match runtime.block_on(scene.try_page(&request)) {
            Ok(_) => {}
            Err(error) => prop_assert_eq!(error.code, "bad_query", "{}", error.message),
        }
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn filters_can_be_given_beside_the_query() {
    let scene = Scene::set().await;
    scene.says("alice", &scene.team, "one").await;
    scene.says("bob", &scene.team, "two").await;
    let filters = vec![Filter::From("bob".into()), Filter::On(When::Today)];
    let request = SearchRequest {
        filters,
        ..asked("")
    };
    assert_eq!(
        texts(&scene.try_page(&request).await.unwrap().hits),
        ["two"]
    );
    assert_eq!(
        scene.try_page(&asked("")).await.map(drop).unwrap_err().code,
        "bad_query"
    );
}
