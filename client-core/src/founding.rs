//! Founding conversations: groups, announcement groups, and the one of each pair.

use sealwire_crypto::AccountPublic;
use sealwire_protocol::{
    handle::Handle,
    ids::ConversationId,
    policy::{GroupKind, GroupPolicy, GroupRole},
};

use crate::{
    actions::Change,
    client::Client,
    error::{CoreError, ErrorKind, Result},
    group,
    store::{self, LogState, Wish},
    words::role_word,
};

impl Client {
    /// Founds a conversation with `members`; the change is done when they are added.
    ///
    /// # Errors
    /// `bad_name`; those of the directory come with [`Client::done`].
    pub async fn create_conversation(
        &self,
        name: &str,
        members: &[Handle],
    ) -> Result<(ConversationId, Option<Change>)> {
        self.found(GroupKind::Group, name, members).await
    }

    /// Founds a conversation in which only owners and admins write.
    ///
    /// # Errors
    /// As [`Client::create_conversation`].
    pub async fn create_announcement(
        &self,
        name: &str,
        members: &[Handle],
    ) -> Result<(ConversationId, Option<Change>)> {
        self.found(GroupKind::Announcement, name, members).await
    }

    async fn found(
        &self,
        kind: GroupKind,
        name: &str,
        members: &[Handle],
    ) -> Result<(ConversationId, Option<Change>)> {
        let own = &self.core.identity.handle;
        let mut handles: Vec<String> = members
            .iter()
            .filter(|handle| *handle != own)
            .map(ToString::to_string)
            .collect();
        handles.sort();
        handles.dedup();
        let wish = (!handles.is_empty()).then(|| Wish::Add {
            handles,
            role: role_word(GroupRole::Member).into(),
        });
        let mut policy = group::policy(&self.core, kind, name)?;
        let keepers = self.keepers(&mut policy)?;
        let id = policy.conversation();
        let wishes: Vec<Wish> = keepers.into_iter().chain(wish).collect();
        let (log, intent) = group::create(&self.core, &policy, name, &wishes).await?;
        self.follow(log);
        self.core.emit_conversation(&id).await?;
        Ok((id, intent.map(Change::new)))
    }

    /// What the organisation's policy says of records in a new conversation: its rules require a
    /// custodian, and the custodians are to be added. They only read.
    fn keepers(&self, policy: &mut GroupPolicy) -> Result<Option<Wish>> {
        let organisation = self.core.organisation_policy();
        let Some(named) = organisation.filter(|policy| !policy.custodians.is_empty()) else {
            return Ok(None);
        };
        let mut settings = policy.settings().clone();
        settings.custodian_required = true;
        policy.set_settings(settings).map_err(CoreError::internal)?;
        Ok(Some(Wish::Add {
            handles: named.custodians.iter().map(ToString::to_string).collect(),
            role: role_word(GroupRole::Reader).into(),
        }))
    }

    /// The one conversation with somebody: finds it, or founds it. If both found it at the same
    /// time, both groups are followed and the one with the smaller log id is written to.
    ///
    /// # Errors
    /// `yourself`, `blocked`, `untrusted_identity`; those of the directory.
    pub async fn direct(&self, peer: &Handle) -> Result<(ConversationId, Option<Change>)> {
        if self.core.unseen().blocked.contains(peer.as_str()) {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "blocked",
                format!("you blocked {peer}, so your conversation of two is not shown"),
                format!("`sealwire contact unblock {peer}` shows it again"),
            ));
        }
        let account = self.peer(peer).await?;
        let own = self.core.identity.account;
        let mut policy = GroupPolicy::direct(own, &account).map_err(|_| yourself())?;
        let id = policy.conversation();
        let wish = Wish::Add {
            handles: vec![peer.to_string()],
            role: role_word(GroupRole::Owner).into(),
        };
        let known = {
            let mut conn = self.core.db.readers.acquire().await?;
            match store::conversation(&mut conn, &id).await? {
                Some(_) => Some(self.log_row(&mut conn, &id).await?),
                None => None,
            }
        };
        let row = match known {
            Some(row) if row.state != LogState::Removed => row,
            _ => {
                let name = peer.as_str();
                // The other person first: a custodian takes only what has both. Nothing is sent before
                // the custodian is there, too.
                let keepers = self.keepers(&mut policy)?;
                let wishes: Vec<Wish> = Some(wish).into_iter().chain(keepers).collect();
                let (log, intent) = group::create(&self.core, &policy, name, &wishes).await?;
                self.follow(log);
                self.core.emit_conversation(&id).await?;
                return Ok((id, intent.map(Change::new)));
            }
        };
        let works = matches!(row.state, LogState::Active | LogState::Creating);
        if !works || self.core.policy(&row)?.role_of(&account).is_some() {
            return Ok((id, None));
        }
        // They left, or are not in it yet.
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let intent = store::add_intent(&mut tx, &row.id, &wish, 0).await?;
        tx.commit().await?;
        drop(conn);
        self.core.wake(&row.id);
        Ok((id, Some(Change::new(intent))))
    }

    /// The account of somebody; asks the directory only for strangers.
    async fn peer(&self, peer: &Handle) -> Result<AccountPublic> {
        let known = {
            let mut conn = self.core.db.readers.acquire().await?;
            store::contact(&mut conn, peer).await?
        };
        let contact = match known {
            Some(contact) => contact,
            None => group::lookup(&self.core, peer).await?.contact,
        };
        if contact.key_changed() {
            return Err(CoreError::new(
                ErrorKind::Untrusted,
                "untrusted_identity",
                format!("the key of {peer} has changed"),
                "ask them in person why before you write to them",
            ));
        }
        Ok(contact.account)
    }
}

fn yourself() -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "yourself",
        "a direct conversation needs somebody else",
        "name another person: `sealwire contact list` shows whom you know",
    )
}
