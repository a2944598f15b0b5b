//! Merged Typst source → PDF, in process.
//!
//! The only module that knows Typst. A [`Typesetter`] holds what all documents
//! share (faces, standard library, `templates/lib`); a [`Sheet`] is one merged
//! form with the values it refers to; [`Typesetter::typeset`] lays out one or
//! many sheets as one document and exports it.

mod explain;
mod fonts;
mod glyphs;
mod options;
pub mod starter;
mod world;

use std::sync::Arc;

use serde_json::json;
use typst_layout::PagedDocument;

use crate::diagnostic::Diagnostic;
use crate::form::Templates;
use crate::project::Project;
use crate::source::Source;

pub use fonts::Faces;
pub use options::standards;
pub use options::{Options, Timestamp};
/// Standards that a PDF keeps together.
pub use typst_pdf::PdfStandards as Standards;
pub use world::Assets;
use world::{Shared, SheetWorld};

/// Documents a memoised result outlives unused: memory stays flat.
const KEEP_DOCUMENTS: usize = 5;

/// What all documents of a run share.
pub struct Typesetter {
    shared: Shared,
}

/// One merged form, ready to be laid out.
pub struct Sheet<'a> {
    /// The merged Typst source.
    pub text: String,
    /// For each line of `text` the template's line, counted from 1.
    pub lines: Vec<usize>,
    /// JSON array of the values that `text` refers to as `_v`.
    pub values: String,
    /// The template it was merged from.
    pub template: Arc<Source>,
    /// The project it was merged with: where a character comes from.
    pub project: &'a Project,
}

/// What a document says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Title; PDF/UA-1 demands one.
    pub title: String,
    /// Authors: the departments that answer for the form.
    pub authors: Vec<String>,
    /// Stable over renderings of the same thing; the document id is made of it.
    pub ident: String,
}

impl Typesetter {
    /// Gathers what documents share.
    pub fn new(faces: Faces, templates: &Templates) -> Self {
        Self {
            shared: Shared::new(faces, templates),
        }
    }

    /// Lays the sheets out, one after another, and exports them.
    ///
    /// # Errors
    /// Every diagnostic found: characters without a glyph, the template's
    /// errors at the template's own lines, what the PDF standard forbids.
    pub fn typeset(
        &self,
        sheets: &[Sheet<'_>],
        form: &Assets,
        metadata: &Metadata,
        options: &Options,
    ) -> Result<Vec<u8>, Vec<Diagnostic>> {
        let world = SheetWorld::new(
            &self.shared,
            form,
            sheets,
            document_json(metadata),
            options.timestamp.date(),
        );
        let result = compile(&world, sheets).and_then(|document| {
            typst_pdf::pdf(&document, &options.pdf(metadata))
                .map_err(|errors| explain::all(&world, sheets, &errors))
        });
        comemo::evict(KEEP_DOCUMENTS);
        result
    }
}

fn compile(world: &SheetWorld<'_>, sheets: &[Sheet<'_>]) -> Result<PagedDocument, Vec<Diagnostic>> {
    let document = typst::compile::<PagedDocument>(world)
        .output
        .map_err(|errors| explain::all(world, sheets, &errors))?;
    let missing = glyphs::missing(&document);
    if missing.is_empty() {
        Ok(document)
    } else {
        Err(glyphs::explain(&missing, sheets))
    }
}

fn document_json(metadata: &Metadata) -> String {
    json!({ "title": metadata.title, "authors": metadata.authors }).to_string()
}
