//! What this device alone remembers: mute, pin, archive, folders, nicknames, blocked people.

use sealwire_protocol::{handle::Handle, ids::ConversationId};

use crate::{
    api::{ContactInfo, LocalSettings},
    client::Client,
    core::Core,
    error::{CoreError, ErrorKind, Result},
    store,
    unseen::Unseen,
};

/// Longest folder or nickname in bytes.
const MAX_LOCAL_NAME: usize = 128;

/// Reads anew whom and what this device does not show.
pub(crate) async fn reload(core: &Core) -> Result<()> {
    let mut conn = core.db.readers.acquire().await?;
    let people = store::person_settings(&mut conn).await?;
    let hidden = store::hidden_conversations(&mut conn).await?;
    let unseen = Unseen {
        blocked: people
            .into_iter()
            .filter(|(_, setting)| setting.blocked)
            .map(|(handle, _)| handle)
            .collect(),
        hidden: hidden.iter().map(ToString::to_string).collect(),
    };
    core.set_unseen(unseen);
    Ok(())
}

fn check_name(name: &str) -> Result<()> {
    if name.len() > MAX_LOCAL_NAME || name.chars().any(char::is_control) {
        return Err(CoreError::new(
            ErrorKind::Usage,
            "bad_name",
            "the name is too long or holds control characters",
            "choose one of at most 128 bytes without control characters",
        ));
    }
    Ok(())
}

impl Client {
    async fn change(
        &self,
        id: &ConversationId,
        change: impl FnOnce(&mut LocalSettings) + Send,
    ) -> Result<()> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        store::conversation(&mut tx, id)
            .await?
            .ok_or_else(crate::reading::unknown_conversation)?;
        let mut settings = store::local_settings(&mut tx, id).await?;
        change(&mut settings);
        store::save_local_settings(&mut tx, id, &settings).await?;
        tx.commit().await?;
        drop(conn);
        self.core.emit_conversation(id).await
    }

    /// Notifies nothing of a conversation until then, milliseconds since the Unix epoch
    /// ([`FOREVER_MS`](crate::api::FOREVER_MS) for good); `None` ends that.
    ///
    /// # Errors
    /// `unknown_conversation`.
    pub async fn mute(&self, id: &ConversationId, until: Option<u64>) -> Result<()> {
        self.change(id, |settings| settings.muted_until = until)
            .await
    }

    /// Pins a conversation behind those pinned before, or lets it go.
    ///
    /// # Errors
    /// `unknown_conversation`.
    pub async fn pin(&self, id: &ConversationId, pinned: bool) -> Result<()> {
        let last = {
            let mut conn = self.core.db.readers.acquire().await?;
            store::last_pin(&mut conn).await?
        };
        self.change(id, |settings| match (pinned, settings.pinned) {
            (true, 0) => settings.pinned = last + 1,
            (true, _) => {}
            (false, _) => settings.pinned = 0,
        })
        .await
    }

    /// Takes a conversation out of the ordinary list, or puts it back.
    ///
    /// # Errors
    /// `unknown_conversation`.
    pub async fn archive(&self, id: &ConversationId, archived: bool) -> Result<()> {
        self.change(id, |settings| settings.archived = archived)
            .await
    }

    /// Marks a conversation as one to come back to; reading it takes the mark away.
    ///
    /// # Errors
    /// `unknown_conversation`.
    pub async fn mark_unread(&self, id: &ConversationId) -> Result<()> {
        self.change(id, |settings| settings.marked_unread = true)
            .await
    }

    /// Puts a conversation into a folder; an empty name takes it out.
    ///
    /// # Errors
    /// `unknown_conversation`, `bad_name`.
    pub async fn set_folder(&self, id: &ConversationId, folder: &str) -> Result<()> {
        check_name(folder)?;
        self.change(id, |settings| folder.clone_into(&mut settings.folder))
            .await
    }

    /// Gives somebody a name that only this device knows; an empty one takes it away.
    ///
    /// # Errors
    /// `unknown_contact`, `bad_name`.
    pub async fn set_nickname(&self, handle: &Handle, nickname: &str) -> Result<ContactInfo> {
        check_name(nickname)?;
        self.contact(handle).await?;
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        store::set_nickname(&mut tx, handle, nickname).await?;
        tx.commit().await?;
        drop(conn);
        self.contact(handle).await
    }

    /// Blocks somebody, or ends that. Their direct messages and the conversations they add this
    /// account to are not shown; in other conversations their messages are folded. They are not
    /// told, and nothing is deleted.
    ///
    /// # Errors
    /// `unknown_contact`; `yourself`.
    pub async fn set_blocked(&self, handle: &Handle, blocked: bool) -> Result<ContactInfo> {
        if *handle == self.core.identity.handle {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "yourself",
                "you cannot block yourself",
                "name somebody else",
            ));
        }
        self.contact(handle).await?;
        let at = if blocked {
            self.core.now_ms().max(1)
        } else {
            0
        };
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        store::set_blocked(&mut tx, handle, at).await?;
        tx.commit().await?;
        drop(conn);
        reload(&self.core).await?;
        self.contact(handle).await
    }
}
