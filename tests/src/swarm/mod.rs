//! Many members in a process of their own, driven by lines of JSON on its standard input and
//! output, so that they can be killed without the test.

mod files;
mod host;
mod orders;
mod process;
mod seats;

pub use files::{FileOrder, only};
pub use host::serve;
pub use orders::{Answer, Order, View, digest};
pub use process::{Swarm, Tested};
