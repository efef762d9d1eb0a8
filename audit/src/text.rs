//! The one spelling of numbers, hashes and lines that all text formats share.

use data_encoding::{BASE64, Encoding};

use crate::Malformed;
use crate::merkle::{Hash, MAX_PATH};

/// Largest number of leaves and largest index: a signed 64-bit number, so that
/// databases can hold it and a proof never needs more than 63 hashes.
pub(crate) const LARGEST: u64 = i64::MAX as u64;

/// Reads an ASCII decimal without leading zeros, up to [`LARGEST`].
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    if !canonical || text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number| *number <= LARGEST)
}

/// Reads standard base64 with padding (RFC 4648 §4), in its one spelling.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    decode(&BASE64, text)
}

/// Reads base64 that is padded at its end only. By itself the library also takes
/// several padded texts in a row.
pub(crate) fn decode(alphabet: &Encoding, text: &str) -> Option<Vec<u8>> {
    if text.trim_end_matches('=').contains('=') {
        return None;
    }
    alphabet.decode(text.as_bytes()).ok()
}

/// Reads a hash in base64, 44 characters.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    if text.len() != 44 {
        return None;
    }
    base64(text)?.try_into().ok().map(Hash)
}

/// Takes the hashes of a proof off `rest`, one a line, and the empty line behind them.
pub(crate) fn hashes(rest: &mut &str, what: &'static str) -> Result<Vec<Hash>, Malformed> {
    let wrong = |why| Malformed::new(what, why);
    let mut hashes = Vec::new();
    loop {
        let next = line(rest).ok_or(wrong("is cut off"))?;
        if next.is_empty() {
            return Ok(hashes);
        }
        if hashes.len() == MAX_PATH {
            return Err(wrong("has more than 63 hashes"));
        }
        hashes.push(hash(next).ok_or(wrong("a hash is misspelled"))?);
    }
}

/// Takes the first line off `rest`, without its newline. `None` if no newline is left.
pub(crate) fn line<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let (line, after) = rest.split_once('\n')?;
    *rest = after;
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_spelling() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("9223372036854775807"), Some(LARGEST));
        for wrong in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1_0",
            "0x1",
            "9223372036854775808",
            "99999999999999999999",
            "१",
        ] {
            assert_eq!(decimal(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn base64_has_one_spelling() {
        assert_eq!(base64("AUA="), Some(vec![1, 64]));
        assert_eq!(base64(""), Some(vec![]));
        for wrong in [
            "AUA", "AUB=", "AUA=AUA=", "AU==AUA=", "AUA==", "A===", "====", "AU=A", "-_-_",
        ] {
            assert_eq!(base64(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn hashes_have_one_spelling() {
        let text = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        assert_eq!(hash(text).unwrap().to_string(), text);
        // Another last character with the same 32 bytes, no padding, the other alphabet.
        for wrong in [
            "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=",
            "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I",
            "CsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=",
            "",
        ] {
            assert_eq!(hash(wrong), None, "{wrong:?}");
        }
    }
}
