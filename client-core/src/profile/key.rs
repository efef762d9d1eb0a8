//! The database's key, wrapped by the passphrase, in `profile.key`.
//!
//! The file is what [`sealwire_crypto::wrap_key`] makes, and the SHA-256 of it: so that a file
//! that rotted on disk is not taken for a wrong passphrase.

use std::path::Path;

use rand_core::CryptoRng;
use sealwire_crypto::{CryptoError, KdfParams, SecretBytes, sha256, unwrap_key, wrap_key};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::files::{create_private, read_private, write_private};
use crate::error::{CoreError, ErrorKind, Result};

/// Its file.
pub(crate) const NAME: &str = "profile.key";
const CHECKSUM: usize = 32;
const MAX_FILE: usize = 1024;
const SHORTEST: usize = 8;

/// Makes a fresh key and keeps it wrapped in `dir`. Takes a moment: run it off the async threads.
///
/// # Errors
/// Code `weak_passphrase`; code `profile_exists` if there is a key already.
pub(crate) fn create_key(
    dir: &Path,
    passphrase: &Zeroizing<String>,
    params: KdfParams,
    rng: &mut impl CryptoRng,
) -> Result<SecretBytes<32>> {
    let passphrase = accept(passphrase)?;
    let key = SecretBytes::generate(rng);
    create_private(&dir.join(NAME), &wrap(&passphrase, &key, params, rng)?)?;
    Ok(key)
}

/// Unwraps the key in `dir`. Takes a moment: run it off the async threads.
///
/// # Errors
/// Kind `Locked`: codes `wrong_passphrase` and `no_profile`. Kind `Io`: codes
/// `profile_key_damaged` and `profile_newer`.
pub(crate) fn unlock(dir: &Path, passphrase: &Zeroizing<String>) -> Result<SecretBytes<32>> {
    let file = read_private(&dir.join(NAME), MAX_FILE).map_err(|error| match error.code {
        "profile_missing" => no_profile(),
        "profile_unexpected" => damaged(),
        _ => error,
    })?;
    let (wrapped, _) = file
        .split_last_chunk::<CHECKSUM>()
        .filter(|(wrapped, checksum)| sha256(&[wrapped]) == **checksum)
        .ok_or_else(damaged)?;
    unwrap_key(normalised(passphrase).as_bytes(), wrapped).map_err(|error| match error {
        CryptoError::WrongPassphrase => CoreError::new(
            ErrorKind::Locked,
            "wrong_passphrase",
            "this is not the passphrase of the profile",
            "type it again; check the keyboard layout and caps lock",
        ),
        CryptoError::UnsupportedVersion(_) => CoreError::new(
            ErrorKind::Io,
            "profile_newer",
            "the profile's key was made by a newer version of this program",
            "update this program",
        ),
        _ => damaged(),
    })
}

/// Wraps the key in `dir` with another passphrase. Takes a moment: run it off the async threads.
/// The key and the database stay as they are.
///
/// # Errors
/// As [`unlock`] with the old passphrase; code `weak_passphrase` for the new one.
pub(crate) fn change_passphrase(
    dir: &Path,
    old: &Zeroizing<String>,
    new: &Zeroizing<String>,
    params: KdfParams,
    rng: &mut impl CryptoRng,
) -> Result<()> {
    let new = accept(new)?;
    let key = unlock(dir, old)?;
    write_private(&dir.join(NAME), &wrap(&new, &key, params, rng)?)
}

fn wrap(
    passphrase: &str,
    key: &SecretBytes<32>,
    params: KdfParams,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>> {
    let mut file =
        wrap_key(passphrase.as_bytes(), key, params, rng).map_err(CoreError::internal)?;
    let checksum = sha256(&[&file]);
    file.extend_from_slice(&checksum);
    Ok(file)
}

/// A new passphrase in its normal form.
fn accept(passphrase: &str) -> Result<Zeroizing<String>> {
    let passphrase = normalised(passphrase);
    if passphrase.chars().count() < SHORTEST {
        return Err(CoreError::new(
            ErrorKind::Usage,
            "weak_passphrase",
            format!("the passphrase has fewer than {SHORTEST} characters"),
            "choose a longer one: four or more words picked at random are good",
        ));
    }
    Ok(passphrase)
}

/// What RFC 8265 §4.2 calls an OpaqueString: the same passphrase typed on another keyboard gives
/// the same bytes.
fn normalised(passphrase: &str) -> Zeroizing<String> {
    // NFC makes UTF-8 at most three times as long; growing would leave copies behind.
    let mut normal = Zeroizing::new(String::with_capacity(passphrase.len() * 3));
    normal.extend(
        passphrase
            .chars()
            .map(|c| if is_space(c) { ' ' } else { c })
            .nfc(),
    );
    normal
}

/// Unicode's separators of category Zs.
fn is_space(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

fn no_profile() -> CoreError {
    CoreError::new(
        ErrorKind::Locked,
        "no_profile",
        "there is no profile here",
        "check the path of the profile, or join with an invitation first",
    )
}

fn damaged() -> CoreError {
    CoreError::new(
        ErrorKind::Io,
        "profile_key_damaged",
        "the profile's key file is damaged",
        "put profile.key back from a copy, or start a new profile and restore a backup",
    )
}
