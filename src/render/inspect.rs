//! What the check of a form looks at beside the artifacts: what its templates
//! make of other values, and which names they use.

use std::collections::BTreeSet;

use minijinja::Environment;
use minijinja::value::Value;

use super::{PreparedForm, Ready, Renderer};
use crate::diagnostic::Place;
use crate::error::Failure;
use crate::form::{Form, Templates};
use crate::merge::tags::{self, Dialect};
use crate::merge::{self, take_marks};
use crate::pdf::SheetPages;
use crate::project::{Node, Project};
use crate::source::Location;

/// What both templates make of a project's values, before anything is typeset;
/// none where a template cannot be merged with them.
#[derive(Debug)]
pub(crate) struct Merges {
    /// The Typst source, followed by the values it refers to.
    pub(crate) typst: Option<String>,
    /// The merged parts of the Word file.
    pub(crate) word: Option<String>,
    /// Title, bookmark and authors, which both files bear.
    pub(crate) document: String,
}

/// A name that a template takes from the project.
#[derive(Debug)]
pub(crate) struct Undeclared {
    /// With dots, such as `project.name`.
    pub(crate) name: String,
    /// The first tag that uses it.
    pub(crate) place: Place,
}

impl Renderer {
    /// The packs.
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// All names that the templates of a form take from outside, at the first
    /// tag of each template that uses them.
    ///
    /// # Errors
    /// Rejected with what is wrong in the pack.
    pub(crate) fn undeclared(&self, id: &str) -> Result<Vec<Undeclared>, Failure> {
        let form = self.form(id)?;
        let in_typst = names_of(&form.environment, "form.typ");
        let mut found: Vec<Undeclared> = in_typst
            .into_iter()
            .map(|name| Undeclared {
                place: Place::Text(first_use(&form.form, &name)),
                name,
            })
            .collect();
        for (part, places) in form.word.tags() {
            for name in names_of(&form.environment, part) {
                let spot = places
                    .iter()
                    .find(|(_, tag)| find_name(tag, &name).is_some());
                let spot = spot.map_or(String::new(), |(spot, _)| format!(" {spot}"));
                let place = Place::Part {
                    file: form.form.word.0.clone(),
                    spot: format!("{part}{spot}"),
                };
                found.push(Undeclared { name, place });
            }
        }
        Ok(found)
    }
}

impl Ready {
    /// The project with one of the forms it names only.
    pub(crate) fn only(mut self, id: &str) -> Self {
        if self.parts.iter().any(|part| part.form.form.id == id) {
            self.parts.retain(|part| part.form.form.id == id);
        }
        self
    }

    /// The project with each file breaking pages by itself: for tables that
    /// cannot break at the same rows.
    pub(crate) fn with_own_pages(mut self) -> Self {
        self.parts
            .iter_mut()
            .for_each(|part| part.same_pages = false);
        self
    }

    /// Whether Word breaks pages where the PDF does.
    pub(crate) fn has_same_pages(&self) -> bool {
        self.parts[0].same_pages
    }

    /// What all of the below looks at.
    fn part(&self) -> (&PreparedForm, &Project, &Value) {
        let part = &self.parts[0];
        (&part.form, &part.project, &part.context)
    }

    /// What the first form is given of the project.
    pub(crate) fn sheet_project(&self) -> &Project {
        self.part().1
    }

    /// The form it is rendered with.
    pub(crate) fn form(&self) -> &Form {
        &self.part().0.form
    }

    /// Merges both templates with other values; none where not even the
    /// document's title can be made of them.
    pub(crate) fn merged_with(&self, root: &Node) -> Option<Merges> {
        let (form, project, _) = self.part();
        let project = Project {
            root: root.clone(),
            ..project.clone()
        };
        let values = form.values(&project).ok()?;
        let (title, bookmark) = (values.title, values.bookmark);
        let in_document = format!("{title}\n{bookmark}\n{}", values.authors.join("\n"));
        let context = values.context;

        let typst = merge::merge(&form.environment, "form.typ", context.clone()).ok();
        let typst = typst.map(|merged| {
            let (text, _) = take_marks(&merged.text);
            let values = merged.slots.used_in(&text);
            format!("{text}\n{values}")
        });
        Some(Merges {
            typst,
            word: form.word.merged_text(&form.environment, &context),
            document: in_document,
        })
    }

    /// The merged main part of the Word file in which each row bears its place
    /// in the template, as [`crate::docx::ROW_SPOT`].
    pub(crate) fn word_with_row_spots(&self, pages: &SheetPages) -> Option<String> {
        let (form, _, context) = self.part();
        let pages = pages.first().filter(|_| self.parts[0].same_pages);
        let pages = pages.map(Vec::as_slice);
        form.word.with_row_spots(&form.environment, context, pages)
    }
}

/// The names a template takes from outside; those of the environment apart.
fn names_of(environment: &Environment<'_>, template: &str) -> BTreeSet<String> {
    let Ok(template) = environment.get_template(template) else {
        return BTreeSet::new();
    };
    let mut names: BTreeSet<String> = template.undeclared_variables(true).into_iter().collect();
    let set = names_set_in(template.source());
    let own = |name: &str| ["loop", "self", "caller", "form"].contains(&name);
    names.retain(|name| {
        let root = name.split('.').next().unwrap_or(name);
        let is_global = || environment.globals().any(|(global, _)| global == root);
        !own(root) && !set.contains(&root) && !is_global()
    });
    names
}

/// Names that a template sets itself: minijinja takes those set within an `if`
/// for undeclared behind it, which they are not.
fn names_set_in(template: &str) -> Vec<&str> {
    let after_set = template.split("set ").skip(1);
    let targets = after_set.filter_map(|rest| rest.split(['=', '%', '|']).next());
    targets
        .flat_map(|targets| targets.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect()
}

/// The first tag of `form.typ` that uses a name.
fn first_use(form: &Form, name: &str) -> Location {
    let text = &form.typst.text;
    let (tags, _) = tags::find(text, Dialect::Plain);
    let found = tags.iter().find_map(|tag| {
        let at = tag.start + find_name(&text[tag.start..tag.end], name)?;
        Some(Location::new(&form.typst, at..at + name.len()))
    });
    found.unwrap_or_else(|| Location::start_of(&form.typst))
}

/// Where a dotted name stands by itself.
fn find_name(text: &str, name: &str) -> Option<usize> {
    let in_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    text.match_indices(name)
        .map(|(at, _)| at)
        .find(|at| !text[..*at].ends_with(in_name) && !text[at + name.len()..].starts_with(in_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_template_sets_is_its_own() {
        let template = "{% set a = 1 %}{%- set b, c = x %}{% set d %}e{% endset %}";
        assert_eq!(names_set_in(template), ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_name_is_found_by_itself() {
        assert_eq!(
            find_name("{{ a.bc }}{{ x.a.b }}{{ a.b|c }}", "a.b"),
            Some(24)
        );
        assert_eq!(find_name("{{ a.bc }}", "a.b"), None);
    }
}
