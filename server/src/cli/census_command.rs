//! `sealwire-relay census`.

use std::path::PathBuf;

use sealwire_audit::predicate::{Class, StorageCensus, Stored, Table};

use super::{Data, Failure, say};
use crate::attest;
use crate::config::Config;
use crate::group;

/// Count what lies in the stores, and whether each thing has the form that it should have. Only
/// reads: works beside a relay that runs, and on one that is stopped.
#[derive(clap::Args)]
pub(super) struct Census {
    #[command(flatten)]
    data: Data,
    /// Configuration file, which says where blobs are [default: DATA/relay.toml].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the census as one line of JSON, as the relay attests it.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Census) -> Result<(), Failure> {
    let data = &args.data.data;
    if !data.join(group::DATABASE).exists() {
        return Err(format!("there is no relay in {}; check --data", data.display()).into());
    }
    let default = data.join("relay.toml");
    let config = Config::read(args.config.as_ref().unwrap_or(&default))?;
    config.check()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let census = runtime.block_on(attest::census(data, &config))?;
    if args.json {
        say(&serde_json::to_string(&census)?);
    } else {
        tell(&census)?;
    }
    if census.unparsed_total > 0 {
        let unparsed = census.unparsed_total;
        return Err(format!(
            "{unparsed} of what is stored could not be read as what it should be; see `unread` \
             above, and look whether somebody else writes into these files"
        )
        .into());
    }
    Ok(())
}

fn tell(census: &StorageCensus) -> Result<(), Failure> {
    say(&format!("Taken {}.\n", census.taken));
    say("stored as                count     unread    bytes up to     bits a byte");
    for stored in &census.stored {
        let Stored {
            count, unparsed, ..
        } = stored;
        let form = word(&stored.form)?;
        let (sizes, bits) = (sizes(stored), bits(stored));
        let line = format!("{form:<20}{count:>10} {unparsed:>10}    {sizes:<15} {bits}");
        say(line.trim_end());
    }
    say("\ntable                            rows    columns");
    for Table {
        table,
        columns,
        rows,
    } in &census.tables
    {
        let of = |class| {
            columns
                .iter()
                .filter(|column| column.class == class)
                .count()
        };
        let mut classes = Vec::new();
        for class in [
            Class::Ciphertext,
            Class::KeyPackage,
            Class::AccountMetadata,
            Class::GroupMetadata,
            Class::Operational,
        ] {
            if of(class) > 0 {
                classes.push(format!("{} {}", of(class), word(&class)?));
            }
        }
        say(&format!("{table:<26}{rows:>11}    {}", classes.join(", ")));
    }
    Ok(())
}

/// The sizes below which the shortest and the longest are.
fn sizes(stored: &Stored) -> String {
    let sizes: Vec<u64> = stored.size_buckets.iter().map(|one| one.up_to).collect();
    span(&sizes)
}

/// The same of their entropy.
fn bits(stored: &Stored) -> String {
    let bits = stored.entropy_histogram.iter();
    let bits: Vec<f64> = bits.map(|one| f64::from(one.up_to_bits_per_byte)).collect();
    span(&bits)
}

fn span<T: PartialEq + std::fmt::Display>(sorted: &[T]) -> String {
    match (sorted.first(), sorted.last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(all), _) => all.to_string(),
        (None, _) => String::new(),
    }
}

/// The word by which JSON calls it.
fn word<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    let value = serde_json::to_value(value)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}
