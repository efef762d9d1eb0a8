//! `sealwire org requests` and `sealwire org health`: for those who look after the organisation.

use sealwire_core::api::{
    DataIncident, DataLaw, DataOutcome, DataRequest, DataRight, HealthPoint, LogHealth, NoticeName,
    Registers, RelayHealth,
};

use crate::{
    context::Context,
    exit::Outcome,
    output::{BAD, GOOD, Line, Page, Table, WARN},
    time::minute,
};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Bars of a day: two points each.
const COLUMNS: usize = 48;
/// The relay rounds counts and bytes down to these.
const COUNT_STEP: u64 = 10;
const MIB: u64 = 1 << 20;
const BYTES_STEP_MIB: u64 = 16;

/// Runs `org requests`.
pub(super) async fn requests(context: &Context) -> Outcome {
    let client = context.open().await?;
    let registers = client.oversight_requests().await?;
    context
        .out
        .result(&registers, |page| print_registers(page, &registers))?;
    client.shutdown().await;
    Ok(())
}

/// Runs `org health`.
pub(super) async fn health(context: &Context) -> Outcome {
    let client = context.open().await?;
    let health = client.relay_health().await?;
    context
        .out
        .result(&health, |page| print_health(page, &health))?;
    if health.logs_halted {
        context.out.warn(
            "the relay's transparency logs are halted: a witness knows more of them than the relay. \
             Its operator finds the reason in the relay's own log.",
        );
    }
    client.shutdown().await;
    Ok(())
}

fn print_registers(page: &mut Page, registers: &Registers) {
    let now_ms = registers.now_ms;
    if registers.requests.is_empty() {
        page.line("There are no requests.");
    } else {
        let mut table = Table::new(&["NO", "RIGHT", "LAW", "ABOUT", "DUE", "STATE"]);
        for request in &registers.requests {
            table.row(vec![
                request.number.to_string().into(),
                right(request.right).into(),
                law(request.law).into(),
                request.handle.as_deref().unwrap_or("-").into(),
                minute(request.due_ms).into(),
                state_of(request, now_ms),
            ]);
        }
        table.print(page);
    }
    more(page, registers.requests_left, "requests");
    page.line("");
    if registers.incidents.is_empty() {
        page.line("There are no incidents.");
    }
    for incident in &registers.incidents {
        print_incident(page, incident, now_ms);
    }
    more(page, registers.incidents_left, "incidents");
}

fn print_incident(page: &mut Page, incident: &DataIncident, now_ms: u64) {
    let state = match incident.closed_ms {
        Some(at_ms) => format!("closed {}", minute(at_ms)),
        None => "open".to_owned(),
    };
    let affected = incident.affected;
    let affected = affected.map_or_else(String::new, |people| format!(", about {people} people"));
    page.line(format!(
        "Incident {}, {}: noticed {}, {state}{affected}",
        incident.number,
        incident.kind,
        minute(incident.noticed_ms)
    ));
    page.line(format!("  {}", incident.what));
    for clock in &incident.clocks {
        let name = match clock.name {
            NoticeName::OneDay => "24 h",
            NoticeName::ThreeDays => "72 h",
            NoticeName::OneMonth => "one month",
        };
        let line = Line::new().plain(format!("  {name:<9}  {}  ", minute(clock.due_ms)));
        page.line(stands(
            line,
            clock.due_ms,
            clock.met_ms,
            clock.overdue_ms,
            now_ms,
            "told",
        ));
    }
}

fn more(page: &mut Page, left: u64, what: &str) {
    if left > 0 {
        page.line(format!("{left} more {what} are in the register."));
    }
}

fn state_of(request: &DataRequest, now_ms: u64) -> Line {
    let done = match request.outcome {
        Some(DataOutcome::Refused) => "refused",
        _ => "done",
    };
    let (due, answered) = (request.due_ms, request.answered_ms);
    stands(Line::new(), due, answered, request.overdue_ms, now_ms, done)
}

/// Adds how a clock stands.
fn stands(
    line: Line,
    due_ms: u64,
    done_ms: Option<u64>,
    overdue_ms: u64,
    now_ms: u64,
    done: &str,
) -> Line {
    match (done_ms, overdue_ms) {
        (None, 0) => {
            let left = due_ms.saturating_sub(now_ms);
            line.styled(WARN, format!("{} left", span(left)))
        }
        (None, late) => line.styled(BAD, format!("OVERDUE by {}", span(late))),
        (Some(_), 0) => line.styled(GOOD, done),
        (Some(_), late) => line.plain(format!("{done}, {} late", span(late))),
    }
}

