use super::*;
use crate::{content::Decoded, ids::Lane, log::RunningHash, testing::hex};

fn position() -> Position {
    Position {
        lane: Lane([1; 32]),
        seq: 300,
        hash: RunningHash([2; 32]),
    }
}

fn file(number: u8, thumbnail: &[u8]) -> Attachment {
    Attachment {
        blob: BlobId([number; 16]),
        read_token: SecretBytes::fill(|bytes| bytes.fill(0xa0 + number)),
        key: BlobKey::from_slice(&[0xb0 + number; 32]).unwrap(),
        sealed_hash: [0xc0 + number; 32],
        size: 1_000_000,
        expires_s: 1_800_000_000,
        media_type: "image/png".into(),
        filename: "plan.png".into(),
        preview: Preview {
            width: 4000,
            height: 3000,
            duration_ms: 0,
            blurhash: "LEHV6nWB2yk8pyo0adR*.7kCMdnj".into(),
            thumbnail: thumbnail.to_vec(),
        },
    }
}

fn content(caption: &str, attachments: Vec<Attachment>) -> Content {
    let caption = caption.into();
    let files = Files {
        caption,
        attachments,
    };
    Content::with_files([7; 16], &files, position()).unwrap()
}

fn read(bytes: &[u8]) -> Option<Files> {
    match Content::decode(bytes).unwrap() {
        Decoded::Known(content) => content.files(),
        Decoded::Unknown(_) => None,
    }
}

fn same(one: &Attachment, other: &Attachment) -> bool {
    one.blob == other.blob
        && one.read_token.ct_eq(other.read_token.expose())
        && one.key.expose() == other.key.expose()
        && one.sealed_hash == other.sealed_hash
        && (one.size, one.expires_s) == (other.size, other.expires_s)
        && (&one.media_type, &one.filename) == (&other.media_type, &other.filename)
        && one.preview == other.preview
}

#[test]
fn the_bytes_of_files_stay() {
    let one = content("", vec![file(1, b"")]).encode();
    let several = content("Look:", vec![file(1, b"jpeg"), file(2, b"")]).encode();
    insta::assert_snapshot!([one, several].map(|bytes| hex(&bytes)).join("\n\n"));
}

#[test]
fn bob_reads_what_alice_attached() {
    for caption in ["", "Look:"] {
        for thumbnails in [vec![&b""[..]], vec![b"jpeg"], vec![b"", b"jpeg", b""]] {
            let sent = |number: usize| file(number as u8, thumbnails[number]);
            let all = (0..thumbnails.len()).map(sent).collect();
            let files = read(&content(caption, all).encode()).unwrap();
            assert_eq!(files.caption, caption);
            assert_eq!(files.attachments.len(), thumbnails.len());
            let mut read = files.attachments.iter().enumerate();
            assert!(read.all(|(number, file)| same(file, &sent(number))));
        }
    }
}

#[test]
fn the_largest_message_fits() {
    let mut files: Vec<_> = (0..10)
        .map(|number| file(number, &[0; MAX_THUMBNAIL]))
        .collect();
    for file in &mut files {
        file.filename = "n".repeat(MAX_FILE_NAME);
        file.media_type = "m".repeat(MAX_MEDIA_TYPE);
        file.preview.blurhash = "b".repeat(MAX_BLURHASH);
        file.preview.width = u32::MAX;
        file.preview.duration_ms = u64::MAX;
        file.size = MAX_FILE;
    }
    let encoded = content(&"c".repeat(MAX_CAPTION), files).encode();
    assert!(encoded.len() <= crate::content::MAX_CONTENT);
    assert_eq!(read(&encoded).unwrap().attachments.len(), 10);
}

#[test]
fn what_is_over_a_limit_is_not_written() {
    let refused = |change: &dyn Fn(&mut Files)| {
        let mut files = Files {
            caption: String::new(),
            attachments: vec![file(1, b"")],
        };
        change(&mut files);
        Content::with_files([7; 16], &files, position()).is_err()
    };
    assert!(!refused(&|_| {}));
    assert!(refused(&|files| files.attachments.clear()));
    assert!(refused(&|files| files.caption = "c".repeat(MAX_CAPTION + 1)));
    assert!(refused(&|files| {
        files.attachments = (0..11).map(|number| file(number, b"")).collect();
    }));
    let file: [&dyn Fn(&mut Attachment); 6] = [
        &|file| file.size = MAX_FILE + 1,
        &|file| file.filename = "n".repeat(256),
        &|file| file.media_type = "m".repeat(128),
        &|file| file.media_type = "image/\u{202e}png".into(),
        &|file| file.preview.thumbnail = vec![0; MAX_THUMBNAIL + 1],
        &|file| file.preview.blurhash = "b".repeat(169),
    ];
    for change in file {
        assert!(refused(&|files| change(&mut files.attachments[0])));
    }
}

/// Mallory's content is shown as a kind that is not known, never half read.
#[test]
fn other_forms_are_not_files() {
    let refused = |change: &dyn Fn(&mut ExternalPart)| {
        let mut content = content("", vec![file(1, b"")]);
        if let PartBody::External(external) = &mut content.part.body {
            change(external);
        }
        read(&content.encode()).is_none()
    };
    assert!(!refused(&|_| {}));
    let changes: [&dyn Fn(&mut ExternalPart); 10] = [
        &|part| part.url = "https://mallory.example/".into(),
        &|part| part.url.make_ascii_uppercase(),
        &|part| part.url.push('0'),
        &|part| part.enc_alg = 2,
        &|part| part.key.push(0),
        &|part| part.nonce.push(0),
        &|part| part.aad.push(0),
        &|part| part.hash_alg = 0,
        &|part| part.content_hash.clear(),
        &|part| part.size = u64::MAX,
    ];
    for (number, change) in changes.iter().enumerate() {
        assert!(refused(change), "change {number}");
    }
    // More extras than parts, and the reverse.
    let mut lying = content("", vec![file(1, b""), file(2, b"")]);
    lying.part = content("", vec![file(1, b"")]).part;
    assert!(read(&lying.encode()).is_none());
    let mut lying = content("", vec![file(1, b"")]);
    lying.part = content("", vec![file(1, b""), file(2, b"")]).part;
    assert!(read(&lying.encode()).is_none());
}
