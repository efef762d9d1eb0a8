use super::pages_of_file::{count, decrypted};
use super::*;
use crate::search::{erase, separators};

const MESSAGES: u32 = 1_200;

/// A word that stands in one message only.
fn secret(number: u32) -> String {
    format!("pass{:06}", number * 7_919 % 1_000_003 % 1_000_000)
}

/// Another, which differs from its neighbours in the last letter only: such words become
/// separators in full.
fn neighbour(number: u32) -> String {
    let digits = format!("{number:06}");
    let letters: String = digits
        .bytes()
        .map(|digit| char::from(digit - b'0' + b'a'))
        .collect();
    format!("code{letters}")
}

/// What identifies these words wherever they stand, in an index that leaves out shared beginnings.
fn endings(numbers: impl Iterator<Item = u32> + Clone) -> Vec<String> {
    let words = numbers.clone().map(secret).chain(numbers.map(neighbour));
    words.map(|word| word[4..].to_owned()).collect()
}

async fn with_secrets() -> Scene {
    let scene = Scene::set().await;
    // Small leaves, so that there are many.
    scene
        .does("INSERT INTO search_index (search_index, rank) VALUES ('pgsz', 500)")
        .await;
    for batch in 0..MESSAGES / 50 {
        let mut conn = scene.db.writer.lock().await;
        let mut tx = scene.db.begin(&mut conn).await.unwrap();
        for number in batch * 50..(batch + 1) * 50 {
            let text = format!(
                "Carol, the word is {} 谢谢 {}",
                secret(number),
                neighbour(number)
            );
            says_within(&mut tx, "bob", &scene.team, &text, NOW_MS).await;
        }
        tx.commit().await.unwrap();
    }
    scene
}

/// Deletes the messages with even numbers and empties those with odd numbers below 600, as expiry
/// and deletion for everyone do.
async fn forget(scene: &Scene) {
    for batch in 0..MESSAGES / 100 {
        let (from, to) = (batch * 100, batch * 100 + 100);
        scene
            .does(&format!(
                "BEGIN IMMEDIATE;
                 DELETE FROM message WHERE id > {from} AND id <= {to} AND id % 2 = 1;
                 UPDATE message SET text = '' WHERE id > {from} AND id <= {to} AND id <= 600;
                 COMMIT;"
            ))
            .await;
    }
}

fn gone() -> Vec<String> {
    endings((0..MESSAGES).filter(|number| number % 2 == 0 || *number < 600))
}

fn kept() -> Vec<String> {
    endings((600..MESSAGES).filter(|number| number % 2 == 1))
}

#[tokio::test]
async fn deleted_words_are_in_no_page_and_not_in_the_log() {
    let scene = with_secrets().await;
    let before = decrypted(&scene.path);
    assert!(
        count(&before, &gone()) >= 2 * gone().len(),
        "the scan sees text and tokens"
    );

    forget(&scene).await;
    assert!(erase::traces(&scene.db, true).await.unwrap());
    let after = decrypted(&scene.path);
    assert_eq!(count(&after, &gone()), 0);
    assert!(count(&after, &kept()) >= 2 * kept().len());
    let log = scene.path.with_extension("db-wal");
    assert_eq!(std::fs::metadata(log).unwrap().len(), 0);
    scene.is_sound().await;
    assert_eq!(scene.finds(&secret(601)).await.len(), 1);
    assert!(scene.finds(&secret(600)).await.is_empty());
    assert_eq!(scene.finds("谢谢").await.len(), 50);
}

/// Each rule is needed: without it the same scan finds words.
#[tokio::test]
async fn without_any_one_rule_words_stay() {
    for broken in [
        "INSERT INTO search_index (search_index, rank) VALUES ('secure-delete', 0)",
        "no tidying",
        "no writing anew",
        "no truncation",
    ] {
        let scene = with_secrets().await;
        if !broken.starts_with("no ") {
            scene.does(broken).await;
        }
        if broken == "no truncation" {
            scene.does("PRAGMA wal_autocheckpoint = 0").await;
        }
        forget(&scene).await;
        if broken != "no tidying" {
            separators::tidy(&scene.db).await.unwrap();
        }
        if broken != "no writing anew" {
            scene.db.rewrite().await.unwrap();
        }
        if broken != "no truncation" {
            assert!(scene.db.truncate_log().await.unwrap());
        }
        assert!(count(&decrypted(&scene.path), &gone()) > 0, "{broken}");
    }
}

#[tokio::test]
async fn a_reader_in_the_way_puts_it_off() {
    let scene = Scene::set().await;
    let message = scene
        .says("bob", &scene.team, "the word is pass000001")
        .await;
    let mut reader = scene.db.readers.acquire().await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM message")
        .execute(&mut *reader)
        .await
        .unwrap();
    scene
        .does(&format!("DELETE FROM message WHERE id = {message}"))
        .await;
    assert!(!erase::traces(&scene.db, true).await.unwrap());
    assert!(count(&decrypted(&scene.path), &["pass000001".into()]) > 0);
    sqlx::raw_sql("COMMIT").execute(&mut *reader).await.unwrap();
    assert!(erase::traces(&scene.db, true).await.unwrap());
    assert_eq!(count(&decrypted(&scene.path), &["pass000001".into()]), 0);
}