/// A length of time in days and hours, or hours and minutes.
fn span(ms: u64) -> String {
    let minutes = ms / 60_000;
    let (days, hours) = (minutes / 1_440, minutes / 60 % 24);
    if days > 0 {
        format!("{days} d {hours} h")
    } else {
        format!("{hours} h {} min", minutes % 60)
    }
}

const fn right(right: DataRight) -> &'static str {
    match right {
        DataRight::Access => "access",
        DataRight::Erasure => "erasure",
        DataRight::Rectification => "rectification",
        DataRight::Restriction => "restriction",
        DataRight::Objection => "objection",
    }
}

const fn law(law: DataLaw) -> &'static str {
    match law {
        DataLaw::Gdpr => "gdpr",
        DataLaw::Ccpa => "ccpa",
    }
}

fn print_health(page: &mut Page, health: &RelayHealth) {
    page.field("Version", health.version.clone());
    page.field("Since", minute(health.started_ms));
    for log in &health.logs {
        page.field(
            if log.log == "audit" {
                "Audit log"
            } else {
                "Directory"
            },
            head(log),
        );
    }
    let drill = match &health.drill {
        None => "none that the relay was told of".to_owned(),
        Some(drill) if drill.ok => format!("{}, all was right", minute(drill.ended_ms)),
        Some(drill) => format!("{}, it failed", minute(drill.ended_ms)),
    };
    page.field("Drill", drill);
    let Some(now) = health.points.last() else {
        page.line("Nothing is measured yet; repeat in a minute.");
        return;
    };
    page.field("Stored", mib(stored(now)));
    if let Some(free) = now.free_bytes {
        page.field("Free", mib(free));
    }
    page.line("");
    if health.points.len() < 2 {
        page.line("The first curves are there 15 minutes after the relay's start.");
        return;
    }
    for (name, of, say) in CURVES {
        let values: Vec<u64> = health.points.iter().map(of).collect();
        let most = values.iter().copied().max().unwrap_or(0);
        page.line(format!(
            "{name:<12}{}  at most {}",
            bars(&values),
            say(most)
        ));
    }
    page.line("");
    page.line("One bar for half an hour, the newest on the right. Figures are coarse, so that they tell of nobody.");
}

