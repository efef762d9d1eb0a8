//! What each form of an export has to print.

use super::entry::{Entry, Head};
use crate::error::Result;

/// One form. Each part is added to `out`, which was emptied or holds what came before.
pub(super) trait Form: Send {
    /// What stands above the messages.
    fn head(&mut self, head: &Head, out: &mut String) -> Result<()>;

    /// One message, in order.
    fn entry(&mut self, entry: &Entry, out: &mut String) -> Result<()>;

    /// What stands below.
    fn end(&mut self, out: &mut String) -> Result<()>;
}
