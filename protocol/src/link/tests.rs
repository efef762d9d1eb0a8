use proptest::prelude::*;
use sealwire_crypto::OrganisationKey;

use super::*;
use crate::certificate::DeviceKind;
use crate::testing::{alice, damaged, rng, secret};

mod chat;

fn join_link(full: bool) -> JoinLink {
    JoinLink {
        relay: RelayAddress::new("relay.acme.example", 8443).expect("an address"),
        tls: if full {
            TlsMode::Pinned([5; 32])
        } else {
            TlsMode::WebPki
        },
        organisation: "acme".into(),
        organisation_key: full.then(|| OrganisationKey::from_seed(&secret(6)).public()),
        code: InvitationCode::from_slice(&[7; 16]).expect("16 bytes"),
        secret: full.then(|| secret(8)),
        kind: DeviceKind::Person,
    }
}

fn device_link() -> DeviceLink {
    let alice = alice();
    DeviceLink {
        relay: RelayAddress::new("[2001:db8::1]", 443).expect("an address"),
        tls: TlsMode::WebPki,
        organisation: "acme".into(),
        organisation_key: None,
        handle: alice.certificate.handle().clone(),
        account: alice.account.public(),
        device: alice.id(),
        inbox: alice.inbox.public(),
        secret: secret(9),
    }
}

fn text(link: &JoinLink) -> String {
    link.to_text().to_string()
}

fn refused(text: &str) -> LinkError {
    JoinLink::parse(text).err().expect("a refusal")
}

#[test]
fn the_text_of_links_stays() {
    insta::assert_snapshot!(
        [
            text(&join_link(true)),
            text(&join_link(false)),
            text(&JoinLink {
                kind: DeviceKind::Custodian,
                ..join_link(false)
            }),
            device_link().to_text().to_string(),
        ]
        .join("\n\n")
    );
}

#[test]
fn a_join_link_reads_back() {
    let read = JoinLink::parse(&text(&join_link(true))).expect("its own text");
    let made = join_link(true);
    assert_eq!(read.relay, made.relay);
    assert_eq!(read.tls, made.tls);
    assert_eq!(read.organisation, "acme");
    assert_eq!(read.organisation_key, made.organisation_key);
    assert_eq!(read.code.expose(), &[7; 16]);
    assert!(read.secret.expect("a secret").ct_eq(&[8; 32]));
    let custodian = JoinLink {
        kind: DeviceKind::Custodian,
        ..join_link(true)
    };
    let read = JoinLink::parse(&text(&custodian)).expect("its own text");
    assert_eq!(read.kind, DeviceKind::Custodian);
    let other = text(&custodian).replace("custodian", "person");
    assert_eq!(refused(&other), LinkError::Damaged("kind"));
    let short = JoinLink::parse(&text(&join_link(false))).expect("its own text");
    assert!(short.secret.is_none() && short.organisation_key.is_none());
}

#[test]
fn a_device_link_reads_back() {
    let made = device_link();
    let read = DeviceLink::parse(&made.to_text()).expect("its own text");
    assert_eq!(*read.to_text(), *made.to_text());
    assert_eq!(read.handle, made.handle);
    assert_eq!(read.account, made.account);
    assert_eq!(read.device, made.device);
    assert_eq!(read.inbox, made.inbox);
    assert!(read.secret.ct_eq(&[9; 32]));
}

#[test]
fn the_longest_links_fit() {
    let name = "a".repeat(63);
    let mut link = device_link();
    link.relay = RelayAddress::new(&[name.as_str(); 4].join(".")[..253], 65_535).expect("long");
    link.tls = TlsMode::Pinned([0; 32]);
    link.organisation = name.clone();
    link.organisation_key = join_link(true).organisation_key;
    link.handle = crate::handle::Handle::parse(&format!("{name}@{name}")).expect("a handle");
    assert!(link.to_text().len() <= MAX_LINK);
    assert!(DeviceLink::parse(&link.to_text()).is_ok());
}

#[test]
fn refusals_say_which_part_is_wrong() {
    let good = text(&join_link(true));
    let without_code = good.split("&code").next().expect("a beginning");
    let cases: Vec<String> = [
        "https://acme.example/",
        &device_link().to_text(),
        "sealwire://join/relay.acme.example:8443",
        &good.replace("8443", "08443"),
        &good.replace("8443", "0"),
        &good.replace("relay.acme", "Relay.acme"),
        &good.replace("pin:", "pin:A"),
        &good.replace("tls=", "ssl="),
        &good.replace("org=acme", "org=Acme"),
        &good.replace("orgkey=", "orgkey=A"),
        &good.replace("code=", "code=A"),
        without_code,
        &good.replace("secret=", "secret=A"),
        &format!("{good}&"),
        &format!("{good}&more=1"),
        &format!("{good}{}", "a".repeat(MAX_LINK)),
    ]
    .iter()
    .map(|text| refused(text).to_string())
    .collect();
    insta::assert_snapshot!(cases.join("\n"));
}

#[test]
fn parts_in_another_order_are_refused() {
    let swapped = text(&join_link(false)).replace("tls=ca&org=acme", "org=acme&tls=ca");
    assert_eq!(refused(&swapped), LinkError::Missing("tls"));
}

#[test]
fn a_device_link_for_another_organisation_is_refused() {
    let mixed = device_link().to_text().replace("org=acme", "org=zeta");
    assert_eq!(
        DeviceLink::parse(&mixed).err(),
        Some(LinkError::Damaged("handle"))
    );
}

#[test]
fn addresses_have_one_spelling() {
    for good in [
        "localhost:1",
        "127.0.0.1:443",
        "[::1]:443",
        "a.example:65535",
    ] {
        let address = RelayAddress::parse(good).expect(good);
        assert_eq!(address.to_string(), good);
    }
    for bad in [
        "localhost",
        ":443",
        "localhost:",
        "localhost:0",
        "localhost:+1",
        "localhost:65536",
        "127.1:443",
        "[::0]:443",
        "::1:443",
        "LOCALHOST:443",
        "bücher.example:443",
        "a&b:443",
        "user@host:443",
    ] {
        assert!(RelayAddress::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_relay_learns_the_hash_of_a_code() {
    let code = InvitationCode::generate(&mut rng());
    assert_eq!(code.hash(), sealwire_crypto::sha256(&[code.expose()]));
}

proptest! {
    #[test]
    fn any_text_is_a_link_in_its_one_spelling_or_refused(text in "(sealwire://(join|link)/)?.{0,200}") {
        if let Ok(link) = JoinLink::parse(&text) {
            prop_assert!(*link.to_text() == text);
        }
        if let Ok(link) = DeviceLink::parse(&text) {
            prop_assert!(*link.to_text() == text);
        }
    }

    #[test]
    fn a_damaged_join_link_is_another_link_or_refused(
        bytes in damaged(text(&join_link(true)).into_bytes())
    ) {
        if let Ok(text) = std::str::from_utf8(&bytes) && let Ok(link) = JoinLink::parse(text) {
            prop_assert!(*link.to_text() == text);
        }
    }

    #[test]
    fn a_damaged_device_link_is_another_link_or_refused(
        bytes in damaged(device_link().to_text().as_bytes().to_vec())
    ) {
        if let Ok(text) = std::str::from_utf8(&bytes) && let Ok(link) = DeviceLink::parse(text) {
            prop_assert!(*link.to_text() == text);
        }
    }
}
