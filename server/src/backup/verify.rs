//! Whether an archive or a data directory is sound: every hash, every row that has a form, every log.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;

use sealwire_audit::predicate::{Hex, SchemaVersion};
use serde::Serialize;
use sqlx::{Executor, SqliteConnection};

use super::manifest::Manifest;
use super::unpack::{Keep, unpack};
use super::{DATABASES, digest};
use crate::account;
use crate::config::{self, Config};
use crate::data_dir::keep_private;
use crate::database;
use crate::evidence::{self, LogHead};
use crate::fault::Fault;
use crate::group::{
    self,
    blobs::{self, Held},
};

/// What was found, all of it sound.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) incarnation: Hex<16>,
    pub(crate) schemas: Vec<SchemaVersion>,
    pub(crate) logs: Vec<LogHead>,
    /// Rows of each table of each database.
    pub(crate) rows: BTreeMap<&'static str, BTreeMap<String, u64>>,
    /// Blobs, unfinished ones included, whose bytes are here.
    pub(crate) blobs: u64,
}

impl Report {
    /// Rows of all tables.
    pub(crate) fn row_count(&self) -> u64 {
        self.rows.values().flat_map(BTreeMap::values).sum()
    }
}

/// Reads an archive as a whole. Gives its SHA-256 too.
pub(crate) async fn archive(path: &Path) -> Result<(Hex<32>, Report), Fault> {
    keep_private();
    let file = File::open(path).map_err(Fault::of(path.display()))?;
    let (sha256, _) = digest(&file).map_err(Fault::of(path.display()))?;
    let scratch = tempfile::Builder::new()
        .prefix("sealwire-verify-")
        .tempdir()
        .map_err(Fault::of("the temporary folder"))?;
    let manifest = unpack(&file, scratch.path(), Keep::AllButBlobs)?;
    let report = unpacked(scratch.path(), &manifest).await?;
    Ok((sha256, report))
}

/// Checks what was unpacked of an archive. The bytes of blobs were compared with the manifest.
pub(super) async fn unpacked(dir: &Path, manifest: &Manifest) -> Result<Report, Fault> {
    let (report, held) = stores(dir, &dir.join(config::FILE), manifest.is_local()).await?;
    let same = report.incarnation == manifest.incarnation
        && report.schemas == manifest.schemas
        && report.logs == manifest.logs;
    if !same {
        let why = "tells of other databases than those beside it";
        return Err(Fault::new(super::manifest::MANIFEST, why));
    }
    let mut members: HashMap<&str, u64> = manifest
        .blob_members()
        .map(|member| (member.name.as_str(), member.length))
        .collect();
    for blob in held {
        if members.remove(blob.name().as_str()) != Some(blob.bytes()) {
            return Err(Fault::new(
                blobs::DATABASE,
                "tells of a blob that is missing",
            ));
        }
    }
    if !members.is_empty() {
        let why = "does not tell of all blobs that are there";
        return Err(Fault::new(blobs::DATABASE, why));
    }
    Ok(report)
}

/// Checks a data directory, whether a relay runs on it or not.
pub(crate) async fn data_dir(data: &Path, config: &Path) -> Result<Report, Fault> {
    keep_private();
    let settings = Config::read(config).map_err(Fault::of(config.display()))?;
    let local = settings.s3.bucket.is_empty();
    let (report, held) = stores(data, config, local).await?;
    let fault = Fault::of::<sqlx::Error>(blobs::DATABASE);
    let path = data.join(blobs::DATABASE);
    let mut live = database::read_only(&path).await.map_err(&fault)?;
    let mut missing = Vec::new();
    for blob in &held {
        if blob.open(data).map_err(Fault::of("a blob"))?.is_none() {
            missing.push(blob);
        }
    }
    let lost = blobs::lost(&mut live, &missing, local).await;
    let lost = lost.map_err(fault)?;
    if lost > 0 {
        let why = format!("tells of {lost} blobs whose bytes are missing");
        return Err(Fault::new(blobs::DATABASE, why));
    }
    Ok(report)
}

/// Checks databases, keys and configuration. Gives the blobs whose bytes have to be there, too.
async fn stores(dir: &Path, config: &Path, local: bool) -> Result<(Report, Vec<Held>), Fault> {
    let settings = Config::read(config).and_then(|config| config.check());
    settings.map_err(Fault::of(config::FILE))?;
    let key = account::check_key(&dir.join(account::KEY_FILE));
    key.map_err(Fault::of(account::KEY_FILE))?;
    let (mut schemas, mut rows) = (Vec::new(), BTreeMap::new());
    let mut open = Vec::new();
    for name in DATABASES {
        let mut db = moment(&dir.join(name), name).await?;
        database::check_form(&mut db, name).await?;
        let fault = Fault::of::<sqlx::Error>(name);
        schemas.push(SchemaVersion {
            database: name.to_owned(),
            version: database::version(&mut db).await.map_err(&fault)?,
        });
        rows.insert(name, database::count_rows(&mut db).await.map_err(fault)?);
        open.push(db);
    }
    let Ok([mut account, mut groups, mut blobs]) = <[SqliteConnection; 3]>::try_from(open) else {
        return Err(Fault::new("the databases", "are not three"));
    };
    account::check(&mut account).await?;
    let logs = evidence::check(&mut account, dir).await?;
    group::check(&mut groups).await?;
    let incarnation = group::incarnation(&mut groups).await;
    let held = blobs::held(&mut blobs, local).await;
    let held = held.map_err(Fault::of(blobs::DATABASE))?;
    let report = Report {
        incarnation: Hex(*incarnation.map_err(Fault::of(group::DATABASE))?.as_bytes()),
        schemas,
        logs,
        rows,
        blobs: held.len() as u64,
    };
    Ok((report, held))
}

/// Opens a database as it is at this moment.
async fn moment(path: &Path, name: &str) -> Result<SqliteConnection, Fault> {
    let fault = Fault::of::<sqlx::Error>(name);
    let mut db = database::read_only(path).await.map_err(&fault)?;
    db.execute("BEGIN").await.map_err(fault)?;
    Ok(db)
}
