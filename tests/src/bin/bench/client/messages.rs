//! Sending and receiving, beside openmls with the same contents in a group of the same size.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sealwire_core::Client;
use sealwire_core::api::ConversationId;

use super::people::{self, Cast, Listener};
use super::{BENCH, raw_mls};
use crate::cores::{Cores, own_work};
use crate::figure::Figure;
use crate::samples::median;
use crate::{Result, ms, note};

/// Rounds of sending, in turns with openmls.
const ROUNDS: u32 = 5;
/// Messages that come one by one.
const SINGLES: u32 = 200;
const PAUSE_MS: u64 = 15;

/// A group to measure in.
struct Scale {
    size: usize,
    /// Messages that Bob catches up on.
    backlog: u32,
    /// Its figures are the ones without a size in their name.
    headline: bool,
}

/// Work and time for one message, microseconds.
#[derive(Clone, Copy)]
struct Cost {
    work: f64,
    wall: f64,
}

/// Measures `done`, which handles `count` messages.
struct Meter {
    work: Duration,
    start: Instant,
}

impl Meter {
    fn start() -> Self {
        Self {
            work: own_work(),
            start: Instant::now(),
        }
    }

    fn cost(&self, count: u32) -> Cost {
        let each = |time: Duration| ms(time) * 1e3 / f64::from(count);
        Cost {
            work: each(own_work().saturating_sub(self.work)),
            wall: each(self.start.elapsed()),
        }
    }
}

/// Measures in groups of all sizes.
pub(super) async fn run(cores: &Cores, quick: bool) -> Result<()> {
    let scale = |size, backlog, headline| Scale {
        size,
        backlog,
        headline,
    };
    let scales = if quick {
        vec![scale(2, 100, false), scale(8, 200, true)]
    } else {
        vec![
            scale(2, 2_000, false),
            scale(100, 10_000, true),
            scale(1_000, 1_000, false),
        ]
    };
    for scale in scales {
        measure(cores, &scale).await?;
    }
    Ok(())
}

async fn measure(cores: &Cores, scale: &Scale) -> Result<()> {
    let cast = Cast::call(cores, scale.size).await?;
    note(format_args!(
        "client: founded in {:.1} s",
        cast.founding.as_secs_f64()
    ));
    let mut raw = raw_mls::group(scale.size, raw_mls::PADDING)?;
    let mut written = Vec::new();

    let alice = cast.alice.open().await?;
    let (ours, theirs) = send(&alice, &cast.chat, scale, &mut raw.first, &mut written).await?;
    alice.shutdown().await;
    report(scale, "client_send", ours, theirs);

    let theirs = read_raw(&mut raw.second, &written)?;
    let meter = Meter::start();
    let mut bob = Listener::open(&cast.bob, cast.chat).await?;
    bob.hears(scale.backlog.into()).await?;
    let ours = meter.cost(scale.backlog);
    report(scale, "client_receive_batched", ours, theirs);

    bob.reads(scale.backlog.into()).await?;
    let ours = receive_singly(&cast, &mut bob).await?;
    bob.client.shutdown().await;
    report(scale, "client_receive_single", ours, theirs);
    Ok(())
}

/// Alice sends the backlog, in turns with openmls, whose messages are kept.
async fn send(
    alice: &Client,
    chat: &ConversationId,
    scale: &Scale,
    raw: &mut raw_mls::Member,
    written: &mut Vec<Vec<u8>>,
) -> Result<(Cost, Cost)> {
    let count = scale.backlog / ROUNDS;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    people::sent(alice).await?;
    for round in 0..ROUNDS {
        let numbers = round * count..(round + 1) * count;
        let meter = Meter::start();
        for number in numbers.clone() {
            alice.send(chat, &people::text(number)).await?;
        }
        people::sent(alice).await?;
        ours.push(meter.cost(count));
        let contents: Vec<Vec<u8>> = numbers
            .map(|number| raw_mls::content(&people::text(number)))
            .collect::<Result<_>>()?;
        let meter = Meter::start();
        for content in &contents {
            written.push(raw.send(content)?);
        }
        theirs.push(meter.cost(count));
    }
    Ok((middle(&ours), middle(&theirs)))
}

fn middle(costs: &[Cost]) -> Cost {
    let of = |what: fn(&Cost) -> f64| median(&costs.iter().map(what).collect::<Vec<_>>());
    Cost {
        work: of(|cost| cost.work),
        wall: of(|cost| cost.wall),
    }
}

fn read_raw(raw: &mut raw_mls::Member, written: &[Vec<u8>]) -> Result<Cost> {
    let meter = Meter::start();
    for message in written {
        raw.receive(message)?;
    }
    Ok(meter.cost(u32::try_from(written.len())?))
}

/// Bob receives while Alice, in another process, sends one message after the other.
async fn receive_singly(cast: &Cast, bob: &mut Listener) -> Result<Cost> {
    let program = std::env::current_exe()?;
    let mut alice = Command::new(program)
        .arg("member")
        .arg(cast.alice.dir())
        .args([
            cast.chat.to_string(),
            SINGLES.to_string(),
            PAUSE_MS.to_string(),
        ])
        .stdin(Stdio::null())
        .spawn()?;
    bob.hears(1).await?;
    let meter = Meter::start();
    bob.hears(SINGLES.into()).await?;
    let cost = meter.cost(SINGLES - 1);
    bob.reads(SINGLES.into()).await?;
    if !alice.wait()?.success() {
        return Err("Alice could not send".into());
    }
    Ok(cost)
}

fn report(scale: &Scale, figure: &str, ours: Cost, theirs: Cost) {
    let against = format!(
        "{:.0} us of openmls in memory, group of {}; wall {:.0} us",
        theirs.work, scale.size, ours.wall
    );
    let print = |name: String| {
        Figure::new(BENCH, name, ours.work, "us")
            .against(&against)
            .ratio(ours.work / theirs.work)
            .print();
    };
    print(format!("{figure}_{}", scale.size));
    if scale.headline {
        print(figure.into());
    }
}
