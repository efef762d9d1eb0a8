use super::*;
use crate::search::{Document, Flags, Has, Is, Sort, put, rank, remove};

fn vec_of(range: std::ops::Range<usize>) -> Vec<std::ops::Range<usize>> {
    std::iter::once(range).collect()
}

#[tokio::test]
async fn words_phrases_and_what_must_not_be() {
    let scene = Scene::set().await;
    scene.says("alice", &scene.team, "Good morning, Bob!").await;
    scene
        .says("bob", &scene.team, "Guten Morgen! Schöne Grüße")
        .await;
    scene
        .says("bob", &scene.lunch, "我们今天下午三点见面，好吗？")
        .await;
    scene
        .says("carol", &scene.lunch, "morning is not good")
        .await;
    assert_eq!(scene.finds("good MORNING").await.len(), 2);
    assert_eq!(
        scene.finds("\"good morning\"").await,
        ["Good morning, Bob!"]
    );
    assert_eq!(scene.finds("good -bob").await, ["morning is not good"]);
    assert_eq!(scene.finds("grusse").await, ["Guten Morgen! Schöne Grüße"]);
    assert_eq!(scene.finds("mor*").await.len(), 3);
    assert_eq!(scene.finds("mor").await.len(), 0);
    for part in ["今", "下午", "三点见面", "面，好", "\"今天 下午\""] {
        let expected = usize::from(part != "\"今天 下午\"");
        assert_eq!(scene.finds(part).await.len(), expected, "{part}");
    }
    assert!(
        scene.finds("面好").await.is_empty(),
        "a sentence ends between them"
    );
    assert_eq!(scene.finds("-morning").await.len(), 2);
    let typing = SearchRequest {
        typing: true,
        ..asked("\"good mor")
    };
    assert!(
        scene.try_page(&typing).await.unwrap().hits.is_empty(),
        "a phrase is of whole words"
    );
    let typing = SearchRequest {
        typing: true,
        ..asked("good mor")
    };
    assert_eq!(scene.try_page(&typing).await.unwrap().hits.len(), 2);
}

#[tokio::test]
async fn filters_and_where_a_hit_is() {
    let scene = Scene::set().await;
    let day = 86_400_000;
    scene
        .says_at(
            "alice",
            &scene.team,
            "plan one https://example.com",
            NOW_MS - 40 * day,
        )
        .await;
    scene
        .says_at("bob", &scene.team, "plan two", NOW_MS - day)
        .await;
    scene
        .says_at("bob", &scene.lunch, "plan three", NOW_MS)
        .await;
    for (query, expected) in [
        ("plan from:bob", vec!["plan three", "plan two"]),
        ("from:me", vec!["plan one https://example.com"]),
        ("plan -from:bob@acme", vec!["plan one https://example.com"]),
        (
            "from:alice from:BOB in:team",
            vec!["plan two", "plan one https://example.com"],
        ),
        ("from:mallory", vec![]),
        ("in:\"午餐 lunch\"", vec!["plan three"]),
        ("in:a1a1", vec!["plan two", "plan one https://example.com"]),
        ("has:link", vec!["plan one https://example.com"]),
        ("plan is:own", vec!["plan one https://example.com"]),
        ("plan -is:own -in:team", vec!["plan three"]),
        ("on:today", vec!["plan three"]),
        ("on:yesterday on:today", vec!["plan three", "plan two"]),
        ("before:2026-11", vec!["plan one https://example.com"]),
        ("after:2026-11-23", vec!["plan three"]),
        ("after:2026-11-22 before:2026-11-24", vec!["plan two"]),
        ("-on:2026-11", vec!["plan one https://example.com"]),
        ("after:today", vec![]),
        ("before:2026 after:2026", vec![]),
    ] {
        assert_eq!(scene.finds(query).await, expected, "{query}");
    }
    let error = scene
        .try_page(&asked("in:nowhere"))
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(error.code, "bad_query");
    let page = scene.try_page(&asked("three")).await.unwrap();
    let hit = &page.hits[0];
    assert_eq!(hit.conversation, scene.lunch.to_string());
    assert_eq!(
        (hit.conversation_name.as_str(), hit.position),
        ("午餐 Lunch", 1)
    );
    assert_eq!(
        (hit.sender.as_str(), hit.own, hit.at_ms),
        ("bob@acme", false, NOW_MS)
    );
    assert_eq!(
        (hit.id.len(), &hit.snippet.highlights),
        (32, &vec_of(5..10))
    );
}

