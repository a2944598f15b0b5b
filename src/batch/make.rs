//! Rendering what is to be made, and writing it.
//!
//! Rendering keeps the cores busy and writing waits for the disk; so they are
//! two steps, on threads of their own.

use rayon::prelude::*;

use super::Member;
use super::record::{Content, Entry, FormUsed};
use super::run::{Looked, LookedVolume, Made, Work};
use super::target::file_name;
use crate::diagnostic::Diagnostic;
use crate::digest::Digest;
use crate::error::Failure;
use crate::render::{Kind, Ready};

/// What was rendered of one project or volume.
#[derive(Default)]
pub(super) struct Rendered {
    artifacts: Vec<(Entry, Vec<u8>)>,
    /// The project's values, for the manifest.
    values: Option<(Digest, String)>,
}

impl Work<'_> {
    /// Renders what is to be made of a member. What came out before something
    /// went wrong is in `rendered` all the same.
    pub(super) fn render_member(
        &self,
        member: &Member,
        looked: &Looked,
        rendered: &mut Rendered,
    ) -> Result<(), Failure> {
        let project = member.load_with(&self.bases)?;
        let facts = &looked.facts;
        if project.digest() != facts.data {
            return Err(
                Diagnostic::error("file/changed", "生成途中文件被改动，没有生成")
                    .at(project.start())
                    .hint("保存好以后再生成一次")
                    .into(),
            );
        }
        let ready = self.renderer.prepare_checked(project)?;
        let make = &looked.plan.make;
        // Before typesetting: it is wanted most when that fails.
        if make.contains(&Kind::Merged) {
            self.render_merged(&ready, looked, rendered)?;
        }
        let (pdf, word) = (make.contains(&Kind::Pdf), make.contains(&Kind::Word));
        let artifacts = self.renderer.render_some(&ready, pdf, word)?;
        if self.store.is_none() {
            return Ok(());
        }
        let values = ready.project.root.to_written_json().to_string();
        rendered.values = Some((facts.data, values));
        for (kind, bytes) in [(Kind::Pdf, artifacts.pdf), (Kind::Word, artifacts.word)] {
            let Some(bytes) = bytes else {
                continue;
            };
            let mut entry = self.entry(kind, &facts.name, &facts.forms, facts.data, &bytes)?;
            entry.subject.clone_from(&looked.subject);
            entry.chain.clone_from(&facts.chain);
            entry.inputs = facts.inputs;
            entry.batch = self.batch(member);
            entry.warned = !looked.warnings.is_empty();
            rendered.artifacts.push((entry, bytes));
        }
        Ok(())
    }

    fn render_merged(
        &self,
        ready: &Ready,
        looked: &Looked,
        rendered: &mut Rendered,
    ) -> Result<(), Failure> {
        let merged = ready.merged_typst()?;
        let several = merged.len() > 1;
        for (index, (source, values)) in merged.into_iter().enumerate() {
            let name = match several {
                true => format!("{}.{}", ready.name, index + 1),
                false => ready.name.clone(),
            };
            for (ending, text) in [("typ", source), ("values.json", values)] {
                let (facts, bytes) = (&looked.facts, text.into_bytes());
                let mut entry =
                    self.entry(Kind::Merged, &name, &facts.forms, facts.data, &bytes)?;
                entry.file = format!("{name}.{ending}");
                entry.subject.clone_from(&looked.subject);
                rendered.artifacts.push((entry, bytes));
            }
        }
        Ok(())
    }

    /// Binds a volume of the members that were looked at.
    pub(super) fn render_volume(
        &self,
        looked: &LookedVolume<'_>,
        members: &[Result<Looked, Failure>],
        rendered: &mut Rendered,
    ) -> Result<(), Failure> {
        if self.store.is_none() {
            // A volume holds the same sheets; its title and names are checked.
            return Ok(());
        }
        let indices = &looked.volume.members;
        let prepare = |index: &usize| {
            let project = self.plan.members[*index].load_with(&self.bases)?;
            self.renderer.prepare(project)
        };
        let sheets = indices.par_iter().map(prepare);
        let sheets = sheets.collect::<Result<Vec<Ready>, Failure>>()?;
        let sheets: Vec<&Ready> = sheets.iter().collect();
        let subjects = indices.iter().filter_map(|index| {
            let member = members[*index].as_ref().ok()?;
            Some(member.subject.clone())
        });
        let subjects: Vec<String> = subjects.collect();
        for kind in &looked.plan.make {
            let bytes = match kind {
                Kind::Word => self.renderer.bind_word(&sheets, &looked.title)?,
                _ => self.renderer.bind(&sheets, &looked.title)?,
            };
            let mut entry = self.entry(*kind, &looked.name, &looked.forms, looked.data, &bytes)?;
            entry.subject.clone_from(&looked.title);
            entry.members.clone_from(&subjects);
            entry.chain = self.chain_of(looked.volume);
            rendered.artifacts.push((entry, bytes));
        }
        Ok(())
    }

    /// Writes what was rendered. One file that cannot be written does not keep
    /// the others from it.
    pub(super) fn write(&self, rendered: Rendered, made: &mut Made) {
        let (Some(store), Some(values)) = (&self.store, &self.values) else {
            return;
        };
        if let Some((data, text)) = rendered.values
            && let Err(error) = values.keep(data, &text)
        {
            made.fail(error.into());
        }
        for (entry, bytes) in rendered.artifacts {
            match store.put(entry, Content::Bytes(&bytes)) {
                Ok(file) => made.files.push(file),
                Err(failure) => made.fail(failure),
            }
        }
    }

    /// The batch file of a member, as the record names it.
    pub(super) fn batch(&self, member: &Member) -> Option<String> {
        member.batch().map(|batch| self.inputs.name(batch))
    }

    /// The forms as they are now.
    pub(super) fn forms_used(&self, forms: &[String]) -> Result<Vec<FormUsed>, Failure> {
        let used = forms.iter().map(|id| {
            let facts = self.renderer.form_facts(id)?;
            Ok(FormUsed {
                id: id.clone(),
                version: facts.version,
                template: facts.template,
            })
        });
        used.collect()
    }

    /// What the record says of an artifact, as far as projects and volumes are
    /// alike.
    fn entry(
        &self,
        kind: Kind,
        name: &str,
        forms: &[String],
        data: Digest,
        bytes: &[u8],
    ) -> Result<Entry, Failure> {
        let fonts = match self.renderer.needs_pages(kind, forms)? {
            true => Some(self.renderer.faces_digest()?),
            false => None,
        };
        let fingerprint = self.fingerprint(kind, forms, data)?;
        let result = Digest::of(bytes);
        Ok(Entry {
            forms: self.forms_used(forms)?,
            fonts,
            ..Entry::new(file_name(name, kind), kind, data, fingerprint, result)
        })
    }
}
