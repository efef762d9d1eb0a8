//! A client a hundred commits behind: it reads everything, and it is where the others are.

use sealwire_tests::Stage;
use sealwire_tests::person::{Line, one_epoch};

const COMMITS: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_commits_are_caught_up_with() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, mut carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    carol.says(&chat, "back soon").await;
    carol.close().await;

    // While Carol is away, others change the group a hundred times and write in every epoch.
    let mut written = vec![Line::of("carol", "back soon")];
    for number in 0..COMMITS {
        let author = [&alice, &bob][number % 2];
        let change = match number % 3 {
            0 => alice.rename(&chat, &format!("name {number}")).await,
            1 => alice.update_leaf(&chat).await,
            _ => bob.update_leaf(&chat).await,
        };
        [&alice, &alice, &bob][number % 3]
            .made(change.expect("a wish"))
            .await;
        let text = format!("after change {number}");
        author.says(&chat, &text).await;
        written.push(Line::of(author.name(), &text));
    }

    // Carol comes back with something she had written before she knew of any of this.
    carol.reopen().await;
    carol.says(&chat, "what have I missed?").await;
    written.push(Line::of("carol", "what have I missed?"));
    let epoch = one_epoch(&[&alice, &bob, &carol], &chat).await;
    assert!(epoch >= COMMITS as u64);
    for person in [&alice, &bob, &carol] {
        person.hears(&chat, "what have I missed?").await;
        assert_eq!(person.history(&chat).await, written, "{}", person.name());
        assert_eq!(person.warnings(), Vec::<String>::new(), "{}", person.name());
    }
}
