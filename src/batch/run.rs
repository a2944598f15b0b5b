//! Making all projects of a plan, on all cores.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{Plan, Volume};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Failure};
use crate::output::{Output, safe_name};
use crate::render::{Ready, Renderer};

/// What a run gave.
#[derive(Debug, Default)]
pub struct Run {
    /// One entry for each project and volume, in the plan's order.
    pub made: Vec<Made>,
}

/// What became of one project or volume.
#[derive(Debug)]
pub struct Made {
    /// The project file, or the volume's title.
    pub subject: String,
    /// Files that were written.
    pub files: Vec<PathBuf>,
    /// Warnings, or why nothing was written.
    pub diagnostics: Vec<Diagnostic>,
    /// Set if we could not work, as opposed to the document being wrong.
    pub broken: Option<Error>,
}

impl Made {
    fn failed(subject: String, failure: Failure) -> Self {
        let mut made = Self::of(subject);
        match failure {
            Failure::Rejected(diagnostics) => made.diagnostics = diagnostics,
            Failure::Broken(error) => made.broken = Some(error),
        }
        made
    }

    fn of(subject: String) -> Self {
        Self {
            subject,
            files: Vec::new(),
            diagnostics: Vec::new(),
            broken: None,
        }
    }

    /// Whether it came out.
    pub fn is_good(&self) -> bool {
        self.broken.is_none() && !crate::diagnostic::any_error(&self.diagnostics)
    }
}

/// Where a project stands after its checks.
type Checked = Result<Ready, Failure>;

/// Renders everything and writes it.
///
/// Names are settled before anything is written, so that no project overwrites
/// another's artifact. With `keep_merged` the merged Typst source stands beside
/// each PDF.
pub fn run(renderer: &Renderer, plan: &Plan, output: &Output, keep_merged: bool) -> Run {
    let checked = prepare(renderer, plan);
    let tasks: Vec<Task<'_>> = plan
        .volumes
        .iter()
        .map(Task::Volume)
        .chain((0..checked.len()).map(Task::Member))
        .collect();
    // Volumes first: they take longest.
    let mut results: Vec<Result<Vec<PathBuf>, Failure>> = tasks
        .par_iter()
        .with_max_len(1)
        .map(|task| match task {
            Task::Volume(volume) => bind(renderer, volume, &checked, output),
            Task::Member(index) => match &checked[*index] {
                Ok(ready) => write(renderer, ready, output, keep_merged),
                // Said below, from `checked` itself.
                Err(_) => Ok(Vec::new()),
            },
        })
        .collect();
    let members = results.split_off(plan.volumes.len());
    let titles: Vec<String> = plan.volumes.iter().map(|v| title(v, &checked)).collect();
    let mut run = Run::default();
    for ((path, checked), result) in plan.members.iter().zip(checked).zip(members) {
        run.made.push(settle(path, checked, result));
    }
    for ((volume, title), result) in plan.volumes.iter().zip(titles).zip(results) {
        // What is wrong in a sheet is said once, with the sheet.
        let failed = volume
            .members
            .iter()
            .filter(|i| !run.made[**i].is_good())
            .count();
        run.made.push(match result {
            Ok(files) => Made {
                files,
                ..Made::of(title)
            },
            Err(_) if failed > 0 => {
                let message = format!("合订本没有生成：其中 {failed} 份没有通过");
                let problem = Diagnostic::error("volume/incomplete", message)
                    .hint("先改好上面的项目再生成；缺页的合订本不会写出");
                Made::failed(title, problem.into())
            }
            Err(failure) => Made::failed(title, failure),
        });
    }
    run
}

/// Renders everything in memory and writes nothing.
pub fn check(renderer: &Renderer, plan: &Plan) -> Run {
    let checked = prepare(renderer, plan);
    let results: Vec<_> = checked
        .par_iter()
        .with_max_len(1)
        .map(|checked| match checked {
            Ok(ready) => renderer.render(ready).map(|_| Vec::new()),
            Err(_) => Ok(Vec::new()),
        })
        .collect();
    let made = plan.members.iter().zip(checked).zip(results);
    Run {
        made: made
            .map(|((path, checked), result)| settle(path, checked, result))
            .collect(),
    }
}

enum Task<'a> {
    Volume(&'a Volume),
    Member(usize),
}

fn prepare(renderer: &Renderer, plan: &Plan) -> Vec<Checked> {
    let mut checked: Vec<Checked> = plan
        .members
        .par_iter()
        .map(|path| renderer.prepare(path))
        .collect();
    reject_equal_names(&mut checked);
    checked
}

