//! What those see who look after the organisation: the registers with their clocks, and how the relay fares.

use axum::extract::State;
use axum::{Extension, Router};
use sealwire_audit::predicate::{Predicate as _, RestoreDrill};
use sealwire_protocol::account::OrgRole;
use sealwire_protocol::oversight::{DrillHealth, HEALTH_STEP_S, Registers, RelayHealth};

use super::access::{Action, route};
use super::session::Caller;
use super::{Plane, register};
use crate::clock;
use crate::evidence::time;
use crate::http::Json;
use crate::refusal::{Answer, Refusal};

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    let router = route(Router::new(), plane, Action::ReadRegisters, registers);
    route(router, plane, Action::ReadHealth, health)
}

async fn registers(
    State(plane): State<Plane>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<Registers>> {
    let now = time(clock::now_ms())?;
    // Whether clocks are kept to can be audited without knowing who asked.
    let named = caller.role != OrgRole::Auditor;
    let mut tx = plane.db.readers.begin().await?;
    register::overview(&mut tx, now, named).await.map(Json)
}

async fn health(State(plane): State<Plane>) -> Answer<Json<RelayHealth>> {
    let evidence = &plane.evidence;
    let drill = evidence.newest_statement(RestoreDrill::TYPE).await?;
    let drill = drill.map(|statement| RestoreDrill::parse(&statement));
    let drill = drill
        .transpose()
        .map_err(|_| Refusal::internal("a stored statement is damaged"))?;
    Ok(Json(RelayHealth {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now_ms: clock::now_ms(),
        started_ms: plane.pulse.started_ms(),
        step_s: HEALTH_STEP_S,
        points: plane.pulse.points(),
        logs: evidence.standing().await?,
        logs_halted: evidence.is_halted(),
        drill: drill.map(|drill| DrillHealth {
            ended_ms: drill.ended.millis(),
            ok: drill.ok,
        }),
    }))
}
