//! `sealwire account data` and `account erase`: what people may ask of the relay.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use sealwire_core::{Client, Confirmation, CoreError, ErrorKind, Result, api::StatementInfo};

use crate::{
    context::Context,
    exit::{Outcome, usage},
    passphrase,
    paths::Profile,
};

const DATA: &str = "data.json";
const STATEMENT: &str = "statement.json";
const OPENING: &str = "opening.json";

/// Saves what the relay knows.
pub(super) async fn data(context: &Context, folder: &Path) -> Outcome {
    make(folder)?;
    let client = context.open().await?;
    let own = client.own_data().await?;
    write(folder, DATA, &own.data)?;
    save(folder, &own.statement)?;
    context.out.result(&own.statement, |page| {
        page.line(format!("Saved in {}:", folder.display()));
        page.field(DATA, "what the relay knows of you");
        explain(page);
    })?;
    client.shutdown().await;
    Ok(())
}

/// Has the own account erased.
pub(super) async fn erase(context: &Context, folder: &Path) -> Outcome {
    let client = context.open().await?;
    let handle = client.account().handle;
    context.confirm(&format!(
        "{handle} is erased at the relay for good; none of its devices can sign in again. Go on?"
    ))?;
    make(folder)?;
    let statement = client.erase_account().await?;
    finish(context, folder, &handle, &statement)?;
    context.out.note(&format!(
        "This machine keeps its history. `sealwire account remove {handle}` removes it and tells the relay."
    ));
    client.shutdown().await;
    Ok(())
}

/// Has somebody else's account erased, as an owner.
pub(crate) async fn erase_member(context: &Context, handle: &str, folder: &Path) -> Outcome {
    let client = context.open().await?;
    let handle = client.parse_handle(handle)?;
    context.confirm(&format!(
        "{handle} is erased at the relay for good; none of their devices can sign in again. Go on?"
    ))?;
    make(folder)?;
    let statement = client.erase_member(&handle).await?;
    finish(context, folder, handle.as_str(), &statement)?;
    client.shutdown().await;
    Ok(())
}

/// Removes an account from this machine.
pub(super) async fn remove(context: &Context, name: &str, unconfirmed: bool) -> Outcome {
    let profile = context.paths.select(Some(name))?;
    let Profile { name, dir } = &profile;
    context.confirm(&format!(
        "Remove {name} from this machine, with its keys and its whole history?"
    ))?;
    if unconfirmed || !Client::is_erased(dir) {
        Client::remove(dir)?;
        told(context, name, None)?;
        context.out.note(
            "The account itself and its other devices stay. Revoke this device from one of them.",
        );
        return Ok(());
    }
    let passphrase = || passphrase::existing(context, name);
    let confirmation = Client::remove_erased(dir, passphrase, &context.settings.options).await?;
    told(context, name, Some(confirmation))
}

fn told(context: &Context, name: &str, confirmation: Option<Confirmation>) -> Outcome {
    let result = serde_json::json!({ "removed": name, "confirmation": confirmation });
    context.out.result(&result, |page| {
        page.line(format!("{name} is removed from this machine."));
        match confirmation {
            None => {}
            Some(Confirmation::Taken) => page.line("The relay has this device's receipt."),
            Some(Confirmation::TooLate) => page.line(
                "The relay takes no receipt of this device any more: it has counted who was heard.",
            ),
        }
    })
}

fn finish(context: &Context, folder: &Path, handle: &str, statement: &StatementInfo) -> Outcome {
    save(folder, statement)?;
    context.out.result(statement, |page| {
        page.line(format!(
            "{handle} is erased. Saved in {}:",
            folder.display()
        ));
        explain(page);
        page.line(
            "Keep both files: the relay has kept nothing that shows whom the statement is about.",
        );
    })
}

fn explain(page: &mut crate::output::Page) {
    page.field(STATEMENT, "the relay's signed statement; it names nobody");
    page.field(OPENING, "what shows that it is about you");
}

fn save(folder: &Path, statement: &StatementInfo) -> Result<()> {
    write(folder, STATEMENT, &statement.envelope)?;
    let opening = serde_json::json!({
        "index": statement.index,
        "salt": statement.salt,
        "event": statement.event,
    });
    write(folder, OPENING, &opening.to_string())
}

/// Before the relay is asked: what it answers only once must find its place.
fn make(folder: &Path) -> Result<()> {
    let made = DirBuilder::new().mode(0o700).create(folder);
    made.map_err(|error| {
        let what = format!("{} cannot be made: {error}", folder.display());
        usage(
            "folder",
            what,
            "name a folder that is not there yet, in one that is",
        )
    })
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    let failed = |error: std::io::Error| {
        CoreError::new(
            ErrorKind::Io,
            "not_saved",
            format!("{} cannot be written: {error}", path.display()),
            "make space, then repeat",
        )
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed)
}
