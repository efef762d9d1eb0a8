//! Alice, Bob, Carol and Mallory in one conversation.

use sealwire_core::api::ConversationId;
use sealwire_protocol::certificate::DeviceCertificate;

use super::Mallory;
use crate::{
    Person, Stage,
    person::{Line, handle, one_epoch},
    wait::until,
};

/// A conversation of three honest people and Mallory. Alice owns it.
pub struct Scene {
    /// Owner of organisation and conversation.
    pub alice: Person,
    /// A member.
    pub bob: Person,
    /// A member.
    pub carol: Person,
    /// A member too.
    pub mallory: Mallory,
    /// The conversation.
    pub chat: ConversationId,
    /// The relay and everybody's files.
    pub stage: Stage,
    spoken: usize,
}

impl Scene {
    /// Everybody has joined and talked once.
    pub async fn open() -> Self {
        let stage = Stage::set_in_memory().await;
        let (alice, bob, carol) = stage.alice_bob_carol().await;
        let mallory = Mallory::enrol(&alice.invitation().await).await;
        let handles = [bob.handle(), carol.handle(), handle("mallory")];
        let (chat, change) = alice
            .create_conversation("plans", &handles)
            .await
            .expect("a conversation");
        alice.made(change.expect("members to add")).await;
        bob.is_in(&chat).await;
        carol.is_in(&chat).await;
        let mut scene = Self {
            alice,
            bob,
            carol,
            mallory,
            chat,
            stage,
            spoken: 0,
        };
        scene.mallory.join().await;
        scene.all_is_well().await;
        scene
    }

    /// The honest people.
    pub fn honest(&self) -> [&Person; 3] {
        [&self.alice, &self.bob, &self.carol]
    }

    /// Gives Mallory a role, by Alice's hand.
    pub async fn make_mallory(&mut self, role: &str) {
        let change = self
            .alice
            .set_role(&self.chat, &handle("mallory"), role)
            .await;
        self.alice.made(change.expect("a change of role")).await;
        self.all_is_well().await;
    }

    /// Lets a fresh epoch begin, in which nobody has sent anything, and has Mallory follow.
    pub async fn fresh_epoch(&mut self) {
        self.spoken += 1;
        let name = format!("plans {}", self.spoken);
        let change = self.alice.rename(&self.chat, &name).await;
        self.alice.made(change.expect("a new name")).await;
        one_epoch(&self.honest(), &self.chat).await;
        self.mallory.catch_up().await;
    }

    /// Every honest member sends a message and receives the others'; all have one epoch and one
    /// history. Mallory reads along.
    pub async fn all_is_well(&mut self) {
        let people = [&self.alice, &self.bob, &self.carol];
        all_is_well(&people, &self.chat, &mut self.spoken).await;
        self.mallory.catch_up().await;
    }

    /// Each honest member was told of a refusal for this reason, and nothing else of it.
    pub async fn all_are_told(&self, reason: &str) {
        for person in self.honest() {
            person.is_told(reason).await;
        }
    }

    /// The bytes of the policy as Mallory knows it.
    pub fn mallory_policy(&mut self) -> Vec<u8> {
        self.mallory.seat().policy().encode()
    }

    /// The certificate of somebody's device, from the directory.
    pub async fn certificate_of(&self, name: &str) -> DeviceCertificate {
        let entry = self.mallory.session.directory(handle(name).as_str()).await;
        let entry = entry.expect("a directory entry");
        DeviceCertificate::from_bytes(&entry.certificates[0].0).expect("a certificate")
    }

    /// Nobody honest has seen a text.
    pub async fn nobody_saw(&self, text: &str) {
        for person in self.honest() {
            let history = person.history(&self.chat).await;
            assert!(
                history.iter().all(|line| !line.text.contains(text)),
                "{} saw what was to be refused",
                person.name()
            );
            let warnings = person.warnings();
            assert!(
                warnings.iter().all(|warning| !warning.contains(text)),
                "a warning of {} shows content",
                person.name()
            );
        }
        assert!(
            !self.stage.relay.log().contains(text),
            "the relay logs content"
        );
    }

    /// Everybody honest has this text, from Mallory.
    pub async fn all_hear(&self, text: &str) {
        for person in self.honest() {
            person.hears(&self.chat, text).await;
            let history = person.history(&self.chat).await;
            assert!(history.contains(&Line::of("mallory", text)));
        }
    }
}

/// Each of `people` sends a message and receives the others'; all have one epoch and one history.
///
/// # Panics
/// If they do not.
pub async fn all_is_well(people: &[&Person], chat: &ConversationId, number: &mut usize) {
    they_talk(people, chat, number).await;
    until("one history for all", async || {
        let first = people[0].history(chat).await;
        for person in &people[1..] {
            let theirs = person.history(chat).await;
            // Whoever joined later has less, but nothing else.
            if !first.ends_with(&theirs) && !theirs.ends_with(&first) {
                return Err(format!(
                    "{} differs: {theirs:?}, not {first:?}",
                    person.name()
                ));
            }
        }
        Ok(())
    })
    .await;
}

/// Each of `people` sends a message and receives the others', in one order; all have one epoch.
/// What they know of earlier times may differ.
///
/// # Panics
/// If they do not.
pub async fn they_talk(people: &[&Person], chat: &ConversationId, number: &mut usize) {
    for person in people {
        *number += 1;
        let text = format!("{} speaks, {number}", person.name());
        person.says(chat, &text).await;
        for other in people {
            other.hears(chat, &text).await;
        }
    }
    one_epoch(people, chat).await;
    for person in people {
        let history = person.history(chat).await;
        let newest = &history[history.len() - people.len()..];
        for (line, speaker) in newest.iter().zip(people) {
            assert_eq!(line.sender, speaker.handle().to_string(), "{newest:?}");
        }
    }
}
