//! Many projects: which they are, and making them all.
//!
//! One wrong project never stops the others. Nothing here knows how one
//! project is rendered.

mod member;
mod plan;
mod run;

pub use member::Member;
pub use plan::{Plan, Volume, plan};
pub use run::{Made, Run, check, run};
