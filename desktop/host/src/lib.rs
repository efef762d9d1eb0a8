//! The desktop app without its window: which profile is open and how it is locked, the person's
//! settings, the calls that the front end may make, the events that it is told, and files that wait
//! to be sent.
//!
//! A program around it ([`Surroundings`]) brings what only a window system has. [`Host::call`] and
//! [`Host::events`] are all that a front end needs.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![deny(rustdoc::broken_intra_doc_links)]

mod attachment;
mod calls;
mod disk;
mod event;
mod host;
mod idle;
mod keychain;
mod life;
mod link;
mod lock;
mod notice;
mod problem;
mod qr;
mod removal;
mod secret;
mod settings;
mod staging;
mod state;
mod surroundings;
mod table;
#[cfg(feature = "types")]
pub mod types;
mod update;

pub use attachment::{Content, Form};
pub use calls::methods;
pub use event::{HostEvent, Own, Target};
pub use host::{Host, HostOptions};
pub use keychain::{Keychain, KeychainError, NoKeychain, SystemKeychain};
pub use link::{DeepLink, InvitationCheck, LinkKind};
pub use notice::Notice;
pub use problem::Problem;
pub use sealwire_core::KdfParams;
pub use settings::{Contrast, Density, NotificationContent, Settings, SettingsChange, Theme};
pub use staging::StagedFile;
pub use state::{HostState, LockKind, Phase, Platform};
pub use surroundings::{Installing, NotInstalled, Surroundings};
pub use update::{UpdateInfo, UpdateStage, UpdateState};
