//! Making what is not there yet or no longer true, on all cores.
//!
//! 1. Look at each member: if the files it is read from are those of the
//!    record, and so is everything else that decides its artifacts, it is done;
//!    else load and check it, and see which artifacts differ.
//! 2. Settle the names of members and volumes together.
//! 3. Render and write what is to be made, volumes first.
//! 4. Remove what a project was called before, write the manifest.
//!
//! Loaded projects do not outlive their step, so that memory stays flat.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::inputs::Inputs;
use super::record::{Content, Entry, FormUsed, Record, Standing};
use super::target::{Store, Verdict, ending, fingerprint};
use super::values::Values;
use super::{Member, Plan, Volume, manifest, names, pool, zip};
use crate::diagnostic::{Diagnostic, any_error};
use crate::digest::{Digest, Digester};
use crate::error::{Error, Failure};
use crate::output::{Output, safe_name};
use crate::render::{Kind, Ready, Renderer};

/// How a run goes.
pub struct Options<'a> {
    /// Artifacts of each project.
    pub kinds: Vec<Kind>,
    /// Make everything anew, and write over what others have changed.
    pub force: bool,
    /// The title of a zip of all artifacts, if one is wanted.
    pub zip: Option<String>,
    /// How many projects are made at once; the machine's cores if 0.
    pub jobs: usize,
    /// Set by somebody who wants the run to end: files in hand are finished.
    pub stop: &'a AtomicBool,
    /// Hears how far the run is.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All members were looked at; so many projects and volumes are to be made.
    Planned(usize),
    /// One more of them is done, well or not.
    Done,
}

/// What a run gave.
#[derive(Debug, Default)]
pub struct Run {
    /// One entry for each project, then one for each volume, in the plan's
    /// order.
    pub made: Vec<Made>,
    /// Artifacts of former names that were removed.
    pub removed: Vec<PathBuf>,
    /// Artifacts in the folder whose project is no longer there.
    pub orphans: Vec<PathBuf>,
    /// Files that projects were read from, as far as they could be read.
    pub sources: BTreeSet<PathBuf>,
    /// Whether somebody stopped it.
    pub stopped: bool,
}

/// What became of one project or volume.
#[derive(Debug, Default)]
pub struct Made {
    /// The project, or the volume's title.
    pub subject: String,
    /// Whether it is a bound volume.
    pub is_volume: bool,
    /// Whether it is a zip of all the others.
    pub is_package: bool,
    /// Files that were written.
    pub files: Vec<PathBuf>,
    /// Files that are there and true already.
    pub unchanged: Vec<PathBuf>,
    /// Warnings, or why something was not written.
    pub diagnostics: Vec<Diagnostic>,
    /// Set if we could not work, as opposed to the document being wrong.
    pub broken: Option<Error>,
    /// Whether the run was stopped before its turn.
    pub skipped: bool,
}

impl Made {
    /// Whether it came out, now or earlier.
    pub fn is_good(&self) -> bool {
        self.broken.is_none() && !any_error(&self.diagnostics) && !self.skipped
    }

    /// Whether nothing was to be done.
    pub fn is_unchanged(&self) -> bool {
        self.is_good() && self.files.is_empty() && !self.unchanged.is_empty()
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        match failure {
            Failure::Rejected(found) => self.diagnostics.extend(found),
            Failure::Broken(error) => self.broken = Some(error),
        }
    }
}

/// What a run must know of a project to tell whether it changed.
pub(super) struct Facts {
    /// The name of its artifacts, without ending.
    pub(super) name: String,
    forms: Vec<String>,
    data: Digest,
    inputs: Digest,
    chain: Vec<String>,
}

/// A member that passed its checks.
pub(super) struct Looked {
    pub(super) facts: Facts,
    /// How the record calls it.
    subject: String,
    warnings: Vec<Diagnostic>,
    plan: Wanted,
}

/// A volume whose members passed their checks.
pub(super) struct LookedVolume<'a> {
    volume: &'a Volume,
    title: String,
    pub(super) name: String,
    forms: Vec<String>,
    data: Digest,
    plan: Wanted,
}

/// What is to become of the artifacts of a project or a volume.
#[derive(Default)]
struct Wanted {
    make: Vec<Kind>,
    keep: Vec<PathBuf>,
    /// Why others are not made, or not touched.
    notes: Vec<Diagnostic>,
}

