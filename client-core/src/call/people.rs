//! Calls about people, one's own account and devices.

use super::table::calls;
use crate::{
    CoreError,
    api::{AccountInfo, ContactInfo, DeviceId, DeviceInfo},
};

fn device(text: &str) -> crate::Result<DeviceId> {
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
    bytes
        .and_then(|bytes| DeviceId::from_slice(&bytes).ok())
        .ok_or_else(|| {
            CoreError::usage(
                "unknown_device",
                "there is no such device",
                "the list of devices shows all",
            )
        })
}

/// A payload that is not hexadecimal matches nothing.
fn scanned(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER
        .decode(text.as_bytes())
        .unwrap_or_default()
}

calls! {
    /// The profile's own account and device.
    account {} -> AccountInfo = |client| Ok::<_, CoreError>(client.account());
    /// Everybody this profile knows.
    contacts {} -> Vec<ContactInfo> = |client| client.contacts().await;
    /// Asks the directory for somebody and keeps the answer.
    lookup { handle: String } -> ContactInfo = |client| client.lookup(&client.parse_handle(&handle)?).await;
    /// Somebody this profile knows.
    contact { handle: String } -> ContactInfo = |client| client.contact(&client.parse_handle(&handle)?).await;
    /// What the QR code of a safety number carries: 65 bytes, hexadecimal.
    safety_qr { handle: String } -> String = |client| {
        let payload = client.safety_qr(&client.parse_handle(&handle)?).await?;
        Ok::<_, CoreError>(data_encoding::HEXLOWER.encode(&payload))
    };
    /// Whether a scanned payload, hexadecimal, is of the same two accounts and keys.
    matches_safety_qr { handle: String, payload: String } -> bool = |client| {
        client.matches_safety_qr(&client.parse_handle(&handle)?, &scanned(&payload)).await
    };
    /// The safety number that was compared and is the same, which makes a changed key count; none takes it back.
    set_verified { handle: String, number: Option<String> } -> ContactInfo = |client| {
        client.set_verified(&client.parse_handle(&handle)?, number.as_deref()).await
    };
    /// A name that only this device knows.
    set_nickname { handle: String, nickname: String } -> ContactInfo = |client| {
        client.set_nickname(&client.parse_handle(&handle)?, &nickname).await
    };
    /// Shows nothing more of somebody, or again.
    set_blocked { handle: String, blocked: bool } -> ContactInfo = |client| {
        client.set_blocked(&client.parse_handle(&handle)?, blocked).await
    };
    /// The account's own devices.
    devices {} -> Vec<DeviceInfo> = |client| client.devices().await;
    /// Shuts out a device.
    revoke_device { device: String } -> () = |client| client.revoke_device(&self::device(&device)?).await;
    /// Tells members what was received and read here, or not.
    set_receipts { on: bool } -> () = |client| client.set_receipts(on).await;
    /// Whether members are told.
    sends_receipts {} -> bool = |client| client.sends_receipts().await;
    /// Tells and shows typing, or not.
    set_typing { on: bool } -> () = |client| client.set_typing(on).await;
    /// Whether typing is told and shown.
    shows_typing {} -> bool = |client| client.shows_typing().await;
}
