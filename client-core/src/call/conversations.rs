//! Calls about conversations, their members and rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{handles, id, settle, shown::plain, table::calls};
use crate::{
    Client, CoreError, Result,
    api::{
        Action, ChatLinkInfo, ChatLinkTerms, ConversationInfo, ConversationState, GroupRole,
        JoinRequestInfo, MemberInfo, MessageInfo, MessageKind, NewChatLinkInfo, PolicyInfo,
        Setting,
    },
    insight::Insight,
    words::action_word,
};

/// Characters of a preview.
const PREVIEW: usize = 120;

/// Which conversations to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// All that are not archived.
    All,
    /// With something unread, or marked so.
    Unread,
    /// In which this account is mentioned and has not looked.
    Mentions,
    /// Between two people.
    Direct,
    /// Between more.
    Groups,
    /// Muted.
    Muted,
    /// Archived.
    Archived,
}

/// The newest message of a conversation in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Preview {
    /// The whole message but its text, which is cut and without marks.
    #[serde(flatten)]
    pub message: MessageInfo,
    /// It carries so many files.
    pub files: usize,
}

/// A conversation as a list shows it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ConversationRow {
    /// The conversation.
    #[serde(flatten)]
    pub info: ConversationInfo,
    /// Its newest message.
    pub preview: Option<Preview>,
    /// Something was begun to write.
    pub draft: bool,
}

/// What stands above an open conversation, and what this account may do in it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ConversationHead {
    /// The conversation.
    pub info: ConversationInfo,
    /// Its rules; `None` if it is imported or works no longer.
    pub policy: Option<PolicyInfo>,
    /// Agents in it: they read everything.
    pub agents: Vec<String>,
    /// Records custodians in it: they keep everything.
    pub custodians: Vec<String>,
    /// Text can be sent now.
    pub can_send: bool,
    /// What of the rules' actions this account may do.
    pub may: BTreeMap<String, bool>,
}

async fn rows(
    client: &Client,
    filter: Filter,
    folder: Option<&str>,
) -> Result<Vec<ConversationRow>> {
    let now_ms = client.core.now_ms();
    let mut infos: Vec<ConversationInfo> = client
        .conversations()
        .await?
        .into_iter()
        .filter(|info| belongs(info, filter, now_ms))
        .filter(|info| folder.is_none_or(|folder| info.local.folder == folder))
        .collect();
    // Stable: what is not pinned stays in the order of its newest message.
    infos.sort_by_key(|info| match info.local.pinned {
        0 => u32::MAX,
        pinned => pinned,
    });
    let mut rows = Vec::with_capacity(infos.len());
    for info in infos {
        let id = id(&info.id)?;
        rows.push(ConversationRow {
            preview: preview(client, &id).await?,
            draft: client.draft(&id).await?.is_some(),
            info,
        });
    }
    Ok(rows)
}

fn belongs(info: &ConversationInfo, filter: Filter, now_ms: u64) -> bool {
    let muted = info.local.muted_until.is_some_and(|until| until > now_ms);
    let direct = info.kind == "direct";
    if filter == Filter::Archived {
        return info.local.archived;
    }
    !info.local.archived
        && match filter {
            Filter::All | Filter::Archived => true,
            Filter::Unread => info.unread > 0 || info.local.marked_unread,
            Filter::Mentions => info.mentions_unread > 0,
            Filter::Direct => direct,
            Filter::Groups => !direct,
            Filter::Muted => muted,
        }
}

async fn preview(client: &Client, id: &crate::api::ConversationId) -> Result<Option<Preview>> {
    let Some(mut message) = client.newest_messages(id, 1).await?.pop() else {
        return Ok(None);
    };
    if message.kind == MessageKind::Text {
        message.text = plain(&message.text, PREVIEW);
    }
    let files = client.attachments_of(&message).await?.len();
    Ok(Some(Preview { message, files }))
}

