//! A conversation of many pages.

use super::*;

/// Messages: pages of 100, and a rest.
const MESSAGES: usize = 1_234;

#[tokio::test]
async fn a_long_conversation_is_whole_and_in_order() {
    let scene = Scene::set().await;
    let mut conn = scene.db.writer.lock().await;
    sqlx::query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO message (conversation, salt, sender, sender_handle, own, kind, text, content,
             position, at_ms, delivery, uid, message_id)
         SELECT (SELECT id FROM conversation), randomblob(16), x'', 'p' || (i % 7) || '@acme', 0,
             'text', '会议室 number ' || i || ' it is', x'',
             i, 1700000000000 + i * 60000, 'received', randomblob(16), randomblob(32) FROM n",
    )
    .bind(i64::try_from(MESSAGES).unwrap())
    .execute(&mut *conn)
    .await
    .unwrap();
    drop(conn);
    for format in [
        ExportFormat::Json,
        ExportFormat::Markdown,
        ExportFormat::Html,
    ] {
        let to = scene.place(&format!("{format:?}"));
        let done = scene.exports(&to, format, false).await.unwrap();
        assert_eq!(done.messages, MESSAGES as u64);
        let text = fs::read_to_string(to.join(format.file_name())).unwrap();
        let numbers = text.split("会议室 number ").skip(1);
        let numbers: Vec<usize> = numbers
            .map(|rest| rest.split(' ').next().unwrap().parse().unwrap())
            .collect();
        assert!(numbers.into_iter().eq(1..=MESSAGES), "{format:?}");
    }
}
