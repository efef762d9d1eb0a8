//! Plots as SVG 1.1 within HTML: shapes and text, no script. Their colours come from the
//! page's style.

use sealwire_audit::predicate::Time;

use super::html::Html;

const WIDTH: u64 = 720;
/// Of the highest bar.
const HEIGHT: u64 = 90;
/// Bars of a plot over time; each stands for a longer time if there is more of it.
const BARS: u64 = 60;
/// Of a row in a plot of rows.
const ROW: u64 = 18;
/// What rows leave for their names.
const LEFT: u64 = 130;
const HOUR_MS: u64 = 60 * 60 * 1000;

/// From the first moment to the last.
#[derive(Clone, Copy)]
pub(super) struct Span {
    first: Time,
    last: Time,
}

impl Span {
    /// Over these moments, if there are any.
    pub(super) fn of(moments: impl Iterator<Item = Time> + Clone) -> Option<Self> {
        let (first, last) = (moments.clone().min()?, moments.max()?);
        Some(Self { first, last })
    }

    /// How long each bar stands for, in whole hours.
    fn each(self) -> u64 {
        let whole = self.last.millis() - self.first.millis() + 1;
        whole.div_ceil(BARS).next_multiple_of(HOUR_MS)
    }

    fn bar(self, time: Time) -> u64 {
        (time.millis() - self.first.millis()) / self.each()
    }

    fn bars(self) -> u64 {
        self.bar(self.last) + 1
    }

    /// The beginning of a bar, to the minute.
    fn label(self, bar: u64) -> String {
        let time = Time::from_millis(self.first.millis() + bar * self.each());
        time.map_or_else(|_| String::new(), minute)
    }
}

