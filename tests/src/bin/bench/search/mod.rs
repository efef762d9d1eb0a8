//! Search in a profile of one million messages, and what it costs to open such a profile.
//!
//! The messages are put into the database of a real profile with SQL; all that is measured is
//! then done by the client itself.

mod export;
mod history;
mod latency;
mod opening;
mod peers;
mod plain_fts;
mod profile;
mod recall;

use crate::{Plan, Result, cores::Cores, figure::Figure, note};

const BENCH: &str = "search";

/// Runs all parts: they share one profile, which takes a minute to fill.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    let cores = Cores::divide()?;
    let count = if plan.quick { 30_000 } else { 1_000_000 };
    crate::client_threads(async {
        let profile = profile::Profile::make(&cores).await?;
        note(format_args!("search: writing {count} messages"));
        let history = history::fill(&profile, count).await?;
        index(&profile, &history).await?;
        latency::measure(&profile, &history).await?;
        recall::measure(&profile, &history).await?;
        opening::measure(&profile)?;
        plain_fts::measure(&profile, &history).await?;
        peers::measure(&profile, &history, &plan.peers)?;
        export::measure(&profile).await
    })
}

/// Lets the client take in the whole history.
async fn index(profile: &profile::Profile, history: &history::History) -> Result<()> {
    let client = profile.open().await?;
    let before = profile.size()?;
    let start = std::time::Instant::now();
    client.finish_search_index().await?;
    let took = start.elapsed().as_secs_f64();
    client.erase_traces().await?;
    client.shutdown().await;
    let after = profile.size()?;
    let text = history.text_bytes as f64;
    let count = history.count as f64;
    Figure::new(BENCH, "index_messages_per_s", count / took, "messages/s")
        .against("the client's own steps of 1,000, on disk, fsynced")
        .print();
    Figure::new(BENCH, "index_file_ratio", (after - before) / text, "x text")
        .against(format!(
            "{:.0} MB of text; database without index {:.0} MB, with it {:.0} MB",
            text / 1e6,
            before / 1e6,
            after / 1e6
        ))
        .print();
    Ok(())
}

/// A member of the benchmark in a process of its own: `open HOME CHAT`.
pub(crate) fn open(words: &[String]) -> Result<()> {
    crate::client_threads(opening::child(words))
}

/// Another: `export HOME CHAT FORMAT FOLDER`.
pub(crate) fn export(words: &[String]) -> Result<()> {
    crate::client_threads(export::child(words))
}
