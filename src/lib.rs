//! tianbao 填报: one project definition in YAML becomes the official form of
//! its jurisdiction, as a print-ready PDF and as a Word file.
//!
//! The way of one project, module by module:
//!
//! 1. [`batch`] works out which projects the command line means;
//! 2. [`project`] loads each with all it inherits, every value with its place;
//! 3. [`form`] finds the form pack that the project names;
//! 4. [`check`] holds the project against the form's schema;
//! 5. `merge` fills the pack's templates in, through one minijinja environment;
//! 6. [`pdf`] typesets the Typst source, [`docx`] writes the Word file;
//! 7. [`output`] puts the artifacts into their folder, whole or not at all.
//!
//! A template of its own needs no form pack ([`any_template`]).
//! An artifact may hold the project it was made from ([`embedded`]), and many
//! artifacts go into one zip ([`package`]).
//!
//! [`render`] holds steps 2 to 6 together; [`form_check`] holds a form's two
//! templates against each other, with what [`parity`] reads back; [`cli`] turns arguments into calls
//! and results into words. What is wrong in a user's document is a
//! [`diagnostic::Diagnostic`]; that the program could not work is an [`Error`].

pub mod any_template;
pub mod batch;
pub mod check;
pub mod cli;
pub mod diagnostic;
pub mod digest;
pub mod docx;
pub mod embedded;
mod error;
pub mod form;
pub mod form_check;
mod merge;
pub mod output;
pub mod package;
pub mod parity;
pub mod pdf;
pub mod project;
pub mod render;
pub mod source;

pub use error::{Error, Failure};
