//! A glance at files that may be projects: which are batches, and which only
//! serve others as a base. Of thousands, few need to be parsed for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::plan::{BATCH_FILE, is_batch};
use super::pool;
use crate::error::Error;
use crate::project::{self, tidy};

/// Longest circle that is looked for.
const MAX_CHAIN: usize = 16;

/// Of these files those that are projects of their own.
///
/// # Errors
/// If the system gives no threads.
pub(super) fn projects(files: Vec<PathBuf>) -> Result<Vec<PathBuf>, Error> {
    let glances = pool::each(pool::default_threads(), &files, |file| glance(file))?;
    let extends: BTreeMap<PathBuf, PathBuf> = files
        .iter()
        .zip(&glances)
        .filter_map(|(file, (_, base))| Some((tidy(file), tidy(base.as_deref()?))))
        .collect();
    let bases: BTreeSet<&PathBuf> = extends.values().collect();
    // Files that extend each other would all be passed over, and nobody told.
    let in_circle = |file: &PathBuf| {
        let chain = std::iter::successors(extends.get(file), |file| extends.get(*file));
        chain.take(MAX_CHAIN).any(|base| base == file)
    };
    let is_project = |file: &PathBuf| !bases.contains(file) || in_circle(file);
    let mut projects: Vec<PathBuf> = files
        .iter()
        .zip(&glances)
        .filter(|(file, (is_batch, _))| !is_batch && is_project(&tidy(file)))
        .map(|(file, _)| file.clone())
        .collect();
    projects.sort();
    Ok(projects)
}

/// Whether a file is a batch, and what it extends. One that cannot be read is
/// neither; what is wrong in it is said when it is loaded.
fn glance(file: &Path) -> (bool, Option<PathBuf>) {
    let Ok(source) = project::read(file) else {
        return (is_batch(file), None);
    };
    let text = &source.text;
    let named = file.file_name().is_some_and(|name| name == BATCH_FILE);
    let may_be_batch = named || text.contains("members") || text.contains("table");
    let base = match plain_extends(text) {
        Some(written) => Some(file.parent().unwrap_or(Path::new("")).join(written)),
        None if text.contains("extends") => project::base_of(file).ok().flatten(),
        None => None,
    };
    (may_be_batch && is_batch(file), base)
}

/// What a plain line `extends: …` of the outermost map says; a line that begins
/// at the margin can be nothing else.
fn plain_extends(text: &str) -> Option<&str> {
    let mut lines = text.lines();
    let written = lines
        .find_map(|line| line.strip_prefix("extends: "))?
        .trim();
    let is_plain = |c: char| c.is_alphanumeric() || "._-/".contains(c);
    (!written.is_empty() && written.chars().all(is_plain)).then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_plain_is_taken_without_parsing() {
        assert_eq!(
            plain_extends("a: 1\nextends: ../base.yaml\n"),
            Some("../base.yaml")
        );
        assert_eq!(plain_extends("extends: 'base.yaml'\n"), None);
        assert_eq!(plain_extends("extends: base.yaml # 底稿\n"), None);
        assert_eq!(plain_extends("a:\n  extends: base.yaml\n"), None);
    }
}
