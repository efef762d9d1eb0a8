//! The program: its files, its errors, its end.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use sealwire_protocol::account::Organisation;
use sealwire_protocol::problem::Code;

use crate::support::{Lane, Person, Relay, RelayBuilder};

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("ran")
}

/// Standard error of a start that must fail.
fn failure(args: &[&str]) -> String {
    let output = run(Relay::program().arg("serve").args(args));
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[tokio::test]
async fn the_second_relay_on_one_directory_is_told_who_holds_it() {
    let relay = Relay::new();
    let data = relay.data();
    let error = failure(&["--data", data.to_str().expect("a path")]);
    assert!(error.contains("in use"), "{error}");
    assert!(error.contains(&relay.pid().to_string()), "{error}");
    let output = run(Relay::program()
        .args(["incarnation", "renew", "--data"])
        .arg(&data));
    assert!(!output.status.success(), "not while it runs");
    assert!(
        relay
            .get::<Organisation>("organisation", None)
            .await
            .is_ok()
    );
}

#[test]
fn wrong_configurations_are_told_clearly() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let path = |name: &str| dir.path().join(name).to_str().expect("a path").to_owned();
    let (data, config) = (path("data"), path("config.toml"));
    let with = |text: &str| {
        std::fs::write(&config, text).expect("written");
        failure(&["--data", &data, "--config", &config])
    };
    for (text, words) in [
        (
            "organisation = \"acme\"\n[limits]\nconections = 5",
            "conections",
        ),
        ("organisation = \"acme\"\nlisten = \"nowhere\"", "listen"),
        ("organisation = \"Acme\"", "capital"),
        ("organisation = \"acme\"\n[tls]\nkey = \"k.pem\"", "tls.key"),
        (
            "organisation = \"acme\"\n[log]\nfilter = \"!!\"",
            "log.filter",
        ),
        (
            "organisation = \"acme\"\n[tls]\ncertificate = \"missing.pem\"\nkey = \"missing.pem\"",
            "missing.pem",
        ),
        (
            "organisation = \"acme\"\npublic_address = \"not a host\"",
            "public_address",
        ),
        ("", "--organisation"),
    ] {
        let error = with(text);
        assert!(error.contains(words), "{text}: {error}");
        assert!(error.starts_with("error: "), "{error}");
    }
    let error = failure(&["--data", &path("other")]);
    assert!(error.contains("--organisation"), "{error}");
    assert!(
        !dir.path().join("other/relay.toml").exists(),
        "nothing half done"
    );
}

#[tokio::test]
async fn an_address_in_use_is_told() {
    let relay = Relay::new();
    let dir = tempfile::tempdir().expect("temporary directory");
    let data = dir.path().join("data");
    let error = failure(&[
        "--data",
        data.to_str().expect("a path"),
        "--organisation",
        "acme",
        "--listen",
        relay.authority(),
    ]);
    assert!(error.contains("--listen"), "{error}");
}

#[test]
fn the_first_start_writes_a_configuration_that_the_next_reads() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let data = dir.path().join("data");
    let start = |args: &[&str]| {
        let mut child = Relay::program()
            .args(["serve", "--data"])
            .arg(&data)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(
            child.stdout.take().expect("stdout"),
        ));
        let mut text = Vec::new();
        for line in lines.by_ref() {
            let line = line.expect("UTF-8");
            let last = line.starts_with("listening on https://127.0.0.1:");
            text.push(line);
            if last {
                break;
            }
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
        text
    };
    let first = start(&["--organisation", "acme", "--listen", "127.0.0.1:0"]);
    let link = |text: &[String]| {
        let found = text
            .iter()
            .find(|line| line.starts_with("sealwire://join/"));
        found.cloned().expect("a link")
    };
    let second = start(&[]);
    assert_ne!(link(&first), link(&second), "each start makes a fresh one");
    for line in [link(&first), link(&second)] {
        assert!(
            line.contains("&org=acme&code=") && line.contains("?tls=pin:"),
            "{line}"
        );
    }
    for entry in std::fs::read_dir(&data).expect("listed") {
        let entry = entry.expect("listed");
        let mode = entry.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.path());
    }
    let config = std::fs::read_to_string(data.join("relay.toml")).expect("written");
    assert!(config.contains("organisation = \"acme\"") && config.contains("# "));
}

#[tokio::test]
async fn links_of_earlier_starts_are_void() {
    let mut relay = Relay::new();
    let old = relay.owner_link().expect("a link");
    assert!(relay.terminate().success());
    relay.start();
    let alice = Person::new("alice@acme");
    let refused = alice.enrol(&relay, &old.code).await.expect_err("void");
    assert_eq!(refused.code, Code::InvitationUnknown);
    let new = relay.owner_link().expect("a link");
    alice.enrol(&relay, &new.code).await.expect("enrolled");
}

