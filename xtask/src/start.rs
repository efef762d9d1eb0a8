//! `cargo xtask start`: from a fresh clone to a relay that runs, and the desktop app beside it where
//! there is a display.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::args::Start;
use crate::build;
use crate::demo;
use crate::deps;
use crate::failure::Failure;
use crate::front::Front;
use crate::relay::{Relay, Setup};
use crate::stop::{self, Running};

/// The organisation that a new relay serves.
const ORGANISATION: &str = "acme";

/// Runs the command.
pub(crate) fn run(options: &Start) -> Result<(), Failure> {
    let window = !options.demo && has_display();
    let mut needs = vec![deps::TO_BUILD];
    if options.demo {
        needs.push(deps::TO_SHOW);
    }
    if window {
        needs.extend([deps::TO_OPEN, deps::FOR_NODE]);
    }
    deps::packages(&needs)?;
    println!("Building the relay and the terminal client (the first time takes some minutes)…");
    let programs = build::programs()?;
    if options.demo {
        return demo::run(&programs);
    }
    if window {
        println!("Building the desktop app (the first time takes some minutes more)…");
        build::run(&mut Front::install()?.script("build")?)?;
        build::run(build::cargo()?.args(["build", "--package", "sealwire-desktop"]))?;
    }
    let relay = Relay::start(&Setup {
        programs: &programs,
        data: build::data_dir()?.join("relay"),
        log: None,
        listen: options.listen,
        organisation: ORGANISATION,
    })?;
    let app = if window {
        Some(open(&programs, relay.owner_link.as_deref())?)
    } else {
        None
    };
    print!(
        "{}",
        instructions(&relay, &programs.join("sealwire"), app.is_some())
    );
    match relay.wait() {
        // Ctrl-C is how this command is meant to end.
        Err(Failure::Interrupted) => {
            println!("The relay has stopped. Its data is kept; start it again at any time.");
            Ok(())
        }
        other => other,
    }
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Opens the desktop app, which takes the owner's invitation into its first run. Closing it leaves
/// the relay running.
fn open(programs: &Path, link: Option<&str>) -> Result<Running, Failure> {
    let mut command = Command::new(programs.join("sealwire-desktop"));
    command
        .args(link)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    stop::spawn(&mut command).map(Running)
}

fn instructions(relay: &Relay, sealwire: &Path, window: bool) -> String {
    let sealwire = sealwire.display();
    let mut page = format!(
        "\nThe relay listens on {}. Ctrl-C ends it.\n",
        relay.address
    );
    if window {
        page += "The desktop app is open, with the owner's invitation if there is no owner yet.\n\
                 All of it can be done in a terminal too:\n";
    }
    page += &match &relay.owner_link {
        Some(link) => format!(
            "\nIt has no owner yet. The owner's invitation, a secret, good once:\n\n\
             {link}\n\n\
             In another terminal, join with it (it is asked for, and so is a passphrase):\n\n  \
             {sealwire} account create --name alice\n\n\
             Then invite a colleague, and talk once they have joined:\n\n  \
             {sealwire} org invite\n"
        ),
        None => format!(
            "\nIt has an owner already. In another terminal:\n\n  \
             {sealwire} account list\n"
        ),
    };
    page += &format!(
        "  {sealwire} chat create Team bob\n  \
         {sealwire} chat open Team\n\n\
         To try both sides on this machine, give the second person a folder of their\n\
         own: `--home FOLDER` with every command. README.md has the whole tour.\n\n"
    );
    page
}
