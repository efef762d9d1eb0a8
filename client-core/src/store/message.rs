//! Lines of history.

use data_encoding::HEXLOWER;
use sealwire_crypto::AccountPublic;
use sealwire_protocol::{
    content::MessageId,
    ids::{ConversationId, DeviceId},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{History, damaged, from_db, to_db};
use crate::{
    api::{Deleted, Delivery, Info, MessageInfo, MessageKind, Priority},
    error::Result,
    search::{self, Document, Flags, Has, Is},
};

/// A line to add to the history.
pub(crate) struct NewMessage<'a> {
    pub(crate) conversation: ConversationId,
    pub(crate) salt: [u8; 16],
    /// `None` for info lines.
    pub(crate) sender: Option<&'a AccountPublic>,
    pub(crate) sender_handle: String,
    pub(crate) own: bool,
    pub(crate) kind: MessageKind,
    pub(crate) text: &'a str,
    /// Of unknown kinds as it came; of info lines [`Info`] as JSON.
    pub(crate) content: &'a [u8],
    pub(crate) at_ms: u64,
    pub(crate) delivery: Delivery,
    pub(crate) traits: Traits,
}

/// What a message has beside its text.
#[derive(Default)]
pub(crate) struct Traits {
    /// `None` while pending.
    pub(crate) id: Option<MessageId>,
    /// The sender's; `None` while pending.
    pub(crate) device: Option<DeviceId>,
    /// Order among all that was said, alike at all members.
    pub(crate) place: u64,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) thread: Option<MessageId>,
    pub(crate) priority: Priority,
    pub(crate) asks: bool,
    pub(crate) mentions: Vec<AccountPublic>,
    pub(crate) mentions_all: bool,
    pub(crate) mentions_me: bool,
    pub(crate) expire_after_s: u32,
    pub(crate) expires_at: u64,
}

/// A line as stored, with the ids that lead to what belongs to it.
pub(crate) struct Line {
    pub(crate) row: i64,
    pub(crate) conversation: ConversationId,
    pub(crate) info: MessageInfo,
    pub(crate) message_id: Option<MessageId>,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) thread: Option<MessageId>,
    pub(crate) mentions: Vec<AccountPublic>,
    pub(crate) mentions_all: bool,
    pub(crate) asks: bool,
    pub(crate) sender: Vec<u8>,
    pub(crate) device: Option<DeviceId>,
    pub(crate) place: u64,
}

/// Bits of a place that are the number in the lane; above them stands the epoch.
const LANE_BITS: u32 = 40;

/// The place of an entry among all that was said in a group.
pub(crate) const fn place(epoch: u64, seq: u64) -> u64 {
    let seq = seq & ((1 << LANE_BITS) - 1);
    (epoch << LANE_BITS | seq) & (u64::MAX >> 1)
}

impl Line {
    /// The MLS epoch in which it was sent; `None` if it has no place among what was said.
    pub(crate) fn epoch(&self) -> Option<u64> {
        (self.place > 0).then_some(self.place >> LANE_BITS)
    }
}

/// What names a line in the API: 16 bytes of SHA-256(sender || salt). A salt alone would not do,
/// since anybody can repeat another's.
pub(crate) fn uid(sender: Option<&AccountPublic>, salt: &[u8; 16]) -> [u8; 16] {
    let sender = sender.map_or(&[][..], |key| key.as_bytes().as_slice());
    let mut uid = [0; 16];
    uid.copy_from_slice(&sealwire_crypto::sha256(&[sender, salt])[..16]);
    uid
}

const KINDS: [(&str, MessageKind); 3] = [
    ("text", MessageKind::Text),
    ("info", MessageKind::Info),
    ("unknown", MessageKind::Unknown),
];

const DELIVERIES: [(&str, Delivery); 4] = [
    ("pending", Delivery::Pending),
    ("sent", Delivery::Sent),
    ("failed", Delivery::Failed),
    ("received", Delivery::Received),
];

fn word<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    words
        .iter()
        .find(|(_, known)| known == value)
        .map_or("", |(word, _)| word)
}

fn priority(value: i64) -> Priority {
    match value {
        0 => Priority::Normal,
        1 => Priority::Important,
        _ => Priority::Urgent,
    }
}

/// Reads an optional message id.
pub(crate) fn optional_id(bytes: &[u8]) -> Result<Option<MessageId>> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let id = bytes.try_into().map_err(|_| damaged("message id"))?;
    Ok(Some(MessageId(id)))
}

fn id_bytes(id: Option<&MessageId>) -> &[u8] {
    id.map_or(&[], |id| &id.0)
}

fn device_bytes(device: Option<&DeviceId>) -> &[u8] {
    device.map_or(&[], |device| device.as_bytes().as_slice())
}

