//! Files on their way into a message and out of one.

use sealwire_protocol::content::{Content, Files, Position};
use sqlx::SqliteConnection;

use super::{name::safe_name, picture::is_thumbnail};
use crate::{
    error::{CoreError, Result},
    store,
};

/// The content of a message that carries files, all of which are at the relay; `None` if it
/// carries none.
pub(crate) async fn content(
    conn: &mut SqliteConnection,
    message: i64,
    salt: [u8; 16],
    caption: &str,
    position: Position,
) -> Result<Option<Content>> {
    let rows = store::attachments_of(conn, message).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let files = Files {
        caption: caption.into(),
        attachments: rows.into_iter().map(|row| row.file).collect(),
    };
    let content = Content::with_files(salt, &files, position);
    content.map(Some).map_err(CoreError::internal)
}

/// Stores what a message says of its files. What the sender wrote is not trusted: names are made
/// safe, and a thumbnail that is not of our making is left out.
pub(crate) async fn take(conn: &mut SqliteConnection, message: i64, files: Files) -> Result<()> {
    for (place, mut file) in files.attachments.into_iter().enumerate() {
        file.filename = safe_name(&file.filename);
        if !is_thumbnail(&file.preview.thumbnail) {
            file.preview.thumbnail.clear();
        }
        store::add_attachment(conn, message, place, &file, None).await?;
    }
    Ok(())
}
