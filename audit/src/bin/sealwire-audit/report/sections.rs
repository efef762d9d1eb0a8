//! What the statements say: over time, retention, the newest census, erasures.

use std::collections::{BTreeMap, BTreeSet};

use sealwire_audit::predicate::{Class, RetentionRun, StorageCensus, Stored, Table, Time};
use serde::Serialize;

use super::html::Html;
use super::material::Material;
use super::plot::{self, Span, minute};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// What the law gives for an answer (GDPR Art. 12 (3)), in days.
const ANSWER_DAYS: u64 = 30;

/// When there were which statements.
pub(super) fn statements(html: &mut Html, material: &Material) {
    html.raw("<h2>Statements</h2>\n");
    let moments = material.marks.values().flatten().map(|mark| mark.at);
    let Some(span) = Span::of(moments) else {
        html.raw("<p>There are none.</p>\n");
        return;
    };
    let times = |(name, marks): (&&'static str, &Vec<super::material::Mark>)| {
        (*name, marks.iter().map(|mark| mark.at).collect())
    };
    let rows: Vec<(&str, Vec<Time>)> = material.marks.iter().map(times).collect();
    plot::rows(html, "Statements by type over time", span, &rows);
}

/// What retention removed.
pub(super) fn retention(html: &mut Html, material: &Material) {
    html.raw("<h2>Retention</h2>\n");
    let runs = &material.runs;
    let Some(span) = Span::of(runs.iter().map(|run| run.started)) else {
        html.raw("<p class=\"bad\">No run of retention is attested.</p>\n");
        return;
    };
    let failed = runs.iter().filter(|run| !run.failed_parts.is_empty());
    html.raw("<p>").count(runs.len()).raw(" runs, of which ");
    html.count(failed.count())
        .raw(" failed in some part.</p>\n");
    let kinds: BTreeSet<&str> = runs
        .iter()
        .flat_map(|run| run.removed.iter().map(|one| one.kind.as_str()))
        .collect();
    for kind in kinds {
        let values: Vec<(Time, u64)> = runs
            .iter()
            .map(|run| (run.started, removed(run, kind)))
            .collect();
        plot::over_time(html, &format!("Removed: {kind}"), span, &values);
    }
    if let Some(newest) = runs.iter().max_by_key(|run| run.started) {
        html.raw("<p>Rules of the newest run, ")
            .text(minute(newest.started))
            .raw(":</p>\n");
        html.table(&["Kind", "Days"]);
        for rule in &newest.rules {
            html.row(&[rule.kind.as_str(), &rule.days.to_string()]);
        }
        html.end_table();
    }
}

fn removed(run: &RetentionRun, kind: &str) -> u64 {
    let of_kind = run.removed.iter().filter(|one| one.kind == kind);
    of_kind.fold(0, |sum, one| sum.saturating_add(one.removed))
}

/// What lies in the stores.
pub(super) fn census(html: &mut Html, material: &Material) {
    html.raw("<h2>Newest storage census</h2>\n");
    let Some((entry, census)) = &material.census else {
        html.raw("<p class=\"bad\">No storage census is attested.</p>\n");
        return;
    };
    html.raw("<p>Taken ")
        .text(minute(census.taken))
        .raw("; entry ")
        .number(*entry);
    html.raw(" of the log. Not readable as what it should be: ");
    html.number(census.unparsed_total)
        .raw(".</p>\n<div class=\"wide\">");
    html.table(&[
        "Stored as",
        "Number",
        "Unreadable",
        "Longest, bytes up to",
        "Least entropy, bits a byte up to",
    ]);
    for stored in &census.stored {
        let (longest, least) = extremes(stored);
        html.row(&[
            word(&stored.form),
            stored.count.to_string(),
            stored.unparsed.to_string(),
            longest,
            least,
        ]);
    }
    html.end_table().raw("</div>\n<div class=\"wide\">");
    tables(html, census);
    html.raw("</div>\n");
}

fn extremes(stored: &Stored) -> (String, String) {
    let longest = stored.size_buckets.iter().rev().find(|one| one.count > 0);
    let least = stored.entropy_histogram.iter().find(|one| one.count > 0);
    (
        longest.map_or_else(String::new, |one| one.up_to.to_string()),
        least.map_or_else(String::new, |one| {
            f64::from(one.up_to_bits_per_byte).to_string()
        }),
    )
}

fn tables(html: &mut Html, census: &StorageCensus) {
    html.table(&["Table", "Rows", "Columns by class"]);
    for Table {
        table,
        columns,
        rows,
    } in &census.tables
    {
        let mut classes: BTreeMap<Class, Vec<&str>> = BTreeMap::new();
        for column in columns {
            classes.entry(column.class).or_default().push(&column.name);
        }
        let class =
            |(class, names): (&Class, &Vec<&str>)| format!("{}: {}", word(class), names.join(", "));
        let classes: Vec<String> = classes.iter().map(class).collect();
        html.row(&[table.clone(), rows.to_string(), classes.join("; ")]);
    }
    html.end_table();
}

/// The word by which JSON calls a form or class.
fn word<T: Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// How long erasures took.
pub(super) fn erasures(html: &mut Html, material: &Material) {
    html.raw("<h2>Erasures</h2>\n");
    if material.erasures.is_empty() {
        html.raw("<p>None is attested.</p>\n");
        return;
    }
    let mut days: Vec<(String, u64)> = Vec::new();
    let (mut told, mut confirmed, mut silent) = (0_u64, 0_u64, 0_u64);
    for one in &material.erasures {
        let took = one.completed.millis() - one.requested.millis();
        days.push((minute(one.requested), took.div_ceil(DAY_MS)));
        told = told.saturating_add(one.devices.told);
        confirmed = confirmed.saturating_add(one.devices.confirmed);
        silent = silent.saturating_add(one.devices.not_heard_from);
    }
    let title = "Days from request to completion, one bar each; the line is 30 days";
    plot::one_by_one(html, title, "days", &days, ANSWER_DAYS);
    let late = days.iter().filter(|(_, days)| *days > ANSWER_DAYS).count();
    let mut sorted: Vec<u64> = days.iter().map(|(_, days)| *days).collect();
    sorted.sort_unstable();
    html.table(&["Erasures", "Number"]);
    for (name, number) in [
        ("completed", sorted.len().to_string()),
        ("after more than 30 days", late.to_string()),
        (
            "days of the middle one",
            sorted[sorted.len() / 2].to_string(),
        ),
        ("days of the longest", sorted[sorted.len() - 1].to_string()),
        ("devices told", told.to_string()),
        ("devices that confirmed", confirmed.to_string()),
        ("devices not heard from", silent.to_string()),
    ] {
        html.row(&[name, &number]);
    }
    html.end_table();
}
