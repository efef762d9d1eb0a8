//! How a conversation is shown: rows in order, with dividers, and text as nodes.
//!
//! All of it is a pure function of the stored lines, so that every front and every device shows the
//! same.

mod arrange;
mod markdown;
mod page;

pub use arrange::TimelineRow;
pub use markdown::{Block, Inline, parse};
pub use page::{Anchor, TimelinePage};
