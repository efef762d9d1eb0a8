//! The text that WhatsApp exports: `[24.11.26, 09:03:12] Alice: Hello` or
//! `24.11.26, 09:03 - Alice: Hello`; a text goes on over lines that begin with no date.

use jiff::tz::TimeZone;
use sealwire_protocol::limits::MAX_TEXT;

use super::{
    Brought,
    api::DateOrder,
    dates::{self, Written},
    lines::Lines,
    unreadable,
};
use crate::error::Result;

/// Longest name; what stands before a colon and is longer is no name.
const LONGEST_NAME: usize = 128;

/// Marks of direction that the program puts before lines and files.
const MARKS: [char; 3] = ['\u{200e}', '\u{200f}', '\u{feff}'];

/// The beginning of a message.
pub(super) struct Begins<'a> {
    pub(super) written: Written,
    sender: &'a str,
    text: &'a str,
}

/// Reads a line with which a message begins; `None` if it goes on with the one before.
pub(super) fn begins(line: &str) -> Option<Begins<'_>> {
    let line = line.trim_start_matches(MARKS);
    let (written, rest) = match line.strip_prefix('[') {
        Some(line) => {
            let (written, rest) = dates::read(line)?;
            (written, rest.strip_prefix("] ")?)
        }
        None => {
            let (written, rest) = dates::read(line)?;
            (written, rest.strip_prefix(" - ")?)
        }
    };
    let named = rest
        .split_once(": ")
        .or_else(|| Some((rest.strip_suffix(':')?, "")))
        .filter(|(name, _)| name.len() <= LONGEST_NAME);
    let (sender, text) = named.unwrap_or(("", rest));
    Some(Begins {
        written,
        sender: sender.trim_matches(MARKS),
        text: text.trim_start_matches(MARKS),
    })
}

/// Reads an export.
pub(super) struct WhatsApp {
    order: DateOrder,
    zone: TimeZone,
    next: Option<Brought>,
    count: u64,
}

impl WhatsApp {
    /// Begins with the first line, of which [`begins`] must be true.
    pub(super) fn begin(
        first: &str,
        lines: &Lines,
        order: DateOrder,
        zone: TimeZone,
    ) -> Result<Self> {
        let mut this = Self {
            order,
            zone,
            next: None,
            count: 0,
        };
        this.next = this.message(first, lines)?;
        Ok(this)
    }

    fn message(&mut self, line: &str, lines: &Lines) -> Result<Option<Brought>> {
        let Some(begins) = begins(line) else {
            return Ok(None);
        };
        let at_ms = begins.written.at_ms(self.order, &self.zone);
        let at_ms = at_ms.ok_or_else(|| unreadable(lines.number(), "there is no such day"))?;
        self.count += 1;
        Ok(Some(Brought {
            name: self.count.to_string(),
            sender: begins.sender.to_owned(),
            at_ms,
            text: begins.text.to_owned(),
            reply_to: None,
            thread: None,
            left_out: 0,
        }))
    }

    /// The next message; `None` after the last.
    pub(super) fn next(&mut self, lines: &mut Lines) -> Result<Option<Brought>> {
        let Some(mut message) = self.next.take() else {
            return Ok(None);
        };
        while let Some(line) = lines.next()? {
            if let Some(next) = self.message(&line, lines)? {
                self.next = Some(next);
                break;
            }
            if message.text.len() + line.len() >= MAX_TEXT {
                return Err(unreadable(lines.number(), "the message is too long"));
            }
            message.text.push('\n');
            message.text.push_str(&line);
        }
        Ok(Some(message))
    }
}
