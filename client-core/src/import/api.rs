//! `Client::import` and `Client::forget_imported`.

use std::path::Path;

use jiff::tz::TimeZone;
use sealwire_protocol::ids::ConversationId;
use serde::Serialize;

use super::run;
use crate::{
    api::Event,
    client::Client,
    error::{CoreError, Result},
    holding, store,
};

/// How a file writes its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// 24.11.2026
    DayFirst,
    /// 11/24/2026
    MonthFirst,
}

/// How to import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Name of the conversation here; without one the file's, or its name.
    pub name: Option<String>,
    /// For files whose dates do not tell by themselves.
    pub dates: Option<DateOrder>,
    /// Seconds east of UTC of the times in a file that does not say it; without one, the zone of
    /// this machine.
    pub utc_offset_s: Option<i32>,
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ImportInfo {
    /// The new conversation, hexadecimal.
    pub conversation: String,
    /// Its name.
    pub name: String,
    /// `sealwire` or `whatsapp`.
    pub source: String,
    /// Lines of history in it.
    pub messages: u64,
    /// Lines that are older than this organisation keeps messages; they were left out.
    pub too_old: u64,
    /// Reactions, earlier texts, repeats and files that were left out; files are named in the text.
    pub left_out: u64,
}

impl Client {
    /// Brings the history of a file into this profile, as a conversation of its own in which nobody
    /// can write. It stays on this device, is searched with all else, and goes when it is older
    /// than the organisation keeps messages. All of it is stored, or nothing.
    ///
    /// # Errors
    /// `import_unreadable`, `ambiguous_dates`, `imported_before`, `import_changed`, `bad_name`,
    /// `bad_offset`, `file_missing`, `file_disk`, `disk_full`.
    pub async fn import(&self, file: &Path, options: ImportOptions) -> Result<ImportInfo> {
        let zone = match options.utc_offset_s {
            None => TimeZone::system(),
            Some(seconds) => {
                TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).map_err(|_| {
                    CoreError::usage(
                        "bad_offset",
                        "there is no such offset from UTC",
                        "give one between -12 and +14 hours",
                    )
                })?)
            }
        };
        let info = run::run(&self.core, file, options, zone).await?;
        let id = crate::parse_conversation(&info.conversation)?;
        self.core.emit_conversation(&id).await?;
        Ok(info)
    }

    /// Removes imported history from this device.
    ///
    /// # Errors
    /// `unknown_conversation`; `not_imported`; `legal_hold` while a legal hold keeps it.
    pub async fn forget_imported(&self, id: &ConversationId) -> Result<()> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        store::conversation(&mut tx, id)
            .await?
            .ok_or_else(crate::reading::unknown_conversation)?;
        if !store::is_imported(&mut tx, id).await? {
            return Err(CoreError::usage(
                "not_imported",
                "this conversation was not imported",
                "leave it with `sealwire chat leave`, or archive it",
            ));
        }
        holding::refuse_held(&mut tx, id).await?;
        store::remove_imported(&mut tx, id).await?;
        tx.commit().await?;
        drop(conn);
        self.core.erasures.notify_one();
        self.core.emit(Event::Forgotten {
            conversation: id.to_string(),
        });
        Ok(())
    }
}