/// A moment to the minute, in UTC.
pub(super) fn minute(time: Time) -> String {
    let text = time.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// Sums of what happened when, as bars.
pub(super) fn over_time(html: &mut Html, title: &str, span: Span, values: &[(Time, u64)]) {
    let bars = span.bars();
    let mut sums = vec![0_u64; usize::try_from(bars).unwrap_or(0)];
    for (time, value) in values {
        let bar = usize::try_from(span.bar(*time)).unwrap_or(usize::MAX);
        if let Some(sum) = sums.get_mut(bar) {
            *sum = sum.saturating_add(*value);
        }
    }
    let labelled = (0..).zip(&sums).map(|(bar, sum)| (span.label(bar), *sum));
    let bars: Vec<(String, u64)> = labelled.collect();
    let each = format!("{} h a bar", span.each() / HOUR_MS);
    draw(html, title, &each, &bars, None);
}

/// Values one beside the other, with a line at `limit`.
pub(super) fn one_by_one(
    html: &mut Html,
    title: &str,
    unit: &str,
    values: &[(String, u64)],
    limit: u64,
) {
    draw(html, title, unit, values, Some(limit));
}

fn draw(html: &mut Html, title: &str, unit: &str, values: &[(String, u64)], limit: Option<u64>) {
    let most = values.iter().map(|(_, value)| *value).max().unwrap_or(0);
    let full = most.max(limit.unwrap_or(0)).max(1);
    let high =
        |value: u64| u64::try_from(u128::from(value) * u128::from(HEIGHT) / u128::from(full));
    let high = |value: u64| high(value).unwrap_or(HEIGHT).max(1);
    begin(html, title, HEIGHT + 18);
    let count = u64::try_from(values.len()).unwrap_or(u64::MAX).max(1);
    let shown = (0..).zip(values).filter(|(_, (_, value))| *value > 0);
    for (place, (label, value)) in shown {
        let left = place * WIDTH / count;
        let wide = ((place + 1) * WIDTH / count)
            .saturating_sub(left + 1)
            .clamp(1, 40);
        let title = format!("{label}: {value}");
        rect(
            html,
            (left, HEIGHT - high(*value)),
            (wide, high(*value)),
            &title,
        );
    }
    if let Some(limit) = limit {
        line(html, "limit", HEIGHT - high(limit));
    }
    line(html, "axis", HEIGHT);
    if let (Some((first, _)), Some((last, _))) = (values.first(), values.last()) {
        label(html, 0, HEIGHT + 14, "start", first);
        if values.len() > 1 {
            label(html, WIDTH, HEIGHT + 14, "end", last);
        }
    }
    html.raw("</svg><figcaption>").text(title).raw(" (");
    html.text(unit)
        .raw("; at most ")
        .number(most)
        .raw(")</figcaption></figure>\n");
}

/// Rows with a mark where something happened.
pub(super) fn rows(html: &mut Html, title: &str, span: Span, rows: &[(&str, Vec<Time>)]) {
    let count = u64::try_from(rows.len()).unwrap_or(0);
    begin(html, title, count * ROW + 20);
    let wide = (WIDTH - LEFT) / span.bars().max(1);
    for (row, (name, times)) in (0..).zip(rows) {
        label(html, 0, row * ROW + 13, "start", name);
        let mut bars: Vec<u64> = times.iter().map(|time| span.bar(*time)).collect();
        bars.sort_unstable();
        for bar in bars.chunk_by(|a, b| a == b) {
            let at = (LEFT + bar[0] * (WIDTH - LEFT) / span.bars(), row * ROW + 4);
            let title = format!("{name}, {}: {}", span.label(bar[0]), bar.len());
            rect(
                html,
                at,
                (wide.saturating_sub(1).clamp(2, 12), ROW - 7),
                &title,
            );
        }
    }
    line(html, "axis", count * ROW + 2);
    label(html, LEFT, count * ROW + 16, "start", &minute(span.first));
    label(html, WIDTH, count * ROW + 16, "end", &minute(span.last));
    html.raw("</svg><figcaption>")
        .text(title)
        .raw("</figcaption></figure>\n");
}

fn begin(html: &mut Html, title: &str, height: u64) {
    html.raw("<figure><svg viewBox=\"0 0 ")
        .number(WIDTH)
        .raw(" ")
        .number(height);
    html.raw("\" role=\"img\" aria-label=\"")
        .text(title)
        .raw("\">\n");
}

fn rect(html: &mut Html, (x, y): (u64, u64), (wide, high): (u64, u64), title: &str) {
    html.raw("<rect x=\"").number(x).raw("\" y=\"").number(y);
    html.raw("\" width=\"")
        .number(wide)
        .raw("\" height=\"")
        .number(high);
    html.raw("\"><title>").text(title).raw("</title></rect>\n");
}

fn line(html: &mut Html, class: &'static str, y: u64) {
    html.raw("<line class=\"")
        .raw(class)
        .raw("\" x1=\"0\" y1=\"")
        .number(y);
    html.raw("\" x2=\"")
        .number(WIDTH)
        .raw("\" y2=\"")
        .number(y)
        .raw("\"/>\n");
}

fn label(html: &mut Html, x: u64, y: u64, anchor: &'static str, text: &str) {
    html.raw("<text x=\"").number(x).raw("\" y=\"").number(y);
    html.raw("\" text-anchor=\"")
        .raw(anchor)
        .raw("\">")
        .text(text)
        .raw("</text>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: u64) -> Time {
        Time::from_millis(1_700_000_000_000 + hour * HOUR_MS).unwrap()
    }

    #[test]
    fn a_bar_stands_for_whole_hours() {
        let span = |hours: &[u64]| Span::of(hours.iter().map(|at| hour(*at))).unwrap();
        assert_eq!((span(&[5]).each() / HOUR_MS, span(&[5]).bars()), (1, 1));
        assert_eq!(
            (span(&[0, 59]).each() / HOUR_MS, span(&[0, 59]).bars()),
            (1, 60)
        );
        let year = span(&[0, 24 * 365]);
        assert!(year.bars() <= BARS, "{}", year.bars());
        assert_eq!(year.bar(hour(24 * 365)), year.bars() - 1);
        assert!(Span::of([].into_iter()).is_none());
    }

    #[test]
    fn plots_hold_what_they_are_given() {
        let values = [(hour(0), 3), (hour(0), 4), (hour(30), u64::MAX)];
        let span = Span::of(values.iter().map(|(time, _)| *time)).unwrap();
        let mut html = Html::default();
        over_time(&mut html, "<removed>", span, &values);
        one_by_one(&mut html, "days", "days", &[("a\"b".to_owned(), 40)], 30);
        rows(
            &mut html,
            "all",
            span,
            &[("run", vec![hour(0), hour(0), hour(30)])],
        );
        insta::assert_snapshot!(html.into_string());
    }
}
