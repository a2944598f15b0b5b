//! What decides an artifact besides its project's data: form packs, what they
//! share, faces, options, the program itself.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::Renderer;
use crate::digest::{Digest, Digester};
use crate::error::Failure;

/// What is made of a project or a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A PDF.
    Pdf,
    /// A Word file.
    Word,
    /// The merged Typst source and its values.
    Merged,
    /// A zip of artifacts.
    Zip,
}

impl Kind {
    /// Whether it is what a project is made for, and so stands in manifests.
    pub fn is_document(self) -> bool {
        matches!(self, Self::Pdf | Self::Word)
    }

    /// The ending of an artifact's name.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Word => "docx",
            Self::Merged => "typ",
            Self::Zip => "zip",
        }
    }
}

/// Settings that were worked out, by kind and forms.
pub(super) type Settings = BTreeMap<(Kind, Vec<String>), Digest>;

/// What the manifest says of a form.
#[derive(Debug, Clone)]
pub struct FormFacts {
    /// Its version, from `form.yaml`.
    pub version: String,
    /// Of all files of its pack and of what packs share.
    pub template: Digest,
}

impl Renderer {
    /// The digest of everything but the data that decides artifacts of a kind
    /// made with these forms.
    ///
    /// # Errors
    /// Rejected with what is wrong in a pack.
    pub fn setting(&self, kind: Kind, forms: &[String]) -> Result<Digest, Failure> {
        let key = (kind, forms.to_vec());
        if let Some(known) = self.lock_settings().get(&key) {
            return Ok(*known);
        }
        let setting = self.work_out_setting(kind, forms)?;
        self.lock_settings().insert(key, setting);
        Ok(setting)
    }

    fn lock_settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work_out_setting(&self, kind: Kind, forms: &[String]) -> Result<Digest, Failure> {
        let mut digester = Digester::default();
        digester.field(env!("CARGO_PKG_VERSION"));
        let timestamp = self.options.timestamp.map(|moment| moment.to_xml());
        digester.field(timestamp.unwrap_or_default());
        if self.options.embed_source {
            digester.field(self.remade().options());
        }
        if kind == Kind::Word {
            for id in forms {
                digester.field(self.form(id)?.digests.word);
            }
        }
        if self.needs_pages(kind, forms)? {
            for id in forms {
                digester.field(self.form(id)?.digests.typst);
            }
            digester.field(self.library_digest());
            digester.field(self.faces_digest()?);
        }
        digester.field(match kind {
            Kind::Pdf => self.options.standards.names.join(","),
            Kind::Word => "word".to_owned(),
            Kind::Merged => "merged".to_owned(),
            Kind::Zip => "zip".to_owned(),
        });
        Ok(digester.finish())
    }

    /// Whether the PDF's pages decide artifacts of a kind.
    ///
    /// # Errors
    /// Rejected with what is wrong in a pack.
    pub fn needs_pages(&self, kind: Kind, forms: &[String]) -> Result<bool, Failure> {
        let mut needs = kind != Kind::Word;
        for id in forms {
            needs |= self.form(id)?.form.manifest.same_pages;
        }
        Ok(needs)
    }

    /// What the manifest says of a form.
    ///
    /// # Errors
    /// Rejected with what is wrong in the pack.
    pub fn form_facts(&self, id: &str) -> Result<FormFacts, Failure> {
        let form = self.form(id)?;
        let mut digester = Digester::default();
        digester.field(form.digests.typst).field(form.digests.word);
        digester.field(self.library_digest());
        Ok(FormFacts {
            version: form.form.manifest.version.clone(),
            template: digester.finish(),
        })
    }

    /// The digest of the faces that serve the roles.
    ///
    /// # Errors
    /// If a face cannot be read.
    pub fn faces_digest(&self) -> Result<Digest, Failure> {
        let mut known = self.faces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(digest) = *known {
            return Ok(digest);
        }
        let digest = self.typesetter.faces().digest(&self.templates.roles)?;
        *known = Some(digest);
        Ok(digest)
    }

    fn library_digest(&self) -> Digest {
        *self.library.get_or_init(|| {
            let mut digester = Digester::default();
            for (name, bytes) in &self.templates.library {
                digester.field(name).field(bytes);
            }
            digester.finish()
        })
    }
}
