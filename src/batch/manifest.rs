//! `manifest.json`: what lies in an output folder, for people and programs.
//!
//! For each artifact its project, its forms with their versions, and the
//! SHA-256 of the data, the templates, the faces and the artifact itself; for
//! each project the values it was made of.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::record::{Entry, FormUsed, Record, is_plain_name};
use super::target::Store;
use super::values::{Reader, Values};
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
        .filter(|manifest| {
            let names = manifest.artifacts.iter().map(|artifact| &artifact.file);
            names.into_iter().all(|name| is_plain_name(name))
        })
        .ok_or_else(|| Error::Usage(format!("{} 不是本程序写的清单", path.display())))
}

/// What a manifest of ours begins and ends with.
const START: &[u8] = b"{\n\"program\": \"tianbao ";
const END: &[u8] = b"]\n}\n";

/// Whether the name is free, or the file of our own making.
pub(super) fn may_be_written(output: &Output) -> Result<(), Error> {
    let path = output.path(FILE);
    let mut start = Vec::new();
    if let Ok(file) = File::open(&path) {
        let read = file.take(START.len() as u64).read_to_end(&mut start);
        read.map_err(|e| Error::io("读取", &path, e))?;
    }
    match START.starts_with(&start) || start == START {
        true => Ok(()),
        false => Err(Error::Usage(format!(
            "{} 不是本程序写的，没有覆盖；把它移走，或用 --out 写到别处",
            path.display()
        ))),
    }
}

/// Without a record, the manifest still tells which files are of our making;
/// what decided them it does not tell to the last.
pub(super) fn remember(output: &Output, record: &Record<'_>) -> Result<(), Error> {
    let Ok(listed) = read(&output.path(FILE)) else {
        return Ok(());
    };
    let unknown = Digest::of(b"");
    for artifact in listed.artifacts {
        if output.stamp(&artifact.file).is_none() {
            continue;
        }
        record.refresh(Entry {
            subject: artifact.project.or(artifact.volume).unwrap_or_default(),
            forms: artifact.forms,
            fonts: artifact.fonts,
            batch: artifact.batch,
            members: artifact.members,
            inputs: unknown,
            program: artifact.program,
            ..Entry::new(
                artifact.file,
                artifact.kind,
                artifact.data,
                unknown,
                artifact.sha256,
            )
        })?;
    }
    Ok(())
}

/// Whether the manifest is there to its end.
fn is_whole(output: &Output) -> bool {
    let Ok(mut file) = File::open(output.path(FILE)) else {
        return false;
    };
    let mut end = Vec::new();
    let back = file.seek(SeekFrom::End(-(END.len() as i64)));
    back.is_ok() && file.read_to_end(&mut end).is_ok() && end == END
}

/// Writes the manifest of a folder, if it is not there or artifacts changed.
pub(super) fn write(store: &Store<'_>, values: &Values<'_>, changed: bool) -> Result<(), Error> {
    let output = store.output;
    if !changed && is_whole(output) {
        return Ok(());
    }
    let mut reader = values.reader(&store.record.data())?;
    store.record.look(|entries| {
        let there = entries.filter(|entry| output.stamp(&entry.file).is_some());
        let there: Vec<&Entry> = there.collect();
        let fill = |file: &mut File| stream(file, &there, &mut reader);
        output.write_announced(FILE, fill, || Ok(()))
    })?;
    Ok(())
}

/// Writes the manifest of these artifacts, one after another: there may be
/// thousands.
pub(super) fn stream(
    to: impl io::Write,
    entries: &[&Entry],
    values: &mut Reader,
) -> io::Result<()> {
    let mut to = io::BufWriter::new(to);
    let entries = || {
        let entries = entries.iter().copied();
        entries.filter(|entry| entry.kind.is_document())
    };
    let program = format!("{PROGRAM}{}", env!("CARGO_PKG_VERSION"));
    write!(to, "{{\n\"program\": {},\n\"artifacts\": [", json!(program))?;
    for (index, entry) in entries().enumerate() {
        to.write_all(if index > 0 { b",\n" } else { b"\n" })?;
        serde_json::to_writer(&mut to, &Artifact::of(entry))?;
    }
    write!(to, "\n],\n\"projects\": [")?;
    let projects = entries().filter(|entry| entry.members.is_empty());
    let projects: BTreeSet<_> = projects.map(|entry| (&entry.subject, entry.data)).collect();
    for (index, (project, data)) in projects.into_iter().enumerate() {
        to.write_all(if index > 0 { b",\n" } else { b"\n" })?;
        let known = values.get(data)?;
        let project = ProjectValues {
            project: project.clone(),
            data,
            values: known.and_then(|values| RawValue::from_string(values).ok()),
        };
        serde_json::to_writer(&mut to, &project)?;
    }
    to.write_all(b"\n]\n}\n")?;
    to.flush()
}

impl Artifact {
    fn of(entry: &Entry) -> Self {
        let is_volume = !entry.members.is_empty();
        Self {
            file: entry.file.clone(),
            sha256: entry.result,
            kind: entry.kind,
            project: (!is_volume).then(|| entry.subject.clone()),
            batch: entry.batch.clone(),
            volume: is_volume.then(|| entry.subject.clone()),
            members: entry.members.clone(),
            forms: entry.forms.clone(),
            data: entry.data,
            fonts: entry.fonts,
            program: entry.program.clone(),
        }
    }
}
