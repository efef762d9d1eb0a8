//! Legal holds: as long as the organisation's policy names one, nothing that it keeps is removed here,
//! neither by rules and timers nor by hand.
//!
//! Which conversations are kept is noted when a policy comes and when members change, in the same
//! transaction, and stays noted until the hold is released: whoever leaves a conversation, or is put
//! out of it, does not set it free.

use std::{fs::File, io, path::Path};

use data_encoding::HEXLOWER;
use rand::Rng as _;
use sealwire_audit::predicate::{Hex, HoldAction, LegalHold, Predicate as _, Time};
use sealwire_crypto::Sha256Stream;
use sealwire_protocol::{
    handle::Handle,
    ids::ConversationId,
    organisation_policy::{Held, Hold, MAX_HELD, MAX_HOLDS, OrganisationPolicy, is_hold_name},
};
use sqlx::SqliteConnection;

use crate::{
    api::{HoldInfo, NewHold},
    client::Client,
    core::Core,
    error::{CoreError, ErrorKind, Result},
    store::{self, LogRow},
};

/// Notes what the holds of a new policy keep, in the transaction that stores it.
pub(crate) async fn take(
    conn: &mut SqliteConnection,
    before: Option<&OrganisationPolicy>,
    policy: &OrganisationPolicy,
) -> Result<()> {
    let (new, old) = policy.changed_holds(before);
    for hold in old {
        store::release(conn, &hold.name).await?;
    }
    for hold in new {
        match &hold.held {
            Held::Everyone => store::hold_all(conn, &hold.name).await?,
            Held::Accounts(accounts) => keep_of(conn, accounts, &hold.name).await?,
        }
    }
    Ok(())
}

/// Everything in which one of these accounts is, or has written.
async fn keep_of(conn: &mut SqliteConnection, accounts: &[Handle], name: &str) -> Result<()> {
    for handle in accounts {
        store::hold_written_by(conn, handle.as_str(), name).await?;
    }
    for log in LogRow::ids(conn).await? {
        let members = store::members(conn, &log).await?;
        if members.iter().any(|leaf| accounts.contains(leaf.handle()))
            && let Some(row) = LogRow::load(conn, &log).await?
        {
            store::hold(conn, &row.conversation, name).await?;
        }
    }
    Ok(())
}

/// Notes what the holds in force keep of a conversation that these are in now.
pub(crate) async fn note_members(
    core: &Core,
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    members: impl Iterator<Item = &Handle>,
) -> Result<()> {
    let Some(policy) = core.organisation_policy() else {
        return Ok(());
    };
    let members: Vec<&Handle> = members.collect();
    for hold in &policy.holds {
        let held = |member: &&Handle| hold.held.holds(member);
        if hold.held == Held::Everyone || members.iter().any(held) {
            store::hold(conn, conversation, &hold.name).await?;
        }
    }
    Ok(())
}

/// Refuses to remove what a hold keeps.
pub(crate) async fn refuse_held(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
) -> Result<()> {
    let holds = store::holds_on(conn, conversation).await?;
    if holds.is_empty() {
        return Ok(());
    }
    Err(CoreError::new(
        ErrorKind::Policy,
        "legal_hold",
        format!(
            "the organisation has to keep what is in this conversation (legal hold {})",
            holds.join(", ")
        ),
        "an owner of the organisation can tell until when; `sealwire org hold list` names all holds",
    ))
}

impl Client {
    /// Places a legal hold: signs a policy that names it, and attests it in the organisation's name.
    ///
    /// # Errors
    /// `bad_hold`, `hold_exists`, `too_many_holds`; as [`Client::publish_organisation_policy`].
    pub async fn place_hold(&self, new: &NewHold) -> Result<HoldInfo> {
        let mut accounts = Vec::new();
        for name in &new.accounts {
            accounts.push(self.parse_handle(name)?);
        }
        accounts.sort();
        accounts.dedup();
        if !is_hold_name(&new.name) {
            return Err(bad_hold(
                "a hold's name is 1 to 32 letters a-z, digits and hyphens",
            ));
        }
        if new.everyone != accounts.is_empty() {
            return Err(bad_hold("a hold is of named accounts or of everyone"));
        }
        if accounts.len() > MAX_HELD {
            return Err(bad_hold("a hold names at most 64 accounts"));
        }
        let mut salt = [0; 32];
        rand::rng().fill_bytes(&mut salt);
        let held = match new.everyone {
            true => Held::Everyone,
            false => Held::Accounts(accounts),
        };
        let hold = Hold {
            name: new.name.clone(),
            held,
            order_hash: order_hash(&new.order_sha256)?,
            placed_at_s: self.core.now_s(),
            salt,
        };
        let mut next = self.next_organisation_policy().await?;
        if next.holds.iter().any(|known| known.name == hold.name) {
            return Err(CoreError::usage(
                "hold_exists",
                format!("there is a hold {} already", hold.name),
                "choose another name, or release that one first",
            ));
        }
        if next.holds.len() >= MAX_HOLDS {
            return Err(CoreError::usage(
                "too_many_holds",
                format!("a policy has at most {MAX_HOLDS} holds"),
                "release one that is over, or place one for more accounts",
            ));
        }
        next.holds.push(hold.clone());
        next.holds.sort_by(|one, other| one.name.cmp(&other.name));
        self.publish_hold(next, &hold, HoldAction::Placed, hold.order_hash)
            .await
    }

