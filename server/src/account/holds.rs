//! Legal holds: logged with the organisation's attestation, and kept to when somebody is to be erased.

use std::collections::BTreeSet;

use sealwire_audit::dsse::Envelope;
use sealwire_audit::predicate::{HoldAction, LegalHold, Predicate as _};
use sealwire_audit::statement::Statement;
use sealwire_crypto::EvidencePublic;
use sealwire_protocol::account::B64;
use sealwire_protocol::handle::Handle;
use sealwire_protocol::organisation_policy::{Held, Hold, OrganisationPolicy};
use sealwire_protocol::problem::Code;
use sqlx::SqliteConnection;

use super::policy;
use crate::clock;
use crate::evidence::{Attested, time, unsayable};
use crate::refusal::{Answer, Refusal};

/// How far the clock of whoever attests may be from the relay's.
const CLOCK_MS: u64 = 24 * 60 * 60 * 1_000;

/// The attestations of exactly those holds that `policy` places and releases.
pub(super) fn attested(
    policy: &OrganisationPolicy,
    before: Option<&OrganisationPolicy>,
    statements: &[B64],
) -> Answer<Vec<Attested>> {
    let (placed, released) = policy.changed_holds(before);
    let mut wanted = BTreeSet::new();
    for hold in placed {
        wanted.insert((HoldAction::Placed, scope(hold)?, Some(hold.order_hash)));
    }
    for hold in released {
        wanted.insert((HoldAction::Released, scope(hold)?, None));
    }
    if wanted.len() != statements.len() {
        return Err(unattested(
            "One attestation belongs to each hold placed or released.",
        ));
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let key = policy.attestation_key;
    let key = key.ok_or_else(|| unattested("The policy names no key for attestations."))?;
    let mut taken = Vec::new();
    for B64(statement) in statements {
        let (hold, attested) = open(statement, &key)?;
        let order = (hold.action == HoldAction::Placed).then_some(hold.reason_hash.0);
        if !wanted.remove(&(hold.action, hold.scope.0, order)) {
            return Err(unattested(
                "An attestation is of another hold, or comes twice.",
            ));
        }
        taken.push(attested);
    }
    Ok(taken)
}

/// Reads an attestation that `key` alone has signed.
fn open(bytes: &[u8], key: &EvidencePublic) -> Answer<(LegalHold, Attested)> {
    let malformed = |_| unattested("An attestation is not a legal-hold statement.");
    let envelope = Envelope::parse(bytes).map_err(malformed)?;
    let statement = Statement::parse(envelope.payload()).map_err(malformed)?;
    let hold = LegalHold::parse(&statement).map_err(malformed)?;
    if statement.subjects() != [hold.subject()] {
        return Err(unattested(
            "An attestation is about something else than its hold.",
        ));
    }
    let now = time(clock::now_ms())?;
    if hold.at.millis().abs_diff(now.millis()) > CLOCK_MS {
        return Err(unattested(
            "An attestation is not of now; check this device's clock.",
        ));
    }
    let attested = Attested::new(statement, envelope, key)
        .map_err(|_| unattested("An attestation is not signed with the policy's key for them."))?;
    Ok((hold, attested))
}

fn scope(hold: &Hold) -> Answer<[u8; 32]> {
    let accounts: Vec<String> = match &hold.held {
        Held::Everyone => Vec::new(),
        Held::Accounts(accounts) => accounts.iter().map(ToString::to_string).collect(),
    };
    let scope = LegalHold::scope(&hold.salt, &hold.name, &accounts).map_err(|_| unsayable())?;
    Ok(scope.0)
}

fn unattested(why: &str) -> Refusal {
    Refusal::new(Code::HoldUnattested, why)
}

/// Refuses to erase what a hold keeps.
pub(super) async fn refuse_held(tx: &mut SqliteConnection, handle: &Handle) -> Answer<()> {
    let policy = policy::in_force(tx).await?;
    match policy.is_some_and(|policy| policy.holds_on(handle).next().is_some()) {
        true => Err(Refusal::new(
            Code::LegalHold,
            "A legal hold keeps this account's data; it can be erased once an owner has released the hold.",
        )),
        false => Ok(()),
    }
}
