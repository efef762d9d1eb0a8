//! Asking to be let into a conversation, by somebody's link.

use sealwire_protocol::{
    certificate::DeviceCertificate,
    envelope::{Body, JoinRequest},
    ids::ConversationId,
    link::ChatLink,
};

use crate::{
    client::Client,
    envelope,
    error::{CoreError, ErrorKind, Result},
    group,
    store::{self, LogState},
    upkeep,
};

impl Client {
    /// Asks whoever made a link to be let in; they decide. Nothing is joined by this.
    ///
    /// # Errors
    /// `other_organisation`, `already_member`, `link_outdated`, `untrusted_identity`; those of the
    /// directory.
    pub async fn ask_to_join(&self, link: &ChatLink) -> Result<()> {
        let core = &self.core;
        let own = &core.identity;
        if link.organisation != own.organisation || link.organisation_key != own.organisation_key {
            return Err(CoreError::usage(
                "other_organisation",
                format!("the link is of the organisation {}", link.organisation),
                "use it with an account of that organisation: `sealwire account list`",
            ));
        }
        self.check_not_in(&link.conversation).await?;
        let looked = group::lookup(core, &link.handle).await?;
        if looked.contact.key_changed() || looked.contact.account != link.account {
            return Err(CoreError::new(
                ErrorKind::Untrusted,
                "untrusted_identity",
                format!(
                    "the link and the directory show different keys of {}",
                    link.handle
                ),
                "do not use the link; ask them in person",
            ));
        }
        let device = looked
            .devices
            .iter()
            .find(|device| device.device() == link.device)
            .ok_or_else(|| {
                CoreError::usage(
                    "link_outdated",
                    format!("{} made the link on a device that is gone", link.handle),
                    "ask them for a new link",
                )
            })?;
        self.post_request(link, device).await
    }

    async fn check_not_in(&self, id: &ConversationId) -> Result<()> {
        let mut conn = self.core.db.readers.acquire().await?;
        if let Ok(row) = self.log_row(&mut conn, id).await
            && row.state != LogState::Removed
        {
            return Err(CoreError::usage(
                "already_member",
                "you are in this conversation already",
                "open it: `sealwire chat list` shows it",
            ));
        }
        Ok(())
    }

    async fn post_request(&self, link: &ChatLink, to: &DeviceCertificate) -> Result<()> {
        let core = &self.core;
        let mut conn = core.db.writer.lock().await;
        let mut tx = core.db.begin(&mut conn).await?;
        let package = upkeep::make_in(core, &mut tx, false)?;
        let request = JoinRequest::new(
            &link.secret,
            link.conversation,
            &core.certificate,
            package.body.clone(),
        );
        // It is not for the relay to hand out.
        let kept = store::KeyPackageRow {
            uploaded: true,
            ..package
        };
        store::add_key_package(&mut tx, &kept).await?;
        let posting = envelope::seal(core, &Body::JoinRequest(request), to)?;
        store::add_posting(&mut tx, &posting, core.now_ms()).await?;
        tx.commit().await?;
        core.postings.notify_one();
        Ok(())
    }
}
