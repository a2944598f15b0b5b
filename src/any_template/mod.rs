//! A template of its own, Word or Typst, with any data: `tianbao merge`.
//!
//! No form pack: no schema, no file name, no second output. The dialect, the
//! environment and the guarantees are those of form packs.

mod inspect;
mod typst;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use minijinja::Environment;
use minijinja::value::Value;

use crate::diagnostic::{Diagnostic, Place};
use crate::docx;
use crate::error::{Error, Failure};
use crate::merge;
use crate::project::{self, Node};
pub use inspect::{Name, Names};
pub use typst::Typesetting;
use typst::TypstTemplate;

/// An opened template.
pub struct AnyTemplate {
    environment: Environment<'static>,
    kind: Kind,
}

enum Kind {
    Word(docx::Template),
    Typst(TypstTemplate),
}

/// A copy of a template with Word comments where these diagnostics point; none
/// if they all point elsewhere.
///
/// # Errors
/// Rejected if the template is no Word file.
pub fn commented(path: &Path, problems: &[Diagnostic]) -> Result<Option<Vec<u8>>, Failure> {
    let name = project::shown(path);
    let is_own = |problem: &&Diagnostic| matches!(&problem.place, Some(Place::Part { file, .. }) if *file == name);
    let own: Vec<Diagnostic> = problems.iter().filter(is_own).cloned().collect();
    Ok(match own.is_empty() {
        true => None,
        false => Some(docx::commented(&name, &read(path)?, &own)?),
    })
}

/// A filled-in template.
pub struct Merged {
    /// The file.
    pub bytes: Vec<u8>,
    /// What somebody should look at all the same.
    pub warnings: Vec<Diagnostic>,
}

impl AnyTemplate {
    /// Reads a template: Typst if it is called `.typ`, else Word.
    ///
    /// # Errors
    /// Rejected if it is no template; broken if it cannot be read.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        if !has_ending(path, "typ") {
            return Self::word(&project::shown(path), &read(path)?);
        }
        let mut environment = merge::environment(&[]);
        let kind = Kind::Typst(TypstTemplate::open(path, &mut environment)?);
        Ok(Self { environment, kind })
    }

    /// A Word template; `name` is what messages call it.
    ///
    /// # Errors
    /// Rejected if it is no Word file.
    pub fn word(name: &str, bytes: &[u8]) -> Result<Self, Failure> {
        let mut environment = merge::environment(&[]);
        let kind = Kind::Word(docx::Template::open_flawed(name, bytes, &mut environment)?);
        Ok(Self { environment, kind })
    }

    /// How a file is called that it is merged into.
    pub fn ending(&self) -> &'static str {
        match self.kind {
            Kind::Word(_) => "docx",
            Kind::Typst(_) => "pdf",
        }
    }

    /// The names it uses, with their places.
    ///
    /// # Errors
    /// Rejected with everything wrong in the template.
    pub fn names(&self) -> Result<Names, Failure> {
        match &self.kind {
            Kind::Word(word) => {
                let problems = word.problems(&Value::from(()));
                if !problems.is_empty() {
                    return Err(problems.into());
                }
                Ok(Names::new(word.uses().iter().map(|(part, spot, of)| {
                    (of, format!("{part} {spot}").trim_end().to_owned())
                })))
            }
            Kind::Typst(typst) => {
                if !typst.problems().is_empty() {
                    return Err(typst.problems().to_vec().into());
                }
                let uses = typst.uses.iter();
                Ok(Names::new(
                    uses.map(|(of, at)| (of, format!("第{}行", at.line()))),
                ))
            }
        }
    }

    /// Fills the template in; a Typst template needs what typesets it, once it is
    /// merged. The data may name files in the folder, and none without one.
    ///
    /// # Errors
    /// Rejected with everything wrong in the template and the data.
    pub fn merge(
        &self,
        data: &Node,
        folder: Option<&Path>,
        typesetting: impl FnOnce() -> Result<Typesetting, Error>,
    ) -> Result<Merged, Failure> {
        let context = merge::reckonable_context(data, folder)?;
        let merged = match &self.kind {
            Kind::Typst(typst) => typst.merge(&self.environment, context, data, typesetting),
            Kind::Word(word) => merge_word(word, &self.environment, &context),
        };
        merged.map_err(|failure| match failure {
            Failure::Rejected(problems) => of_data(problems).into(),
            broken => broken,
        })
    }
}

fn merge_word(
    word: &docx::Template,
    env: &Environment<'_>,
    context: &Value,
) -> Result<Merged, Failure> {
    let problems = word.problems(context);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    Ok(Merged {
        bytes: word.render(env, context, None, None, &[])?,
        warnings: word.warnings().to_vec(),
    })
}

/// A file's bytes; of one that is too large, enough to be seen to be so.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let size = path.metadata().map_or(0, |file| file.len());
    let size = size.min(docx::MAX_FILE) + 2;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    File::open(path)
        .and_then(|file| file.take(docx::MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|e| Error::io("读取", path, e))?;
    Ok(bytes)
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|own| own.eq_ignore_ascii_case(ending))
}

/// There is no project and no schema: a name is in the data or nowhere.
fn of_data(mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    for problem in &mut problems {
        if problem.code == "template/undefined" {
            problem.label = Some("数据里没有它".into());
        }
    }
    problems
}
