use proptest::prelude::*;

use super::{
    reader::Reader,
    testing::{Package, Private, vector},
    *,
};
use crate::{
    ids::LogId,
    limits::{MAX_ENTRY, MAX_KEY_PACKAGE},
    log::EntryKind::{Application, Commit},
    testing::{anything, damaged},
};

const LOG: LogId = LogId([1; 32]);

fn private(change: impl FnOnce(&mut Private)) -> Vec<u8> {
    let mut message = Private::new();
    change(&mut message);
    message.bytes()
}

fn package(change: impl FnOnce(&mut Package)) -> Result<bool, FormError> {
    let mut package = Package::new();
    change(&mut package);
    KeyPackageForm::parse(&package.bytes()).map(|form| form.is_last_resort)
}

#[test]
fn a_message_in_the_grammar_gives_its_epoch() {
    assert_eq!(
        check_entry(&LOG, Application, &Private::new().bytes()),
        Ok(5)
    );
    let commit = private(|m| m.content_type = 3);
    assert_eq!(check_entry(&LOG, Commit, &commit), Ok(5));
}

#[test]
fn each_rule_of_the_grammar_refuses() {
    use FormError as E;
    let check = |change: fn(&mut Private)| check_entry(&LOG, Application, &private(change));
    assert_eq!(check(|m| m.header[0] = 2), Err(E::Version));
    for other in [0, 1, 3, 4, 5] {
        let public = private(|m| m.header[1] = other);
        assert_eq!(
            check_entry(&LOG, Application, &public),
            Err(E::WireFormat),
            "{other}"
        );
    }
    assert_eq!(check(|m| m.group_id[0] = 9), Err(E::GroupId));
    assert_eq!(check(|m| m.group_id.truncate(31)), Err(E::GroupId));
    assert_eq!(check(|m| m.content_type = 3), Err(E::ContentType));
    assert_eq!(check(|m| m.content_type = 2), Err(E::ContentType));
    assert_eq!(
        check(|m| m.authenticated_data.push(0)),
        Err(E::AuthenticatedData)
    );
    assert_eq!(check(|m| m.sender_data.truncate(27)), Err(E::SenderData));
    assert_eq!(check(|m| m.sender_data.push(0)), Err(E::SenderData));
    assert_eq!(check(|m| m.ciphertext.push(0)), Err(E::CiphertextLength));
    let commit = private(|_| {});
    assert_eq!(check_entry(&LOG, Commit, &commit), Err(E::ContentType));
}

#[test]
fn ciphertexts_come_in_steps() {
    for (len, good) in [
        (0, false),
        (255, false),
        (256, true),
        (512, true),
        (4_096, true),
        (4_352, false),
        (5_120, true),
        (16_384, true),
    ] {
        let message = private(|m| m.ciphertext = vec![0; len]);
        assert_eq!(
            check_entry(&LOG, Application, &message).is_ok(),
            good,
            "{len}"
        );
    }
}

#[test]
fn the_message_must_be_whole_and_alone() {
    let message = Private::new().bytes();
    for len in 0..message.len() {
        let cut = PrivateMessageForm::parse(&message[..len]);
        assert_eq!(cut, Err(FormError::Truncated), "{len}");
    }
    let trailing = [&message[..], &[0]].concat();
    assert_eq!(
        PrivateMessageForm::parse(&trailing),
        Err(FormError::Trailing)
    );
}

#[test]
fn messages_over_the_limit_are_not_read() {
    let long = private(|m| m.ciphertext = vec![0; MAX_ENTRY]);
    assert_eq!(PrivateMessageForm::parse(&long), Err(FormError::TooLong));
    let long = vec![0; MAX_KEY_PACKAGE + 1];
    assert_eq!(KeyPackageForm::parse(&long), Err(FormError::TooLong));
}

#[test]
fn lengths_have_their_shortest_form() {
    let read = |bytes: &[u8]| Reader::new(bytes).vector().map(<[u8]>::len);
    for len in [0, 63, 64, 16_383, 16_384, 70_000] {
        assert_eq!(read(&vector(&vec![0; len])), Ok(len));
    }
    let padded = |head: &[u8]| [head, &[0; 20_000]].concat();
    assert_eq!(read(&padded(&[0x40, 0x3f])), Err(FormError::Length));
    assert_eq!(
        read(&padded(&[0x80, 0, 0x3f, 0xff])),
        Err(FormError::Length)
    );
    assert_eq!(read(&padded(&[0xc0])), Err(FormError::Length));
    assert_eq!(read(&[0xbf, 0xff, 0xff, 0xff]), Err(FormError::Truncated));
}

