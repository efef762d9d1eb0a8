//! The command line.
//!
//! Parsed by hand: this program is compiled on every fresh machine before anything else is.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::failure::Failure;

/// What `cargo xtask help` prints.
pub(crate) const HELP: &str = "\
The project's own commands.

cargo xtask start [--demo] [--listen ADDRESS]
    Install what is missing, build, and run a relay until Ctrl-C; its data stays
    between starts. It listens on 127.0.0.1:8443 unless told otherwise. Where
    there is a display the desktop app opens beside it.
    --demo   two sample people talk through a relay of their own, then what a
             member sees stands beside what the relay holds; ends by itself

cargo xtask test [--whole-corpus] [FILTER…]
    Install what is missing, build everything, then check format, lints and
    documentation and run every test. With a FILTER only the tests run whose
    name contains it, and nothing else is checked.
    --whole-corpus   replay the whole corpus instead of a part

cargo xtask bench [NAME] [--json]
    Measure an optimised build: fanout, client, idle, search, attachment, log,
    pack, desktop, or all of them.
    --json   one JSON object per figure instead of tables and plots

cargo xtask deb [--release-key FILE]
    Make a Debian package of the desktop app.
    --release-key FILE   public release key, PEM: whose updates the app takes;
                         without one it takes none

cargo xtask release --key FILE --dir DIR [--source URI]
    Build the programs of the newest commit, and the desktop app's package, and
    put them into DIR, with bills of materials and provenance signed by the
    release key (docs/releases.md).
    --source URI   where the commit is to be had, to be said in the provenance

cargo xtask types
    Write the types of all calls for the desktop app's front end
    (desktop/ui/src/lib/api/generated).

cargo xtask screenshots
    Draw every screen of the desktop app in light, dark, Chinese and from right
    to left, with a relay and the app's core behind it (docs/screenshots).

cargo xtask help
    This page.
";

/// Where `start` listens unless told otherwise: invitation links carry the address, so it has
/// to stay the same between starts.
const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8443);

/// The benchmarks there are.
pub(crate) const BENCHES: [&str; 8] = [
    "fanout",
    "client",
    "idle",
    "search",
    "attachment",
    "log",
    "pack",
    "desktop",
];

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// `help`
    Help,
    /// `start`
    Start(Start),
    /// `test`
    Test(Test),
    /// `bench`
    Bench(Bench),
    /// `release`
    Release(Release),
    /// `deb`
    Deb(Deb),
    /// `types`
    Types,
    /// `screenshots`
    Screenshots,
}

/// Options of `start`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// Play the demonstration.
    pub(crate) demo: bool,
    /// Where the relay listens.
    pub(crate) listen: SocketAddr,
}

/// Options of `test`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Test {
    /// Replay the whole corpus.
    pub(crate) whole_corpus: bool,
    /// Run only tests whose name contains one of these.
    pub(crate) filters: Vec<String>,
}

/// Options of `bench`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Bench {
    /// Which; all if none is named.
    pub(crate) name: Option<&'static str>,
    /// JSON lines instead of tables.
    pub(crate) json: bool,
}

/// Options of `deb`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Deb {
    /// The public release key, a PEM file.
    pub(crate) release_key: Option<PathBuf>,
}

/// Options of `release`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Release {
    /// The secret release key, a PEM file.
    pub(crate) key: PathBuf,
    /// The folder to make.
    pub(crate) dir: PathBuf,
    /// Where the commit is to be had.
    pub(crate) source: Option<String>,
}

/// Parses what follows `cargo xtask`.
pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Command, Failure> {
    match words.next().as_deref() {
        None | Some("help" | "--help" | "-h") => Ok(Command::Help),
        Some("start") => start(words),
        Some("test") => test(words),
        Some("bench") => bench(words),
        Some("deb") => deb(words),
        Some("release") => release(words),
        Some("types") => alone(words.next(), "types", Command::Types),
        Some("screenshots") => alone(words.next(), "screenshots", Command::Screenshots),
        Some(other) => Err(Failure::Usage(format!("there is no command {other:?}"))),
    }
}

/// A command without options.
fn alone(word: Option<String>, name: &str, command: Command) -> Result<Command, Failure> {
    match word {
        None => Ok(command),
        Some(word) => Err(unknown(&word, name)),
    }
}

