//! `sealwire-audit pack --relay`, from a small server that serves what a relay does.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::alice::{Alice, audit_entries, fortnight, write_tiles};
use crate::running::{bad, good};

const TOKEN: &str = "evidence-token-of-bob";
/// Statements of a page.
const PAGE: usize = 2;

/// Serves a folder as a relay serves its logs, until the test ends.
pub(crate) fn serve(root: PathBuf) -> SocketAddr {
    accept(root, answer)
}

fn accept(root: PathBuf, answer: impl Fn(TcpStream, &Path) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (root, answer) = (root.clone(), answer.clone());
            std::thread::spawn(move || answer(stream.unwrap(), &root));
        }
    });
    address
}

/// The same by HTTPS; with the certificate as PEM.
fn serve_tls(root: PathBuf) -> (SocketAddr, String) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let address = accept(root, move |stream, root| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        answer(StreamOwned::new(connection, stream), root);
    });
    (address, made.cert.pem())
}

fn answer(stream: impl Read + Write, root: &Path) {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line.trim_end().is_empty() {
            break;
        }
        lines.push(line.trim_end().to_ascii_lowercase());
    }
    let path = lines[0].split(' ').nth(1).unwrap().to_owned();
    let bearer = format!("authorization: bearer {TOKEN}");
    let (status, body) = match path.strip_prefix("/log/v1/") {
        Some(path) => file(&root.join("logs"), path),
        None if !lines.contains(&bearer) => (401, Vec::new()),
        None => page(&root.join("statements"), &path),
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = reader.into_inner();
    // The other end may have gone.
    drop(stream.write_all(&[head.as_bytes(), &body].concat()));
}

/// A file; no partial one of which there is a whole one.
fn file(root: &Path, path: &str) -> (u16, Vec<u8>) {
    let whole = path.split(".p/").next().unwrap();
    if whole != path && root.join(whole).exists() {
        return (404, Vec::new());
    }
    fs::read(root.join(path)).map_or((404, Vec::new()), |bytes| (200, bytes))
}

fn page(statements: &Path, path: &str) -> (u16, Vec<u8>) {
    let rest = path.strip_prefix("/evidence/v1/statements").unwrap();
    let after: Option<u64> = rest
        .strip_prefix("?after=")
        .map(|after| after.parse().unwrap());
    let index = |entry: fs::DirEntry| -> u64 {
        let name = entry.file_name().into_string().unwrap();
        name.strip_suffix(".json").unwrap().parse().unwrap()
    };
    let mut all: Vec<u64> = fs::read_dir(statements)
        .unwrap()
        .map(|entry| index(entry.unwrap()))
        .filter(|index| after.is_none_or(|after| *index > after))
        .collect();
    all.sort_unstable();
    all.truncate(PAGE);
    let statement = |index: &u64| {
        let text = fs::read_to_string(statements.join(format!("{index}.json"))).unwrap();
        let envelope: Value = serde_json::from_str(&text).unwrap();
        json!({"index": index, "envelope": envelope})
    };
    let all: Vec<Value> = all.iter().map(statement).collect();
    (200, json!({"statements": all}).to_string().into_bytes())
}

struct Args {
    alice: Alice,
    relay: String,
}

impl Args {
    fn new() -> Self {
        let alice = Alice::new(&fortnight());
        // The log has grown since its head was signed: some tiles are whole now.
        let later = audit_entries(&fortnight(), 512);
        let dir = alice.path("relay/logs/audit");
        write_tiles(&dir, &later, |tile| {
            tile == tile.whole() && tile.index() == 1
        });
        let relay = format!("http://{}", serve(alice.path("relay")));
        Self { alice, relay }
    }

    fn with<'a>(&'a self, more: &[&'a str]) -> Vec<String> {
        let [dir, policy] = ["pack", "policy"].map(|name| self.alice.text(name));
        let args = ["pack", "--dir", &dir, "--policy", &policy, "--relay"];
        let more = [&args, [self.relay.as_str()].as_slice(), more].concat();
        more.into_iter().map(str::to_owned).collect()
    }

