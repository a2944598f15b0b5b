//! One project of a plan: where it is written, and what decides it.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::table::{Row, Written};
use crate::error::Failure;
use crate::project::{self, Project};

/// One project of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// A project file, as named on the command line or in a batch file.
    File(FileMember),
    /// A row of a table that a batch file names.
    Row(Row),
}

/// A project file with what a batch file says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMember {
    path: PathBuf,
    /// What lies beneath it if it says no `extends`.
    base: Option<PathBuf>,
    /// Its form if it names none.
    form: Option<Written>,
}

impl FileMember {
    /// The same, its path without `.` and `dir/..`.
    pub(super) fn tidied(self) -> Self {
        Self {
            path: project::tidy(&self.path),
            ..self
        }
    }
}

impl Member {
    /// A project file that stands for itself.
    pub fn file(path: PathBuf) -> Self {
        Self::of_batch(path, None, None)
    }

    /// A project file of a batch that says `base` or `form`.
    pub(super) fn of_batch(path: PathBuf, base: Option<PathBuf>, form: Option<Written>) -> Self {
        Self::File(FileMember { path, base, form })
    }

    /// The project with everything it inherits.
    ///
    /// # Errors
    /// As [`project::load`]; for a row, rejected with what is wrong in its
    /// cells.
    pub fn load(&self) -> Result<Project, Failure> {
        match self {
            Self::File(file) => {
                let mut project = project::load_over(&file.path, file.base.as_deref())?;
                if let Some(form) = &file.form {
                    project.default_form(&form.text, &form.at);
                }
                Ok(project)
            }
            Self::Row(row) => row.load(),
        }
    }

    /// What results call it: `岳阳市.yaml`, or `市州.xlsx 第5行`.
    pub fn subject(&self) -> String {
        match self {
            Self::File(file) => project::shown(&file.path),
            Self::Row(row) => row.subject(),
        }
    }

    /// The file it is written in.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(file) => &file.path,
            Self::Row(row) => row.path(),
        }
    }

    /// The base that the batch file names, if any. What a file extends of
    /// itself is not in it.
    pub fn base(&self) -> Option<&Path> {
        match self {
            Self::File(file) => file.base.as_deref(),
            Self::Row(row) => row.base(),
        }
    }

    /// A SHA-256 of what decides the loaded project beside the files
    /// themselves: for a row its cells, the header and the mapping, without
    /// where in the table it stands; for both the form that the batch file
    /// names. Files (of [`Member::path`], of [`Member::base`] and what they
    /// extend) are not read.
    pub fn digest(&self) -> [u8; 32] {
        match self {
            Self::File(file) => {
                let mut hash = Sha256::new();
                let base = file.base.as_deref().map(project::shown).unwrap_or_default();
                let form = file.form.as_ref().map_or("", |form| &form.text);
                for text in [base.as_str(), form] {
                    hash.update((text.len() as u64).to_le_bytes());
                    hash.update(text);
                }
                hash.finalize().into()
            }
            Self::Row(row) => row.digest(),
        }
    }
}
