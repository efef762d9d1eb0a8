//! Links to a conversation.

use super::*;
use crate::ids::ConversationId;

fn chat_link() -> ChatLink {
    let alice = alice();
    ChatLink {
        relay: RelayAddress::new("relay.acme.example", 8443).expect("an address"),
        tls: TlsMode::Pinned([5; 32]),
        organisation: "acme".into(),
        organisation_key: Some(OrganisationKey::from_seed(&secret(6)).public()),
        handle: alice.certificate.handle().clone(),
        account: alice.account.public(),
        device: alice.id(),
        conversation: ConversationId([7; 16]),
        secret: secret(9),
    }
}

#[test]
fn a_chat_link_reads_back_and_its_text_stays() {
    let made = chat_link();
    insta::assert_snapshot!(made.to_text().as_str());
    let read = ChatLink::parse(&made.to_text()).expect("its own text");
    assert_eq!(*read.to_text(), *made.to_text());
    assert_eq!(read.handle, made.handle);
    assert_eq!(read.account, made.account);
    assert_eq!(read.device, made.device);
    assert_eq!(read.conversation, made.conversation);
    assert!(read.secret.ct_eq(&[9; 32]));
}

#[test]
fn kinds_of_links_are_told_apart() {
    let text = chat_link().to_text();
    assert_eq!(
        JoinLink::parse(&text).err(),
        Some(LinkError::OtherKind("sealwire://chat/"))
    );
    assert_eq!(
        ChatLink::parse(&device_link().to_text()).err(),
        Some(LinkError::OtherKind("sealwire://link/"))
    );
    let other = text.replace("handle=alice@acme", "handle=alice@evil");
    let damaged = ChatLink::parse(&other).err();
    assert_eq!(damaged, Some(LinkError::Damaged("handle")));
}

proptest! {
    #[test]
    fn damaged_chat_links_are_refused_or_read_back(
        bytes in damaged(chat_link().to_text().as_bytes().to_vec()),
    ) {
        if let Ok(text) = String::from_utf8(bytes)
            && let Ok(link) = ChatLink::parse(&text)
        {
            let again = link.to_text();
            prop_assert_eq!(again.as_str(), text.as_str());
        }
    }
}
