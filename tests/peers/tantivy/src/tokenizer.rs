//! Words: Chinese ones by jieba, others as they stand between what is no letter and no digit.

use std::sync::LazyLock;

use jieba_rs::Jieba;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

static JIEBA: LazyLock<Jieba> = LazyLock::new(Jieba::new);

/// Of Chinese words, the shorter ones within are tokens, too.
#[derive(Clone, Default)]
pub(crate) struct Words;

/// The tokens of a text. Positions count letters and digits, and whatever stands between two runs of
/// them as one more: so a phrase is found whatever it is spaced with, but none reaches over a gap.
pub(crate) struct Tokens {
    tokens: Vec<Token>,
    /// How many were given out; the newest of them is the present one.
    given: usize,
}

impl Tokenizer for Words {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        Tokens {
            tokens: tokens(text),
            given: 0,
        }
    }
}

impl TokenStream for Tokens {
    fn advance(&mut self) -> bool {
        self.given += 1;
        self.given <= self.tokens.len()
    }

    fn token(&self) -> &Token {
        &self.tokens[self.given - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokens[self.given - 1]
    }
}

/// What a character belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Han,
    Other,
    Nothing,
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}' => {
                Self::Han
            }
            _ if c.is_alphanumeric() => Self::Other,
            _ => Self::Nothing,
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut position = 0;
    let mut start = 0;
    let mut class = Class::Nothing;
    let ends = text.char_indices().map(|(at, c)| (at, Class::of(c)));
    for (at, next) in ends.chain([(text.len(), Class::Nothing)]) {
        if next != class {
            add(text, start, at, class, &mut position, &mut tokens);
            start = at;
            class = next;
        }
    }
    tokens
}

/// Adds the tokens of characters of one class.
fn add(
    text: &str,
    start: usize,
    end: usize,
    class: Class,
    position: &mut usize,
    tokens: &mut Vec<Token>,
) {
    let run = &text[start..end];
    let token = |from: usize, to: usize, at: usize| Token {
        offset_from: start + from,
        offset_to: start + to,
        position: at,
        text: run[from..to].to_lowercase(),
        position_length: 1,
    };
    let length = run.chars().count();
    match class {
        Class::Nothing => {
            *position += usize::from(start > 0);
            return;
        }
        Class::Other => tokens.push(token(0, run.len(), *position)),
        Class::Han => tokens.extend(
            JIEBA
                .cut_for_search(run, true)
                .iter()
                .map(|word| token(word.byte_start, word.byte_end, *position + word.start)),
        ),
    }
    *position += length;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, usize)> {
        let tokens = tokens(text).into_iter();
        tokens.map(|token| (token.text, token.position)).collect()
    }

    #[test]
    fn words_of_both_kinds() {
        let of: Vec<_> = of("Für 我来到北京大学 ok");
        let of: Vec<(&str, usize)> = of.iter().map(|(text, at)| (text.as_str(), *at)).collect();
        assert_eq!(
            of,
            [
                ("für", 0),
                ("我", 4),
                ("来到", 5),
                ("北京", 7),
                ("大学", 9),
                ("北京大学", 7),
                ("ok", 12)
            ]
        );
    }
}
