//! Making all projects of a plan, on all cores.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rayon::prelude::*;

use super::{Plan, Volume};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Failure};
use crate::output::{Output, safe_name};
use crate::render::{Ready, Renderer};
use crate::source::Location;

/// Other places that a message about equal names lists.
const MAX_RELATED: usize = 3;

/// What a run gave.
#[derive(Debug, Default)]
pub struct Run {
    /// One entry for each project, then one for each volume, in the plan's
    /// order.
    pub made: Vec<Made>,
}

/// What became of one project or volume.
#[derive(Debug)]
pub struct Made {
    /// The project file, or the volume's title.
    pub subject: String,
    /// Whether it is a bound volume.
    pub is_volume: bool,
    /// Files that were written.
    pub files: Vec<PathBuf>,
    /// Warnings, or why nothing was written.
    pub diagnostics: Vec<Diagnostic>,
    /// Set if we could not work, as opposed to the document being wrong.
    pub broken: Option<Error>,
}

impl Made {
    fn new(subject: String, result: Result<Vec<PathBuf>, Failure>) -> Self {
        let mut made = Self {
            subject,
            is_volume: false,
            files: Vec::new(),
            diagnostics: Vec::new(),
            broken: None,
        };
        match result {
            Ok(files) => made.files = files,
            Err(Failure::Rejected(diagnostics)) => made.diagnostics = diagnostics,
            Err(Failure::Broken(error)) => made.broken = Some(error),
        }
        made
    }

    /// Whether it came out.
    pub fn is_good(&self) -> bool {
        self.broken.is_none() && !crate::diagnostic::any_error(&self.diagnostics)
    }
}

/// Projects and volumes that passed their checks and have names of their own.
struct Prepared<'a> {
    members: Vec<Result<Ready, Failure>>,
    volumes: Vec<Result<Bound<'a>, Failure>>,
}

/// A volume whose title and file name are settled.
struct Bound<'a> {
    volume: &'a Volume,
    title: String,
    name: String,
}

/// Renders everything and writes it.
///
/// Names are settled before anything is written, so that no artifact takes
/// another's place. With `keep_merged` the merged Typst source stands beside
/// each PDF.
pub fn run(renderer: &Renderer, plan: &Plan, output: &Output, keep_merged: bool) -> Run {
    finish(plan, prepare(renderer, plan), |task, members| match task {
        Task::Volume(bound) => bind(renderer, bound, members, output),
        Task::Member(ready) => write(renderer, ready, output, keep_merged),
    })
}

/// Renders everything in memory and writes nothing.
pub fn check(renderer: &Renderer, plan: &Plan) -> Run {
    finish(plan, prepare(renderer, plan), |task, _| match task {
        // A volume holds the same sheets; its title and names are checked.
        Task::Volume(_) => Ok(Vec::new()),
        Task::Member(ready) => renderer.render(ready).map(|_| Vec::new()),
    })
}

enum Task<'a> {
    Volume(&'a Bound<'a>),
    Member(&'a Ready),
}

/// Does the work of everything that passed its checks.
fn finish(
    plan: &Plan,
    prepared: Prepared<'_>,
    work: impl Fn(Task<'_>, &[Result<Ready, Failure>]) -> Result<Vec<PathBuf>, Failure> + Sync,
) -> Run {
    let Prepared { members, volumes } = prepared;
    // Volumes first: they take longest.
    let tasks: Vec<Option<Task<'_>>> = volumes
        .iter()
        .map(|volume| volume.as_ref().ok().map(Task::Volume))
        .chain(
            members
                .iter()
                .map(|member| member.as_ref().ok().map(Task::Member)),
        )
        .collect();
    let mut results: Vec<Option<Result<Vec<PathBuf>, Failure>>> = tasks
        .into_par_iter()
        .with_max_len(1)
        .map(|task| task.map(|task| work(task, &members)))
        .collect();
    let of_members = results.split_off(volumes.len());

    let mut run = Run::default();
    let titles: Vec<String> = plan
        .volumes
        .iter()
        .map(|volume| title(volume, &members))
        .collect();
    for ((planned, member), result) in plan.members.iter().zip(members).zip(of_members) {
        let subject = planned.subject();
        run.made.push(match (member, result) {
            (Ok(ready), Some(Ok(files))) => Made {
                diagnostics: ready.warnings,
                ..Made::new(subject, Ok(files))
            },
            (Err(failure), _) | (_, Some(Err(failure))) => Made::new(subject, Err(failure)),
            (Ok(_), None) => Made::new(subject, Ok(Vec::new())),
        });
    }
    let made = volumes
        .into_iter()
        .zip(results)
        .zip(&plan.volumes)
        .zip(titles);
    for (((volume, result), planned), title) in made {
        // What is wrong in a sheet is said once, with the sheet.
        let failed = planned
            .members
            .iter()
            .filter(|i| !run.made[**i].is_good())
            .count();
        let result = match (volume, result) {
            (_, Some(Ok(files))) => Ok(files),
            _ if failed > 0 => Err(incomplete(failed).into()),
            (Err(failure), _) | (_, Some(Err(failure))) => Err(failure),
            (Ok(_), None) => Ok(Vec::new()),
        };
        run.made.push(Made {
            is_volume: true,
            ..Made::new(title, result)
        });
    }
    run
}

/// A volume without one of its sheets must not look complete.
fn incomplete(failed: usize) -> Diagnostic {
    let message = format!("合订本没有生成：其中 {failed} 份没有通过");
    Diagnostic::error("volume/incomplete", message)
        .hint("先改好上面的项目再生成；缺页的合订本不会写出")
}

fn prepare<'a>(renderer: &Renderer, plan: &'a Plan) -> Prepared<'a> {
    let members: Vec<_> = plan
        .members
        .par_iter()
        .map(|member| renderer.prepare(member.load()?))
        .collect();
    let volumes = plan
        .volumes
        .iter()
        .map(|volume| settle(volume, &members))
        .collect();
    let mut prepared = Prepared { members, volumes };
    reject_equal_names(&mut prepared);
    prepared
}

