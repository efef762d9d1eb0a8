//! The test's side of a swarm.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sealwire_core::JoinLink;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;

use super::orders::{Answer, Answered, Asked, Order, View};
use crate::person::Line as Said;
use crate::programs;
use crate::relay::memory_kib;

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Result<Answer, String>>>>>;

/// What the process's death leaves of an order.
const ENDED: &str = "the swarm's process has ended";

/// A process with many members. It may be killed and started again while others still ask it.
pub struct Swarm {
    home: PathBuf,
    wrapper: Vec<String>,
    orders: AtomicU64,
    line: tokio::sync::Mutex<Option<Line>>,
    process: Mutex<Option<Child>>,
}

/// The way to one process, and who waits for its answers: another process knows nothing of them.
struct Line {
    orders: ChildStdin,
    waiting: Waiting,
}

/// Answers that a test can go on with, or the end of the test.
pub trait Tested<T> {
    /// The value.
    ///
    /// # Panics
    /// With the swarm's words if the order failed.
    fn well(self) -> T;
}

impl<T> Tested<T> for Result<T, String> {
    #[track_caller]
    fn well(self) -> T {
        match self {
            Ok(value) => value,
            Err(words) => panic!("the swarm says: {words}"),
        }
    }
}

impl Swarm {
    /// Starts a process whose members' profiles lie below `home`.
    pub async fn start(home: &Path) -> Self {
        Self::start_under(home, &[]).await
    }

    /// As [`Swarm::start`], run by another program, such as `prlimit --fsize=1000000`.
    pub async fn start_under(home: &Path, wrapper: &[&str]) -> Self {
        let swarm = Self {
            home: home.into(),
            wrapper: wrapper.iter().map(ToString::to_string).collect(),
            orders: AtomicU64::new(0),
            line: tokio::sync::Mutex::default(),
            process: Mutex::default(),
        };
        swarm.restart().await;
        swarm
    }

    /// Starts the process again, without any member.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn restart(&self) {
        self.kill().await;
        let mut words = self.wrapper.clone();
        words.push(programs::swarm().display().to_string());
        let mut process = Command::new(&words[0])
            .args(&words[1..])
            .arg(&self.home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the swarm's program runs");
        let stdout = process.stdout.take().expect("the swarm's output");
        let orders = process.stdin.take().expect("the swarm's input");
        let waiting = Waiting::default();
        tokio::spawn(hand_out(stdout, Arc::clone(&waiting)));
        *self.line.lock().await = Some(Line { orders, waiting });
        *lock(&self.process) = Some(process);
    }

    /// Ends it as a power cut would: `kill -9`.
    pub async fn kill(&self) {
        let process = lock(&self.process).take();
        if let Some(mut process) = process {
            // Fails only if it has ended by itself.
            let _ = process.kill().await;
        }
        if let Some(line) = self.line.lock().await.take() {
            // Whoever still waits hears of it.
            lock(&line.waiting).clear();
        }
    }

    /// Its process, if it runs.
    pub fn pid(&self) -> Option<u32> {
        lock(&self.process).as_ref().and_then(Child::id)
    }

    /// Its resident memory, KiB.
    pub fn memory_kib(&self) -> u64 {
        self.pid().map_or(0, memory_kib)
    }

