//! An export as one JSON document (RFC 8259), one message a line.

use serde::Serialize;

use super::{
    entry::{Entry, Head},
    form::Form,
};
use crate::error::{CoreError, Result};

/// The form for programs; `docs/export.schema.json` describes it.
#[derive(Default)]
pub(super) struct Json {
    any: bool,
}

impl Form for Json {
    fn head(&mut self, head: &Head, out: &mut String) -> Result<()> {
        let head = text(head)?;
        // The messages are the last member of the same object.
        out.push_str(head.strip_suffix('}').unwrap_or(&head));
        out.push_str(",\"messages\":[");
        Ok(())
    }

    fn entry(&mut self, entry: &Entry, out: &mut String) -> Result<()> {
        out.push_str(if self.any { ",\n" } else { "\n" });
        self.any = true;
        out.push_str(&text(entry)?);
        Ok(())
    }

    fn end(&mut self, out: &mut String) -> Result<()> {
        out.push_str("\n]}\n");
        Ok(())
    }
}

fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(CoreError::internal)
}
