//! Records as mail (RFC 5322), which every archive and e-discovery tool reads.

use std::{fs, path::Path};

use mail_builder::{MessageBuilder, headers::text::Text};
use serde::Serialize;

use super::{
    Record, Said,
    place::{Opened, Place},
    verify_archive, writing,
};
use crate::error::{CoreError, ErrorKind, Result};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailInfo {
    /// Mails, one for each record.
    pub mails: u64,
    /// Of records whose file was missing when they were made.
    pub without_file: u64,
}

/// Writes each record of the archive in `place` as a mail, `NUMBER.eml`, into the folder `to`, which must not
/// be there yet. The archive is checked first.
///
/// # Errors
/// `archive_broken`, `archive_io`, `folder_exists`; those of the store.
pub async fn export_mail(place: impl Into<Place>, to: &Path) -> Result<MailInfo> {
    let place = place.into();
    if let Err(broken) = verify_archive(place.clone()).await? {
        return Err(super::broken(format!("{}: {}", broken.place, broken.why)));
    }
    if to.exists() {
        return Err(CoreError::new(
            ErrorKind::Usage,
            "folder_exists",
            format!("{} is there already", to.display()),
            "name a folder that is to be made",
        ));
    }
    crate::profile::create_private_dir(to)?;
    let mut info = MailInfo {
        mails: 0,
        without_file: 0,
    };
    let place = place.open()?;
    for part in place.parts().await? {
        let mut part = place.part(&part).await?;
        while let Some(line) = part.next()? {
            let record: Record = serde_json::from_slice(&line)
                .map_err(|_| super::broken(format!("{} holds no records", part.name)))?;
            let bytes = mail(&place, &record).await?;
            let target = to.join(format!("{:010}.eml", record.number));
            fs::write(&target, bytes).map_err(|error| writing(&target, &error))?;
            info.mails += 1;
            let missing = record.files.iter().any(|file| file.sha256.is_empty());
            info.without_file += u64::from(missing);
        }
    }
    Ok(info)
}

async fn mail(place: &Opened, record: &Record) -> Result<Vec<u8>> {
    let (_, organisation) = match &record.sender {
        Some(sender) => sender.handle.split_once('@').unwrap_or(("", "sealwire")),
        None => ("", "sealwire"),
    };
    let from = match &record.sender {
        Some(sender) => sender.handle.clone(),
        None => format!("records@{organisation}"),
    };
    let to = format!("{}@{organisation}", record.conversation);
    let mut mail = MessageBuilder::new()
        .from(from)
        .to((record.name.clone(), to))
        .subject(record.name.clone())
        .date(i64::try_from(record.received_at / 1_000).unwrap_or(0))
        .header("X-Sealwire-Record", Text::new(record.number.to_string()))
        .header("X-Sealwire-Kind", Text::new(kind(&record.said)))
        .header(
            "X-Sealwire-Conversation",
            Text::new(record.conversation.clone()),
        )
        .text_body(body(&record.said));
    let id = |id: &str| format!("{id}@{organisation}");
    let about = match &record.said {
        Said::Message {
            id: own, reply_to, ..
        } => {
            mail = mail.message_id(id(own));
            reply_to.as_deref()
        }
        Said::Edit { target, .. }
        | Said::Delete { target }
        | Said::Reaction { target, .. }
        | Said::Confirmation { target, .. } => Some(target.as_str()),
        Said::Unknown { .. } | Said::Event { .. } => None,
    };
    if !matches!(record.said, Said::Message { .. }) {
        mail = mail.message_id(format!(
            "{}.{}@{organisation}",
            record.number, record.conversation
        ));
    }
    if let Some(about) = about {
        mail = mail.in_reply_to(id(about));
    }
    for file in record.files.iter().filter(|file| !file.sha256.is_empty()) {
        let bytes = place.file(&file.sha256).await?;
        mail = mail.attachment(file.media_type.clone(), file.name.clone(), bytes);
    }
    mail.write_to_vec().map_err(CoreError::internal)
}

const fn kind(said: &Said) -> &'static str {
    match said {
        Said::Message { .. } => "message",
        Said::Edit { .. } => "edit",
        Said::Delete { .. } => "delete",
        Said::Reaction { .. } => "reaction",
        Said::Confirmation { .. } => "confirmation",
        Said::Unknown { .. } => "unknown",
        Said::Event { .. } => "event",
    }
}

fn body(said: &Said) -> String {
    match said {
        Said::Message { text, .. } => text.clone(),
        Said::Edit { text, .. } => format!("The text of the message was changed to:\n\n{text}"),
        Said::Delete { .. } => "The message was deleted for everyone.".into(),
        Said::Reaction { emoji, .. } => emoji.clone(),
        Said::Confirmation { at, .. } => {
            format!("The message was confirmed at second {at} since 1970.")
        }
        Said::Unknown { content } => {
            format!("A content of an unknown form, as Base64:\n\n{content}")
        }
        Said::Event { event } => event.in_words(),
    }
}
