//! The files of a profile as whoever holds the key could read them: every page of the database
//! and of the write-ahead log, decrypted, free space and all.
//!
//! SQLCipher 4 with a raw key: AES-256-CBC, the last 80 bytes of a page being its initialisation
//! vector (16) and its HMAC (64); the first 16 bytes of the first page are the salt, in the clear.

use std::path::Path;

use aes::{
    Aes256,
    cipher::{Block, BlockDecrypt, KeyInit},
};

use super::KEY;

const PAGE: usize = 4096;
const RESERVED: usize = 80;
const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Everything in the two files, in the clear.
pub(super) fn decrypted(path: &Path) -> Vec<Vec<u8>> {
    let cipher = Aes256::new(&KEY.into());
    let file = std::fs::read(path).unwrap();
    let mut pages: Vec<Vec<u8>> = (1..)
        .zip(file.chunks_exact(PAGE))
        .map(|(number, page)| decrypt(&cipher, number, page))
        .collect();
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = std::fs::read(log).unwrap_or_default();
    for frame in log
        .get(WAL_HEADER..)
        .unwrap_or_default()
        .chunks_exact(FRAME_HEADER + PAGE)
    {
        let number = u32::from_be_bytes(frame[..4].try_into().unwrap());
        pages.push(decrypt(&cipher, number, &frame[FRAME_HEADER..]));
    }
    pages
}

fn decrypt(cipher: &Aes256, number: u32, page: &[u8]) -> Vec<u8> {
    let start = if number == 1 { 16 } else { 0 };
    let (body, reserved) = page.split_at(PAGE - RESERVED);
    let mut before: [u8; 16] = reserved[..16].try_into().unwrap();
    let mut plain = Vec::with_capacity(body.len());
    for encrypted in body[start..].chunks_exact(16) {
        let mut block = Block::<Aes256>::clone_from_slice(encrypted);
        cipher.decrypt_block(&mut block);
        plain.extend(block.iter().zip(before).map(|(byte, mask)| byte ^ mask));
        before.copy_from_slice(encrypted);
    }
    plain
}

/// How often any of these stands anywhere in the pages; all have the same length.
pub(super) fn count(pages: &[Vec<u8>], pieces: &[String]) -> usize {
    let pieces: std::collections::HashSet<&[u8]> =
        pieces.iter().map(|piece| piece.as_bytes()).collect();
    let Some(length) = pieces.iter().next().map(|piece| piece.len()) else {
        return 0;
    };
    assert!(pieces.iter().all(|piece| piece.len() == length));
    pages
        .iter()
        .flat_map(|page| page.windows(length))
        .filter(|window| pieces.contains(window))
        .count()
}
