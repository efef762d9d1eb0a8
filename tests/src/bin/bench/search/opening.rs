//! How long it takes until a person sees their conversations, and one of them.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use sealwire_core::parse_conversation;

use super::BENCH;
use super::profile::{self, Profile};
use crate::figure::Figure;
use crate::samples::median;
use crate::{Result, ms};

const ROUNDS: usize = 9;
/// Messages that a screen shows.
const SCREEN: u32 = 100;

/// Measures in processes of their own, so that each begins with nothing in memory.
pub(super) fn measure(profile: &Profile) -> Result<()> {
    let mut rounds: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let output = Command::new(std::env::current_exe()?)
            .arg("open")
            .arg(profile.home())
            .arg(profile.chats[0].to_string())
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        let text = String::from_utf8(output.stdout)?;
        for (values, word) in rounds.iter_mut().zip(text.split_whitespace()) {
            values.push(word.parse()?);
        }
    }
    let [open, end, unread, memory] = rounds;
    Figure::new(BENCH, "open_profile_ms", median(&open), "ms")
        .against("a new process, files in the system's cache; without the passphrase's Argon2id")
        .print();
    Figure::new(BENCH, "open_conversation_end_ms", median(&end), "ms").print();
    Figure::new(BENCH, "open_conversation_unread_ms", median(&unread), "ms").print();
    Figure::new(BENCH, "open_memory_mb", median(&memory), "MB")
        .against("most resident")
        .print();
    Ok(())
}

/// `HOME CHAT`: prints the four numbers.
pub(super) async fn child(words: &[String]) -> Result<()> {
    let [home, chat] = words else {
        return Err("open HOME CHAT".into());
    };
    let chat = parse_conversation(chat)?;
    let start = Instant::now();
    let client = profile::open(Path::new(home)).await?;
    let list = client.conversations().await?;
    let open = start.elapsed();
    let start = Instant::now();
    let newest = client.newest_messages(&chat, SCREEN).await?;
    let end = start.elapsed();
    let last = newest.last().map_or(0, |message| message.position);
    let start = Instant::now();
    let info = client.conversation(&chat).await?;
    let from = last.saturating_sub(info.unread);
    let unread = client.messages_after(&chat, from, SCREEN).await?;
    let middle = start.elapsed();
    if list.is_empty() || newest.is_empty() || unread.is_empty() {
        return Err("the profile is empty".into());
    }
    client.shutdown().await;
    let times = [open, end, middle].map(|time: Duration| format!("{:.3}", ms(time)));
    println!("{} {:.1}", times.join(" "), most_resident_mb()?);
    Ok(())
}

/// The most memory that this process had so far.
pub(super) fn most_resident_mb() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.ok_or("a status file of another form")?.parse::<f64>()? * 1024.0 / 1e6)
}
