//! People: contacts, verification, invitations, the account's devices, members of the
//! organisation.

use sealwire_crypto::{OrganisationPublic, SafetyNumber, SecretBytes, SignContext};
use sealwire_protocol::{
    account::{B64, MemberInfo as OrgMember, NewInvitation, OrgRole, Revocation},
    certificate::DeviceKind,
    handle::Handle,
    ids::DeviceId,
    link::{DeviceLink, InvitationCode, JoinLink},
    proof::{revocation_message, verify_enrolment_mac},
};
use sqlx::SqliteConnection;
use zeroize::Zeroizing;

use crate::{
    api::{ContactInfo, DeviceInfo, InvitationInfo, NewInvitationInfo},
    client::Client,
    error::{CoreError, ErrorKind, Result},
    group,
    inbox::CERTIFICATE_SLACK_S,
    store::{self, ContactRow, PersonSetting},
    withdraw,
};

/// How long a device link can be used, milliseconds.
const LINK_LIFE_MS: u64 = 10 * 60_000;

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

async fn known(conn: &mut SqliteConnection, handle: &Handle) -> Result<ContactRow> {
    store::contact(conn, handle).await?.ok_or_else(|| {
        CoreError::new(
            ErrorKind::Usage,
            "unknown_contact",
            format!("this profile does not know {handle} yet"),
            format!("`sealwire contact add {handle}` asks the directory"),
        )
    })
}