    fn refused(&self, more: &[&str]) -> (i32, String) {
        let args = self.with(more);
        let refused = bad(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(!self.alice.path("pack").exists());
        let left = fs::read_dir(self.alice.dir.path()).unwrap();
        let left = left.map(|entry| entry.unwrap().file_name());
        let unfinished = |name: &std::ffi::OsString| name.to_string_lossy().starts_with(".pack-");
        assert_eq!(left.filter(unfinished).count(), usize::from(refused.0 == 8));
        refused
    }
}

#[test]
fn a_pack_of_a_relay_that_goes_on() {
    let args = Args::new();
    let token = args.alice.text("token");
    fs::write(&token, format!("{TOKEN}\n")).unwrap();
    let made = args.with(&["--token-file", &token]);
    let said = good(&made.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(
        said.contains(": 5 statements, checked; logs: relay.acme.example/audit, "),
        "{said}"
    );
    let (pack, policy) = (args.alice.text("pack"), args.alice.text("policy"));
    let relay = args.alice.signer("relay", "relay");
    let organisation = args.alice.signer("organisation", "organisation");
    good(&[
        "verify",
        "pack",
        &pack,
        "--policy",
        &policy,
        "--signer",
        &relay,
        "--signer",
        &organisation,
    ]);
}

#[test]
fn what_the_relay_does_not_give() {
    let args = Args::new();
    let (code, said) = args.refused(&[]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("--token-file"), "{said}");
    let token = args.alice.text("token");
    fs::write(&token, "two\nlines").unwrap();
    let (code, said) = args.refused(&["--token-file", &token]);
    assert_eq!(code, 2, "{said}");
    assert!(!said.contains("lines"), "{said}");
    fs::write(&token, TOKEN).unwrap();
    fs::remove_file(args.alice.path("relay/logs/audit/tile/entries/000")).unwrap();
    let (code, said) = args.refused(&["--token-file", &token]);
    assert_eq!(code, 3, "{said}");
    assert!(
        said.contains("/log/v1/audit/tile/entries/000: the relay does not have it"),
        "{said}"
    );
}

#[test]
fn a_relay_that_leaves_out_a_statement() {
    let args = Args::new();
    let token = args.alice.text("token");
    fs::write(&token, TOKEN).unwrap();
    fs::remove_file(args.alice.path("relay/statements/130.json")).unwrap();
    let (code, said) = args.refused(&["--token-file", &token]);
    assert_eq!(code, 8, "{said}");
    assert!(said.contains("statements/130.json: is missing"), "{said}");
}

#[test]
fn no_token_travels_in_the_clear() {
    let args = Args::new();
    let token = args.alice.text("token");
    fs::write(&token, TOKEN).unwrap();
    let (dir, policy) = (args.alice.text("pack"), args.alice.text("policy"));
    for url in [
        "http://relay.example",
        "ftp://localhost",
        "relay.example",
        "https://a?b",
    ] {
        let (code, _) = bad(&[
            "pack",
            "--dir",
            &dir,
            "--policy",
            &policy,
            "--relay",
            url,
            "--token-file",
            &token,
        ]);
        assert_eq!(code, 2, "{url}");
    }
}

#[test]
fn only_the_relay_that_is_known_is_asked() {
    let alice = Alice::new(&fortnight());
    let (address, pem) = serve_tls(alice.path("relay"));
    let (_, other) = serve_tls(alice.path("relay"));
    let [dir, policy, token, ca, wrong] =
        ["pack", "policy", "token", "ca.pem", "other.pem"].map(|name| alice.text(name));
    fs::write(&token, TOKEN).unwrap();
    fs::write(&ca, pem).unwrap();
    fs::write(&wrong, other).unwrap();
    let relay = format!("https://{address}");
    let args = [
        "pack",
        "--dir",
        &dir,
        "--policy",
        &policy,
        "--relay",
        &relay,
        "--token-file",
        &token,
    ];
    for more in [&[][..], &["--ca", &wrong]] {
        let (code, said) = bad(&[&args, more].concat());
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("certificate"), "{said}");
    }
    let (code, said) = bad(&[&args[..], &["--ca", &policy]].concat());
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("holds none"), "{said}");
    good(&[&args[..], &["--ca", &ca]].concat());
}
