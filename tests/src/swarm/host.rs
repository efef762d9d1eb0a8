//! The swarm's own side: hosts the members and does as ordered.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use sealwire_core::api::{ConversationId, ConversationState, Options, Setting};
use sealwire_core::export::ExportOptions;
use sealwire_core::{CoreError, JoinLink, parse_conversation};
use tokio::sync::mpsc;

use super::orders::{Answer, Answered, Asked, Order, View, digest};
use super::seats::{Seats, aside};
use crate::Person;
use crate::person::{handle, quick};
use crate::wait::{PATIENCE, until_within};

struct Host {
    home: PathBuf,
    seats: Seats,
}

/// Does as ordered on the standard input until it ends. Profiles lie below `home`.
///
/// # Errors
/// If an order makes no sense.
pub async fn serve(home: &Path) -> std::io::Result<()> {
    let host = Arc::new(Host {
        home: home.into(),
        seats: Seats::new(home),
    });
    let (answers, queue) = mpsc::unbounded_channel();
    std::thread::spawn(move || write_answers(queue));
    let mut orders = read_orders();
    while let Some(line) = orders.recv().await {
        let Asked { number, order } = serde_json::from_str(&line)?;
        let (host, answers) = (Arc::clone(&host), answers.clone());
        tokio::spawn(async move {
            let answer = host.obey(order).await;
            // Nobody to answer any more: the process is about to end.
            let _ = answers.send(Answered { number, answer });
        });
    }
    Ok(())
}

/// The lines of the standard input.
fn read_orders() -> mpsc::UnboundedReceiver<String> {
    let (sender, orders) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    orders
}

fn write_answers(mut queue: mpsc::UnboundedReceiver<Answered>) {
    let mut out = std::io::stdout();
    while let Some(answer) = queue.blocking_recv() {
        let mut line = serde_json::to_vec(&answer).expect("answers are JSON");
        line.push(b'\n');
        if out.write_all(&line).and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

/// Without its type, which is too deep for the compiler to see that it is `Send`.
fn boxed<'a, T>(
    work: impl Future<Output = T> + Send + 'a,
) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(work)
}

pub(super) fn words(error: CoreError) -> String {
    format!("{}: {error} ({})", error.code, error.hint)
}

fn chat_id(text: &str) -> Result<ConversationId, String> {
    parse_conversation(text).map_err(words)
}

impl Host {
    async fn member(&self, who: &str) -> Result<Arc<Person>, String> {
        self.seats.member(who).await
    }

    async fn obey(&self, order: Order) -> Result<Answer, String> {
        match order {
            Order::Enrol { who, link } => {
                let link = JoinLink::parse(&link).map_err(|error| error.to_string())?;
                let (home, name) = (self.home.clone(), who.clone());
                let person = aside(move |runtime| {
                    runtime.block_on(Person::try_enrol(&home, &name, &link, quick()))
                });
                self.seats.seat(&who, person.await?).await;
                Ok(Answer::Done)
            }
            Order::Open { who } => {
                let person = self.seats.open(&who).await?;
                self.seats.seat(&who, person).await;
                Ok(Answer::Done)
            }
            Order::OpenLater { who, passed_s } => {
                let later = Options {
                    passed_s: passed_s.into(),
                    ..quick()
                };
                let person = self.seats.open_with(&who, later).await?;
                self.seats.seat(&who, person).await;
                Ok(Answer::Done)
            }
            Order::LetSleep { most } => {
                self.seats.let_sleep(most).await;
                Ok(Answer::Done)
            }
            Order::Invite { who } => {
                let member = self.member(&who).await?;
                let link = boxed(member.invitation()).await;
                Ok(Answer::Text(link.to_text().to_string()))
            }
            Order::Create {
                who,
                title,
                members,
            } => boxed(self.create(&who, &title, &members)).await,
            Order::Warnings { who } => self.seats.warnings(&who).await.map(Answer::Warnings),
            Order::File { who, order } => {
                let member = self.member(&who).await?;
                boxed(super::files::obey(&member, order))
                    .await
                    .map_err(words)
            }
            Order::Crash => std::process::abort(),
            in_chat => boxed(self.obey_in_chat(in_chat)).await,
        }
    }

    async fn obey_in_chat(&self, order: Order) -> Result<Answer, String> {
        match order {
            Order::Join { who, chat } => {
                self.member(&who).await?.is_in(&chat_id(&chat)?).await;
            }
            Order::Send { who, chat, text } => {
                let member = self.member(&who).await?;
                let sent = member.send(&chat_id(&chat)?, &text).await;
                sent.map_err(words)?;
            }
            Order::Say { who, chat, text } => {
                let member = self.member(&who).await?;
                let said = member.try_say(&chat_id(&chat)?, &text).await;
                said.map_err(words)?;
            }
            Order::Rename { who, chat, title } => {
                let member = self.member(&who).await?;
                let change = member.rename(&chat_id(&chat)?, &title).await;
                let done = member.done(change.map_err(words)?, PATIENCE).await;
                done.map_err(words)?;
            }
            Order::KeepFor { who, chat, seconds } => {
                let member = self.member(&who).await?;
                let setting = Setting::Retention(seconds);
                let change = member.set(&chat_id(&chat)?, setting).await;
                let done = member.done(change.map_err(words)?, PATIENCE).await;
                done.map_err(words)?;
            }
            Order::Await { who, chat, texts } => {
                let member = self.member(&who).await?;
                return Ok(await_texts(&member, &chat_id(&chat)?, texts).await);
            }
            Order::History { who, chat } => {
                let member = self.member(&who).await?;
                return Ok(Answer::History(member.history(&chat_id(&chat)?).await));
            }
            Order::Export { who, chat, to } => {
                let member = self.member(&who).await?;
                let options = ExportOptions {
                    files: true,
                    ..ExportOptions::default()
                };
                let exported = member.export(&chat_id(&chat)?, &to, options).await;
                exported.map_err(words)?;
            }
            Order::View { who, chat } => {
                let member = self.member(&who).await?;
                let view = view(&member, &chat_id(&chat)?).await;
                return Ok(Answer::View(view.map_err(words)?));
            }
            _ => return Err("an order without a conversation".into()),
        }
        Ok(Answer::Done)
    }

    async fn create(&self, who: &str, title: &str, members: &[String]) -> Result<Answer, String> {
        let founder = self.member(who).await?;
        let handles: Vec<_> = members.iter().map(|name| handle(name)).collect();
        let made = founder.create_conversation(title, &handles).await;
        let (chat, change) = made.map_err(words)?;
        if let Some(change) = change {
            founder.done(change, PATIENCE).await.map_err(words)?;
        }
        Ok(Answer::Text(chat.to_string()))
    }
}

/// Waits as long as messages still come in, then tells the digest.
async fn await_texts(member: &Person, chat: &ConversationId, texts: usize) -> Answer {
    let what = format!("{} having {texts} messages", member.name());
    let history = until_within(PATIENCE * 5, &what, || async {
        let history = member.history(chat).await;
        if history.len() >= texts {
            return Ok(history);
        }
        // A look reads the whole history: not too often.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        Err(format!("{} messages", history.len()))
    })
    .await;
    Answer::Text(digest(&history))
}

async fn view(member: &Person, chat: &ConversationId) -> Result<View, CoreError> {
    let info = member.conversation(chat).await?;
    Ok(View {
        active: info.state == ConversationState::Active,
        state: format!("{:?}", info.state),
        epoch: info.epoch,
        title: info.name,
        members: info.member_count,
        left_to_do: member.left_to_do().await?,
    })
}
