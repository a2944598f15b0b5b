//! One project of a plan: where it is written.

use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::error::Failure;
use crate::project::{self, Project};

/// One project of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// A project file, as named on the command line or in a batch file.
    File(PathBuf),
}

impl Member {
    /// The project with everything it inherits.
    ///
    /// # Errors
    /// As [`project::load`].
    pub fn load(&self) -> Result<Project, Failure> {
        match self {
            Self::File(path) => project::load(path),
        }
    }

    /// What results call it.
    pub fn subject(&self) -> String {
        match self {
            Self::File(path) => project::shown(path),
        }
    }

    /// What the record calls it, given how it names the file.
    pub(crate) fn subject_from(&self, file: &str) -> String {
        match self {
            Self::File(_) => file.to_owned(),
        }
    }

    /// Of what decides the project beside the files it is read from.
    pub(crate) fn own_digest(&self) -> Digest {
        match self {
            Self::File(_) => Digest::of(b""),
        }
    }

    /// The batch file that names it, where that says more than its path.
    pub(crate) fn batch(&self) -> Option<&Path> {
        match self {
            Self::File(_) => None,
        }
    }

    /// The file it is written in.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
        }
    }
}
