use super::*;
use crate::testing::hex;

const LOG: LogId = LogId([1; 32]);
const LANE: Lane = Lane([2; 32]);
const ENTRY: EntryId = EntryId([3; 16]);

/// The expected values were computed with Python's hashlib.
#[test]
fn the_running_hash_stays() {
    let start = RunningHash::start(&LOG, &LANE);
    let message = start.append(1, &ENTRY, EntryKind::Application, None, b"ciphertext");
    let next = Lane([4; 32]);
    let commit = message.append(2, &ENTRY, EntryKind::Commit, Some(&next), b"commit");
    insta::assert_snapshot!([start, message, commit].map(|hash| hex(&hash.0)).join("\n"), @r"
    6e8960b6a4c76b41c4e29cf574e2ac9928c93b61769a520988106f36f2d92412
    45567d1190da0c155c2539d0c2be171a62dcc7fa86f7173845c36e25f9b1231c
    cef5c46ac28f81f4a2c00b703abcaf349e0d7c64e2aa1074709a53542f43efdd
    ");
}

#[test]
fn whatever_differs_shows_in_the_hash() {
    let start = RunningHash::start(&LOG, &LANE);
    let next = Lane([4; 32]);
    let hashes = [
        start,
        RunningHash::start(&LogId([9; 32]), &LANE),
        RunningHash::start(&LOG, &Lane([9; 32])),
        start.append(1, &ENTRY, EntryKind::Application, None, b"a"),
        start.append(2, &ENTRY, EntryKind::Application, None, b"a"),
        start.append(1, &EntryId([9; 16]), EntryKind::Application, None, b"a"),
        start.append(1, &ENTRY, EntryKind::Commit, None, b"a"),
        start.append(1, &ENTRY, EntryKind::Commit, Some(&next), b"a"),
        start.append(1, &ENTRY, EntryKind::Application, None, b"b"),
    ];
    for (i, one) in hashes.iter().enumerate() {
        for other in &hashes[i + 1..] {
            assert_ne!(one, other);
        }
    }
}

#[test]
fn kinds_have_fixed_numbers() {
    assert_eq!(EntryKind::from_wire(1), Some(EntryKind::Commit));
    assert_eq!(EntryKind::from_wire(2), Some(EntryKind::Application));
    for other in [0, 3, 257, u32::MAX] {
        assert_eq!(EntryKind::from_wire(other), None);
    }
}
