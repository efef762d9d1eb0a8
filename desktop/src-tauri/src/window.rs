//! The one window.

use std::sync::Arc;

use sealwire_desktop_host::Host;
use tauri::{
    AppHandle, DragDropEvent, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder,
    WindowEvent,
    webview::{NewWindowResponse, PageLoadEvent, PermissionResponse},
};

use crate::{app::quit, bus::There};

/// Its label, by which the host knows what it may call.
pub(crate) const MAIN: &str = "main";
/// Where WebKit keeps what the front end remembers of its looks: widths of panes.
const DATA: &str = "webview";

/// Whether the window may show this address: only the app's own pages.
fn own(url: &Url) -> bool {
    url.scheme() == "tauri" && url.host_str() == Some("localhost") && url.port().is_none()
}

/// Makes the window. It is shown once its page is there, unless it is to begin `hidden`.
pub(crate) fn open(
    app: &AppHandle,
    home: &std::path::Path,
    hidden: bool,
) -> tauri::Result<WebviewWindow> {
    let window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App("index.html".into()))
        .title("Sealwire")
        .inner_size(1120.0, 720.0)
        .min_inner_size(400.0, 480.0)
        .prevent_overflow()
        .visible(false)
        .data_directory(home.join(DATA))
        .devtools(cfg!(debug_assertions))
        .on_navigation(own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .on_permission_request(|_, _| PermissionResponse::Deny)
        .on_page_load(move |window, load| {
            let shown = window.is_visible().unwrap_or_default();
            if load.event() == PageLoadEvent::Finished && !hidden && !shown {
                show(window.app_handle());
            }
        })
        .build()?;
    set_up_webkit(&window)?;
    let app = app.clone();
    window.on_window_event(move |event| match event {
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            close(&app);
        }
        WindowEvent::DragDrop(event) => drag(&app, event),
        _ => {}
    });
    Ok(window)
}

/// Sets what Tauri has no word for. Drawing by the graphics card costs some 80 MB (drivers, a second
/// set of buffers) and is where WebKitGTK fails on some cards; a page of text needs none of it. Nor
/// does one page need room for those that were left. In debug builds WebKit says on standard output
/// what errors there were and which policies were broken, for developers and tests.
fn set_up_webkit(window: &WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::{
        CacheModel, HardwareAccelerationPolicy, SettingsExt, WebContextExt, WebViewExt,
    };
    window.with_webview(|webview| {
        let webview = webview.inner();
        if let Some(context) = webview.context() {
            context.set_cache_model(CacheModel::DocumentViewer);
        }
        if let Some(settings) = WebViewExt::settings(&webview) {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
            settings.set_enable_write_console_messages_to_stdout(cfg!(debug_assertions));
        }
    })
}

/// Brings the window to the front.
pub(crate) fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else {
        return;
    };
    let shown = window
        .show()
        .and_then(|()| window.unminimize())
        .and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window could not be shown");
    }
}

/// The person sees the window and works in it.
pub(crate) fn in_front(app: &AppHandle) -> bool {
    let window = app.get_webview_window(MAIN);
    window.is_some_and(|window| window.is_focused().unwrap_or_default())
}

/// The window was closed: the app goes on in the tray, if it may and there is one.
fn close(app: &AppHandle) {
    let stays = app.state::<Host>().settings().close_to_tray;
    match app.get_webview_window(MAIN) {
        Some(window) if stays && app.state::<Arc<There>>().tray() => {
            if let Err(error) = window.hide() {
                tracing::warn!(%error, "the window could not be hidden");
            }
        }
        _ => quit(app),
    }
}

fn drag(app: &AppHandle, event: &DragDropEvent) {
    let host = app.state::<Host>().inner().clone();
    match event {
        DragDropEvent::Enter { paths, .. } if !paths.is_empty() => host.drag(true),
        DragDropEvent::Leave => host.drag(false),
        DragDropEvent::Drop { paths, .. } => {
            host.drag(false);
            let paths = paths.clone();
            tauri::async_runtime::spawn(async move {
                if let Err(problem) = host.stage_paths(paths).await {
                    tracing::warn!(code = problem.code, "dropped files were not taken");
                }
            });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_app_itself_is_shown() {
        let own = |text: &str| own(&Url::parse(text).expect("an address"));
        assert!(own("tauri://localhost/"));
        assert!(own("tauri://localhost/index.html#a"));
        for other in [
            "https://example.org/",
            "tauri://example.org/",
            "tauri://localhost:1/",
            "http://tauri.localhost/",
            "file:///etc/passwd",
            "data:text/html,x",
            "about:blank",
            "sealwire-file://localhost/1%2Fwhole",
        ] {
            assert!(!own(other), "{other}");
        }
    }
}
