//! The built front end, from the files that were there at the start.

use std::{collections::HashMap, fs, io, path::Path};

use axum::{
    body::Body,
    http::{StatusCode, header},
    response::Response,
};

/// The app's own policy, with this program's socket among what may be connected to.
pub(crate) fn policy(port: u16) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         media-src 'self'; connect-src 'self' ws://127.0.0.1:{port}; base-uri 'none'; \
         form-action 'none'; object-src 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types svelte-trusted-html dompurify"
    )
}

/// Files by their path below the root.
pub(crate) struct Pages(HashMap<String, (Vec<u8>, &'static str)>);

impl Pages {
    /// Reads all files in `dist`, so that nothing outside of it can be asked for.
    pub(crate) fn read(dist: &Path) -> io::Result<Self> {
        let mut files = HashMap::new();
        let mut folders = vec![dist.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(name) = path.strip_prefix(dist) {
                    let name = format!("/{}", name.display());
                    files.insert(name, (fs::read(&path)?, media_type(&path)));
                }
            }
        }
        Ok(Self(files))
    }

    /// Answers a path; what has no file is the app itself, which knows its own places.
    pub(crate) fn answer(&self, path: &str, port: u16) -> Response {
        let found = self.0.get(path);
        let index = || self.0.get("/index.html").filter(|_| !path.contains('.'));
        let (status, bytes, media) = match found.or_else(index) {
            Some((bytes, media)) => (StatusCode::OK, bytes.clone(), *media),
            None => (StatusCode::NOT_FOUND, b"not found\n".to_vec(), "text/plain"),
        };
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, media.to_owned()),
            (header::CONTENT_SECURITY_POLICY, policy(port)),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
            (header::REFERRER_POLICY, "no-referrer".into()),
            (header::CACHE_CONTROL, "no-store".into()),
        ] {
            if let Ok(value) = value.parse() {
                headers.insert(name, value);
            }
        }
        response
    }
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|end| end.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