/// A run at work. Without a store everything is made in memory only.
struct Work<'a> {
    renderer: &'a Renderer,
    plan: &'a Plan,
    options: &'a Options<'a>,
    store: Option<Store<'a>>,
    values: Option<Values<'a>>,
    inputs: Inputs,
    /// By subject, the files that the record has of it.
    recorded: BTreeMap<String, BTreeSet<String>>,
    /// The files that members are written in, as the record names them.
    sources: BTreeSet<String>,
}

/// Makes what changed and writes it.
///
/// Names are settled before anything is written, so that no artifact takes
/// another's place.
///
/// # Errors
/// If the folder's record cannot be read or written.
pub fn run(
    renderer: &Renderer,
    plan: &Plan,
    output: &Output,
    options: &Options<'_>,
) -> Result<Run, Error> {
    let record = Record::open(output)?;
    manifest::may_be_written(output, &record)?;
    let inputs = Inputs::from(output.folder());
    let work = Work {
        renderer,
        plan,
        options,
        recorded: record.subjects(),
        store: Some(Store {
            output,
            record,
            force: options.force,
        }),
        values: Some(Values::open(output)?),
        sources: plan
            .members
            .iter()
            .map(|member| inputs.name(member.path()))
            .collect(),
        inputs,
    };
    let (mut run, looked) = work.go()?;
    let (Some(store), Some(values)) = (&work.store, &work.values) else {
        return Ok(run);
    };
    run.removed = work.remove_former(store, &run, &looked)?;
    run.orphans = work.orphans(store);
    let chains = looked
        .iter()
        .flatten()
        .flat_map(|looked| &looked.facts.chain);
    let names: BTreeSet<&String> = chains.collect();
    run.sources = names
        .into_iter()
        .map(|name| work.inputs.path(name))
        .collect();
    run.sources
        .extend(plan.members.iter().map(|member| member.path().to_owned()));
    if let Some(title) = &options.zip {
        zip::pack(store, values, &mut run, title);
    }
    let changed = run.made.iter().any(|made| !made.files.is_empty()) || !run.removed.is_empty();
    manifest::write(store, values, changed)?;
    if let Some(store) = work.store {
        store.record.close(changed)?;
    }
    Ok(run)
}

/// Makes everything in memory and writes nothing.
///
/// # Errors
/// If the system gives no threads.
pub fn check(renderer: &Renderer, plan: &Plan, options: &Options<'_>) -> Result<Run, Error> {
    let work = Work {
        renderer,
        plan,
        options,
        store: None,
        values: None,
        inputs: Inputs::from(Path::new("")),
        recorded: BTreeMap::new(),
        sources: BTreeSet::new(),
    };
    Ok(work.go()?.0)
}

enum Task<'a> {
    Volume(&'a LookedVolume<'a>),
    Member(&'a Member, &'a Looked),
}

impl<'a> Work<'a> {
    fn threads(&self) -> usize {
        match self.options.jobs {
            0 => pool::default_threads(),
            jobs => jobs,
        }
    }

    fn go(&self) -> Result<(Run, Vec<Option<Looked>>), Error> {
        let mut members = pool::each(self.threads(), &self.plan.members, |member| {
            self.look(member)
        })?;
        let mut volumes: Vec<Result<LookedVolume<'_>, Failure>> = self
            .plan
            .volumes
            .iter()
            .map(|volume| self.look_at_volume(volume, &members))
            .collect();
        names::reject_equal(self.plan, &mut members, &mut volumes);
        let results = self.make_all(&members, &volumes)?;
        Ok(self.report(members, volumes, results))
    }

    /// Does what is to be done. A result is `None` where nothing was.
    fn make_all(
        &self,
        members: &[Result<Looked, Failure>],
        volumes: &[Result<LookedVolume<'_>, Failure>],
    ) -> Result<Vec<Option<Made>>, Error> {
        // Volumes first: they take longest.
        let of_volumes = volumes.iter().map(|volume| {
            let looked = volume.as_ref().ok()?;
            (!looked.plan.make.is_empty()).then_some(Task::Volume(looked))
        });
        let of_members = self
            .plan
            .members
            .iter()
            .zip(members)
            .map(|(member, looked)| {
                let looked = looked.as_ref().ok()?;
                (!looked.plan.make.is_empty()).then_some(Task::Member(member, looked))
            });
        let tasks: Vec<Option<Task<'_>>> = of_volumes.chain(of_members).collect();
        let count = tasks.iter().flatten().count();
        (self.options.progress)(Progress::Planned(count));
        let perform = |task: &Task<'_>| {
            let mut made = Made::default();
            if self.options.stop.load(Ordering::Relaxed) {
                made.skipped = true;
                return made;
            }
            let result = match task {
                Task::Volume(looked) => self.bind(looked, members, &mut made),
                Task::Member(member, looked) => self.make(member, looked, &mut made),
            };
            if let Err(failure) = result {
                made.fail(failure);
            }
            (self.options.progress)(Progress::Done);
            made
        };
        pool::each(self.threads(), &tasks, |task| task.as_ref().map(perform))
    }

