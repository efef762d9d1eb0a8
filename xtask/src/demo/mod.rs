//! `cargo xtask start --demo`: two sample people talk through a relay of their own, and then
//! what a member sees stands beside what the relay holds.

mod evidence;
mod person;
mod script;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde_json::Value;

use self::evidence::Evidence;
use self::person::Person;
use self::script::{CONVERSATION, LINES, Speaker};
use crate::failure::Failure;
use crate::relay::{Relay, Setup};
use crate::search;
use crate::text;

/// The organisation of the two.
const ORGANISATION: &str = "hafen";
/// Columns of the page.
const WIDTH: usize = 80;

/// Plays it. Everything lives in a folder that goes when this returns.
pub(crate) fn run(programs: &Path) -> Result<(), Failure> {
    let folder = tempfile::Builder::new()
        .prefix("sealwire-demo-")
        .tempdir()
        .map_err(|error| Failure::io("cannot make a temporary folder", &error))?;
    let programs = &copied(programs, folder.path())?;
    let (data, log) = (folder.path().join("relay"), folder.path().join("relay.log"));
    println!("The desktop app does not exist yet; the two talk with the terminal client.\n");
    let relay = Relay::start(&Setup {
        programs,
        data: data.clone(),
        log: Some(log.clone()),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        organisation: ORGANISATION,
    })?;
    println!("A relay listens on {} (TLS 1.3).", relay.address);
    let mara = Person::new("mara", programs, folder.path())?;
    let lin = Person::new("lin", programs, folder.path())?;
    meet(&relay, &mara, &lin)?;
    talk(&mara, &lin)?;
    let seen = seen(&mara, &lin)?;
    let held = Evidence::gather(&data)?;
    println!("\n{}", page(&seen, &held));
    search_relay(&data, &log)?;
    drop(relay);
    println!("\nThe relay was stopped and everything it and the two had stored was removed.");
    Ok(())
}

/// Copies of the programs: a build that goes on elsewhere must not change them meanwhile.
fn copied(programs: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let bin = folder.join("bin");
    let copy = |name: &str| fs::copy(programs.join(name), bin.join(name));
    fs::create_dir(&bin)
        .and_then(|()| copy("sealwire"))
        .and_then(|_| copy("sealwire-relay"))
        .map_err(|error| Failure::io("cannot copy the programs", &error))?;
    Ok(bin)
}

fn meet(relay: &Relay, mara: &Person, lin: &Person) -> Result<(), Failure> {
    let missing = |what: &str| Failure::new(format!("there is no {what}"), "report this as a bug");
    let owner_link = relay.owner_link.as_deref();
    mara.join(owner_link.ok_or_else(|| missing("invitation for the owner"))?)?;
    println!("Mara joins with the owner's invitation and invites Lin.");
    let invitation = mara.run(&["org", "invite"])?;
    let link = invitation["link"].as_str();
    lin.join(link.ok_or_else(|| missing("link in the answer to `org invite`"))?)?;
    println!("Lin joins; Mara begins the conversation “{CONVERSATION}”.\n");
    mara.run(&["chat", "create", CONVERSATION, lin.name])?;
    lin.run(&["sync"])?;
    Ok(())
}

fn talk(mara: &Person, lin: &Person) -> Result<(), Failure> {
    for (speaker, line) in LINES {
        let person = match speaker {
            Speaker::Mara => mara,
            Speaker::Lin => lin,
        };
        // Returns when the message was read back from the relay.
        person.run(&["message", "send", CONVERSATION, "-m", line])?;
        let name = text::fit(person.name, 5);
        for (at, part) in text::wrap(line, WIDTH - 6).iter().enumerate() {
            println!("{} {part}", if at == 0 { &name } else { "     " });
        }
    }
    Ok(())
}

