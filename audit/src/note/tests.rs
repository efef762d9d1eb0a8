use proptest::prelude::*;

use super::*;
use crate::testing::key;

/// The keys and the note of Go's package `sumdb/note`, where the format comes from.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_SECRET: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
const SIGNATURE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn log() -> SignerKey {
    key(1, "relay.acme.example/audit", KeyKind::Note)
}

fn note() -> Note {
    Note::parse(format!("{TEXT}\n{SIGNATURE}").as_bytes()).unwrap()
}

#[test]
fn the_published_note_verifies() {
    let peter = VerifierKey::parse(PETER).unwrap();
    assert_eq!(peter.to_string(), PETER);
    let note = note();
    assert_eq!(note.text(), TEXT);
    assert_eq!(note.to_string(), format!("{TEXT}\n{SIGNATURE}"));
    assert_eq!(note.signed_by(&peter), Ok(Some(Signed::Plain)));
}

#[test]
fn the_published_key_signs_the_published_note() {
    let peter = SignerKey::parse(PETER_SECRET).unwrap();
    assert_eq!(peter.verifier().to_string(), PETER);
    assert_eq!(*peter.to_skey(), PETER_SECRET);
    assert_eq!(peter.sign(TEXT).to_string(), SIGNATURE);
}

/// A key of type 1 and one of type 4 that are in use elsewhere.
#[test]
fn key_ids_depend_on_the_kind() {
    for text in [
        "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
        "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    ] {
        assert_eq!(VerifierKey::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn keys_have_one_spelling() {
    for (wrong, why) in [
        ("", "is not name+id+key"),
        ("bananas+12344556", "is not name+id+key"),
        ("+c74f20a3+ARpc", "is empty"),
        (
            "a b+c74f20a3+ARpc",
            "holds a space, a control character or a plus sign",
        ),
        (
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "the id is not eight hexadecimal digits",
        ),
        (
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "the id does not belong to this name and key",
        ),
        (
            "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "the id does not belong to this name and key",
        ),
        ("x+12345678+", "the key is empty"),
        ("x+12345678+ARpc", "the key is not a usable Ed25519 key"),
        ("x+12345678+ARpc=", "the key is not base64"),
        (
            "x+12345678+AwEB",
            "is of a kind other than Ed25519 (type 1) and Ed25519 cosignature (type 4)",
        ),
    ] {
        assert_eq!(VerifierKey::parse(wrong).unwrap_err().why, why, "{wrong}");
    }
    for wrong in [
        "",
        PETER,
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDE=",
        "PRIVATE+KEY+PeterNeumann+c74f20a4+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
        "PRIVATE+KEY+PeterNeumann+c74f20a3+BIEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
    ] {
        assert!(SignerKey::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_signature_of_a_known_key_must_be_true() {
    let peter = VerifierKey::parse(PETER).unwrap();
    let changed = note()
        .to_string()
        .replace("your problem is", "my problem is");
    let changed = Note::parse(changed.as_bytes()).unwrap();
    let refused = Err(FalseSignature("PeterNeumann".to_owned()));
    assert_eq!(changed.signed_by(&peter), refused);
    // One true and one false signature of the same key.
    let mut both = note();
    let flipped = SIGNATURE.replace("wJnAM=", "wJnAQ=");
    both.add(SignatureLine::parse(flipped.trim_end()).unwrap())
        .unwrap();
    assert_eq!(both.signed_by(&peter), refused);
}

#[test]
fn unknown_keys_are_ignored() {
    let log = log();
    assert_eq!(note().signed_by(log.verifier()), Ok(None));
    // The name of a known key with the id of another, and the other way round.
    let mallory = key(66, "PeterNeumann", KeyKind::Note);
    let mut note = note();
    note.add(mallory.sign("something else\n")).unwrap();
    let peter = VerifierKey::parse(PETER).unwrap();
    assert_eq!(note.signed_by(&peter), Ok(Some(Signed::Plain)));
}

#[test]
fn a_signature_is_added_once() {
    let mut signed = note();
    signed.add(log().sign(TEXT)).unwrap();
    let before = signed.clone();
    signed.add(log().sign(TEXT)).unwrap();
    assert_eq!(signed, before);
    assert_eq!(signed.signatures().len(), 2);
    for seed in 0..MAX_SIGNATURES {
        let key = key(u8::try_from(seed).unwrap(), "w", KeyKind::Note);
        let _ = signed.add(key.sign(TEXT));
    }
    assert_eq!(signed.signatures().len(), MAX_SIGNATURES);
    assert_eq!(Note::parse(signed.to_string().as_bytes()), Ok(signed));
}

#[test]
fn what_is_no_note() {
    let good = note().to_string();
    let many = format!("{TEXT}\n{}", SIGNATURE.repeat(65));
    let long = format!("{}\n{SIGNATURE}", "long\n".repeat(30_000));
    for (wrong, why) in [
        (String::new(), "has no signature"),
        (TEXT.to_owned(), "has no signature"),
        (format!("{TEXT}\n"), "has no signature"),
        (good.trim_end().to_owned(), "does not end with a newline"),
        (format!("{TEXT}{SIGNATURE}"), "has no signature"),
        (good.replace("— P", "- P"), "does not begin with a dash"),
        (
            good.replace("problem,", "problem,\t"),
            "holds a control character",
        ),
        (
            good.replace("problem,", "problem,\r"),
            "holds a control character",
        ),
        (good.replace("AM=", "AN="), "the signature is not base64"),
        (good.replace("AM=", "AM"), "the signature is not base64"),
        (
            format!("{TEXT}\n— PeterNeumann x08goA==\n"),
            "the signature is too short",
        ),
        (
            format!("{TEXT}\n— PeterNeumann x08goA== \n"),
            "the signature is not base64",
        ),
        (format!("{TEXT}\n— PeterNeumann\n"), "has no signature"),
        (format!("{TEXT}\n—  x08goAAA\n"), "is empty"),
        (many, "has more than 64 signatures"),
        (long, "is longer than 128 KiB"),
    ] {
        assert_eq!(
            Note::parse(wrong.as_bytes()).unwrap_err().why,
            why,
            "{wrong:.300}"
        );
    }
    assert_eq!(Note::parse(b"\xff\n\n").unwrap_err().why, "is not UTF-8");
    assert!(Note::new(TEXT.trim_end().to_owned(), vec![log().sign(TEXT)]).is_err());
    assert!(Note::new(TEXT.to_owned(), vec![]).is_err());
}

#[test]
fn empty_lines_belong_to_the_text() {
    let log = log();
    for text in ["\n", "\n\n", "a\n\nb\n", "a\n\n\n"] {
        let note = Note::new(text.to_owned(), vec![log.sign(text)]).unwrap();
        let read = Note::parse(note.to_string().as_bytes()).unwrap();
        assert_eq!(read.text(), text);
        assert_eq!(read.signed_by(log.verifier()), Ok(Some(Signed::Plain)));
    }
}

proptest! {
    #[test]
    fn what_is_read_as_a_note_is_written_so(
        text in "([a-z\n]{0,20}\n)?", between in "\n{0,2}", lines in "(— [a-z]{0,2} [A-Za-z0-9+/]{0,12}={0,2}\n?){0,3}|.{0,30}"
    ) {
        let bytes = [text, between, lines].concat();
        if let Ok(note) = Note::parse(bytes.as_bytes()) {
            prop_assert_eq!(note.to_string(), bytes);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in ".{0,120}") {
        let _ = Note::parse(&bytes);
        let _ = VerifierKey::parse(&text);
        let _ = SignerKey::parse(&text);
        let _ = SignerKey::parse(&format!("PRIVATE+KEY+{text}"));
        let _ = SignatureLine::parse(&text);
    }

    #[test]
    fn keys_come_back_from_their_spelling(seed: u8, name in "[^\\s+\\p{C}]{1,40}") {
        for kind in [KeyKind::Note, KeyKind::Cosignature] {
            let signer = key(seed, &name, kind);
            let read = SignerKey::parse(&signer.to_skey()).unwrap();
            prop_assert_eq!(read.verifier(), signer.verifier());
            let vkey = signer.verifier().to_string();
            prop_assert_eq!(&VerifierKey::parse(&vkey).unwrap(), signer.verifier());
        }
    }
}
