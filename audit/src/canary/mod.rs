//! Canaries: texts that occur nowhere else in the world, said to somebody in secret, and
//! looked for wherever they must not be, in every form that a program could leave behind.

mod forms;
mod scan;
mod words;

pub use forms::forms;
pub use scan::{Found, Needles, SHORTEST, Scan, Seen};
pub use words::{sentence, token};
