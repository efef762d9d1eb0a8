//! The organisation's policy on this device: taken from the relay at the start and every day,
//! believed if the organisation key signed it, and never in an older form than was seen.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use sealwire_audit::dsse::to_pem;
use sealwire_crypto::{OrganisationKey, OrganisationPublic};
use sealwire_protocol::{
    certificate::DeviceKind,
    handle::Handle,
    organisation_policy::{MAX_CUSTODIANS, OrganisationPolicy, OrganisationPolicyError},
};
use tokio::time::sleep;

use crate::{
    api::{OrganisationPolicyChange, OrganisationPolicyInfo},
    client::Client,
    core::Core,
    custody,
    error::{CoreError, ErrorKind, Result},
    group, holding, store, transparency,
};

const DAY: Duration = Duration::from_secs(86_400);
/// After something that may pass.
const RETRY: Duration = Duration::from_secs(30);

/// Fetches the policy until the client is dropped.
pub(crate) async fn run(core: Arc<Core>) {
    let mut told = "";
    loop {
        let wait = match fetch(&core).await {
            Ok(()) => match custody::report_daily(&core).await {
                Err(error) if error.may_pass() => RETRY,
                _ => DAY,
            },
            Err(error) if error.may_pass() => RETRY,
            Err(error) => {
                // The same every day would only be noise.
                if error.kind == ErrorKind::Untrusted && told != error.code {
                    told = error.code;
                    core.warn(None, format!("{}: {}", error.message, error.hint));
                }
                DAY
            }
        };
        sleep(wait).await;
    }
}

/// Reads the stored policy when the profile is opened.
pub(crate) async fn load(core: &Core) -> Result<()> {
    let signed = {
        let mut conn = core.db.readers.acquire().await?;
        store::organisation_policy(&mut conn).await?
    };
    if let (Some(signed), Some(key)) = (signed, &core.identity.organisation_key) {
        let policy = OrganisationPolicy::verify(&signed, key).map_err(CoreError::internal)?;
        core.set_organisation_policy(policy);
    }
    Ok(())
}

/// Asks the relay and takes what it shows, if that is newer and genuine.
pub(crate) async fn fetch(core: &Core) -> Result<()> {
    let key = core.identity.organisation_key.ok_or_else(no_key)?;
    let shown = core.account.organisation_policy().await?;
    take(core, &key, shown.as_deref()).await
}

async fn take(core: &Core, key: &OrganisationPublic, shown: Option<&[u8]>) -> Result<()> {
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let known = store::organisation_policy(&mut tx).await?;
    let organisation = &core.identity.organisation;
    let Some((signed, policy)) = judge(known.as_deref(), shown, key, organisation)? else {
        return Ok(());
    };
    let before = match &known {
        Some(known) => Some(OrganisationPolicy::verify(known, key).map_err(CoreError::internal)?),
        None => None,
    };
    holding::take(&mut tx, before.as_ref(), &policy).await?;
    store::save_organisation_policy(&mut tx, signed).await?;
    tx.commit().await?;
    // Under the writer's lock: whoever stores members next goes by this policy.
    core.set_organisation_policy(policy);
    drop(conn);
    core.retention.notify_one();
    core.expiry.notify_one();
    core.progressed();
    Ok(())
}

/// The policy to take in place of the one that is known, if any.
fn judge<'a>(
    known: Option<&[u8]>,
    shown: Option<&'a [u8]>,
    key: &OrganisationPublic,
    organisation: &str,
) -> Result<Option<(&'a [u8], OrganisationPolicy)>> {
    let Some(signed) = shown else {
        return match known {
            Some(_) => Err(rolled_back()),
            None => Ok(None),
        };
    };
    if known == Some(signed) {
        return Ok(None);
    }
    let policy = OrganisationPolicy::verify(signed, key).map_err(not_genuine)?;
    if policy.organisation != organisation {
        return Err(not_genuine(OrganisationPolicyError::BadSignature));
    }
    if let Some(known) = known {
        let known = OrganisationPolicy::verify(known, key).map_err(CoreError::internal)?;
        if policy.serial < known.serial {
            return Err(rolled_back());
        }
        // Some between may have been missed; what follows directly has to fit.
        if policy.serial - known.serial <= 1 && !policy.follows(Some(&known)) {
            return Err(conflict());
        }
    }
    Ok(Some((signed, policy)))
}

