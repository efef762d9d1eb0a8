//! The people of the scenarios and their relay, each with programs of their own.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// The waits that protect people from a curious relay are long; tests do not need them.
const FAST: &str =
    r#"{"welcome_delay_max_ms":0,"key_package_target":5,"reconnect_ms":50,"kdf_memory_kib":64}"#;
const PASSPHRASE: &str = "correct horse battery staple";

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_sealwire"))
}

/// A relay of the organisation `acme`, ended with the test.
pub struct Relay {
    data: TempDir,
    child: Child,
    listen: String,
    /// The link for the first account.
    pub owner_link: String,
}

impl Relay {
    /// Starts one on a free port.
    pub fn start() -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let (child, ready) = serve(data.path(), "127.0.0.1:0");
        let listen = ready["listening"].as_str().expect("an address");
        let listen = listen.rsplit('/').next().expect("an address").to_owned();
        let owner_link = ready["owner_link"].as_str().expect("a link").to_owned();
        Self {
            data,
            child,
            listen,
            owner_link,
        }
    }

    /// Ends it the hard way.
    pub fn stop(&mut self) {
        self.child.kill().expect("the relay can be ended");
        self.child.wait().expect("the relay has ended");
    }

    /// Starts it again where it was.
    pub fn restart(&mut self) {
        (self.child, _) = serve(self.data.path(), &self.listen);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(data: &Path, listen: &str) -> (Child, Value) {
    let program = program().with_file_name("sealwire-relay");
    let mut child = Command::new(&program)
        .args([
            "serve",
            "--json",
            "--organisation",
            "acme",
            "--listen",
            listen,
            "--data",
        ])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "{} does not start ({error}); build it: cargo build -p sealwire-relay",
                program.display()
            )
        });
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped"))
        .read_line(&mut line)
        .expect("the relay says where it listens");
    let ready = serde_json::from_str(&line)
        .unwrap_or_else(|error| panic!("the relay said {line:?} ({error})"));
    (child, ready)
}

/// Somebody with a machine of their own.
pub struct Person {
    name: String,
    home: PathBuf,
    passphrase: PathBuf,
    options: String,
    _dir: std::sync::Arc<TempDir>,
}

impl Person {
    /// Somebody who has not joined yet.
    pub fn new(name: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let home = dir.path().join("home");
        let passphrase = dir.path().join("passphrase");
        write_private(&passphrase, PASSPHRASE);
        Self {
            name: name.into(),
            home,
            passphrase,
            options: FAST.into(),
            _dir: dir.into(),
        }
    }

    /// The same person, typing something else.
    pub fn with_passphrase(&self, text: &str) -> Self {
        let passphrase = self.passphrase.with_file_name("other");
        write_private(&passphrase, text);
        Self {
            name: self.name.clone(),
            home: self.home.clone(),
            passphrase,
            options: self.options.clone(),
            _dir: self._dir.clone(),
        }
    }

