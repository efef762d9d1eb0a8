use proptest::prelude::*;
use serde::de::DeserializeOwned;

use super::*;

fn b64(value: u8, len: usize) -> B64 {
    B64(vec![value; len])
}

fn organisation() -> Organisation {
    Organisation {
        name: "acme".into(),
        key: Some(b64(9, 32)),
    }
}

fn revocation() -> Revocation {
    Revocation {
        device: b64(1, 16),
        at_s: 1_700_000_000,
        signature: b64(2, 64),
    }
}

fn shown<T: Serialize + DeserializeOwned + PartialEq>(value: &T) -> String {
    let json = serde_json::to_string_pretty(value).expect("JSON");
    assert!(serde_json::from_str::<T>(&json).expect("its own JSON") == *value);
    format!(
        "{} {json}",
        std::any::type_name::<T>().rsplit("::").next().unwrap()
    )
}

#[test]
fn enrolment_and_sign_in_stay() {
    insta::assert_snapshot!(
        [
            shown(&Enrol {
                code: b64(1, 16),
                handle: "alice@acme".into(),
                account_key: b64(2, 32),
                certificate: b64(3, 8),
                proof: b64(4, 64),
                mac: b64(0, 0),
            }),
            shown(&Enrolled {
                handle: "alice@acme".into(),
                role: OrgRole::OrgMember,
                organisation: organisation(),
            }),
            shown(&ChallengeRequest { device: b64(1, 16) }),
            shown(&Challenge {
                challenge: b64(5, 32)
            }),
            shown(&SessionRequest {
                device: b64(1, 16),
                challenge: b64(5, 32),
                signature: b64(6, 64),
            }),
            shown(&Session {
                token: "header.claims.signature".into(),
                expires_in_s: 900,
                relay_time_s: 1_700_000_000,
            }),
        ]
        .join("\n")
    );
}

#[test]
fn administration_stays() {
    let invitation = |used_by: Option<&str>| Invitation {
        id: 1,
        role: OrgRole::OrgAdmin,
        kind: DeviceKind::Person,
        expires_at_s: 1_700_000_000,
        used_by: used_by.map(Into::into),
        mac: used_by.map(|_| b64(7, 32)),
    };
    insta::assert_snapshot!(
        [
            shown(&organisation()),
            shown(&Organisation {
                name: "acme".into(),
                key: None,
            }),
            shown(&PublishedPolicy {
                policy: b64(2, 8),
                statements: vec![b64(3, 8)],
            }),
            shown(&NewInvitation {
                code_hash: b64(1, 32),
                role: OrgRole::Agent,
                kind: DeviceKind::Custodian,
                expires_in_s: 3_600,
            }),
            shown(&Invitations {
                invitations: vec![invitation(None), invitation(Some("bob@acme"))],
            }),
            shown(&Members {
                members: vec![MemberInfo {
                    handle: "alice@acme".into(),
                    role: OrgRole::OrgOwner,
                    kind: DeviceKind::Person,
                    suspended: false,
                }],
            }),
            shown(&RoleChange {
                role: OrgRole::Auditor,
            }),
        ]
        .join("\n")
    );
}

#[test]
fn devices_and_inboxes_stay() {
    insta::assert_snapshot!(
        [
            shown(&Me {
                handle: "alice@acme".into(),
                role: OrgRole::OrgOwner,
                device: b64(1, 16),
            }),
            shown(&DirectoryEntry {
                handle: "alice@acme".into(),
                account_key: b64(2, 32),
                kind: DeviceKind::Custodian,
                suspended: false,
                certificates: vec![b64(3, 8)],
                revocations: vec![revocation()],
                opened: vec![OpenedEntry {
                    number: 5,
                    salt: b64(7, 32),
                    event: r#"{"type":"suspended"}"#.into(),
                }],
            }),
            shown(&DirectoryKey {
                version: 1,
                key: b64(8, 32),
            }),
            shown(&NewDevice {
                certificate: b64(3, 8),
            }),
            shown(&KeyPackages {
                one_time: vec![b64(4, 8)],
                last_resort: Some(b64(5, 8)),
            }),
            shown(&KeyPackages {
                one_time: vec![],
                last_resort: None,
            }),
            shown(&KeyPackageCount {
                one_time: 100,
                last_resort: true,
                last_resort_used: false,
            }),
            shown(&Inbox {
                items: vec![InboxItem {
                    id: 1,
                    envelope: b64(6, 8),
                }],
            }),
            shown(&InboxAck { ids: vec![1, 2] }),
        ]
        .join("\n")
    );
}

#[test]
fn requests_with_unknown_fields_are_refused() {
    let json = r#"{"device":"AQEBAQEBAQEBAQEBAQEBAQ","extra":1}"#;
    assert!(serde_json::from_str::<ChallengeRequest>(json).is_err());
}

#[test]
fn answers_with_new_fields_are_read() {
    let json = r#"{"challenge":"AQ","extra":1}"#;
    assert!(serde_json::from_str::<Challenge>(json).is_ok());
}

#[test]
fn bytes_have_one_spelling() {
    for (text, good) in [
        (r#""AQ""#, true),
        (r#""AQ==""#, false),
        (r#""AR""#, false),
        (r#""+/8""#, false),
        (r#"[1]"#, false),
    ] {
        assert_eq!(serde_json::from_str::<B64>(text).is_ok(), good, "{text}");
    }
}

#[test]
fn bytes_are_not_printed() {
    assert_eq!(format!("{:?}", b64(7, 16)), "B64(16 bytes)");
}

proptest! {
    #[test]
    fn any_text_is_one_spelling_of_bytes_or_refused(text in "[A-Za-z0-9_=-]{0,20}|.{0,20}") {
        let json = serde_json::to_string(&text).expect("JSON");
        if let Ok(bytes) = serde_json::from_str::<B64>(&json) {
            prop_assert_eq!(serde_json::to_string(&bytes).expect("JSON"), json);
        }
    }

    #[test]
    fn any_json_text_is_a_request_or_refused(text in ".{0,200}") {
        let _ = serde_json::from_str::<Enrol>(&text);
    }
}
