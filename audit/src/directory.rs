//! What the directory logs of one handle, and what follows from it.
//!
//! Each entry is a commitment to one [`DirectoryEvent`]. Whoever has opened all entries
//! of a handle's index, in order, knows with [`Standing`] which account key, devices and
//! revocations the relay must show everybody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Malformed;

const WHAT: &str = "directory event";

/// Bytes in lower-case hexadecimal.
mod hex {
    use data_encoding::HEXLOWER;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<const N: usize, S: Serializer>(
        bytes: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(bytes))
    }

    pub(super) fn deserialize<'de, const N: usize, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(Error::custom)?;
        bytes.try_into().map_err(|_| Error::custom("wrong length"))
    }
}

/// What an account is, and with it all its devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountKind {
    /// A person, of which an entry says nothing.
    #[default]
    Person,
    /// A bot.
    Agent,
    /// A records custodian.
    Custodian,
}

impl AccountKind {
    const fn is_person(&self) -> bool {
        matches!(self, Self::Person)
    }
}

/// One change of what the directory says of a handle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum DirectoryEvent {
    /// The handle was given to an account.
    Account {
        /// `alice@acme`.
        handle: String,
        /// The account key, 32 bytes.
        #[serde(with = "hex")]
        key: [u8; 32],
        /// What it is.
        #[serde(default, skip_serializing_if = "AccountKind::is_person")]
        kind: AccountKind,
    },
    /// A device was added, or its certificate renewed.
    Device {
        /// Its id, 16 bytes.
        #[serde(with = "hex")]
        device: [u8; 16],
        /// SHA-256 of its certificate.
        #[serde(with = "hex")]
        certificate: [u8; 32],
    },
    /// A device was revoked.
    Revocation {
        /// Its id.
        #[serde(with = "hex")]
        device: [u8; 16],
        /// When, in seconds since 1970, as the account key has signed it.
        at: u64,
    },
    /// The account may not sign in.
    Suspended,
    /// The account may sign in again.
    Resumed,
    /// The account is erased. Nothing before this entry can be opened any more.
    Erased,
}

impl DirectoryEvent {
    /// The event as it is committed to.
    ///
    /// # Errors
    /// [`Malformed`] if it has no JSON.
    pub fn to_value(&self) -> Result<Value, Malformed> {
        serde_json::to_value(self).map_err(|_| Malformed::new(WHAT, "has no JSON"))
    }

    /// Reads an event whose commitment was opened.
    ///
    /// # Errors
    /// [`Malformed`] if it is of no known form.
    pub fn from_value(value: &Value) -> Result<Self, Malformed> {
        let event = Self::deserialize(value).ok();
        // Members that an event does not have are not always refused by serde.
        event
            .filter(|event| event.to_value().as_ref() == Ok(value))
            .ok_or(Malformed::new(WHAT, "is of no known form"))
    }
}

/// What the directory must say of a handle, after some of its entries.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Standing {
    /// Nobody has the handle.
    #[default]
    Nobody,
    /// An account has it.
    Account(Account),
    /// Its account was erased.
    Erased,
}

/// An account by its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its handle.
    pub handle: String,
    /// Its key, 32 bytes.
    pub key: [u8; 32],
    /// What it is.
    pub kind: AccountKind,
    /// SHA-256 of the certificate of each device that is not revoked.
    pub devices: BTreeMap<[u8; 16], [u8; 32]>,
    /// When each device that is revoked was, in seconds since 1970.
    pub revoked: BTreeMap<[u8; 16], u64>,
    /// Whether it may not sign in.
    pub suspended: bool,
}

impl Standing {
    /// What follows from one more entry.
    ///
    /// # Errors
    /// [`Malformed`] for an event that cannot follow: of an account that is not there, a
    /// second account under one handle, a device that was revoked.
    pub fn then(self, event: DirectoryEvent) -> Result<Self, Malformed> {
        match (self, event) {
            (Self::Nobody | Self::Erased, DirectoryEvent::Account { handle, key, kind }) => {
                Ok(Self::Account(Account {
                    handle,
                    key,
                    kind,
                    devices: BTreeMap::new(),
                    revoked: BTreeMap::new(),
                    suspended: false,
                }))
            }
            // What came before cannot be opened, and need not be.
            (Self::Nobody | Self::Erased, DirectoryEvent::Erased) => Ok(Self::Erased),
            (Self::Nobody | Self::Erased, _) => {
                Err(Malformed::new(WHAT, "comes before its account"))
            }
            (Self::Account(account), event) => account.then(event),
        }
    }
}

