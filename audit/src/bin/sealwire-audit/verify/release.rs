//! `sealwire-audit verify release`.

use std::path::PathBuf;

use sealwire_audit::dsse::from_pem;
use serde_json::json;

use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::release::{Checked, ReleaseFolder, check};

/// Longest PEM of a key, bytes.
const MAX_KEY: usize = 4096;

/// Arguments of `verify release`.
#[derive(clap::Args)]
pub(crate) struct Release {
    /// The folder.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The public release key as PEM. Get it from somebody you trust, not from whoever gave
    /// you the release.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

pub(super) fn run(args: &Release, out: &Output) -> Result<(), Failure> {
    let pem = files::read(&args.key, MAX_KEY)?;
    let key = from_pem(&pem).map_err(|why| {
        let hint = "the key is damaged or of another kind; get it again from whom you trust";
        Failure::broken(&args.key, why, hint)
    })?;
    let folder = ReleaseFolder::open(&args.dir)?;
    tell(&check(&folder, &key)?, out);
    Ok(())
}

fn tell(Checked { build, programs }: &Checked, out: &Output) {
    let shown = |text: &str| text.escape_debug().to_string();
    let mut lines = String::new();
    let mut values = Vec::new();
    for program in programs {
        let (name, sha256, parts) = (&program.name, &program.sha256, program.parts);
        lines += &format!("signed: {name}, SHA-256 {sha256}, of {parts} parts\n");
        values.push(json!({"name": name, "sha256": sha256, "parts": parts}));
    }
    lines += &format!(
        "version: {} for {}\nsource: commit {}{}\nbuilt: {} to {} by {}\n",
        shown(&build.version),
        shown(&build.target),
        build.commit,
        build
            .source
            .as_deref()
            .map_or_else(String::new, |uri| format!(" of {}", shown(uri))),
        build.started,
        build.finished,
        shown(&build.toolchain),
    );
    lines += "not proven: that they were built of that source; whoever holds the key says so (SLSA Build L1)";
    let value = json!({
        "programs": values,
        "version": build.version,
        "target": build.target,
        "commit": build.commit,
        "source": build.source,
        "lock_sha256": build.lock.to_string(),
        "toolchain": build.toolchain,
        "flags": build.flags,
        "started": build.started,
        "finished": build.finished,
    });
    out.result(&lines, &value);
}