#[test]
fn a_key_package_tells_what_the_relay_needs() {
    let bytes = Package::new().bytes();
    let form = KeyPackageForm::parse(&bytes).expect("in the grammar");
    assert_eq!(form.identity, b"the certificate of Alice's device");
    assert_eq!(form.signature_key, [3; 32]);
    assert_eq!((form.not_before, form.not_after), (1_000, 2_000));
    assert!(!form.is_last_resort);
    assert_eq!(package(|p| p.extensions.push((0x000a, vec![]))), Ok(true));
    // A mark inside the leaf is no mark of the package.
    assert_eq!(
        package(|p| p.leaf_extensions.push((0x000a, vec![]))),
        Ok(false)
    );
}

#[test]
fn each_rule_for_key_packages_refuses() {
    use FormError as E;
    assert_eq!(package(|p| p.header[0] = 2), Err(E::Version));
    assert_eq!(package(|p| p.header[1] = 2), Err(E::WireFormat));
    assert_eq!(package(|p| p.header[2] = 2), Err(E::Version));
    assert_eq!(package(|p| p.header[3] = 3), Err(E::CipherSuite));
    assert_eq!(package(|p| p.init_key.truncate(31)), Err(E::KeyLength));
    assert_eq!(package(|p| p.encryption_key.push(0)), Err(E::KeyLength));
    assert_eq!(package(|p| p.signature_key.clear()), Err(E::KeyLength));
    assert_eq!(package(|p| p.credential = 2), Err(E::Credential));
    for list in 0..5 {
        assert_eq!(
            package(|p| p.capabilities[list].push(0)),
            Err(E::List),
            "{list}"
        );
    }
    assert_eq!(package(|p| p.source = 2), Err(E::LeafSource));
    assert_eq!(package(|p| p.source = 3), Err(E::LeafSource));
    assert_eq!(
        package(|p| p.leaf_signature.truncate(63)),
        Err(E::SignatureLength)
    );
    assert_eq!(package(|p| p.signature.push(0)), Err(E::SignatureLength));
    let twice = vec![(0x0a0a, vec![1]), (0x0a0a, vec![1])];
    assert_eq!(package(|p| p.extensions = twice.clone()), Err(E::Extension));
    assert_eq!(package(|p| p.leaf_extensions = twice), Err(E::Extension));
    assert_eq!(
        package(|p| p.extensions = vec![(0x000a, vec![1])]),
        Err(E::Extension)
    );
    let trailing = [&Package::new().bytes()[..], &[0]].concat();
    assert_eq!(KeyPackageForm::parse(&trailing), Err(E::Trailing));
}

#[test]
fn a_key_package_must_be_whole() {
    let bytes = Package::new().bytes();
    for len in 0..bytes.len() {
        assert!(KeyPackageForm::parse(&bytes[..len]).is_err(), "{len}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_parsers_panic(bytes in anything(600)) {
        let _ = PrivateMessageForm::parse(&bytes);
        let _ = KeyPackageForm::parse(&bytes);
    }

    #[test]
    fn a_damaged_message_stays_in_the_grammar_or_is_refused(bytes in damaged(Private::new().bytes())) {
        if let Ok(epoch) = check_entry(&LOG, Application, &bytes) {
            // All that may differ are epoch and ciphertexts; their lengths follow from the total.
            let again = private(|m| m.ciphertext = bytes[bytes.len() - 256..].to_vec());
            prop_assert_eq!(bytes.len(), again.len());
            prop_assert_eq!(&bytes[..37], &again[..37]);
            prop_assert_eq!(&epoch.to_be_bytes(), &bytes[37..45]);
        }
    }

    #[test]
    fn a_damaged_key_package_does_not_panic(bytes in damaged(Package::new().bytes())) {
        if let Ok(form) = KeyPackageForm::parse(&bytes) {
            prop_assert!(form.identity.len() < bytes.len());
        }
    }
}
