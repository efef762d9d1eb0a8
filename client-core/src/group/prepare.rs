//! What a wish needs from the relay before a commit can be built: directory and key packages.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use sealwire_crypto::{AccountPublic, SignContext, Signature};
use sealwire_protocol::{
    account::{B64, DirectoryEntry},
    certificate::{DeviceCertificate, UnverifiedCertificate},
    handle::Handle,
    ids::{DeviceId, LogId},
    proof::revocation_message,
};

use super::changed_key;
use crate::{
    core::Core,
    error::{CoreError, ErrorKind, Result},
    mls::{DeferredProvider, check_key_package},
    net,
    store::{self, ContactRow, Kind, Seat, Wish},
    transparency,
};

/// Key packages are fetched this many at a time, each on a connection of its own.
const FETCHES: usize = 8;

/// Key packages of one device that are tried.
const TRIES: u32 = 4;

/// A contact with the devices that the directory shows for it now.
pub(crate) struct Looked {
    pub(crate) contact: ContactRow,
    pub(crate) devices: Vec<DeviceCertificate>,
    /// Devices that the account itself has withdrawn.
    pub(crate) revoked: Vec<DeviceId>,
    /// The account may not sign in.
    pub(crate) suspended: bool,
}

fn unknown(handle: &Handle) -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "unknown_handle",
        format!("nobody in the organisation is called {handle}"),
        "check the spelling; `sealwire contact list` shows whom you know",
    )
}

/// Asks the directory for a handle and notes the account key: trusted on first use.
pub(crate) async fn lookup(core: &Core, handle: &Handle) -> Result<Looked> {
    let entry = transparency::directory_entry(core, handle)
        .await?
        .ok_or_else(|| unknown(handle))?;
    let account = AccountPublic::from_bytes(&entry.account_key.0).map_err(|_| lying(handle))?;
    let devices = check_directory(handle, &account, &entry, core.now_s())?;
    let revoked = revoked_devices(&account, &entry);
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let kind = Kind::Listed(entry.kind);
    let noted = store::note_contact(&mut tx, handle, &account, kind, core.now_ms()).await?;
    store::looked_up(&mut tx, handle).await?;
    let mut events = Vec::new();
    if noted.newly_changed {
        changed_key::tell(core, &mut tx, &noted.contact, None, &mut events).await?;
    }
    tx.commit().await?;
    drop(conn);
    events.into_iter().for_each(|event| core.emit(event));
    Ok(Looked {
        contact: noted.contact,
        devices,
        revoked,
        suspended: entry.suspended,
    })
}

/// The devices that `account` has withdrawn: without its signature a relay could have anybody's
/// devices taken out of their groups.
fn revoked_devices(account: &AccountPublic, entry: &DirectoryEntry) -> Vec<DeviceId> {
    let verified = entry.revocations.iter().filter_map(|revocation| {
        let device = DeviceId::from_slice(&revocation.device.0).ok()?;
        let signature = Signature(revocation.signature.0.as_slice().try_into().ok()?);
        let message = revocation_message(&device, revocation.at_s);
        account
            .verify(SignContext::Revocation, &message, &signature)
            .ok()?;
        Some(device)
    });
    verified.collect()
}

/// The directory says something that is not so.
pub(crate) fn lying(handle: &Handle) -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        "bad_directory",
        format!("the relay's directory entry for {handle} does not verify"),
        "do not send anything to them; tell your administrator",
    )
}

/// Verifies a directory answer; returns the devices that may be added now.
pub(crate) fn check_directory(
    handle: &Handle,
    account: &AccountPublic,
    entry: &DirectoryEntry,
    now_s: u64,
) -> Result<Vec<DeviceCertificate>> {
    if entry.handle != handle.to_string() {
        return Err(lying(handle));
    }
    let mut devices = Vec::new();
    for bytes in &entry.certificates {
        let certificate = UnverifiedCertificate::parse(&bytes.0)
            .and_then(UnverifiedCertificate::verify)
            .map_err(|_| lying(handle))?;
        let whose = certificate.account() == account && certificate.handle() == handle;
        // Nobody is a custodian whom the directory, and so its log, does not call one.
        if !whose || certificate.kind() != entry.kind {
            return Err(lying(handle));
        }
        if certificate.valid_at(now_s) {
            devices.push(certificate);
        }
    }
    Ok(devices)
}

