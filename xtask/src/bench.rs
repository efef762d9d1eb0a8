//! `cargo xtask bench`: runs the load generators of the tests crate and shows their figures.
//!
//! A generator prints one JSON object a line:
//! `{"bench","figure","value","unit","against","ratio"}`, `against` and `ratio` being null where
//! there is nothing to compare with. A figure called `name@N` is the point N of the curve `name`.
//! What else it prints is shown as it is.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::args::{BENCHES, Bench};
use crate::build;
use crate::deb;
use crate::deps;
use crate::failure::Failure;
use crate::front::{self, Front};
use crate::plot;
use crate::stop::{self, Running};
use crate::text;

/// Search engines to compare with, each a folder of tests/peers.
const PEERS: [&str; 2] = ["tantivy", "seshat"];

/// The benchmark that is no load generator.
const DESKTOP: &str = "desktop";

/// One measured figure.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Figure {
    /// Its name.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: f64,
    /// Unit of the value.
    pub(crate) unit: String,
    /// What it is compared with.
    pub(crate) against: String,
    /// Value by that.
    pub(crate) ratio: Option<f64>,
}

/// Runs the command.
pub(crate) fn run(options: &Bench) -> Result<(), Failure> {
    deps::packages(&[deps::TO_BUILD, deps::TO_COMPARE])?;
    eprintln!("Building with optimisation (the first time takes some minutes)…");
    let packages = [
        "sealwire",
        "sealwire-audit",
        "sealwire-relay",
        "sealwire-tests",
    ];
    let mut cargo = build::cargo()?;
    cargo.args(["build", "--release", "--bins"]);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    build::run(&mut cargo)?;
    let program = build::target_dir()?.join("release/sealwire-bench");
    if !program.exists() {
        return Err(Failure::new(
            "there are no load generators in this checkout",
            "they belong to tests/src/bin/, as the program sealwire-bench",
        ));
    }
    for name in BENCHES {
        if options.name.is_none_or(|wanted| wanted == name) {
            let mut command = generator(name, &program)?;
            let figures = measure(name, &mut command, options.json)?;
            if !options.json {
                println!("\n{name}\n{}{}", table(&figures), plot::curves(&figures));
            }
        }
    }
    Ok(())
}

/// What measures: a part of the load generators, one of the relay's tests, or for the desktop app what
/// uses it.
fn generator(name: &str, program: &Path) -> Result<Command, Failure> {
    match name {
        "log" => return in_the_relay(),
        DESKTOP => return desktop(),
        _ => {}
    }
    let mut command = Command::new(program);
    command.current_dir(build::root()?).arg(name);
    if name == "search" {
        for peer in peers()? {
            command.arg("--peer").arg(peer);
        }
    }
    Ok(command)
}

/// The log is reached from within the relay alone: what measures it is one of the relay's tests.
fn in_the_relay() -> Result<Command, Failure> {
    let mut build = build::cargo()?;
    build.args(["test", "--release", "--lib", "--package", "sealwire-relay"]);
    build::run(build.arg("--no-run"))?;
    let mut command = build::cargo()?;
    command.args(["test", "--release", "--lib", "--package", "sealwire-relay"]);
    command.args(["--", "--ignored", "--exact", "measure::log", "--nocapture"]);
    Ok(command)
}

/// Builds, packs and installs the desktop app; gives what measures it on a screen in memory.
fn desktop() -> Result<Command, Failure> {
    deps::packages(&[deps::TO_OPEN, deps::TO_PACK, deps::TO_TEST])?;
    let front = Front::install()?;
    build::run(&mut front.script("build")?)?;
    let root = build::root()?;
    let parts = deb::Parts {
        root: &root,
        program: &deb::program(&root)?,
        release_key: None,
    };
    let folder = build::target_dir()?.join("bench-desktop");
    let package = deb::pack(&parts, &folder)?;
    let installed = folder.join("installed");
    if installed.exists() {
        std::fs::remove_dir_all(&installed)
            .map_err(|error| Failure::io("cannot remove what was installed before", &error))?;
    }
    let app = deb::install(&package, &installed)?;
    let release = build::target_dir()?.join("release");
    let mut script = front.script("figures")?;
    script.env(front::PROGRAMS, &release).env(front::APP, app);
    Ok(script)
}