    /// The same person, as if so many days had passed.
    pub fn days_later(&self, days: u64) -> Self {
        let passed = format!(r#"{{"passed_s":{},"#, days * 86_400);
        Self {
            name: self.name.clone(),
            home: self.home.clone(),
            passphrase: self.passphrase.clone(),
            options: FAST.replacen('{', &passed, 1),
            _dir: self._dir.clone(),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(["--no-input", "--quiet"])
            .args(args)
            .env("SEALWIRE_HOME", &self.home)
            .env("SEALWIRE_PASSPHRASE_FILE", &self.passphrase)
            .env("SEALWIRE_TEST_OPTIONS", &self.options)
            .env("TZ", "UTC");
        command
    }

    fn output(&self, args: &[&str], input: &str) -> Output {
        let mut child = self
            .command(&[&["--json"], args].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // Whoever does not read it closes it.
        let _ = child
            .stdin
            .take()
            .expect("piped")
            .write_all(input.as_bytes());
        child.wait_with_output().expect("the program ends")
    }

    fn try_run(&self, args: &[&str], input: &str) -> (i32, Vec<Value>) {
        let output = self.output(args, input);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let lines = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
            .inspect(|line: &Value| assert_eq!(line["v"], 1))
            .collect();
        (output.status.code().expect("an exit code"), lines)
    }

    /// Runs a command that must work, with something on its standard input.
    pub fn ok_with_input(&self, args: &[&str], input: &str) -> Value {
        let (code, mut lines) = self.try_run(args, input);
        assert_eq!(code, 0, "{} {args:?}: {lines:?}", self.name);
        let mut last = lines.pop().expect("a result");
        assert_eq!(last["ok"], true);
        last["result"].take()
    }

    /// Runs a command that must work.
    pub fn ok(&self, args: &[&str]) -> Value {
        self.ok_with_input(args, "")
    }

    /// Runs a command that must work and gives all its lines.
    pub fn lines(&self, args: &[&str]) -> Vec<Value> {
        let (code, lines) = self.try_run(args, "");
        assert_eq!(code, 0, "{} {args:?}: {lines:?}", self.name);
        lines
            .into_iter()
            .map(|mut line| line["result"].take())
            .collect()
    }

    /// As `fails`, with text on standard input.
    pub fn fails_with_input(&self, args: &[&str], input: &str) -> (i32, Value) {
        failure(self.try_run(args, input))
    }

    /// Runs a command that must fail; gives its exit code and error.
    pub fn fails(&self, args: &[&str]) -> (i32, Value) {
        failure(self.try_run(args, ""))
    }

    /// Runs a command that must fail without an error; gives its exit code.
    pub fn fails_in_silence(&self, args: &[&str]) -> i32 {
        let (code, lines) = self.try_run(args, "");
        assert!(
            code != 0 && lines.iter().all(|line| line["ok"] == true),
            "{lines:?}"
        );
        code
    }

    /// Joins, which must work.
    pub fn join(&self, link: &str) -> Value {
        self.ok_with_input(
            &[
                "account",
                "create",
                "--name",
                &self.name,
                "--invitation-file",
                "-",
            ],
            link,
        )
    }

    /// Joins, which must fail.
    pub fn try_join(&self, link: &str) -> (i32, Value) {
        let args = [
            "account",
            "create",
            "--name",
            &self.name,
            "--invitation-file",
            "-",
        ];
        failure(self.try_run(&args, link))
    }

    /// Sender and text of every message of a conversation.
    pub fn texts(&self, chat: &str) -> Vec<(String, String)> {
        let messages = self.ok(&["message", "list", chat]);
        let of = |message: &Value, field: &str| message[field].as_str().expect("text").to_owned();
        let messages = messages.as_array().expect("a list").iter();
        messages
            .filter(|message| message["kind"] == "text")
            .map(|message| (of(message, "sender"), of(message, "text")))
            .collect()
    }

    /// Starts a command that runs until it is told to stop.
    pub fn start(&self, args: &[&str]) -> Running {
        let mut child = self
            .command(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let out = child.stdout.take().expect("piped");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Running {
            child,
            lines,
            seen: std::cell::RefCell::default(),
        }
    }
}

fn failure((code, mut lines): (i32, Vec<Value>)) -> (i32, Value) {
    let mut last = lines.pop().expect("an error");
    assert_eq!(last["ok"], false, "{last}");
    assert_ne!(code, 0);
    (code, last["error"].take())
}

/// A program that runs beside the test.
pub struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    seen: std::cell::RefCell<String>,
}

impl Running {
    /// Waits until a line holds `text`.
    pub fn wait_for(&self, text: &str, limit: Duration) {
        let deadline = Instant::now() + limit;
        while !self.seen.borrow().contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| {
                panic!("{text:?} did not come; there is {:?}", self.seen.borrow())
            });
            self.seen.borrow_mut().push_str(&format!("{line}\n"));
        }
    }

    /// The first line.
    pub fn first_line(&self, limit: Duration) -> String {
        self.lines.recv_timeout(limit).expect("a line")
    }

    /// Presses Ctrl-C; gives the exit code and all that was printed.
    pub fn interrupt(mut self) -> (i32, String) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .expect("kill");
        assert!(sent.success());
        let code = self
            .child
            .wait()
            .expect("the program ends")
            .code()
            .expect("an exit code");
        let mut text = self.seen.borrow().clone();
        text.extend(self.lines.iter().map(|line| line + "\n"));
        (code, text)
    }

    /// Waits until it ends by itself.
    pub fn finish(mut self, limit: Duration) -> i32 {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().expect("the program ends") {
                return status.code().expect("an exit code");
            }
            assert!(Instant::now() < deadline, "it does not end");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Alice and Bob, who have joined and share a conversation.
pub fn two_in(relay: &Relay, chat: &str) -> (Person, Person) {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    alice.join(&relay.owner_link);
    let invitation = alice.ok(&["org", "invite"]);
    bob.join(invitation["link"].as_str().expect("a link"));
    alice.ok(&["chat", "create", chat, "bob"]);
    bob.ok(&["sync"]);
    (alice, bob)
}

fn write_private(path: &Path, text: &str) {
    let mut file = fs::File::options()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .expect("a file");
    writeln!(file, "{text}").expect("written");
}
