//! The relay as a whole: opens its parts, runs them, and ends them in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use sealwire_protocol::certificate::DeviceKind;
use sealwire_protocol::link::{JoinLink, RelayAddress};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use crate::account::{self, AccountPlane};
use crate::attest;
use crate::config::Config;
use crate::control;
use crate::data_dir::DataDir;
use crate::evidence::{self, Published};
use crate::gate::Gate;
use crate::group::{self, GroupPlane};
use crate::health;
use crate::http::with_fallbacks;
use crate::listen::{self, Listen};
use crate::pulse::{self, Sources};
use crate::refusal::Answer;
use crate::retention::{self, Retention};
use crate::tls::Certificates;
use crate::update;

const GATE_SWEEP: Duration = Duration::from_secs(60);

/// Why the relay cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("cannot listen on {0}: {1}; choose another address with --listen")]
    Listen(SocketAddr, std::io::Error),
    #[error(
        "option `public_address` is {0:?}, which is not HOST or HOST:PORT in lower case, like \
         relay.example.com:8443"
    )]
    PublicAddress(String),
    #[error("account plane: {0}")]
    Account(String),
    #[error("group plane: {0}")]
    Group(#[from] group::OpenError),
    #[error(transparent)]
    Tls(#[from] crate::tls::TlsError),
}

/// A relay that listens.
pub(crate) struct Relay {
    account: Arc<AccountPlane>,
    group: Arc<GroupPlane>,
    retention: Arc<Retention>,
    drain: CancellationToken,
    // Dropped last: the lock must outlive everything that writes.
    data: DataDir,
}

/// What was started.
pub(crate) struct Started {
    pub(crate) relay: Arc<Relay>,
    pub(crate) address: SocketAddr,
    pub(crate) owner_link: Option<Zeroizing<String>>,
    published: Published,
    config: Config,
    listener: TcpListener,
    listen: Arc<Listen>,
}

/// Opens everything and listens; nothing is served before [`Started::serve`].
pub(crate) async fn start(config: &Config, data: DataDir) -> Result<Started, StartError> {
    let drain = CancellationToken::new();
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| StartError::Listen(config.listen, error))?;
    let address = listener
        .local_addr()
        .map_err(|error| StartError::Listen(config.listen, error))?;
    let public = public_address(config, address)?;
    let certificates = Certificates::open(&config.tls, &data.join(""), public.host())?;
    let Planes { account, group } = Planes::open(config, &data, drain.clone()).await?;
    // Before anything can be added: a witness may know more of the logs than this relay does.
    let mut published = Published::default();
    account.evidence().publish_all(&mut published).await;
    let owner_link = account
        .owner_code()
        .await
        .map_err(|_| StartError::Account("cannot make the owner's invitation".into()))?
        .map(|code| {
            let link = JoinLink {
                relay: public,
                tls: certificates.mode(),
                organisation: config.organisation.clone(),
                organisation_key: None,
                code,
                secret: None,
                kind: DeviceKind::Person,
            };
            link.to_text()
        });
    let relay = Arc::new(Relay {
        retention: Retention::new(
            Arc::clone(&account),
            Arc::clone(&group),
            config.retention.clone(),
        ),
        account,
        group,
        drain: drain.clone(),
        data,
    });
    let listen = Arc::new(Listen {
        certificates: Arc::new(certificates),
        gate: Gate::new(&config.limits),
        pulse: Arc::clone(relay.account.pulse()),
        router: router(&relay),
        timeouts: config.timeouts.clone(),
        drain,
        connections: TaskTracker::new(),
    });
    Ok(Started {
        relay,
        address,
        owner_link,
        published,
        config: config.clone(),
        listener,
        listen,
    })
}

/// Both planes, without anything that listens.
pub(crate) struct Planes {
    pub(crate) account: Arc<AccountPlane>,
    pub(crate) group: Arc<GroupPlane>,
}

