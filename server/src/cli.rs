//! The command line.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::config::{self, Config, ConfigError};
use crate::data_dir::{DataDir, write_private};
use crate::group;
use crate::relay;

mod asking;
mod auditor_command;
mod backup_command;
mod census_command;
mod incident_command;
mod log_command;
mod request_command;
mod restore_command;
mod retention_command;
mod ropa_command;
mod update_command;

/// A boxed error whose text is for people.
type Failure = Box<dyn std::error::Error>;

/// The Sealwire relay: stores ciphertext and key packages, and nothing it could read.
#[derive(Parser)]
#[command(name = "sealwire-relay", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the relay.
    Serve(Serve),
    /// What clients use to notice that the relay was restored to an older state.
    #[command(subcommand)]
    Incarnation(Incarnation),
    /// What is kept no longer than the groups and this relay's settings say.
    #[command(subcommand)]
    Retention(retention_command::Retention),
    Census(census_command::Census),
    /// Whom you let read this relay's statements.
    #[command(subcommand)]
    Auditor(auditor_command::Auditor),
    Ropa(ropa_command::Ropa),
    /// The register of incidents: what happened, who was told, and what the clocks of GDPR, NIS 2 and
    /// DORA say.
    #[command(subcommand)]
    Incident(incident_command::Incident),
    /// The register of requests that people make about their data, with the clocks of GDPR and CCPA.
    #[command(subcommand)]
    Request(request_command::Request),
    /// Updates of the desktop app, which apps take if the release key has signed them and they are logged.
    #[command(subcommand)]
    Update(update_command::Update),
    /// The relay's transparency logs.
    #[command(subcommand)]
    Log(log_command::Log),
    /// Write a backup of a relay, which goes on serving meanwhile. Works on one that is stopped, too.
    ///
    /// THE BACKUP IS NOT ENCRYPTED. It holds the relay's keys, the accounts of all people, and
    /// everything that the relay stores. Encrypt it before it leaves this machine, for example with
    /// `age`, and delete it by the day that is printed.
    Backup(backup_command::Backup),
    /// Check a backup or a data directory: every hash, every database, both transparency logs.
    Verify(backup_command::Verify),
    /// Restore a backup into an empty or a new folder, and renew the incarnation. With --drill only
    /// see whether it can be restored, and attest that.
    Restore(restore_command::Restore),
    /// Print the version.
    Version,
}

#[derive(clap::Args)]
struct Serve {
    /// Configuration file; written with all defaults if it is not there [default: DATA/relay.toml].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
    /// Where to listen, overriding the configuration; port 0 takes any free port.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Name of the organisation, the part of handles after the @; needed on the first start.
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
    /// Say where the relay listens as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Data {
    /// Data directory.
    #[arg(
        long,
        value_name = "DIR",
        env = "SEALWIRE_RELAY_DATA",
        default_value = "sealwire-relay-data"
    )]
    data: PathBuf,
}

#[derive(Subcommand)]
enum Incarnation {
    /// Renew it. `restore` does so by itself; run this after the data directory was put back in any
    /// other way, before the next start.
    Renew(Data),
}

/// Runs the program.
#[must_use]
pub fn run() -> ExitCode {
    let done = match Args::parse().command {
        Command::Serve(args) => serve(&args),
        Command::Incarnation(Incarnation::Renew(args)) => renew(&args.data),
        Command::Retention(args) => retention_command::run(&args),
        Command::Census(args) => census_command::run(&args),
        Command::Auditor(args) => auditor_command::run(&args),
        Command::Ropa(args) => ropa_command::run(&args),
        Command::Incident(args) => incident_command::run(&args),
        Command::Request(args) => request_command::run(&args),
        Command::Update(args) => update_command::run(&args),
        Command::Log(args) => log_command::run(&args),
        Command::Backup(args) => backup_command::backup(&args),
        Command::Verify(args) => backup_command::verify(&args),
        Command::Restore(args) => restore_command::run(&args),
        Command::Version => {
            say(&format!("sealwire-relay {}", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may be reading.
            drop(writeln!(std::io::stderr(), "error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line for whoever started the relay, at once.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody may be reading.
    drop(writeln!(out, "{line}"));
    drop(out.flush());
}

fn serve(args: &Serve) -> Result<(), Failure> {
    let data = DataDir::open(&args.data.data)?;
    let config = configure(args)?;
    start_log(&config)?;
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run_relay(&config, data, args.json))
}

fn configure(args: &Serve) -> Result<Config, Failure> {
    let default = args.data.data.join(config::FILE);
    let path = args.config.as_ref().unwrap_or(&default);
    let mut config = if path.exists() {
        Config::read(path)?
    } else {
        first_config(args, path)?
    };
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    if let Some(organisation) = &args.organisation {
        config.organisation.clone_from(organisation);
    }
    config.check()?;
    Ok(config)
}

fn first_config(args: &Serve, path: &Path) -> Result<Config, Failure> {
    let mut config = Config {
        organisation: args.organisation.clone().unwrap_or_default(),
        ..Config::default()
    };
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    // Before it is written: a wrong name must not stay in the file.
    config.check()?;
    let text = config::template(&config.organisation, config.listen);
    write_private(path, text.as_bytes()).map_err(|error| ConfigError::Write(path.into(), error))?;
    Ok(config)
}

async fn run_relay(config: &Config, data: DataDir, json: bool) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let started = relay::start(config, data).await?;
    announce(&started, json);
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let drain = Duration::from_secs(config.timeouts.drain_s);
    started.serve(drain, stop).await;
    Ok(())
}

fn announce(started: &relay::Started, json: bool) {
    let address = format!("https://{}", started.address);
    let link = started.owner_link.as_ref().map(|link| link.as_str());
    if json {
        let line = serde_json::json!({ "listening": address, "owner_link": link });
        say(&line.to_string());
        return;
    }
    if let Some(link) = link {
        say(
            "This relay has no owner yet. Enrol with this link (good once, for 7 days or until the next start):",
        );
        say(link);
    }
    say(&format!("listening on {address}"));
}

fn renew(data: &Path) -> Result<(), Failure> {
    if !data.join(group::DATABASE).exists() {
        return Err(format!("there is no relay in {}; check --data", data.display()).into());
    }
    let dir = DataDir::open(data)?;
    runtime()?.block_on(group::renew_incarnation(&dir.join(group::DATABASE)))?;
    say(
        "The incarnation is renewed. Clients notice at their next connection: they stop sending in \
         groups\nthey had joined, say that the relay was restored, and an owner of each group moves \
         it to a new log.\nNothing they hold is lost.",
    );
    Ok(())
}

/// For commands that do one thing and end.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

fn start_log(config: &Config) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.log.filter)
        .map_err(|error| ConfigError::Value("log.filter", format!("is not valid: {error}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if config.log.json {
        builder.json().init();
    } else {
        builder.with_ansi(false).init();
    }
    Ok(())
}

/// Every connection is a file; the soft limit is often 1,024.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if setrlimit(Resource::Nofile, limit).is_err() {
        tracing::warn!("cannot raise the limit of open files");
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
