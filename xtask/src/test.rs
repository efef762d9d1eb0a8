//! `cargo xtask test`: everything that has to hold before a change is good.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::args::Test;
use crate::build;
use crate::deb;
use crate::deps;
use crate::failure::Failure;
use crate::front::{self, Front};
use crate::npm;
use crate::stop;
use crate::text;

/// Tells the replay test to take the whole corpus.
const WHOLE_CORPUS: &str = "SEALWIRE_WHOLE_CORPUS";
/// Tells the relay's tests where the S3 server is.
const S3_SERVER: &str = "SEALWIRE_S3_SERVER";
/// Tells the tests of evidence which Python has what others wrote to check it.
const OUTSIDERS: &str = "SEALWIRE_OUTSIDERS";
/// Tells the same tests in which folder Sigstore's verifier is.
const SIGSTORE: &str = "SEALWIRE_SIGSTORE";
/// And which Node.js runs it.
const NODE: &str = "SEALWIRE_NODE";

/// One line of the closing summary.
struct Step {
    name: &'static str,
    passed: bool,
    took: Duration,
    note: String,
}

/// Runs the command.
pub(crate) fn run(options: &Test) -> Result<(), Failure> {
    deps::packages(&[
        deps::TO_BUILD,
        deps::TO_OPEN,
        deps::TO_PACK,
        deps::TO_SHOW,
        deps::TO_TEST,
    ])?;
    let mut steps = Steps::default();
    if options.filters.is_empty() {
        deps::rust_components()?;
    }
    let nextest = deps::nextest()?;
    let sigstore = npm::sigstore()?;
    let tools = [
        (S3_SERVER, deps::s3_server()?),
        (OUTSIDERS, deps::outsiders()?),
        (SIGSTORE, sigstore.modules),
        (NODE, sigstore.node),
    ];
    let front = Front::install()?;
    if options.filters.is_empty() {
        steps.run("front end checks", &mut front.script("check")?)?;
        steps.run("front end tests", &mut front.script("test")?)?;
    }
    // The desktop app takes the built front end into its program.
    steps.run("front end build", &mut front.script("build")?)?;
    steps.run(
        "build",
        build::cargo()?.args(["build", "--workspace", "--all-targets"]),
    )?;
    // All that follows would only fail for the same reason.
    if steps.all_passed() {
        if options.filters.is_empty() {
            checks(&mut steps)?;
        }
        tests(&mut steps, &nextest, &tools, options)?;
        if options.filters.is_empty() {
            steps.run("front end screens", &mut front.script("e2e")?)?;
            app(&mut steps, &front)?;
        }
    }
    steps.summary()
}

