//! Links to conversations that are made here, and what is decided of those who ask by them.
//! Nobody is let in by a link alone.

use sealwire_crypto::SecretBytes;
use sealwire_protocol::{
    certificate::DeviceCertificate,
    envelope::JoinRequest,
    ids::ConversationId,
    link::ChatLink,
    policy::{Action, GroupKind, GroupRole},
};

use crate::{
    actions::Change,
    api::{ChatLinkInfo, ChatLinkTerms, Event, JoinRequestInfo, NewChatLinkInfo},
    client::Client,
    core::Core,
    error::{CoreError, ErrorKind, Result},
    store::{self, ChatLinkRow, JoinRequestRow, LogRow, Wish},
    words::{parse_role, role_word},
};

const MAX_USES: u32 = 1_000;
const MAX_LIFE_S: u64 = 30 * 86_400;
/// Links of one conversation that are good at the same time: each is tried on each request.
const MAX_LINKS: usize = 64;
/// Links and requests are forgotten this long after the link ran out.
const KEPT_MS: u64 = 30 * 86_400_000;

fn refused(why: &str) -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        "bad_join_request",
        format!("somebody asked to be let into a conversation, but {why}"),
        "nothing was changed; if you expect somebody, make a new link with `sealwire chat invite`",
    )
}

fn check_terms(terms: &ChatLinkTerms) -> Result<()> {
    let role = parse_role(&terms.role)?;
    if !matches!(role, GroupRole::Member | GroupRole::Reader) {
        return Err(CoreError::usage(
            "bad_role",
            "a link lets in members or readers",
            "change the role afterwards: `sealwire chat member role`",
        ));
    }
    if !(1..=MAX_USES).contains(&terms.uses) || !(1..=MAX_LIFE_S).contains(&terms.expires_in_s) {
        return Err(CoreError::usage(
            "bad_terms",
            "a link is good for 1 to 1,000 people and up to 30 days",
            "choose other values of --uses and --expires",
        ));
    }
    Ok(())
}

impl ChatLinkRow {
    fn state(&self, now_ms: u64) -> &'static str {
        if self.withdrawn {
            "withdrawn"
        } else if self.expires_at <= now_ms {
            "expired"
        } else if self.uses >= self.max_uses {
            "used"
        } else {
            "good"
        }
    }
}

impl Client {
    /// Makes a link by which members of the organisation may ask to be let in. Requests come to
    /// this device.
    ///
    /// # Errors
    /// `not_allowed` for those who may not add people; `bad_role`, `bad_terms`, `too_many_links`,
    /// `direct`; those of [`Client::send`].
    pub async fn make_chat_link(
        &self,
        id: &ConversationId,
        terms: &ChatLinkTerms,
    ) -> Result<NewChatLinkInfo> {
        check_terms(terms)?;
        let now = self.core.now_ms();
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let row = self
            .writable(&mut tx, id, Action::Add, "let people in")
            .await?;
        if self.core.policy(&row)?.kind() == GroupKind::Direct {
            return Err(CoreError::usage(
                "direct",
                "a direct conversation has two people",
                "create a conversation for more: `sealwire chat create`",
            ));
        }
        store::forget_old_links(&mut tx, now.saturating_sub(KEPT_MS)).await?;
        let links = store::chat_links(&mut tx, id).await?;
        if links
            .iter()
            .filter(|link| link.state(now) == "good")
            .count()
            >= MAX_LINKS
        {
            return Err(CoreError::usage(
                "too_many_links",
                format!("this conversation has {MAX_LINKS} links that are good"),
                "withdraw one first: `sealwire chat invite withdraw`",
            ));
        }
        let expires_at = now + terms.expires_in_s * 1_000;
        let new = ChatLinkRow {
            id: 0,
            conversation: *id,
            secret: SecretBytes::generate(&mut rand::rng()),
            role: terms.role.clone(),
            expires_at,
            max_uses: terms.uses,
            uses: 0,
            withdrawn: false,
        };
        let number = store::add_chat_link(&mut tx, &new).await?;
        tx.commit().await?;
        let identity = &self.core.identity;
        let link = ChatLink {
            relay: identity.endpoint.address.clone(),
            tls: identity.endpoint.tls,
            organisation: identity.organisation.clone(),
            organisation_key: identity.organisation_key,
            handle: identity.handle.clone(),
            account: identity.account,
            device: identity.device,
            conversation: *id,
            secret: new.secret,
        };
        Ok(NewChatLinkInfo {
            number,
            link: link.to_text().to_string(),
            expires_at,
        })
    }

