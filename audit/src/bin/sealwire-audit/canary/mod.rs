//! `sealwire-audit canary`.

mod files;
mod markers;
mod search;
mod unpack;

use clap::Subcommand;

use crate::failure::Failure;
use crate::output::Output;

/// Commands of `canary`: say markers in secret, then look for them where they must not be.
#[derive(Subcommand)]
pub(crate) enum Canary {
    /// Make markers, to be sent as messages by any client.
    Markers(markers::Make),
    /// Look for markers in files and folders, also packed ones. Ends with 8 if one is found.
    Search(search::Search),
}

pub(crate) fn run(command: &Canary, out: &Output) -> Result<(), Failure> {
    match command {
        Canary::Markers(args) => markers::make(args, out),
        Canary::Search(args) => search::run(args, out),
    }
}
