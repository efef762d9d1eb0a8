use super::*;
use crate::search::backfill::{is_complete, step};

/// As a profile from before there was a search comes to it.
async fn older_profile(messages: usize) -> Scene {
    let scene = Scene::set().await;
    let mut conn = scene.db.writer.lock().await;
    let mut tx = scene.db.begin(&mut conn).await.unwrap();
    for number in 0..messages {
        says_within(
            &mut tx,
            "bob",
            &scene.team,
            &format!("old tale n{number}"),
            NOW_MS,
        )
        .await;
    }
    tx.commit().await.unwrap();
    drop(conn);
    scene
        .does(
            "DELETE FROM search_document;
             UPDATE search_progress SET below = (SELECT max(id) + 1 FROM message), untidy = 0;",
        )
        .await;
    scene
}

async fn complete(scene: &Scene) -> bool {
    is_complete(&mut scene.db.readers.acquire().await.unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn older_history_is_taken_in_step_by_step() {
    let scene = older_profile(2_500).await;
    assert!(scene.finds("tale").await.is_empty());
    assert!(!complete(&scene).await);
    // The newest come first, and what happens meanwhile is no matter.
    assert!(step(&scene.db).await.unwrap());
    assert_eq!(scene.finds("n2400").await.len(), 1);
    assert!(scene.finds("n100").await.is_empty());
    scene
        .does("UPDATE message SET text = '' WHERE text LIKE '%n2400'")
        .await;
    scene
        .does("DELETE FROM message WHERE text LIKE '%n100'")
        .await;
    scene.says("alice", &scene.team, "new tale").await;
    while step(&scene.db).await.unwrap() {}
    assert!(complete(&scene).await);
    assert!(!step(&scene.db).await.unwrap());
    assert_eq!(scene.finds("n0").await.len(), 1);
    assert_eq!(scene.finds("new").await.len(), 1);
    assert!(scene.finds("n100").await.is_empty() && scene.finds("n2400").await.is_empty());
    scene.is_sound().await;
}

#[tokio::test]
async fn other_rules_take_everything_in_again() {
    let scene = Scene::set().await;
    scene
        .says("alice", &scene.team, "Straße https://example.com")
        .await;
    // As an older version would have taken it apart.
    scene
        .does("UPDATE search_document SET words = 'stra'")
        .await;
    scene
        .does("UPDATE search_progress SET rules = 0, below = 0")
        .await;
    assert!(!complete(&scene).await);
    assert!(scene.finds("strasse").await.is_empty());
    while step(&scene.db).await.unwrap() {}
    assert!(complete(&scene).await);
    assert_eq!(scene.finds("strasse has:link is:own").await.len(), 1);
    scene.is_sound().await;
}

#[tokio::test]
async fn a_step_that_fails_changes_nothing() {
    let scene = older_profile(50).await;
    scene.does("DROP TRIGGER search_added").await;
    scene
        .does(
            "CREATE TRIGGER search_added AFTER INSERT ON search_document
             WHEN new.message = 30 BEGIN SELECT raise(ABORT, 'no'); END;",
        )
        .await;
    step(&scene.db).await.unwrap_err();
    assert!(!complete(&scene).await);
    let left = sqlx::query_scalar("SELECT count(*) FROM search_document");
    let left: i64 = left.fetch_one(&scene.db.readers).await.unwrap();
    assert_eq!(left, 0);
}