impl Client {
    /// Everybody this profile knows.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn contacts(&self) -> Result<Vec<ContactInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let rows = store::contacts(&mut conn).await?;
        let mut settings = store::person_settings(&mut conn).await?;
        let mut of = |row: &ContactRow| settings.remove(row.handle.as_str()).unwrap_or_default();
        Ok(rows
            .iter()
            .map(|row| self.contact_info(row, of(row)))
            .collect())
    }

    /// Looks a handle up in the directory and remembers its key.
    ///
    /// # Errors
    /// `unknown_handle`, `bad_directory`, network errors.
    pub async fn lookup(&self, handle: &Handle) -> Result<ContactInfo> {
        let looked = group::lookup(&self.core, handle).await?;
        let mut conn = self.core.db.readers.acquire().await?;
        let setting = store::person_setting(&mut conn, handle.as_str()).await?;
        Ok(self.contact_info(&looked.contact, setting))
    }

    /// One contact as known, without asking the directory.
    ///
    /// # Errors
    /// `unknown_contact`.
    pub async fn contact(&self, handle: &Handle) -> Result<ContactInfo> {
        let mut conn = self.core.db.readers.acquire().await?;
        let row = known(&mut conn, handle).await?;
        let setting = store::person_setting(&mut conn, handle.as_str()).await?;
        Ok(self.contact_info(&row, setting))
    }

    /// What the QR code of the safety number with somebody carries, 65 bytes
    /// ([`SafetyNumber::qr_payload`]): the same on both sides.
    ///
    /// # Errors
    /// `unknown_contact`.
    pub async fn safety_qr(&self, handle: &Handle) -> Result<Vec<u8>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let row = known(&mut conn, handle).await?;
        Ok(self.safety_number(&row).qr_payload())
    }

    /// Whether the payload of a QR code that somebody shows is that of the same two accounts and
    /// keys. Nothing is marked by it.
    ///
    /// # Errors
    /// `unknown_contact`.
    pub async fn matches_safety_qr(&self, handle: &Handle, payload: &[u8]) -> Result<bool> {
        let mut conn = self.core.db.readers.acquire().await?;
        let row = known(&mut conn, handle).await?;
        Ok(self.safety_number(&row).matches_qr(payload))
    }

    /// The person compared the safety number with somebody and found it equal to `number` (60 digits,
    /// however they are spaced), or takes that back (none). If the key has changed, it is the number of
    /// the new one, which counts from now on.
    ///
    /// # Errors
    /// `unknown_contact`; `untrusted_identity` if the number is not the one to compare now.
    pub async fn set_verified(&self, handle: &Handle, number: Option<&str>) -> Result<ContactInfo> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let row = known(&mut tx, handle).await?;
        match number {
            None => store::unverify(&mut tx, handle).await?,
            Some(number) if digits(number) == digits(&self.safety_number(&row).to_string()) => {
                store::verify(&mut tx, handle, row.shown()).await?;
                if row.key_changed() {
                    store::look_up_later(&mut tx, handle, self.core.now_ms()).await?;
                }
            }
            Some(_) => {
                return Err(CoreError::new(
                    ErrorKind::Untrusted,
                    "untrusted_identity",
                    format!("this is not the safety number with {handle} now"),
                    "compare all twelve groups with what is shown on their device",
                ));
            }
        }
        tx.commit().await?;
        drop(conn);
        self.contact(handle).await
    }

    fn safety_number(&self, row: &ContactRow) -> SafetyNumber {
        let identity = &self.core.identity;
        SafetyNumber::new(
            (identity.handle.as_str(), &identity.account),
            (row.handle.as_str(), row.shown()),
        )
    }

    fn contact_info(&self, row: &ContactRow, setting: PersonSetting) -> ContactInfo {
        let number = self.safety_number(row);
        ContactInfo {
            handle: row.handle.to_string(),
            kind: row.kind,
            fingerprint: sealwire_crypto::fingerprint(row.shown().as_bytes()),
            verified: row.verified && !row.key_changed(),
            key_changed: row.key_changed(),
            safety_number: number.to_string(),
            nickname: setting.nickname,
            blocked: setting.blocked,
        }
    }

    /// Makes an invitation for a new account.
    ///
    /// # Errors
    /// `forbidden` without the role for it; network errors.
    pub async fn invite(&self, role: OrgRole, expires_in_s: u64) -> Result<NewInvitationInfo> {
        self.invite_kind(role, DeviceKind::Person, expires_in_s)
            .await
    }

    /// Makes an invitation for a new account of a kind: a person, an agent or a records custodian.
    ///
    /// # Errors
    /// As [`Client::invite`].
    pub async fn invite_kind(
        &self,
        role: OrgRole,
        kind: DeviceKind,
        expires_in_s: u64,
    ) -> Result<NewInvitationInfo> {
        let code = InvitationCode::generate(&mut rand::rng());
        let secret = SecretBytes::generate(&mut rand::rng());
        let made = self
            .core
            .account
            .new_invitation(&NewInvitation {
                code_hash: B64::from(code.hash()),
                role,
                kind,
                expires_in_s,
            })
            .await?;
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        store::save_invitation(&mut tx, made.id, (&secret, kind), made.expires_at_s).await?;
        tx.commit().await?;
        let identity = &self.core.identity;
        let link = JoinLink {
            relay: identity.endpoint.address.clone(),
            tls: identity.endpoint.tls,
            organisation: identity.organisation.clone(),
            organisation_key: identity.organisation_key,
            code,
            secret: Some(secret),
            kind,
        };
        Ok(NewInvitationInfo {
            id: made.id,
            link: link.to_text().to_string(),
            expires_at_s: made.expires_at_s,
        })
    }

    /// Invitations, and whether those used were used by whom they were given to.
    ///
    /// # Errors
    /// `forbidden` without the role for it; network errors.
    pub async fn invitations(&self) -> Result<Vec<InvitationInfo>> {
        let mut list = Vec::new();
        for made in self.core.account.invitations().await?.invitations {
            let own = {
                let mut conn = self.core.db.readers.acquire().await?;
                store::invitation_secret(&mut conn, made.id).await?
            };
            let invited = own.as_ref().and_then(|(_, kind)| *kind);
            let kind = invited.unwrap_or(made.kind);
            let genuine = match (own, &made.used_by, &made.mac) {
                (Some((secret, _)), Some(handle), Some(mac)) => {
                    self.genuine((&secret, kind), handle, &mac.0).await?
                }
                _ => None,
            };
            list.push(InvitationInfo {
                id: made.id,
                role: made.role,
                kind,
                expires_at_s: made.expires_at_s,
                used_by: made.used_by,
                genuine,
            });
        }
        Ok(list)
    }

    /// Whether the account `handle` is of whoever had the link, and what they were invited to be: as the
    /// link said it, and as its devices say.
    async fn genuine(
        &self,
        (secret, kind): (&SecretBytes<32>, DeviceKind),
        handle: &str,
        mac: &[u8],
    ) -> Result<Option<bool>> {
        let Ok(handle) = Handle::parse(handle) else {
            return Ok(None);
        };
        let looked = group::lookup(&self.core, &handle).await?;
        let account = &looked.contact.account;
        let had_link = verify_enrolment_mac(secret, kind, &handle, account, mac).is_ok();
        let is_that = looked.devices.iter().all(|device| device.kind() == kind);
        Ok(Some(had_link && is_that))
    }

    /// Withdraws an invitation.
    ///
    /// # Errors
    /// `forbidden` without the role for it; network errors.
    pub async fn withdraw_invitation(&self, id: u64) -> Result<()> {
        self.core.account.delete_invitation(id).await
    }

    /// Members of the organisation in order of handle.
    ///
    /// # Errors
    /// Network errors.
    pub async fn organisation_members(&self) -> Result<Vec<OrgMember>> {
        let mut all: Vec<OrgMember> = Vec::new();
        loop {
            let after = all.last().map(|member| member.handle.clone());
            let page = self.core.account.members(after.as_deref()).await?.members;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Suspends an account, or ends its suspension.
    ///
    /// # Errors
    /// `forbidden` without the role for it; `last_owner`; network errors.
    pub async fn set_suspended(&self, handle: &Handle, suspended: bool) -> Result<()> {
        if suspended {
            self.core.account.suspend(handle.as_str()).await
        } else {
            self.core.account.resume(handle.as_str()).await
        }
    }

    /// Gives an account a role in the organisation.
    ///
    /// # Errors
    /// `forbidden` without the role for it; `last_owner`; network errors.
    pub async fn set_organisation_role(&self, handle: &Handle, role: OrgRole) -> Result<()> {
        self.core.account.set_role(handle.as_str(), role).await
    }

    /// Makes a link by which a further device joins this account; good once, for ten minutes,
    /// while this profile is open.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn device_link(&self) -> Result<Zeroizing<String>> {
        let identity = &self.core.identity;
        let secret = SecretBytes::generate(&mut rand::rng());
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let until = self.core.now_ms() + LINK_LIFE_MS;
        store::save_device_link(&mut tx, &secret, until).await?;
        tx.commit().await?;
        Ok(DeviceLink {
            relay: identity.endpoint.address.clone(),
            tls: identity.endpoint.tls,
            organisation: identity.organisation.clone(),
            organisation_key: identity.organisation_key,
            handle: identity.handle.clone(),
            account: identity.account,
            device: identity.device,
            inbox: identity.inbox_key.public(),
            secret,
        }
        .to_text())
    }

    /// The devices of this account.
    ///
    /// # Errors
    /// Network errors.
    pub async fn devices(&self) -> Result<Vec<DeviceInfo>> {
        let looked = group::lookup(&self.core, &self.core.identity.handle).await?;
        Ok(looked
            .devices
            .iter()
            .map(|device| DeviceInfo {
                id: device.device().to_string(),
                this: device.device() == self.core.identity.device,
                linked_at_s: device
                    .body()
                    .not_before_s
                    .saturating_add(CERTIFICATE_SLACK_S),
                expires_at_s: device.body().not_after_s,
            })
            .collect())
    }

    /// Withdraws a device of this account; this and the account's other devices then take it out of
    /// the conversations.
    ///
    /// # Errors
    /// `no_account_key`; network errors.
    pub async fn revoke_device(&self, device: &DeviceId) -> Result<()> {
        let key = self.core.identity.account_secret.as_ref().ok_or_else(|| {
            CoreError::new(
                ErrorKind::Policy,
                "no_account_key",
                "this device does not hold the account key",
                "use another device of the account",
            )
        })?;
        let at_s = self.core.now_s();
        let signature = key.sign(SignContext::Revocation, &revocation_message(device, at_s));
        let body = Revocation {
            device: B64::from(device),
            at_s,
            signature: B64::from(signature.0),
        };
        self.core.account.revoke_device(device, &body).await?;
        withdraw::take_out_revoked(&self.core).await
    }

    /// The organisation key this profile has pinned.
    pub fn organisation_key(&self) -> Option<OrganisationPublic> {
        self.core.identity.organisation_key
    }
}
