//! Form packs: what a jurisdiction's form is, as data.
//!
//! A pack is a folder in `templates/` with `form.yaml`, `schema.json`,
//! `form.typ`, `form.docx` and `example.yaml`. This module reads packs and
//! finds them; it does not merge, typeset or check anything.

pub mod blueprint;
mod kind;
mod manifest;
pub mod roles;
mod schema;
mod slips;
pub mod starter;
mod templates;

use std::path::PathBuf;
use std::sync::Arc;

use crate::source::Source;

pub(crate) use kind::{Kind, Takes};
pub use manifest::{Binding, Manifest, Orientation};
pub use roles::{Role, Roles};
pub use schema::{Field, Schema};
pub use templates::{FormFiles, Templates};

/// One form pack, read.
#[derive(Debug)]
pub struct Form {
    /// Its folder below `templates/`, for example `hunan/cbec-fund-target`.
    pub id: String,
    /// Where the pack is.
    pub folder: PathBuf,
    /// `form.yaml`.
    pub manifest: Manifest,
    /// `schema.json`.
    pub schema: Schema,
    /// `form.typ`, not yet merged.
    pub typst: Arc<Source>,
    /// `form.docx`: its name in messages, and its bytes.
    pub word: (String, Vec<u8>),
    /// Whatever else the Typst template may read, by name within the folder.
    pub files: FormFiles,
}
