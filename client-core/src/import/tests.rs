//! Files of both forms, good and bad, as the parser gives them.

use std::io::Write;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use tempfile::NamedTempFile;

use super::{Brought, DateOrder, source::Source};
use crate::error::Result;

fn file(content: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

fn read_with(content: &[u8], order: Option<DateOrder>) -> Result<Vec<Brought>> {
    let file = file(content);
    let mut source = Source::open(file.path(), order, TimeZone::UTC)?;
    let mut all = Vec::new();
    loop {
        let some = source.next(3)?;
        if some.is_empty() {
            return Ok(all);
        }
        all.extend(some);
    }
}

fn read(content: &str) -> Result<Vec<Brought>> {
    read_with(content.as_bytes(), None)
}

/// Sender, time in UTC and text of what was read.
fn shown(content: &str) -> Vec<String> {
    read(content)
        .unwrap()
        .iter()
        .map(|message| {
            let at = i64::try_from(message.at_ms).unwrap();
            let at = jiff::Timestamp::from_millisecond(at).unwrap();
            format!("{}|{at}|{}", message.sender, message.text)
        })
        .collect()
}

fn refused(content: &str) -> String {
    let error = read(content).unwrap_err();
    format!("{}: {}", error.code, error.message)
}

#[test]
fn telephones_of_many_countries() {
    assert_eq!(
        shown(
            "24.11.26, 09:03 - Die Nachrichten sind verschlüsselt.\n\
             24.11.26, 09:03 - Jörg Müller: Grüß dich\n\
             wie geht's?\n\
             \n\
             24.11.26, 09:05 - Anna: gut: sehr\n"
        ),
        [
            "|2026-11-24T09:03:00Z|Die Nachrichten sind verschlüsselt.",
            "Jörg Müller|2026-11-24T09:03:00Z|Grüß dich\nwie geht's?\n",
            "Anna|2026-11-24T09:05:00Z|gut: sehr",
        ]
    );
    assert_eq!(
        shown("\u{feff}\u{200e}[24.11.26, 09:03:12] Jörg: \u{200e}Bild weggelassen\r\n"),
        ["Jörg|2026-11-24T09:03:12Z|Bild weggelassen"]
    );
    assert_eq!(
        shown("[11/24/26, 12:03:12\u{202f}AM] Al: hi\n[11/24/26, 9:04:00 PM] Bo: ho"),
        ["Al|2026-11-24T00:03:12Z|hi", "Bo|2026-11-24T21:04:00Z|ho"]
    );
    assert_eq!(
        shown("2026/11/24 下午9:03 - 张伟: 你好\n2026/11/24 21:04 - 李娜: 在吗"),
        [
            "张伟|2026-11-24T21:03:00Z|你好",
            "李娜|2026-11-24T21:04:00Z|在吗"
        ]
    );
}

#[test]
fn days_and_months_are_told_apart_or_asked_for() {
    let first = |content: &str| shown(content)[0].clone();
    // The second date can only be the 13th of a month.
    assert!(first("1/2/26, 9:00 - A: x\n13/2/26, 9:00 - A: y").contains("2026-02-01"));
    assert!(first("1/2/26, 9:00 - A: x\n2/13/26, 9:00 - A: y").contains("2026-01-02"));
    // Only one order lets time run forwards.
    assert!(first("11/1/26, 9:00 - A: x\n2/2/26, 9:00 - A: y").contains("2026-01-11"));
    assert!(first("1/11/26, 9:00 - A: x\n2/2/26, 9:00 - A: y").contains("2026-01-11"));
    assert!(refused("1/2/26, 9:00 - A: x").starts_with("ambiguous_dates"));
    assert!(first("2/2/26, 9:00 - A: x").contains("2026-02-02"));
    let asked = read_with(b"1/2/26, 9:00 - A: x", Some(DateOrder::MonthFirst));
    assert_eq!(asked.unwrap()[0].at_ms, 1_767_344_400_000);
    let wrong = read_with(b"13/2/26, 9:00 - A: x", Some(DateOrder::MonthFirst));
    assert_eq!(wrong.unwrap_err().code, "import_unreadable");
}

const HEAD: &str =
    r#"{"schema":"sealwire-export-1","conversation":"00","name":"Team","messages":["#;

fn message(text: &str) -> String {
    format!(
        r#"{{"id":"{text}","sender":"bob@acme","kind":"text","at":"2026-11-24T00:03:00Z","text":"{text}","edited":null,"deleted":null,"reply_to":{{"id":"first"}},"thread":null,"reactions":[{{}}],"attachments":[{{"name":"plan.pdf"}}]}}"#
    )
}

#[test]
fn our_own_export() {
    let whole = format!(
        "{HEAD}\n{},\n{}\n]}}\n",
        message("first"),
        message("second")
    );
    let read_back = read(&whole).unwrap();
    assert_eq!(read_back.len(), 2);
    assert_eq!(read_back[1].text, "second\n[plan.pdf]");
    assert_eq!(read_back[1].reply_to.as_deref(), Some("first"));
    assert_eq!(read_back[1].left_out, 2);
    assert!(read(&format!("{HEAD}\n]}}\n")).unwrap().is_empty());

    // Cut off anywhere, it is refused, and so is what follows its end.
    for at in HEAD.len() + 1..whole.len() - 1 {
        if whole.is_char_boundary(at) && !whole[..at].ends_with("]}") {
            assert!(read(&whole[..at]).is_err(), "cut at {at}");
        }
    }
    assert!(refused(&format!("{whole}more")).contains("follows the end"));
    let newer = whole.replace("export-1", "export-2");
    assert!(refused(&newer).contains("version"));
}

#[test]
fn hostile_files() {
    let deep = format!("{HEAD}\n{}\n]}}\n", "[".repeat(100_000));
    assert!(refused(&deep).starts_with("import_unreadable"));
    for other in ["", "Hello", "{}", "[1,2]", "24.11.26 hello", "\u{0}"] {
        assert!(refused(other).starts_with("import_unreadable"), "{other:?}");
    }
    let long = format!("24.11.26, 09:03 - A: x\n{}", "y".repeat(9_000_000));
    assert!(refused(&long).contains("too long"));
    let many = format!("24.11.26, 09:03 - A: x\n{}", "yyy\n".repeat(200_000));
    assert!(refused(&many).contains("too long"));
    let first = format!("24.11.26, 09:03 - A: {}", "y".repeat(300_000));
    assert!(refused(&first).contains("too long"));
    let ours = format!("{HEAD}\n{}\n]}}\n", message(&"y".repeat(300_000)));
    assert!(refused(&ours).contains("too long"));
    assert_eq!(
        read_with(b"24.11.26, 09:03 - A: \xff", None)
            .unwrap_err()
            .code,
        "import_unreadable"
    );
    let dir = tempfile::tempdir().unwrap();
    let folder = Source::open(dir.path(), None, TimeZone::UTC);
    assert_eq!(folder.err().unwrap().code, "import_unreadable");
    let missing = Source::open(&dir.path().join("x"), None, TimeZone::UTC);
    assert_eq!(missing.err().unwrap().code, "file_missing");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        head in prop::sample::select(vec!["", "24.11.26, 09:03 - ", "[1/2/26, 9:03 PM] A: ", HEAD]),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let content = [head.as_bytes(), b"\n", &bytes].concat();
        let _ = read_with(&content, None);
    }

    #[test]
    fn any_line_is_read(line in r"[\[\]0-9./:,\- AMPamp上下午]{0,40}") {
        let _ = super::whatsapp::begins(&line);
    }
}
