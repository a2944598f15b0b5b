//! What can be wrong in a project before anything is made of it.
//!
//! One file per group of checks; each returns everything it finds.

mod schema;
mod text;

use crate::diagnostic::Diagnostic;
use crate::form::Form;
use crate::project::Project;

pub(crate) use text::printable;

/// All diagnostics of a project against its form, in the order of the file.
pub fn check(project: &Project, form: &Form) -> Vec<Diagnostic> {
    let mut found = schema::check(project, form);
    found.extend(text::check(project));
    found.sort_by_key(Diagnostic::position);
    found
}
