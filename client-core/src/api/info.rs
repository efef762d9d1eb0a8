//! Lines of a history that nobody wrote.

use serde::{Deserialize, Serialize};

/// Something that happened in a conversation; people by handle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "info")]
#[non_exhaustive]
pub enum Info {
    /// This account was added.
    Welcomed {
        /// Who did it.
        by: String,
    },
    /// People were added.
    Added {
        /// Who did it.
        by: String,
        /// Whom.
        people: Vec<String>,
    },
    /// People were removed.
    Removed {
        /// Who did it.
        by: String,
        /// Whom.
        people: Vec<String>,
    },
    /// An agent was added: a program that reads all that is written from here on.
    AgentAdded {
        /// Who did it.
        by: String,
        /// Whom.
        people: Vec<String>,
    },
    /// A records custodian was added: it reads and keeps everything from here on.
    CustodianAdded {
        /// Who did it.
        by: String,
        /// Whom.
        people: Vec<String>,
    },
    /// A records custodian was removed.
    CustodianRemoved {
        /// Who did it.
        by: String,
        /// Whom.
        people: Vec<String>,
    },
    /// Further or replaced devices of people who stay.
    DeviceAdded {
        /// Who did it.
        by: String,
        /// Whose.
        people: Vec<String>,
    },
    /// Devices were taken out whose people stay.
    DeviceRemoved {
        /// Who did it.
        by: String,
        /// Whose.
        people: Vec<String>,
    },
    /// Somebody's account key is another than the one this device knows. Only this device says so.
    KeyChanged {
        /// Whose.
        person: String,
    },
    /// The conversation has another name.
    Renamed {
        /// Who did it.
        by: String,
        /// The new name.
        name: String,
    },
    /// Somebody has another role.
    RoleChanged {
        /// Who did it.
        by: String,
        /// Whose role.
        person: String,
        /// owner, admin, member or reader.
        role: String,
    },
    /// Who may do what has changed.
    RulesChanged {
        /// Who did it.
        by: String,
    },
    /// The conversation's topic is another.
    TopicChanged {
        /// Who did it.
        by: String,
        /// The new topic.
        topic: String,
    },
    /// The conversation has another picture.
    AvatarChanged {
        /// Who did it.
        by: String,
    },
    /// New messages live another time.
    TimerChanged {
        /// Who did it.
        by: String,
        /// Seconds; 0 for ever.
        timer_s: u32,
    },
    /// Messages are kept another time.
    RetentionChanged {
        /// Who did it.
        by: String,
        /// Seconds; 0 for ever.
        retention_s: u32,
    },
    /// Whether a records custodian has to be there.
    CustodianRequired {
        /// Who did it.
        by: String,
        /// It has to.
        required: bool,
    },
    /// What stands here could not be read, and the conversation goes on.
    Unreadable {
        /// Why not.
        reason: String,
    },
    /// Something else, in words.
    Other {
        /// The words.
        text: String,
    },
}

impl Info {
    /// Whether it names nobody though it should.
    pub(crate) fn concerns_nobody(&self) -> bool {
        match self {
            Self::Added { people, .. }
            | Self::AgentAdded { people, .. }
            | Self::CustodianAdded { people, .. }
            | Self::CustodianRemoved { people, .. }
            | Self::Removed { people, .. }
            | Self::DeviceAdded { people, .. }
            | Self::DeviceRemoved { people, .. } => people.is_empty(),
            _ => false,
        }
    }

    /// The line in English.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::Welcomed { by } => format!("{by} added you"),
            Self::Added { by, people } => format!("{by} added {}", list(people)),
            Self::Removed { by, people } => format!("{by} removed {}", list(people)),
            Self::AgentAdded { by, people } => format!("{by} added the agent {}", list(people)),
            Self::CustodianAdded { by, people } => format!(
                "{by} added the records custodian {}, who keeps all that is written from here on",
                list(people)
            ),
            Self::CustodianRemoved { by, people } => {
                format!("{by} removed the records custodian {}", list(people))
            }
            Self::DeviceAdded { by, people } => {
                format!("{by} added a device of {}", list(people))
            }
            Self::DeviceRemoved { by, people } => {
                format!("{by} took out a device of {}", list(people))
            }
            Self::KeyChanged { person } => format!("the key of {person} has changed"),
            Self::Renamed { by, name } => format!("{by} named the conversation “{name}”"),
            Self::RoleChanged { by, person, role } => format!("{by} made {person} {role}"),
            Self::RulesChanged { by } => format!("{by} changed who may do what"),
            Self::TopicChanged { by, topic } if topic.is_empty() => {
                format!("{by} removed the topic")
            }
            Self::TopicChanged { by, topic } => format!("{by} set the topic “{topic}”"),
            Self::AvatarChanged { by } => format!("{by} changed the picture"),
            Self::TimerChanged { by, timer_s: 0 } => {
                format!("{by} set new messages not to disappear")
            }
            Self::TimerChanged { by, timer_s } => format!(
                "{by} set new messages to disappear {} after they were read",
                span(*timer_s)
            ),
            Self::RetentionChanged { by, retention_s: 0 } => {
                format!("{by} set messages to be kept without limit")
            }
            Self::RetentionChanged { by, retention_s } => {
                format!("{by} set messages to be kept for {}", span(*retention_s))
            }
            Self::CustodianRequired { by, required: true } => {
                format!("{by} requires a records custodian here")
            }
            Self::CustodianRequired {
                by,
                required: false,
            } => {
                format!("{by} no longer requires a records custodian here")
            }
            Self::Unreadable { reason } => {
                format!("a message could not be read and is not shown: {reason}")
            }
            Self::Other { text } => text.clone(),
        }
    }
}

/// A time in its largest whole unit.
fn span(seconds: u32) -> String {
    let units = [
        (604_800, "week"),
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
    ];
    let unit = units
        .iter()
        .find(|(length, _)| seconds.is_multiple_of(*length));
    let (number, unit) = unit.map_or((seconds, "second"), |(length, unit)| {
        (seconds / length, *unit)
    });
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// At most five names.
fn list(people: &[String]) -> String {
    match people.len() {
        0..=5 => people.join(", "),
        more => format!("{} and {} others", people[..5].join(", "), more - 5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        let people: Vec<String> = (0..8).map(|n| format!("p{n}")).collect();
        let by = "alice".to_owned();
        let info = Info::Added { by, people };
        assert_eq!(
            info.in_words(),
            "alice added p0, p1, p2, p3, p4 and 3 others"
        );
    }

    #[test]
    fn the_stored_form() {
        let info = Info::RoleChanged {
            by: "alice@acme".into(),
            person: "bob@acme".into(),
            role: "admin".into(),
        };
        insta::assert_snapshot!(
            serde_json::to_string(&info).expect("JSON"),
            @r#"{"info":"role_changed","by":"alice@acme","person":"bob@acme","role":"admin"}"#
        );
        let person = "bob@acme".into();
        insta::assert_snapshot!(
            serde_json::to_string(&Info::KeyChanged { person }).expect("JSON"),
            @r#"{"info":"key_changed","person":"bob@acme"}"#
        );
        let (by, people) = ("alice@acme".into(), vec!["helper@acme".into()]);
        insta::assert_snapshot!(
            serde_json::to_string(&Info::AgentAdded { by, people }).expect("JSON"),
            @r#"{"info":"agent_added","by":"alice@acme","people":["helper@acme"]}"#
        );
    }
}
