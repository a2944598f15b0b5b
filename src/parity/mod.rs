//! Reads artifacts back, and compares what they hold.
//!
//! [`pdf`] reads the tables of a tagged PDF, [`word`] those of a Word file,
//! and [`grid`] is the form both are compared in. The readers share no code
//! with what writes the files (`pdf/`, `docx/`, `merge/`), and must never: a
//! mistake made on both sides would be a mistake that nobody sees. They know
//! nothing of projects, forms and diagnostics; what they cannot read they say
//! in plain words.

pub mod grid;
pub mod pdf;
pub mod word;
