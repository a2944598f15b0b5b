//! A look at each member and volume: what is it made of, and which of its
//! artifacts are there and true already?

use std::sync::atomic::Ordering;

use super::inputs::Inputs;
use super::record::{Entry, Standing};
use super::run::{Facts, Looked, LookedVolume, Wanted, Work, incomplete, volume_data};
use super::target::{Store, Verdict, file_name};
use super::{Member, Volume};
use crate::diagnostic::Diagnostic;
use crate::digest::{Digest, Digester};
use crate::error::{Error, Failure};
use crate::output::safe_name;
use crate::render::{Kind, Ready};

impl<'a> Work<'a> {
    pub(super) fn look(&self, member: &Member) -> Result<Looked, Failure> {
        let subject = self.subject(member);
        let (facts, warnings) = match self.known(member, &subject) {
            Some(facts) => (facts, Vec::new()),
            None => {
                let ready = self.renderer.prepare(member.load_with(&self.bases)?)?;
                (self.facts(member, &ready), ready.warnings)
            }
        };
        let kinds = &self.options.kinds;
        let mut plan = self.wanted(&facts.name, kinds, &facts.forms, facts.data)?;
        if let Some(store) = &self.store {
            let others = plan.make.iter().filter_map(|kind| {
                let file = file_name(&facts.name, *kind);
                self.takes_the_place_of(store, &file, &facts.chain)
            });
            let others: Vec<Diagnostic> = others.collect();
            plan.notes.extend(others);
            for kind in [Kind::Pdf, Kind::Word] {
                let file = file_name(&facts.name, kind);
                if plan.keep.contains(&store.output.path(&file)) {
                    self.refresh(store, &file, &facts.forms, |known| Entry {
                        subject: subject.clone(),
                        chain: facts.chain.clone(),
                        inputs: facts.inputs,
                        batch: self.batch(member),
                        warned: !warnings.is_empty(),
                        ..known
                    })?;
                }
            }
        }
        Ok(Looked {
            facts,
            subject,
            warnings,
            plan,
        })
    }

