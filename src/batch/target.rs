//! One artifact that a run wants: is it there, is it true, may it be written?

use std::path::PathBuf;

use super::record::{Content, Entry, Record, Standing};
use crate::diagnostic::Diagnostic;
use crate::digest::Digest;
use crate::error::{Error, Failure};
use crate::output::Output;
use crate::render::Kind;

/// Where artifacts go, and what is known of those that are there.
pub(super) struct Store<'a> {
    pub(super) output: &'a Output,
    pub(super) record: Record<'a>,
    /// Make everything anew, and write over what others have changed.
    pub(super) force: bool,
}

/// What is to happen to an artifact.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is there and true.
    Keep,
    /// It is there, somebody has changed it, and nothing new would be written.
    KeepEdited,
    /// It is to be made.
    Make,
    /// It is to be made, but somebody has changed what is there.
    Refuse,
}

/// The file of an artifact that is called so.
pub(super) fn file_name(name: &str, kind: Kind) -> String {
    format!("{name}.{}", kind.ending())
}

impl Store<'_> {
    /// What is to happen to a file whose fingerprint should be this one.
    pub(super) fn verdict(&self, file: &str, fingerprint: Digest) -> Result<Verdict, Error> {
        if self.force {
            return Ok(Verdict::Make);
        }
        let standing = self.record.standing(file)?;
        let entry = self.record.entry(file);
        let is_true = entry.is_some_and(|entry| entry.fingerprint == fingerprint);
        Ok(match (standing, is_true) {
            (Standing::Current, true) => Verdict::Keep,
            (Standing::Edited, true) => Verdict::KeepEdited,
            (Standing::Edited, false) => Verdict::Refuse,
            // Of another's making: if it is the same after all, it stays.
            _ => Verdict::Make,
        })
    }

    /// Writes an artifact. What is there is replaced if the program made it;
    /// another's file stays, unless it has this very content.
    ///
    /// # Errors
    /// Rejected if another's file is there; broken if the system refuses.
    pub(super) fn put(&self, entry: Entry, content: Content<'_>) -> Result<PathBuf, Failure> {
        let file = entry.file.clone();
        if !self.force {
            match self.record.standing(&file)? {
                Standing::Absent | Standing::Current | Standing::Older => {}
                Standing::Edited | Standing::Foreign
                    if self.output.digest(&file)? == entry.result =>
                {
                    self.record.adopt(entry)?;
                    return Ok(self.output.path(&file));
                }
                Standing::Edited => return Err(self.edited(&file).into()),
                Standing::Foreign => return Err(self.foreign(&file).into()),
            }
        }
        Ok(self.record.place(entry, content)?)
    }

    /// A file that somebody has changed since it was made.
    pub(super) fn edited(&self, file: &str) -> Diagnostic {
        let path = self.output.path(file);
        let message = format!("{} 生成之后被人改过，没有覆盖", path.display());
        Diagnostic::error("output/edited", message)
            .hint("要留下改动，就把它另存为别的名字")
            .hint("要按项目重新生成，加上 --force")
    }

    /// The same, where nothing new would be written.
    pub(super) fn still_edited(&self, file: &str) -> Diagnostic {
        let path = self.output.path(file);
        let message = format!(
            "{} 生成之后被人改过；项目没有变，未重新生成",
            path.display()
        );
        Diagnostic::warning("output/edited", message).hint("要按项目重新生成，加上 --force")
    }

    fn foreign(&self, file: &str) -> Diagnostic {
        let path = self.output.path(file);
        let message = format!(
            "已经有 {}，没有本程序生成它的记录，没有覆盖",
            path.display()
        );
        Diagnostic::error("output/foreign", message)
            .hint("把它移走或改名，或用 --out 写到别处")
            .hint("确定可以覆盖，加上 --force")
    }
}
