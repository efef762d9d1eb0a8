//! What the front end is told without asking.

use std::{fmt, sync::Arc};

use serde::Serialize;
use serde_json::Value;

use crate::{
    link::DeepLink, settings::Settings, staging::StagedFile, state::HostState, update::UpdateState,
};

/// Something that happened.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub enum HostEvent {
    /// In the core: its event as JSON, messages ready to draw.
    Core(Arc<Value>),
    /// In the host.
    Host(Own),
}

impl fmt::Debug for HostEvent {
    /// By its name: messages are in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(value) => write!(f, "Core({})", value["event"]),
            Self::Host(own) => fmt::Debug::fmt(own, f),
        }
    }
}

/// An event of the host itself.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(rename = "OwnEvent"))]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Own {
    /// The app stands elsewhere now.
    State {
        /// Where.
        state: Box<HostState>,
    },
    /// Events were lost: read everything anew.
    Lag,
    /// The person wants to see something.
    Open {
        /// What.
        target: Target,
    },
    /// Files are dragged over the window, or no longer.
    Drag {
        /// They are.
        over: bool,
    },
    /// The files that wait to be sent are others.
    Staged {
        /// All of them.
        files: Vec<StagedFile>,
    },
    /// Somebody outside wants a link opened; the person decides.
    Link {
        /// The link.
        link: DeepLink,
    },
    /// Updates of the app stand elsewhere now.
    Update {
        /// How.
        update: Box<UpdateState>,
    },
    /// The settings are others.
    Settings {
        /// All of them.
        settings: Settings,
    },
}

/// A place to go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Target {
    /// The conversation, hexadecimal.
    pub conversation: String,
    /// The message in it, hexadecimal.
    pub message: Option<String>,
}

impl From<Own> for HostEvent {
    fn from(own: Own) -> Self {
        Self::Host(own)
    }
}
