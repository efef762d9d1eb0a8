//! Bounds that both sides enforce. Sizes are bytes unless the name says otherwise.

/// Largest payload of one log entry (an MLS `PrivateMessage`, padded).
pub const MAX_ENTRY: usize = 512 * 1024;
/// Largest WebSocket message and group-plane request body.
pub const MAX_FRAME: usize = 16 * 1024 * 1024;
/// Exact size of a sealed inbox envelope (design: sizes say nothing about content).
pub const ENVELOPE: usize = 4096;
/// Exact size of a signal that is not stored.
pub const EPHEMERAL: usize = 128;
/// Largest key package.
pub const MAX_KEY_PACKAGE: usize = 8 * 1024;
/// Most one-time key packages a device may keep at the relay.
pub const MAX_ONE_TIME_KEY_PACKAGES: usize = 200;
/// Largest sealed blob of a Welcome or a roster, which is read into memory as a whole.
pub const MAX_BLOB: usize = 8 * 1024 * 1024;
/// Largest content of a blob.
pub const MAX_BLOB_CONTENT: u64 = 2 * 1024 * 1024 * 1024;
/// The sealed blob of the largest content: its length (8) in front, Padmé's padding, a tag (16) for
/// every 64 KiB.
pub const MAX_SEALED_BLOB: u64 = 2_215_133_184;
/// Most days that a blob is kept.
pub const MAX_BLOB_DAYS: u32 = 30;
/// Largest signed policy of an organisation.
pub const MAX_ORGANISATION_POLICY: usize = 32 * 1024;
/// Largest signed receipt of removal.
pub const MAX_REMOVAL_RECEIPT: usize = 512;
/// Bytes of a signed count of covered conversations.
pub const MAX_COVERAGE: usize = 256;
/// Largest signed receipt of an erasure.
pub const MAX_ERASURE_RECEIPT: usize = 128;
/// Most entries in one `Entries` frame; its encoded size is also kept under [`MAX_FRAME`].
pub const MAX_ENTRIES_PER_FETCH: u32 = 256;
/// Most lanes one WebSocket may subscribe to.
pub const MAX_SUBSCRIPTIONS: usize = 4096;
/// Largest JSON body of an account-plane request.
pub const MAX_JSON: usize = 2 * 1024 * 1024;
/// Longest handle, organisation included.
pub const MAX_HANDLE: usize = 128;
/// Largest device certificate.
pub const MAX_CERTIFICATE: usize = 1024;
/// Most devices of one account.
pub const MAX_DEVICES: usize = 16;
/// Most inbox items in one answer.
pub const MAX_INBOX_ITEMS: usize = 64;
/// Largest message text.
pub const MAX_TEXT: usize = 256 * 1024;
/// Most accounts in one group.
pub const MAX_GROUP_MEMBERS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_limits_are_the_limits() {
        let page = include_str!("../../docs/protocol.md");
        for (what, limit) in [
            ("payload of an entry", MAX_ENTRY),
            ("WebSocket message, group-plane body", MAX_FRAME),
            ("account-plane body", MAX_JSON),
            ("envelope, exactly", ENVELOPE),
            ("signal, exactly", EPHEMERAL),
            ("key package", MAX_KEY_PACKAGE),
            (
                "one-time key packages of a device",
                MAX_ONE_TIME_KEY_PACKAGES,
            ),
            ("blob of a Welcome or roster", MAX_BLOB),
            ("content of a blob", MAX_BLOB_CONTENT as usize),
            ("blob, sealed", MAX_SEALED_BLOB as usize),
            ("days of a blob", MAX_BLOB_DAYS as usize),
            ("signed policy of an organisation", MAX_ORGANISATION_POLICY),
            ("signed receipt of removal", MAX_REMOVAL_RECEIPT),
            ("signed count of covered conversations", MAX_COVERAGE),
            ("signed receipt of an erasure", MAX_ERASURE_RECEIPT),
            ("entries in one answer", MAX_ENTRIES_PER_FETCH as usize),
            ("subscriptions of a connection", MAX_SUBSCRIPTIONS),
            ("handle", MAX_HANDLE),
            ("certificate", MAX_CERTIFICATE),
            ("devices of an account", MAX_DEVICES),
            ("envelopes in one answer", MAX_INBOX_ITEMS),
            ("text", MAX_TEXT),
            ("accounts in a group", MAX_GROUP_MEMBERS),
        ] {
            let row = format!("\n| {what} | {limit} |\n");
            assert!(page.contains(&row), "{row}");
        }
    }

    #[test]
    fn the_largest_blob_is_that_of_the_largest_content() {
        let padded = sealwire_crypto::padme(8 + MAX_BLOB_CONTENT);
        let sealed = padded + 16 * padded.div_ceil(64 * 1024);
        assert_eq!(sealed, MAX_SEALED_BLOB);
        assert!(sealwire_crypto::sealed_blob_len_is_valid(MAX_SEALED_BLOB));
    }
}