/// Refuses somebody whose key changed, or who is suspended or has no device.
async fn usable(core: &Core, handle: &Handle) -> Result<Vec<DeviceCertificate>> {
    let looked = lookup(core, handle).await?;
    if looked.contact.key_changed() {
        return Err(CoreError::new(
            ErrorKind::Untrusted,
            "untrusted_identity",
            format!("the directory now shows another key for {handle} than before"),
            format!(
                "ask them in person whether they made a new account; until then nothing is sent \
                 to the new key. `sealwire contact show {handle}` shows both"
            ),
        ));
    }
    if looked.suspended {
        return Err(CoreError::new(
            ErrorKind::Policy,
            "account_suspended",
            format!("the account of {handle} is suspended"),
            "an administrator of the organisation can let it in again",
        ));
    }
    if looked.devices.is_empty() {
        return Err(CoreError::new(
            ErrorKind::Usage,
            "no_device",
            format!("{handle} has no device that can be added"),
            "ask them to open Sealwire, then repeat",
        ));
    }
    Ok(looked.devices)
}

/// Fetches what `wish` needs. The own account's other devices come along when people are added.
pub(crate) async fn prepare(core: &Core, log: &LogId, wish: &Wish) -> Result<Vec<Seat>> {
    match wish {
        Wish::Add { handles, .. } => {
            let devices = wanted(core, log, handles).await?;
            fetch_seats(core, devices, Vec::new()).await
        }
        Wish::Admit {
            handle,
            device,
            key_package,
            ..
        } => {
            let mut devices = wanted(core, log, std::slice::from_ref(handle)).await?;
            let brought = brought_seat(core, &devices, device, key_package)?;
            devices.retain(|device| {
                brought
                    .iter()
                    .all(|(known, _)| known.device() != device.device())
            });
            fetch_seats(core, devices, brought).await
        }
        Wish::SeatDevice {
            device,
            key_package,
            ..
        } => seat_from_request(core, log, device, key_package).await,
        _ => Ok(Vec::new()),
    }
}

/// The devices of these people, and this account's others, that have no leaf yet.
async fn wanted(core: &Core, log: &LogId, handles: &[String]) -> Result<Vec<DeviceCertificate>> {
    let mut devices = Vec::new();
    for handle in handles {
        let handle = Handle::parse(handle).map_err(CoreError::internal)?;
        devices.extend(usable(core, &handle).await?);
    }
    for device in lookup(core, &core.identity.handle).await?.devices {
        let mine = device.account() == &core.identity.account;
        if mine && device.device() != core.identity.device {
            devices.push(device);
        }
    }
    let seated = seated_devices(core, log).await?;
    devices.retain(|device| !seated.contains(&device.device()));
    Ok(devices)
}

/// The seat for the device that asked by a link, if the key package it brought is still good.
fn brought_seat(
    core: &Core,
    devices: &[DeviceCertificate],
    device: &str,
    key_package: &str,
) -> Result<Vec<(DeviceCertificate, Seat)>> {
    let device = store::device_of(device)?;
    let bytes = data_encoding::BASE64
        .decode(key_package.as_bytes())
        .map_err(CoreError::internal)?;
    let provider = DeferredProvider::new(&core.crypto);
    let good = |certificate: &&DeviceCertificate| {
        certificate.device() == device
            && check_key_package(&provider, &bytes, certificate, core.now_s()).is_ok()
    };
    let found = devices.iter().find(good);
    Ok(found
        .map(|certificate| {
            let seat = Seat {
                certificate: B64::from(certificate.as_bytes()),
                key_package: B64(bytes.clone()),
            };
            (certificate.clone(), seat)
        })
        .into_iter()
        .collect())
}