impl Planes {
    /// Opens the files of both.
    pub(crate) async fn open(
        config: &Config,
        data: &DataDir,
        drain: CancellationToken,
    ) -> Result<Self, StartError> {
        let account = AccountPlane::open(&data.join(""), config, drain.clone())
            .await
            .map_err(|error| StartError::Account(error.to_string()))?;
        let group = GroupPlane::open(&data.join(""), config, account.mailroom(), drain).await?;
        Ok(Self { account, group })
    }
}

fn router(relay: &Arc<Relay>) -> Router {
    with_fallbacks(
        Router::new()
            .merge(health::router(Arc::clone(relay)))
            .merge(account::router(Arc::clone(&relay.account)))
            .merge(group::router(Arc::clone(&relay.group)))
            .merge(evidence::router(Arc::clone(relay.account.evidence())))
            .merge(update::router(Arc::clone(relay.account.updates()))),
    )
}

/// What stands in the owner's link.
fn public_address(config: &Config, bound: SocketAddr) -> Result<RelayAddress, StartError> {
    let text = config.public_address.as_str();
    let wrong = || StartError::PublicAddress(text.into());
    if !text.is_empty() {
        return RelayAddress::parse(text)
            .or_else(|_| RelayAddress::new(text, bound.port()))
            .map_err(|_| wrong());
    }
    let host = if bound.ip().is_unspecified() {
        "localhost".to_owned()
    } else if bound.is_ipv6() {
        format!("[{}]", bound.ip())
    } else {
        bound.ip().to_string()
    };
    RelayAddress::new(&host, bound.port()).map_err(|_| wrong())
}

impl Started {
    /// Serves until `stop`, then lets open requests end.
    pub(crate) async fn serve(self, timeouts_drain: Duration, stop: impl Future<Output = ()>) {
        let Self {
            relay,
            published,
            config,
            listener,
            listen,
            ..
        } = self;
        let tasks = TaskTracker::new();
        let drain = relay.drain.clone();
        tasks.spawn(listen::run(listener, Arc::clone(&listen)));
        tasks.spawn(Arc::clone(&listen.certificates).watch(drain.clone()));
        tasks.spawn(sweep(Arc::clone(&listen.gate), drain.clone()));
        tasks.spawn(pulse::run(
            Sources {
                account: Arc::clone(&relay.account),
                group: Arc::clone(&relay.group),
                gate: Arc::clone(&listen.gate),
                data: relay.data.join(""),
            },
            drain.clone(),
        ));
        tasks.spawn(evidence::run(
            Arc::clone(relay.account.evidence()),
            published,
            drain.clone(),
        ));
        tasks.spawn(attest::run(
            Arc::clone(&relay.account),
            relay.data.join(""),
            config.clone(),
            drain.clone(),
        ));
        tasks.spawn(retention::schedule(
            Arc::clone(&relay.retention),
            drain.clone(),
        ));
        tasks.spawn(control::serve(
            relay.data.join(control::SOCKET),
            control::Doors {
                retention: Arc::clone(&relay.retention),
                account: Arc::clone(&relay.account),
                config,
            },
            drain.clone(),
        ));
        stop.await;
        tracing::info!("shutting down");
        drain.cancel();
        tasks.close();
        listen.connections.close();
        let ended = async {
            tasks.wait().await;
            listen.connections.wait().await;
        };
        if tokio::time::timeout(timeouts_drain, ended).await.is_err() {
            tracing::warn!("some requests did not end in time");
        }
        relay.group.close(timeouts_drain).await;
        relay.account.close().await;
    }
}

impl Relay {
    /// Whether it is shutting down.
    pub(crate) fn draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Whether the directory key is to be changed.
    pub(crate) fn directory_key_is_old(&self) -> bool {
        self.account.evidence().directory_key_is_old()
    }

    /// Whether it can serve.
    pub(crate) async fn check(&self) -> Answer<()> {
        self.account.check().await?;
        self.group.check().await
    }
}

async fn sweep(gate: Arc<Gate>, drain: CancellationToken) {
    let mut often = tokio::time::interval(GATE_SWEEP);
    loop {
        tokio::select! {
            () = drain.cancelled() => return,
            _ = often.tick() => gate.sweep(),
        }
    }
}