/// Builds the search engines to compare with; gives the programs. One that cannot be built, which
/// needs the registry the first time, is told and left out.
fn peers() -> Result<Vec<PathBuf>, Failure> {
    let target = build::target_dir()?.join("peers");
    let mut programs = Vec::new();
    for peer in PEERS {
        eprintln!("Building {peer}, to compare with…");
        let manifest = build::root()?.join(format!("tests/peers/{peer}/Cargo.toml"));
        let mut cargo = build::cargo()?;
        cargo
            .args(["build", "--release", "--locked", "--manifest-path"])
            .arg(manifest)
            .env("CARGO_TARGET_DIR", &target);
        match build::run(&mut cargo) {
            Ok(()) => programs.push(target.join(format!("release/sealwire-peer-{peer}"))),
            Err(Failure::Interrupted) => return Err(Failure::Interrupted),
            Err(failure) => eprintln!(
                "{failure}
Search is measured without {peer}."
            ),
        }
    }
    Ok(programs)
}

fn measure(name: &str, command: &mut Command, json: bool) -> Result<Vec<Figure>, Failure> {
    eprintln!("Measuring {name}…");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut process = Running(stop::spawn(command)?);
    let mut figures = Vec::new();
    if let Some(stdout) = process.0.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            match figure(&line) {
                Some(_) if json => println!("{line}"),
                Some(figure) => figures.push(figure),
                None => eprintln!("{line}"),
            }
        }
    }
    if process.wait()?.success() {
        return Ok(figures);
    }
    Err(Failure::new(
        format!("the load generator for {name} failed"),
        "the reason stands above",
    ))
}

fn figure(line: &str) -> Option<Figure> {
    let json: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    json["bench"].as_str()?;
    Some(Figure {
        name: json["figure"].as_str()?.to_owned(),
        value: json["value"].as_f64()?,
        unit: text("unit"),
        // A number to compare with, or words for it.
        against: json["against"]
            .as_f64()
            .map_or_else(|| text("against"), number),
        ratio: json["ratio"].as_f64(),
    })
}

fn table(figures: &[Figure]) -> String {
    let mut rows = vec![["figure", "value", "unit", "ratio", "against"].map(str::to_owned)];
    rows.extend(
        figures
            .iter()
            .filter(|figure| plot::point(figure).is_none())
            .map(|figure| {
                [
                    figure.name.clone(),
                    number(figure.value),
                    figure.unit.clone(),
                    figure.ratio.map(number).unwrap_or_default(),
                    figure.against.clone(),
                ]
            }),
    );
    let widest = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; 5] = std::array::from_fn(|column| widest(column).unwrap_or(0));
    let mut page = String::new();
    for [figure, value, unit, ratio, against] in &rows {
        let line = format!(
            "  {}  {value:>1$}  {2}  {ratio:>3$}  {against}",
            text::fit(figure, widths[0]),
            widths[1],
            text::fit(unit, widths[2]),
            widths[3],
        );
        page += line.trim_end();
        page.push('\n');
    }
    page
}

/// Three digits that count, thousands set apart.
pub(crate) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    let plain = format!("{value:.decimals$}");
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut grouped = String::new();
    let digits = whole.trim_start_matches('-').len();
    for (at, c) in whole.chars().enumerate() {
        let left = whole.len() - at;
        if c != '-' && left < digits && left.is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(c);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_from_other_lines() {
        let line = r#"{"bench":"client","figure":"client_send","value":1.2,"unit":"ms","against":"raw openmls","ratio":1.31}"#;
        let figure = figure(line).unwrap();
        assert_eq!(figure.against, "raw openmls");
        assert_eq!(figure.ratio, Some(1.31));
        assert_eq!(super::figure("warming up"), None);
        assert_eq!(super::figure("{}"), None);
    }

    #[test]
    fn a_table_leaves_out_the_points_of_curves() {
        let of = |name: &str, value| Figure {
            name: name.into(),
            value,
            unit: "bytes".into(),
            ..Figure::default()
        };
        let table = table(&[
            of("idle_connection_bytes", 14_336.0),
            of("commit_bytes@8", 900.0),
        ]);
        assert!(table.contains("14,336"));
        assert!(!table.contains("commit"));
    }

    #[test]
    fn numbers_read_well() {
        let cases = [
            (0.0, "0.00"),
            (-3.456, "-3.46"),
            (12.34, "12.3"),
            (600_000.0, "600,000"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
        assert_eq!(number(-1234.4), "-1,234");
        assert_eq!(number(123.6), "124");
    }
}
