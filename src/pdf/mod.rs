//! Merged Typst source → PDF, in process.
//!
//! The only module that knows Typst. A [`Typesetter`] holds what all documents
//! share (faces, standard library, `templates/lib`); a [`Sheet`] is one merged
//! form with the values it refers to; [`Typesetter::lay_out`] lays out one or
//! many sheets as one document, [`Typesetter::export`] writes it.

mod attached;
mod explain;
mod fonts;
mod glyphs;
mod options;
mod pages;
pub mod starter;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use typst_layout::PagedDocument;

use crate::diagnostic::Diagnostic;
use crate::embedded::Embedded;
use crate::form::Templates;
use crate::project::Project;
use crate::source::Source;

pub(crate) use attached::{Unreadable, attached};
pub use fonts::Faces;
pub use options::{Options, Standards, Timestamp, standards};
use pages::Splits;
pub use pages::{SheetPages, TablePages};
pub use world::Assets;
use world::{Shared, SheetWorld};

/// Pages laid out between two evictions of what Typst remembers. Each eviction
/// goes over all of it; that is too much for each page, and memory stays flat.
const EVICTION_PAGES: usize = 4;
/// Evictions that a memoised result outlives: those it was used before.
const KEPT_EVICTIONS: usize = 1;

/// What all documents of a run share.
pub struct Typesetter {
    shared: Shared,
    /// Pages that all threads laid out since the last eviction.
    pages: AtomicUsize,
}

/// One merged form, ready to be laid out.
#[derive(Clone)]
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
    /// What its form's folder holds and says of the page.
    pub assets: &'a Assets,
    /// Whether labels stand again where a page begins.
    pub same_pages: bool,
    /// Files that are attached to the PDF.
    pub attachments: Vec<Embedded>,
}

/// Sheets that are laid out, to be exported and followed by the Word file.
pub struct Layout {
    document: PagedDocument,
    /// Where pages break, sheet by sheet.
    pub pages: SheetPages,
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
            pages: AtomicUsize::new(0),
        }
    }

    /// The faces of the run.
    pub(crate) fn faces(&self) -> &Faces {
        self.shared.faces()
    }

    /// Lays the sheets out, one after another, as often as their labels need
    /// to stand again where pages break.
    ///
    /// # Errors
    /// Every diagnostic found: characters without a glyph, the template's
    /// errors at the template's own lines.
    pub fn lay_out(
        &self,
        sheets: &[Sheet<'_>],
        metadata: &Metadata,
        date: Timestamp,
    ) -> Result<Layout, Vec<Diagnostic>> {
        let mut world = SheetWorld::new(&self.shared, sheets, document_json(metadata), date.date());
        let same_pages: Vec<bool> = sheets.iter().map(|sheet| sheet.same_pages).collect();
        let mut splits = Splits::default();
        for pass in 0.. {
            let compiled = compile(&world, sheets);
            let made = compiled.as_ref().map_or(1, |made| made.pages().len());
            self.evict_after(made);
            let document = compiled?;
            let mut pages = pages::read(&document, sheets.len());
            let wanted = splits.wanted(&pages, &same_pages, pass);
            if wanted == splits {
                splits.forget(&mut pages);
                return Ok(Layout { document, pages });
            }
            splits = wanted;
            world.set_pages(splits.to_json());
        }
        unreachable!("splits settle, or are given up")
    }

    /// Exports what was laid out.
    ///
    /// # Errors
    /// What the PDF standard forbids.
    pub fn export(
        &self,
        layout: &Layout,
        sheets: &[Sheet<'_>],
        metadata: &Metadata,
        options: &Options,
    ) -> Result<Vec<u8>, Vec<Diagnostic>> {
        typst_pdf::pdf(&layout.document, &options.pdf(metadata)).map_err(|errors| {
            let document = document_json(metadata);
            let date = options.timestamp.date();
            let world = SheetWorld::new(&self.shared, sheets, document, date);
            explain::all(&world, sheets, &errors)
        })
    }

    /// Evicts what no document has used lately, every so many pages.
    fn evict_after(&self, pages: usize) {
        let before = self.pages.fetch_add(pages, Ordering::Relaxed);
        if before + pages >= EVICTION_PAGES {
            self.pages.store(0, Ordering::Relaxed);
            comemo::evict(KEPT_EVICTIONS);
        }
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
