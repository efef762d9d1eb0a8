//! What accounts are: persons, agents, records custodians.

use sealwire_audit::directory::AccountKind;
use sealwire_protocol::certificate::{DeviceCertificate, DeviceKind};
use sealwire_protocol::problem::Code;
use serde_json::json;
use sqlx::SqliteConnection;

use super::logged::Logged;
use crate::evidence::{Evidence, ORGANISATION};
use crate::refusal::{Answer, Refusal};

/// Parses the stored word.
pub(super) fn parse(word: &str) -> Result<DeviceKind, sqlx::Error> {
    DeviceKind::parse(word).ok_or_else(|| sqlx::Error::Decode("unknown kind of account".into()))
}

/// The kind as the directory's log has it.
pub(super) const fn logged(kind: DeviceKind) -> AccountKind {
    match kind {
        DeviceKind::Person => AccountKind::Person,
        DeviceKind::Agent => AccountKind::Agent,
        DeviceKind::Custodian => AccountKind::Custodian,
    }
}

/// The kind of an account.
pub(super) async fn of(db: &mut SqliteConnection, account: i64) -> Answer<DeviceKind> {
    let word: String = sqlx::query_scalar("SELECT kind FROM accounts WHERE id = ?")
        .bind(account)
        .fetch_one(db)
        .await?;
    Ok(parse(&word)?)
}

/// Refuses a certificate of another kind than `kind`, which is that of `whose`.
pub(super) fn check(certificate: &DeviceCertificate, kind: DeviceKind, whose: &str) -> Answer<()> {
    if certificate.kind() == kind {
        return Ok(());
    }
    Err(Refusal::new(
        Code::WrongKind,
        format!(
            "The certificate says {}, and {whose} is for {}; use the link as it was made, or ask \
             for another.",
            certificate.kind().as_str(),
            match kind {
                DeviceKind::Person => "a person",
                DeviceKind::Agent => "an agent",
                DeviceKind::Custodian => "a records custodian",
            }
        ),
    ))
}

/// Logs for auditors what happened to an account, if it is a records custodian: `what` is admitted,
/// suspended or resumed.
pub(super) async fn note(
    tx: &mut SqliteConnection,
    account: &Logged<'_>,
    what: &str,
) -> Answer<()> {
    if of(tx, account.account).await? != DeviceKind::Custodian {
        return Ok(());
    }
    let event = json!({ "handle": account.handle });
    account.note(tx, &format!("custodian-{what}"), &event).await
}

/// As [`note`], of an account that is about to be erased: what opens its entries goes with it, so
/// this one is the organisation's, to whom the handle of a custodian belongs.
pub(super) async fn note_erasure(
    tx: &mut SqliteConnection,
    evidence: &Evidence,
    account: i64,
    handle: &str,
) -> Answer<()> {
    if of(tx, account).await? == DeviceKind::Custodian {
        let event = json!({ "handle": handle });
        evidence
            .note(tx, "custodian-erased", ORGANISATION, &event)
            .await?;
    }
    Ok(())
}
