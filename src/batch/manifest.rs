//! `manifest.json`: what lies in an output folder, for people and programs.
//!
//! For each artifact its project, its forms with their versions, and the
//! SHA-256 of the data, the templates, the faces and the artifact itself; for
//! each project the values it was made of.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::record::{Entry, FormUsed, Record};
use super::target::Store;
use super::values::Values;
use crate::digest::Digest;
use crate::error::Error;
use crate::output::Output;
use crate::render::Kind;

/// What the file is called.
pub const FILE: &str = "manifest.json";
/// What `program` begins with.
const PROGRAM: &str = "tianbao ";

/// A manifest.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The program that wrote it.
    pub program: String,
    /// What lies in the folder, in the order of the names.
    pub artifacts: Vec<Artifact>,
    /// The values that artifacts were made of.
    pub projects: Vec<ProjectValues>,
}

/// One artifact.
#[derive(Debug, Serialize, Deserialize)]
pub struct Artifact {
    /// Its name in the folder.
    pub file: String,
    /// Its SHA-256.
    pub sha256: Digest,
    /// What it is.
    pub kind: Kind,
    /// The project it was made of, as seen from the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The batch file that names the project, where it says more than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// The title of a bound volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// The projects of a bound volume.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// Its forms, in order.
    pub forms: Vec<FormUsed>,
    /// SHA-256 of the values of its project, or of all projects of a volume.
    pub data: Digest,
    /// SHA-256 of the faces, where they decide it.
    pub fonts: Option<Digest>,
    /// The version of the program that made it.
    pub program: String,
}

/// What a project held when artifacts were made of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProjectValues {
    /// The project, as seen from the folder.
    pub project: String,
    /// SHA-256 of the values.
    pub data: Digest,
    /// The values, numbers as they were written; none if they are not known.
    pub values: Option<Box<RawValue>>,
}

/// Reads a manifest.
///
/// # Errors
/// If it is not there, or is none of ours.
pub fn read(path: &Path) -> Result<Manifest, Error> {
    let bytes = fs::read(path).map_err(|e| Error::io("读取", path, e))?;
    let manifest = serde_json::from_slice::<Manifest>(&bytes).ok();
    manifest
        .filter(|manifest| manifest.program.starts_with(PROGRAM))
        .ok_or_else(|| Error::Usage(format!("{} 不是本程序写的清单", path.display())))
}

/// Whether the name is free, or the file of our own making.
pub(super) fn may_be_written(output: &Output, record: &Record<'_>) -> Result<(), Error> {
    let path = output.path(FILE);
    if record.is_empty() && path.exists() && read(&path).is_err() {
        return Err(Error::Usage(format!(
            "{} 不是本程序写的，没有覆盖；把它移走，或用 --out 写到别处",
            path.display()
        )));
    }
    Ok(())
}

/// Writes the manifest of a folder, if it is not there or artifacts changed.
pub(super) fn write(store: &Store<'_>, values: &Values<'_>, changed: bool) -> Result<(), Error> {
    let output = store.output;
    if !changed && output.path(FILE).is_file() {
        return Ok(());
    }
    let entries = store.record.entries().into_iter();
    let there = entries.filter(|entry| output.stamp(&entry.file).is_some());
    output.write(FILE, &text(store, values, there.collect())?)?;
    Ok(())
}

/// The manifest of these artifacts.
pub(super) fn text(
    store: &Store<'_>,
    values: &Values<'_>,
    entries: Vec<Entry>,
) -> Result<Vec<u8>, Error> {
    let mut artifacts = Vec::new();
    let mut projects = BTreeSet::new();
    for entry in entries {
        if !matches!(entry.kind, Kind::Pdf | Kind::Word) {
            continue;
        }
        let is_volume = !entry.members.is_empty();
        if !is_volume {
            projects.insert((entry.subject.clone(), entry.data));
        }
        artifacts.push(Artifact {
            file: entry.file,
            sha256: entry.result,
            kind: entry.kind,
            project: (!is_volume).then(|| entry.subject.clone()),
            batch: entry.batch,
            volume: is_volume.then_some(entry.subject),
            members: entry.members,
            forms: entry.forms,
            data: entry.data,
            fonts: entry.fonts,
            program: entry.program,
        });
    }
    values.read(&store.record.data(), |known| {
        let projects = projects.into_iter().map(|(project, data)| ProjectValues {
            values: known
                .get(&data)
                .and_then(|values| RawValue::from_string((*values).to_owned()).ok()),
            project,
            data,
        });
        let manifest = Manifest {
            program: format!("{PROGRAM}{}", env!("CARGO_PKG_VERSION")),
            projects: projects.collect(),
            artifacts,
        };
        let mut text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| Error::Internal(error.to_string()))?;
        text.push(b'\n');
        Ok(text)
    })
}
