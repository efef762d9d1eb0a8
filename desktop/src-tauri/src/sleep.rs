//! Connecting anew after the machine has slept: the connection looks alive and is dead.

use futures_util::StreamExt;
use zbus::Connection;

/// systemd's login manager, as far as it tells of sleep.
#[zbus::proxy(
    interface = "org.freedesktop.login1.Manager",
    default_service = "org.freedesktop.login1",
    default_path = "/org/freedesktop/login1",
    gen_blocking = false
)]
trait Login {
    /// The machine is about to sleep (`true`), or has woken (`false`).
    #[zbus(signal)]
    fn prepare_for_sleep(&self, start: bool) -> zbus::Result<()>;
}

/// Calls `woke` whenever the machine has woken, for as long as the bus is there.
///
/// # Errors
/// The bus is gone.
pub(crate) async fn follow(bus: &Connection, woke: impl Fn()) -> zbus::Result<()> {
    let login = LoginProxy::new(bus).await?;
    let mut signals = login.receive_prepare_for_sleep().await?;
    while let Some(signal) = signals.next().await {
        if !signal.args()?.start {
            woke();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;

    use super::*;
    use crate::bus::testing::Bus;

    /// In the place of systemd.
    struct Manager;

    #[zbus::interface(name = "org.freedesktop.login1.Manager")]
    impl Manager {
        #[zbus(signal)]
        async fn prepare_for_sleep(
            emitter: &zbus::object_server::SignalEmitter<'_>,
            start: bool,
        ) -> zbus::Result<()>;
    }

    #[tokio::test]
    async fn waking_is_told_and_falling_asleep_is_not() {
        let bus = Bus::start();
        let place = "/org/freedesktop/login1";
        let manager = bus.connect().await;
        manager
            .object_server()
            .at(place, Manager)
            .await
            .expect("a place");
        manager
            .request_name("org.freedesktop.login1")
            .await
            .expect("the name");
        let (app, woke) = (bus.connect().await, Arc::new(Notify::new()));
        let tell = Arc::clone(&woke);
        let following = tokio::spawn(async move {
            let told = follow(&app, || tell.notify_one()).await;
            told.expect("the bus stays");
        });
        let place = manager.object_server().interface::<_, Manager>(place).await;
        let place = place.expect("it is there");
        let emitter = place.signal_emitter();
        // Repeated: whoever follows may not listen yet.
        let signals = async {
            loop {
                Manager::prepare_for_sleep(emitter, false)
                    .await
                    .expect("told");
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            () = woke.notified() => {}
            () = signals => {}
        }
        following.abort();
    }
}
