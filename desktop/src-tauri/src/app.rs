//! The app from its start to its end.

use std::{path::PathBuf, sync::Arc};

use clap::Parser;
use sealwire_desktop_host::{Host, HostOptions, Problem};
use tauri::{App, AppHandle, Manager, Wry, plugin::TauriPlugin};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};
use tauri_plugin_window_state::StateFlags;
use zbus::Connection;

use crate::{
    args::{Args, bus_name},
    around::Around,
    bus::{self, There},
    commands::{self, Teller},
    files,
    follow::{self, Desk},
    notify::{Answer, Notifier},
    reply, sleep,
    tray::Tray,
    window,
};

/// Where and how large the window was, beside the settings.
const WINDOW: &str = "window.json";

/// Runs the app to its end, or hands over to the one that runs on the same folder already.
///
/// # Errors
/// In words.
pub(crate) fn run(args: Args) -> Result<(), String> {
    let home = args.home()?;
    let builder = tauri::Builder::default()
        // First: a second start ends here.
        .plugin(single(&home))
        .plugin(places(&home))
        .plugin(tauri_plugin_dialog::init())
        .plugin(
            tauri_plugin_autostart::Builder::new()
                .app_name("sealwire-desktop")
                .args(args.at_login())
                .build(),
        )
        .register_asynchronous_uri_scheme_protocol(files::SCHEME, files::serve)
        .invoke_handler(commands::handler())
        .manage(Teller::default())
        .setup(move |app| {
            begin(app, &args, home);
            Ok(())
        });
    let app = builder
        .build(tauri::generate_context!())
        .map_err(|error| format!("the app cannot start: {error}"))?;
    app.run(|_, _| {});
    Ok(())
}

/// A second start shows the window of the first, and hands over its link.
fn single(home: &std::path::Path) -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::Builder::new()
        .dbus_id(bus_name(home))
        .callback(|app, words, _| {
            window::show(app);
            // Words that this program does not know come from another version.
            if let Ok(Args {
                link: Some(link), ..
            }) = Args::try_parse_from(words)
            {
                offer(app, &link);
            }
        })
        .build()
}

/// Remembers where the window was; whether it was shown is a setting.
fn places(home: &std::path::Path) -> TauriPlugin<Wry> {
    tauri_plugin_window_state::Builder::new()
        .with_filename(home.join(WINDOW).display().to_string())
        .with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED)
        .build()
}

fn offer(app: &AppHandle, link: &str) {
    if let Err(problem) = app.state::<Host>().offer_link(link) {
        tracing::warn!(code = problem.code, "a link was not taken");
    }
}

fn begin(app: &mut App, args: &Args, home: PathBuf) {
    let app = app.handle().clone();
    let there = Arc::new(There::default());
    let around = Around::new(app.clone(), Arc::clone(&there));
    let host = match Host::new(options(args, home.clone(), around)) {
        Ok(host) => host,
        Err(problem) => return give_up(&app, &problem),
    };
    app.manage(host.clone());
    app.manage(Arc::clone(&there));
    if let Some(link) = &args.link {
        offer(&app, link);
    }
    // Before the window: its first question waits for the keychain's answer.
    let bus = tauri::async_runtime::block_on(session(&there));
    let hidden = args.minimised || host.settings().start_minimised;
    // Without a tray nothing could bring it back.
    let hidden = hidden && there.tray();
    if let Err(error) = window::open(&app, &home, hidden) {
        tracing::error!(%error, "the window cannot be made");
        return app.exit(1);
    }
    let tray = Tray::new(&app, &home, &host.settings().language);
    let tray = tray
        .inspect_err(|error| tracing::warn!(%error, "there is no icon in the tray"))
        .ok();
    let events = host.events();
    tauri::async_runtime::spawn(async move {
        signals(&app);
        let notifier = desk(&app, &host, there, bus).await;
        let desk = Desk {
            app,
            host: host.clone(),
            tray,
            notifier,
        };
        tauri::async_runtime::spawn(follow::follow(desk, events));
        host.begin().await;
    });
}

