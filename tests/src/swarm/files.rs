//! Orders about files.

use std::path::{Path, PathBuf};

use sealwire_core::api::{AttachmentInfo, NewFile, Post, TransferInfo};
use sealwire_core::{CoreError, parse_conversation};
use serde::{Deserialize, Serialize};

use super::orders::{Answer, Order};
use super::process::Swarm;
use crate::Person;
use crate::wait::PATIENCE;

/// What somebody shall do with files. Files are named by their number in the profile.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileOrder {
    /// Send a file; done when it is in the profile.
    Attach {
        /// Conversation, hexadecimal.
        chat: String,
        /// The file.
        path: PathBuf,
        /// Text beside it.
        caption: String,
    },
    /// List the files of a conversation.
    List {
        /// Hexadecimal.
        chat: String,
    },
    /// List transfers.
    Transfers,
    /// Begin to fetch a file.
    Fetch(i64),
    /// Wait until a file is here.
    Fetched(i64),
    /// Save a file into a folder.
    Save(i64, PathBuf),
    /// Stop a transfer.
    Cancel(i64),
}

/// Does as ordered.
pub(super) async fn obey(member: &Person, order: FileOrder) -> Result<Answer, CoreError> {
    let json =
        |list: serde_json::Result<String>| list.map(Answer::Text).map_err(CoreError::internal);
    match order {
        FileOrder::Attach {
            chat,
            path,
            caption,
        } => {
            let chat = parse_conversation(&chat)?;
            let files = vec![NewFile::at(path)];
            member
                .attach_and_send(&chat, &Post::text(caption), files)
                .await?;
        }
        FileOrder::List { chat } => {
            let files = member.attachments(&parse_conversation(&chat)?).await?;
            let files: Vec<_> = files
                .iter()
                .map(|file| (file.id, file.downloaded))
                .collect();
            return json(serde_json::to_string(&files));
        }
        FileOrder::Transfers => {
            let transfers = member.transfers().await?;
            let far = |info: &TransferInfo| (info.id, info.bytes, info.total);
            let transfers: Vec<_> = transfers.iter().map(far).collect();
            return json(serde_json::to_string(&transfers));
        }
        FileOrder::Fetch(file) => member.download(file).await?,
        FileOrder::Fetched(file) => member.downloaded(file, PATIENCE).await?,
        FileOrder::Save(file, dir) => {
            let path = member.save_as(file, &dir).await?;
            return Ok(Answer::Text(path.display().to_string()));
        }
        FileOrder::Cancel(transfer) => member.cancel_transfer(transfer).await?,
    }
    Ok(Answer::Done)
}

impl Swarm {
    /// A member does something with a file.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn file(&self, who: &str, order: FileOrder) -> Result<(), String> {
        self.about_file(who, order).await.map(drop)
    }

    async fn about_file(&self, who: &str, order: FileOrder) -> Result<Answer, String> {
        let who = who.into();
        self.ask(Order::File { who, order }).await
    }

    async fn told<T: serde::de::DeserializeOwned>(
        &self,
        who: &str,
        order: FileOrder,
    ) -> Result<T, String> {
        match self.about_file(who, order).await? {
            Answer::Text(text) => serde_json::from_str(&text).map_err(|error| error.to_string()),
            other => Err(format!("an answer that does not fit: {other:?}")),
        }
    }

    /// A member's files in a conversation: number, and whether it is here.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn files(&self, who: &str, chat: &str) -> Result<Vec<(i64, bool)>, String> {
        let chat = chat.into();
        self.told(who, FileOrder::List { chat }).await
    }

    /// A member's transfers: number, bytes that have arrived, bytes in all.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn transfers(&self, who: &str) -> Result<Vec<(i64, u64, u64)>, String> {
        self.told(who, FileOrder::Transfers).await
    }

    /// Saves a file into `dir` and says where.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn save(&self, who: &str, file: i64, dir: &Path) -> Result<PathBuf, String> {
        match self
            .about_file(who, FileOrder::Save(file, dir.into()))
            .await?
        {
            Answer::Text(path) => Ok(path.into()),
            other => Err(format!("an answer that does not fit: {other:?}")),
        }
    }
}

/// The one that a person finds in a conversation.
///
/// # Panics
/// If there is another number of files.
pub fn only(files: Vec<AttachmentInfo>) -> AttachmentInfo {
    let [file] = <[_; 1]>::try_from(files).expect("one file");
    file
}
