//! The page as a whole: its head, its conclusion and its logs.

use sealwire_audit::predicate::Time;

use super::html::Html;
use super::material::Material;
use super::plot::minute;
use super::{coverage, processing, sections};
use crate::pack::CheckedLog;
use crate::verify::Verified;

/// A head that was cosigned longer ago than this is not fresh.
const FRESH_MS: u64 = 24 * 60 * 60 * 1000;

/// What a page tells of.
pub(super) struct Page<'a> {
    pub(super) at: Time,
    pub(super) verified: &'a Verified,
    pub(super) material: &'a Material,
}

impl Page<'_> {
    /// The page, which needs nothing else.
    pub(super) fn render(&self) -> String {
        let mut html = Html::default();
        html.raw(concat!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ",
            "style-src 'unsafe-inline'; img-src data:\">\n",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
            "<meta name=\"referrer\" content=\"no-referrer\">\n",
            "<title>Evidence of a relay</title>\n<style>\n",
            include_str!("style.css"),
            "</style>\n</head>\n<body>\n<h1>Evidence of a relay</h1>\n"
        ));
        html.raw("<p class=\"soft\">Judged at ")
            .text(minute(self.at));
        html.raw(" UTC; all times are UTC.</p>\n");
        self.conclusion(&mut html);
        self.logs(&mut html);
        sections::statements(&mut html, self.material);
        sections::retention(&mut html, self.material);
        sections::census(&mut html, self.material);
        sections::erasures(&mut html, self.material);
        processing::processing(&mut html, self.material);
        coverage::coverage(&mut html, self.material, self.verified.signers_known);
        html.raw(include_str!("limits.html"));
        html.raw("</body>\n</html>\n");
        html.into_string()
    }

    fn conclusion(&self, html: &mut Html) {
        let checked = &self.verified.checked;
        html.raw("<h2>Conclusion</h2>\n<p>The pack holds: ");
        for (place, log) in checked.logs.iter().enumerate() {
            html.raw(if place > 0 { ", and " } else { "" });
            html.raw("all ").number(log.trusted.checkpoint.size());
            html.raw(" entries of <code>")
                .text(log.trusted.checkpoint.origin())
                .raw("</code>");
        }
        html.raw(" lead to the signed heads; each of the ")
            .count(checked.statements);
        html.raw(" statements of which the log tells is here, was logged as it stands, and bears true signatures.</p>\n<ul>\n");
        if !self.verified.signers_known {
            html.raw("<li class=\"bad\">Whose signatures they are was not checked: no key was given with <code>--signer</code>.</li>\n");
        }
        if !self.verified.policy.needs_witnesses() {
            html.raw("<li class=\"bad\">The policy asks for no witness: the relay alone vouches that it shows everybody the same logs.</li>\n");
        }
        for log in checked.logs.iter().filter(|log| !self.is_fresh(log)) {
            html.raw("<li class=\"bad\">The head of <code>")
                .text(log.trusted.checkpoint.origin());
            html.raw(
                "</code> was not seen by a quorum of witnesses within the last 24 hours.</li>\n",
            );
        }
        html.raw("<li>").count(checked.disclosed);
        html.raw(" events were disclosed and open their entries.</li>\n</ul>\n");
    }

    fn is_fresh(&self, log: &CheckedLog) -> bool {
        let seen = log
            .trusted
            .witnessed_at
            .map(|seconds| seconds.saturating_mul(1_000));
        seen.is_some_and(|seen| self.at.millis().saturating_sub(seen) <= FRESH_MS)
    }

    fn logs(&self, html: &mut Html) {
        html.raw("<h2>Logs and witnesses</h2>\n<div class=\"wide\">");
        html.table(&["Log", "Entries", "Root", "Seen by a quorum", "Fresh"]);
        for log in &self.verified.checked.logs {
            let head = &log.trusted.checkpoint;
            html.row(&[
                head.origin(),
                &head.size().to_string(),
                &head.root().to_string(),
                &log.trusted
                    .witnessed_at
                    .map_or_else(|| "no witness asked for".to_owned(), seconds),
                if self.is_fresh(log) { "yes" } else { "no" },
            ]);
        }
        html.end_table().raw("</div>\n");
        let logs = &self.verified.checked.logs;
        if logs.iter().any(|log| !log.trusted.seen.is_empty()) {
            html.table(&["Witness", "Log", "Saw it as the newest"]);
            for log in logs {
                for (place, time) in &log.trusted.seen {
                    let witness = &self.verified.policy.witnesses()[*place];
                    let name = String::from_utf8_lossy(&witness.name);
                    html.row(&[&*name, log.trusted.checkpoint.origin(), &seconds(*time)]);
                }
            }
            html.end_table();
        }
        html.table(&["Other entries", "Log", "Number"]);
        for log in &self.verified.checked.logs {
            for (kind, count) in &log.events {
                html.row(&[
                    kind.as_str(),
                    log.trusted.checkpoint.origin(),
                    &count.to_string(),
                ]);
            }
        }
        html.end_table();
    }
}

fn seconds(seconds: u64) -> String {
    Time::from_millis(seconds.saturating_mul(1_000))
        .map_or_else(|_| "beyond the year 9999".to_owned(), minute)
}