    /// What stays may have come to be written elsewhere, or said in other words,
    /// or be made by a pack that changed in what does not matter to it.
    fn refresh(
        &self,
        store: &Store<'_>,
        file: &str,
        forms: &[String],
        now: impl FnOnce(Entry) -> Entry,
    ) -> Result<(), Failure> {
        let Some(known) = store.record.entry(file) else {
            return Ok(());
        };
        let now = Entry {
            forms: self.forms_used(forms)?,
            ..now(known.clone())
        };
        if now != known {
            store.record.refresh(now)?;
            self.refreshed.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The batch file that asks for a volume, as the record names it.
    pub(super) fn chain_of(&self, volume: &Volume) -> Vec<String> {
        let batch = volume.batch.as_deref();
        batch
            .map(|batch| self.inputs.name(batch))
            .into_iter()
            .collect()
    }

    /// How the record calls a member.
    fn subject(&self, member: &Member) -> String {
        match &self.store {
            Some(_) => member.subject_from(&self.inputs.name(member.path())),
            None => member.subject(),
        }
    }

    fn facts(&self, member: &Member, ready: &Ready) -> Facts {
        Facts {
            name: ready.name.clone(),
            forms: ready.forms(),
            data: ready.project.digest(),
            inputs: Inputs::of_project(member, &ready.project),
            chain: match &self.store {
                Some(_) => self.inputs.chain(&ready.project),
                None => Vec::new(),
            },
        }
    }

    /// What the record knows of a member, if it is still so: the files it is
    /// read from, and what decides how its artifacts are called.
    fn known(&self, member: &Member, subject: &str) -> Option<Facts> {
        let store = self.store.as_ref().filter(|store| !store.force)?;
        let files = self.recorded.get(subject).into_iter().flatten();
        let entries = files.filter_map(|file| store.record.entry(file));
        // Another member may just have been found to be the one now.
        let is_own =
            |entry: &Entry| entry.kind.is_document() && entry.subject == subject && !entry.warned;
        for entry in entries.filter(is_own) {
            let forms: Vec<String> = entry.forms.iter().map(|form| form.id.clone()).collect();
            let fingerprint = self.fingerprint(entry.kind, &forms, entry.data);
            if fingerprint.is_ok_and(|now| now == entry.fingerprint)
                && self.inputs.now(member, &entry.chain) == Some(entry.inputs)
                && let Some(name) = entry.name()
            {
                return Some(Facts {
                    name: name.to_owned(),
                    forms,
                    data: entry.data,
                    inputs: entry.inputs,
                    chain: entry.chain,
                });
            }
        }
        None
    }

    /// What decides an artifact: everything but the data, and the data.
    pub(super) fn fingerprint(
        &self,
        kind: Kind,
        forms: &[String],
        data: Digest,
    ) -> Result<Digest, Failure> {
        let setting = self.renderer.setting(kind, forms)?;
        Ok(Digester::default().field(setting).field(data).finish())
    }

    /// What is to become of the artifacts of these kinds.
    fn wanted(
        &self,
        name: &str,
        kinds: &[Kind],
        forms: &[String],
        data: Digest,
    ) -> Result<Wanted, Failure> {
        let Some(store) = &self.store else {
            return Ok(Wanted {
                make: kinds.to_vec(),
                ..Wanted::default()
            });
        };
        let mut wanted = Wanted::default();
        for kind in kinds {
            // To look at while a template changes: made whenever it is asked for.
            if *kind == Kind::Merged {
                wanted.make.push(*kind);
                continue;
            }
            let file = file_name(name, *kind);
            match store.verdict(&file, self.fingerprint(*kind, forms, data)?)? {
                Verdict::Keep => wanted.keep.push(store.output.path(&file)),
                Verdict::KeepEdited => wanted.notes.push(store.still_edited(&file)),
                Verdict::Make => wanted.make.push(*kind),
                Verdict::Refuse => wanted.notes.push(store.edited(&file)),
            }
        }
        Ok(wanted)
    }

    /// An artifact of this name that was made of another file, which is still
    /// there, is about to be replaced.
    fn takes_the_place_of(
        &self,
        store: &Store<'_>,
        file: &str,
        own: &[String],
    ) -> Option<Diagnostic> {
        let entry = store.record.entry(file)?;
        let other = entry.chain.first()?;
        let other_file = self.inputs.path(other);
        if own.first() == Some(other)
            || !other_file.is_file()
            || store.record.standing(file).ok()? != Standing::Current
            || self.sources.contains(other)
        {
            return None;
        }
        let path = store.output.path(file);
        let message = format!("{} 原来由 {other} 生成，现在被代替", path.display());
        Some(
            Diagnostic::warning("output/replaced", message)
                .hint("两份都要，就用 --out 写到不同的文件夹"),
        )
    }

    /// A volume is made whole or not at all, and of one form.
    pub(super) fn look_at_volume(
        &self,
        volume: &'a Volume,
        members: &[Result<Looked, Failure>],
    ) -> Result<LookedVolume<'a>, Failure> {
        let of_members = volume.members.iter().map(|index| members[*index].as_ref());
        let failed = of_members.clone().filter(Result::is_err).count();
        let sheets: Vec<&Looked> = of_members.filter_map(Result::ok).collect();
        if failed > 0 {
            return Err(incomplete(failed).into());
        }
        let Some(first) = sheets.first() else {
            return Err(Error::Internal("空的合订本".into()).into());
        };
        let forms = first.facts.forms.clone();
        if let Some(at) = sheets.iter().position(|sheet| sheet.facts.forms != forms) {
            let start = |at: usize| {
                Ok(self.plan.members[volume.members[at]]
                    .load_with(&self.bases)?
                    .start())
            };
            let (other, first_start): (_, Result<_, Failure>) = (start(at), start(0));
            return Err(
                Diagnostic::error("volume/forms", "一本合订本只能有一种表式")
                    .at(other?)
                    .label(format!("这里是 {}", sheets[at].facts.forms.join(" + ")))
                    .related(format!("第一份是 {}", forms.join(" + ")), first_start?)
                    .into(),
            );
        }
        // A volume's title; without one, that of its first sheet.
        let title = match &volume.title {
            Some(title) => title.clone(),
            None => {
                let first = self.plan.members[volume.members[0]].load_with(&self.bases)?;
                format!("{}（合订本）", self.renderer.prepare(first)?.title())
            }
        };
        let data = volume_data(&title, sheets.iter().map(|sheet| sheet.facts.data));
        let name = safe_name(&title);
        let kinds = self.options.kinds.iter().copied();
        let kinds: Vec<Kind> = kinds.filter(|kind| *kind != Kind::Merged).collect();
        let plan = self.wanted(&name, &kinds, &forms, data)?;
        if let Some(store) = &self.store {
            for kind in kinds {
                let file = file_name(&name, kind);
                if plan.keep.contains(&store.output.path(&file)) {
                    let subjects: Vec<String> =
                        sheets.iter().map(|sheet| sheet.subject.clone()).collect();
                    self.refresh(store, &file, &forms, |known| Entry {
                        subject: title.clone(),
                        members: subjects,
                        chain: self.chain_of(volume),
                        ..known
                    })?;
                }
            }
        }
        Ok(LookedVolume {
            volume,
            title,
            name,
            forms,
            data,
            plan,
        })
    }
}
