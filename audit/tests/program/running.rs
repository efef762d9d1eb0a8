//! Starting the program and speaking HTTP with it, by hand.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_sealwire-audit"))
}

/// Runs it to its end.
pub(crate) fn run(args: &[&str]) -> Output {
    program().args(args).output().unwrap()
}

/// Runs it to a good end and gives what it printed.
pub(crate) fn good(args: &[&str]) -> String {
    let output = run(args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs it to a bad end and gives the exit code and what it said.
pub(crate) fn bad(args: &[&str]) -> (i32, String) {
    let output = run(args);
    assert!(output.stdout.is_empty(), "{output:?}");
    let errors = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), errors)
}

/// Expects that a witness does not start, and gives the exit code and what it said.
pub(crate) fn does_not_serve(dir: &str) -> (i32, String) {
    let mut child = program()
        .args(["witness", "serve", "--listen", "127.0.0.1:0", "--dir", dir])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    if out.read_line(&mut line).unwrap() > 0 {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("it started: {line}");
    }
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), errors)
}

/// A witness that runs; killed when dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Running {
    pub(crate) fn start(dir: &Path) -> Self {
        let mut child = program()
            .args([
                "--json",
                "witness",
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--dir",
            ])
            .arg(dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = value["result"]["listening"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        Self { child, address }
    }

    /// Ends it as a power cut does, as far as a process can be cut off.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn post(&self, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        send(&mut stream, "POST /add-checkpoint", body, true);
        receive(&mut stream).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) body: String,
}

pub(crate) fn send(stream: &mut TcpStream, what: &str, body: &str, last: bool) {
    let connection = if last { "close" } else { "keep-alive" };
    let length = body.len();
    let head = format!(
        "{what} HTTP/1.1\r\nHost: witness.example\r\nContent-Length: {length}\r\nConnection: {connection}\r\n\r\n"
    );
    // The other end may have gone; then there is no answer.
    drop(stream.write_all(format!("{head}{body}").as_bytes()));
}

/// Reads one answer; `None` if the connection ends before it is whole.
pub(crate) fn receive(stream: &mut TcpStream) -> Option<Answer> {
    let mut reader = BufReader::new(stream);
    let (mut status, mut kind, mut length) = (0, String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
            status = rest[..3].parse().unwrap();
        } else if let Some((name, value)) = line.split_once(": ") {
            match name.to_ascii_lowercase().as_str() {
                "content-type" => kind = value.to_owned(),
                "content-length" => length = value.parse().unwrap(),
                _ => {}
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).unwrap();
    Some(Answer { status, kind, body })
}
