//! For development: serves the desktop app's front end to a browser and answers its calls with the
//! real client. Never shipped: a browser's extensions see what a window of our own keeps to itself.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod around;
mod files;
mod gate;
mod pages;
mod serve;

use std::{path::PathBuf, sync::Arc};

use clap::Parser;
use sealwire_desktop_host::{Host, HostOptions, KdfParams};

/// Serves the desktop app's front end to a browser. For development and tests only.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The folder of profile and settings.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// The built front end.
    #[arg(long, value_name = "DIST", default_value = "desktop/ui/dist")]
    ui: PathBuf,
    /// Where files are saved; without it nothing is.
    #[arg(long, value_name = "DIR")]
    downloads: Option<PathBuf>,
    /// The public key whose updates are taken, PEM; without it none are.
    #[arg(long, value_name = "FILE")]
    release_key: Option<PathBuf>,
    /// Port to listen on; 0 for a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// Profiles that are made open fast, and are as easily guessed: for tests.
    #[arg(long)]
    fast_kdf: bool,
    /// Do not use the system's keychain.
    #[arg(long)]
    no_keychain: bool,
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> std::process::ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    match run(Args::parse()).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), String> {
    let (quit, quits) = tokio::sync::watch::channel(false);
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let release_key = args.release_key.as_ref().map(read).transpose()?;
    let around = Arc::new(around::Around::new(args.downloads, release_key, quit));
    let mut options = HostOptions::new(args.home, around);
    if args.fast_kdf {
        options.kdf = KdfParams {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        };
        options.client.welcome_delay_max_ms = 0;
        // 0 would be none at all.
        options.client.receipt_interval_ms = 1;
    }
    if args.no_keychain {
        options.keychain = Arc::new(sealwire_desktop_host::NoKeychain);
    }
    let host =
        Host::new(options).map_err(|problem| format!("{} {}", problem.message, problem.hint))?;
    host.begin().await;
    let served = serve::serve(host.clone(), args.ui, args.port, quits).await;
    host.close().await;
    served.map_err(|error| format!("cannot serve: {error}"))
}