async fn seated_devices(core: &Core, log: &LogId) -> Result<BTreeSet<DeviceId>> {
    let mut conn = core.db.readers.acquire().await?;
    let members = store::members(&mut conn, log).await?;
    Ok(members.iter().map(DeviceCertificate::device).collect())
}

/// Takes a key package for each device. A device without a usable one is left out as long as its
/// account keeps another; it will ask for its leaf when it is back. `brought` are seats that need
/// no fetching.
async fn fetch_seats(
    core: &Core,
    devices: Vec<DeviceCertificate>,
    brought: Vec<(DeviceCertificate, Seat)>,
) -> Result<Vec<Seat>> {
    let taken: Vec<(DeviceCertificate, Result<Seat>)> = stream::iter(devices)
        .map(|certificate| async move {
            let seat = fetch_seat(core, &certificate).await;
            (certificate, seat)
        })
        .buffered(FETCHES)
        .collect()
        .await;
    let own = core.identity.account;
    let mut seats = Vec::new();
    let mut missing = Vec::new();
    let mut reached = BTreeSet::new();
    for (certificate, seat) in brought {
        reached.insert(*certificate.account());
        seats.push(seat);
    }
    for (certificate, seat) in taken {
        match seat {
            Ok(seat) => {
                reached.insert(*certificate.account());
                seats.push(seat);
            }
            Err(error) if error.is_transient() => return Err(error),
            Err(_) if *certificate.account() == own => {}
            Err(error) => missing.push((*certificate.account(), error)),
        }
    }
    match missing
        .into_iter()
        .find(|(account, _)| !reached.contains(account))
    {
        Some((_, error)) => Err(error),
        None => Ok(seats),
    }
}

/// Takes key packages of a device until one is usable; old ones may lie before the fresh ones.
async fn fetch_seat(core: &Core, certificate: &DeviceCertificate) -> Result<Seat> {
    let mut tries = 0;
    let mut refused: Option<CoreError> = None;
    loop {
        let taken = net::take_key_package(&core.identity.endpoint, &certificate.device()).await;
        let (key_package, last_resort) = match (taken, refused.take()) {
            (Ok(taken), _) => taken,
            // Why the last one was refused says more than that there is no other.
            (Err(error), Some(refused)) if error.code == "no_key_package" => return Err(refused),
            (Err(error), _) => return Err(error),
        };
        tries += 1;
        let provider = DeferredProvider::new(&core.crypto);
        match check_key_package(&provider, &key_package, certificate, core.now_s()) {
            Ok(_) => {
                return Ok(Seat {
                    certificate: B64::from(certificate.as_bytes()),
                    key_package: B64(key_package),
                });
            }
            Err(error) if last_resort || tries == TRIES => return Err(error),
            Err(error) => refused = Some(error),
        }
    }
}

/// A rejoin request brings its key package; the directory says whether the device still counts.
async fn seat_from_request(
    core: &Core,
    log: &LogId,
    device: &str,
    key_package: &str,
) -> Result<Vec<Seat>> {
    let device = store::device_of(device)?;
    let key_package = data_encoding::BASE64
        .decode(key_package.as_bytes())
        .map_err(CoreError::internal)?;
    let accounts: Vec<Handle> = {
        let mut conn = core.db.readers.acquire().await?;
        let members = store::members(&mut conn, log).await?;
        let mut handles: Vec<_> = members.iter().map(|leaf| leaf.handle().clone()).collect();
        handles.sort();
        handles.dedup();
        handles
    };
    let form = sealwire_protocol::mls_form::KeyPackageForm::parse(&key_package)
        .map_err(CoreError::internal)?;
    let claimed = UnverifiedCertificate::parse(form.identity)
        .and_then(UnverifiedCertificate::verify)
        .map_err(CoreError::internal)?;
    if !accounts.contains(claimed.handle()) || claimed.device() != device {
        return Ok(Vec::new());
    }
    let current = usable(core, claimed.handle()).await?;
    Ok(current
        .into_iter()
        .filter(|certificate| certificate.device() == device)
        .map(|certificate| Seat {
            certificate: B64::from(certificate.as_bytes()),
            key_package: B64(key_package.clone()),
        })
        .collect())
}
