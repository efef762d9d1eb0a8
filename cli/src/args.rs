//! The command line: what all commands share, and the tree of nouns.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, error::ErrorKind as ClapKind};

use crate::{
    account::AccountCommand, chat::ChatCommand, contact::ContactCommand,
    custodian::CustodianCommand, device::DeviceCommand, file::FileCommand, message::MessageCommand,
    org::OrgCommand, output, search::Search,
};

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failure, 2 usage, 3 network or disk, 4 locked or no
account, 5 untrusted identity, 6 rate limited, 7 refused by policy,
130 interrupted.";

/// End-to-end encrypted messages for teams
#[derive(Debug, Parser)]
#[command(name = "sealwire", version, after_help = EXIT_CODES, max_term_width = 80)]
#[command(infer_subcommands = false, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options for every command")]
pub(crate) struct Global {
    /// Print one JSON object per result
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Directory for everything Sealwire stores [default: the XDG directories]
    #[arg(
        long,
        global = true,
        env = "SEALWIRE_HOME",
        value_name = "DIR",
        hide_env_values = true
    )]
    pub(crate) home: Option<PathBuf>,
    /// Account to use, as `account list` shows it [default: the only one, or the one chosen]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) account: Option<String>,
    /// Read the passphrase from the first line of a file
    #[arg(
        long,
        global = true,
        env = "SEALWIRE_PASSPHRASE_FILE",
        value_name = "FILE",
        hide_env_values = true
    )]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Read the passphrase from the first line of an open file descriptor
    #[arg(
        long,
        global = true,
        value_name = "N",
        conflicts_with = "passphrase_file"
    )]
    pub(crate) passphrase_fd: Option<u32>,
    /// Never ask; fail where a question would be needed
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// Print no notes, only results and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Log to standard error; repeat for more
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Longest wait for the relay, in seconds [default: 30]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=86_400))]
    pub(crate) timeout: Option<u64>,
    /// Answer yes to every question
    #[arg(long, short, global = true)]
    pub(crate) yes: bool,
}

impl Global {
    /// Longest wait for the relay.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout_or(30)
    }

    /// Longest wait for something that takes its time.
    pub(crate) fn timeout_or(&self, seconds: u64) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(seconds))
    }
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    // On a terminal, unless NO_COLOR is set.
    Auto,
    Always,
    Never,
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// The nouns.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Join, show and protect your account
    Account {
        #[command(subcommand)]
        command: AccountCommand,
    },
    /// Link and revoke your devices
    Device {
        #[command(subcommand)]
        command: DeviceCommand,
    },
    /// Invite people and manage the members of your organisation
    Org {
        #[command(subcommand)]
        command: OrgCommand,
    },
    /// Look people up and verify who they are
    Contact {
        #[command(subcommand)]
        command: ContactCommand,
    },
    /// Create conversations and manage who is in them
    Chat {
        #[command(subcommand)]
        command: ChatCommand,
    },
    /// Send, read and watch messages
    Message {
        #[command(subcommand)]
        command: MessageCommand,
    },
    /// Look through the history of all conversations
    Search(Search),
    /// Fetch, save and forward files that came with messages
    File {
        #[command(subcommand)]
        command: FileCommand,
    },
    /// Keep records of conversations in an archive outside of this profile
    Custodian {
        #[command(subcommand)]
        command: CustodianCommand,
    },
    /// Receive what came in and send what waits
    Sync,
    /// Check the profile, the relay and the clock
    Doctor,
    /// Print a completion script for a shell
    Completion {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Print the version
    Version,
}

impl Command {
    /// Ends by Ctrl-C in its own way.
    pub(crate) const fn handles_interrupts(&self) -> bool {
        matches!(
            self,
            Self::Message {
                command: MessageCommand::Watch(_)
            } | Self::Custodian {
                command: CustodianCommand::Run { .. }
            }
        )
    }
}

/// Parses the arguments; help and mistakes are printed here.
pub(crate) fn parse() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|error| {
        let asked = matches!(
            error.kind(),
            ClapKind::DisplayHelp | ClapKind::DisplayVersion
        );
        let json = std::env::args_os()
            .take_while(|arg| arg != "--")
            .any(|arg| arg == "--json");
        if json && !asked {
            output::usage_error(&error);
        } else {
            // Nothing can be said if standard error is closed.
            let _ = error.print();
        }
        ExitCode::from(if asked { 0 } else { 2 })
    })
}
