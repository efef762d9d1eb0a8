//! Who this profile is.

use sealwire_crypto::{
    AccountKey, AccountPublic, DeviceKey, InboxKey, OrganisationKey, OrganisationPublic,
    SecretBytes,
};
use sealwire_protocol::{
    certificate::{DeviceCertificate, DeviceKind, UnverifiedCertificate},
    handle::Handle,
    ids::DeviceId,
    link::{RelayAddress, TlsMode},
};
use sqlx::{Row, SqliteConnection};
use zeroize::Zeroizing;

use super::{damaged, from_db, to_db};
use crate::{
    error::{CoreError, ErrorKind, Result},
    net::Endpoint,
};

/// Keys and names of this profile. Has no `Debug`: it holds every long-term secret.
pub(crate) struct Identity {
    pub(crate) handle: Handle,
    pub(crate) organisation: String,
    pub(crate) organisation_key: Option<OrganisationPublic>,
    pub(crate) organisation_secret: Option<OrganisationKey>,
    pub(crate) account: AccountPublic,
    /// Absent on a device that was linked without it.
    pub(crate) account_secret: Option<AccountKey>,
    pub(crate) device: DeviceId,
    pub(crate) device_key: DeviceKey,
    pub(crate) inbox_key: InboxKey,
    pub(crate) certificate: Option<DeviceCertificate>,
    pub(crate) endpoint: Endpoint,
}

/// What is still to do before the profile can be used.
#[derive(Default)]
pub(crate) struct Unfinished {
    /// `Enrol` request that was not answered yet, JSON.
    pub(crate) enrolment: Option<Zeroizing<String>>,
}

fn unfinished() -> CoreError {
    CoreError::new(
        ErrorKind::Locked,
        "profile_unfinished",
        "the account on this device was not completed",
        "nothing was sent yet: remove this profile's folder and join again",
    )
}

fn optional(bytes: Vec<u8>) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = Zeroizing::new(bytes);
    (!bytes.is_empty()).then_some(bytes)
}

fn seed(bytes: &[u8]) -> Result<SecretBytes<32>> {
    SecretBytes::from_slice(bytes).map_err(|_| damaged("key"))
}

impl Identity {
    /// Reads the profile's row.
    pub(crate) async fn load(conn: &mut SqliteConnection) -> Result<(Self, Unfinished)> {
        let row = sqlx::query("SELECT * FROM profile WHERE id = 1")
            .fetch_optional(conn)
            .await?
            .ok_or_else(unfinished)?;
        let bytes = |column: &str| Zeroizing::new(row.get::<Vec<u8>, _>(column));
        let organisation_key = optional(row.get("organisation_key"))
            .map(|key| OrganisationPublic::from_bytes(&key))
            .transpose()
            .map_err(|_| damaged("organisation key"))?;
        let certificate = optional(row.get("certificate"))
            .map(|bytes| UnverifiedCertificate::parse(&bytes)?.verify())
            .transpose()
            .map_err(|_| damaged("certificate"))?;
        let pin = bytes("relay_pin");
        let identity = Self {
            handle: Handle::parse(row.get("handle")).map_err(|_| damaged("handle"))?,
            organisation: row.get("organisation"),
            organisation_key,
            organisation_secret: optional(row.get("organisation_seed"))
                .map(|bytes| seed(&bytes).map(|seed| OrganisationKey::from_seed(&seed)))
                .transpose()?,
            account: AccountPublic::from_bytes(&bytes("account_key"))
                .map_err(|_| damaged("account key"))?,
            account_secret: optional(row.get("account_seed"))
                .map(|bytes| seed(&bytes).map(|seed| AccountKey::from_seed(&seed)))
                .transpose()?,
            device: DeviceId::from_slice(&bytes("device")).map_err(|_| damaged("device id"))?,
            device_key: DeviceKey::from_seed(&seed(&bytes("device_seed"))?),
            inbox_key: InboxKey::from_seed(&seed(&bytes("inbox_seed"))?),
            certificate,
            endpoint: Endpoint {
                address: RelayAddress::new(
                    row.get("relay_host"),
                    u16::try_from(row.get::<i64, _>("relay_port"))
                        .map_err(|_| damaged("relay address"))?,
                )
                .map_err(|_| damaged("relay address"))?,
                tls: match <[u8; 32]>::try_from(pin.as_slice()) {
                    Ok(pin) => TlsMode::Pinned(pin),
                    Err(_) => TlsMode::WebPki,
                },
            },
        };
        let enrolment: String = row.get("enrolment");
        let unfinished = Unfinished {
            enrolment: (!enrolment.is_empty()).then(|| Zeroizing::new(enrolment)),
        };
        Ok((identity, unfinished))
    }

