//! Removing what was made here, and nothing else.

use std::path::{Path, PathBuf};

use super::manifest;
use super::record::{Entry, Record, Standing};
use super::target::Store;
use super::values::Values;
use super::verify::Projects;
use crate::error::Error;
use crate::form::Templates;
use crate::output::Output;

/// What became of the artifacts of a folder.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// Files that were removed.
    pub removed: Vec<PathBuf>,
    /// Files that somebody has changed since they were made.
    pub kept: Vec<PathBuf>,
}

/// Removes the artifacts of a folder, those that somebody has changed only
/// with `force`; with `stale`, only those whose project (or row of a table) is
/// no longer there.
/// The manifest and the record go with the last artifact. Of `stale`, the packs
/// tell what the columns of a table mean.
///
/// # Errors
/// If nothing was ever made there, or the system refuses.
pub fn clean(folder: &Path, stale: Option<&Templates>, force: bool) -> Result<Cleaned, Error> {
    if !folder.join(crate::output::MEMORY).is_dir() {
        let folder = folder.display();
        return Err(Error::Usage(format!("{folder} 里没有本程序生成文件的记录")));
    }
    let output = Output::open(folder)?;
    let record = Record::open(&output)?;
    let mut projects = stale.map(|templates| Projects::new(folder, templates));
    let mut cleaned = Cleaned::default();
    let mut left = 0;
    let entries: Vec<Entry> = record.look(|entries| entries.cloned().collect());
    for entry in entries {
        let is_wanted = projects.as_mut().is_none_or(|projects| {
            let is_there = match entry.members.is_empty() {
                true => projects
                    .member(&entry.subject, entry.batch.as_deref())
                    .is_some(),
                // Of a volume, its batch file.
                false => entry
                    .chain
                    .iter()
                    .all(|batch| projects.file(batch).is_some()),
            };
            !entry.chain.is_empty() && !is_there
        });
        let standing = record.standing(&entry.file)?;
        let path = output.path(&entry.file);
        match standing {
            Standing::Absent => {}
            _ if !is_wanted => left += 1,
            Standing::Edited | Standing::Foreign if !force => {
                cleaned.kept.push(path);
                left += 1;
            }
            _ => {
                record.remove(&entry.file)?;
                cleaned.removed.push(path);
            }
        }
    }
    if left > 0 {
        let values = Values::open(&output)?;
        let store = Store {
            output: &output,
            record,
            force,
        };
        manifest::write(&store, &values, true)?;
        store.record.close(true)?;
        return Ok(cleaned);
    }
    drop(record);
    if manifest::read(&output.path(manifest::FILE)).is_ok() {
        output.remove(manifest::FILE)?;
        cleaned.removed.push(output.path(manifest::FILE));
    }
    output.forget()?;
    Ok(cleaned)
}
