//! Sealwire's desktop app: what only a window system has, around the host (`desktop/host`), which
//! does everything else.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod app;
mod args;
mod around;
mod badge;
mod bus;
mod commands;
mod engine;
mod files;
mod follow;
mod install;
mod notify;
mod reply;
mod sleep;
mod tray;
mod window;
mod words;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    engine::set_up();
    match app::run(args::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
