//! How a text may be spelled in bytes.

use std::collections::HashSet;

use data_encoding::{BASE64, BASE64URL, Encoding, HEXLOWER, HEXUPPER};

/// The forms in which a text may lie somewhere, each with its name: UTF-8, UTF-16 in both
/// orders, hexadecimal in both cases, base64 in both alphabets (RFC 4648) wherever it begins
/// within a longer text. No two are the same bytes.
#[must_use]
pub fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let plain = text.as_bytes();
    let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect();
    let mut all = vec![
        ("UTF-8", plain.to_vec()),
        ("UTF-16LE", utf16(u16::to_le_bytes)),
        ("UTF-16BE", utf16(u16::to_be_bytes)),
        ("hex", HEXLOWER.encode(plain).into_bytes()),
        ("HEX", HEXUPPER.encode(plain).into_bytes()),
    ];
    for before in 0..3 {
        all.push(("base64", base64(plain, before, &BASE64)));
        all.push(("base64url", base64(plain, before, &BASE64URL)));
    }
    let mut known = HashSet::new();
    all.retain(|(_, form)| known.insert(form.clone()));
    all
}

/// What stands in base64 for the text if `before` bytes come before it in their group of
/// three, without the characters at its ends that depend on its neighbours.
fn base64(text: &[u8], before: usize, alphabet: &Encoding) -> Vec<u8> {
    let shifted = [&[0; 2][..before], text].concat();
    let encoded = alphabet.encode(&shifted);
    let begin = [0, 2, 3][before];
    let end = shifted.len() / 3 * 4 + [0, 1, 2][shifted.len() % 3];
    let inner = encoded.as_bytes().get(begin..end);
    inner.unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_found_whatever_stands_around_it() {
        let text = "Möwe 海鸥 at ten?";
        for before in 0..6 {
            for after in 0..4 {
                let whole = format!("{}{text}{}", "x".repeat(before), "~".repeat(after));
                for (name, alphabet) in [("base64", &BASE64), ("base64url", &BASE64URL)] {
                    let encoded = alphabet.encode(whole.as_bytes());
                    let is_in =
                        |form: &[u8]| encoded.as_bytes().windows(form.len()).any(|w| w == form);
                    let found = forms(text).iter().any(|(_, form)| is_in(form));
                    assert!(found, "{name} {before} {after}");
                }
            }
        }
    }

    #[test]
    fn no_two_forms_are_the_same() {
        let mut forms: Vec<_> = forms("0123456789")
            .into_iter()
            .map(|(_, form)| form)
            .collect();
        let all = forms.len();
        forms.sort_unstable();
        forms.dedup();
        assert_eq!(forms.len(), all);
    }
}
