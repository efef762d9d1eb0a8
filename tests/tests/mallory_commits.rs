//! Mallory commits what she may not. Each commit is well-formed and reaches everybody; everybody
//! refuses it for the same reason, says so without content, and the conversation goes on in the
//! lane where it was.

use openmls::prelude::{
    Extension, ExtensionType, Extensions, GroupContext, RequiredCapabilitiesExtension,
    UnknownExtension,
};
use sealwire_protocol::{
    ids::Lane,
    log::EntryKind,
    policy::{EXTENSION_TYPE, GroupRole},
};
use sealwire_tests::mallory::{
    Draft, Identity, Kit, PrivateMessage, Scene, forged_certificate, kit,
};

/// Random bytes in the faultless form of a commit. Fails if members stop at what does not decrypt.
#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_the_form_of_a_commit() {
    let mut scene = Scene::open().await;
    let (log, epoch) = {
        let seat = scene.mallory.seat();
        (seat.log, seat.group.epoch().as_u64())
    };
    let bytes = PrivateMessage::garbage(&log, epoch, EntryKind::Commit).encode();
    let draft = Draft::commit(bytes, Lane::random(&mut rand::rng()));
    scene.mallory.attack(&draft).await;
    scene
        .all_are_told("entry of this conversation was refused")
        .await;
    scene.all_is_well().await;

    // A commit of a past epoch, and one of an epoch that has not come.
    for epoch in [epoch - 1, epoch + 1] {
        let bytes = PrivateMessage::garbage(&log, epoch, EntryKind::Commit).encode();
        let draft = Draft::commit(bytes, Lane::random(&mut rand::rng()));
        scene.mallory.attack(&draft).await;
    }
    scene.all_are_told("epoch differs").await;
    scene.all_is_well().await;
}

/// A commit whose every part is right, except that it opens another lane than its epoch's pass:
/// who followed it would wait in a lane that nobody writes to. Fails without the check of `next`.
#[tokio::test(flavor = "multi_thread")]
async fn a_valid_commit_with_a_wrong_next() {
    let mut scene = Scene::open().await;
    let mut made = scene
        .mallory
        .commit(|builder| builder.force_self_update(true));
    made.draft.next = Some(Lane::random(&mut rand::rng()));
    scene.mallory.attack(&made.draft).await;
    scene
        .all_are_told("`next` is not the lane of the new epoch")
        .await;
    scene.all_is_well().await;

    // With the right one the same member may update her leaf: the lane was all that was wrong.
    let made = scene
        .mallory
        .commit(|builder| builder.force_self_update(true));
    scene.mallory.lead(&made).await;
    scene.all_is_well().await;
}

/// A plain member adds somebody. Fails if the policy is not asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_member_adds_somebody() {
    let mut scene = Scene::open().await;
    let friend = Identity::new("friend@acme");
    let package = Kit::default().key_package(&friend, kit::lifetime());
    let mut policy = scene.mallory.seat().policy();
    policy
        .set_role(friend.account_public(), GroupRole::Member)
        .expect("room for one more");
    let extensions = kit::context(&policy.encode());
    let adding = package.key_package().clone();
    let made = scene.mallory.commit(move |builder| {
        builder
            .propose_adds([adding])
            .propose_group_context_extensions(extensions)
            .expect("extensions")
    });
    scene.mallory.attack(&made.draft).await;
    scene.all_are_told("this role may not Add").await;

    // The same without telling the policy: a leaf that nobody answers for.
    let adding = package.key_package().clone();
    let made = scene
        .mallory
        .commit(move |builder| builder.propose_adds([adding]));
    scene.mallory.attack(&made.draft).await;
    scene.all_are_told("does not say the same of account").await;
    scene.all_is_well().await;
}

