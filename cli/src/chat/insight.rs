//! `sealwire chat insight`.

use std::cmp::Reverse;

use sealwire_core::insight::Insight;

use super::resolve;
use crate::{
    context::Context,
    exit::Outcome,
    output::{DIM, Line, Page, Table},
};

/// Days that are shown, the newest.
const DAYS: usize = 14;
/// Columns of the longest bar.
const BAR: u64 = 30;
/// Hours that are shown, the busiest.
const HOURS: usize = 3;

/// Runs the command.
pub(super) async fn run(context: &Context, chat: &str) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, chat).await?;
    let found = client.insight(&id).await?;
    context.out.result(&found, |page| print(page, &found))?;
    if found.messages == 0 {
        context.out.note("Nothing was written here yet.");
    }
    client.shutdown().await;
    Ok(())
}

fn print(page: &mut Page, found: &Insight) {
    let (Some(first), Some(last)) = (found.days.first(), found.days.last()) else {
        return;
    };
    page.field(
        "Messages",
        format!("{} from {} to {}", found.messages, first.day, last.day),
    );
    page.field("Busiest hours", busiest(found));
    let words: Vec<String> = found
        .keywords
        .iter()
        .map(|keyword| format!("{} {}", keyword.word, keyword.messages))
        .collect();
    if !words.is_empty() {
        let head = Line::new().styled(DIM, "Words").plain(" ".repeat(10));
        page.beside(head, anstyle::Style::new(), &words.join(", "));
    }
    page.gap();
    let mut table = Table::new(&["PERSON", "MESSAGES", "ANSWERS", "HALF WITHIN"]);
    for person in &found.people {
        table.row(vec![
            person.handle.as_str().into(),
            person.messages.to_string().into(),
            person.replies.to_string().into(),
            person.reply_median_s.map(span).unwrap_or_default().into(),
        ]);
    }
    table.print(page);
    page.gap();
    let newest = &found.days[found.days.len().saturating_sub(DAYS)..];
    let most = newest.iter().map(|day| day.messages).max().unwrap_or(1);
    for day in newest {
        let bar = (day.messages * BAR).div_ceil(most.max(1));
        let bar = "█".repeat(usize::try_from(bar).unwrap_or(0));
        page.line(
            Line::new()
                .styled(DIM, &day.day)
                .plain(format!("  {bar} {}", day.messages)),
        );
    }
}

fn busiest(found: &Insight) -> String {
    let mut hours: Vec<(usize, u64)> = found.hours.iter().copied().enumerate().collect();
    hours.retain(|(_, messages)| *messages > 0);
    hours.sort_by_key(|(hour, messages)| (Reverse(*messages), *hour));
    let hours = hours.iter().take(HOURS);
    let hours: Vec<String> = hours
        .map(|(hour, messages)| format!("{hour:02}:00 ({messages})"))
        .collect();
    hours.join(", ")
}

/// A time in its largest unit.
fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use sealwire_core::insight::{DayCount, Keyword, PersonInsight};

    use super::*;

    fn found() -> Insight {
        let day = |day: &str, messages| DayCount {
            day: day.into(),
            messages,
        };
        let days = vec![day("2026-11-23", 60), day("2026-11-24", 2)];
        let mut hours = [0; 24];
        (hours[9], hours[14]) = (20, 42);
        Insight {
            conversation: "11".into(),
            messages: 62,
            people: vec![PersonInsight {
                handle: "alice@acme".into(),
                messages: 62,
                days: days.clone(),
                replies: 3,
                reply_median_s: Some(130),
            }],
            days,
            hours,
            keywords: vec![Keyword {
                word: "会议室".into(),
                messages: 9,
            }],
        }
    }

    #[test]
    fn the_page() {
        let mut page = Page::new(Some(80));
        print(&mut page, &found());
        let text = anstream::adapter::strip_str(page.styled()).to_string();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn the_json_form() {
        insta::assert_snapshot!(serde_json::to_string(&found()).unwrap());
    }
}
