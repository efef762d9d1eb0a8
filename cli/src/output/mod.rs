//! What is printed: results for people or as JSON on standard output, the rest on standard error.

mod json;
mod page;
mod progress;
mod safe;
mod table;

pub(crate) use page::{Line, Page};
pub(crate) use progress::{Progress, size};
pub(crate) use safe::plain;
pub(crate) use table::Table;

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use sealwire_core::CoreError;
use serde::Serialize;

use crate::{args::Global, exit::Outcome};

/// Width where none can be asked for.
const USUAL_WIDTH: usize = 80;
/// Lines longer than this are hard to read, however wide the window.
const WIDEST: usize = 120;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const FOUND: Style = AnsiColor::Yellow.on_default().bold().underline();
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();

/// `1 message`, `2 messages`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The two outputs and how they are used.
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    color: ColorChoice,
    width: Option<usize>,
}

impl Output {
    /// As the options say.
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            json: global.json,
            quiet: global.quiet,
            color: global.color.into(),
            width: terminal_width(),
        }
    }

    /// Whether results are JSON.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Columns to fit into; `None` where a program reads and nothing should be cut.
    pub(crate) const fn width(&self) -> Option<usize> {
        self.width
    }

    /// Prints a result: as JSON, or the page that `human` writes.
    pub(crate) fn result<T: Serialize>(&self, value: &T, human: impl FnOnce(&mut Page)) -> Outcome {
        if self.json {
            return self.raw(json::success(value)?.as_bytes());
        }
        let mut page = Page::new(self.width);
        human(&mut page);
        self.page(&page)
    }

    /// Prints lines for people.
    pub(crate) fn page(&self, page: &Page) -> Outcome {
        let mut out = AutoStream::new(io::stdout().lock(), choice(self.color, &io::stdout()));
        out.write_all(page.styled().as_bytes())?;
        Ok(out.flush()?)
    }

    /// Prints bytes as they are.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Outcome {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Says something beside the result.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet && !self.json {
            self.aside(Line::new().plain(text));
        }
    }

    /// Says something that a person should know.
    pub(crate) fn warn(&self, text: &str) {
        if !self.quiet {
            self.aside(Line::new().styled(WARN, "warning:").plain(" ").plain(text));
        }
    }

    /// Says why the command failed and what to do.
    pub(crate) fn error(&self, error: &CoreError) {
        if self.json {
            // Nothing can be said if standard output is closed.
            let _ = self.raw(json::failure(error).as_bytes());
            return;
        }
        self.aside(
            Line::new()
                .styled(BAD, "error:")
                .plain(" ")
                .plain(&error.message),
        );
        if !error.hint.is_empty() {
            self.aside(
                Line::new()
                    .styled(GOOD, "hint:")
                    .plain(" ")
                    .plain(&error.hint),
            );
        }
    }

    fn aside(&self, line: Line) {
        let width = io::stderr()
            .is_terminal()
            .then_some(self.width.unwrap_or(USUAL_WIDTH));
        let mut page = Page::new(width);
        page.wrapped(line);
        let mut err = AutoStream::new(io::stderr().lock(), choice(self.color, &io::stderr()));
        // Nothing can be said if standard error is closed.
        let _ = err.write_all(page.styled().as_bytes());
    }
}

/// A mistake on the command line, for programs.
pub(crate) fn usage_error(error: &clap::Error) {
    // Nothing can be said if standard output is closed.
    let _ = io::stdout().write_all(json::usage(error).as_bytes());
}

fn choice(color: ColorChoice, stream: &impl anstream::stream::RawStream) -> ColorChoice {
    match color {
        ColorChoice::Auto => AutoStream::choice(stream),
        other => other,
    }
}

fn terminal_width() -> Option<usize> {
    let out = io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let asked = rustix::termios::tcgetwinsize(&out)
        .ok()
        .map(|size| usize::from(size.ws_col));
    Some(
        asked
            .filter(|columns| *columns > 0)
            .unwrap_or(USUAL_WIDTH)
            .min(WIDEST),
    )
}
