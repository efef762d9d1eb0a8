//! What a content means in a conversation, and making contents that mean it.

use super::{
    Content, ContentError, Disposition, Marks, MessageId, NestedPart, PartBody, Position, part,
};

/// Longest reaction in bytes: one emoji with all its modifiers.
pub const MAX_REACTION: usize = 64;

/// What a content means. Anything else is of a kind that this version cannot show.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// A message: text, or parts of which this version can show some.
    Message,
    /// The text of an earlier message is now this one.
    Edit {
        /// The message.
        target: MessageId,
        /// Its new text.
        text: &'a str,
    },
    /// An earlier message or reaction is taken back.
    Delete {
        /// The message or reaction.
        target: MessageId,
    },
    /// An emoji at another message.
    Reaction {
        /// That message.
        target: MessageId,
        /// 1 to [`MAX_REACTION`] bytes without control characters.
        emoji: &'a str,
    },
    /// Of a kind that this version cannot show.
    Unknown,
}

impl Content {
    /// What this content means. Signals ([`Content::event`]) are not asked.
    #[must_use]
    pub fn meaning(&self) -> Meaning<'_> {
        let reaction = self.part.disposition == Disposition::REACTION;
        match (self.replaces, self.in_reply_to, &self.part.body) {
            (Some(target), _, PartBody::Null) => Meaning::Delete { target },
            (Some(target), _, _) => match self.as_text().filter(|_| !reaction) {
                Some(text) => Meaning::Edit { target, text },
                None => Meaning::Unknown,
            },
            (None, Some(target), _) if reaction => match self.as_text() {
                Some(emoji) if is_reaction(emoji) => Meaning::Reaction { target, emoji },
                _ => Meaning::Unknown,
            },
            (None, _, PartBody::Null) => Meaning::Unknown,
            (None, _, _) if reaction => Meaning::Unknown,
            _ if self.as_text().is_some() || self.has_attachment() => Meaning::Message,
            _ => Meaning::Unknown,
        }
    }

    fn has_attachment(&self) -> bool {
        fn any(part: &NestedPart) -> bool {
            match &part.body {
                PartBody::External(_) => true,
                PartBody::Multi { parts, .. } => parts.iter().any(any),
                _ => false,
            }
        }
        any(&self.part)
    }

    /// The marks of this message.
    #[must_use]
    pub fn marks(&self) -> Marks {
        Marks::read(&self.extensions)
    }

    /// Sets the marks of this message.
    pub fn set_marks(&mut self, marks: &Marks) {
        marks.write(&mut self.extensions);
    }

    /// Gives the message `target` another text.
    ///
    /// # Errors
    /// [`ContentError::TooLong`] as for [`Content::text`].
    pub fn edit(
        salt: [u8; 16],
        target: MessageId,
        text: &str,
        position: Position,
    ) -> Result<Self, ContentError> {
        let mut content = Self::text(salt, text, position)?;
        content.replaces = Some(target);
        Ok(content)
    }

    /// Takes the message or reaction `target` back.
    #[must_use]
    pub fn delete(salt: [u8; 16], target: MessageId, position: Position) -> Self {
        let part = NestedPart {
            disposition: Disposition::RENDER,
            language: String::new(),
            body: PartBody::Null,
        };
        let mut content = Self::with_part(salt, part, position);
        content.replaces = Some(target);
        content
    }

    /// Puts `emoji` at the message `target`.
    ///
    /// # Errors
    /// [`ContentError::Reaction`] unless it is 1 to [`MAX_REACTION`] bytes without control
    /// characters.
    pub fn reaction(
        salt: [u8; 16],
        target: MessageId,
        emoji: &str,
        position: Position,
    ) -> Result<Self, ContentError> {
        if !is_reaction(emoji) {
            return Err(ContentError::Reaction);
        }
        let part = NestedPart {
            disposition: Disposition::REACTION,
            language: String::new(),
            body: PartBody::Single {
                content_type: part::PLAIN.into(),
                content: emoji.as_bytes().to_vec(),
            },
        };
        let mut content = Self::with_part(salt, part, position);
        content.in_reply_to = Some(target);
        Ok(content)
    }
}

/// Whether `text` can stand as a reaction.
#[must_use]
pub fn is_reaction(text: &str) -> bool {
    (1..=MAX_REACTION).contains(&text.len())
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}