/// A plain member removes Bob, and the owner. Fails if the policy is not asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_member_removes_people() {
    let mut scene = Scene::open().await;
    let bob = scene.certificate_of("bob").await;
    let mut policy = scene.mallory.seat().policy();
    policy.remove(bob.account()).expect("Bob is in it");
    let extensions = kit::context(&policy.encode());
    let leaf = scene.mallory.seat().leaf_of("bob@acme");
    let made = scene.mallory.commit(move |builder| {
        builder
            .propose_removals([leaf])
            .propose_group_context_extensions(extensions)
            .expect("extensions")
    });
    scene.mallory.attack(&made.draft).await;
    scene.all_are_told("this role may not Remove").await;

    // Only the leaf, with the policy as it is.
    for name in ["bob@acme", "alice@acme"] {
        let leaf = scene.mallory.seat().leaf_of(name);
        let made = scene
            .mallory
            .commit(move |builder| builder.propose_removals([leaf]));
        scene.mallory.attack(&made.draft).await;
    }
    scene.all_are_told("does not say the same of account").await;
    scene.all_is_well().await;
}

/// A plain member renames the conversation, makes herself owner, and lets everybody do
/// everything. Fails if the policy's changes are not compared with the committer's role.
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_member_changes_name_roles_and_rules() {
    use sealwire_protocol::policy::{Action, LeastRole};
    let mut scene = Scene::open().await;
    let before = scene.mallory.seat().policy();
    let own = scene.mallory.who.account_public();

    let mut policy = before.clone();
    policy
        .set_name("a marker only Mallory knows")
        .expect("a name");
    let made = scene.mallory.commit_policy(&policy.encode());
    scene.mallory.attack(&made.draft).await;
    scene.all_are_told("this role may not Rename").await;

    let mut policy = before.clone();
    policy.set_role(own, GroupRole::Owner).expect("a role");
    let made = scene.mallory.commit_policy(&policy.encode());
    scene.mallory.attack(&made.draft).await;
    scene
        .all_are_told("only an owner may change, add or remove")
        .await;

    let mut policy = before.clone();
    policy.set_least(Action::Remove, LeastRole::Member);
    let made = scene.mallory.commit_policy(&policy.encode());
    scene.mallory.attack(&made.draft).await;
    scene
        .all_are_told("only an owner may change what roles may do")
        .await;

    scene.nobody_saw("a marker only Mallory knows").await;
    for person in scene.honest() {
        let info = person
            .conversation(&scene.chat)
            .await
            .expect("the conversation");
        assert_eq!(info.name, "plans");
    }
    scene.all_is_well().await;
}

/// An admin may do much, but not touch owners. Fails if roles are not told apart.
#[tokio::test(flavor = "multi_thread")]
async fn an_admin_reaches_for_the_owner() {
    let mut scene = Scene::open().await;
    scene.make_mallory("admin").await;
    let alice = scene.certificate_of("alice").await;
    let own = scene.mallory.who.account_public();
    let mut policy = scene.mallory.seat().policy();
    policy.set_role(own, GroupRole::Owner).expect("a role");
    policy
        .set_role(*alice.account(), GroupRole::Reader)
        .expect("another owner is left");
    let made = scene.mallory.commit_policy(&policy.encode());
    scene.mallory.attack(&made.draft).await;
    scene
        .all_are_told("only an owner may change, add or remove")
        .await;
    scene.all_is_well().await;

    // What an admin may do is done.
    let mut policy = scene.mallory.seat().policy();
    policy.set_name("renamed by an admin").expect("a name");
    let made = scene.mallory.commit_policy(&policy.encode());
    scene.mallory.lead(&made).await;
    scene.all_is_well().await;
    let info = scene
        .bob
        .conversation(&scene.chat)
        .await
        .expect("the conversation");
    assert_eq!(info.name, "renamed by an admin");
}

