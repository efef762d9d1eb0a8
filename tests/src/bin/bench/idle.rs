//! What a connection costs that only listens.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::cores::{Cores, memory_of};
use crate::figure::Figure;
use crate::frames::Log;
use crate::relay::Relay;
use crate::wire::{Dialler, Socket};
use crate::{Plan, Result, note, on_one_thread};

const BENCH: &str = "idle";
/// Each with its share of the connections.
const GROUPS: usize = 100;
/// Source addresses, each with ports of its own.
const SOURCES: usize = 8;
const DIALLING: usize = 64;
/// Connections are pinged during the measurement: a silence of a third of this brings one.
const SETTINGS: &str = "\n[timeouts]\nidle_s = 30\n";
const SETTLE: Duration = Duration::from_secs(32);

/// Connects, waits, and looks at the relay's memory.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    let connections = plan.connections;
    raise_file_limit(connections)?;
    let cores = Cores::divide()?;
    cores.as_load()?;
    on_one_thread(measure(&cores, connections))
}

async fn measure(cores: &Cores, connections: usize) -> Result<()> {
    let relay = Relay::start(cores, SETTINGS)?;
    let dialler = Dialler::new(relay.address)?;
    let mut first = dialler.dial(None).await?;
    let mut logs = Vec::new();
    for _ in 0..GROUPS {
        logs.push(Log::create(&mut first).await?);
    }
    drop(first);
    sleep(Duration::from_secs(1)).await;
    let before = memory_of(relay.pid())?;
    note(format_args!("idle: opening {connections} connections"));
    let sockets = connect(&dialler, &logs, connections).await?;
    let mut listeners = JoinSet::new();
    for socket in sockets {
        listeners.spawn(listen(socket));
    }
    note(format_args!(
        "idle: all subscribed; waiting {} s",
        SETTLE.as_secs()
    ));
    sleep(SETTLE).await;
    let after = memory_of(relay.pid())?;
    let left = connections - listeners_gone(&mut listeners);
    if left < connections {
        return Err(format!("{} connections were closed", connections - left).into());
    }
    let each = |before: f64, after: f64| (after - before) / connections as f64;
    let load = format!("{connections} TLS WebSockets, each subscribed, pinged, otherwise idle");
    Figure::new(BENCH, "idle_connection_bytes", each(before.0, after.0), "B")
        .against(format!("{load}; Pss"))
        .print();
    Figure::new(
        BENCH,
        "idle_connection_rss_bytes",
        each(before.1, after.1),
        "B",
    )
    .against(format!("{load}; Rss"))
    .print();
    Ok(())
}

async fn connect(dialler: &Dialler, logs: &[Log], connections: usize) -> Result<Vec<Socket>> {
    stream::iter(0..connections)
        .map(|number| async move {
            let source = u16::try_from(number % SOURCES)? + 2;
            let mut socket = dialler.dial(Some(source)).await?;
            logs[number % logs.len()].subscribe(&mut socket).await?;
            Ok(socket)
        })
        .buffer_unordered(DIALLING)
        .try_collect()
        .await
}

/// Answers pings until the connection ends.
async fn listen(mut socket: Socket) {
    while socket.next().await.is_ok() {}
}

fn listeners_gone(listeners: &mut JoinSet<()>) -> usize {
    std::iter::from_fn(|| listeners.try_join_next()).count()
}

/// Both processes need a file for each connection; the relay raises its own limit to what it
/// inherits as the hard one.
fn raise_file_limit(connections: usize) -> Result<()> {
    let wanted = u64::try_from(connections)? + 500;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|most| most < wanted) {
        return Err(format!(
            "{connections} connections need {wanted} open files; raise the hard limit (ulimit -Hn)"
        )
        .into());
    }
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}
