//! A template of its own, with any data: `tianbao merge`.
//!
//! No form pack: no schema, no file name, no second output. The dialect, the
//! environment and the guarantees are those of form packs.

use std::fs;
use std::path::Path;

use minijinja::Environment;

use crate::diagnostic::Diagnostic;
use crate::docx;
use crate::error::{Error, Failure};
use crate::merge;
use crate::project::{self, Node};

/// An opened template.
pub struct AnyTemplate {
    environment: Environment<'static>,
    word: docx::Template,
}

/// A filled-in template.
pub struct Merged {
    /// The file.
    pub bytes: Vec<u8>,
    /// What somebody should look at all the same.
    pub warnings: Vec<Diagnostic>,
}

impl AnyTemplate {
    /// Reads a .docx.
    ///
    /// # Errors
    /// Rejected with everything wrong in the template; broken if it cannot be
    /// read.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let bytes = fs::read(path).map_err(|e| Error::io("读取", path, e))?;
        Self::from_bytes(&project::shown(path), &bytes)
    }

    /// As [`AnyTemplate::open`], of bytes; `name` is what messages call it.
    ///
    /// # Errors
    /// Rejected with everything wrong in the template.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Failure> {
        let mut environment = merge::environment(&[]);
        let word = docx::Template::open(name, bytes, &mut environment)?;
        Ok(Self { environment, word })
    }

    /// Fills the template in; the data may name files in the folder, and none
    /// without one.
    ///
    /// # Errors
    /// Rejected with everything wrong in the template and the data.
    pub fn merge(&self, data: &Node, folder: Option<&Path>) -> Result<Merged, Failure> {
        let context = merge::reckonable_context(data, folder)?;
        let bytes = self
            .word
            .render(&self.environment, &context, None, None, &[])?;
        Ok(Merged {
            bytes,
            warnings: Vec::new(),
        })
    }
}