fn checks(steps: &mut Steps) -> Result<(), Failure> {
    steps.run("format", build::cargo()?.args(["fmt", "--all", "--check"]))?;
    steps.run(
        "lints",
        build::cargo()?.args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    steps.run(
        "documentation",
        build::cargo()?
            .args(["doc", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// Tells the app's tests where the secret half of the key is whose updates it takes.
const RELEASE_KEY: &str = "SEALWIRE_TEST_RELEASE_KEY";

/// The desktop app as people get it: packed, installed, and used by two people.
fn app(steps: &mut Steps, front: &Front) -> Result<(), Failure> {
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::io("cannot make a temporary folder", &error))?;
    let built = build::target_dir()?.join("debug").join(deb::NAME);
    let (secret, public) = ["release.pem", "release.pub"]
        .map(|name| folder.path().join(name))
        .into();
    let mut openssl = Command::new("openssl");
    build::run(
        openssl
            .args(["genpkey", "-algorithm", "ed25519", "-out"])
            .arg(&secret),
    )?;
    let mut openssl = Command::new("openssl");
    openssl.args(["pkey", "-pubout", "-in"]).arg(&secret);
    build::run(openssl.arg("-out").arg(&public))?;
    let parts = deb::Parts {
        root: &build::root()?,
        program: &built,
        release_key: Some(&public),
    };
    let package = deb::pack(&parts, folder.path())?;
    let program = deb::install(&package, &folder.path().join("installed"))?;
    let mut script = front.script("e2e:app")?;
    steps.run(
        "desktop app",
        script.env(front::APP, program).env(RELEASE_KEY, secret),
    )
}

fn tests(
    steps: &mut Steps,
    nextest: &Path,
    tools: &[(&str, PathBuf)],
    options: &Test,
) -> Result<(), Failure> {
    // Tests that kill their own programs cannot clean up after them.
    let folder = tempfile::Builder::new()
        .prefix("sealwire-test-")
        .tempdir()
        .map_err(|error| Failure::io("cannot make a temporary folder", &error))?;
    let profile = if options.whole_corpus {
        "whole-corpus"
    } else {
        "ci"
    };
    let mut command = nextest_command(nextest)?;
    command
        .args(["nextest", "run", "--workspace", "--profile", profile])
        .args(&options.filters)
        .env("TMPDIR", folder.path())
        // The runner asks nobody for newer versions of itself.
        .env("NEXTEST_NO_UPDATE_CHECK", "1")
        .envs(tools.iter().map(|(name, path)| (name, path)))
        .env_remove(WHOLE_CORPUS);
    if options.whole_corpus {
        command.env(WHOLE_CORPUS, "1");
    }
    let report = build::target_dir()?
        .join("nextest")
        .join(profile)
        .join("junit.xml");
    // A report of an earlier run must not be taken for this one's.
    let _ = fs::remove_file(&report);
    let ran = steps.run("tests", &mut command);
    end_leftovers(folder.path());
    if let Some(step) = steps.0.last_mut() {
        step.note = fs::read_to_string(&report).map_or_else(|_| String::new(), |xml| counts(&xml));
    }
    ran?;
    if options.filters.is_empty() {
        let mut doc = build::cargo()?;
        doc.args(["test", "--workspace", "--doc"])
            .env("TMPDIR", folder.path());
        steps.run("doc tests", &mut doc)?;
    }
    Ok(())
}

/// Run directly, because the folder it was installed to need not be on `PATH`.
fn nextest_command(nextest: &Path) -> Result<Command, Failure> {
    let cargo = build::cargo()?;
    let mut command = Command::new(nextest);
    command
        .current_dir(build::root()?)
        .env("CARGO", cargo.get_program());
    for (name, value) in cargo.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Ok(command)
}

/// Ends what tests left running. Such a process shows itself by its temporary folder, which is
/// this run's alone.
fn end_leftovers(folder: &Path) {
    let mark = [b"TMPDIR=", folder.as_os_str().as_encoded_bytes()].concat();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let id = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok());
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        if let Some(id) = id
            && environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == mark)
        {
            eprintln!("note: a test left process {id} running; it was ended");
            stop::kill(id);
        }
    }
}

/// `312 run, 0 failed` from the runner's JUnit report.
fn counts(xml: &str) -> String {
    let head = xml
        .split("<testsuites")
        .nth(1)
        .and_then(|rest| rest.split('>').next());
    let number = |name: &str| {
        let value = head?
            .split(&format!(" {name}=\""))
            .nth(1)?
            .split('"')
            .next()?;
        value.parse::<u64>().ok()
    };
    match (number("tests"), number("failures"), number("errors")) {
        (Some(tests), Some(failures), Some(errors)) => {
            format!("{tests} run, {} failed", failures + errors)
        }
        _ => String::new(),
    }
}

#[derive(Default)]
struct Steps(Vec<Step>);

impl Steps {
    /// Runs a step. Its failure is kept for the end; only what cannot be run at all is an error.
    fn run(&mut self, name: &'static str, command: &mut Command) -> Result<(), Failure> {
        println!("\n── {name}");
        let began = Instant::now();
        let status = stop::status(command)?;
        self.0.push(Step {
            name,
            passed: status.success(),
            took: began.elapsed(),
            note: String::new(),
        });
        Ok(())
    }

    fn all_passed(&self) -> bool {
        self.0.iter().all(|step| step.passed)
    }

    fn summary(&self) -> Result<(), Failure> {
        println!("\n── summary");
        for step in &self.0 {
            let result = if step.passed { "passed" } else { "FAILED" };
            let line = format!(
                "{}{result}{:>9}   {}",
                text::fit(step.name, 18),
                text::duration(step.took),
                step.note
            );
            println!("{}", line.trim_end());
        }
        let failed: Vec<&str> = self
            .0
            .iter()
            .filter(|step| !step.passed)
            .map(|step| step.name)
            .collect();
        if failed.is_empty() {
            return Ok(());
        }
        let next = if failed.contains(&"format") {
            "the reasons stand above; `cargo fmt --all` repairs the format"
        } else {
            "the reasons stand above"
        };
        Err(Failure::new(format!("failed: {}", failed.join(", ")), next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_counted() {
        let xml = "<?xml version=\"1.0\"?>\n<testsuites name=\"nextest-run\" tests=\"12\" \
                   failures=\"1\" errors=\"2\" time=\"3\">\n<testsuite tests=\"7\">";
        assert_eq!(counts(xml), "12 run, 3 failed");
        assert_eq!(counts("not a report"), "");
    }

    #[test]
    fn what_a_test_left_running_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut sleep = Command::new("sleep");
        sleep.arg("60").env("TMPDIR", folder.path());
        let mut left = stop::spawn(&mut sleep).unwrap();
        // At its very beginning a process does not show its environment yet.
        let ended = (0..100).find_map(|_| {
            end_leftovers(folder.path());
            std::thread::sleep(Duration::from_millis(20));
            left.try_wait().unwrap()
        });
        stop::kill(left.id());
        assert!(!ended.expect("it was not ended").success());
    }
}
