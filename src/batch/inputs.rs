//! What a project is read from, and whether that is still the same.
//!
//! Files are named from the output folder, so that a record stays true when
//! the whole tree is moved, or the program is called from elsewhere.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::Member;
use crate::digest::{Digest, Digester};
use crate::project::{self, Project, folder_of, real, tidy};

/// Files as the record names them, and what they hold now.
pub(crate) struct Inputs {
    /// The output folder's real path.
    output: PathBuf,
    /// Real paths of folders.
    folders: Mutex<BTreeMap<PathBuf, PathBuf>>,
    /// Bases, which many projects share, by their name in the record.
    bases: Mutex<BTreeMap<String, Option<Digest>>>,
}

impl Inputs {
    pub(crate) fn from(output: &Path) -> Self {
        Self {
            output: real(output),
            folders: Mutex::default(),
            bases: Mutex::default(),
        }
    }

    /// A file's name as seen from the output folder, with forward slashes.
    pub(crate) fn name(&self, file: &Path) -> String {
        let folder = folder_of(file);
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = match folders.get(folder) {
            Some(known) => known.clone(),
            None => {
                let found = real(folder);
                folders.insert(folder.to_owned(), found.clone());
                found
            }
        };
        let file = folder.join(file.file_name().unwrap_or_default());
        project::shown(&relative(&self.output, &file))
    }

    /// The file of a name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        tidy(&self.output.join(name))
    }

    /// The names of the files a project was read from.
    pub(crate) fn chain(&self, project: &Project) -> Vec<String> {
        let files = project.files.iter();
        files.map(|(file, _)| self.name(file)).collect()
    }

    /// What decided a project when it was read.
    pub(crate) fn of_project(member: &Member, project: &Project) -> Digest {
        let mut digester = Digester::default();
        digester.field(member.own_digest());
        for (_, content) in &project.files {
            digester.field(content);
        }
        digester.finish()
    }

    /// What decides a member now, if it is still read from these files.
    pub(crate) fn now(&self, member: &Member, chain: &[String]) -> Option<Digest> {
        let mut digester = Digester::default();
        digester.field(member.own_digest());
        for (index, name) in chain.iter().enumerate() {
            let content = match index {
                // A row's own digest is of its cells; the rest of the table
                // does not matter.
                0 if matches!(member, Member::Row(_)) => Some(Digest::of(b"")),
                0 => self.content(name),
                _ => self.base(name),
            };
            digester.field(content?);
        }
        Some(digester.finish())
    }

    fn base(&self, name: &str) -> Option<Digest> {
        let mut bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = bases.get(name) {
            return *known;
        }
        let content = self.content(name);
        bases.insert(name.to_owned(), content);
        content
    }

    fn content(&self, name: &str) -> Option<Digest> {
        let source = project::read(&self.path(name)).ok()?;
        Some(Digest::of(source.text.as_bytes()))
    }
}

/// `path` as seen from `folder`; both are real. Without a common beginning,
/// such as on another drive, it stays as it is.
fn relative(folder: &Path, path: &Path) -> PathBuf {
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), path.components().collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return path.to_owned();
    }
    let up = from[common..].iter().map(|_| Component::ParentDir);
    up.chain(to[common..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_from_the_folder() {
        let seen = |folder: &str, path: &str| relative(Path::new(folder), Path::new(path));
        assert_eq!(
            seen("/a/out", "/a/data/x.yaml"),
            Path::new("../data/x.yaml")
        );
        assert_eq!(seen("/a", "/a/x.yaml"), Path::new("x.yaml"));
        assert_eq!(seen("/a/b", "/c/x.yaml"), Path::new("../../c/x.yaml"));
    }
}
