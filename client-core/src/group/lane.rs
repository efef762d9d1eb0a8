//! Following one lane: reading it to its end, and noticing a relay that was restored or a group
//! that was split.

use bytes::Bytes;
use sealwire_protocol::{
    frame::{ClientBody, Entries, Fetch, LaneState, ServerBody, Subscribe, Unsubscribe},
    ids::{Incarnation, Lane},
    limits::MAX_ENTRIES_PER_FETCH,
    problem::Code,
};

use super::{
    actor::{Actor, Next, REWOUND, bytes_of, unexpected},
    receive::{self, Progress},
    typing::Signals,
};
use crate::{
    error::{CoreError, Result},
    net::NetError,
    store::{self, LogRow, LogState},
};

/// Why a group stops that others may have taken elsewhere.
pub(crate) const SPLIT: &str = "other members go on with a change that this device had to refuse: \
    the conversation may be split. Nothing is sent until you have asked two members other than the \
    one who made the change; the side with an owner goes on: `sealwire chat stay` if that is this \
    one, else `sealwire chat rejoin --ask` and the owner";

impl Actor {
    /// Reads the lane to its end, then subscribes from there.
    pub(super) async fn attach(&mut self) -> Result<Next> {
        loop {
            let row = self.row().await?;
            let fetch = ClientBody::Fetch(Fetch {
                log: bytes_of(&self.log),
                pass: Bytes::copy_from_slice(row.pass.expose()),
                after: row.cursor,
                limit: MAX_ENTRIES_PER_FETCH,
            });
            let entries = match self.request(fetch).await? {
                Answer::Body(ServerBody::Entries(entries)) => entries,
                Answer::Stop => return Ok(Next::Stop),
                Answer::Body(_) => return Err(unexpected()),
            };
            let state = entries.state.clone().ok_or_else(unexpected)?;
            if self.check_lane(&row, &state).await? == Next::Stop {
                return Ok(Next::Stop);
            }
            if entries.entries.is_empty() {
                break;
            }
            match self.apply(&entries).await? {
                Progress::Done => {}
                Progress::NewLane => {
                    self.leave_lane(&row.lane);
                    continue;
                }
                Progress::Gap => return Err(unexpected()),
                Progress::Stopped => return Ok(Next::Stop),
            }
            let row = self.row().await?;
            if row.cursor >= state.newest {
                break;
            }
        }
        let row = self.row().await?;
        self.lane = Some(row.lane);
        let subscribe = ClientBody::Subscribe(Subscribe {
            log: bytes_of(&self.log),
            pass: Bytes::copy_from_slice(row.pass.expose()),
            after: row.cursor,
        });
        match self.request(subscribe).await? {
            Answer::Body(ServerBody::Subscribed(state)) => self.check_lane(&row, &state).await,
            Answer::Stop => Ok(Next::Stop),
            Answer::Body(_) => Err(unexpected()),
        }
    }

    /// Compares what the relay says of the lane with what this device knows.
    pub(super) async fn check_lane(&mut self, row: &LogRow, state: &LaneState) -> Result<Next> {
        let incarnation = Incarnation::from_slice(&state.incarnation).map_err(|_| unexpected())?;
        if row.incarnation.is_some_and(|known| known != incarnation) || state.newest < row.cursor {
            receive::halt(&self.core, &self.log, REWOUND).await?;
            return Ok(Next::Stop);
        }
        if row.incarnation.is_none() {
            self.set_state(LogState::Active, Some(incarnation)).await?;
        }
        for branch in &state.used_branches {
            let mut conn = self.core.db.readers.acquire().await?;
            if store::may_have_split(&mut conn, row, branch).await? {
                drop(conn);
                receive::halt(&self.core, &self.log, SPLIT).await?;
                return Ok(Next::Stop);
            }
        }
        Ok(Next::Wait)
    }

    /// Asks the relay; what stops the group is dealt with here.
    async fn request(&mut self, body: ClientBody) -> Result<Answer> {
        match self.core.socket.request(body).await {
            Ok(body) => Ok(Answer::Body(body)),
            Err(NetError::Refused(problem)) => match problem.code() {
                Some(Code::Pruned) => {
                    // What is missing cannot come any more: the actor asks for a new seat.
                    self.seat_lost().await?;
                    let conversation = self.row().await?.conversation;
                    self.core.warn(
                        Some(&conversation),
                        "This device was away for so long that the relay no longer holds what it \
                         missed. It asks to be added again; messages of the time between are on \
                         your other devices only.",
                    );
                    Ok(Answer::Stop)
                }
                Some(Code::LaneUnknown | Code::Ahead) => {
                    receive::halt(&self.core, &self.log, REWOUND).await?;
                    Ok(Answer::Stop)
                }
                _ => Err(CoreError::from_problem(&problem)),
            },
            Err(other) => Err(other.into()),
        }
    }

    pub(super) async fn apply(&mut self, entries: &Entries) -> Result<Progress> {
        let lane = Lane::from_slice(&entries.lane).map_err(|_| unexpected())?;
        receive::apply(
            &self.core,
            &self.log,
            &lane,
            &mut self.cache,
            &entries.entries,
        )
        .await
    }

    /// Lets go of a lane; the answer does not matter.
    pub(super) fn leave_lane(&mut self, lane: &Lane) {
        // The key of its signals ends with the epoch.
        self.signals = Signals::default();
        let socket = self.core.socket.clone();
        let body = ClientBody::Unsubscribe(Unsubscribe {
            log: bytes_of(&self.log),
            lane: bytes_of(lane),
        });
        tokio::spawn(async move {
            let _ = socket.request(body).await;
        });
    }
}

enum Answer {
    Body(ServerBody),
    Stop,
}