impl Account {
    fn then(mut self, event: DirectoryEvent) -> Result<Standing, Malformed> {
        let wrong = |why| Err(Malformed::new(WHAT, why));
        match event {
            DirectoryEvent::Device {
                device,
                certificate,
            } => {
                if self.revoked.contains_key(&device) {
                    return wrong("brings a revoked device back");
                }
                self.devices.insert(device, certificate);
            }
            DirectoryEvent::Revocation { device, at } => {
                if self.devices.remove(&device).is_none() {
                    return wrong("revokes a device that is not there");
                }
                self.revoked.insert(device, at);
            }
            DirectoryEvent::Suspended => self.suspended = true,
            DirectoryEvent::Resumed => self.suspended = false,
            DirectoryEvent::Account { .. } => return wrong("gives a handle to a second account"),
            DirectoryEvent::Erased => return Ok(Standing::Erased),
        }
        Ok(Standing::Account(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DirectoryEvent::{Account as Begins, Device, Erased, Resumed, Revocation, Suspended};

    const PHONE: [u8; 16] = [1; 16];

    fn alice(key: u8) -> DirectoryEvent {
        Begins {
            handle: "alice@acme".to_owned(),
            key: [key; 32],
            kind: AccountKind::Person,
        }
    }

    fn device(certificate: u8) -> DirectoryEvent {
        Device {
            device: PHONE,
            certificate: [certificate; 32],
        }
    }

    const GONE: DirectoryEvent = Revocation {
        device: PHONE,
        at: 5,
    };

    fn fold(events: impl IntoIterator<Item = DirectoryEvent>) -> Result<Standing, Malformed> {
        events
            .into_iter()
            .try_fold(Standing::Nobody, Standing::then)
    }

    fn account(events: impl IntoIterator<Item = DirectoryEvent>) -> Account {
        match fold(events) {
            Ok(Standing::Account(account)) => account,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_account_is_what_its_entries_say() {
        let renewed = account([alice(7), device(1), device(2), Suspended]);
        assert_eq!(renewed.key, [7; 32]);
        assert_eq!(renewed.devices, BTreeMap::from([(PHONE, [2; 32])]));
        assert!(renewed.suspended);
        let revoked = account([alice(7), device(1), Suspended, Resumed, GONE]);
        assert!(revoked.devices.is_empty() && !revoked.suspended);
        assert_eq!(revoked.revoked, BTreeMap::from([(PHONE, 5)]));
    }

    #[test]
    fn erased_is_erased_until_somebody_new_comes() {
        assert_eq!(fold([alice(7), device(1), Erased]), Ok(Standing::Erased));
        assert_eq!(fold([Erased]), Ok(Standing::Erased));
        assert_eq!(account([alice(7), Erased, alice(8)]).key, [8; 32]);
    }

    #[test]
    fn what_cannot_follow_is_refused() {
        for events in [
            vec![device(1)],
            vec![Suspended],
            vec![alice(7), alice(8)],
            vec![alice(7), alice(7)],
            vec![alice(7), GONE],
            vec![alice(7), device(1), GONE, GONE],
            vec![alice(7), device(1), GONE, device(2)],
            vec![alice(7), device(1), Erased, device(1)],
        ] {
            assert!(fold(events.clone()).is_err(), "{events:?}");
        }
    }

    #[test]
    fn events_have_one_spelling() {
        let records = Begins {
            handle: "records@acme".to_owned(),
            key: [9; 32],
            kind: AccountKind::Custodian,
        };
        let spelled: Vec<String> = [
            alice(7),
            device(1),
            GONE,
            Suspended,
            Resumed,
            Erased,
            records,
        ]
        .map(|event| {
            let value = event.to_value().unwrap();
            let text = String::from_utf8(crate::canonical::to_canonical(&value).unwrap());
            assert_eq!(DirectoryEvent::from_value(&value), Ok(event));
            text.unwrap()
        })
        .to_vec();
        insta::assert_snapshot!(spelled.join("\n"));
        let mut person = alice(7).to_value().unwrap();
        person["kind"] = "person".into();
        assert!(DirectoryEvent::from_value(&person).is_err());
        let more = serde_json::json!({"type": "suspended", "who": "alice@acme"});
        for wrong in [more, serde_json::json!({"type": "device", "device": "01"})] {
            assert!(DirectoryEvent::from_value(&wrong).is_err());
        }
    }
}
