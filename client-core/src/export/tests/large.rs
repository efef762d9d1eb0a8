//! How long a million messages take and how much memory: `cargo nextest run --release
//! --run-ignored only a_million_messages --no-capture`.

use std::time::Instant;

use super::*;

/// Most memory that this process has had, MiB.
fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1_024
}

#[tokio::test]
#[ignore = "a measurement; takes minutes"]
async fn a_million_messages() {
    let scene = Scene::set().await;
    let mut conn = scene.db.writer.lock().await;
    sqlx::raw_sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
         INSERT INTO message (conversation, salt, sender, sender_handle, own, kind, text, content,
             position, at_ms, delivery, uid, message_id)
         SELECT (SELECT id FROM conversation), randomblob(16), x'', 'p' || (i % 7) || '@acme', 0,
             'text', 'We meet at three, 会议室 number ' || i || ', please bring the **plan**.', x'',
             i, 1700000000000 + i * 60000, 'received', randomblob(16), randomblob(32) FROM n",
    )
    .execute(&mut *conn)
    .await
    .unwrap();
    drop(conn);
    println!("before: peak {} MiB", peak_mib());
    for format in [
        ExportFormat::Json,
        ExportFormat::Markdown,
        ExportFormat::Html,
    ] {
        let to = scene.place(&format!("{format:?}"));
        let start = Instant::now();
        let done = scene.exports(&to, format, false).await.unwrap();
        assert_eq!(done.messages, 1_000_000);
        let bytes = fs::metadata(to.join(format.file_name())).unwrap().len();
        println!(
            "{format:?}: {} s with insight, {} MB, peak {} MiB",
            start.elapsed().as_secs(),
            bytes / 1_000_000,
            peak_mib()
        );
    }
    let start = Instant::now();
    let found = crate::insight::of(&scene.db, &HERE, NOW_MS, TimeZone::UTC).await;
    assert_eq!(found.unwrap().messages, 1_000_000);
    println!(
        "insight: {} s, peak {} MiB",
        start.elapsed().as_secs(),
        peak_mib()
    );
}
