//! Real chat text where it is at hand, generated text in the same scripts where it is not.

use std::path::PathBuf;

const GENERATED: [&str; 7] = [
    "你好，我想吃美食街，帮我推荐一个餐馆，谢谢。",
    "今日は天気がいいですね。コーヒーを飲みませんか？",
    "안녕하세요 오늘 날씨가 참 좋네요",
    "שלום לכולם, מה שלומכם היום? הבית גדול",
    "سلام، حال شما چطور است؟ من خوبم",
    "Grüße aus der Straße, wir üben größere Sätze",
    "so I tried that :-) http://a/?b=c and it works",
];
const EMOJI: [&str; 12] = [
    "👍",
    "👍🏽",
    "😀",
    "😂",
    "❤\u{fe0f}",
    "👩\u{200d}🔬",
    "🇩🇪",
    "🍜",
    "🎉",
    "👨\u{200d}👩\u{200d}👧",
    "🔥",
    "✓",
];

/// Numbers that look random and are the same in every run (SplitMix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// One below `end`.
    pub(super) fn roll(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }

    /// One of a list.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.roll(list.len())]
    }
}

/// Messages in many scripts; every third ends with one to four emoji.
pub(super) fn messages(dice: &mut Dice, most: usize) -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let mut texts = Vec::new();
    if folder.exists() {
        for name in ["crosswoz-zh", "many-languages", "ubuntu-irc"] {
            let file = std::fs::read_to_string(folder.join(format!("{name}.jsonl"))).unwrap();
            let text = |line| {
                let row: serde_json::Value = serde_json::from_str(line).unwrap();
                row["text"].as_str().unwrap().to_owned()
            };
            let mut some: Vec<String> = file.lines().map(text).collect();
            while some.len() > most / 3 {
                some.swap_remove(dice.roll(some.len()));
            }
            texts.append(&mut some);
        }
    } else {
        eprintln!("{} is absent: generated text instead", folder.display());
        texts.extend((0..most).map(|number| {
            let parts = (0..1 + number % 3).map(|_| *dice.pick(&GENERATED));
            format!("{} {number}", parts.collect::<Vec<_>>().join(" "))
        }));
    }
    for text in texts.iter_mut().step_by(3) {
        text.push(' ');
        for _ in 0..=dice.roll(4) {
            let emoji: &str = dice.pick::<&str>(&EMOJI[..]);
            text.push_str(emoji);
        }
    }
    texts
}