async fn head(client: &Client, conversation: &str) -> Result<ConversationHead> {
    let id = id(conversation)?;
    let info = client.conversation(&id).await?;
    let working = matches!(
        info.state,
        ConversationState::Active | ConversationState::Rejoining
    );
    let policy = match info.state {
        ConversationState::Active => Some(client.policy(&id).await?),
        _ => None,
    };
    let members = match policy {
        Some(_) => client.members(&id).await?,
        None => Vec::new(),
    };
    let of_kind = |kind: &str| {
        let those = members.iter().filter(|member| member.kind == kind);
        those.map(|member| member.handle.clone()).collect()
    };
    let role = info
        .role
        .as_deref()
        .and_then(|role| crate::words::parse_role(role).ok());
    let may: BTreeMap<String, bool> = Action::ALL
        .into_iter()
        .map(|action| {
            (
                action_word(action).to_owned(),
                may(role, policy.as_ref(), action),
            )
        })
        .collect();
    let custodian_there = policy
        .as_ref()
        .is_none_or(|policy| !policy.custodian_required || policy.custodian_present);
    Ok(ConversationHead {
        can_send: working && custodian_there && may.get(action_word(Action::Post)) == Some(&true),
        agents: of_kind("agent"),
        custodians: of_kind("custodian"),
        info,
        policy,
        may,
    })
}

fn may(role: Option<GroupRole>, policy: Option<&PolicyInfo>, action: Action) -> bool {
    let least = policy
        .and_then(|policy| policy.permissions.get(action_word(action)))
        .and_then(|least| crate::words::parse_least_role(least).ok());
    matches!((role, least), (Some(role), Some(least)) if role.is_at_least(least))
}