/// What Lin's history holds; fails unless Mara's holds the same.
fn seen(mara: &Person, lin: &Person) -> Result<Vec<(String, String)>, Failure> {
    let expected: Vec<(String, String)> = LINES
        .iter()
        .map(|(speaker, line)| {
            let name = match speaker {
                Speaker::Mara => mara.name,
                Speaker::Lin => lin.name,
            };
            (format!("{name}@{ORGANISATION}"), (*line).to_owned())
        })
        .collect();
    for person in [mara, lin] {
        person.run(&["sync"])?;
        let history = person.run(&["message", "list", CONVERSATION, "--limit", "1000"])?;
        if texts(&history) != expected {
            return Err(Failure::new(
                format!("{} does not see what was sent", person.name),
                "this must never happen: report it as a bug",
            ));
        }
    }
    Ok(expected)
}

fn texts(history: &Value) -> Vec<(String, String)> {
    let field = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    history
        .as_array()
        .into_iter()
        .flatten()
        .filter(|line| line["kind"] == "text")
        .map(|line| (field(line, "sender"), field(line, "text")))
        .collect()
}

fn page(seen: &[(String, String)], held: &Evidence) -> String {
    const LEFT: usize = 40;
    const RIGHT: usize = WIDTH - LEFT - 3;
    let mut left = vec!["WHAT BOTH MEMBERS SEE".to_owned(), "─".repeat(LEFT)];
    for (sender, line) in seen {
        left.push(sender.clone());
        left.extend(
            text::wrap(line, LEFT - 2)
                .iter()
                .map(|part| format!("  {part}")),
        );
    }
    let mut right = vec!["WHAT THE RELAY HOLDS".to_owned(), "─".repeat(RIGHT)];
    right.push("groups.db, entries (seq within its".into());
    right.push("lane; first and last bytes in hex)".into());
    right.extend(held.entries.iter().cloned());
    right.push(String::new());
    right.push("account.db, accounts and devices".into());
    right.extend(held.accounts.iter().cloned());
    text::beside(&left, &right, LEFT)
}

fn search_relay(data: &Path, log: &Path) -> Result<(), Failure> {
    let mut secrets: Vec<&str> = LINES.iter().map(|(_, line)| *line).collect();
    secrets.push(CONVERSATION);
    let found = search::search(&[data, log], &secrets)?;
    if !found.hits.is_empty() {
        return Err(Failure::new(
            format!("the relay holds readable text: {}", found.hits.join("; ")),
            "this must never happen: report it as a bug",
        ));
    }
    // A search that finds nothing proves something only if it can find.
    let control = format!("mara@{ORGANISATION}");
    let known = search::search(&[data], &[&control])?.hits;
    if known.is_empty() {
        return Err(Failure::new(
            "the search does not even find what the relay is known to hold",
            "report this as a bug",
        ));
    }
    println!(
        "Searched the relay's {} files ({} KiB, write-ahead logs and its own log too) for\n\
         each of the {} lines and the conversation's name, as plain text, UTF-16, hex\n\
         and base64: found nothing. The same search does find the handle {control},\n\
         which the relay has to know (docs/metadata-ledger.md).",
        found.files,
        found.bytes / 1024,
        LINES.len(),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn the_page_fits_eighty_columns_and_its_line_stands_straight() {
        let seen: Vec<(String, String)> = LINES
            .iter()
            .map(|(_, line)| ("mara@hafen".to_owned(), (*line).to_owned()))
            .collect();
        let held = Evidence::from_json(
            r#"[{"log":"5f3a91c2","seq":12,"kind":2,"size":1101,"first":"00010002","last":"0011223344556677889900aa"}]"#,
            r#"[{"handle":"mara@hafen","role":"org-owner","device":"5f3a91c2","inbox":0,"packages":100}]"#,
        )
        .unwrap();
        let page = page(&seen, &held);
        assert!(page.contains("5f3a91c2"));
        for line in page.lines() {
            assert!(line.width() <= WIDTH, "{line}");
            let before = line.split(['│']).next().unwrap().width();
            assert!(before == 41, "{line}");
        }
    }

    #[test]
    fn only_texts_are_compared() {
        let history = serde_json::json!([
            { "kind": "info", "sender": "", "text": "mara added lin" },
            { "kind": "text", "sender": "mara@hafen", "text": "hello" },
        ]);
        assert_eq!(
            texts(&history),
            [("mara@hafen".to_owned(), "hello".to_owned())]
        );
    }
}