/// Reads one row of `message`.
pub(crate) fn read_line(row: &SqliteRow) -> Result<Line> {
    let kind = row.get::<&str, _>("kind");
    let kind = KINDS.iter().find(|(word, _)| *word == kind);
    let delivery = row.get::<&str, _>("delivery");
    let delivery = DELIVERIES.iter().find(|(word, _)| *word == delivery);
    let kind = kind.map_or(MessageKind::Unknown, |(_, kind)| *kind);
    let set = |column: &str| Some(from_db(row.get(column))).filter(|at| *at > 0);
    let (keys, _) = row.get::<&[u8], _>("mentions").as_chunks::<32>();
    Ok(Line {
        row: row.get("id"),
        conversation: ConversationId::from_slice(row.get("conversation"))
            .map_err(|_| damaged("conversation"))?,
        message_id: optional_id(row.get("message_id"))?,
        reply_to: optional_id(row.get("reply_to"))?,
        thread: optional_id(row.get("thread"))?,
        mentions: keys
            .iter()
            .filter_map(|key| AccountPublic::from_bytes(key).ok())
            .collect(),
        mentions_all: row.get("mentions_all"),
        asks: row.get("asks"),
        sender: row.get("sender"),
        device: DeviceId::from_slice(row.get("device")).ok(),
        place: from_db(row.get("place")),
        info: MessageInfo {
            id: HEXLOWER.encode(row.get("uid")),
            conversation: HEXLOWER.encode(row.get("conversation")),
            position: from_db(row.get("position")),
            sender: row.get("sender_handle"),
            own: row.get("own"),
            kind,
            text: row.get("text"),
            at_ms: from_db(row.get("at_ms")),
            delivery: delivery.map_or(Delivery::Received, |(_, delivery)| *delivery),
            info: (kind == MessageKind::Info).then(|| info(row)),
            reply_to: None,
            thread: None,
            edited_at_ms: set("edited_at"),
            deleted: set("deleted_at").map(|at_ms| Deleted {
                by: row.get("deleted_by"),
                at_ms,
            }),
            reactions: Vec::new(),
            mentions: Vec::new(),
            mentions_me: row.get("mentions_me"),
            priority: priority(row.get("priority")),
            acknowledgements: None,
            expires_at_ms: set("expires_at"),
            held_until_ms: None,
            folded: false,
        },
    })
}

/// Lines of before there was [`Info`] have words only.
fn info(row: &SqliteRow) -> Info {
    serde_json::from_slice(row.get("content")).unwrap_or_else(|_| Info::Other {
        text: row.get("text"),
    })
}

/// Adds a line; unless it is pending it takes the next place in `history`. `None` if this
/// sender's message with this salt is there already.
pub(crate) async fn insert_message(
    conn: &mut SqliteConnection,
    message: &NewMessage<'_>,
    history: &mut History,
) -> Result<Option<Line>> {
    let traits = &message.traits;
    let unread = !message.own && message.kind != MessageKind::Info;
    let position = match message.delivery {
        Delivery::Pending => 0,
        _ => history.take(message.at_ms, unread, unread && traits.mentions_me),
    };
    let mentions: Vec<u8> = traits
        .mentions
        .iter()
        .flat_map(|key| *key.as_bytes())
        .collect();
    let row = sqlx::query(
        "INSERT INTO message (conversation, salt, sender, sender_handle, own, kind, text, content,
             position, at_ms, delivery, uid, message_id, place, reply_to, thread, priority, asks,
             mentions, mentions_all, mentions_me, expire_after_s, expires_at, device)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (conversation, sender, salt) DO NOTHING RETURNING *",
    )
    .bind(message.conversation.as_bytes().as_slice())
    .bind(message.salt.as_slice())
    .bind(
        message
            .sender
            .map_or(&[][..], |key| key.as_bytes().as_slice()),
    )
    .bind(&message.sender_handle)
    .bind(message.own)
    .bind(word(&KINDS, &message.kind))
    .bind(message.text)
    .bind(message.content)
    .bind(to_db(position))
    .bind(to_db(message.at_ms))
    .bind(word(&DELIVERIES, &message.delivery))
    .bind(uid(message.sender, &message.salt).as_slice())
    .bind(id_bytes(traits.id.as_ref()))
    .bind(to_db(traits.place))
    .bind(id_bytes(traits.reply_to.as_ref()))
    .bind(id_bytes(traits.thread.as_ref()))
    .bind(traits.priority as i64)
    .bind(traits.asks)
    .bind(mentions)
    .bind(traits.mentions_all)
    .bind(traits.mentions_me)
    .bind(traits.expire_after_s)
    .bind(to_db(traits.expires_at))
    .bind(device_bytes(traits.device.as_ref()))
    .fetch_optional(&mut *conn)
    .await?;
    let line = row.as_ref().map(read_line).transpose()?;
    if let Some(line) = &line {
        index(conn, line).await?;
    }
    Ok(line)
}

