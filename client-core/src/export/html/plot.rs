//! Numbers about the conversation as plots (SVG 1.1 within HTML): shapes and text, no script.

use jiff::civil::Date;

use super::escape::{name, text};
use crate::insight::{DayCount, Insight};

const WIDTH: usize = 720;
/// Of the highest bar.
const HEIGHT: u64 = 100;
/// Bars of the plot of days; each stands for more days if there are more.
const DAYS: usize = 60;
/// Labels below a plot.
const LABELS: usize = 8;
/// People in the table.
const PEOPLE: usize = 20;

/// Adds all of it, folded together.
pub(super) fn insight(out: &mut String, found: &Insight) {
    if found.messages == 0 {
        return;
    }
    out.push_str("<details><summary>Numbers</summary>");
    bars(out, "Messages by day", &by_day(&found.days));
    let hours: Vec<(String, u64)> = (0..)
        .map(|hour| format!("{hour:02}:00"))
        .zip(found.hours)
        .collect();
    bars(out, "Messages by hour of the day", &hours);
    people(out, found);
    if !found.keywords.is_empty() {
        out.push_str("<p>Words in most messages: ");
        for (number, keyword) in found.keywords.iter().enumerate() {
            out.push_str(if number > 0 { ", " } else { "" });
            name(out, &keyword.word);
            out.push_str(&format!(" ({})", keyword.messages));
        }
        out.push_str("</p>");
    }
    out.push_str("</details>\n");
}

fn people(out: &mut String, found: &Insight) {
    out.push_str(
        "<table><tr><th>Person</th><th>Messages</th><th>Answers</th><th>Half within</th></tr>",
    );
    for person in found.people.iter().take(PEOPLE) {
        out.push_str("<tr><td>");
        name(out, &person.handle);
        let within = person.reply_median_s.map(span).unwrap_or_default();
        out.push_str(&format!(
            "</td><td>{}</td><td>{}</td><td>{within}</td></tr>",
            person.messages, person.replies
        ));
    }
    out.push_str("</table>");
}

/// A time in its largest unit.
fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// At most [`DAYS`] bars from the first day to the last, days without messages among them.
fn by_day(days: &[DayCount]) -> Vec<(String, u64)> {
    let dates: Vec<(Date, &DayCount)> = days
        .iter()
        .filter_map(|count| Some((count.day.parse().ok()?, count)))
        .collect();
    let (Some((first, _)), Some((last, _))) = (dates.first(), dates.last()) else {
        return Vec::new();
    };
    let since = |date: Date| -> usize {
        let span = first.until(date).map_or(0, |span| span.get_days());
        usize::try_from(span).unwrap_or(0)
    };
    let each = since(*last) / DAYS + 1;
    let mut bars = vec![(String::new(), 0); since(*last) / each + 1];
    for (number, (label, _)) in bars.iter_mut().enumerate() {
        let days = i64::try_from(number * each).unwrap_or(0);
        let day = first.saturating_add(jiff::Span::new().try_days(days).unwrap_or_default());
        *label = day.to_string();
    }
    for (date, count) in &dates {
        if let Some((_, sum)) = bars.get_mut(since(*date) / each) {
            *sum += count.messages;
        }
    }
    bars
}

fn bars(out: &mut String, title: &str, values: &[(String, u64)]) {
    let most = values.iter().map(|(_, value)| *value).max().unwrap_or(0);
    if most == 0 {
        return;
    }
    out.push_str(&format!("<p>{title} (at most {most})</p>"));
    out.push_str(&format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{title}\">",
        HEIGHT + 20
    ));
    let each = values.len().div_ceil(LABELS);
    for (number, (label, value)) in values.iter().enumerate() {
        let left = number * WIDTH / values.len();
        let wide = ((number + 1) * WIDTH / values.len())
            .saturating_sub(left + 1)
            .max(1);
        let high = (value * HEIGHT).div_ceil(most);
        out.push_str(&format!(
            "<rect x=\"{left}\" y=\"{}\" width=\"{wide}\" height=\"{high}\"><title>",
            HEIGHT - high
        ));
        text(out, &format!("{label}: {value}"));
        out.push_str("</title></rect>");
        if number % each == 0 {
            out.push_str(&format!("<text x=\"{left}\" y=\"{}\">", HEIGHT + 15));
            text(out, label);
            out.push_str("</text>");
        }
    }
    out.push_str("</svg>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::{Keyword, PersonInsight};

    fn day(day: &str, messages: u64) -> DayCount {
        DayCount {
            day: day.into(),
            messages,
        }
    }

    #[test]
    fn days_without_messages_are_seen_and_long_times_are_joined() {
        let bars = by_day(&[day("2026-11-01", 2), day("2026-11-03", 1)]);
        let counts: Vec<u64> = bars.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [2, 0, 1]);
        assert_eq!(bars[1].0, "2026-11-02");
        let long = by_day(&[day("1970-01-01", 1), day("9999-12-30", 1)]);
        assert!(long.len() <= DAYS + 1, "{}", long.len());
        assert_eq!(long.iter().map(|(_, count)| count).sum::<u64>(), 2);
        assert!(by_day(&[]).is_empty());
    }

    #[test]
    fn names_and_words_are_text() {
        let mut out = String::new();
        let found = Insight {
            messages: u64::MAX / HEIGHT,
            people: vec![PersonInsight {
                handle: "<b>".into(),
                messages: 1,
                days: Vec::new(),
                replies: 1,
                reply_median_s: Some(3_700),
            }],
            days: vec![day("2026-11-01", u64::MAX / HEIGHT)],
            keywords: vec![Keyword {
                word: "<script>".into(),
                messages: 2,
            }],
            ..Insight::default()
        };
        insight(&mut out, &found);
        assert!(!out.contains("<script") && !out.contains("<b>"), "{out}");
        assert!(out.contains("1 h 1 min") && out.contains("<svg"), "{out}");
    }
}
