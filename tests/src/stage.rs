//! A relay with people around it.

use sealwire_core::api::Options;

use crate::{Person, Relay, Scratch, person::quick};

/// A relay, room for profiles, and whoever the test calls onto it.
pub struct Stage {
    /// The relay.
    pub relay: Relay,
    homes: Scratch,
    // Goes last: the relay's data is in it.
    _data: Scratch,
}

impl Stage {
    /// A fresh relay without anybody.
    pub async fn set() -> Self {
        let data = Scratch::on_disk();
        let relay = Relay::start(&data.join("relay")).await;
        Self {
            relay,
            homes: Scratch::in_memory(),
            _data: data,
        }
    }

    /// A fresh relay whose data is in memory: for tests that are not about the disk.
    pub async fn set_in_memory() -> Self {
        let data = Scratch::in_memory();
        let relay = Relay::start(&data.join("relay")).await;
        Self {
            relay,
            homes: Scratch::in_memory(),
            _data: data,
        }
    }

    /// Where the profiles are.
    pub fn homes(&self) -> &std::path::Path {
        self.homes.path()
    }

    /// The organisation's owner, who takes the link that the relay printed.
    ///
    /// # Panics
    /// If that fails.
    pub async fn owner(&self, name: &str) -> Person {
        let link = self.relay.owner_link();
        let owner = Person::try_enrol(self.homes(), name, &link, quick()).await;
        owner.unwrap_or_else(|error| panic!("{name} could not enrol: {error} ({})", error.hint))
    }

    /// Somebody whom `host` invites.
    ///
    /// # Panics
    /// If that fails.
    pub async fn guest(&self, host: &Person, name: &str) -> Person {
        self.guest_with(host, name, quick()).await
    }

    /// As [`Stage::guest`], with these options.
    ///
    /// # Panics
    /// If that fails.
    pub async fn guest_with(&self, host: &Person, name: &str, options: Options) -> Person {
        let link = host.invitation().await;
        let guest = Person::try_enrol(self.homes(), name, &link, options).await;
        guest.unwrap_or_else(|error| panic!("{name} could not enrol: {error} ({})", error.hint))
    }

    /// Alice, who owns the organisation, Bob and Carol.
    ///
    /// # Panics
    /// If one of them cannot enrol.
    pub async fn alice_bob_carol(&self) -> (Person, Person, Person) {
        let alice = self.owner("alice").await;
        let bob = self.guest(&alice, "bob").await;
        let carol = self.guest(&alice, "carol").await;
        (alice, bob, carol)
    }
}

impl Drop for Stage {
    /// Waits until the databases of those who went before are closed: SQLCipher's threads use
    /// OpenSSL, which takes itself apart when the process ends.
    fn drop(&mut self) {
        const WORKERS: &str = "sqlx-sqlite";
        const STEPS: u32 = 300;
        for _ in 0..STEPS {
            let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
                return;
            };
            let busy = threads.flatten().any(|thread| {
                std::fs::read_to_string(thread.path().join("comm"))
                    .is_ok_and(|name| name.starts_with(WORKERS))
            });
            if !busy {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}
