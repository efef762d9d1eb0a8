//! `sealwire-audit census`: counts what lies in a dump of a relay's databases, without the relay's
//! code, and reads MLS messages with a parser that is not ours.

mod compare;
mod dump;
mod read;
mod tell;

use std::path::PathBuf;

use sealwire_audit::predicate::Form;

use crate::failure::{Failure, Kind};
use crate::output::Output;
use compare::Claimed;
use dump::{Dump, Listed};
use read::Read;

/// Arguments of `census`.
#[derive(clap::Args)]
pub(crate) struct Census {
    /// A copy of one of the relay's databases: made by VACUUM INTO, by `.backup` of sqlite3, or part
    /// of a relay's backup. Repeat it for each. It is only read.
    #[arg(long, required = true, value_name = "DUMP")]
    database: Vec<PathBuf>,
    /// The relay's own census, a signed statement; differences are told.
    #[arg(long, value_name = "STATEMENT")]
    census: Option<PathBuf>,
    /// The relay's public key as PEM. Without it, who has signed the statement is left open.
    #[arg(long, value_name = "FILE", requires = "census")]
    signer: Option<PathBuf>,
}

/// What was found in all dumps.
struct Counted {
    databases: Vec<(PathBuf, String, Vec<Listed>)>,
    read: Vec<Read>,
    /// How the relay's own census differs; `None` if it was not given.
    differences: Option<Vec<String>>,
    /// Whether it was checked who has signed that.
    signer_checked: bool,
}

impl Counted {
    fn unparsed(&self) -> u64 {
        self.read.iter().map(|one| one.stored.unparsed).sum()
    }

    /// Columns that nobody has said anything about.
    fn unknown(&self) -> Vec<String> {
        let tables = self.databases.iter().flat_map(|(_, _, tables)| tables);
        tables.flat_map(Listed::unknown).collect()
    }
}

/// What this program does not read: the relay's and the clients' own formats.
const NOT_READ: [Form; 3] = [Form::Attachment, Form::Certificate, Form::SignedPolicy];

pub(crate) fn run(args: &Census, out: &Output) -> Result<(), Failure> {
    let claimed = args.census.as_deref();
    let claimed = claimed
        .map(|path| Claimed::read(path, args.signer.as_deref()))
        .transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::usage(error.to_string(), "check the system's limits"))?;
    let mut counted = runtime.block_on(count(&args.database))?;
    counted.signer_checked = args.signer.is_some();
    counted.differences = claimed
        .as_ref()
        .map(|claimed| claimed.differences(&counted));
    let (lines, value) = (tell::lines(&counted), tell::value(&counted));
    let unparsed = counted.unparsed();
    if unparsed == 0 {
        out.result(&lines, &value);
        return Ok(());
    }
    let untold = claimed.is_some_and(|claimed| claimed.hides(&counted));
    let message = format!(
        "{unparsed} of what is stored is not what it should be{}",
        if untold {
            ", and the relay's census does not say so"
        } else {
            ""
        }
    );
    Err(Failure {
        kind: Kind::Broken,
        message,
        hint: "look at the rows that are named; keep the dump as evidence",
        found: Some((lines, value)),
    })
}

async fn count(paths: &[PathBuf]) -> Result<Counted, Failure> {
    let (mut databases, mut read) = (Vec::new(), Vec::new());
    for path in paths {
        let mut dump = Dump::open(path).await?;
        let tables = dump.tables().await?;
        read.extend(read::all(&mut dump, &tables).await?);
        if databases.iter().any(|(_, name, _)| *name == dump.name) {
            return Err(Failure::usage(
                format!("{} is a second dump of {}", path.display(), dump.name),
                "name each database once",
            ));
        }
        databases.push((path.clone(), dump.name, tables));
    }
    Ok(Counted {
        databases,
        read,
        differences: None,
        signer_checked: false,
    })
}
