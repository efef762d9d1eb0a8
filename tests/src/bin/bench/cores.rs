//! Which core does what, and how long it worked.

use std::time::Duration;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use crate::Result;

/// One core for the relay, the others for the load.
pub(crate) struct Cores {
    relay: CpuSet,
    load: CpuSet,
}

impl Cores {
    /// Divides the cores that this process may use. With a single one, both share it.
    pub(crate) fn divide() -> Result<Self> {
        let all = sched_getaffinity(None)?;
        let mut usable = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
        let (mut relay, mut load) = (CpuSet::new(), CpuSet::new());
        relay.set(usable.next().ok_or("no core to run on")?);
        for core in usable {
            load.set(core);
        }
        if load.count() == 0 {
            crate::note("there is one core only: relay and load share it, so figures are worse");
            load = relay;
        }
        Ok(Self { relay, load })
    }

    /// Runs `work` on the relay's core, and goes back to the load's. Threads and processes that
    /// `work` starts stay where it runs.
    pub(crate) fn as_relay<T>(&self, work: impl FnOnce() -> T) -> Result<T> {
        sched_setaffinity(None, &self.relay)?;
        let done = work();
        self.as_load()?;
        Ok(done)
    }

    /// Moves the calling thread, and what it starts from now on, to the load's cores.
    pub(crate) fn as_load(&self) -> Result<()> {
        Ok(sched_setaffinity(None, &self.load)?)
    }
}

/// Time that all threads of this process have worked, ended ones included.
pub(crate) fn own_work() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// Time that a process has worked, in the kernel and outside.
pub(crate) fn work_of(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the program's name, in parentheses; utime and stime are 14 and 15.
    let (_, fields) = stat.rsplit_once(')').ok_or("a stat file of another form")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<u64, std::num::ParseIntError>>()?;
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Ok(Duration::from_secs(ticks) / u32::try_from(per_second)?)
}

/// Memory of a process in bytes: its own share, and all that is resident.
pub(crate) fn memory_of(pid: u32) -> Result<(f64, f64)> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let field = |name: &str| -> Result<f64> {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next());
        Ok(kib.ok_or("a smaps file of another form")?.parse::<f64>()? * 1024.0)
    };
    Ok((field("Pss:")?, field("Rss:")?))
}