/// Makes a message findable by its text as it is now.
pub(super) async fn index(conn: &mut SqliteConnection, line: &Line) -> Result<()> {
    if line.info.kind != MessageKind::Text || line.info.deleted.is_some() {
        return Ok(());
    }
    let mut flags = Flags::NONE;
    for (is, what) in [
        (line.info.own, Is::Own),
        (line.info.edited_at_ms.is_some(), Is::Edited),
        (line.reply_to.is_some(), Is::Reply),
        (line.info.priority != Priority::Normal, Is::Important),
    ] {
        if is {
            flags = flags.is(what);
        }
    }
    if !line.mentions.is_empty() || line.mentions_all {
        flags = flags.has(Has::Mention);
    }
    let document = Document {
        message: line.row,
        conversation: line.conversation,
        sender: &line.info.sender,
        text: &line.info.text,
        files: &[],
        flags,
    };
    search::put(conn, &document).await
}

/// A pending message was read back: it takes its place. What disappears after it was read begins
/// to do so for its sender.
pub(crate) async fn confirm_message(
    conn: &mut SqliteConnection,
    row: i64,
    history: &mut History,
    (id, place, device): (Option<MessageId>, u64, &DeviceId),
    at_ms: u64,
) -> Result<Option<Line>> {
    let row = sqlx::query(
        "UPDATE message SET delivery = 'sent', at_ms = ?1, position = ?2, message_id = ?3,
             place = ?4, device = ?6, expires_at = CASE WHEN expire_after_s > 0
                 THEN min(?1, 1 << 62) + expire_after_s * 1000 ELSE 0 END
         WHERE id = ?5 RETURNING *",
    )
    .bind(to_db(at_ms))
    .bind(to_db(history.take(at_ms, false, false)))
    .bind(id_bytes(id.as_ref()))
    .bind(to_db(place))
    .bind(row)
    .bind(device_bytes(Some(device)))
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(read_line).transpose()
}

/// A pending message will not be sent; its text stays.
pub(crate) async fn fail_message(conn: &mut SqliteConnection, row: i64) -> Result<Option<Line>> {
    let row = sqlx::query("UPDATE message SET delivery = 'failed' WHERE id = ? RETURNING *")
        .bind(row)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read_line).transpose()
}

/// A message that failed waits to be sent again.
pub(crate) async fn unfail_message(conn: &mut SqliteConnection, row: i64) -> Result<Option<Line>> {
    let row = sqlx::query("UPDATE message SET delivery = 'pending' WHERE id = ? RETURNING *")
        .bind(row)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read_line).transpose()
}

/// A pending message as it is to be sent: its line, and after how many seconds it disappears.
pub(crate) async fn message_to_send(conn: &mut SqliteConnection, row: i64) -> Result<(Line, u32)> {
    let row = sqlx::query("SELECT * FROM message WHERE id = ?")
        .bind(row)
        .fetch_one(conn)
        .await?;
    Ok((read_line(&row)?, row.get("expire_after_s")))
}

/// Removes a line without a trace.
pub(crate) async fn remove_message(conn: &mut SqliteConnection, row: i64) -> Result<()> {
    sqlx::query("DELETE FROM message WHERE id = ?")
        .bind(row)
        .execute(conn)
        .await?;
    Ok(())
}

/// Lines whose names in the API begin with the hexadecimal digits `start`, at most two.
pub(crate) async fn messages_by_uid(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    start: &str,
) -> Result<Vec<Line>> {
    const DIGITS: usize = 32;
    let filled = |digit: &str| {
        let rest = digit.repeat(DIGITS.saturating_sub(start.len()));
        HEXLOWER.decode(format!("{start}{rest}").as_bytes())
    };
    let (Ok(low), Ok(high)) = (filled("0"), filled("f")) else {
        return Ok(Vec::new());
    };
    sqlx::query("SELECT * FROM message WHERE conversation = ? AND uid BETWEEN ? AND ? LIMIT 2")
        .bind(conversation.as_bytes().as_slice())
        .bind(low)
        .bind(high)
        .fetch_all(conn)
        .await?
        .iter()
        .map(read_line)
        .collect()
}

/// The line of the message `id`.
pub(crate) async fn message_by_id(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    id: &MessageId,
) -> Result<Option<Line>> {
    sqlx::query("SELECT * FROM message WHERE conversation = ? AND message_id = ?")
        .bind(conversation.as_bytes().as_slice())
        .bind(id.0.as_slice())
        .fetch_optional(conn)
        .await?
        .as_ref()
        .map(read_line)
        .transpose()
}