    /// The links to a conversation that this device made.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn chat_links(&self, id: &ConversationId) -> Result<Vec<ChatLinkInfo>> {
        let now = self.core.now_ms();
        let mut conn = self.core.db.readers.acquire().await?;
        let links = store::chat_links(&mut conn, id).await?;
        Ok(links
            .into_iter()
            .map(|link| ChatLinkInfo {
                number: link.id,
                state: link.state(now).into(),
                role: link.role,
                expires_at: link.expires_at,
                uses: link.uses,
                max_uses: link.max_uses,
            })
            .collect())
    }

    /// Ends a link. Who asked by it before still waits for a decision.
    ///
    /// # Errors
    /// `unknown_link`.
    pub async fn withdraw_chat_link(&self, number: i64) -> Result<()> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        if !store::withdraw_chat_link(&mut tx, number).await? {
            return Err(CoreError::usage(
                "unknown_link",
                format!("there is no link {number} on this device"),
                "`sealwire chat invite list` shows the links of a conversation",
            ));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Who asked to be let in and waits for a decision.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn join_requests(&self) -> Result<Vec<JoinRequestInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let mut list = Vec::new();
        for row in store::join_requests(&mut conn).await? {
            let known = store::conversation(&mut conn, &row.conversation).await?;
            list.push(info(
                &row,
                known.map(|known| known.name).unwrap_or_default(),
            ));
        }
        Ok(list)
    }

    /// Lets somebody in who asked.
    ///
    /// # Errors
    /// `unknown_request`; those of [`Client::send`].
    pub async fn admit(&self, number: i64) -> Result<Change> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let asked = store::join_request(&mut tx, number)
            .await?
            .ok_or_else(|| unknown_request(number))?;
        let row = self
            .writable(&mut tx, &asked.conversation, Action::Add, "let people in")
            .await?;
        let wish = Wish::Admit {
            handle: asked.certificate.handle().to_string(),
            role: role_word(parse_role(&asked.role)?).into(),
            device: asked.certificate.device().to_string(),
            key_package: data_encoding::BASE64.encode(&asked.key_package),
        };
        let intent = store::add_intent(&mut tx, &row.id, &wish, 0).await?;
        store::decide_join_request(&mut tx, number, true).await?;
        tx.commit().await?;
        drop(conn);
        self.core.wake(&row.id);
        Ok(Change::new(intent))
    }

    /// Turns a request down. They are not told.
    ///
    /// # Errors
    /// `unknown_request`.
    pub async fn refuse(&self, number: i64) -> Result<()> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        if store::join_request(&mut tx, number).await?.is_none() {
            return Err(unknown_request(number));
        }
        store::decide_join_request(&mut tx, number, false).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn unknown_request(number: i64) -> CoreError {
    CoreError::usage(
        "unknown_request",
        format!("no request {number} waits for a decision"),
        "`sealwire chat requests` shows those that do",
    )
}

fn info(row: &JoinRequestRow, name: String) -> JoinRequestInfo {
    JoinRequestInfo {
        number: row.id,
        conversation: row.conversation.to_string(),
        name,
        handle: row.certificate.handle().to_string(),
        fingerprint: sealwire_crypto::fingerprint(row.certificate.account().as_bytes()),
        role: row.role.clone(),
        asked_at: row.asked_at,
    }
}

/// Takes a request out of the inbox, from a sender whom the directory knows.
pub(crate) async fn take(
    core: &Core,
    request: &JoinRequest,
    sender: &DeviceCertificate,
    sent_at_s: u64,
) -> Result<()> {
    let now = core.now_ms();
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    if store::person_setting(&mut tx, sender.handle().as_str())
        .await?
        .blocked
    {
        return Ok(());
    }
    let link = store::chat_links(&mut tx, &request.conversation)
        .await?
        .into_iter()
        .find(|link| request.verify_mac(&link.secret, sender).is_ok())
        .ok_or_else(|| refused("they had no link that was made here"))?;
    let again = store::has_asked(&mut tx, link.id, sender.handle().as_str()).await?;
    match link.state(now) {
        "good" => {}
        "used" if again => {}
        "used" => return Err(refused("the link was used by as many as it was made for")),
        "expired" => return Err(refused("the link has run out")),
        _ => return Err(refused("the link was withdrawn")),
    }
    let known = store::conversation(&mut tx, &request.conversation)
        .await?
        .ok_or_else(|| refused("the conversation is gone"))?;
    let row = LogRow::load(&mut tx, &known.log).await?;
    let policy = row.and_then(|row| core.policy(&row).ok());
    if policy.is_some_and(|policy| policy.role_of(sender.account()).is_some()) {
        return Ok(());
    }
    let added = store::add_join_request(
        &mut tx,
        &link,
        sender,
        &request.key_package,
        sent_at_s.saturating_mul(1_000),
    )
    .await?;
    let asked = match added {
        Some(number) => store::join_request(&mut tx, number).await?,
        None => None,
    };
    tx.commit().await?;
    drop(conn);
    if let Some(asked) = asked {
        core.emit(Event::JoinRequest(info(&asked, known.name)));
    }
    Ok(())
}
