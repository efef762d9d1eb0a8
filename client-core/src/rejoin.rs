//! Coming back to a group in which this device lost its place, or may have.

use sealwire_protocol::{
    envelope::{Body, Rejoin},
    handle::Handle,
    ids::{ConversationId, LogId},
};

use crate::{
    client::Client,
    core::Core,
    envelope,
    error::{CoreError, ErrorKind, Result},
    group,
    store::{self, LogRow, LogState},
    upkeep,
};

impl Client {
    /// Asks the account's other devices, then the members, to seat this device anew; or `ask` alone,
    /// whose side of a split group this device is to join.
    ///
    /// # Errors
    /// `nobody_to_ask` if this profile knows no device to ask in the group.
    pub async fn rejoin(&self, id: &ConversationId, ask: Option<&Handle>) -> Result<()> {
        let log = {
            let mut conn = self.core.db.readers.acquire().await?;
            self.log_row(&mut conn, id).await?.id
        };
        request_seat(&self.core, log, ask).await?;
        self.core.wake(&log);
        self.core.emit_conversation(id).await
    }

    /// Goes on in a conversation that stopped because it may be split, without the change that this
    /// device refused. For a person who has asked two members and has an owner on this side.
    ///
    /// # Errors
    /// `not_split` if it did not stop for that.
    pub async fn stay(&self, id: &ConversationId) -> Result<()> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let mut row = self.log_row(&mut tx, id).await?;
        if row.state != LogState::Halted(group::SPLIT.into()) {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "not_split",
                "this conversation has not stopped because it may be split",
                "`sealwire chat show` says how it is",
            ));
        }
        store::settle_split(&mut tx, &row).await?;
        row.state = LogState::Active;
        row.save(&mut tx, None).await?;
        tx.commit().await?;
        drop(conn);
        self.core.wake(&row.id);
        self.core.emit_conversation(id).await
    }
}

/// Stores rejoin requests for a group: own devices now, members a minute later. Whoever comes
/// second finds the wish met.
pub(crate) async fn request_seat(core: &Core, log: LogId, ask: Option<&Handle>) -> Result<()> {
    const ASKED: usize = 5;
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let mut row = LogRow::load(&mut tx, &log)
        .await?
        .ok_or_else(|| CoreError::internal("the group is not in the profile"))?;
    let package = upkeep::make_in(core, &mut tx, false)?;
    store::add_key_package(
        &mut tx,
        &store::KeyPackageRow {
            uploaded: true,
            ..package.clone()
        },
    )
    .await?;
    let mut members = store::members(&mut tx, &log).await?;
    members.retain(|leaf| {
        leaf.device() != core.identity.device && ask.is_none_or(|ask| leaf.handle() == ask)
    });
    if members.is_empty() {
        return Err(CoreError::new(
            ErrorKind::Usage,
            "nobody_to_ask",
            "this profile knows no device in the conversation that could be asked",
            "ask a member to remove and add you",
        ));
    }
    let own = core.identity.account;
    members.sort_by_key(|leaf| (*leaf.account() != own, rand::random::<u32>()));
    for leaf in members.iter().take(ASKED) {
        let request = Rejoin {
            log,
            key_package: package.body.clone(),
        };
        let posting = envelope::seal(core, &Body::Rejoin(request), leaf)?;
        let at_once = ask.is_some() || *leaf.account() == own;
        let wait = if at_once { 0 } else { 60_000 };
        let due = core.now_ms() + wait.min(core.options.welcome_delay_max_ms);
        store::add_posting(&mut tx, &posting, due).await?;
    }
    row.state = LogState::Rejoining;
    row.leaf_due_at = core.now_ms() + group::ASK_AGAIN_MS;
    row.save(&mut tx, None).await?;
    tx.commit().await?;
    core.postings.notify_one();
    Ok(())
}