/// A volume is made whole or not at all, and of one form.
fn settle<'a>(
    volume: &'a Volume,
    members: &[Result<Ready, Failure>],
) -> Result<Bound<'a>, Failure> {
    let sheets = volume.members.iter().map(|index| members[*index].as_ref());
    let Ok(sheets) = sheets.collect::<Result<Vec<&Ready>, _>>() else {
        let failed = volume
            .members
            .iter()
            .filter(|index| members[**index].is_err())
            .count();
        return Err(incomplete(failed).into());
    };
    for sheet in &sheets {
        if sheet.form_id() != sheets[0].form_id() {
            return Err(
                Diagnostic::error("volume/forms", "一本合订本只能有一种表式")
                    .at(sheet.project.start())
                    .label(format!("这里是 {}", sheet.form_id()))
                    .related(
                        format!("第一份是 {}", sheets[0].form_id()),
                        sheets[0].project.start(),
                    )
                    .into(),
            );
        }
    }
    let title = title(volume, members);
    Ok(Bound {
        volume,
        name: safe_name(&title),
        title,
    })
}

/// A volume's title; without one, that of its first sheet.
fn title(volume: &Volume, members: &[Result<Ready, Failure>]) -> String {
    volume.title.clone().unwrap_or_else(|| {
        let first = volume
            .members
            .iter()
            .find_map(|index| members[*index].as_ref().ok());
        format!("{}（合订本）", first.map_or("", |ready| ready.title()))
    })
}

/// Two artifacts of one name: neither is written, whatever the file system
/// makes of upper and lower case.
fn reject_equal_names(prepared: &mut Prepared<'_>) {
    // By name: the members and volumes that want it.
    let mut wanted: BTreeMap<String, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (index, member) in prepared.members.iter().enumerate() {
        if let Ok(ready) = member {
            wanted
                .entry(ready.name.to_lowercase())
                .or_default()
                .0
                .push(index);
        }
    }
    for (index, volume) in prepared.volumes.iter().enumerate() {
        if let Ok(bound) = volume {
            wanted
                .entry(bound.name.to_lowercase())
                .or_default()
                .1
                .push(index);
        }
    }
    for (name, (members, volumes)) in wanted {
        if members.len() + volumes.len() < 2 {
            continue;
        }
        let starts: Vec<(usize, Location)> = members
            .iter()
            .filter_map(|index| {
                Some((
                    *index,
                    prepared.members[*index].as_ref().ok()?.project.start(),
                ))
            })
            .collect();
        for index in members {
            let own = starts
                .iter()
                .find(|(other, _)| *other == index)
                .map(|(_, at)| at.clone());
            let mut problem = same_name(&name).label("这个项目");
            if let Some(at) = own {
                problem = problem.at(at);
            }
            for (_, at) in starts
                .iter()
                .filter(|(other, _)| *other != index)
                .take(MAX_RELATED)
            {
                problem = problem.related("与它同名", at.clone());
            }
            if !volumes.is_empty() {
                problem = problem.hint("合订本也是这个名字");
            }
            prepared.members[index] = Err(problem.into());
        }
        for index in volumes {
            prepared.volumes[index] = Err(same_name(&name).hint("给合订本另起一个题名").into());
        }
    }
}

fn same_name(name: &str) -> Diagnostic {
    let message = format!("几份文件都要叫 `{name}`，都没有写出");
    Diagnostic::error("output/same-name", message)
        .hint("改动项目中用作文件名的内容，使文件名各不相同")
}

fn write(
    renderer: &Renderer,
    ready: &Ready,
    output: &Output,
    keep_merged: bool,
) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    if keep_merged {
        // Before rendering: it is wanted most when typesetting fails.
        let merged = ready.merged_typst()?;
        let several = merged.len() > 1;
        for (index, (source, values)) in merged.into_iter().enumerate() {
            let name = match several {
                true => format!("{}.{}", ready.name, index + 1),
                false => ready.name.clone(),
            };
            files.push(output.write(&format!("{name}.typ"), source.as_bytes())?);
            files.push(output.write(&format!("{name}.values.json"), values.as_bytes())?);
        }
    }
    let artifacts = renderer.render(ready)?;
    for (ending, bytes) in [("pdf", artifacts.pdf), ("docx", artifacts.word)] {
        if let Some(bytes) = bytes {
            files.push(output.write(&format!("{}.{ending}", ready.name), &bytes)?);
        }
    }
    Ok(files)
}

fn bind(
    renderer: &Renderer,
    bound: &Bound<'_>,
    members: &[Result<Ready, Failure>],
    output: &Output,
) -> Result<Vec<PathBuf>, Failure> {
    let sheets = bound
        .volume
        .members
        .iter()
        .filter_map(|index| members[*index].as_ref().ok());
    let pdf = renderer.bind(&sheets.collect::<Vec<_>>(), &bound.title)?;
    Ok(vec![output.write(&format!("{}.pdf", bound.name), &pdf)?])
}