    /// Writes the profile's row.
    pub(crate) async fn save(
        &self,
        conn: &mut SqliteConnection,
        unfinished: &Unfinished,
    ) -> Result<()> {
        let secret = |seed: Option<SecretBytes<32>>| {
            Zeroizing::new(seed.map_or_else(Vec::new, |seed| seed.expose().to_vec()))
        };
        sqlx::query(
            "INSERT OR REPLACE INTO profile (id, handle, organisation, organisation_key,
                 organisation_seed, account_key, account_seed, device, device_seed, inbox_seed,
                 certificate, relay_host, relay_port, relay_pin, enrolment, inbox_cursor)
             VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                 coalesce((SELECT inbox_cursor FROM profile WHERE id = 1), 0))",
        )
        .bind(self.handle.to_string())
        .bind(&self.organisation)
        .bind(
            self.organisation_key
                .map_or_else(Vec::new, |key| key.as_bytes().to_vec()),
        )
        .bind(secret(self.organisation_secret.as_ref().map(OrganisationKey::seed)).as_slice())
        .bind(self.account.as_bytes().as_slice())
        .bind(secret(self.account_secret.as_ref().map(AccountKey::seed)).as_slice())
        .bind(self.device.as_bytes().as_slice())
        .bind(self.device_key.seed().expose().as_slice())
        .bind(self.inbox_key.seed().expose().as_slice())
        .bind(
            self.certificate
                .as_ref()
                .map_or_else(Vec::new, |c| c.as_bytes().to_vec()),
        )
        .bind(self.endpoint.address.host())
        .bind(i64::from(self.endpoint.address.port()))
        .bind(match &self.endpoint.tls {
            TlsMode::Pinned(pin) => pin.to_vec(),
            TlsMode::WebPki => Vec::new(),
        })
        .bind(
            unfinished
                .enrolment
                .as_ref()
                .map_or("", |json| json.as_str()),
        )
        .execute(conn)
        .await?;
        Ok(())
    }
}

/// Highest inbox item that was processed.
pub(crate) async fn inbox_cursor(conn: &mut SqliteConnection) -> Result<u64> {
    let cursor: i64 = sqlx::query_scalar("SELECT inbox_cursor FROM profile WHERE id = 1")
        .fetch_one(conn)
        .await?;
    Ok(from_db(cursor))
}

/// Moves [`inbox_cursor`] on.
pub(crate) async fn set_inbox_cursor(conn: &mut SqliteConnection, cursor: u64) -> Result<()> {
    sqlx::query("UPDATE profile SET inbox_cursor = max(inbox_cursor, ?) WHERE id = 1")
        .bind(to_db(cursor))
        .execute(conn)
        .await?;
    Ok(())
}

/// Remembers the secret of an invitation made here, and for what it was made.
pub(crate) async fn save_invitation(
    conn: &mut SqliteConnection,
    id: u64,
    (secret, kind): (&SecretBytes<32>, DeviceKind),
    expires_at_s: u64,
) -> Result<()> {
    sqlx::query(
        "INSERT OR REPLACE INTO invitation (id, secret, expires_at_s, kind) VALUES (?, ?, ?, ?)",
    )
    .bind(to_db(id))
    .bind(secret.expose().as_slice())
    .bind(to_db(expires_at_s))
    .bind(kind.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// The secret of an invitation made here, and for what it was made, if that was noted.
pub(crate) async fn invitation_secret(
    conn: &mut SqliteConnection,
    id: u64,
) -> Result<Option<(SecretBytes<32>, Option<DeviceKind>)>> {
    let found: Option<(Vec<u8>, String)> =
        sqlx::query_as("SELECT secret, kind FROM invitation WHERE id = ?")
            .bind(to_db(id))
            .fetch_optional(conn)
            .await?;
    found
        .map(|(bytes, kind)| Ok((seed(&Zeroizing::new(bytes))?, DeviceKind::parse(&kind))))
        .transpose()
}

/// Remembers a device link handed out here until `expires_at`.
pub(crate) async fn save_device_link(
    conn: &mut SqliteConnection,
    secret: &SecretBytes<32>,
    expires_at: u64,
) -> Result<()> {
    sqlx::query("INSERT INTO device_link (secret, expires_at) VALUES (?, ?)")
        .bind(secret.expose().as_slice())
        .bind(to_db(expires_at))
        .execute(conn)
        .await?;
    Ok(())
}

/// Device links that have not run out.
pub(crate) async fn device_links(
    conn: &mut SqliteConnection,
    now_ms: u64,
) -> Result<Vec<SecretBytes<32>>> {
    sqlx::query("DELETE FROM device_link WHERE expires_at < ?")
        .bind(to_db(now_ms))
        .execute(&mut *conn)
        .await?;
    let rows: Vec<Vec<u8>> = sqlx::query_scalar("SELECT secret FROM device_link")
        .fetch_all(conn)
        .await?;
    rows.into_iter()
        .map(|bytes| seed(&Zeroizing::new(bytes)))
        .collect()
}

/// A device link works once.
pub(crate) async fn forget_device_link(
    conn: &mut SqliteConnection,
    secret: &SecretBytes<32>,
) -> Result<()> {
    sqlx::query("DELETE FROM device_link WHERE secret = ?")
        .bind(secret.expose().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}
