//! One import, from beginning to end.

use std::path::Path;

use jiff::tz::TimeZone;
use sealwire_protocol::{
    content::MessageId,
    ids::{ConversationId, LogId},
};
use sqlx::SqliteConnection;

use super::{
    Brought, MARK,
    api::{DateOrder, ImportInfo, ImportOptions},
    source::{self, Source},
};
use crate::{
    api::{Delivery, Info, MessageKind},
    core::Core,
    error::{CoreError, ErrorKind, Result},
    holding,
    store::{self, History, NewMessage, Traits},
};

/// Messages that are in memory at once.
const BATCH: usize = 256;
/// Longest name of a person or a conversation, bytes.
const LONGEST_NAME: usize = 128;

/// The conversation that is being made.
struct Import {
    id: ConversationId,
    digest: [u8; 32],
    /// A date that is yet to come would never grow old.
    now_ms: u64,
    too_old_ms: Option<u64>,
    messages: u64,
    too_old: u64,
    left_out: u64,
}

pub(super) async fn run(
    core: &Core,
    file: &Path,
    options: ImportOptions,
    zone: TimeZone,
) -> Result<ImportInfo> {
    let path = file.to_owned();
    let (digest, mut source) = aside(move || open(&path, options.dates, zone)).await?;
    let name = name_of(&source, file, options.name.as_deref())?;
    let kind = source.kind();
    let mut import = Import {
        id: ConversationId::random(&mut rand::rng()),
        digest,
        now_ms: core.now_ms(),
        too_old_ms: None,
        messages: 0,
        too_old: 0,
        left_out: 0,
    };
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    if let Some(before) = store::imported_as(&mut tx, &digest).await? {
        return Err(CoreError::new(
            ErrorKind::Usage,
            "imported_before",
            format!("this file is here already, as {before}"),
            "nothing was changed; `sealwire chat forget` removes what was imported",
        ));
    }
    // No log has this number: nothing is ever sent into it or fetched from it.
    let nowhere = LogId::random(&mut rand::rng());
    store::put_conversation(&mut tx, &import.id, &name, &nowhere, 0).await?;
    store::note_import(&mut tx, &import.id, kind, &digest, import.now_ms).await?;
    holding::note_members(core, &mut tx, &import.id, std::iter::empty()).await?;
    let bounds = core.bounds_by(&mut tx, &import.id, None).await?;
    import.too_old_ms = core
        .retention_now_ms()
        .and_then(|now| bounds.messages_up_to_ms(now));
    let mut history = History::open(&mut tx, &import.id).await?;
    loop {
        let read = aside(move || Ok((source.next(BATCH)?, source))).await?;
        let messages;
        (messages, source) = read;
        if messages.is_empty() {
            break;
        }
        for message in messages {
            import.take(&mut tx, message, &mut history).await?;
        }
    }
    history.save(&mut tx).await?;
    let newest = store::newest_position(&mut tx, &import.id).await?;
    store::read_up_to(&mut tx, &import.id, newest, import.now_ms).await?;
    if source.hash() != digest {
        return Err(CoreError::new(
            ErrorKind::Io,
            "import_changed",
            "the file changed while it was read",
            "nothing was imported; wait until it is complete, then repeat",
        ));
    }
    tx.commit().await?;
    Ok(ImportInfo {
        conversation: import.id.to_string(),
        name,
        source: kind.into(),
        messages: import.messages,
        too_old: import.too_old,
        left_out: import.left_out,
    })
}

/// Work on files, where it is in nobody's way.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(CoreError::internal)?
}

fn open(path: &Path, order: Option<DateOrder>, zone: TimeZone) -> Result<([u8; 32], Source)> {
    Ok((source::hash(path)?, Source::open(path, order, zone)?))
}

/// The name that was asked for, else the one in the file, else the file's.
fn name_of(source: &Source, file: &Path, wanted: Option<&str>) -> Result<String> {
    if let Some(wanted) = wanted {
        let name = safe(wanted);
        if name.is_empty() || name != wanted {
            return Err(CoreError::usage(
                "bad_name",
                "a conversation cannot be called that",
                "choose a name of at most 128 bytes without control characters",
            ));
        }
        return Ok(name);
    }
    let stem = file.file_stem().map(|stem| stem.to_string_lossy());
    let name = safe(source.name().unwrap_or(stem.as_deref().unwrap_or_default()));
    Ok(if name.is_empty() {
        "Imported".into()
    } else {
        name
    })
}

/// A name without what steers a screen, cut where a character ends.
fn safe(name: &str) -> String {
    let steers = |c: &char| {
        c.is_control()
            || matches!(*c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut safe = String::new();
    for c in name.trim().chars().filter(|c| !steers(c)) {
        if safe.len() + c.len_utf8() > LONGEST_NAME {
            break;
        }
        safe.push(c);
    }
    safe
}

impl Import {
    async fn take(
        &mut self,
        conn: &mut SqliteConnection,
        brought: Brought,
        history: &mut History,
    ) -> Result<()> {
        let at_ms = brought.at_ms.min(self.now_ms);
        if self.too_old_ms.is_some_and(|up_to| at_ms <= up_to) {
            self.too_old += 1;
            return Ok(());
        }
        self.left_out += brought.left_out;
        let id = self.named(&brought.name);
        let mut salt = [0; 16];
        salt.copy_from_slice(&id.0[1..17]);
        let author = safe(brought.sender.trim_start_matches(MARK));
        let said = !author.is_empty();
        let info = Info::Other {
            text: brought.text.clone(),
        };
        let content = match said {
            true => Vec::new(),
            false => serde_json::to_vec(&info).map_err(CoreError::internal)?,
        };
        let message = NewMessage {
            conversation: self.id,
            salt,
            sender: None,
            sender_handle: match said {
                true => format!("{MARK}{author}"),
                false => String::new(),
            },
            own: false,
            kind: match said {
                true => MessageKind::Text,
                false => MessageKind::Info,
            },
            text: &brought.text,
            content: &content,
            at_ms,
            delivery: Delivery::Received,
            traits: Traits {
                id: Some(id),
                reply_to: brought.reply_to.as_deref().map(|name| self.named(name)),
                thread: brought.thread.as_deref().map(|name| self.named(name)),
                ..Traits::default()
            },
        };
        // A name that the file has twice names the first.
        if store::insert_message(conn, &message, history)
            .await?
            .is_some()
        {
            self.messages += 1;
        } else {
            self.left_out += 1;
        }
        Ok(())
    }

    /// The id here of what the file calls so.
    fn named(&self, name: &str) -> MessageId {
        let hash = sealwire_crypto::sha256(&[&self.digest, name.as_bytes()]);
        let mut id = [1; 32];
        id[1..].copy_from_slice(&hash[..31]);
        MessageId(id)
    }
}
