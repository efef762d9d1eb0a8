//! Texts that nobody else may see: read from files, descriptors and prompts, never from the
//! command line or the values of environment variables, which other programs can read.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::Path,
};

use sealwire_core::{CoreError, ErrorKind, Result};
use zeroize::Zeroizing;

use crate::output::Output;

/// Longest secret that is read: the longest link, with room.
const LONGEST: usize = 4096;

/// The first line of a file; `-` is standard input.
pub(crate) fn from_file(path: &Path, what: &str, out: &Output) -> Result<Zeroizing<String>> {
    if path.as_os_str() == "-" {
        return first_line(io::stdin().lock(), what, "standard input");
    }
    let shown = path.display().to_string();
    let file = File::open(path).map_err(|error| unreadable(what, &shown, &error))?;
    let found = file
        .metadata()
        .map_err(|error| unreadable(what, &shown, &error))?;
    if found.is_file() && found.mode() & 0o077 != 0 {
        out.warn(&format!(
            "other users of this machine can read {shown}; close it with: chmod 600 {shown}"
        ));
    }
    first_line(file, what, &shown)
}

/// The first line of what an open file descriptor gives.
pub(crate) fn from_fd(number: u32, what: &str) -> Result<Zeroizing<String>> {
    let path = format!("/dev/fd/{number}");
    let shown = format!("file descriptor {number}");
    let file = File::open(path).map_err(|error| unreadable(what, &shown, &error))?;
    first_line(file, what, &shown)
}

/// Asks on the terminal, showing nothing of what is typed.
pub(crate) fn from_prompt(question: &str) -> Result<Zeroizing<String>> {
    rpassword::prompt_password(format!("{question}: "))
        .map(Zeroizing::new)
        .map_err(|error| {
            CoreError::new(
                ErrorKind::Io,
                "no_terminal",
                format!("the terminal cannot be read: {error}"),
                "give the secret in a file or by a file descriptor instead",
            )
        })
}

/// Whether there is a terminal to ask on, also where standard input comes from elsewhere.
pub(crate) fn can_ask() -> bool {
    File::options()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .is_ok()
}

fn first_line(mut from: impl Read, what: &str, shown: &str) -> Result<Zeroizing<String>> {
    // All the room at once: growing would leave copies behind.
    let mut bytes = Zeroizing::new(vec![0_u8; LONGEST + 1]);
    let mut len = 0;
    while len < bytes.len() && !bytes[..len].contains(&b'\n') {
        match from.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(what, shown, &error)),
        }
    }
    let line = bytes[..len]
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok("") => Err(refused(what, shown, "is empty")),
        Ok(text) if text.len() <= LONGEST => {
            let mut secret = Zeroizing::new(String::with_capacity(text.len()));
            secret.push_str(text);
            Ok(secret)
        }
        Ok(_) => Err(refused(what, shown, "is too long")),
        Err(_) => Err(refused(what, shown, "is not UTF-8 text")),
    }
}

fn refused(what: &str, shown: &str, why: &str) -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "bad_secret_source",
        format!("the first line of {shown}, which should hold the {what}, {why}"),
        format!("put the {what} there, on one line"),
    )
}

fn unreadable(what: &str, shown: &str, error: &io::Error) -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "bad_secret_source",
        format!("cannot read the {what} from {shown}: {error}"),
        "check the path and its permissions",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String> {
        first_line(bytes, "passphrase", "the test").map(|line| line.to_string())
    }

    #[test]
    fn only_the_first_line_counts() {
        assert_eq!(read(b"correct horse\nbattery").unwrap(), "correct horse");
        assert_eq!(read(b"correct horse\r\n").unwrap(), "correct horse");
        assert_eq!(read(" spaces stay ".as_bytes()).unwrap(), " spaces stay ");
    }

    #[test]
    fn nothing_too_much_and_no_text_are_refused() {
        for bytes in [&b""[..], b"\nsecond", b"\xff\xfe\n", &[b'a'; LONGEST + 1]] {
            let error = read(bytes).unwrap_err();
            assert_eq!(error.code, "bad_secret_source");
            assert!(!error.message.contains("aaaa"));
        }
    }
}
