//! Names of roles, actions and kinds, as people write and read them.

use sealwire_protocol::{
    certificate::DeviceKind,
    policy::{Action, GroupRole, LeastRole},
};

use crate::error::{CoreError, ErrorKind, Result};

const ROLES: [(&str, GroupRole); 4] = [
    ("owner", GroupRole::Owner),
    ("admin", GroupRole::Admin),
    ("member", GroupRole::Member),
    ("reader", GroupRole::Reader),
];

const ACTIONS: [(&str, Action); 4] = [
    ("add", Action::Add),
    ("remove", Action::Remove),
    ("rename", Action::Rename),
    ("post", Action::Post),
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
            "choose one of add, remove, rename and post",
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
