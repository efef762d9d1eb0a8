//! Answers that people write in a notification.

use sealwire_desktop_host::{Host, Notice, Problem, Target};

use crate::{
    notify::Notifier,
    words::{Words, words},
};

/// Sends an answer to where the notification leads; says in another one if it could not be sent.
pub(crate) async fn send(host: &Host, notifier: &Notifier, target: Target, text: &str) {
    let Err(problem) = host.reply(&target, text).await else {
        return;
    };
    tracing::warn!(
        code = problem.code,
        "an answer in a notification was not sent"
    );
    let words = words(&host.settings().language);
    if let Err(error) = notifier
        .show(not_sent(&problem, words, target), words)
        .await
    {
        tracing::warn!(%error, "a notification was not shown");
    }
}

/// Tells nothing of the answer: it is shown as long as the desktop likes.
fn not_sent(problem: &Problem, words: Words, target: Target) -> Notice {
    Notice {
        title: words.not_sent.to_owned(),
        body: problem.message.clone(),
        target,
        answerable: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_answers_in_vain_is_told_why() {
        let problem = Problem {
            kind: "policy".into(),
            code: "not_allowed".into(),
            message: "your role does not allow it".into(),
            hint: String::new(),
            retry_after_ms: None,
        };
        let target = Target {
            conversation: "0a".into(),
            message: None,
        };
        let notice = not_sent(&problem, words("en"), target.clone());
        assert_eq!(notice.title, "Your reply was not sent");
        assert_eq!(notice.body, "your role does not allow it");
        assert_eq!((notice.target, notice.answerable), (target, false));
    }
}