    /// Releases a legal hold: the rules apply again to what it kept. `order_sha256` is the SHA-256 of
    /// its withdrawal, hexadecimal. What is answered opens its attestations, and is kept nowhere else.
    ///
    /// # Errors
    /// `unknown_hold`, `bad_hold`; as [`Client::publish_organisation_policy`].
    pub async fn release_hold(&self, name: &str, order_sha256: &str) -> Result<HoldInfo> {
        let order_hash = order_hash(order_sha256)?;
        let mut next = self.next_organisation_policy().await?;
        let place = next.holds.iter().position(|hold| hold.name == name);
        let Some(place) = place else {
            return Err(CoreError::usage(
                "unknown_hold",
                format!("there is no hold {name}"),
                "`sealwire org hold list` shows all",
            ));
        };
        let hold = next.holds.remove(place);
        self.publish_hold(next, &hold, HoldAction::Released, order_hash)
            .await
    }

    async fn publish_hold(
        &self,
        mut next: OrganisationPolicy,
        hold: &Hold,
        action: HoldAction,
        order_hash: [u8; 32],
    ) -> Result<HoldInfo> {
        let key = self.organisation_secret()?.attestations();
        next.attestation_key = Some(key.public());
        let said = LegalHold {
            action,
            scope: Hex(scope(hold)?),
            at: Time::from_millis(self.core.now_ms()).map_err(CoreError::internal)?,
            reason_hash: Hex(order_hash),
        };
        let statement = said.statement(vec![said.subject()]);
        let mut envelope = statement
            .and_then(|statement| statement.to_envelope())
            .map_err(CoreError::internal)?;
        envelope.sign(&key);
        self.publish_policy(&next, vec![envelope.to_json().into_bytes()])
            .await?;
        info(hold)
    }
}

/// What the organisation's statements about a hold commit to.
fn scope(hold: &Hold) -> Result<[u8; 32]> {
    let scope = LegalHold::scope(&hold.salt, &hold.name, &accounts(hold));
    Ok(scope.map_err(CoreError::internal)?.0)
}

fn accounts(hold: &Hold) -> Vec<String> {
    match &hold.held {
        Held::Everyone => Vec::new(),
        Held::Accounts(accounts) => accounts.iter().map(ToString::to_string).collect(),
    }
}

/// A hold as fronts see it.
pub(crate) fn info(hold: &Hold) -> Result<HoldInfo> {
    Ok(HoldInfo {
        name: hold.name.clone(),
        everyone: hold.held == Held::Everyone,
        accounts: accounts(hold),
        placed_at_s: hold.placed_at_s,
        order_sha256: HEXLOWER.encode(&hold.order_hash),
        scope: HEXLOWER.encode(&scope(hold)?),
        salt: HEXLOWER.encode(&hold.salt),
    })
}

/// SHA-256 of the file of an order, hexadecimal.
///
/// # Errors
/// If it cannot be read.
pub fn order_sha256(path: &Path) -> io::Result<String> {
    let hash = Sha256Stream::of_reader(File::open(path)?)?;
    Ok(HEXLOWER.encode(&hash))
}

fn order_hash(text: &str) -> Result<[u8; 32]> {
    let bytes = HEXLOWER.decode(text.as_bytes()).ok();
    let hash = bytes.and_then(|bytes| bytes.try_into().ok());
    hash.ok_or_else(|| bad_hold("the order's SHA-256 is 64 hexadecimal digits"))
}

fn bad_hold(why: &'static str) -> CoreError {
    CoreError::usage(
        "bad_hold",
        why,
        "change that and repeat; nothing was published",
    )
}
