//! Names of roles, actions and kinds, as people write and read them.

use sealwire_protocol::{
    certificate::DeviceKind,
    policy::{Action, AgentRule, GroupKind, GroupRole, LeastRole},
};

use crate::error::{CoreError, ErrorKind, Result};

const ROLES: [(&str, GroupRole); 4] = [
    ("owner", GroupRole::Owner),
    ("admin", GroupRole::Admin),
    ("member", GroupRole::Member),
    ("reader", GroupRole::Reader),
];

const ACTIONS: [(&str, Action); 8] = [
    ("add", Action::Add),
    ("remove", Action::Remove),
    ("rename", Action::Rename),
    ("post", Action::Post),
    ("mention-all", Action::MentionAll),
    ("delete", Action::Delete),
    ("describe", Action::Describe),
    ("set-timer", Action::Timer),
];

/// The word for a role.
pub(crate) fn role_word(role: GroupRole) -> &'static str {
    ROLES
        .iter()
        .find(|(_, known)| *known == role)
        .map_or("", |(word, _)| word)
}

/// The role a person named.
pub(crate) fn parse_role(text: &str) -> Result<GroupRole> {
    let found = ROLES.iter().find(|(word, _)| *word == text);
    found.map(|(_, role)| *role).ok_or_else(|| {
        CoreError::new(
            ErrorKind::Usage,
            "bad_role",
            format!("{text} is not a role"),
            "roles are owner, admin, member and reader",
        )
    })
}

/// The least role a person named for an action.
pub(crate) fn parse_least_role(text: &str) -> Result<LeastRole> {
    match parse_role(text)? {
        GroupRole::Owner => Ok(LeastRole::Owner),
        GroupRole::Admin => Ok(LeastRole::Admin),
        GroupRole::Member => Ok(LeastRole::Member),
        GroupRole::Reader => Err(CoreError::new(
            ErrorKind::Usage,
            "bad_role",
            "readers only read",
            "the least role for an action is owner, admin or member",
        )),
    }
}

/// The word for what a group is for.
pub(crate) const fn group_kind_word(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Group => "group",
        GroupKind::Direct => "direct",
        GroupKind::Announcement => "announcement",
    }
}

/// The word for who may add agents.
pub(crate) const fn agents_word(rule: AgentRule) -> &'static str {
    match rule {
        AgentRule::Nobody => "nobody",
        AgentRule::Admins => "admins",
        AgentRule::Anybody => "members",
    }
}

/// Who may add agents, as a person named it.
pub(crate) fn parse_agents(text: &str) -> Result<AgentRule> {
    [AgentRule::Nobody, AgentRule::Admins, AgentRule::Anybody]
        .into_iter()
        .find(|rule| agents_word(*rule) == text)
        .ok_or_else(|| {
            CoreError::new(
                ErrorKind::Usage,
                "bad_setting",
                format!("{text} is not who may add agents"),
                "choose nobody, admins or members",
            )
        })
}

/// The word for an action.
pub(crate) fn action_word(action: Action) -> &'static str {
    ACTIONS
        .iter()
        .find(|(_, known)| *known == action)
        .map_or("", |(word, _)| word)
}

/// The action a person named.
pub(crate) fn parse_action(text: &str) -> Result<Action> {
    let found = ACTIONS.iter().find(|(word, _)| *word == text);
    found.map(|(_, action)| *action).ok_or_else(|| {
        CoreError::new(
            ErrorKind::Usage,
            "bad_action",
            format!("{text} is not something that can be restricted"),
            "choose one of add, remove, rename, post, mention-all, delete, describe and set-timer",
        )
    })
}

/// The word for a kind of device.
pub(crate) const fn kind_word(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Person => "person",
        DeviceKind::Agent => "agent",
        DeviceKind::Custodian => "custodian",
    }
}
