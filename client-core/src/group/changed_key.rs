//! Somebody's account key is another than the one this device knows: a line in the conversations with
//! them, where people see it when they write.

use std::collections::BTreeSet;

use sealwire_protocol::{certificate::DeviceCertificate, handle::Handle, ids::ConversationId};
use sqlx::SqliteConnection;

use super::effects::add_info;
use crate::{
    api::{Event, Info},
    core::Core,
    error::Result,
    store::{self, ContactRow, History},
    transparency,
};

/// Notes who is on leaves that are new to this device, in the group whose `history` the caller has
/// open. Whoever shows another key than the known one leaves a line there; if that was not known, in
/// the other conversations with them, too.
pub(super) async fn note_leaves(
    core: &Core,
    conn: &mut SqliteConnection,
    leaves: impl Iterator<Item = &DeviceCertificate>,
    at_ms: u64,
    history: &mut History,
    events: &mut Vec<Event>,
) -> Result<()> {
    let here = history.conversation();
    let mut told: BTreeSet<&Handle> = BTreeSet::new();
    for leaf in leaves {
        let noted = transparency::note_member(core, conn, leaf, at_ms).await?;
        if !noted.contact.key_changed() || !told.insert(leaf.handle()) {
            continue;
        }
        events.push(Event::Warning {
            conversation: Some(here.to_string()),
            text: stranger(leaf.handle().as_str()),
        });
        let info = Info::KeyChanged {
            person: leaf.handle().to_string(),
        };
        add_info(conn, &info, at_ms, history, events).await?;
        if noted.newly_changed {
            tell(core, conn, &noted.contact, Some(&here), events).await?;
        }
    }
    Ok(())
}

/// Leaves a line in every conversation with `contact`, except the one that the caller writes itself.
/// What fronts are to be told once it is committed goes to `events`.
pub(super) async fn tell(
    core: &Core,
    conn: &mut SqliteConnection,
    contact: &ContactRow,
    except: Option<&ConversationId>,
    events: &mut Vec<Event>,
) -> Result<()> {
    if contact.handle == core.identity.handle {
        return Ok(());
    }
    let mut with_them = store::conversations_with(conn, &contact.handle).await?;
    // Whoever is taken out of it remains the one whom it is with.
    let direct = ConversationId::direct(&core.identity.account, &contact.account);
    if store::conversation(conn, &direct).await?.is_some() {
        with_them.insert(direct);
    }
    let info = Info::KeyChanged {
        person: contact.handle.to_string(),
    };
    for id in with_them.iter().filter(|id| Some(*id) != except) {
        let mut history = History::open(conn, id).await?;
        add_info(conn, &info, core.now_ms(), &mut history, events).await?;
        history.save(conn).await?;
        let now = core.conversation_info(conn, id).await?;
        events.extend(now.map(Event::Conversation));
    }
    Ok(())
}

/// What people are told when a group shows another key for a handle than they know.
fn stranger(handle: &str) -> String {
    format!(
        "{handle} is in this conversation with another key than the one you know. Do not trust \
         what is written under that name until you have asked them in person."
    )
}
