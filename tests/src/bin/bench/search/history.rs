//! One million messages: English, Chinese and German of the corpus, multiplied with variation.

use sealwire_tests::corpus::{self, Share};
use sqlx::{Connection as _, SqliteConnection};

use super::profile::Profile;
use crate::Result;

/// Messages of the large conversation, if there are ten times as many.
const LARGE: usize = 100_000;
/// Messages of the small one, in which all hits are counted.
pub(super) const SMALL: usize = 20_000;
const PEOPLE: usize = 40;
/// 2026-11-24; messages come one every 40 seconds until then.
const END_MS: i64 = 1_795_478_580_000;
const STEP_MS: i64 = 40_000;

/// What was written.
pub(super) struct History {
    /// Messages.
    pub(super) count: usize,
    /// Bytes of their text.
    pub(super) text_bytes: u64,
    /// Some English messages, to take queries from.
    pub(super) english: Vec<String>,
    /// Some Chinese messages.
    pub(super) chinese: Vec<String>,
    /// All messages of the small conversation.
    pub(super) small: Vec<String>,
    chats: usize,
}

/// A message and where it stands.
pub(super) struct Line {
    /// Its place among all messages, from 0, oldest first.
    pub(super) number: usize,
    /// What it says.
    pub(super) text: String,
    /// Place of its conversation in [`Profile::chats`].
    pub(super) chat: usize,
    /// Its sender, below 40; see [`handle`].
    pub(super) who: usize,
    /// When it was sent.
    pub(super) at_ms: i64,
    position: i64,
}

impl History {
    /// The same messages again, oldest first.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line> {
        lines(self.count, self.chats)
    }

    /// Only what they say.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        self.lines().map(|line| line.text)
    }
}

/// What the sender `who` is called.
pub(super) fn handle(who: usize) -> String {
    format!("member-{who:02}@acme")
}

/// Makes the messages; the same ones for the same numbers.
fn lines(count: usize, chats: usize) -> impl Iterator<Item = Line> {
    let source = Source::load();
    let (mut dice, mut places) = (Dice(7), Dice(8));
    let mut positions = vec![0_i64; chats];
    (0..count).map(move |number| {
        let text = source.text(&mut dice, number);
        let chat = match places.roll(100) {
            0..10 if positions[0] < LARGE as i64 => 0,
            10..12 if positions[1] < SMALL as i64 => 1,
            _ => 2 + places.roll(chats - 2),
        };
        positions[chat] += 1;
        Line {
            number,
            text,
            chat,
            who: places.roll(PEOPLE),
            at_ms: END_MS - STEP_MS * (count - number) as i64,
            position: positions[chat],
        }
    })
}

/// Numbers that look random and are the same in every run (SplitMix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// One below `end`.
    pub(super) fn roll(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end.max(1) as u64).unwrap_or(0)
    }
}

struct Source([Vec<String>; 3]);

impl Source {
    fn load() -> Self {
        let talks = corpus::load(Share::Whole).unwrap_or_else(|| {
            crate::note("search: the corpus is absent; generated text instead, figures differ");
            corpus::generated()
        });
        let of = |language: &str| {
            let some = talks.iter().filter(|talk| talk.language == language);
            some.flat_map(|talk| talk.messages.iter().map(|(_, text)| text.clone()))
                .collect()
        };
        Self([of("en"), of("zh"), of("de")])
    }

    /// Of ten messages five are English, four Chinese and one German. Half of them are as they
    /// were written, a quarter joins the halves of two, a quarter names something that is in no
    /// other message.
    fn text(&self, dice: &mut Dice, number: usize) -> String {
        let list = &self.0[[0, 0, 0, 0, 0, 1, 1, 1, 1, 2][dice.roll(10)]];
        let one = &list[dice.roll(list.len())];
        let other = &list[dice.roll(list.len())];
        match dice.roll(4) {
            0 => format!("{}{}", &one[..middle(one)], &other[middle(other)..]),
            1 => format!("{one} ref{number}"),
            _ => one.clone(),
        }
    }
}

fn middle(text: &str) -> usize {
    text.floor_char_boundary(text.len() / 2)
}

/// Writes the history into the profile, as a client without search would have left it.
pub(super) async fn fill(profile: &Profile, count: usize) -> Result<History> {
    let mut history = History {
        count,
        text_bytes: 0,
        english: Vec::new(),
        chinese: Vec::new(),
        small: Vec::new(),
        chats: profile.chats.len(),
    };
    let mut conn = profile.database().await?;
    sqlx::raw_sql("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000")
        .execute(&mut conn)
        .await?;
    let mut positions = vec![0_i64; profile.chats.len()];
    let mut tx = conn.begin().await?;
    for line in lines(count, profile.chats.len()) {
        insert(&mut tx, profile.chats[line.chat].as_bytes(), &line).await?;
        positions[line.chat] = line.position;
        let filled = (line.number + 1).is_multiple_of(10_000);
        history.keep(line);
        if filled {
            tx.commit().await?;
            tx = conn.begin().await?;
        }
    }
    tx.commit().await?;
    for (chat, position) in profile.chats.iter().zip(&positions) {
        sqlx::query(
            "UPDATE conversation SET next_position = ?, unread = 200, newest_at = ? WHERE id = ?",
        )
        .bind(position + 1)
        .bind(END_MS)
        .bind(chat.as_bytes().as_slice())
        .execute(&mut conn)
        .await?;
    }
    let older = "UPDATE search_progress SET below = (SELECT max(id) + 1 FROM message)";
    sqlx::query(older).execute(&mut conn).await?;
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut conn)
        .await?;
    conn.close().await?;
    Ok(history)
}

impl History {
    fn keep(&mut self, line: Line) {
        let Line {
            number, text, chat, ..
        } = line;
        self.text_bytes += text.len() as u64;
        let is_chinese = text.chars().any(|c| ('\u{4e00}'..'\u{a000}').contains(&c));
        if number.is_multiple_of(50) && is_chinese {
            self.chinese.push(text.clone());
        } else if number.is_multiple_of(50) {
            self.english.push(text.clone());
        }
        if chat == 1 {
            self.small.push(text);
        }
    }
}

async fn insert(conn: &mut SqliteConnection, chat: &[u8], line: &Line) -> Result<()> {
    let mut salt = [0; 16];
    salt[..8].copy_from_slice(&line.position.to_be_bytes());
    let mut sender = [0; 32];
    sender[0] = u8::try_from(line.who)?;
    sqlx::query(
        "INSERT INTO message (conversation, salt, sender, sender_handle, own, kind, text, content,
             position, at_ms, delivery)
         VALUES (?, ?, ?, ?, 0, 'text', ?, x'', ?, ?, 'received')",
    )
    .bind(chat)
    .bind(salt.as_slice())
    .bind(sender.as_slice())
    .bind(handle(line.who))
    .bind(&line.text)
    .bind(line.position)
    .bind(line.at_ms)
    .execute(conn)
    .await?;
    Ok(())
}
