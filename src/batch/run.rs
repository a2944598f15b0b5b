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

use super::inputs::Inputs;
use super::make::Rendered;
use super::record::{Entry, Record, Standing};
use super::target::Store;
use super::values::Values;
use super::{Member, Plan, Volume, manifest, names, pool, zip};
use crate::diagnostic::{Diagnostic, any_error};
use crate::digest::{Digest, Digester};
use crate::error::{Error, Failure};
use crate::output::{Output, safe_name};
use crate::project::Bases;
use crate::render::{Kind, Renderer};

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
    /// Files that projects inherit from, as far as they could be read.
    pub bases: Vec<PathBuf>,
    /// Whether somebody stopped it.
    pub stopped: bool,
    /// Why the record or the manifest could not be written.
    pub broken: Option<Error>,
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
    pub(super) forms: Vec<String>,
    pub(super) data: Digest,
    pub(super) inputs: Digest,
    pub(super) chain: Vec<String>,
}

/// A member that passed its checks.
pub(super) struct Looked {
    pub(super) facts: Facts,
    /// How the record calls it.
    pub(super) subject: String,
    pub(super) warnings: Vec<Diagnostic>,
    pub(super) plan: Wanted,
}

/// A volume whose members passed their checks.
pub(super) struct LookedVolume<'a> {
    pub(super) volume: &'a Volume,
    pub(super) title: String,
    pub(super) name: String,
    pub(super) forms: Vec<String>,
    pub(super) data: Digest,
    pub(super) plan: Wanted,
}

/// What is to become of the artifacts of a project or a volume.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) make: Vec<Kind>,
    pub(super) keep: Vec<PathBuf>,
    /// Why others are not made, or not touched.
    pub(super) notes: Vec<Diagnostic>,
}

/// A run at work. Without a store everything is made in memory only.
pub(super) struct Work<'a> {
    pub(super) renderer: &'a Renderer,
    pub(super) plan: &'a Plan,
    pub(super) options: &'a Options<'a>,
    pub(super) store: Option<Store<'a>>,
    pub(super) values: Option<Values<'a>>,
    pub(super) inputs: Inputs,
    pub(super) bases: Bases,
    /// Whether the record now tells more of artifacts that stay.
    pub(super) refreshed: AtomicBool,
    /// By subject, the files that the record has of it.
    pub(super) recorded: BTreeMap<String, BTreeSet<String>>,
    /// The files that members are written in, as the record names them.
    pub(super) sources: BTreeSet<String>,
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
    manifest::may_be_written(output)?;
    if record.is_empty() {
        manifest::remember(output, &record)?;
    }
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
            .map(Member::path)
            .chain(plan.sources.iter().map(PathBuf::as_path))
            .map(|file| inputs.name(file))
            .collect(),
        inputs,
        bases: Bases::default(),
        refreshed: AtomicBool::new(false),
    };
    let (mut run, looked) = work.go()?;
    // What was made is told in any case.
    if let Err(error) = work.settle(&mut run, &looked) {
        run.broken = Some(error);
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
        bases: Bases::default(),
        refreshed: AtomicBool::new(false),
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
        let render = |task: &Option<Task<'_>>| {
            let mut rendered = Rendered::default();
            if self.options.stop.load(Ordering::Relaxed) {
                return (None, rendered);
            }
            let result = match task {
                Some(Task::Volume(looked)) => self.render_volume(looked, members, &mut rendered),
                Some(Task::Member(member, looked)) => {
                    self.render_member(member, looked, &mut rendered)
                }
                None => Ok(()),
            };
            (Some(result), rendered)
        };
        let write = |task: &Option<Task<'_>>, (result, rendered)| {
            task.as_ref()?;
            let mut made = Made::default();
            self.write(rendered, &mut made);
            match result {
                Some(Ok(())) => {}
                Some(Err(failure)) => made.fail(failure),
                None => made.skipped = true,
            }
            (self.options.progress)(Progress::Done);
            Some(made)
        };
        pool::each_then(self.threads(), &tasks, render, write)
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

    /// What follows when all artifacts have their places.
    fn settle(self, run: &mut Run, looked: &[Option<Looked>]) -> Result<(), Error> {
        let (Some(store), Some(values)) = (&self.store, &self.values) else {
            return Ok(());
        };
        let chains = looked.iter().flatten().map(|looked| &looked.facts.chain);
        let bases: BTreeSet<&String> = chains.flat_map(|chain| chain.iter().skip(1)).collect();
        run.bases = bases
            .into_iter()
            .map(|name| self.inputs.path(name))
            .collect();
        run.removed = self.remove_former(store, run, looked)?;
        run.orphans = self.orphans(store);
        if let Some(title) = &self.options.zip {
            zip::pack(store, values, run, title);
        }
        let changed = run.made.iter().any(|made| !made.files.is_empty())
            || !run.removed.is_empty()
            || self.refreshed.load(Ordering::Relaxed);
        manifest::write(store, values, changed)?;
        match self.store {
            Some(store) => store.record.close(changed),
            None => Ok(()),
        }
    }

    /// Removes artifacts that a project gave under another name than now, and
    /// those of rows that are no longer in their table. What somebody has changed
    /// stays, and so does everything of a file that now is wrong.
    fn remove_former(
        &self,
        store: &Store<'_>,
        run: &Run,
        looked: &[Option<Looked>],
    ) -> Result<Vec<PathBuf>, Error> {
        let members = self.plan.members.iter().zip(&run.made);
        let wrong = members.filter(|(_, made)| !made.is_good());
        let wrong: BTreeSet<String> = wrong
            .map(|(member, _)| self.inputs.name(member.path()))
            .collect();
        let names = looked.iter().flatten();
        let volumes = run.made.iter().filter(|made| made.is_volume);
        let names: BTreeSet<String> = names
            .map(|looked| looked.facts.name.clone())
            .chain(volumes.map(|made| safe_name(&made.subject)))
            .collect();
        let former = |entry: &&Entry| {
            let is_wanted = |name: &str| names.contains(name);
            let is_read =
                |source: &String| self.sources.contains(source) && !wrong.contains(source);
            // Of a kind that this run did not make there may be no newer one.
            self.options.kinds.contains(&entry.kind)
                && entry.kind != Kind::Merged
                && entry.chain.first().is_some_and(is_read)
                && !entry.name().is_some_and(is_wanted)
        };
        let former: Vec<String> = store.record.look(|entries| {
            entries
                .filter(former)
                .map(|entry| entry.file.clone())
                .collect()
        });
        let mut removed = Vec::new();
        for file in former {
            if store.record.standing(&file)? == Standing::Current {
                store.record.remove(&file)?;
                removed.push(store.output.path(&file));
            }
        }
        Ok(removed)
    }

    /// Artifacts that are still there, but the file of their project is not.
    fn orphans(&self, store: &Store<'_>) -> Vec<PathBuf> {
        let is_orphan = |entry: &&Entry| {
            let source = entry.chain.first();
            source.is_some_and(|source| {
                !self.sources.contains(source) && !self.inputs.path(source).exists()
            }) && store.output.stamp(&entry.file).is_some()
        };
        store.record.look(|entries| {
            let orphans = entries.filter(is_orphan);
            orphans
                .map(|entry| store.output.path(&entry.file))
                .collect()
        })
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
pub(super) fn incomplete(failed: usize) -> Diagnostic {
    let message = format!("合订本没有生成：其中 {failed} 份没有通过");
    Diagnostic::error("volume/incomplete", message)
        .hint("先改好上面的项目再生成；缺页的合订本不会写出")
}
