//! One export, from beginning to end.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use jiff::tz::TimeZone;

use super::{
    api::{ExportFormat, ExportInfo, ExportOptions},
    entry::{Attached, Entry, Head},
    folder::Folder,
    form::Form,
    html::Html,
    json::Json,
    markdown::Markdown,
    source::{Said, Source},
};
use crate::{
    error::Result,
    files::{self, Vault},
    store::AttachmentRow,
};

/// Folder of the files, within the export.
const FILES: &str = "files";

/// Writes what `source` reads into the new folder `to`; `vault` has the files.
pub(super) async fn run(
    source: &mut Source<'_>,
    vault: &Vault,
    head: &Head,
    to: &Path,
    options: ExportOptions,
    zone: &TimeZone,
) -> Result<ExportInfo> {
    let folder = Folder::begin(to)?;
    let mut form: Box<dyn Form> = match options.format {
        ExportFormat::Json => Box::new(Json::default()),
        ExportFormat::Html => Box::new(Html::new(zone.clone())),
        ExportFormat::Markdown => Box::new(Markdown::new(zone.clone())),
    };
    let document = options.format.file_name();
    let mut text = folder.text(document)?;
    let mut files = Files {
        vault,
        dir: options.files.then(|| folder.folder(FILES)).transpose()?,
        written: 0,
        missing: 0,
    };
    let (mut messages, mut disappearing) = (0, 0);
    form.head(head, &mut text.gathered)?;
    while let Some(page) = source.next().await? {
        for said in page {
            let attached = files.of(&said).await?;
            messages += 1;
            disappearing += u64::from(said.info.expires_at_ms.is_some());
            form.entry(&Entry::new(said, attached), &mut text.gathered)?;
            text.flush_some().await?;
        }
    }
    form.end(&mut text.gathered)?;
    text.finish().await?;
    files.finish()?;
    Ok(ExportInfo {
        files: files.written,
        files_missing: files.missing,
        folder: folder.finish()?.display().to_string(),
        document: document.into(),
        messages,
        disappearing,
    })
}

/// The files of an export.
struct Files<'a> {
    vault: &'a Vault,
    /// `None` if none are wanted.
    dir: Option<PathBuf>,
    written: u64,
    missing: u64,
}

impl Files<'_> {
    /// What an export says of the files of a message; those that are wanted and here are written.
    async fn of(&mut self, said: &Said) -> Result<Vec<Attached>> {
        let mut attached = Vec::with_capacity(said.files.len());
        for (number, row) in &said.files {
            attached.push(self.one(*number, row).await?);
        }
        Ok(attached)
    }

    async fn one(&mut self, number: i64, row: &AttachmentRow) -> Result<Attached> {
        let file = &row.file;
        let mut attached = Attached {
            name: file.filename.clone(),
            media_type: file.media_type.clone(),
            size: file.size,
            on_device: self.vault.holds(&file.sealed_hash, file.size),
            path: None,
            sha256: None,
        };
        if let Some(dir) = self.dir.as_ref().filter(|_| attached.on_device) {
            // With its number no two are called the same, and looking for a free name takes no time.
            let name = format!("{number}-{}", file.filename);
            match files::save_named(self.vault, file, dir, name.clone()).await {
                Ok(saved) => {
                    self.written += 1;
                    attached.path = Some(format!("{FILES}/{name}"));
                    attached.sha256 = Some(HEXLOWER.encode(&saved.sha256));
                }
                // One file that was lost is no reason to have none of the rest.
                Err(error) if matches!(error.code, "copy_damaged" | "not_downloaded") => {
                    attached.on_device = false;
                }
                Err(error) => return Err(error),
            }
        }
        self.missing += u64::from(!attached.on_device);
        Ok(attached)
    }

    fn finish(&self) -> Result<()> {
        match &self.dir {
            Some(dir) => files::disk::sync_dir(dir)
                .map_err(|error| files::disk::failed("write into", dir, &error)),
            None => Ok(()),
        }
    }
}
