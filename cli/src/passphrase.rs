//! Where the passphrase of a profile comes from.

use std::path::Path;

use sealwire_core::{CoreError, ErrorKind, Result};
use zeroize::Zeroizing;

use crate::{context::Context, exit::usage, secret};

const WHAT: &str = "passphrase";
/// Times that somebody is asked.
pub(crate) const TRIES: usize = 3;
/// What the core demands; known here to say it before the second prompt.
const SHORTEST: usize = 8;

/// The passphrase of a profile that exists.
pub(crate) fn existing(context: &Context, name: &str) -> Result<Zeroizing<String>> {
    if let Some(given) = given(context) {
        return given;
    }
    ask_allowed(context)?;
    secret::from_prompt(&format!("Passphrase of {name}"))
}

/// The passphrase of a profile to come; asked twice, because a slip would lock it for good.
pub(crate) fn new(context: &Context) -> Result<Zeroizing<String>> {
    if let Some(given) = given(context) {
        return given;
    }
    ask_allowed(context)?;
    ask_twice(context)
}

/// A passphrase to take the place of the present one.
pub(crate) fn replacement(context: &Context, file: Option<&Path>) -> Result<Zeroizing<String>> {
    if let Some(file) = file {
        return secret::from_file(file, "new passphrase", &context.out);
    }
    ask_allowed(context)?;
    ask_twice(context)
}

/// Whether a wrong passphrase may have been a slip of the fingers.
pub(crate) fn is_typed(context: &Context) -> bool {
    context.global.passphrase_fd.is_none() && context.global.passphrase_file.is_none()
}

fn given(context: &Context) -> Option<Result<Zeroizing<String>>> {
    let global = &context.global;
    if let Some(number) = global.passphrase_fd {
        return Some(secret::from_fd(number, WHAT));
    }
    let file = global.passphrase_file.as_deref()?;
    Some(secret::from_file(file, WHAT, &context.out))
}

/// A slip is said and asked again; who cannot hit it thrice should begin anew.
fn ask_twice(context: &Context) -> Result<Zeroizing<String>> {
    context.out.note(
        "Choose a passphrase for this device. It protects everything stored here and cannot be \
         reset: four or more words picked at random are good.",
    );
    for _ in 0..TRIES {
        let first = secret::from_prompt("New passphrase")?;
        if first.chars().count() < SHORTEST {
            context
                .out
                .warn(&format!("too short: {SHORTEST} characters are the least"));
            continue;
        }
        if first == secret::from_prompt("The same again")? {
            return Ok(first);
        }
        context.out.warn("the two are not the same");
    }
    Err(usage(
        "no_passphrase_chosen",
        "no passphrase was chosen",
        "repeat the command",
    ))
}

fn ask_allowed(context: &Context) -> Result<()> {
    if !context.global.no_input && secret::can_ask() {
        return Ok(());
    }
    Err(CoreError::new(
        ErrorKind::Locked,
        "passphrase_needed",
        "the passphrase is needed, and there is nobody to ask",
        "give it with --passphrase-file FILE, --passphrase-fd N or SEALWIRE_PASSPHRASE_FILE",
    ))
}