impl Core {
    /// The organisation's policy, if this profile has one.
    pub(crate) fn organisation_policy(&self) -> Option<Arc<OrganisationPolicy>> {
        let policy = self.organisation_policy.lock();
        policy.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_organisation_policy(&self, policy: OrganisationPolicy) {
        let present = self.organisation_policy.lock();
        *present.unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(policy));
    }
}

impl Client {
    /// What the organisation asks of clients, as this profile knows it; `None` if it never
    /// published a policy.
    pub fn organisation_policy(&self) -> Option<OrganisationPolicyInfo> {
        let policy = self.core.organisation_policy()?;
        info(&policy).ok()
    }

    /// Asks the relay for the organisation's policy now; [`Client::start`] does it at the start and
    /// every day.
    ///
    /// # Errors
    /// `policy_not_genuine`, `policy_rolled_back`, `policy_conflict` if what the relay shows cannot
    /// be trusted: what was known before goes on counting. `policy_newer`, `no_organisation_key`;
    /// network errors.
    pub async fn fetch_organisation_policy(&self) -> Result<Option<OrganisationPolicyInfo>> {
        fetch(&self.core).await?;
        Ok(self.organisation_policy())
    }

    /// Changes the organisation's policy: signs the next one and publishes it. If nothing would
    /// change, nothing is published.
    ///
    /// # Errors
    /// `organisation_key_elsewhere`, `bad_policy`, `bad_log_policy`; `forbidden` without the role for it; as
    /// [`Client::fetch_organisation_policy`].
    pub async fn publish_organisation_policy(
        &self,
        change: OrganisationPolicyChange,
    ) -> Result<OrganisationPolicyInfo> {
        let present = self.core.organisation_policy();
        let mut next = self.next_organisation_policy().await?;
        apply(&mut next, &change);
        if let Some(logs) = change.logs {
            self.name_logs(&mut next, logs).await?;
        }
        if let Some(names) = change.custodians {
            next.custodians = self.name_custodians(&names).await?;
        }
        if let Some(present) = present.as_deref()
            && says_the_same(present, &next)
        {
            return info(present);
        }
        self.publish_policy(&next, Vec::new()).await
    }

    /// The policy that follows the relay's present one and says the same, to be changed and published.
    pub(crate) async fn next_organisation_policy(&self) -> Result<OrganisationPolicy> {
        self.organisation_secret()?;
        fetch(&self.core).await?;
        let present = self.core.organisation_policy();
        let organisation = &self.core.identity.organisation;
        Ok(successor(
            present.as_deref(),
            organisation,
            self.core.now_s(),
        ))
    }

    /// The organisation's key, if this device has it.
    pub(crate) fn organisation_secret(&self) -> Result<&OrganisationKey> {
        let secret = self.core.identity.organisation_secret.as_ref();
        secret.ok_or_else(key_elsewhere)
    }

    /// Signs and publishes a policy with the attestations that belong to it.
    pub(crate) async fn publish_policy(
        &self,
        next: &OrganisationPolicy,
        statements: Vec<Vec<u8>>,
    ) -> Result<OrganisationPolicyInfo> {
        let secret = self.organisation_secret()?;
        OrganisationPolicy::parse(&next.encode()).map_err(|_| bad_policy())?;
        let signed = next.sign(secret);
        let account = &self.core.account;
        account.put_organisation_policy(&signed, statements).await?;
        take(&self.core, &secret.public(), Some(&signed)).await?;
        info(next)
    }

    /// The accounts with these handles, which have to be records custodians.
    async fn name_custodians(&self, names: &[String]) -> Result<Vec<Handle>> {
        let mut custodians = Vec::with_capacity(names.len());
        for name in names {
            let handle = self.parse_handle(name)?;
            let found = group::lookup(&self.core, &handle).await?;
            let custodian = found.devices.first().map(|device| device.kind());
            if custodian != Some(DeviceKind::Custodian) {
                return Err(CoreError::usage(
                    "no_custodian",
                    format!("{handle} is no records custodian"),
                    "invite one first: `sealwire org invite --role custodian`",
                ));
            }
            custodians.push(handle);
        }
        custodians.sort();
        custodians.dedup();
        if custodians.len() > MAX_CUSTODIANS {
            return Err(CoreError::usage(
                "too_many_custodians",
                format!("a policy names at most {MAX_CUSTODIANS} records custodians"),
                "name fewer",
            ));
        }
        Ok(custodians)
    }

