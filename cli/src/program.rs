//! What the program says of itself.

use std::io::Write;

use clap::CommandFactory;
use serde::Serialize;

use crate::{args::Cli, context::Context, exit::Outcome};

#[derive(Serialize)]
struct Version {
    version: &'static str,
}

/// `sealwire version`.
pub(crate) fn version(context: &Context) -> Outcome {
    let version = Version {
        version: env!("CARGO_PKG_VERSION"),
    };
    context.out.result(&version, |page| {
        page.line(format!("sealwire {}", version.version))
    })
}

/// `sealwire completion`.
pub(crate) fn completion(context: &Context, shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sealwire", &mut script);
    context.out.raw(&script)
}

/// `sealwire man`: the program's page, then one per command.
pub(crate) fn man(context: &Context) -> Outcome {
    let mut page = Vec::new();
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for noun in command
        .get_subcommands()
        .filter(|noun| noun.get_name() != "help")
    {
        for verb in noun
            .get_subcommands()
            .filter(|verb| verb.get_name() != "help")
        {
            writeln!(page, ".SH {} {}", noun.get_name(), verb.get_name())?;
            let man = clap_mangen::Man::new(verb.clone());
            man.render_synopsis_section(&mut page)?;
            man.render_options_section(&mut page)?;
        }
    }
    context.out.raw(&page)
}