fn start(mut words: impl Iterator<Item = String>) -> Result<Command, Failure> {
    let mut options = Start {
        demo: false,
        listen: LISTEN,
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--demo" => options.demo = true,
            "--listen" => {
                options.listen = words
                    .next()
                    .and_then(|address| address.parse().ok())
                    .ok_or_else(|| {
                        Failure::Usage("--listen needs an address like 127.0.0.1:8443".into())
                    })?;
            }
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(unknown(&word, "start")),
        }
    }
    Ok(Command::Start(options))
}

fn test(words: impl Iterator<Item = String>) -> Result<Command, Failure> {
    let mut options = Test::default();
    for word in words {
        match word.as_str() {
            "--whole-corpus" => options.whole_corpus = true,
            "--help" | "-h" => return Ok(Command::Help),
            _ if word.starts_with('-') => return Err(unknown(&word, "test")),
            _ => options.filters.push(word),
        }
    }
    Ok(Command::Test(options))
}

fn bench(words: impl Iterator<Item = String>) -> Result<Command, Failure> {
    let mut options = Bench::default();
    for word in words {
        let known = BENCHES.iter().find(|name| **name == word);
        match (word.as_str(), known) {
            ("--json", _) => options.json = true,
            ("--help" | "-h", _) => return Ok(Command::Help),
            (_, Some(name)) if options.name.is_none() => options.name = Some(name),
            _ => {
                return Err(Failure::Usage(format!(
                    "`bench` does not take {word:?}; there are {}",
                    BENCHES.join(", ")
                )));
            }
        }
    }
    Ok(Command::Bench(options))
}

fn deb(mut words: impl Iterator<Item = String>) -> Result<Command, Failure> {
    let mut options = Deb::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--release-key" => {
                let missing = || Failure::Usage("--release-key needs a file".into());
                options.release_key = Some(words.next().ok_or_else(missing)?.into());
            }
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(unknown(&word, "deb")),
        }
    }
    Ok(Command::Deb(options))
}

fn release(mut words: impl Iterator<Item = String>) -> Result<Command, Failure> {
    let mut options = Release::default();
    while let Some(word) = words.next() {
        let mut value = || {
            let missing = || Failure::Usage(format!("{word} needs a value"));
            words.next().ok_or_else(missing)
        };
        match word.as_str() {
            "--key" => options.key = value()?.into(),
            "--dir" => options.dir = value()?.into(),
            "--source" => options.source = Some(value()?),
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(unknown(&word, "release")),
        }
    }
    if options.key.as_os_str().is_empty() || options.dir.as_os_str().is_empty() {
        let missing = "`release` needs --key FILE, the secret release key, and --dir DIR";
        return Err(Failure::Usage(missing.into()));
    }
    Ok(Command::Release(options))
}

fn unknown(word: &str, command: &str) -> Failure {
    Failure::Usage(format!("`{command}` does not take {word:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, Failure> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn every_documented_line_is_understood() {
        assert_eq!(parsed("").unwrap(), Command::Help);
        assert_eq!(
            parsed("start --demo").unwrap(),
            Command::Start(Start {
                demo: true,
                listen: LISTEN
            })
        );
        assert_eq!(
            parsed("test --whole-corpus replay kill").unwrap(),
            Command::Test(Test {
                whole_corpus: true,
                filters: vec!["replay".into(), "kill".into()],
            })
        );
        assert_eq!(
            parsed("bench idle --json").unwrap(),
            Command::Bench(Bench {
                name: Some("idle"),
                json: true
            })
        );
        assert_eq!(parsed("deb").unwrap(), Command::Deb(Deb::default()));
        assert_eq!(
            parsed("deb --release-key k.pub").unwrap(),
            Command::Deb(Deb {
                release_key: Some("k.pub".into())
            })
        );
        assert_eq!(
            parsed("release --key k.pem --dir out --source git+https://a.example").unwrap(),
            Command::Release(Release {
                key: "k.pem".into(),
                dir: "out".into(),
                source: Some("git+https://a.example".into()),
            })
        );
    }

    #[test]
    fn mistakes_are_told() {
        for line in [
            "sart",
            "start now",
            "start --listen",
            "test -x",
            "bench 7",
            "bench idle idle",
            "release",
            "release --key k.pem",
            "release --key k.pem --dir",
            "release now",
            "deb now",
            "deb --release-key",
        ] {
            assert!(matches!(parsed(line), Err(Failure::Usage(_))), "{line}");
        }
    }

    #[test]
    fn help_fits_eighty_columns() {
        assert!(HELP.lines().all(|line| line.chars().count() <= 80));
    }
}
