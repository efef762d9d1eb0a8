//! What every command has at hand.

use std::process::ExitCode;

use sealwire_core::{Client, CoreError, Result};

use crate::{
    args::Global,
    exit::{self, Failure, usage},
    output::Output,
    output::plain,
    passphrase,
    paths::{Paths, Profile},
    settings::Settings,
};

/// The options of the command line, and what follows from them.
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) out: Output,
    pub(crate) paths: Paths,
    pub(crate) settings: Settings,
}

/// The command line cannot be followed at all.
pub(crate) struct Refused(Output, CoreError);

impl Refused {
    /// Prints why.
    pub(crate) fn report(self) -> ExitCode {
        exit::report(&self.0, Err(Failure::Error(self.1)))
    }
}

impl Context {
    /// Reads the environment.
    pub(crate) fn new(global: Global) -> std::result::Result<Self, Refused> {
        let out = Output::new(&global);
        let found =
            Paths::new(global.home.as_deref()).and_then(|paths| Ok((paths, Settings::from_env()?)));
        match found {
            Ok((paths, settings)) => Ok(Self {
                global,
                out,
                paths,
                settings,
            }),
            Err(error) => Err(Refused(out, error)),
        }
    }

    /// The profile to use.
    pub(crate) fn profile(&self) -> Result<Profile> {
        self.paths.select(self.global.account.as_deref())
    }

    /// Opens the profile to use, without the network. A passphrase that was mistyped is asked for
    /// again.
    pub(crate) async fn open(&self) -> Result<Client> {
        let profile = self.profile()?;
        let mut tries = if passphrase::is_typed(self) {
            passphrase::TRIES
        } else {
            1
        };
        loop {
            tries -= 1;
            let passphrase = passphrase::existing(self, &profile.name)?;
            let options = self.settings.options.clone();
            match Client::open(&profile.dir, &passphrase, options).await {
                Err(error) if error.code == "wrong_passphrase" && tries > 0 => {
                    self.out.warn(&error.message);
                }
                Err(error) => return Err(in_use(error)),
                Ok(client) => return Ok(client),
            }
        }
    }

    /// Asks before something that cannot be taken back.
    pub(crate) fn confirm(&self, question: &str) -> Result<()> {
        use std::io::{BufRead, IsTerminal, Write};
        if self.global.yes {
            return Ok(());
        }
        if self.global.no_input || !std::io::stdin().is_terminal() {
            return Err(usage(
                "not_confirmed",
                format!("this needs a yes: {question}"),
                "repeat the command with --yes",
            ));
        }
        let (question, mut answer) = (plain(question), String::new());
        let asked = write!(std::io::stderr(), "{question} [y/N] ")
            .and_then(|()| std::io::stdin().lock().read_line(&mut answer));
        if asked.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "Yes") {
            return Ok(());
        }
        Err(usage(
            "not_confirmed",
            "nothing was changed",
            "answer y to go on",
        ))
    }
}

/// Says how to do two things at once with one profile.
fn in_use(mut error: CoreError) -> CoreError {
    if error.code == "profile_in_use" {
        error.hint = "end that program first; to read and write at the same time, use \
                      `sealwire chat open`"
            .into();
    }
    error
}
