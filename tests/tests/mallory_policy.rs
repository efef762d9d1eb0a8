//! Mallory and what members agreed on: timers, agents, custodians, versions. Everybody refuses
//! her commits for the same reason, and the conversation goes on.

use sealwire_core::api::Setting;
use sealwire_protocol::{
    certificate::DeviceKind,
    policy::{GroupKind, GroupPolicy, GroupRole, Settings},
};
use sealwire_tests::mallory::{Identity, Kit, Made, Scene, kit};
use sealwire_tests::person::one_epoch;

/// Mallory's commit with other settings.
fn changing(scene: &mut Scene, change: impl FnOnce(&mut Settings)) -> Made {
    let mut policy = scene.mallory.seat().policy();
    let mut settings = policy.settings().clone();
    change(&mut settings);
    policy.set_settings(settings).expect("within bounds");
    scene.mallory.commit_policy(&policy.encode())
}

/// Mallory's commit that adds somebody new.
fn adding(scene: &mut Scene, who: &Identity) -> Made {
    let package = Kit::default().key_package(who, kit::lifetime());
    let mut policy = scene.mallory.seat().policy();
    policy
        .set_role(who.account_public(), GroupRole::Member)
        .expect("room for one more");
    let extensions = kit::context(&policy.encode());
    let adding = package.key_package().clone();
    scene.mallory.commit(move |builder| {
        builder
            .propose_adds([adding])
            .propose_group_context_extensions(extensions)
            .expect("extensions")
    })
}

/// Fails if settings are not compared with the committer's role.
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_member_sets_timer_topic_and_rules() {
    let mut scene = Scene::open().await;
    let made = changing(&mut scene, |settings| settings.timer_s = 60);
    scene.mallory.attack(&made.draft).await;
    scene.all_are_told("this role may not Timer").await;
    let made = changing(&mut scene, |settings| settings.topic = "Mallory's".into());
    scene.mallory.attack(&made.draft).await;
    scene.all_are_told("this role may not Describe").await;
    let made = changing(&mut scene, |settings| settings.retention_s = 86_400);
    scene.mallory.attack(&made.draft).await;
    scene
        .all_are_told("only an owner may change retention")
        .await;
    let made = changing(&mut scene, |settings| {
        settings.kind = GroupKind::Announcement;
    });
    scene.mallory.attack(&made.draft).await;
    scene
        .all_are_told("only an owner may turn a group into another kind")
        .await;
    scene.all_is_well().await;
    for person in scene.honest() {
        let policy = person.policy(&scene.chat).await.expect("the rules");
        assert_eq!((policy.timer_s, policy.topic.as_str()), (0, ""));
    }
}

/// Fails if the certificate's kind is not looked at.
#[tokio::test(flavor = "multi_thread")]
async fn an_admin_adds_an_agent_where_none_are_allowed() {
    let mut scene = Scene::open().await;
    let setting = Setting::Agents("nobody".into());
    let change = scene.alice.set(&scene.chat, setting).await;
    scene.alice.made(change.expect("a wish")).await;
    scene.make_mallory("admin").await;
    let bot = Identity::of_kind("bot@acme", DeviceKind::Agent);
    let made = adding(&mut scene, &bot);
    scene.mallory.attack(&made.draft).await;
    scene.all_are_told("the group does not allow agents").await;
    scene.all_is_well().await;

    // Nor as a second device of her own.
    let own = scene.mallory.who.account.seed();
    let key = sealwire_crypto::AccountKey::from_seed(&own);
    let second = Identity::claiming_kind(key, "mallory@acme", DeviceKind::Agent);
    let package = Kit::default().key_package(&second, kit::lifetime());
    let leaf = package.key_package().clone();
    let made = scene
        .mallory
        .commit(move |builder| builder.propose_adds([leaf]));
    scene.mallory.attack(&made.draft).await;
    scene.all_are_told("are not of one kind").await;
    scene.all_is_well().await;

    // A person she may add: it was the kind that was wrong.
    let friend = Identity::new("friend@acme");
    let made = adding(&mut scene, &friend);
    scene.mallory.lead(&made).await;
    scene.all_is_well().await;
}

/// Fails if an older version is taken for a policy like any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_goes_back_to_version_1() {
    let mut scene = Scene::open().await;
    scene.make_mallory("owner").await;
    let old = version_1(&scene.mallory_policy());
    assert_eq!(GroupPolicy::parse(&old).map(|old| old.version()), Ok(1));
    let made = scene.mallory.commit_policy(&old);
    scene.mallory.attack(&made.draft).await;
    scene
        .all_are_told("a policy never goes back to an older version")
        .await;
    scene.all_is_well().await;
}

/// The policy's bytes without what version 2 added.
fn version_1(policy: &[u8]) -> Vec<u8> {
    let last = policy.windows(3).position(|at| at == [0x40, 0x03, 0x48]);
    let mut bytes = policy[..last.expect("who may post") + 2].to_vec();
    bytes[1] = 1;
    bytes
}

/// Fails if a required custodian can be taken out.
#[tokio::test(flavor = "multi_thread")]
async fn an_admin_removes_the_required_custodian() {
    let mut scene = Scene::open().await;
    scene.make_mallory("admin").await;
    let records = Identity::of_kind("records@acme", DeviceKind::Custodian);
    let made = adding(&mut scene, &records);
    scene.mallory.lead(&made).await;
    one_epoch(&scene.honest(), &scene.chat).await;
    let change = scene
        .alice
        .set(&scene.chat, Setting::CustodianRequired(true))
        .await;
    scene.alice.made(change.expect("a wish")).await;
    scene.all_is_well().await;

    let mut policy = scene.mallory.seat().policy();
    policy
        .remove(&records.account_public())
        .expect("the custodian is in it");
    let extensions = kit::context(&policy.encode());
    let leaf = scene.mallory.seat().leaf_of("records@acme");
    let made = scene.mallory.commit(move |builder| {
        builder
            .propose_removals([leaf])
            .propose_group_context_extensions(extensions)
            .expect("extensions")
    });
    scene.mallory.attack(&made.draft).await;
    scene.all_are_told("the last one would go").await;
    scene.all_is_well().await;
}
