//! One project of a plan: where it is written.

use std::path::{Path, PathBuf};

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

    /// The file it is written in.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
        }
    }
}
