//! Files of messages, from decrypted memory, by the scheme `sealwire-file:`.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use sealwire_desktop_host::{Form, Host};
use serde_json::Value;
use tauri::{
    Manager, Runtime, UriSchemeContext, UriSchemeResponder,
    http::{Request, Response, StatusCode, header},
};

use crate::window::MAIN;

/// The scheme; a front end asks for `sealwire-file://localhost/ID%2FFORM`.
pub(crate) const SCHEME: &str = "sealwire-file";

/// Answers a request of a window.
pub(crate) fn serve<R: Runtime>(
    context: UriSchemeContext<'_, R>,
    request: Request<Vec<u8>>,
    responder: UriSchemeResponder,
) {
    let wanted = wanted(request.uri().path()).filter(|_| context.webview_label() == MAIN);
    let Some((id, form)) = wanted else {
        return responder.respond(refusal(StatusCode::NOT_FOUND));
    };
    let host = context.app_handle().state::<Host>().inner().clone();
    tauri::async_runtime::spawn(async move {
        responder.respond(match host.attachment(id, form).await {
            Ok(content) => answer(content.media_type, content.bytes.to_vec()),
            Err(_) => refusal(StatusCode::UNPROCESSABLE_ENTITY),
        });
    });
}

/// Which file is asked for, and in which form.
fn wanted(path: &str) -> Option<(i64, Form)> {
    let path = percent_decode(path.as_bytes()).decode_utf8().ok()?;
    let (id, form) = path.strip_prefix('/')?.split_once('/')?;
    let form = serde_json::from_value(Value::from(form)).ok()?;
    Some((id.parse().ok()?, form))
}

fn answer(media_type: &'static str, bytes: Vec<u8>) -> Response<Cow<'static, [u8]>> {
    let built = Response::builder()
        .header(header::CONTENT_TYPE, media_type)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        )
        .header(header::CACHE_CONTROL, "no-store")
        .body(Cow::Owned(bytes));
    built.unwrap_or_else(|_| refusal(StatusCode::INTERNAL_SERVER_ERROR))
}

fn refusal(status: StatusCode) -> Response<Cow<'static, [u8]>> {
    let mut response = Response::new(Cow::Borrowed([].as_slice()));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_and_a_form_are_a_file() {
        assert_eq!(wanted("/12%2Fthumbnail"), Some((12, Form::Thumbnail)));
        assert_eq!(wanted("/3/whole"), Some((3, Form::Whole)));
        for path in [
            "",
            "/",
            "/12",
            "/12/",
            "/x/whole",
            "/12/other",
            "/12/whole/..",
            "12/whole",
        ] {
            assert_eq!(wanted(path), None, "{path}");
        }
    }
}
