//! Blobs for a backup: which files a copy of blobs.db speaks of, and what became of one that is gone
//! by the time it is to be read.
//!
//! A row is there before its bytes and goes after them. So when the rows are copied first, each of
//! them has its bytes at that moment; what is missing later was removed, or moved on, meanwhile.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use sealwire_protocol::ids::BlobId;
use sqlx::SqliteConnection;

use super::UPLOADS;
use super::place::BLOBS;
use super::rows::{self, COLUMNS, Row, State};
use super::spool::absent;

/// A removal takes the bytes first and then the row; this is how long the second may take.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(100);

/// A blob, or the part of it that came, whose bytes lie in the data directory.
pub(crate) struct Held(Row);

/// What became of a blob whose bytes are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gone {
    /// It was removed.
    Removed,
    /// It lies in the S3 store now.
    Moved,
    /// Its row is still there; the bytes are lost.
    Lost,
}

impl Held {
    /// How many of its bytes count.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.received
    }

    /// Where they lie below the data directory, with `/` between folder and file.
    pub(crate) fn name(&self) -> String {
        match self.0.state {
            State::Stored => stored_name(self.0.id()),
            State::Receiving | State::Spooled => spool_name(self.0.id()),
        }
    }

    /// Opens the bytes; `None` if they are gone. What was an upload may be whole by now, and moved.
    pub(crate) fn open(&self, data: &Path) -> io::Result<Option<File>> {
        for name in [spool_name(self.0.id()), stored_name(self.0.id())] {
            if let Some(file) = absent(File::open(data.join(name)))?
                && file.metadata()?.len() >= self.bytes()
            {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }
}

fn spool_name(id: BlobId) -> String {
    format!("{UPLOADS}/{id}")
}

fn stored_name(id: BlobId) -> String {
    let name = id.to_string();
    format!("{BLOBS}/{}/{name}", &name[..2])
}

/// Whether this is a name that [`Held::name`] gives.
pub(crate) fn is_name(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    BlobId::from_hex(last)
        .is_ok_and(|id| [spool_name(id), stored_name(id)].contains(&name.to_owned()))
}

/// All blobs whose bytes lie in the data directory. `local` says that whole ones do.
pub(crate) async fn held(db: &mut SqliteConnection, local: bool) -> Result<Vec<Held>, sqlx::Error> {
    let all = sqlx::query(&format!(
        "SELECT {COLUMNS} FROM blobs WHERE received > 0 AND (state < 2 OR ?) ORDER BY id"
    ))
    .bind(local)
    .fetch_all(db)
    .await?;
    all.iter().map(|row| rows::read(row).map(Held)).collect()
}

/// What became of blobs without bytes, by the database that the relay uses.
async fn became(
    live: &mut SqliteConnection,
    blobs: &[&Held],
    local: bool,
) -> Result<Vec<Gone>, sqlx::Error> {
    // One wait for all of them: a thousand lost blobs do not take a thousand times as long.
    let (mut waited, mut all) = (Duration::ZERO, Vec::new());
    for blob in blobs {
        let gone = loop {
            let state: Option<i64> = sqlx::query_scalar("SELECT state FROM blobs WHERE blob = ?")
                .bind(blob.0.id().as_bytes().as_slice())
                .fetch_optional(&mut *live)
                .await?;
            match state {
                None => break Gone::Removed,
                Some(2) if !local => break Gone::Moved,
                Some(_) if waited >= PATIENCE => break Gone::Lost,
                Some(_) => tokio::time::sleep(LOOK).await,
            }
            waited += LOOK;
        };
        all.push(gone);
    }
    Ok(all)
}

fn count_lost(gone: &[Gone]) -> usize {
    gone.iter().filter(|gone| **gone == Gone::Lost).count()
}

/// How many of these blobs without bytes should have some.
pub(crate) async fn lost(
    live: &mut SqliteConnection,
    blobs: &[&Held],
    local: bool,
) -> Result<usize, sqlx::Error> {
    Ok(count_lost(&became(live, blobs, local).await?))
}

/// Makes a copy say of blobs without bytes what is true now: that there are none, or that they lie in
/// the S3 store. Gives how many were lost.
pub(crate) async fn settle(
    copy: &mut SqliteConnection,
    live: &mut SqliteConnection,
    blobs: &[&Held],
    local: bool,
) -> Result<usize, sqlx::Error> {
    let all = became(live, blobs, local).await?;
    for (blob, gone) in blobs.iter().zip(&all) {
        let change = match gone {
            Gone::Moved => "UPDATE blobs SET state = 2, received = length WHERE blob = ?",
            Gone::Removed | Gone::Lost => "DELETE FROM blobs WHERE blob = ?",
        };
        sqlx::query(change)
            .bind(blob.0.id().as_bytes().as_slice())
            .execute(&mut *copy)
            .await?;
    }
    Ok(count_lost(&all))
}

#[cfg(test)]
mod tests {
    use sealwire_protocol::blob::BlobMetadata;

    use super::*;
    use crate::database::{alone, copy};
    use crate::group::blobs::rows::Rows;

    fn row(id: u8, state: State) -> Row {
        Row {
            metadata: BlobMetadata {
                blob: BlobId([id; 16]),
                read_token_hash: [1; 32],
                delete_token_hash: [2; 32],
                days: 30,
            },
            length: 8,
            received: if state == State::Receiving { 4 } else { 8 },
            state,
            created_s: 1,
            touched_s: 1,
            expires_s: 2,
        }
    }

    #[test]
    fn names_are_known_again_and_no_others() {
        for state in [State::Receiving, State::Spooled, State::Stored] {
            assert!(is_name(&Held(row(0xab, state)).name()));
        }
        let id = BlobId([0xab; 16]).to_string();
        for wrong in [
            String::new(),
            id.clone(),
            format!("blobs/{id}"),
            format!("blobs/ac/{id}"),
            format!("../uploads/{id}"),
            format!("/uploads/{id}"),
            format!("uploads/{}", id.to_uppercase()),
            format!("uploads/../{id}"),
        ] {
            assert!(!is_name(&wrong), "{wrong}");
        }
    }

    #[tokio::test]
    async fn what_moved_on_is_found_and_what_went_is_left_out() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("blobs.db");
        let rows = Rows::open(&path).await.expect("opened");
        for row in [
            row(1, State::Receiving),
            row(2, State::Stored),
            row(3, State::Stored),
        ] {
            rows.insert(&row).await.expect("added");
        }
        let to = dir.path().join("copy.db");
        copy(&path, &to).await.expect("copied");
        let mut there = alone(&to).await.expect("opened");
        let blobs = held(&mut there, true).await.expect("read");
        assert_eq!(blobs.len(), 3);
        // The first became whole meanwhile, the second was removed, the third is where it was.
        for name in [stored_name(BlobId([1; 16])), stored_name(BlobId([3; 16]))] {
            let file = dir.path().join(name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            std::fs::write(file, [7; 8]).expect("written");
        }
        rows.remove(&[BlobId([2; 16])], None)
            .await
            .expect("removed");
        let mut live = crate::database::read_only(&path).await.expect("opened");
        let open = |blob: &Held| blob.open(dir.path()).expect("read");
        assert!(open(&blobs[0]).is_some() && open(&blobs[2]).is_some());
        assert!(open(&blobs[1]).is_none());
        let settled = settle(&mut there, &mut live, &[&blobs[1]], true).await;
        assert_eq!(settled.expect("settled"), 0);
        assert_eq!(held(&mut there, true).await.expect("read").len(), 2);
        assert_eq!(held(&mut there, false).await.expect("read").len(), 1);
        // In an S3 store it is not lost.
        let moved = lost(&mut live, &[&blobs[2]], false).await;
        assert_eq!(moved.expect("looked up"), 0);
    }

    #[tokio::test]
    async fn what_was_lost_is_left_out_after_one_wait_for_all() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("blobs.db");
        let rows = Rows::open(&path).await.expect("opened");
        for id in 1..=100 {
            rows.insert(&row(id, State::Stored)).await.expect("added");
        }
        let to = dir.path().join("copy.db");
        copy(&path, &to).await.expect("copied");
        let mut there = alone(&to).await.expect("opened");
        let blobs = held(&mut there, true).await.expect("read");
        let missing: Vec<_> = blobs.iter().collect();
        let mut live = crate::database::read_only(&path).await.expect("opened");
        let begun = tokio::time::Instant::now();
        let lost = settle(&mut there, &mut live, &missing, true).await;
        assert_eq!(lost.expect("settled"), 100);
        assert!(begun.elapsed() < 2 * PATIENCE);
        assert!(held(&mut there, true).await.expect("read").is_empty());
    }
}