    fn report(
        &self,
        members: Vec<Result<Looked, Failure>>,
        volumes: Vec<Result<LookedVolume<'_>, Failure>>,
        mut results: Vec<Option<Made>>,
    ) -> (Run, Vec<Option<Looked>>) {
        let mut run = Run {
            stopped: self.options.stop.load(Ordering::Relaxed),
            ..Run::default()
        };
        let of_members = results.split_off(volumes.len());
        let titles: Vec<String> = self
            .plan
            .volumes
            .iter()
            .zip(&volumes)
            .map(|(planned, looked)| match looked {
                Ok(looked) => looked.title.clone(),
                Err(_) => planned.title.clone().unwrap_or_else(|| "合订本".into()),
            })
            .collect();
        let mut all_looked = Vec::new();
        for ((member, looked), result) in self.plan.members.iter().zip(members).zip(of_members) {
            let mut made = result.unwrap_or_default();
            made.subject = member.subject();
            match looked {
                Ok(mut looked) => {
                    let notes = std::mem::take(&mut looked.plan.notes);
                    let found = std::mem::take(&mut looked.warnings);
                    let later = std::mem::take(&mut made.diagnostics);
                    // A document that was refused later does not need warnings.
                    made.diagnostics = match any_error(&later) {
                        true => later,
                        false => found.into_iter().chain(notes).chain(later).collect(),
                    };
                    made.unchanged = std::mem::take(&mut looked.plan.keep);
                    all_looked.push(Some(looked));
                }
                Err(failure) => {
                    made.fail(failure);
                    all_looked.push(None);
                }
            }
            run.made.push(made);
        }
        let of_volumes = volumes.into_iter().zip(results).zip(&self.plan.volumes);
        for (((looked, result), planned), title) in of_volumes.zip(titles) {
            let mut made = result.unwrap_or_default();
            made.subject = title;
            made.is_volume = true;
            // What is wrong in a sheet is said once, with the sheet.
            let of_sheets = planned.members.iter().map(|index| &run.made[*index]);
            let failed = of_sheets.filter(|sheet| !sheet.is_good() && !sheet.skipped);
            match (looked, failed.count()) {
                (Ok(looked), _) if made.is_good() => {
                    made.diagnostics.extend(looked.plan.notes);
                    made.unchanged = looked.plan.keep;
                }
                (Ok(_), 0) => {}
                (Err(failure), 0) => made.fail(failure),
                (_, failed) => {
                    made.diagnostics = vec![incomplete(failed)];
                    made.broken = None;
                }
            }
            run.made.push(made);
        }
        (run, all_looked)
    }

