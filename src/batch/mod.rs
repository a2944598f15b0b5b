//! Many projects: which they are, which of them changed, and making those.
//!
//! [`plan`] works out the members; [`run`] looks at each, renders what is not
//! there yet or no longer true, and writes it. What was made stands in the
//! `record` of the output folder, the values it was made of beside it
//! (`values`), both for all to read in the [`manifest`]. One wrong project
//! never stops the others. Nothing here knows how one project is rendered.

mod clean;
mod diff;
mod file;
mod glance;
mod inputs;
mod look;
mod make;
pub mod manifest;
mod member;
mod names;
mod plan;
mod pool;
mod record;
mod run;
mod table;
mod target;
pub(crate) mod template;
mod values;
mod verify;
mod zip;

pub use clean::{Cleaned, clean};
pub use diff::{Change, Changes, Difference, diff};
pub use member::{FileMember, Member};
pub use plan::{Plan, Volume, plan};
pub use record::FormUsed;
pub use run::{Made, Options, Progress, Run, check, run};
pub use table::Row;
pub use verify::{Report, verify};
