//! The bridge as a browser sees it: pages under the app's policy, calls for whoever has the token,
//! nothing for anybody else.

use std::{path::Path, process::Stdio};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _};

struct Bridge {
    _process: Child,
    _home: tempfile::TempDir,
    host: String,
    token: String,
}

impl Bridge {
    /// Starts the bridge where no bus of the session answers.
    async fn start() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let ui = home.path().join("dist");
        std::fs::create_dir_all(ui.join("assets")).expect("a folder");
        std::fs::write(ui.join("index.html"), "<!doctype html>").expect("a page");
        std::fs::write(ui.join("assets/app.js"), "1").expect("a script");
        let mut process = Command::new(env!("CARGO_BIN_EXE_sealwire-desktop-bridge"))
            .arg("--home")
            .arg(home.path().join("home"))
            .arg("--ui")
            .arg(&ui)
            .arg("--fast-kdf")
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
            .env("XDG_RUNTIME_DIR", Path::new("/nowhere"))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the bridge runs");
        let stdout = process.stdout.take().expect("its output");
        let line = BufReader::new(stdout).lines().next_line().await;
        let line = line.expect("readable").expect("a line");
        let said: Value = serde_json::from_str(&line).expect("JSON");
        let url = said["url"].as_str().expect("an address");
        let rest = url.strip_prefix("http://").expect("http");
        let (host, token) = rest.split_once("/#token=").expect("a token");
        Self {
            host: host.into(),
            token: token.into(),
            _process: process,
            _home: home,
        }
    }

    /// Status and head of an answer.
    async fn asks(&self, request: &str, head: &str) -> String {
        let mut stream = TcpStream::connect(&self.host).await.expect("it listens");
        let text =
            format!("{request} HTTP/1.1\r\n{head}Connection: close\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(text.as_bytes()).await.expect("asked");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("answered");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

#[tokio::test]
async fn pages_come_with_the_policy() {
    let bridge = Bridge::start().await;
    let head = format!("Host: {}\r\n", bridge.host);
    for (path, status) in [
        ("/", "200"),
        ("/chats/somewhere", "200"),
        ("/assets/app.js", "200"),
        ("/assets/none.js", "404"),
        ("/../Cargo.toml", "404"),
    ] {
        let answer = bridge.asks(&format!("GET {path}"), &head).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{path}: {answer}"
        );
        let policy = "default-src 'none'; script-src 'self'; style-src 'self'";
        assert!(
            answer.contains(policy) && answer.contains("require-trusted-types-for"),
            "{answer}"
        );
    }
    let foreign = bridge.asks("GET /", "Host: evil.example\r\n").await;
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
}

#[tokio::test]
async fn without_the_token_there_is_nothing() {
    let bridge = Bridge::start().await;
    let head = format!("Host: {}\r\n", bridge.host);
    let foreign = format!("{head}Origin: http://evil.example\r\n");
    let token = &bridge.token;
    for (request, head) in [
        ("GET /file/1/whole?token=0".to_owned(), &head),
        ("POST /stage?token=0&name=a".to_owned(), &head),
        (format!("GET /file/1/whole?token={token}"), &foreign),
        (format!("POST /stage?token={token}&name=a"), &foreign),
    ] {
        let answer = bridge.asks(&request, head).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{request}: {answer}");
    }
    for (token, origin) in [("0", None), (token.as_str(), Some("http://evil.example"))] {
        let address = format!("ws://{}/calls?token={token}", bridge.host);
        let mut request = address.into_client_request().expect("a request");
        if let Some(origin) = origin {
            request
                .headers_mut()
                .insert("Origin", origin.parse().expect("a value"));
        }
        assert!(tokio_tungstenite::connect_async(request).await.is_err());
    }
    // With it: locked, since there is no profile yet.
    let answer = bridge
        .asks(&format!("POST /stage?token={token}&name=a"), &head)
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 422") && answer.contains("\"locked\""),
        "{answer}"
    );
}

#[tokio::test]
async fn calls_are_answered_and_events_told() {
    let bridge = Bridge::start().await;
    let address = format!("ws://{}/calls?token={}", bridge.host, bridge.token);
    let (mut socket, _) = tokio_tungstenite::connect_async(address)
        .await
        .expect("let in");
    let calls = [
        json!({ "id": 1, "method": "state", "params": {} }),
        json!({ "id": 2, "method": "conversation_rows", "params": { "filter": "all" } }),
        json!({ "id": 3, "method": "change_settings", "params": { "theme": "dark" } }),
    ];
    for call in calls {
        socket
            .send(Message::text(call.to_string()))
            .await
            .expect("asked");
    }
    let mut heard = Vec::new();
    while heard.len() < 4 {
        let said = socket.next().await.expect("open").expect("a message");
        if let Message::Text(text) = said {
            heard.push(serde_json::from_str::<Value>(&text).expect("JSON"));
        }
    }
    let answer = |id: u64| {
        heard
            .iter()
            .find(|said| said["id"] == id)
            .expect("an answer")
    };
    assert_eq!(answer(1)["result"]["phase"], "empty");
    assert_eq!(
        answer(1)["result"]["keychain"],
        false,
        "no bus, no keychain"
    );
    assert_eq!(answer(2)["problem"]["code"], "locked");
    assert_eq!(answer(3)["result"]["theme"], "dark");
    let told = heard
        .iter()
        .find(|said| said["event"] == "settings")
        .expect("an event");
    assert_eq!(told["settings"]["theme"], "dark");
}
