//! How far something is, on one line of the terminal that is written over.

use std::io::{self, IsTerminal, Write};

use super::{Output, safe};

/// Columns of the line.
const WIDTH: usize = 72;

/// The line; it goes when this is dropped.
pub(crate) struct Progress {
    /// Standard error is a terminal and nobody asked for silence.
    shown: bool,
    written: bool,
}

impl Progress {
    /// Shows something only to people at a terminal.
    pub(crate) fn new(out: &Output) -> Self {
        Self {
            shown: !out.quiet && !out.json && io::stderr().is_terminal(),
            written: false,
        }
    }

    /// So far it is.
    pub(crate) fn at(&mut self, name: &str, verb: &str, bytes: u64, total: u64) {
        if !self.shown {
            return;
        }
        let line = line(name, verb, bytes, total);
        self.written = true;
        // Nobody to tell if this fails.
        let _ = write!(io::stderr(), "\r{line}\u{1b}[K");
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.written {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

fn line(name: &str, verb: &str, bytes: u64, total: u64) -> String {
    let percent = (bytes.min(total) * 100).checked_div(total).unwrap_or(100);
    let end = format!("  {verb} {percent:>3} % of {}", size(total));
    let room = WIDTH.saturating_sub(end.len());
    format!("{}{end}", safe::cut(&safe::plain(name), room))
}

/// A number of bytes for people: 12 B, 3.4 KB, 1.2 GB.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    match tenths {
        0..100 => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
        _ => format!("{} {}", tenths / 10, UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_people() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 KB"),
            (65_536, "65 KB"),
            (999_999, "999 KB"),
            (1_200_000, "1.2 MB"),
            (2_147_483_648, "2.1 GB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn a_name_cannot_break_the_line() {
        let line = line(&"a\n\u{1b}[2J".repeat(40), "sent", 5, 10);
        assert!(!line.contains(['\n', '\u{1b}']));
        assert!(line.ends_with("sent  50 % of 10 B"), "{line}");
        assert!(line.len() <= WIDTH + 3, "{line}");
    }
}
