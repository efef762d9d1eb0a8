//! `cargo xtask start`: from a fresh clone to a relay that runs.

use std::env;
use std::path::Path;

use crate::args::Start;
use crate::build;
use crate::demo;
use crate::deps;
use crate::failure::Failure;
use crate::relay::{Relay, Setup};

/// The organisation that a new relay serves.
const ORGANISATION: &str = "acme";

/// Runs the command.
pub(crate) fn run(options: &Start) -> Result<(), Failure> {
    let mut needs = vec![deps::TO_BUILD];
    if options.demo {
        needs.push(deps::TO_SHOW);
    }
    deps::packages(&needs)?;
    println!("Building the relay and the terminal client (the first time takes some minutes)…");
    let programs = build::programs()?;
    if options.demo {
        return demo::run(&programs);
    }
    let relay = Relay::start(&Setup {
        programs: &programs,
        data: build::data_dir()?.join("relay"),
        log: None,
        listen: options.listen,
        organisation: ORGANISATION,
    })?;
    print!("{}", instructions(&relay, &programs.join("sealwire")));
    match relay.wait() {
        // Ctrl-C is how this command is meant to end.
        Err(Failure::Interrupted) => {
            println!("The relay has stopped. Its data is kept; start it again at any time.");
            Ok(())
        }
        other => other,
    }
}

fn instructions(relay: &Relay, sealwire: &Path) -> String {
    let sealwire = sealwire.display();
    let mut page = format!(
        "\nThe relay listens on {}. Ctrl-C ends it.\n",
        relay.address
    );
    if env::var_os("DISPLAY").is_some() || env::var_os("WAYLAND_DISPLAY").is_some() {
        page += "The desktop app has no window yet; this is how to go on in a terminal.\n";
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