/// Two artifacts of one name: neither is written, whatever the file system
/// makes of upper and lower case.
fn reject_equal_names(checked: &mut [Checked]) {
    for index in 0..checked.len() {
        let name = |checked: &Checked| checked.as_ref().ok().map(|ready| ready.name.to_lowercase());
        let Some(wanted) = name(&checked[index]) else {
            continue;
        };
        let others: Vec<usize> = (index + 1..checked.len())
            .filter(|other| name(&checked[*other]).as_ref() == Some(&wanted))
            .collect();
        let all: Vec<usize> = std::iter::once(index).chain(others).collect();
        if all.len() == 1 {
            continue;
        }
        let starts: Vec<_> = all
            .iter()
            .filter_map(|i| checked[*i].as_ref().ok().map(|r| r.project.start()))
            .collect();
        for (position, index) in all.into_iter().enumerate() {
            let Ok(ready) = &checked[index] else { continue };
            let mut problem = Diagnostic::error(
                "output/same-name",
                format!("有几个项目的文件名都是 `{}`，都没有写出", ready.name),
            )
            .at(ready.project.start())
            .label("这个项目")
            .hint("改动项目中用作文件名的内容，使文件名各不相同");
            for (other, start) in starts.iter().enumerate() {
                if other != position {
                    problem = problem.related("与它同名", start.clone());
                }
            }
            checked[index] = Err(problem.into());
        }
    }
}

fn write(
    renderer: &Renderer,
    ready: &Ready,
    output: &Output,
    keep_merged: bool,
) -> Result<Vec<PathBuf>, Failure> {
    if keep_merged {
        let (source, values) = ready.merged_typst()?;
        output.write(&format!("{}.typ", ready.name), source.as_bytes())?;
        output.write(&format!("{}.values.json", ready.name), values.as_bytes())?;
    }
    let artifacts = renderer.render(ready)?;
    let mut files = Vec::new();
    for (ending, bytes) in [("pdf", artifacts.pdf), ("docx", artifacts.word)] {
        if let Some(bytes) = bytes {
            files.push(output.write(&format!("{}.{ending}", ready.name), &bytes)?);
        }
    }
    Ok(files)
}

/// A volume is made whole or not at all: a missing sheet must not go unseen.
fn bind(
    renderer: &Renderer,
    volume: &Volume,
    checked: &[Checked],
    output: &Output,
) -> Result<Vec<PathBuf>, Failure> {
    let members = volume
        .members
        .iter()
        .map(|index| checked[*index].as_ref().ok());
    let Some(members) = members.collect::<Option<Vec<&Ready>>>() else {
        return Err(Failure::Rejected(Vec::new()));
    };
    let title = title(volume, checked);
    let name = safe_name(&title);
    for member in &members {
        if member.form_id() != members[0].form_id() {
            return Err(
                Diagnostic::error("volume/forms", "一本合订本只能有一种表式")
                    .at(member.project.start())
                    .label(format!("这里是 {}", member.form_id()))
                    .related(
                        format!("第一份是 {}", members[0].form_id()),
                        members[0].project.start(),
                    )
                    .into(),
            );
        }
        if member.name.to_lowercase() == name.to_lowercase() {
            return Err(
                Diagnostic::error("output/same-name", "合订本与其中一份的文件名相同")
                    .at(member.project.start())
                    .hint("给合订本另起一个题名")
                    .into(),
            );
        }
    }
    let pdf = renderer.bind(&members, &title)?;
    Ok(vec![output.write(&format!("{name}.pdf"), &pdf)?])
}

/// A volume's title; without one, that of its first sheet.
fn title(volume: &Volume, checked: &[Checked]) -> String {
    volume.title.clone().unwrap_or_else(|| {
        let first = volume
            .members
            .iter()
            .find_map(|index| checked[*index].as_ref().ok());
        format!("{}（合订本）", first.map_or("", |ready| ready.title()))
    })
}

fn settle(path: &Path, checked: Checked, result: Result<Vec<PathBuf>, Failure>) -> Made {
    let subject = crate::project::shown(path);
    match (checked, result) {
        (Err(failure), _) | (Ok(_), Err(failure)) => Made::failed(subject, failure),
        (Ok(ready), Ok(files)) => Made {
            files,
            diagnostics: ready.warnings,
            ..Made::of(subject)
        },
    }
}