fn options(args: &Args, home: PathBuf, around: Around) -> HostOptions {
    let options = HostOptions::new(home, Arc::new(around));
    #[cfg(debug_assertions)]
    if args.fast_kdf {
        return fast(options);
    }
    #[cfg(not(debug_assertions))]
    let _ = args;
    options
}

#[cfg(debug_assertions)]
fn fast(mut options: HostOptions) -> HostOptions {
    options.kdf = sealwire_desktop_host::KdfParams {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };
    options.client.welcome_delay_max_ms = 0;
    // 0 would be none at all.
    options.client.receipt_interval_ms = 1;
    options
}

/// The session's bus, once it was looked what the session has.
async fn session(there: &There) -> Option<Connection> {
    let look = async {
        let bus = Connection::session().await?;
        bus::look(&bus, there).await?;
        zbus::Result::Ok(bus)
    };
    look.await
        .inspect_err(|error| tracing::warn!(%error, "no session bus: no notifications, no tray"))
        .ok()
}

/// Begins to follow the desktop; gives what shows notifications.
async fn desk(
    app: &AppHandle,
    host: &Host,
    there: Arc<There>,
    bus: Option<Connection>,
) -> Option<Arc<Notifier>> {
    let ended = |what: &'static str| {
        move |done: zbus::Result<()>| {
            if let Err(error) = done {
                tracing::warn!(%error, "{what}");
            }
        }
    };
    let (slept, sleeper) = (ended("waking up is not noticed"), host.clone());
    let woke = move || {
        let host = sleeper.clone();
        tauri::async_runtime::spawn(async move { host.woke().await });
    };
    tauri::async_runtime::spawn(async move {
        let follow = async { sleep::follow(&Connection::system().await?, woke).await };
        slept(follow.await);
    });
    let bus = bus?;
    let notifier = Arc::new(Notifier::new(&bus).await.ok()?);
    let follow = bus::follow(bus, there);
    let followed = ended("the session is not followed");
    tauri::async_runtime::spawn(async move { followed(follow.await) });
    let followed = ended("clicks on notifications are not noticed");
    let answers = answers(Arc::clone(&notifier), app.clone(), host.clone());
    tauri::async_runtime::spawn(async move { followed(answers.await) });
    Some(notifier)
}

/// Does what people ask for at notifications.
async fn answers(notifier: Arc<Notifier>, app: AppHandle, host: Host) -> zbus::Result<()> {
    let answered = |answer| match answer {
        Answer::Clicked(target) => {
            window::show(&app);
            host.open(target);
        }
        Answer::Replied(target, text) => {
            let (host, notifier) = (host.clone(), Arc::clone(&notifier));
            tauri::async_runtime::spawn(async move {
                reply::send(&host, &notifier, target, &text).await;
            });
        }
    };
    notifier.follow(answered).await
}

/// Being told to end by the system is as good as by the person.
fn signals(app: &AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let Ok(mut signal) = signal(kind) else {
            continue;
        };
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            signal.recv().await;
            quit(&app);
        });
    }
}

/// Without its folder there is no app: says so, and ends.
fn give_up(app: &AppHandle, problem: &Problem) {
    let text = format!("{} {}", problem.message, problem.hint);
    tracing::error!(text);
    let ends = app.clone();
    app.dialog()
        .message(text)
        .kind(MessageDialogKind::Error)
        .title("Sealwire")
        .show(move |_| ends.exit(1));
}

/// Closes the profile, then ends the program.
pub(crate) fn quit(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(window::MAIN) {
        // It may be gone.
        let _ = window.hide();
    }
    let (app, host) = (app.clone(), app.state::<Host>().inner().clone());
    tauri::async_runtime::spawn(async move {
        host.close().await;
        app.exit(0);
    });
}
