//! Whether a folder's artifacts still are what its manifest says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::inputs::Inputs;
use super::manifest::{self, Artifact};
use super::{Member, plan, record};
use crate::diagnostic::{Diagnostic, Severity};
use crate::digest::Digest;
use crate::error::{Error, Failure};
use crate::form::Templates;
use crate::project::tidy;
use crate::render::Renderer;

/// What the check of a folder gave.
#[derive(Debug)]
pub struct Report {
    /// Artifacts that the manifest lists.
    pub artifacts: usize,
    /// What no longer matches.
    pub diagnostics: Vec<Diagnostic>,
}

/// Holds a folder against its manifest: the artifacts, the projects they were
/// made of, form packs, faces and the program.
///
/// # Errors
/// If there is no manifest, or files cannot be read.
pub fn verify(renderer: &Renderer, folder: &Path) -> Result<Report, Failure> {
    let path = folder.join(manifest::FILE);
    if !path.is_file() {
        let message = format!("{} 里没有 {}", folder.display(), manifest::FILE);
        return Err(Error::Usage(message).into());
    }
    let listed = manifest::read(&path)?;
    let recorded = record::results(folder);
    let mut diagnostics: Vec<Diagnostic> = listed
        .artifacts
        .par_iter()
        .filter_map(|artifact| file_differs(folder, artifact, &recorded))
        .collect();
    let mut projects = Projects::new(folder, renderer.templates());
    let mut by_subject: BTreeMap<&str, Vec<&Artifact>> = BTreeMap::new();
    for artifact in &listed.artifacts {
        if let Some(project) = &artifact.project {
            by_subject.entry(project).or_default().push(artifact);
        }
    }
    for (project, artifacts) in by_subject {
        diagnostics.extend(projects.differs(project, &artifacts));
    }
    for artifact in &listed.artifacts {
        diagnostics.extend(projects.volume_differs(artifact));
    }
    diagnostics.extend(setting_differs(renderer, &listed.artifacts));
    Ok(Report {
        artifacts: listed.artifacts.len(),
        diagnostics,
    })
}

fn file_differs(
    folder: &Path,
    artifact: &Artifact,
    recorded: &BTreeSet<(String, Digest)>,
) -> Option<Diagnostic> {
    let path = folder.join(&artifact.file);
    let shown = path.display();
    let digest = fs::File::open(&path).and_then(Digest::read);
    match digest {
        Ok(digest) if digest == artifact.sha256 => None,
        Ok(digest) if recorded.contains(&(artifact.file.clone(), digest)) => Some(
            Diagnostic::error(
                "verify/unfinished",
                format!("{shown} 比清单新：上次没有做完"),
            )
            .hint("重新生成即可"),
        ),
        Ok(_) => Some(
            Diagnostic::error(
                "verify/edited",
                format!("{shown} 与清单不符：生成之后被改过"),
            )
            .hint("要按项目重新生成，用 `tianbao render … --force`"),
        ),
        Err(error) => Some(Diagnostic::error(
            "verify/missing",
            format!("{shown} 读不到：{}", crate::error::io_reason(&error)),
        )),
    }
}

/// The projects that artifacts were made of, as they are now.
pub(super) struct Projects<'a> {
    folder: &'a Path,
    inputs: Inputs,
    templates: &'a Templates,
    /// The members of batch files, by subject.
    batches: BTreeMap<String, BTreeMap<String, Member>>,
    /// Digests of what they hold now, by subject.
    now: BTreeMap<String, Digest>,
}

impl<'a> Projects<'a> {
    pub(super) fn new(folder: &'a Path, templates: &'a Templates) -> Self {
        Self {
            folder,
            inputs: Inputs::from(folder),
            templates,
            batches: BTreeMap::new(),
            now: BTreeMap::new(),
        }
    }

