//! What is attested and what is not.

use std::collections::{BTreeMap, BTreeSet};

use sealwire_audit::predicate::{Clock, Known, Role, SubjectRequest};

use super::html::Html;
use super::material::{Mark, Material};
use super::plot::minute;

/// For each type of statement: how many, from when to when, the longest gap, by whom.
pub(super) fn coverage(html: &mut Html, material: &Material, signers_known: bool) {
    html.raw("<h2>Coverage</h2>\n<div class=\"wide\">");
    html.table(&[
        "Type",
        "Number",
        "First",
        "Last",
        "Longest gap",
        "Signed by",
    ]);
    for name in Known::NAMES {
        let marks = material.marks.get(name).map_or(&[][..], Vec::as_slice);
        row(html, name, marks, signers_known);
    }
    html.end_table().raw("</div>\n");
    html.table(&["State", ""]);
    let drills = material.drills.iter().max_by_key(|drill| drill.ended);
    html.row(&[
        "newest restore drill",
        &drills.map_or_else(
            || "none".to_owned(),
            |drill| {
                let how = if drill.ok { "all was right" } else { "failed" };
                format!("{}: {how}", minute(drill.ended))
            },
        ),
    ]);
    html.row(&["legal holds in force", &material.open_holds().to_string()]);
    html.row(&["copies of data given", &material.exports.len().to_string()]);
    html.row(&["incidents", &material.incidents.len().to_string()]);
    let clocks = material.incidents.values().flat_map(|one| &one.clocks);
    let missed = |clock: &&Clock| clock.met.is_none_or(|met| met > clock.due);
    html.row(&[
        "notices of incidents not given in time",
        &clocks.filter(missed).count().to_string(),
    ]);
    let late = |one: &&SubjectRequest| one.answered > one.due;
    html.row(&[
        "requests answered by hand",
        &material.requests.len().to_string(),
    ]);
    html.row(&[
        "of these, after they were due",
        &material.requests.iter().filter(late).count().to_string(),
    ]);
    if let Some(config) = &material.config {
        let digest = config.binary.sha256.to_string();
        html.row(&[
            "program, by its own word",
            &format!("{}, SHA-256 {digest}", config.version),
        ]);
    }
    html.end_table();
}

fn row(html: &mut Html, name: &str, marks: &[Mark], signers_known: bool) {
    let mut times: Vec<_> = marks.iter().map(|mark| mark.at).collect();
    times.sort_unstable();
    let gaps = times
        .windows(2)
        .map(|pair| pair[1].millis() - pair[0].millis());
    let gap = gaps.max().map_or_else(String::new, hours);
    let mut by: BTreeMap<Role, u64> = BTreeMap::new();
    let roles: Vec<&BTreeSet<Role>> = marks.iter().map(|mark| &mark.roles).collect();
    for role in roles.into_iter().flatten() {
        *by.entry(*role).or_default() += 1;
    }
    let by: Vec<String> = by
        .iter()
        .map(|(role, count)| format!("{role}: {count}"))
        .collect();
    let by = match (marks.is_empty(), signers_known) {
        (true, _) => String::new(),
        (false, false) => "not checked".to_owned(),
        (false, true) => by.join(", "),
    };
    let time = |time: Option<&_>| time.map_or_else(String::new, |time| minute(*time));
    html.row(&[
        name,
        &if marks.is_empty() {
            "none".to_owned()
        } else {
            marks.len().to_string()
        },
        &time(times.first()),
        &time(times.last()),
        &gap,
        &by,
    ]);
}

fn hours(millis: u64) -> String {
    let hours = millis / (60 * 60 * 1000);
    if hours < 48 {
        format!("{hours} h")
    } else {
        format!("{} days", hours / 24)
    }
}
