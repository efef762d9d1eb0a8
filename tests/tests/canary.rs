//! Canaries: random words sent as messages and group names lie nowhere at the relay, neither in
//! its files nor in its memory, in no form; nor in the clients' files.

use sealwire_tests::canary::{Find, dump, forms, marker, search};
use sealwire_tests::swarm::Tested as _;
use sealwire_tests::{Relay, Scratch, Swarm};

const MESSAGES: usize = 20;

/// Everything secret that is said in this test.
struct Secrets {
    title: String,
    later_title: String,
    texts: Vec<String>,
}

impl Secrets {
    fn new() -> Self {
        Self {
            title: marker(),
            later_title: marker(),
            texts: (0..MESSAGES).map(|_| marker()).collect(),
        }
    }

    fn all(&self) -> Vec<&str> {
        let titles = [self.title.as_str(), self.later_title.as_str()];
        self.texts
            .iter()
            .map(String::as_str)
            .chain(titles)
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_word_lies_where_it_must_not() {
    let (data, homes, dumps) = (Scratch::on_disk(), Scratch::on_disk(), Scratch::on_disk());
    let relay = Relay::start(&data.join("relay")).await;
    let swarm = Swarm::start(homes.path()).await;
    swarm.enrol("alice", &relay.owner_link()).await.well();
    let link = swarm.invite("alice").await.well();
    swarm.enrol("bob", &link).await.well();

    // Alice and Bob exchange secrets, under a secret name that changes.
    let secrets = Secrets::new();
    let chat = swarm
        .create("alice", &secrets.title, &["bob".into()])
        .await
        .well();
    swarm.join("bob", &chat).await.well();
    for (number, text) in secrets.texts.iter().enumerate() {
        let author = ["alice", "bob"][number % 2];
        swarm
            .say(author, &chat, &format!("the word is {text}, remember"))
            .await
            .well();
    }
    swarm
        .rename("alice", &chat, &secrets.later_title)
        .await
        .well();
    for name in ["alice", "bob"] {
        swarm.digest(name, &chat, MESSAGES).await.well();
    }

    // The search itself works: it finds the words where they lie openly, in each form, and in the
    // memory of the members' own process.
    let words = secrets.all();
    control(&words, &dumps);
    let members = swarm.pid().expect("a running swarm");
    let core = dump(members, dumps.path())
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let found = search(&core, &words);
    assert!(
        found.iter().any(|find| find.form == "UTF-8"),
        "nothing in the members' own memory"
    );
    std::fs::remove_file(core).expect("the dump goes");

    // At the relay there is nothing: not in its files, its log or its memory.
    let core = dump(relay.pid(), dumps.path())
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        search(&core, &words),
        Vec::<Find>::new(),
        "in the relay's memory"
    );
    assert_eq!(
        search(data.path(), &words),
        Vec::<Find>::new(),
        "in the relay's files"
    );
    // What it may know, it knows: the dump and the files are the right ones.
    assert!(
        !search(data.path(), &["alice@acme"]).is_empty(),
        "not the relay's files"
    );
    assert!(
        !search(&core, &["dev-certificate.pem"]).is_empty(),
        "not the relay's memory"
    );

    // Nor in the clients' files, open or closed.
    assert_eq!(
        search(homes.path(), &words),
        Vec::<Find>::new(),
        "in the clients' files"
    );
    swarm.kill().await;
    assert_eq!(
        search(homes.path(), &words),
        Vec::<Find>::new(),
        "in what a crash leaves"
    );
}

/// Each form of each word is found in a file that holds it.
fn control(words: &[&str], dumps: &Scratch) {
    let file = dumps.join("control");
    for word in words {
        for (name, form) in forms(word) {
            std::fs::write(&file, [b"before ", form.as_slice(), b" after"].concat())
                .expect("a control file");
            let found = search(&file, words);
            assert!(
                found.iter().any(|find| find.form == name),
                "{name} was not found"
            );
        }
    }
    std::fs::remove_file(file).expect("the control goes");
}