/// Whatever is said, changed and forgotten in whatever order, the index holds what there is.
#[tokio::test]
async fn any_order_of_changes_leaves_a_sound_index() {
    let scene = Scene::set().await;
    scene
        .does("INSERT INTO search_index (search_index, rank) VALUES ('pgsz', 64)")
        .await;
    let mut there: Vec<(i64, u32)> = Vec::new();
    for round in 0..400_u32 {
        match (round.wrapping_mul(2_654_435_761) >> 16) % 5 {
            0 | 1 if !there.is_empty() => {
                let at = (round as usize * 31) % there.len();
                let (message, _) = there.swap_remove(at);
                scene
                    .does(&format!("DELETE FROM message WHERE id = {message}"))
                    .await;
            }
            2 if !there.is_empty() => {
                let at = (round as usize * 17) % there.len();
                let (message, number) = &mut there[at];
                *number = round + 10_000;
                let text = format!("Carol, {}", secret(*number));
                scene
                    .does(&format!(
                        "UPDATE message SET text = '{text}' WHERE id = {message}"
                    ))
                    .await;
                let mut conn = scene.db.writer.lock().await;
                let document = crate::search::Document {
                    message: *message,
                    conversation: scene.team,
                    sender: "bob@acme",
                    text: &text,
                    files: &[],
                    flags: crate::search::Flags::NONE,
                };
                crate::search::put(&mut conn, &document).await.unwrap();
            }
            _ => {
                let text = format!("Carol, {}", secret(round));
                there.push((scene.says("bob", &scene.team, &text).await, round));
            }
        }
        if round % 40 == 39 {
            separators::tidy(&scene.db).await.unwrap();
            scene.is_sound().await;
        }
    }
    for number in (0..400).chain(10_000..10_400) {
        let expected = there.iter().filter(|(_, there)| *there == number).count();
        assert_eq!(
            scene.finds(&secret(number)).await.len(),
            expected,
            "{number}"
        );
    }
}

/// A database too large to be written anew after every deletion is so once a day.
#[tokio::test]
async fn a_large_database_is_written_anew_once_a_day() {
    const HOUR_MS: u64 = 3_600_000;
    let scene = with_secrets().await;
    let all_in_all = endings(0..MESSAGES);
    let erase = async |hours: u64| {
        assert!(
            erase::daily(&scene.db, NOW_MS + hours * HOUR_MS, 0)
                .await
                .unwrap()
        );
        let mut conn = scene.db.readers.acquire().await.unwrap();
        (store::rewritten_at(&mut conn).await.unwrap() - NOW_MS) / HOUR_MS
    };
    forget(&scene).await;
    assert_eq!(erase(0).await, 0);
    assert_eq!(count(&decrypted(&scene.path), &gone()), 0);
    scene.does("DELETE FROM message").await;
    assert_eq!(erase(23).await, 0, "not twice a day");
    assert_eq!(erase(24).await, 24);
    assert_eq!(count(&decrypted(&scene.path), &all_in_all), 0);
    assert_eq!(erase(72).await, 24, "nothing was deleted since");
}

/// What retention removes is nowhere in the files: texts, earlier texts, who reacted, files.
#[tokio::test]
async fn what_is_kept_no_longer_is_in_no_page() {
    const OLD_MS: u64 = NOW_MS - 86_400_000;
    let scene = Scene::set().await;
    let words = ["qapfxwz", "kebrnzv", "ycxwvut", "dkjhqpl", "umnbvcz"];
    for number in 0..450 {
        let text = format!("filler {number}");
        scene.says_at("bob", &scene.team, &text, OLD_MS).await;
    }
    let old = scene.says_at("bob", &scene.team, words[0], OLD_MS).await;
    let team = data_encoding::HEXUPPER.encode(scene.team.as_bytes());
    scene
        .does(&format!(
            "UPDATE message SET message_id = randomblob(32) WHERE id = {old};
             INSERT INTO revision SELECT conversation, message_id, x'BB', sender, '{}', 1, at_ms
                 FROM message WHERE id = {old};
             INSERT INTO reaction SELECT conversation, message_id, x'CC', sender, '{}', '!', 1, at_ms
                 FROM message WHERE id = {old};
             INSERT INTO revision VALUES (x'{team}', zeroblob(32), x'DD', x'', '{}', 1, {OLD_MS});
             INSERT INTO attachment (message, place, blob, read_token, delete_token, key,
                 sealed_hash, size, expires_s, media_type, name, width, height, duration_ms,
                 blurhash, thumbnail)
             VALUES ({old}, 0, x'', x'', x'', x'', zeroblob(32), 1, 1, '', '{}', 0, 0, 0, '', x'');",
            words[1], words[2], words[3], words[4]
        ))
        .await;
    scene.says("bob", &scene.team, "kept today").await;
    // The index leaves out beginnings.
    let words: Vec<String> = words.map(|word| word[1..].to_owned()).into();
    assert!(erase::traces(&scene.db, true).await.unwrap());
    let before = decrypted(&scene.path);
    for word in &words {
        assert!(
            count(&before, std::slice::from_ref(word)) > 0,
            "the scan sees {word}"
        );
    }

    for expected in [200, 200, 51, 0] {
        let mut conn = scene.db.writer.lock().await;
        let mut tx = scene.db.begin(&mut conn).await.unwrap();
        let removed = store::remove_old_messages(&mut tx, &scene.team, OLD_MS).await;
        assert_eq!(removed.unwrap().gone.len(), expected);
        store::remove_old_strays(&mut tx, &scene.team, OLD_MS)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    assert!(erase::traces(&scene.db, true).await.unwrap());
    assert_eq!(count(&decrypted(&scene.path), &words), 0);
    scene.is_sound().await;
    assert_eq!(scene.finds("kept").await, ["kept today"]);
}
