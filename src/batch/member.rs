//! One project of a plan: where it is written, and what decides it.

use std::path::{Path, PathBuf};

use super::table::{Row, Written};
use crate::digest::{Digest, Digester};
use crate::error::Failure;
use crate::project::{self, Bases, Project};

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
    /// The batch file that says so.
    batch: Option<PathBuf>,
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
        Self::File(FileMember {
            path,
            base: None,
            form: None,
            batch: None,
        })
    }

    /// A project file of a batch, which may say `base` or `form`.
    pub(super) fn of_batch(
        batch: &Path,
        path: PathBuf,
        base: Option<PathBuf>,
        form: Option<Written>,
    ) -> Self {
        let says_more = base.is_some() || form.is_some();
        Self::File(FileMember {
            path,
            base,
            form,
            batch: says_more.then(|| batch.to_owned()),
        })
    }

    /// The project with everything it inherits.
    ///
    /// # Errors
    /// As [`project::load`]; for a row, rejected with what is wrong in its
    /// cells.
    pub fn load(&self) -> Result<Project, Failure> {
        self.load_with(&Bases::default())
    }

    /// As [`Member::load`], with bases that were read for others.
    ///
    /// # Errors
    /// As [`Member::load`].
    pub fn load_with(&self, bases: &Bases) -> Result<Project, Failure> {
        match self {
            Self::File(file) => {
                let base = file.base.as_deref();
                let mut project = project::load_over(&file.path, base, bases)?;
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

    /// What the record calls it, given how it names the file.
    pub(crate) fn subject_from(&self, file: &str) -> String {
        match self {
            Self::File(_) => file.to_owned(),
            Self::Row(row) => row.subject_from(file),
        }
    }

    /// The batch file that names it, where that says more than its path.
    pub(crate) fn batch(&self) -> Option<&Path> {
        match self {
            Self::File(file) => file.batch.as_deref(),
            Self::Row(row) => Some(row.batch()),
        }
    }

    /// The file it is written in.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(file) => &file.path,
            Self::Row(row) => row.path(),
        }
    }

    /// Of what decides the loaded project beside the files themselves: for a
    /// row its cells, the header and the mapping, without where in the table it
    /// stands; for both the form that the batch file names.
    pub fn own_digest(&self) -> Digest {
        match self {
            Self::File(file) => {
                let base = file.base.as_deref().map(project::shown).unwrap_or_default();
                let form = file.form.as_ref().map_or("", |form| &form.text);
                Digester::default().field(base).field(form).finish()
            }
            Self::Row(row) => row.digest(),
        }
    }
}
