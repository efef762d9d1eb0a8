//! `Client::export`.

use std::path::Path;

use jiff::tz::TimeZone;
use sealwire_protocol::ids::ConversationId;
use serde::{Deserialize, Serialize};

use super::{
    entry::{Head, SCHEMA},
    run,
    source::Source,
    times,
};
use crate::{client::Client, error::Result, expiry};

/// In which form to write a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// One document for programs; `docs/export.schema.json` describes it.
    #[default]
    Json,
    /// One page to read and print, with plots of the [`Insight`](crate::insight::Insight), without
    /// scripts and without anything from elsewhere.
    Html,
    /// Markdown text (CommonMark 0.31).
    Markdown,
}

impl ExportFormat {
    /// Name of the document in the folder.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Json => "conversation.json",
            Self::Html => "conversation.html",
            Self::Markdown => "conversation.md",
        }
    }
}

/// What to export.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExportOptions {
    /// The form.
    pub format: ExportFormat,
    /// Also write the files that are on this device, decrypted, into `files/`.
    pub files: bool,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ExportInfo {
    /// The folder.
    pub folder: String,
    /// Name of the document in it.
    pub document: String,
    /// Lines of history in it.
    pub messages: u64,
    /// Files in it.
    pub files: u64,
    /// Files that are named in it but are not on this device.
    pub files_missing: u64,
    /// Messages in it that disappear from this device at a set time; from the export they do not.
    pub disappearing: u64,
}

impl Client {
    /// Writes a conversation, as it is on this device, into the new folder `to`, which only its
    /// owner can open. **What is in it is not encrypted.** The folder gets its name when all of it
    /// is there and durable; until then, and if this was killed, it is called `NAME.unfinished-…`.
    /// The days and hours shown are those of this machine's time zone; JSON has UTC.
    ///
    /// Messages whose time is over are removed first, as they are anyway. Those that have yet to
    /// disappear are exported and counted. Messages of blocked people are exported and marked.
    ///
    /// # Errors
    /// `unknown_conversation`, `export_exists`, `bad_folder`, `file_missing` if there is no folder
    /// to make it in, `disk_full`, `file_disk`. Nothing is left behind then.
    pub async fn export(
        &self,
        id: &ConversationId,
        to: &Path,
        options: ExportOptions,
    ) -> Result<ExportInfo> {
        let conversation = self.conversation(id).await?;
        let members = self.members(id).await?;
        expiry::expire(&self.core).await?;
        let insight = match options.format {
            ExportFormat::Html => Some(self.insight(id).await?),
            ExportFormat::Json | ExportFormat::Markdown => None,
        };
        let now_ms = self.core.now_ms();
        let head = Head {
            schema: SCHEMA,
            conversation: conversation.id,
            name: conversation.name,
            kind: conversation.kind,
            topic: conversation.topic,
            exported_at: times::utc(now_ms),
            exported_by: self.core.identity.handle.to_string(),
            members: members.into_iter().map(Into::into).collect(),
            insight,
        };
        let mut source = Source::new(
            &self.core.db,
            &self.core.identity.account,
            self.core.unseen().blocked.clone(),
            *id,
            now_ms,
            !conversation.holds.is_empty(),
        );
        let vault = &self.core.files.vault;
        run::run(&mut source, vault, &head, to, options, &TimeZone::system()).await
    }
}
