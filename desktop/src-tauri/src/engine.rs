//! How the window's engine, WebKitGTK, is set up where it asks the environment alone.

use std::{
    env,
    ffi::{OsStr, OsString},
    io,
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Variables and what they are set to, unless the person has set them.
const SETTINGS: &[(&str, &str)] = &[
    // No compiler of JavaScript: most holes in browsers were in theirs, memory stays either writable
    // or executable, and its code and tables cost 50 MB. The page is as quick without.
    ("JSC_useJIT", "0"),
    // No buffers shared with the graphics card, which draws nothing here (window.rs).
    ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
    // Else the C library keeps a heap for each of some twenty threads.
    ("MALLOC_ARENA_MAX", "2"),
];

/// How long a browser's start is watched for failing.
const WATCHED: Duration = Duration::from_millis(500);

/// Starts the program anew, in the same process, if settings are missing: they cannot be set
/// safely once it runs. If that fails, the program goes on without them.
pub(crate) fn set_up() {
    let mut missing = missing(|name| env::var_os(name)).peekable();
    if missing.peek().is_none() {
        return;
    }
    let error = match env::current_exe() {
        Ok(program) => Command::new(program)
            .args(env::args_os().skip(1))
            .envs(missing)
            .exec(),
        Err(error) => error,
    };
    tracing::warn!(%error, "WebKit runs with its own settings");
}

/// Opens an address in the person's browser, which gets none of the settings.
///
/// # Errors
/// In words.
pub(crate) fn open(address: &str) -> Result<(), String> {
    let mut why = io::Error::from(io::ErrorKind::NotFound);
    for mut command in open::commands(address) {
        for (name, _) in SETTINGS.iter().filter(|(name, value)| is(name, value)) {
            command.env_remove(name);
        }
        match launch(command) {
            Ok(()) => return Ok(()),
            Err(error) => why = error,
        }
    }
    Err(why.to_string())
}

/// Runs a program that goes on after this one.
fn launch(mut command: Command) -> io::Result<()> {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = quiet.stderr(Stdio::null()).process_group(0).spawn()?;
    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(child.wait()));
    match end.recv_timeout(WATCHED).ok().transpose()? {
        Some(status) if !status.success() => Err(io::Error::other("no program opens it")),
        _ => Ok(()),
    }
}

fn missing(
    set: impl Fn(&str) -> Option<OsString>,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    SETTINGS
        .iter()
        .copied()
        .filter(move |(name, _)| set(name).is_none())
}

fn is(name: &str, value: &str) -> bool {
    env::var_os(name).as_deref() == Some(OsStr::new(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_person_has_set_stands_and_nothing_is_set_twice() {
        let all = missing(|_| None).count();
        assert_eq!(all, SETTINGS.len());
        let theirs = |name: &str| (name == "JSC_useJIT").then(|| OsString::from("1"));
        assert!(missing(theirs).all(|(name, _)| name != "JSC_useJIT"));
        assert_eq!(missing(|_| Some(OsString::new())).count(), 0);
    }

    #[test]
    fn a_program_that_opens_nothing_is_an_error() {
        assert!(launch(Command::new("true")).is_ok());
        assert!(launch(Command::new("false")).is_err());
        assert!(launch(Command::new("no such program")).is_err());
    }
}
