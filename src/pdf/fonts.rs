//! The faces a run can use: those shipped and those in folders a user names.
//!
//! The system's own faces are never taken: the same project must give the same
//! bytes on every machine.

use std::path::{Path, PathBuf};

use typst::text::FontBook;
use typst::utils::LazyHash;
use typst_kit::fonts::{FontPath, FontStore};

use crate::form::Role;

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
        let index = self.book().select_family(&family.to_lowercase()).next()?;
        let source: &dyn std::any::Any = self.store.source(index)?;
        source
            .downcast_ref::<FontPath>()
            .map(|font| font.path.as_path())
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
