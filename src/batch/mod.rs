//! Many projects: which they are, and making them all.
//!
//! One wrong project never stops the others. Nothing here knows how one
//! project is rendered.

mod file;
mod member;
mod plan;
mod run;
mod table;
pub(crate) mod template;

pub use member::{FileMember, Member};
pub use plan::{Plan, Volume, plan};
pub use run::{Made, Run, check, run};
pub use table::Row;
