//! An S3-compatible store: where it is, and the keys to it.

use std::path::Path;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use serde::Deserialize;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::place::PlaceError;
use crate::config::S3;

/// The keys of an S3 store, as its file holds them.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    #[serde(default)]
    session_token: String,
}

/// Opens the store that the settings name. Nothing is asked of it yet.
pub(super) fn open(s3: &S3) -> Result<AmazonS3, PlaceError> {
    // Its HTTP client takes the process's cryptography.
    drop(rustls::crypto::ring::default_provider().install_default());
    Ok(builder(s3)?.build()?)
}

fn builder(s3: &S3) -> Result<AmazonS3Builder, PlaceError> {
    let mut builder = if s3.credentials.as_os_str().is_empty() {
        // AWS_ACCESS_KEY_ID and the like.
        AmazonS3Builder::from_env()
    } else {
        let keys = credentials(&s3.credentials)?;
        let builder = AmazonS3Builder::new()
            .with_access_key_id(&keys.access_key_id)
            .with_secret_access_key(&keys.secret_access_key);
        match keys.session_token.as_str() {
            "" => builder,
            token => builder.with_token(token),
        }
    };
    if !s3.endpoint.is_empty() {
        builder = builder
            .with_endpoint(&s3.endpoint)
            .with_allow_http(s3.endpoint.starts_with("http://"));
    }
    Ok(builder.with_bucket_name(&s3.bucket).with_region(&s3.region))
}

fn credentials(path: &Path) -> Result<Credentials, PlaceError> {
    use std::os::unix::fs::PermissionsExt;
    let wrong = |what: &str| PlaceError::Credentials(format!("{} {what}", path.display()));
    let mode = std::fs::metadata(path)
        .map_err(|error| wrong(&format!("cannot be read: {error}")))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(wrong("may be read by others; run chmod 600 on it"));
    }
    let text = Zeroizing::new(
        std::fs::read_to_string(path)
            .map_err(|error| wrong(&format!("cannot be read: {error}")))?,
    );
    // The parser's own text quotes the line, and with it the secret.
    toml::from_str(&text).map_err(|_| {
        wrong("must hold access_key_id = \"…\" and secret_access_key = \"…\", and nothing else")
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn errors_about_credentials_never_quote_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        let told = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            credentials(&path).err().map(|error| error.to_string())
        };
        let good = "access_key_id = \"id\"\nsecret_access_key = \"hush\"\n";
        assert_eq!(told(good, 0o600), None);
        assert!(told(good, 0o640).expect("refused").contains("chmod 600"));
        for bad in [
            "secret_access_key = \"hush\"",
            "hush",
            "secret_access_key = hush",
        ] {
            let text = told(bad, 0o600).expect("refused");
            assert!(
                !text.contains("hush") && text.contains("access_key_id"),
                "{text}"
            );
        }
        assert!(credentials(&dir.path().join("none")).is_err());
    }
}