    fn differs(&mut self, project: &str, artifacts: &[&Artifact]) -> Option<Diagnostic> {
        let files: Vec<&str> = artifacts
            .iter()
            .map(|artifact| artifact.file.as_str())
            .collect();
        let files = files.join("、");
        let batch = artifacts
            .iter()
            .find_map(|artifact| artifact.batch.as_deref());
        let Some(member) = self.member(project, batch) else {
            let message = format!("{files} 的项目已不在：{project}");
            return Some(Diagnostic::error("verify/no-project", message));
        };
        match member.load() {
            Ok(loaded) => {
                let now = loaded.digest();
                self.now.insert(project.to_owned(), now);
                artifacts
                    .iter()
                    .any(|artifact| artifact.data != now)
                    .then(|| {
                        let message = format!("{files} 不是按现在的项目生成的：{project} 改过");
                        Diagnostic::error("verify/data", message)
                            .at(loaded.start())
                            .hint("重新生成即可；改了什么，用 `tianbao diff` 查看")
                    })
            }
            Err(_) => {
                let message = format!("{files} 的项目现在有误：{project}");
                let problem = Diagnostic::error("verify/data", message);
                Some(problem.hint("用 `tianbao check` 查看"))
            }
        }
    }

    /// A volume is of all its sheets.
    fn volume_differs(&self, artifact: &Artifact) -> Option<Diagnostic> {
        let title = artifact.volume.as_deref()?;
        // A sheet that is no artifact of its own is not looked at.
        let sheets = artifact
            .members
            .iter()
            .map(|member| self.now.get(member).copied());
        let sheets: Vec<Digest> = sheets.collect::<Option<_>>()?;
        (super::run::volume_data(title, sheets) != artifact.data).then(|| {
            let message = format!("{} 不是按现在的项目合订的", artifact.file);
            Diagnostic::error("verify/data", message).hint("重新生成即可")
        })
    }

    /// A file that the record calls so, if it is still there.
    pub(super) fn file(&self, name: &str) -> Option<PathBuf> {
        // As the folder is named, which is shorter to read.
        let near = Some(tidy(&self.folder.join(name))).filter(|near| near.is_file());
        let path = near.unwrap_or_else(|| self.inputs.path(name));
        path.is_file().then_some(path)
    }

    /// The member that the record calls so, if it is still there.
    pub(super) fn member(&mut self, project: &str, batch: Option<&str>) -> Option<Member> {
        let Some(batch) = batch else {
            return self.file(project).map(Member::file);
        };
        if !self.batches.contains_key(batch) {
            let planned = plan(&[self.inputs.path(batch)], self.templates);
            let members = planned.into_iter().flat_map(|plan| plan.members);
            let by_subject = members.map(|member| {
                let file = self.inputs.name(member.path());
                (member.subject_from(&file), member)
            });
            let by_subject = by_subject.collect();
            self.batches.insert(batch.to_owned(), by_subject);
        }
        self.batches.get(batch)?.get(project).cloned()
    }
}

/// Form packs, faces and the program, each said once.
fn setting_differs(renderer: &Renderer, artifacts: &[Artifact]) -> Vec<Diagnostic> {
    // By what is wrong, the artifacts that it concerns.
    let mut found: BTreeMap<(&'static str, String), usize> = BTreeMap::new();
    let faces = renderer.faces_digest().ok();
    for artifact in artifacts {
        let mut note = |code, words: String| *found.entry((code, words)).or_default() += 1;
        for form in &artifact.forms {
            match renderer.form_facts(&form.id) {
                Ok(now) if now.template == form.template => {}
                Ok(now) if now.version != form.version => note(
                    "verify/template",
                    format!(
                        "表式 {} 已是第 {} 版，生成时是第 {} 版",
                        form.id, now.version, form.version
                    ),
                ),
                Ok(_) => note("verify/template", format!("表式 {} 的模板改过", form.id)),
                Err(_) => note("verify/template", format!("表式 {} 不在或有误", form.id)),
            }
        }
        if artifact.fonts.is_some() && artifact.fonts != faces {
            note("verify/fonts", "字体与生成时的不同".into());
        }
        if artifact.program != env!("CARGO_PKG_VERSION") {
            let now = env!("CARGO_PKG_VERSION");
            note(
                "verify/program",
                format!("程序已是 {now} 版，生成时是 {} 版", artifact.program),
            );
        }
    }
    let found = found.into_iter().map(|((code, words), count)| {
        let mut problem = Diagnostic::error(code, format!("{words}（{count} 个文件）"));
        // A newer program need not make anything else.
        if code == "verify/program" {
            problem.severity = Severity::Warning;
        }
        problem
    });
    found.collect()
}