#[tokio::test]
async fn a_renewed_incarnation_is_seen_by_clients() {
    let mut relay = Relay::new();
    let lane = Lane::new();
    let before = relay.socket().await.create(&lane).await;
    assert!(relay.terminate().success());
    let output = run(Relay::program()
        .args(["incarnation", "renew", "--data"])
        .arg(relay.data()));
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("Clients"));
    relay.start();
    let mut alice = relay.socket().await;
    let after = alice.create(&lane).await;
    assert_ne!(before, after);
    assert_eq!(alice.subscribe(&lane, 0).await.incarnation, after);
    assert_eq!(alice.append(&lane.message(1)).await.lane.incarnation, after);
    let missing = tempfile::tempdir().expect("temporary directory");
    let output = run(Relay::program()
        .args(["incarnation", "renew", "--data"])
        .arg(missing.path()));
    assert!(!output.status.success());
}

#[tokio::test]
async fn a_shutdown_ends_connections_in_order() {
    let mut relay = Relay::new();
    let (_, token) = relay.alice().await;
    let mut alice = relay.socket().await;
    let lane = Lane::new();
    alice.create(&lane).await;
    alice.subscribe(&lane, 0).await;
    let poll = relay.request(
        reqwest::Method::GET,
        "/account/v1/inbox?wait=30",
        Some(&token),
    );
    let poll = tokio::spawn(poll.send());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let ended = tokio::task::spawn_blocking(move || (relay.terminate(), relay));
    let close = loop {
        match alice.receive().await {
            Some(Err(close)) => break close.expect("a reason"),
            Some(Ok(_)) => {}
            None => panic!("no close frame"),
        }
    };
    assert_eq!(
        (u16::from(close.code), close.reason.as_str()),
        (1001, "unavailable")
    );
    let polled = poll.await.expect("ended").expect("answered");
    assert_eq!(polled.status(), 200, "a long poll ends empty, not broken");
    let (status, _relay) = ended.await.expect("ended");
    assert!(status.success());
}

#[tokio::test]
async fn health_is_told() {
    let relay = Relay::new();
    for path in ["/healthz", "/readyz"] {
        let response = relay.request(reqwest::Method::GET, path, None).send().await;
        assert_eq!(response.expect("sent").status(), 200, "{path}");
    }
}

#[tokio::test]
async fn connections_of_one_address_are_bounded() {
    let relay = RelayBuilder::new()
        .limit("connections_per_address", 3)
        .start();
    let _held = [
        relay.socket().await,
        relay.socket().await,
        relay.socket().await,
    ];
    let refused = relay
        .request(reqwest::Method::GET, "/healthz", None)
        .send()
        .await;
    assert!(refused.is_err(), "the fourth is not let in");
    drop(_held);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let again = relay
        .request(reqwest::Method::GET, "/healthz", None)
        .send()
        .await;
    assert!(again.is_ok(), "its place is free again");
}

#[tokio::test]
async fn requests_of_one_address_are_bounded() {
    let relay = RelayBuilder::new()
        .limit("requests_per_second_per_address", 1)
        .limit("request_burst_per_address", 10)
        .start();
    let http = relay.http();
    let mut refused = None;
    for _ in 0..12 {
        let url = format!("{}/healthz", relay.url());
        let response = http.get(url).send().await.expect("sent");
        if response.status() == 429 {
            refused = Some(response);
        }
    }
    let response = refused.expect("too many");
    assert!(response.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn old_tls_is_refused() {
    let relay = Relay::new();
    let config = rustls::ClientConfig::builder_with_provider(
        rustls::crypto::ring::default_provider().into(),
    )
    .with_protocol_versions(&[&rustls::version::TLS12])
    .expect("TLS 1.2")
    .with_root_certificates(rustls::RootCertStore::empty())
    .with_no_client_auth();
    let tcp = tokio::net::TcpStream::connect(relay.authority())
        .await
        .expect("connected");
    let name = rustls::pki_types::ServerName::try_from("127.0.0.1").expect("a name");
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let error = connector.connect(name, tcp).await.expect_err("refused");
    assert!(
        error.to_string().to_lowercase().contains("version"),
        "{error}"
    );
}

#[tokio::test]
async fn http_2_and_http_1_are_both_spoken() {
    let relay = Relay::new();
    for (alpn, version) in [
        ("h2", reqwest::Version::HTTP_2),
        ("http/1.1", reqwest::Version::HTTP_11),
    ] {
        let mut tls = relay.tls();
        tls.alpn_protocols = vec![alpn.into()];
        let client = reqwest::Client::builder().tls_backend_preconfigured(tls);
        let client = if alpn == "http/1.1" {
            client.http1_only()
        } else {
            client
        };
        let client = client.no_proxy().build().expect("client");
        let url = format!("{}/healthz", relay.url());
        let response = client.get(url).send().await.expect("sent");
        assert_eq!(response.version(), version);
    }
}