    /// Lets the policy name the logs to trust, and with them the key of the directory.
    async fn name_logs(&self, policy: &mut OrganisationPolicy, logs: String) -> Result<()> {
        policy.log_policy = None;
        policy.directory_key_hash = None;
        if logs.is_empty() {
            return Ok(());
        }
        transparency::check_log_policy(&logs)?;
        let hash = transparency::directory_key_hash(&self.core, &logs).await?;
        policy.directory_key_hash = Some(hash);
        policy.log_policy = Some(logs);
        Ok(())
    }
}

fn successor(
    present: Option<&OrganisationPolicy>,
    organisation: &str,
    now_s: u64,
) -> OrganisationPolicy {
    let first = || OrganisationPolicy {
        organisation: organisation.into(),
        serial: 0,
        previous_hash: None,
        issued_at_s: 0,
        max_message_days: None,
        max_blob_days: None,
        no_receipts: false,
        log_policy: None,
        directory_key_hash: None,
        custodians: Vec::new(),
        holds: Vec::new(),
        attestation_key: None,
    };
    let mut next = present.cloned().unwrap_or_else(first);
    next.serial = next.serial.saturating_add(1);
    next.previous_hash = present.map(OrganisationPolicy::hash);
    next.issued_at_s = now_s;
    next
}

fn apply(policy: &mut OrganisationPolicy, change: &OrganisationPolicyChange) {
    let some = |days: u32| (days > 0).then_some(days);
    if let Some(days) = change.max_message_days {
        policy.max_message_days = some(days);
    }
    if let Some(days) = change.max_file_days {
        policy.max_blob_days = some(days);
    }
    if let Some(receipts) = change.receipts {
        policy.no_receipts = !receipts;
    }
}

fn says_the_same(one: &OrganisationPolicy, other: &OrganisationPolicy) -> bool {
    let said = |policy: &OrganisationPolicy| OrganisationPolicy {
        serial: 0,
        previous_hash: None,
        issued_at_s: 0,
        ..policy.clone()
    };
    said(one) == said(other)
}

fn info(policy: &OrganisationPolicy) -> Result<OrganisationPolicyInfo> {
    Ok(OrganisationPolicyInfo {
        serial: policy.serial,
        issued_at_s: policy.issued_at_s,
        max_message_days: policy.max_message_days,
        max_file_days: policy.max_blob_days,
        receipts: !policy.no_receipts,
        logs: policy.log_policy.clone(),
        custodians: policy.custodians.iter().map(ToString::to_string).collect(),
        holds: policy
            .holds
            .iter()
            .map(holding::info)
            .collect::<Result<_>>()?,
        attestation_key: policy.attestation_key.as_ref().map(to_pem),
    })
}

fn no_key() -> CoreError {
    CoreError::new(
        ErrorKind::Locked,
        "no_organisation_key",
        "this profile was not told the organisation's key, so it cannot tell whether a policy is \
         genuine",
        "join with an invitation that names the organisation's key",
    )
}

fn key_elsewhere() -> CoreError {
    CoreError::new(
        ErrorKind::Locked,
        "organisation_key_elsewhere",
        "the organisation's key is not on this device",
        "publish where the organisation was founded: `sealwire account show` says so there",
    )
}

fn bad_policy() -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "bad_policy",
        "the policy cannot say that",
        "bounds are 1 to 36500 days, or none; all in all a policy has 32 KiB",
    )
}

fn untrusted(code: &'static str, message: impl Into<String>) -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        code,
        message,
        "what this device knew before goes on counting; tell your administrator",
    )
}

fn rolled_back() -> CoreError {
    untrusted(
        "policy_rolled_back",
        "the relay shows an older policy of the organisation than before",
    )
}

fn conflict() -> CoreError {
    untrusted(
        "policy_conflict",
        "the relay shows a policy of the organisation that does not follow the one before",
    )
}

fn not_genuine(error: OrganisationPolicyError) -> CoreError {
    match error {
        OrganisationPolicyError::UnknownVersion(_) => CoreError::new(
            ErrorKind::Untrusted,
            "policy_newer",
            format!("{error}"),
            "update this program; until then what it knew before goes on counting",
        ),
        _ => untrusted(
            "policy_not_genuine",
            "the relay shows a policy that the organisation did not sign",
        ),
    }
}

#[cfg(test)]
mod tests;
