//! A cable between a client and one of several relays.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use sealwire_core::JoinLink;
use sealwire_protocol::link::RelayAddress;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Carries connections to whichever relay it is set to. Ends when dropped.
pub struct Switch {
    address: SocketAddr,
    target: Arc<Mutex<SocketAddr>>,
    /// Ends the connections of before.
    turned: watch::Sender<()>,
    _task: JoinSet<()>,
}

impl Switch {
    /// A switch that leads to `target`.
    ///
    /// # Panics
    /// If it cannot listen.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let target = Arc::new(Mutex::new(target));
        let (turned, _) = watch::channel(());
        let (to, turns) = (Arc::clone(&target), turned.clone());
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                let to = *to.lock().unwrap_or_else(PoisonError::into_inner);
                let mut turn = turns.subscribe();
                connections.spawn(async move {
                    if let Ok(mut relay) = TcpStream::connect(to).await {
                        let carry = tokio::io::copy_bidirectional(&mut client, &mut relay);
                        tokio::select! {
                            _ = carry => {}
                            _ = turn.changed() => {}
                        }
                    }
                });
            }
        });
        Self {
            address,
            target,
            turned,
            _task: task,
        }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads to another relay from now on; connections break.
    pub fn turn(&self, target: SocketAddr) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
        self.turned.send_replace(());
    }

    /// The same link, but through the switch.
    ///
    /// # Panics
    /// If the address cannot be named.
    pub fn through(&self, link: JoinLink) -> JoinLink {
        at(link, self.address)
    }
}

/// The same link, at another address.
///
/// # Panics
/// If the address cannot be named.
pub fn at(mut link: JoinLink, address: SocketAddr) -> JoinLink {
    let host = address.ip().to_string();
    link.relay = RelayAddress::new(&host, address.port()).expect("an address");
    link
}
