//! What the session has: a tray, and something that shows notifications.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::StreamExt;
use zbus::{Connection, fdo::DBusProxy, names::BusName};

const TRAY: &str = "org.kde.StatusNotifierWatcher";
const NOTIFICATIONS: &str = "org.freedesktop.Notifications";

/// Which of the two are there now.
#[derive(Default)]
pub(crate) struct There {
    tray: AtomicBool,
    notifications: AtomicBool,
}

impl There {
    /// Something shows icons in a tray.
    pub(crate) fn tray(&self) -> bool {
        self.tray.load(Ordering::Relaxed)
    }

    /// Something shows notifications.
    pub(crate) fn notifications(&self) -> bool {
        self.notifications.load(Ordering::Relaxed)
    }
}

/// Looks what there is.
///
/// # Errors
/// The bus is gone.
pub(crate) async fn look(bus: &Connection, there: &There) -> zbus::Result<()> {
    let proxy = DBusProxy::new(bus).await?;
    there
        .tray
        .store(has(&proxy, TRAY).await?, Ordering::Relaxed);
    // A service that is started when it is needed counts.
    let startable = proxy.list_activatable_names().await?;
    let startable = startable.iter().any(|name| *name == NOTIFICATIONS);
    let notifications = startable || has(&proxy, NOTIFICATIONS).await?;
    there.notifications.store(notifications, Ordering::Relaxed);
    Ok(())
}

async fn has(proxy: &DBusProxy<'_>, name: &'static str) -> zbus::Result<bool> {
    Ok(proxy.name_has_owner(BusName::try_from(name)?).await?)
}

/// Looks again whenever one of the two comes or goes.
///
/// # Errors
/// The bus is gone.
pub(crate) async fn follow(bus: Connection, there: Arc<There>) -> zbus::Result<()> {
    let proxy = DBusProxy::new(&bus).await?;
    let mut changes = proxy.receive_name_owner_changed().await?;
    while let Some(change) = changes.next().await {
        let name = change.args()?.name;
        if name == TRAY || name == NOTIFICATIONS {
            look(&bus, &there).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod testing {
    use std::{
        io::{BufRead, BufReader},
        process::{Child, Command, Stdio},
    };

    use zbus::Connection;

    /// A bus of a test's own.
    pub(crate) struct Bus {
        daemon: Child,
        address: String,
    }

    impl Bus {
        pub(crate) fn start() -> Self {
            let mut daemon = Command::new("dbus-daemon")
                .args(["--session", "--nofork", "--print-address"])
                .stdout(Stdio::piped())
                .spawn()
                .expect("dbus-daemon is installed");
            let mut address = String::new();
            let stdout = daemon.stdout.take().expect("a pipe");
            BufReader::new(stdout)
                .read_line(&mut address)
                .expect("an address");
            Self {
                daemon,
                address: address.trim().to_owned(),
            }
        }

        pub(crate) async fn connect(&self) -> Connection {
            let builder = zbus::connection::Builder::address(self.address.as_str());
            builder.expect("an address").build().await.expect("the bus")
        }
    }

    impl Drop for Bus {
        fn drop(&mut self) {
            // It may have ended by itself.
            let _ = self.daemon.kill();
            let _ = self.daemon.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::{testing::Bus, *};

    #[tokio::test]
    async fn a_tray_that_comes_and_goes_is_noticed() {
        let bus = Bus::start();
        let there = Arc::new(There::default());
        let app = bus.connect().await;
        look(&app, &there).await.expect("the bus");
        assert!(!there.tray());
        let following = tokio::spawn(follow(app, Arc::clone(&there)));
        let panel = bus.connect().await;
        // Repeated: whoever follows may not listen yet.
        while !there.tray() {
            panel.release_name(TRAY).await.expect("the bus");
            panel.request_name(TRAY).await.expect("the bus");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panel.release_name(TRAY).await.expect("the bus");
        while there.tray() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        following.abort();
    }
}