/// What a curve is called, how it is taken, and how its values are told.
type Curve = (&'static str, fn(&HealthPoint) -> u64, fn(u64) -> String);

const CURVES: [Curve; 6] = [
    ("Connections", |point| point.connections, counted),
    ("  of groups", |point| point.group_connections, counted),
    ("Messages", |point| point.messages, counted),
    ("Refused", |point| point.refused, counted),
    ("Failed", |point| point.failed, counted),
    ("Stored", stored, mib),
];

fn head(log: &LogHealth) -> String {
    let published = match log.published_ms {
        Some(at_ms) => format!("head published {}", minute(at_ms)),
        None => "head not published since the start".to_owned(),
    };
    let cosigned = match log.cosigned_ms {
        _ if log.witnesses == 0 => "no witnesses".to_owned(),
        Some(at_ms) => format!("cosigned {}", minute(at_ms)),
        None => "not cosigned since the start".to_owned(),
    };
    format!("{} entries, {published}, {cosigned}", log.entries)
}

fn stored(point: &HealthPoint) -> u64 {
    point.database_bytes.saturating_add(point.blob_bytes)
}

/// The range in which the exact count lies.
fn counted(count: u64) -> String {
    format!("{count}-{}", count.saturating_add(COUNT_STEP - 1))
}

fn mib(bytes: u64) -> String {
    match bytes / MIB {
        0 => format!("less than {BYTES_STEP_MIB} MiB"),
        mib => format!("{mib} MiB"),
    }
}

/// A curve in one line; each bar is the highest of its points.
fn bars(values: &[u64]) -> String {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let each = values.len().div_ceil(COLUMNS).max(1);
    let bar = |points: &[u64]| {
        let high = points.iter().copied().max().unwrap_or(0);
        let steps = BARS.len() as u64 - 1;
        let at = u128::from(high) * u128::from(steps) / u128::from(most);
        BARS[usize::try_from(at).unwrap_or(0).min(BARS.len() - 1)]
    };
    values.chunks(each).map(bar).collect()
}

#[cfg(test)]
mod tests {
    use sealwire_core::api::{DrillHealth, NoticeClock, NoticeRule};
    use unicode_width::UnicodeWidthStr;

    use super::*;

    const HOUR_MS: u64 = 3_600_000;
    const NOW_MS: u64 = 1_764_000_000_000;

    fn registers() -> Registers {
        let request = |number, overdue_ms, outcome: Option<DataOutcome>| DataRequest {
            number,
            right: DataRight::Rectification,
            law: DataLaw::Gdpr,
            handle: Some("bob@acme".into()),
            received_ms: NOW_MS - 700 * HOUR_MS,
            due_ms: NOW_MS + 50 * HOUR_MS - overdue_ms,
            extended_ms: None,
            answered_ms: outcome.map(|_| NOW_MS),
            outcome,
            overdue_ms,
        };
        Registers {
            now_ms: NOW_MS,
            requests: vec![
                request(1, 75 * HOUR_MS, None),
                request(2, 0, None),
                request(3, 3 * HOUR_MS, Some(DataOutcome::Refused)),
            ],
            requests_left: 2,
            incidents: vec![DataIncident {
                number: 1,
                kind: "availability".into(),
                what: "the disk was full \u{1b}[31m".into(),
                noticed_ms: NOW_MS,
                affected: Some(12),
                rules: vec![NoticeRule::Gdpr],
                closed_ms: None,
                clocks: vec![NoticeClock {
                    name: NoticeName::ThreeDays,
                    due_ms: NOW_MS + 72 * HOUR_MS,
                    met_ms: None,
                    overdue_ms: 0,
                }],
            }],
            incidents_left: 0,
        }
    }

    fn health() -> RelayHealth {
        RelayHealth {
            version: "1.0.0".into(),
            now_ms: NOW_MS,
            started_ms: NOW_MS,
            step_s: 900,
            points: (0..96)
                .map(|at| HealthPoint {
                    at_ms: NOW_MS + at * 900_000,
                    connections: at * 10,
                    group_connections: 0,
                    messages: 0,
                    refused: 0,
                    failed: 0,
                    database_bytes: 64 << 20,
                    blob_bytes: 0,
                    free_bytes: None,
                })
                .collect(),
            logs: vec![LogHealth {
                log: "audit".into(),
                entries: 7,
                published_ms: Some(NOW_MS),
                cosigned_ms: None,
                witnesses: 1,
                quorum: 1,
            }],
            logs_halted: false,
            drill: Some(DrillHealth {
                ended_ms: NOW_MS,
                ok: false,
            }),
        }
    }

    fn text(print: impl FnOnce(&mut Page)) -> String {
        let mut page = Page::new(Some(80));
        print(&mut page);
        anstream::adapter::strip_str(page.styled()).to_string()
    }

    #[test]
    fn clocks_are_told_in_words_on_a_page_of_80_columns() {
        let text = text(|page| print_registers(page, &registers()));
        for told in [
            "OVERDUE by 3 d 3 h",
            "2 d 2 h left",
            "refused, 3 h 0 min late",
            "2 more requests are in the register.",
            "3 d 0 h left",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_day_is_a_line_of_bars() {
        let text = text(|page| print_health(page, &health()));
        let line = text.lines().find(|line| line.starts_with("Connections"));
        let line = line.expect("a curve");
        assert!(line.contains("▁▁") && line.contains("▇█  "), "{line}");
        assert!(line.ends_with("at most 950-959"), "{line}");
        assert!(text.contains("not cosigned since the start"), "{text}");
        assert!(text.contains("it failed"), "{text}");
        assert!(text.contains("64 MiB"), "{text}");
        let flat = "▁".repeat(COLUMNS);
        assert!(
            text.contains(&format!("Messages    {flat}  at most 0-9")),
            "{text}"
        );
    }

    #[test]
    fn bars_fit_whatever_comes() {
        assert_eq!(bars(&[]), "");
        assert_eq!(bars(&[5]), "█");
        assert_eq!(bars(&[0, u64::MAX]), "▁█");
        assert_eq!(bars(&[0; 96]).chars().count(), COLUMNS);
    }
}
