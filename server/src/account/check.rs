//! Whether what account.db holds can be read again.

use sealwire_protocol::certificate::UnverifiedCertificate;
use sealwire_protocol::limits::ENVELOPE;
use sealwire_protocol::mls_form::KeyPackageForm;
use sqlx::{Row, SqliteConnection};

use super::DATABASE;
use crate::database::check_rows;
use crate::fault::Fault;

/// Reads every certificate, key package and envelope.
pub(crate) async fn check(db: &mut SqliteConnection) -> Result<(), Fault> {
    let devices = "SELECT number, device, certificate FROM devices";
    check_rows(db, DATABASE, "certificate", devices, |row| {
        let device: &[u8] = row.try_get(1)?;
        let certificate =
            UnverifiedCertificate::parse(row.try_get(2)?).and_then(UnverifiedCertificate::verify);
        Ok(certificate.is_ok_and(|certificate| certificate.device().as_bytes() == device))
    })
    .await?;
    for (what, query) in [
        ("key package", "SELECT id, bytes FROM key_packages"),
        (
            "last resort",
            "SELECT rowid, last_resort FROM key_package_state WHERE last_resort <> x''",
        ),
    ] {
        check_rows(db, DATABASE, what, query, |row| {
            Ok(KeyPackageForm::parse(row.try_get(1)?).is_ok())
        })
        .await?;
    }
    let inbox = "SELECT id, length(envelope) FROM inbox";
    check_rows(db, DATABASE, "envelope", inbox, |row| {
        Ok(usize::try_from(row.try_get::<i64, _>(1)?) == Ok(ENVELOPE))
    })
    .await
}