/// The group context loses the policy, gains a stranger beside it, or holds one that is none. An
/// admin may rename, so it is not the role that is refused. Fails if only the policy's own
/// changes are looked at.
#[tokio::test(flavor = "multi_thread")]
async fn extensions_that_do_not_belong_there() {
    let mut scene = Scene::open().await;
    scene.make_mallory("admin").await;
    let policy = scene.mallory.seat().policy().encode();

    let bare: Extensions<GroupContext> = Extensions::from_vec(Vec::new()).expect("none");
    let made = scene.mallory.commit(move |builder| {
        builder
            .propose_group_context_extensions(bare)
            .expect("extensions")
    });
    scene.mallory.attack(&made.draft).await;
    scene.all_are_told("not in canonical form").await;

    // Members would no longer be held to basic credentials.
    let looser: Extensions<GroupContext> = Extensions::from_vec(vec![
        Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(
            &[ExtensionType::Unknown(EXTENSION_TYPE)],
            &[],
            &[],
        )),
        Extension::Unknown(EXTENSION_TYPE, UnknownExtension(policy.clone())),
    ])
    .expect("two");
    let made = scene.mallory.commit(move |builder| {
        builder
            .propose_group_context_extensions(looser)
            .expect("extensions")
    });
    scene.mallory.attack(&made.draft).await;
    scene.all_are_told("unexpected extensions").await;

    let mut longer = policy;
    longer.extend_from_slice(&[0x48, 0x01]);
    let made = scene.mallory.commit_policy(&longer);
    scene.mallory.attack(&made.draft).await;
    scene.all_is_well().await;
}

/// Mallory's leaf takes over another account by her own commit: Bob's, with a certificate that
/// she signed herself; Bob's handle, under her own account key; her second account's. openmls
/// takes all three. Fails without the comparison of old and new leaf.
#[tokio::test(flavor = "multi_thread")]
async fn a_leaf_that_takes_over_another_account() {
    use openmls::prelude::NewSignerBundle;
    use openmls_traits::OpenMlsProvider as _;
    let mut scene = Scene::open().await;
    let bob = scene.certificate_of("bob").await;
    let second = Identity::new("mallory-two@acme");
    let named = Identity::claiming(
        sealwire_crypto::AccountKey::from_seed(&scene.mallory.who.account.seed()),
        "bob@acme",
    );
    let forged = forged_certificate(&bob, &second);
    let cases = [
        (
            &second,
            forged.as_slice(),
            "certificate is not signed by the account it names",
        ),
        (
            &named,
            named.certificate.as_bytes(),
            "takes over another account",
        ),
        (
            &second,
            second.certificate.as_bytes(),
            "takes over another account",
        ),
    ];
    for (new, certificate, reason) in cases {
        let (seat, kit, who) = scene.mallory.parts();
        let bundle = seat
            .group
            .commit_builder()
            .load_psks(kit.storage())
            .expect("no PSKs")
            .build_with_new_signer(
                kit.rand(),
                kit.crypto(),
                &who.signer(),
                NewSignerBundle {
                    signer: &new.signer(),
                    credential_with_key: new.credential_with(certificate),
                },
                |_| true,
            )
            .expect("openmls makes it")
            .stage_commit(kit)
            .expect("openmls stages it");
        let made = seat.made(kit, bundle);
        scene.mallory.attack(&made.draft).await;
        scene.all_are_told(reason).await;
        scene.all_is_well().await;
    }
}

/// A commit that refers to a proposal which the others never got: the relay takes no proposals,
/// so that a reference can only dangle. Fails if a reference were resolved from anywhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_by_reference() {
    use openmls_traits::OpenMlsProvider as _;
    let mut scene = Scene::open().await;
    let (seat, kit, who) = scene.mallory.parts();
    let leaf = seat.leaf_of("bob@acme");
    let (proposal, _) = seat
        .group
        .propose_remove_member(kit, &who.signer(), leaf)
        .expect("a proposal");
    let proposal = proposal.to_bytes().expect("bytes");
    let (commit, _, _) = seat
        .group
        .commit_to_pending_proposals(kit, &who.signer())
        .expect("a commit");
    let commit = commit.to_bytes().expect("bytes");
    seat.group
        .clear_pending_commit(kit.storage())
        .expect("memory");
    seat.group
        .clear_pending_proposals(kit.storage())
        .expect("memory");

    for kind in [EntryKind::Commit, EntryKind::Application] {
        let draft = Draft {
            kind,
            next: (kind == EntryKind::Commit).then(|| Lane::random(&mut rand::rng())),
            ..Draft::application(proposal.clone())
        };
        let refused = scene
            .mallory
            .append(&draft)
            .await
            .expect_err("no proposals");
        assert_eq!(refused.code, "grammar");
    }
    let draft = Draft::commit(commit, Lane::random(&mut rand::rng()));
    scene.mallory.attack(&draft).await;
    scene.all_are_told("missing a proposal").await;
    scene.all_is_well().await;
}
