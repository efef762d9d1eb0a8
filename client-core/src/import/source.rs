//! A file of either form.

use std::path::Path;

use jiff::tz::TimeZone;
use sealwire_protocol::limits::MAX_TEXT;

use super::{
    Brought,
    api::DateOrder,
    dates::Orders,
    lines::Lines,
    sealwire::Sealwire,
    unreadable,
    whatsapp::{self, WhatsApp},
};
use crate::error::{CoreError, ErrorKind, Result};

/// Reads messages, in the order of the file.
pub(super) struct Source {
    lines: Lines,
    form: Form,
}

enum Form {
    Sealwire(Sealwire),
    WhatsApp(WhatsApp),
}

impl Source {
    /// Opens a file. One with dates is read through first, to learn how they are written unless
    /// `order` says it.
    ///
    /// # Errors
    /// `import_unreadable`, `ambiguous_dates`, `file_missing`, `file_disk`.
    pub(super) fn open(path: &Path, order: Option<DateOrder>, zone: TimeZone) -> Result<Self> {
        let mut lines = Lines::open(path)?;
        let first = lines
            .next()?
            .ok_or_else(|| unreadable(1, "there is none"))?;
        if let Some(sealwire) = Sealwire::begin(&first)? {
            let form = Form::Sealwire(sealwire);
            return Ok(Self { lines, form });
        }
        if whatsapp::begins(&first).is_none() {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "import_unreadable",
                "the file is no export that this program knows",
                "take conversation.json of `sealwire chat export`, or the text that WhatsApp \
                 exports of one chat, without changing it",
            ));
        }
        let order = match order {
            Some(order) => order,
            None => find_order(path)?,
        };
        let whatsapp = WhatsApp::begin(&first, &lines, order, zone)?;
        let form = Form::WhatsApp(whatsapp);
        Ok(Self { lines, form })
    }

    /// What kind of file it is, in a word.
    pub(super) const fn kind(&self) -> &'static str {
        match self.form {
            Form::Sealwire(_) => "sealwire",
            Form::WhatsApp(_) => "whatsapp",
        }
    }

    /// Name of the conversation, if the file tells it.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.form {
            Form::Sealwire(sealwire) => Some(&sealwire.name),
            Form::WhatsApp(_) => None,
        }
    }

    /// Up to `most` messages; none after the last.
    pub(super) fn next(&mut self, most: usize) -> Result<Vec<Brought>> {
        let mut messages = Vec::new();
        while messages.len() < most {
            let next = match &mut self.form {
                Form::Sealwire(sealwire) => sealwire.next(&mut self.lines)?,
                Form::WhatsApp(whatsapp) => whatsapp.next(&mut self.lines)?,
            };
            let Some(message) = next else { break };
            if message.text.len() > MAX_TEXT {
                return Err(unreadable(self.lines.number(), "the message is too long"));
            }
            messages.push(message);
        }
        Ok(messages)
    }

    /// SHA-256 of all that was read, after the last message that of the file.
    pub(super) fn hash(self) -> [u8; 32] {
        self.lines.hash()
    }
}

/// SHA-256 of a file's bytes.
pub(super) fn hash(path: &Path) -> Result<[u8; 32]> {
    let mut lines = Lines::open(path)?;
    while lines.next()?.is_some() {}
    Ok(lines.hash())
}

fn find_order(path: &Path) -> Result<DateOrder> {
    let (mut lines, mut orders) = (Lines::open(path)?, Orders::default());
    while let Some(line) = lines.next()? {
        if let Some(begins) = whatsapp::begins(&line) {
            orders.note(begins.written);
        }
    }
    orders.found().ok_or_else(|| {
        CoreError::new(
            ErrorKind::Usage,
            "ambiguous_dates",
            "the dates of the file can be read with the day first and with the month first",
            "say which: `--dates dmy` (24.11.) or `--dates mdy` (11/24); nothing was imported",
        )
    })
}
