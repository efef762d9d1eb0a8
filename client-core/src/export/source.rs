//! The history of one conversation, page by page, with all that belongs to each line.

use std::collections::{HashMap, HashSet};

use sealwire_crypto::AccountPublic;
use sealwire_protocol::ids::ConversationId;

use crate::{
    api::{MessageInfo, RevisionInfo},
    error::Result,
    profile::Database,
    store::{self, AttachmentRow},
    unseen::Unseen,
};

/// Lines read at once. A text can have 256 KiB.
const PAGE: u32 = 100;

/// Reads a conversation from its beginning.
pub(super) struct Source<'a> {
    db: &'a Database,
    own: &'a AccountPublic,
    unseen: Unseen,
    conversation: ConversationId,
    now_ms: u64,
    held: bool,
    after: u64,
    done: bool,
}

/// A line and what belongs to it.
pub(super) struct Said {
    pub(super) info: MessageInfo,
    /// Texts it had before, oldest first.
    pub(super) earlier: Vec<RevisionInfo>,
    /// Its files, each with its number in this profile.
    pub(super) files: Vec<(i64, AttachmentRow)>,
}

impl<'a> Source<'a> {
    /// Of the conversation `id`, as it is at `now_ms`; if it is `held`, with what disappears
    /// otherwise. `own` is this account.
    pub(super) fn new(
        db: &'a Database,
        own: &'a AccountPublic,
        blocked: HashSet<String>,
        id: ConversationId,
        now_ms: u64,
        held: bool,
    ) -> Self {
        let hidden = HashSet::new();
        Self {
            db,
            own,
            unseen: Unseen { blocked, hidden },
            conversation: id,
            now_ms,
            held,
            after: 0,
            done: false,
        }
    }

    /// The next lines, at the end those that have no place yet; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Said>>> {
        if self.done {
            return Ok(None);
        }
        let id = &self.conversation;
        let mut conn = self.db.readers.acquire().await?;
        let lines = store::messages_after(&mut conn, id, self.after, PAGE).await?;
        let placed = lines.iter().map(|line| line.info.position);
        let placed: Vec<u64> = placed.filter(|position| *position > 0).collect();
        self.done = placed.len() < PAGE as usize;
        self.after = placed.last().copied().unwrap_or(self.after);
        let rows: Vec<i64> = lines.iter().map(|line| line.row).collect();
        let mut files: HashMap<i64, Vec<(i64, AttachmentRow)>> = HashMap::new();
        for (number, file) in store::attachments_among(&mut conn, &rows).await? {
            files.entry(file.message).or_default().push((number, file));
        }
        let mut earlier = Vec::with_capacity(lines.len());
        for line in &lines {
            let edited = line.info.edited_at_ms.is_some() && line.info.deleted.is_none();
            earlier.push(match line.message_id.filter(|_| edited) {
                Some(target) => before(store::revisions(&mut conn, id, &target).await?),
                None => Vec::new(),
            });
        }
        let messages = store::complete(&mut conn, id, self.own, lines).await?;
        let found = messages.into_iter().zip(earlier).zip(rows);
        Ok(Some(
            found
                .map(|((mut info, earlier), row)| {
                    self.unseen.fold(&mut info);
                    let files = files.remove(&row).unwrap_or_default();
                    Said {
                        info,
                        earlier,
                        files,
                    }
                })
                .filter(|said| {
                    self.held || said.info.expires_at_ms.is_none_or(|at| at > self.now_ms)
                })
                .collect(),
        ))
    }
}

/// The texts before the newest.
fn before(mut revisions: Vec<RevisionInfo>) -> Vec<RevisionInfo> {
    revisions.pop();
    revisions
}
