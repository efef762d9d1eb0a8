//! `sealwire-audit verify pack`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sealwire_audit::policy::Policy;
use serde_json::{Value, json};

use super::{moment, read_policy};
use crate::failure::Failure;
use crate::output::Output;
use crate::pack::{Checked, CheckedLog, PackFolder, Said, Signers, check};

/// Arguments of `verify pack`.
#[derive(clap::Args)]
pub(crate) struct Pack {
    #[command(flatten)]
    trust: Trust,
}

/// A pack and whom its reader trusts.
#[derive(clap::Args)]
pub(crate) struct Trust {
    /// The pack.
    #[arg(value_name = "PACK")]
    dir: PathBuf,
    /// Which logs and witnesses count, as a tlog-policy file. Get it from somebody you
    /// trust, not from whoever gave you the pack.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Whose statements count: relay, organisation, auditor or release, and the public key as PEM.
    /// Repeat it for each key. Without it, whose signatures they are is left open.
    #[arg(long, value_name = "ROLE=FILE")]
    signer: Vec<String>,
}

/// A pack that holds.
pub(crate) struct Verified {
    pub(crate) policy: Policy,
    pub(crate) checked: Checked,
    /// Whether it was checked whose signatures they are.
    pub(crate) signers_known: bool,
}

impl Trust {
    /// Checks the pack and shows each statement to `said`.
    pub(crate) fn verify(&self, said: &mut dyn FnMut(Said)) -> Result<Verified, Failure> {
        let policy = read_policy(&self.policy)?;
        let signers = Signers::read(&self.signer)?;
        let folder = PackFolder::open(&self.dir)?;
        let checked = check(&folder, &policy, &signers, said)?;
        Ok(Verified {
            policy,
            checked,
            signers_known: !signers.is_empty(),
        })
    }
}

/// How many statements of one type, and by how many of them which roles have signed.
#[derive(Default)]
struct Tally {
    count: u64,
    signed: BTreeMap<&'static str, u64>,
}

pub(super) fn run(args: &Pack, out: &Output) -> Result<(), Failure> {
    let mut tally: BTreeMap<&'static str, Tally> = BTreeMap::new();
    let verified = args.trust.verify(&mut |said| {
        let of_type = tally.entry(said.what.name()).or_default();
        of_type.count += 1;
        for role in said.roles {
            *of_type.signed.entry(role.name()).or_default() += 1;
        }
    })?;
    tell(&verified, &tally, out);
    Ok(())
}

fn tell(verified: &Verified, tally: &BTreeMap<&'static str, Tally>, out: &Output) {
    let mut lines = String::new();
    let mut logs = Vec::new();
    for log in &verified.checked.logs {
        let (line, value) = describe(log, &verified.policy);
        lines += &line;
        logs.push(value);
    }
    let mut types = BTreeMap::new();
    for (name, Tally { count, signed }) in tally {
        let by = |(role, count): (&&str, &u64)| format!(", {count} signed by the {role}");
        lines += &format!("statements: {count} {name}");
        lines.extend(signed.iter().map(by));
        lines += "\n";
        types.insert(name, json!({"count": count, "signed_by": signed}));
    }
    let disclosed = verified.checked.disclosed;
    lines += &format!("disclosed: {disclosed} events open their entries\n");
    if !verified.signers_known {
        lines += "not checked without --signer: whose signatures the statements bear\n";
    }
    if !verified.policy.needs_witnesses() {
        lines += "not required: a witness; the logs alone vouch for their trees\n";
    }
    let value = json!({
        "logs": logs,
        "statements": verified.checked.statements,
        "types": types,
        "signers_checked": verified.signers_known,
        "disclosed": disclosed,
    });
    out.result(lines.trim_end(), &value);
}

fn describe(log: &CheckedLog, policy: &Policy) -> (String, Value) {
    let head = &log.trusted.checkpoint;
    let (origin, size) = (head.origin(), head.size());
    let mut lines = format!("proven: all {size} entries of {}\n", origin.escape_debug());
    let mut seen = Vec::new();
    for (place, time) in &log.trusted.seen {
        let name = String::from_utf8_lossy(&policy.witnesses()[*place].name).into_owned();
        let at = moment(*time);
        lines += &format!("witnessed: {at} by {}\n", name.escape_debug());
        seen.push(json!({"witness": name, "at": at}));
    }
    let value = json!({
        "log": log.name.as_str(),
        "origin": origin,
        "size": size,
        "root": head.root().to_string(),
        "witnessed_at": log.trusted.witnessed_at.map(moment),
        "witnesses": seen,
        "events": log.events,
    });
    (lines, value)
}
