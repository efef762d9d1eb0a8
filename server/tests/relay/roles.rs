//! Each role is let in exactly where the table of the protocol says.

use reqwest::Method;
use sealwire_protocol::account::{MemberInfo, Members, NewInvitation, OrgRole, RoleChange};
use sealwire_protocol::certificate::DeviceKind;
use sealwire_protocol::problem::Code;

use crate::support::Relay;

/// Method, path, and who is let in: owner, admin, member, auditor (`u`), agent (`g`).
const ROUTES: &[(&str, &str, &str)] = &[
    ("GET", "organisation", "oamug-"),
    ("PUT", "organisation", "o"),
    ("GET", "me", "oamug"),
    ("POST", "invitations", "oa"),
    ("GET", "invitations", "oa"),
    ("DELETE", "invitations/1", "oa"),
    ("GET", "members", "oamug"),
    ("POST", "members/nobody@acme/suspend", "oa"),
    ("POST", "members/nobody@acme/resume", "oa"),
    ("PUT", "members/nobody@acme/role", "o"),
    ("GET", "oversight/requests", "oau"),
    ("GET", "oversight/health", "oau"),
    ("GET", "directory/alice@acme", "oamug"),
    ("POST", "devices", "oamug"),
    ("DELETE", "devices/00", "oamug"),
    ("POST", "key-packages", "oamg"),
    ("GET", "key-packages", "oamg"),
    ("GET", "inbox", "oamg"),
    ("POST", "inbox/ack", "oamg"),
];

#[tokio::test]
async fn every_route_with_every_role() {
    let relay = Relay::new();
    let (_, alice) = relay.alice().await;
    let mut callers = vec![('o', Some(alice.clone())), ('-', None)];
    for (letter, handle, role) in [
        ('a', "anna@acme", OrgRole::OrgAdmin),
        ('m', "bob@acme", OrgRole::OrgMember),
        ('u', "ulla@acme", OrgRole::Auditor),
        ('g', "bot@acme", OrgRole::Agent),
    ] {
        let (_, token) = relay.join(&alice, handle, role).await;
        callers.push((letter, Some(token)));
    }
    for (method, path, allowed) in ROUTES {
        for (letter, token) in &callers {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            // A body that is refused as malformed, if the caller gets that far.
            let path = format!("/account/v1/{path}");
            let response = relay
                .request(method.clone(), &path, token.as_deref())
                .body("{")
                .send()
                .await
                .expect("sent");
            let status = response.status().as_u16();
            let stopped = matches!(status, 401 | 403);
            assert_eq!(
                !stopped,
                allowed.contains(*letter),
                "{method} {path} as {letter}: {status}"
            );
        }
    }
}

#[tokio::test]
async fn an_administrator_cannot_rise_or_act_above() {
    let relay = Relay::new();
    let (_, alice) = relay.alice().await;
    let (_, anna) = relay.join(&alice, "anna@acme", OrgRole::OrgAdmin).await;
    for role in [OrgRole::OrgOwner, OrgRole::OrgAdmin] {
        let new = NewInvitation {
            code_hash: [3u8; 32].into(),
            role,
            kind: DeviceKind::Person,
            expires_in_s: 60,
        };
        let refused = relay
            .tell(Method::POST, "invitations", Some(&anna), &new)
            .await;
        assert_eq!(refused.expect_err("above").code, Code::Forbidden);
    }
    for handle in ["alice@acme", "anna@acme"] {
        let path = format!("members/{handle}/suspend");
        let refused = relay.tell(Method::POST, &path, Some(&anna), &()).await;
        assert_eq!(refused.expect_err("above").code, Code::Forbidden);
    }
}

#[tokio::test]
async fn the_last_owner_stays() {
    let relay = Relay::new();
    let (_, alice) = relay.alice().await;
    let (_, _) = relay.join(&alice, "bob@acme", OrgRole::OrgMember).await;
    let change = async |handle: &str, role| {
        let path = format!("members/{handle}/role");
        relay
            .tell(Method::PUT, &path, Some(&alice), &RoleChange { role })
            .await
    };
    let refused = change("alice@acme", OrgRole::OrgMember).await;
    assert_eq!(refused.expect_err("last").code, Code::LastOwner);
    let path = "members/alice@acme/suspend";
    let refused = relay.tell(Method::POST, path, Some(&alice), &()).await;
    assert_eq!(refused.expect_err("last").code, Code::LastOwner);
    change("bob@acme", OrgRole::OrgOwner).await.expect("raised");
    change("alice@acme", OrgRole::OrgMember)
        .await
        .expect("lowered");
    let refused = change("alice@acme", OrgRole::OrgOwner).await;
    assert_eq!(refused.expect_err("acts at once").code, Code::Forbidden);
    let members: Members = relay.get("members", Some(&alice)).await.expect("listed");
    let roles: Vec<_> = members
        .members
        .iter()
        .map(|MemberInfo { handle, role, .. }| (handle.as_str(), *role))
        .collect();
    let expected = [
        ("alice@acme", OrgRole::OrgMember),
        ("bob@acme", OrgRole::OrgOwner),
    ];
    assert_eq!(roles, expected);
    let rest: Members = relay
        .get("members?after=alice@acme", Some(&alice))
        .await
        .expect("listed");
    assert_eq!(rest.members.len(), 1);
    let refused = relay
        .tell(Method::PUT, "members/nobody@acme/role", Some(&alice), &())
        .await;
    assert_eq!(refused.expect_err("lowered").code, Code::Forbidden);
}
