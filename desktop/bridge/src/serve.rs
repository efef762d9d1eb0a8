//! The server on a loopback port.

use std::{io, net::Ipv4Addr, path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::{
        DefaultBodyLimit, Query, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
    routing::{get, post},
};
use sealwire_desktop_host::{Host, HostEvent, Own};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{broadcast::error::RecvError, mpsc, watch},
};

use crate::{
    files,
    gate::{Gate, Shows},
    pages::Pages,
};

/// Largest file in bytes that is taken from the browser.
const LARGEST: usize = 256 * 1024 * 1024;
/// Largest call in bytes.
const LARGEST_CALL: usize = 4 * 1024 * 1024;
/// Answers that wait for a slow browser.
const WAITING: usize = 256;

pub(crate) struct App {
    pub(crate) host: Host,
    pub(crate) gate: Gate,
    pages: Pages,
}

/// Serves until the app quits or the program is told to end.
pub(crate) async fn serve(
    host: Host,
    ui: PathBuf,
    port: u16,
    mut quits: watch::Receiver<bool>,
) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let gate = Gate::new(listener.local_addr()?.port());
    let url = format!("http://127.0.0.1:{}/#token={}", gate.port, gate.token);
    let pages = Pages::read(&ui).map_err(|error| {
        io::Error::other(format!("no built front end in {}: {error}", ui.display()))
    })?;
    let app = Arc::new(App { host, gate, pages });
    let router = Router::new()
        .route("/calls", get(calls))
        .route("/file/{id}/{form}", get(files::show))
        .route("/stage", post(files::stage))
        .layer(DefaultBodyLimit::max(LARGEST))
        .fallback(get(page))
        .with_state(app);
    println!("{}", json!({ "url": url }));
    let ends = async move {
        tokio::select! {
            _ = quits.wait_for(|quit| *quit) => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    // Open sockets would hold a server that waits for them.
    tokio::select! {
        served = axum::serve(listener, router) => served,
        () = ends => Ok(()),
    }
}

async fn page(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, StatusCode> {
    app.gate.check_host(&headers)?;
    Ok(app.pages.answer(uri.path(), app.gate.port))
}

async fn calls(
    State(app): State<Arc<App>>,
    Query(shows): Query<Shows>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, StatusCode> {
    app.gate.check(&headers, &shows)?;
    let upgrade = upgrade.max_message_size(LARGEST_CALL);
    Ok(upgrade.on_upgrade(move |socket| talk(app, socket)))
}

#[derive(Deserialize)]
struct Call {
    id: u64,
    method: String,
    params: Value,
}

/// Answers calls, each in its own time, and tells events.
async fn talk(app: Arc<App>, mut socket: WebSocket) {
    let mut events = app.host.events();
    let (told, mut answers) = mpsc::channel::<Value>(WAITING);
    loop {
        let say = tokio::select! {
            Some(answer) = answers.recv() => answer,
            event = events.recv() => match event {
                Ok(event) => json!(event),
                Err(RecvError::Lagged(_)) => json!(HostEvent::from(Own::Lag)),
                Err(RecvError::Closed) => return,
            },
            heard = socket.recv() => match heard {
                Some(Ok(Message::Text(text))) => {
                    let Ok(call) = serde_json::from_str::<Call>(&text) else { return };
                    let (host, told) = (app.host.clone(), told.clone());
                    tokio::spawn(async move {
                        let answer = match host.call("main", &call.method, call.params).await {
                            Ok(result) => json!({ "id": call.id, "result": result }),
                            Err(problem) => json!({ "id": call.id, "problem": problem }),
                        };
                        // The browser may be gone.
                        let _ = told.send(answer).await;
                    });
                    continue;
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
        };
        if socket
            .send(Message::Text(say.to_string().into()))
            .await
            .is_err()
        {
            return;
        }
    }
}
