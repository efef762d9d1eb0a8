//! Words that come up in many messages.

use std::collections::{HashMap, HashSet};

use jieba_rs::Jieba;
use linkify::{LinkFinder, LinkKind};
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use super::api::Keyword;

/// Words that are kept in mind; the rare ones are forgotten when there are more.
const MOST: usize = 200_000;
/// Longest word in characters; what is longer is no word.
const LONGEST: usize = 32;
/// Words that are told.
const TOLD: usize = 20;
/// A word in fewer messages tells nothing.
const LEAST_MESSAGES: u64 = 2;

/// Words that are in every text: English, German, Chinese.
const STOP: &str = "
    about after again all also and any are as at be because been before being but by can cannot could
    did do does doing done don't down each even for from get go going got had has have he her here
    him his how i if i'm in into is isn't it it's its just know let like may me more most much must my
    no not now of off ok okay on once one only or other our out over please re really right same say
    see she should so some still such sure than thank thanks that that's the their them then there
    these they thing things think this those time to too two under until up us very want was way we
    well were what when where which while who why will with would yeah yes yet you your

    aber alle alles als also am an auch auf aus bei bin bis bist bitte da damit danke dann das dass
    dein dem den denn der des dich die dir doch dort du durch ein eine einem einen einer eines er es
    etwas euch für gibt haben habe hat hatte hier ich ihm ihn ihr im immer in ist ja jetzt kann kein
    keine können mal man mehr mein meine mich mir mit muss nach nein nicht nichts noch nun nur ob oder
    ohne schon sehr sein sich sie sind so soll über um und uns unser unter vom von vor war waren was
    weil wenn wer werden wie wieder will wir wird wo zu zum zur

    一个 一下 一些 一样 一起 不会 不是 不要 不能 不过 为什么 什么 他们 任何 但是 你们 其实 其他 再见
    只是 可以 可能 各位 因为 因此 大家 如何 如果 它们 对于 就是 已经 应该 开始 怎么 怎么样 怎样 我们
    所以 所有 时候 是否 是的 有些 有的 没有 没事 然后 现在 的话 这个 这么 这些 这样 这里 还是 还有 那个
    那么 那些 那样 那里 自己 谢谢 需要 非常 好的 知道 觉得 今天 明天 昨天
";

/// Counts in how many messages each word is.
#[derive(Default)]
pub(super) struct Words {
    counts: HashMap<String, u64>,
    stop: HashSet<&'static str>,
    /// Where Chinese words end. Takes a moment and some 100 MB, so only where there is Chinese.
    chinese: Option<Jieba>,
}

impl Words {
    /// Counts the words of a message, each once.
    pub(super) fn add(&mut self, text: &str) {
        if self.stop.is_empty() {
            self.stop = STOP.split_whitespace().collect();
        }
        for word in self.words(text) {
            if let Some(count) = self.counts.get_mut(&word) {
                *count += 1;
                continue;
            }
            if self.counts.len() >= MOST {
                self.counts.retain(|_, count| *count > 1);
            }
            if self.counts.len() < MOST {
                self.counts.insert(word, 1);
            }
        }
    }

    /// The words of a text that tell something. Addresses are none.
    fn words(&mut self, text: &str) -> HashSet<String> {
        let mut found = HashSet::new();
        let mut finder = LinkFinder::new();
        finder.kinds(&[LinkKind::Url, LinkKind::Email]);
        for span in finder.spans(text).filter(|span| span.kind().is_none()) {
            for (chinese, run) in runs(span.as_str()) {
                if chinese {
                    let jieba = self.chinese.get_or_insert_with(Jieba::new);
                    let cut = jieba.cut(run, true);
                    found.extend(cut.into_iter().map(|token| token.word.to_owned()));
                } else {
                    found.extend(run.unicode_words().map(str::to_lowercase));
                }
            }
        }
        found.retain(|word| self.tells(word));
        found
    }

    fn tells(&self, word: &str) -> bool {
        let length = word.chars().count();
        // One Chinese character is rarely a word, one or two letters are none.
        let least = if word.chars().all(is_chinese) { 2 } else { 3 };
        (least..=LONGEST).contains(&length)
            && word.chars().any(char::is_alphabetic)
            && !self.stop.contains(word)
    }

    /// The words in most messages.
    pub(super) fn finish(self) -> Vec<Keyword> {
        let mut words: Vec<Keyword> = self
            .counts
            .into_iter()
            .filter(|(_, messages)| *messages >= LEAST_MESSAGES)
            .map(|(word, messages)| Keyword { word, messages })
            .collect();
        words.sort_by(|a, b| (b.messages, &a.word).cmp(&(a.messages, &b.word)));
        words.truncate(TOLD);
        words
    }
}

fn is_chinese(c: char) -> bool {
    c.script() == Script::Han
}

/// The text in runs that are Chinese and runs that are not.
fn runs(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let chinese = is_chinese(rest.chars().next()?);
        let end = rest.find(|c| is_chinese(c) != chinese);
        let (run, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        Some((chinese, run))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(texts: &[&str]) -> Vec<(String, u64)> {
        let mut words = Words::default();
        texts.iter().for_each(|text| words.add(text));
        let words = words.finish().into_iter();
        words.map(|found| (found.word, found.messages)).collect()
    }

    #[test]
    fn words_count_once_a_message_and_those_of_every_text_not_at_all() {
        assert_eq!(
            counted(&[
                "The plan, the PLAN, the plan!",
                "and the plan? https://plan.example/lunch lunch",
                "Lunch for you and bob@plan.example",
            ]),
            [("lunch".to_owned(), 2), ("plan".to_owned(), 2)]
        );
    }

    #[test]
    fn chinese_words_are_told_apart() {
        let words = counted(&[
            "我们下午在会议室见面",
            "会议室在三楼，下午见",
            "Meeting 会议室 ok",
        ]);
        assert!(words.contains(&("会议室".to_owned(), 3)), "{words:?}");
        assert!(words.contains(&("下午".to_owned(), 2)), "{words:?}");
        assert!(!words.iter().any(|(word, _)| word == "我们"), "{words:?}");
    }

    #[test]
    fn hostile_text_fills_nothing() {
        let long = "x".repeat(100_000);
        assert!(counted(&[&long, &long, "\u{202e}\0", "12345 12345", "12345"]).is_empty());
        let mut words = Words::default();
        for number in 0..MOST + 1_000 {
            words.add(&format!("word{number}"));
        }
        assert!(words.counts.len() <= MOST);
    }
}