    /// Where its members' profiles lie.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Gives an order and waits for what comes of it.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn ask(&self, order: Order) -> Result<Answer, String> {
        let number = self.orders.fetch_add(1, Ordering::Relaxed);
        let mut text = serde_json::to_vec(&Asked { number, order }).map_err(|e| e.to_string())?;
        text.push(b'\n');
        let (sender, answer) = oneshot::channel();
        {
            let mut line = self.line.lock().await;
            let line = line.as_mut().ok_or(ENDED)?;
            lock(&line.waiting).insert(number, sender);
            line.orders.write_all(&text).await.map_err(|_| ENDED)?;
        }
        answer.await.map_err(|_| ENDED.to_owned())?
    }

    async fn ask_text(&self, order: Order) -> Result<String, String> {
        match self.ask(order).await? {
            Answer::Text(text) => Ok(text),
            other => Err(format!("an answer that does not fit: {other:?}")),
        }
    }

    /// A new member joins by `link`.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn enrol(&self, who: &str, link: &JoinLink) -> Result<(), String> {
        let (who, link) = (who.into(), link.to_text().to_string());
        self.ask(Order::Enrol { who, link }).await.map(drop)
    }

    /// Closes the clients of those asked longest ago when more than `most` are open.
    ///
    /// # Errors
    /// The swarm's words.
    pub async fn let_sleep(&self, most: usize) -> Result<(), String> {
        self.ask(Order::LetSleep { most }).await.map(drop)
    }

    /// A member whose profile is there already starts working.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn open(&self, who: &str) -> Result<(), String> {
        self.ask(Order::Open { who: who.into() }).await.map(drop)
    }

    /// As [`Swarm::open`], as if so many seconds had passed.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn open_later(&self, who: &str, passed_s: u32) -> Result<(), String> {
        let who = who.into();
        self.ask(Order::OpenLater { who, passed_s }).await.map(drop)
    }

    /// Stores a message for sending.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn send(&self, who: &str, chat: &str, text: &str) -> Result<(), String> {
        let (who, chat, text) = (who.into(), chat.into(), text.into());
        self.ask(Order::Send { who, chat, text }).await.map(drop)
    }

    /// A member sets how long a conversation keeps its messages; done when that is so.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn keep_for(&self, who: &str, chat: &str, seconds: u32) -> Result<(), String> {
        let (who, chat) = (who.into(), chat.into());
        self.ask(Order::KeepFor { who, chat, seconds })
            .await
            .map(drop)
    }

    /// A member makes an invitation.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn invite(&self, who: &str) -> Result<JoinLink, String> {
        let link = self.ask_text(Order::Invite { who: who.into() }).await?;
        JoinLink::parse(&link).map_err(|error| error.to_string())
    }

    /// A member founds a conversation; gives its identifier when all are added.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn create(
        &self,
        who: &str,
        title: &str,
        members: &[String],
    ) -> Result<String, String> {
        let (who, title, members) = (who.into(), title.into(), members.to_vec());
        let order = Order::Create {
            who,
            title,
            members,
        };
        self.ask_text(order).await
    }

    /// Waits until a member is in a conversation.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn join(&self, who: &str, chat: &str) -> Result<(), String> {
        let (who, chat) = (who.into(), chat.into());
        self.ask(Order::Join { who, chat }).await.map(drop)
    }

    /// A member says something; done when it was read back from the relay.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn say(&self, who: &str, chat: &str, text: &str) -> Result<(), String> {
        let (who, chat, text) = (who.into(), chat.into(), text.into());
        self.ask(Order::Say { who, chat, text }).await.map(drop)
    }

    /// A member renames a conversation; done when that is so.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn rename(&self, who: &str, chat: &str, title: &str) -> Result<(), String> {
        let (who, chat, title) = (who.into(), chat.into(), title.into());
        self.ask(Order::Rename { who, chat, title }).await.map(drop)
    }

    /// Waits until a member's history holds `texts` messages; gives its digest.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn digest(&self, who: &str, chat: &str, texts: usize) -> Result<String, String> {
        let (who, chat) = (who.into(), chat.into());
        self.ask_text(Order::Await { who, chat, texts }).await
    }

    /// A member's history.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn history(&self, who: &str, chat: &str) -> Result<Vec<Said>, String> {
        let (who, chat) = (who.into(), chat.into());
        match self.ask(Order::History { who, chat }).await? {
            Answer::History(lines) => Ok(lines),
            other => Err(format!("an answer that does not fit: {other:?}")),
        }
    }

    /// Exports a conversation with its files into the new folder `to`.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn export(&self, who: &str, chat: &str, to: &Path) -> Result<(), String> {
        self.ask(Order::Export {
            who: who.into(),
            chat: chat.into(),
            to: to.into(),
        })
        .await
        .map(drop)
    }

    /// How a conversation stands for a member.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn view(&self, who: &str, chat: &str) -> Result<View, String> {
        let (who, chat) = (who.into(), chat.into());
        match self.ask(Order::View { who, chat }).await? {
            Answer::View(view) => Ok(view),
            other => Err(format!("an answer that does not fit: {other:?}")),
        }
    }

    /// What a member was warned of since its profile was opened.
    ///
    /// # Errors
    /// The member's words, or that the process has ended.
    pub async fn warnings(&self, who: &str) -> Result<Vec<String>, String> {
        match self.ask(Order::Warnings { who: who.into() }).await? {
            Answer::Warnings(list) => Ok(list),
            other => Err(format!("an answer that does not fit: {other:?}")),
        }
    }
}

/// Gives answers to those who asked, until the process ends.
async fn hand_out(output: ChildStdout, waiting: Waiting) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(Answered { number, answer }) = serde_json::from_str(&line) else {
            eprintln!("the swarm said something else than an answer: {line}");
            continue;
        };
        if let Some(sender) = lock(&waiting).remove(&number) {
            // Whoever asked may have given up.
            let _ = sender.send(answer);
        }
    }
    lock(&waiting).clear();
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
