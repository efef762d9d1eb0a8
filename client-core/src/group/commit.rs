//! From a wish to a commit in flight, in one step.

use openmls::prelude::{MlsMessageOut, ProtocolVersion, Sender, tls_codec::Serialize as _};
use openmls_traits::OpenMlsProvider;
use sealwire_protocol::{
    account::B64,
    envelope::WelcomeBlob,
    ids::{EntryId, LogId},
};

use sqlx::SqliteConnection;

use super::{
    encrypt::set_padding,
    plan::{Changes, Plan, plan},
    state::{Loaded, Place},
};
use crate::{
    core::Core,
    error::{CoreError, ErrorKind, Result},
    mls::{
        LARGE_PADDING, MlsSigner, Provider, Verdict, context_extensions, credential, judge,
        staged_pass,
    },
    store::{self, IntentRow, Joiner, PendingCommit, Wish, set_intent},
};

/// Builds and stores the commit for `intent`; `false` if the wish is met already.
///
/// The committer runs the same judgement on its own commit as everybody else will.
pub(crate) async fn build(
    core: &Core,
    log: &LogId,
    cached: Option<Loaded>,
    intent: &IntentRow,
) -> Result<(Option<Loaded>, bool)> {
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let mut place = Place::load(core, &mut tx, log, cached).await?;
    let seats = if seated_since(&mut tx, log, &intent.wish).await? {
        &[]
    } else {
        intent.seats.as_deref().unwrap_or_default()
    };
    let pending = {
        let provider = Provider::new(&core.crypto, &mut tx);
        match plan(core, &provider, &place, &intent.wish, seats)? {
            Plan::Met => None,
            Plan::Commit(changes) => Some(stage(core, &provider, &mut place, intent.id, *changes)?),
        }
    };
    match &pending {
        Some(pending) => pending.save(&mut tx, log).await?,
        None => set_intent(&mut tx, intent.id, Ok(())).await?,
    }
    place.save(&mut tx).await?;
    tx.commit().await?;
    core.progressed();
    Ok((place.into_loaded(), pending.is_some()))
}

/// Whether the device of a rejoin request got its leaf after it asked: a late answer would throw
/// it out again.
async fn seated_since(conn: &mut SqliteConnection, log: &LogId, wish: &Wish) -> Result<bool> {
    let Wish::SeatDevice {
        device, asked_at, ..
    } = wish
    else {
        return Ok(false);
    };
    let seated = store::seated_at(conn, log, &store::device_of(device)?).await?;
    Ok(seated > *asked_at)
}

fn stage(
    core: &Core,
    provider: &Provider<'_>,
    place: &mut Place,
    intent: i64,
    changes: Changes,
) -> Result<PendingCommit> {
    let build_error = |error: &dyn std::fmt::Display| {
        CoreError::new(
            ErrorKind::Internal,
            "commit",
            format!("the change could not be made: {error}"),
            "nothing was sent; repeat, and report this if it returns",
        )
    };
    set_padding(&mut place.group, provider, LARGE_PADDING)?;
    let certificate_changed = place.row.certificate != core.certificate.as_bytes();
    let mut builder = place
        .group
        .commit_builder()
        .consume_proposal_store(false)
        .propose_removals(changes.removes.clone())
        .propose_adds(changes.adds.clone())
        .force_self_update(changes.update);
    if let Some(policy) = &changes.policy {
        builder = builder
            .propose_group_context_extensions(context_extensions(policy)?)
            .map_err(|error| build_error(&error))?;
    }
    if changes.update && certificate_changed {
        builder = builder.leaf_node_parameters(
            openmls::prelude::LeafNodeParameters::builder()
                .with_credential_with_key(credential(&core.certificate))
                .build(),
        );
    }
    let bundle = builder
        .load_psks(provider.storage())
        .map_err(|error| build_error(&error))?
        .build(
            provider.rand(),
            provider.crypto(),
            &MlsSigner(&core.identity.device_key),
            |_| true,
        )
        .map_err(|error| build_error(&error))?
        .stage_commit(provider)
        .map_err(|error| build_error(&error))?;
    let (commit, welcome, _group_info) = bundle.into_contents();
    let staged = place
        .group
        .pending_commit()
        .ok_or_else(|| CoreError::internal("no pending commit after staging"))?;
    let next = staged_pass(staged, &core.crypto, &place.row.id)
        .ok_or_else(|| CoreError::internal("no pass for the staged commit"))?
        .lane();
    let sender = Sender::Member(place.group.own_leaf_index());
    match judge(
        &place.group,
        &place.roster,
        &core.crypto,
        &place.row.id,
        &sender,
        staged,
        &next,
    ) {
        Verdict::Valid(_) => {}
        Verdict::Invalid(refusal) => {
            return Err(CoreError::new(
                ErrorKind::Policy,
                "not_allowed",
                format!(
                    "the conversation's rules do not allow this: {}",
                    refusal.reason
                ),
                "ask an owner or admin of the conversation",
            ));
        }
        Verdict::Undecided(reason) => return Err(CoreError::internal(reason)),
    }
    let welcome = match welcome {
        None => Vec::new(),
        Some(welcome) => {
            let tree = staged
                .export_ratchet_tree(provider.crypto(), place.group.export_ratchet_tree())
                .map_err(CoreError::internal)?
                .ok_or_else(|| CoreError::internal("no ratchet tree for the staged commit"))?;
            WelcomeBlob {
                welcome: MlsMessageOut::from_welcome(welcome, ProtocolVersion::Mls10)
                    .to_bytes()
                    .map_err(CoreError::internal)?,
                ratchet_tree: tree.tls_serialize_detached().map_err(CoreError::internal)?,
                name: changes
                    .policy
                    .as_ref()
                    .map_or_else(String::new, |policy| policy.name().into()),
            }
            .encode()
        }
    };
    Ok(PendingCommit {
        intent,
        entry_id: EntryId::random(&mut rand::rng()),
        next,
        payload: commit.to_bytes().map_err(CoreError::internal)?,
        welcome,
        joiners: changes
            .joiners
            .iter()
            .map(|joiner| Joiner {
                certificate: B64::from(joiner.as_bytes()),
            })
            .collect(),
    })
}