#[tokio::test]
async fn pages_fit_together_in_both_orders() {
    let scene = Scene::set().await;
    for number in 0..25 {
        let text = format!("apple {number} {}", "apple ".repeat(number % 4));
        scene.says("bob", &scene.team, &text).await;
    }
    for sort in [Sort::Newest, Sort::Relevance] {
        let mut request = SearchRequest {
            sort,
            limit: 7,
            ..asked("apple")
        };
        let mut all = Vec::new();
        loop {
            let page = scene.try_page(&request).await.unwrap();
            assert!(page.hits.len() <= 7 && page.ranked_newest.is_none());
            all.extend(texts(&page.hits));
            // What is said meanwhile changes no page that follows.
            scene
                .says("carol", &scene.team, "apple apple apple apple")
                .await;
            let Some(next) = page.next else { break };
            request.cursor = Some(next.to_string());
        }
        let mut once = all.clone();
        once.sort();
        once.dedup();
        assert_eq!((once.len(), all.len()), (25, 25), "{sort:?}");
        match sort {
            Sort::Newest => assert!(all[0].starts_with("apple 24")),
            Sort::Relevance => assert!(all[0].starts_with("apple 23 apple apple apple")),
        }
        scene
            .does("DELETE FROM message WHERE sender_handle = 'carol@acme'")
            .await;
    }
}

#[tokio::test]
async fn ranks_of_a_frequent_word_are_bounded_and_say_so() {
    let scene = Scene::set().await;
    let mut conn = scene.db.writer.lock().await;
    let mut tx = scene.db.begin(&mut conn).await.unwrap();
    for number in 0..=rank::WINDOW {
        let text = if number == 500 {
            "tea tea tea"
        } else {
            "tea and something else"
        };
        says_within(&mut tx, "bob", &scene.team, text, NOW_MS).await;
    }
    tx.commit().await.unwrap();
    drop(conn);
    let request = SearchRequest {
        sort: Sort::Relevance,
        ..asked("tea")
    };
    let page = scene.try_page(&request).await.unwrap();
    assert_eq!(page.hits[0].snippet.text, "tea tea tea");
    assert_eq!(page.ranked_newest, Some(u64::from(rank::WINDOW)));
    let exact = SearchRequest {
        sort: Sort::Relevance,
        ..asked("\"tea tea\"")
    };
    assert_eq!(scene.try_page(&exact).await.unwrap().ranked_newest, None);
}

#[tokio::test]
async fn files_are_found_by_their_names_and_kinds() {
    let scene = Scene::set().await;
    let message = scene.says("bob", &scene.team, "as promised").await;
    let mut conn = scene.db.writer.lock().await;
    let mut document = Document {
        message,
        conversation: scene.team,
        sender: "bob@acme",
        text: "as promised",
        files: &["Überblick_2026.pdf", "会议记录.png"],
        flags: Flags::NONE.has(Has::File).has(Has::Image).is(Is::Reply),
    };
    put(&mut conn, &document).await.unwrap();
    drop(conn);
    for query in [
        "uberblick",
        "2026 has:file",
        "记录",
        "promised has:image is:reply",
    ] {
        assert_eq!(scene.finds(query).await, ["as promised"], "{query}");
    }
    assert!(scene.finds("has:video").await.is_empty());
    let page = scene.try_page(&asked("会议")).await.unwrap();
    assert_eq!(page.hits[0].files[0].text, "会议记录.png");
    assert_eq!(page.hits[0].files[0].highlights, vec_of(0..2));
    assert!(page.hits[0].snippet.highlights.is_empty());

    // The newest form takes the place of the older, and nothing is left of a removed one.
    let mut conn = scene.db.writer.lock().await;
    document.files = &[];
    put(&mut conn, &document).await.unwrap();
    drop(conn);
    assert!(scene.finds("uberblick").await.is_empty());
    assert_eq!(scene.finds("promised").await.len(), 1);
    remove(&mut *scene.db.writer.lock().await, message)
        .await
        .unwrap();
    assert!(scene.finds("promised").await.is_empty());
    scene.is_sound().await;
}
