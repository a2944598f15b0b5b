//! Values that are more than text, in a merged Word part: the markers that
//! merging left are replaced by what fits where they stand.
//!
//! `expand` goes over the part, `insert` knows where a marker stands, `pieces`
//! what a value becomes, and [`Additions`] what the package must gain by it. A part without markers
//! never comes here.

mod additions;
mod expand;
mod image;
mod insert;
mod pieces;
mod properties;
mod styles;
#[cfg(test)]
mod tests;

use super::outline::Outline;
use crate::diagnostic::Diagnostic;
use crate::merge::rich::What;
pub(super) use additions::{Additions, Gained, with_root_of};
pub(super) use styles::Styles;

/// A part with its markers replaced.
///
/// # Errors
/// Rejected with what the template lacks for a value, or what of another file
/// cannot come along; at the place in the data.
pub(super) fn expanded(
    file: &str,
    part: &str,
    xml: &str,
    inserts: &[What],
    additions: &mut Additions<'_>,
) -> Result<String, Vec<Diagnostic>> {
    let outline = Outline::read(xml).map_err(|flaw| vec![super::broken(file, part, flaw)])?;
    let mut expander = expand::Expander::new(&outline, part, inserts, additions);
    expander.run();
    let (mut text, problems) = expander.finish();
    additions
        .complete_root(part, &mut text)
        .map_err(|words| vec![super::refused(file, &words)])?;
    match problems.is_empty() {
        true => Ok(text),
        false => Err(problems),
    }
}
