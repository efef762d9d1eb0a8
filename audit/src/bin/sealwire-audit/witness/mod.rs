//! `sealwire-audit witness`.

mod folder;
mod serve;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Subcommand;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use sealwire_audit::note::{KeyKind, KeyName, SignerKey, VerifierKey};
use sealwire_crypto::EvidenceKey;
use serde_json::json;

use crate::failure::Failure;
use crate::output::Output;
use folder::Folder;

/// Commands of `witness`.
#[derive(Subcommand)]
pub(crate) enum Witness {
    /// Make the folder and the key of a new witness, and print its public key.
    Init(Init),
    /// Let the witness cosign a log from now on. Stop the witness first.
    Add(Add),
    /// List the logs that the witness cosigns, and how far it has seen them.
    List(Place),
    /// Answer `add-checkpoint` by HTTP (C2SP tlog-witness).
    Serve(Serve),
}

/// Where the witness keeps its key and what it has seen.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// Folder of the witness.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

/// Arguments of `witness init`.
#[derive(clap::Args)]
pub(crate) struct Init {
    #[command(flatten)]
    place: Place,
    /// Name of the witness, best an address without scheme: witness.example/w1.
    #[arg(long)]
    name: String,
}

/// Arguments of `witness add`.
#[derive(clap::Args)]
pub(crate) struct Add {
    #[command(flatten)]
    place: Place,
    /// The log's public keys, as vkey; several only while a log changes its key.
    #[arg(required = true, value_name = "VKEY")]
    keys: Vec<String>,
}

/// Arguments of `witness serve`.
#[derive(clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    place: Place,
    /// Where to listen; port 0 takes any free port. Plain HTTP: put a proxy that speaks
    /// TLS before it.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7380")]
    listen: SocketAddr,
}

pub(crate) fn run(command: &Witness, out: &Output) -> Result<(), Failure> {
    match command {
        Witness::Init(args) => init(args, out),
        Witness::Add(args) => add(args, out),
        Witness::List(place) => list(place, out),
        Witness::Serve(args) => serve::run(Folder::open(&args.place.dir)?, args.listen, out),
    }
}

fn init(args: &Init, out: &Output) -> Result<(), Failure> {
    let name = KeyName::new(&args.name)
        .map_err(|why| Failure::usage(why.to_string(), "choose another --name"))?;
    let key = EvidenceKey::generate(&mut UnwrapErr(SysRng));
    let key = SignerKey::new(name, KeyKind::Cosignature, key);
    Folder::create(&args.place.dir, &key)?;
    let vkey = key.verifier().to_string();
    out.result(&vkey, &json!({ "vkey": vkey }));
    Ok(())
}

fn add(args: &Add, out: &Output) -> Result<(), Failure> {
    let parse = |key: &String| {
        let hint = "give the log's vkey as its operator published it";
        VerifierKey::parse(key).map_err(|why| Failure::usage(why.to_string(), hint))
    };
    let keys: Vec<VerifierKey> = args.keys.iter().map(parse).collect::<Result<_, _>>()?;
    let origin = Folder::open(&args.place.dir)?.add(keys)?;
    let line = format!("{origin} is cosigned from now on");
    out.result(&line, &json!({ "origin": origin }));
    Ok(())
}

fn list(place: &Place, out: &Output) -> Result<(), Failure> {
    let folder = Folder::open(&place.dir)?;
    let mut lines = vec![folder.key().verifier().to_string()];
    let mut logs = Vec::new();
    for log in folder.logs() {
        let (origin, size, kept) = (log.known().origin(), log.known().size(), log.evidence());
        let mut line = format!("{origin}: {size} entries seen");
        if kept > 0 {
            line += &format!(
                ", {kept} requests kept as evidence in {}",
                log.path().display()
            );
        }
        lines.push(line);
        logs.push(json!({"origin": origin, "size": size, "evidence": kept}));
    }
    let value = json!({"vkey": folder.key().verifier().to_string(), "logs": logs});
    out.result(&lines.join("\n"), &value);
    Ok(())
}