calls! {
    /// The list of conversations: pinned ones first, then the one with the newest message.
    conversation_rows { filter: Filter, folder: Option<String> } -> Vec<ConversationRow> = |client| {
        rows(client, filter, folder.as_deref()).await
    };
    /// One conversation.
    conversation { conversation: String } -> ConversationInfo = |client| client.conversation(&id(&conversation)?).await;
    /// What stands above an open conversation, and what may be done in it.
    conversation_head { conversation: String } -> ConversationHead = |client| head(client, &conversation).await;
    /// The members in order of handle.
    members { conversation: String } -> Vec<MemberInfo> = |client| client.members(&id(&conversation)?).await;
    /// Founds a conversation; gives its identifier at once, and adds the members after that.
    create_conversation { name: String, members: Vec<String>, announcement: Option<bool> } -> String = |client| {
        let people = handles(client, &members)?;
        let (id, _) = match announcement {
            Some(true) => client.create_announcement(&name, &people).await?,
            _ => client.create_conversation(&name, &people).await?,
        };
        Ok::<_, CoreError>(id.to_string())
    };
    /// The one conversation with somebody: finds it, or founds it.
    direct { handle: String } -> String = |client| {
        let (id, _) = client.direct(&client.parse_handle(&handle)?).await?;
        Ok::<_, CoreError>(id.to_string())
    };
    /// Adds people.
    add_members { conversation: String, members: Vec<String> } -> () = |client| {
        let people = handles(client, &members)?;
        let change = client.add_members(&id(&conversation)?, &people).await?;
        settle(client, Some(change)).await
    };
    /// Removes somebody.
    remove_member { conversation: String, handle: String } -> () = |client| {
        let change = client.remove_member(&id(&conversation)?, &client.parse_handle(&handle)?).await?;
        settle(client, Some(change)).await
    };
    /// Gives the conversation another name.
    rename { conversation: String, name: String } -> () = |client| {
        let change = client.rename(&id(&conversation)?, &name).await?;
        settle(client, Some(change)).await
    };
    /// Gives a member another role: owner, admin, member or reader.
    set_role { conversation: String, handle: String, role: String } -> () = |client| {
        let change = client.set_role(&id(&conversation)?, &client.parse_handle(&handle)?, &role).await?;
        settle(client, Some(change)).await
    };
    /// Says from which role on an action is allowed.
    set_permission { conversation: String, action: String, least: String } -> () = |client| {
        let change = client.set_permission(&id(&conversation)?, &action, &least).await?;
        settle(client, Some(change)).await
    };
    /// Changes what the members agree on.
    change_setting { conversation: String, setting: Setting } -> () = |client| {
        let change = client.set(&id(&conversation)?, setting).await?;
        settle(client, Some(change)).await
    };
    /// Asks to leave.
    leave { conversation: String } -> () = |client| client.leave(&id(&conversation)?).await;
    /// Notifies of nothing until a time, milliseconds since the Unix epoch; `null` ends it.
    mute { conversation: String, until: Option<u64> } -> () = |client| client.mute(&id(&conversation)?, until).await;
    /// Keeps it at the top of the list, or no longer.
    pin { conversation: String, pinned: bool } -> () = |client| client.pin(&id(&conversation)?, pinned).await;
    /// Takes it out of the ordinary list, or puts it back.
    archive { conversation: String, archived: bool } -> () = |client| client.archive(&id(&conversation)?, archived).await;
    /// Marks it to come back to.
    mark_unread { conversation: String } -> () = |client| client.mark_unread(&id(&conversation)?).await;
    /// Puts it into a folder; an empty name takes it out.
    set_folder { conversation: String, folder: String } -> () = |client| client.set_folder(&id(&conversation)?, &folder).await;
    /// Makes a link by which people may ask to be let in; it is shown this once.
    make_chat_link { conversation: String, role: String, uses: u32, expires_in_s: u64 } -> NewChatLinkInfo = |client| {
        let terms = ChatLinkTerms { role, uses, expires_in_s };
        client.make_chat_link(&id(&conversation)?, &terms).await
    };
    /// Links made earlier.
    chat_links { conversation: String } -> Vec<ChatLinkInfo> = |client| client.chat_links(&id(&conversation)?).await;
    /// Makes a link worthless.
    withdraw_chat_link { number: i64 } -> () = |client| client.withdraw_chat_link(number).await;
    /// Who asks to be let into a conversation.
    join_requests {} -> Vec<JoinRequestInfo> = |client| client.join_requests().await;
    /// Lets somebody in.
    admit { number: i64 } -> () = |client| {
        let change = client.admit(number).await?;
        settle(client, Some(change)).await
    };
    /// Lets somebody not in.
    refuse { number: i64 } -> () = |client| client.refuse(number).await;
    /// Asks by a link to be let in.
    ask_to_join { link: String } -> () = |client| {
        let link = crate::ChatLink::parse(&link).map_err(|error| {
            CoreError::usage("bad_link", error.to_string(), "copy the whole link and try again")
        })?;
        client.ask_to_join(&link).await
    };
    /// Asks one's own devices, and later the members, to add this device again.
    rejoin { conversation: String } -> () = |client| client.rejoin(&id(&conversation)?, None).await;
    /// Goes on in a conversation that stopped because it may be split, without what was refused.
    stay { conversation: String } -> () = |client| client.stay(&id(&conversation)?).await;
    /// What can be counted in a conversation.
    insight { conversation: String } -> Insight = |client| client.insight(&id(&conversation)?).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::LocalSettings;

    fn info(kind: &str, unread: u64, local: LocalSettings) -> ConversationInfo {
        ConversationInfo {
            holds: Vec::new(),
            id: String::new(),
            name: String::new(),
            state: ConversationState::Active,
            member_count: 2,
            role: None,
            kind: kind.into(),
            peer: None,
            peer_kind: None,
            topic: String::new(),
            local,
            epoch: 1,
            unread,
            mentions_unread: 0,
            read_position: 0,
            newest_at: None,
        }
    }

    #[test]
    fn what_is_archived_stands_in_one_list_alone() {
        let archived = LocalSettings {
            archived: true,
            ..LocalSettings::default()
        };
        let info = info("direct", 3, archived);
        for filter in [Filter::All, Filter::Unread, Filter::Direct] {
            assert!(!belongs(&info, filter, 0));
        }
        assert!(belongs(&info, Filter::Archived, 0));
    }

    #[test]
    fn a_mute_ends() {
        let muted = LocalSettings {
            muted_until: Some(10),
            ..LocalSettings::default()
        };
        let info = info("group", 0, muted);
        assert!(belongs(&info, Filter::Muted, 9));
        assert!(!belongs(&info, Filter::Muted, 10));
        assert!(belongs(&info, Filter::Groups, 10));
    }
}