    fn look(&self, member: &Member) -> Result<Looked, Failure> {
        let subject = self.subject(member);
        let (facts, warnings) = match self.known(member, &subject)? {
            Some(facts) => (facts, Vec::new()),
            None => {
                let ready = self.renderer.prepare(member.load()?)?;
                (self.facts(member, &ready), ready.warnings)
            }
        };
        let mut plan = self.wanted(&facts.name, &self.options.kinds, |kind| {
            Ok(fingerprint(
                self.renderer.setting(kind, &facts.forms)?,
                facts.data,
            ))
        })?;
        if let Some(store) = &self.store {
            let others = plan.make.iter().filter_map(|kind| {
                let file = format!("{}.{}", facts.name, ending(*kind));
                self.takes_the_place_of(store, &file, &facts.chain)
            });
            let others: Vec<Diagnostic> = others.collect();
            plan.notes.extend(others);
        }
        Ok(Looked {
            facts,
            subject,
            warnings,
            plan,
        })
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
    fn known(&self, member: &Member, subject: &str) -> Result<Option<Facts>, Failure> {
        let (Some(store), false) = (&self.store, self.options.force) else {
            return Ok(None);
        };
        let files = self.recorded.get(subject).into_iter().flatten();
        let entries = files.filter_map(|file| store.record.entry(file));
        for entry in
            entries.filter(|entry| matches!(entry.kind, Kind::Pdf | Kind::Word) && !entry.warned)
        {
            let forms: Vec<String> = entry.forms.iter().map(|form| form.id.clone()).collect();
            let Ok(setting) = self.renderer.setting(entry.kind, &forms) else {
                continue;
            };
            if fingerprint(setting, entry.data) != entry.fingerprint
                || self.inputs.now(member, &entry.chain) != Some(entry.inputs)
            {
                continue;
            }
            let end = format!(".{}", ending(entry.kind));
            if let Some(name) = entry.file.strip_suffix(&end) {
                return Ok(Some(Facts {
                    name: name.to_owned(),
                    forms,
                    data: entry.data,
                    inputs: entry.inputs,
                    chain: entry.chain,
                }));
            }
        }
        Ok(None)
    }

    /// What is to become of the artifacts of these kinds.
    fn wanted(
        &self,
        name: &str,
        kinds: &[Kind],
        fingerprint: impl Fn(Kind) -> Result<Digest, Failure>,
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
            let file = format!("{name}.{}", ending(*kind));
            match store.verdict(&file, fingerprint(*kind)?)? {
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
    fn look_at_volume(
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
            let start = |at: usize| Ok(self.plan.members[volume.members[at]].load()?.start());
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
                let first = self.plan.members[volume.members[0]].load()?;
                format!("{}（合订本）", self.renderer.prepare(first)?.title())
            }
        };
        let data = volume_data(&title, sheets.iter().map(|sheet| sheet.facts.data));
        let name = safe_name(&title);
        let kinds = self.options.kinds.iter().copied();
        let kinds: Vec<Kind> = kinds.filter(|kind| *kind != Kind::Merged).collect();
        let plan = self.wanted(&name, &kinds, |kind| {
            Ok(fingerprint(self.renderer.setting(kind, &forms)?, data))
        })?;
        Ok(LookedVolume {
            volume,
            title,
            name,
            forms,
            data,
            plan,
        })
    }

    fn make(&self, member: &Member, looked: &Looked, made: &mut Made) -> Result<(), Failure> {
        let ready = self.renderer.prepare(member.load()?)?;
        let facts = &looked.facts;
        if ready.project.digest() != facts.data || ready.name != facts.name {
            return Err(
                Diagnostic::error("file/changed", "生成途中文件被改动，没有生成")
                    .at(ready.project.start())
                    .hint("保存好以后再生成一次")
                    .into(),
            );
        }
        let make = &looked.plan.make;
        // Before rendering: it is wanted most when typesetting fails.
        if make.contains(&Kind::Merged) {
            self.make_merged(&ready, looked, made)?;
        }
        let (pdf, word) = (make.contains(&Kind::Pdf), make.contains(&Kind::Word));
        let artifacts = self.renderer.render_some(&ready, pdf, word)?;
        let (Some(_), Some(values)) = (&self.store, &self.values) else {
            return Ok(());
        };
        values.keep(
            facts.data,
            &ready.project.root.to_written_json().to_string(),
        )?;
        for (kind, bytes) in [(Kind::Pdf, artifacts.pdf), (Kind::Word, artifacts.word)] {
            let Some(bytes) = bytes else {
                continue;
            };
            let mut entry = self.entry(kind, &facts.name, &facts.forms, facts.data, &bytes)?;
            entry.subject.clone_from(&looked.subject);
            entry.chain.clone_from(&facts.chain);
            entry.inputs = facts.inputs;
            entry.batch = member.batch().map(|batch| self.inputs.name(batch));
            entry.warned = !looked.warnings.is_empty();
            self.put(entry, &bytes, made)?;
        }
        Ok(())
    }

    fn make_merged(&self, ready: &Ready, looked: &Looked, made: &mut Made) -> Result<(), Failure> {
        let merged = ready.merged_typst()?;
        let several = merged.len() > 1;
        for (index, (source, values)) in merged.into_iter().enumerate() {
            let name = match several {
                true => format!("{}.{}", ready.name, index + 1),
                false => ready.name.clone(),
            };
            for (ending, text) in [("typ", source), ("values.json", values)] {
                let facts = &looked.facts;
                let mut entry = self.entry(
                    Kind::Merged,
                    &name,
                    &facts.forms,
                    facts.data,
                    text.as_bytes(),
                )?;
                entry.file = format!("{name}.{ending}");
                entry.subject.clone_from(&looked.subject);
                self.put(entry, text.as_bytes(), made)?;
            }
        }
        Ok(())
    }

    fn bind(
        &self,
        looked: &LookedVolume<'_>,
        members: &[Result<Looked, Failure>],
        made: &mut Made,
    ) -> Result<(), Failure> {
        if self.store.is_none() {
            // A volume holds the same sheets; its title and names are checked.
            return Ok(());
        }
        let sheets = looked.volume.members.par_iter();
        let sheets: Vec<Ready> = sheets
            .map(|index| self.renderer.prepare(self.plan.members[*index].load()?))
            .collect::<Result<_, Failure>>()?;
        let sheets: Vec<&Ready> = sheets.iter().collect();
        let subjects = looked.volume.members.iter();
        let subjects: Vec<String> = subjects
            .filter_map(|index| Some(members[*index].as_ref().ok()?.subject.clone()))
            .collect();
        for kind in &looked.plan.make {
            let bytes = match kind {
                Kind::Word => self.renderer.bind_word(&sheets, &looked.title)?,
                _ => self.renderer.bind(&sheets, &looked.title)?,
            };
            let mut entry = self.entry(*kind, &looked.name, &looked.forms, looked.data, &bytes)?;
            entry.subject.clone_from(&looked.title);
            entry.members.clone_from(&subjects);
            self.put(entry, &bytes, made)?;
        }
        Ok(())
    }

    fn put(&self, entry: Entry, bytes: &[u8], made: &mut Made) -> Result<(), Failure> {
        if let Some(store) = &self.store {
            made.files.push(store.put(entry, Content::Bytes(bytes))?);
        }
        Ok(())
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
        let used = forms.iter().map(|id| {
            let facts = self.renderer.form_facts(id)?;
            Ok(FormUsed {
                id: id.clone(),
                version: facts.version,
                template: facts.template,
            })
        });
        let fonts = match self.renderer.needs_pages(kind, forms)? {
            true => Some(self.renderer.faces_digest()?),
            false => None,
        };
        Ok(Entry {
            file: format!("{name}.{}", ending(kind)),
            subject: String::new(),
            kind,
            forms: used.collect::<Result<_, Failure>>()?,
            fonts,
            batch: None,
            members: Vec::new(),
            chain: Vec::new(),
            inputs: data,
            data,
            fingerprint: fingerprint(self.renderer.setting(kind, forms)?, data),
            result: Digest::of(bytes),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            warned: false,
            stamp: None,
            removed: false,
        })
    }

    /// Removes artifacts that a project gave under another name than now. What
    /// somebody has changed stays.
    fn remove_former(
        &self,
        store: &Store<'_>,
        run: &Run,
        looked: &[Option<Looked>],
    ) -> Result<Vec<PathBuf>, Error> {
        let names = looked
            .iter()
            .flatten()
            .map(|looked| looked.facts.name.as_str());
        let current: BTreeSet<&str> = names.collect();
        let mut removed = Vec::new();
        for (looked, made) in looked.iter().zip(&run.made) {
            let Some(looked) = looked.as_ref().filter(|_| made.is_good()) else {
                continue;
            };
            for file in self.recorded.get(&looked.subject).into_iter().flatten() {
                let entry = store.record.entry(file);
                let Some(entry) = entry.filter(|entry| entry.subject == looked.subject) else {
                    continue;
                };
                let stem = file.strip_suffix(&format!(".{}", ending(entry.kind)));
                let is_former =
                    entry.kind != Kind::Merged && stem.is_some_and(|stem| !current.contains(stem));
                if is_former && store.record.standing(file)? == Standing::Current {
                    store.record.remove(file)?;
                    removed.push(store.output.path(file));
                }
            }
        }
        Ok(removed)
    }

    /// Artifacts that are still there, but what they were made of is not.
    fn orphans(&self, store: &Store<'_>) -> Vec<PathBuf> {
        let entries = store.record.entries().into_iter();
        let orphans = entries.filter(|entry| {
            let source = entry
                .chain
                .first()
                .filter(|name| !self.sources.contains(*name));
            source.is_some_and(|name| !self.inputs.path(name).exists())
                && store.output.stamp(&entry.file).is_some()
        });
        orphans
            .map(|entry| store.output.path(&entry.file))
            .collect()
    }
}

/// What tells a volume's data: its title and its sheets in their order.
pub(super) fn volume_data(title: &str, sheets: impl IntoIterator<Item = Digest>) -> Digest {
    let mut data = Digester::default();
    data.field(title);
    for sheet in sheets {
        data.field(sheet);
    }
    data.finish()
}

/// A volume without one of its sheets must not look complete.
fn incomplete(failed: usize) -> Diagnostic {
    let message = format!("合订本没有生成：其中 {failed} 份没有通过");
    Diagnostic::error("volume/incomplete", message)
        .hint("先改好上面的项目再生成；缺页的合订本不会写出")
}
