//! The project's own commands, as `cargo xtask …`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![deny(rustdoc::broken_intra_doc_links)]

mod args;
mod bench;
mod build;
mod deb;
mod demo;
mod deps;
mod failure;
mod front;
#[cfg(test)]
mod house;
mod npm;
mod plot;
mod relay;
mod release;
mod search;
mod start;
mod stop;
mod test;
mod text;

use std::process::ExitCode;

use crate::args::Command;
use crate::failure::Failure;

fn main() -> ExitCode {
    let outcome = args::parse(std::env::args().skip(1)).and_then(run);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    stop::listen()?;
    match command {
        Command::Help => {
            print!("{}", args::HELP);
            Ok(())
        }
        Command::Start(options) => start::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Release(options) => release::run(&options),
        Command::Deb(options) => deb::run(&options),
        Command::Types => build::types(),
        Command::Screenshots => front::screenshots(),
    }
}
