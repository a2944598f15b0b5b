//! The faces a run can use: those shipped and those in folders a user names.
//!
//! The system's own faces are never taken: the same project must give the same
//! bytes on every machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use typst::text::FontBook;
use typst::utils::LazyHash;
use typst_kit::fonts::{FontPath, FontStore};

use crate::digest::{Digest, Digester};
use crate::error::Error;
use crate::form::{Role, Roles};

/// All faces of a run.
pub struct Faces {
    pub(super) store: FontStore,
}

impl Faces {
    /// Scans folders; where two hold the same family, the first one wins.
    pub fn scan(folders: &[PathBuf]) -> Self {
        let mut store = FontStore::new();
        for folder in folders {
            let mut found: Vec<_> = typst_kit::fonts::scan(folder).collect();
            found.sort_by(|(a, _), (b, _)| (&a.path, a.index).cmp(&(&b.path, b.index)));
            store.extend(found);
        }
        Self { store }
    }

    /// Whether a family is here.
    pub fn has(&self, family: &str) -> bool {
        self.book().contains_family(&family.to_lowercase())
    }

    /// The file that a family's face comes from.
    pub fn file(&self, family: &str) -> Option<&Path> {
        self.path(self.book().select_family(&family.to_lowercase()).next()?)
    }

    /// What tells these faces from others: for each role the families that
    /// serve it, and the files of all their faces.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn digest(&self, roles: &Roles) -> Result<Digest, Error> {
        let mut digester = Digester::default();
        let mut files = BTreeSet::new();
        for role in &roles.0 {
            digester.field(self.chain(role).to_string());
            for face in role.present(|family| self.has(family)) {
                for index in self.book().select_family(&face.name.to_lowercase()) {
                    files.extend(self.path(index).map(Path::to_owned));
                }
            }
        }
        // By content alone: where a face is does not matter.
        let contents = files.into_par_iter().map(|file| {
            let bytes = fs::read(&file).map_err(|e| Error::io("读取", &file, e))?;
            Ok(Digest::of(&bytes))
        });
        let contents: BTreeSet<Digest> = contents.collect::<Result<_, Error>>()?;
        for content in contents {
            digester.field(content);
        }
        Ok(digester.finish())
    }

    fn path(&self, index: usize) -> Option<&Path> {
        let source: &dyn std::any::Any = self.store.source(index)?;
        let font = source.downcast_ref::<FontPath>();
        font.map(|font| font.path.as_path())
    }

    /// The faces of a role as Typst's `text(font: …)` takes them.
    pub(super) fn chain(&self, role: &Role) -> serde_json::Value {
        let faces: Vec<_> = role.present(|family| self.has(family)).collect();
        serde_json::json!({ "faces": faces, "weight": role.weight })
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.store.book()
    }
}
