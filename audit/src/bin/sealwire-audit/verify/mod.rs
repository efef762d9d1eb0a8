//! `sealwire-audit verify`.

mod pack;
mod proof;
mod release;

use std::path::Path;

use clap::Subcommand;
use jiff::Timestamp;
use sealwire_audit::policy::{MAX_POLICY, Policy};

use crate::failure::Failure;
use crate::files;
use crate::output::Output;
pub(crate) use pack::{Trust, Verified};

/// Commands of `verify`.
#[derive(Subcommand)]
pub(crate) enum Verify {
    /// Check that an entry stands in a log: a `.tlog-proof` against a policy.
    Proof(proof::Proof),
    /// Check a whole folder of evidence, as `pack` writes it, against a policy.
    Pack(pack::Pack),
    /// Check a release: that its programs are those that the release key has signed, with how
    /// they were built and of which parts.
    Release(release::Release),
}

pub(crate) fn run(command: &Verify, out: &Output) -> Result<(), Failure> {
    match command {
        Verify::Proof(args) => proof::run(args, out),
        Verify::Pack(args) => pack::run(args, out),
        Verify::Release(args) => release::run(args, out),
    }
}

pub(crate) fn read_policy(path: &Path) -> Result<Policy, Failure> {
    let bytes = files::read(path, MAX_POLICY)?;
    Policy::parse(&bytes).map_err(|why| {
        let hint = "the policy is damaged or misspelled; get it again from whom you trust";
        Failure::broken(path, why, hint)
    })
}

/// Seconds since 1970 as RFC 3339, or as a number beyond the year 9999.
pub(crate) fn moment(seconds: u64) -> String {
    let time = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| seconds.to_string(), |time| time.to_string())
}
