//! What was made: the record that lies with the artifacts of a folder.
//!
//! One line of JSON for each artifact, appended before the artifact gets its
//! name. Whenever the program is killed, a file either bears the digest that
//! its newest line or an older one tells, or somebody else has written it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::Error;
use crate::output::{Output, Stamp};
use crate::render::Kind;

const FILE: &str = "record.jsonl";
/// Lines of the past that are not worth writing the record anew.
const MAX_PAST: usize = 64;

/// One artifact that was made, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its name in the folder.
    pub(crate) file: String,
    /// What it was made of, see [`super::run`].
    pub(crate) subject: String,
    pub(crate) kind: Kind,
    /// Forms, in order.
    pub(crate) forms: Vec<FormUsed>,
    /// Of the faces, where they decide it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fonts: Option<Digest>,
    /// The batch file that names the project, where it says more than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) batch: Option<String>,
    /// Of a volume, the subjects of its sheets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) members: Vec<String>,
    /// Files that the project was read from, as the subject is named: the
    /// project's own, its base, and so on.
    pub(crate) chain: Vec<String>,
    /// Of what those files hold.
    pub(crate) inputs: Digest,
    /// Of the project with everything it inherits.
    pub(crate) data: Digest,
    /// Of everything that decides the artifact.
    pub(crate) fingerprint: Digest,
    /// Of the artifact.
    pub(crate) result: Digest,
    /// The program that made it.
    pub(crate) program: String,
    /// Whether there were warnings, which a person should see again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) warned: bool,
    /// How the file system knew it when it was last seen to be whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stamp: Option<Stamp>,
    /// Set when the program itself removed it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) removed: bool,
}

impl Entry {
    /// An artifact whose kind, data and content are known, of nobody yet.
    pub(crate) fn new(
        file: String,
        kind: Kind,
        data: Digest,
        fingerprint: Digest,
        result: Digest,
    ) -> Self {
        Self {
            file,
            subject: String::new(),
            kind,
            forms: Vec::new(),
            fonts: None,
            batch: None,
            members: Vec::new(),
            chain: Vec::new(),
            inputs: data,
            data,
            fingerprint,
            result,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            warned: false,
            stamp: None,
            removed: false,
        }
    }

    /// What the artifact is called, without its ending.
    pub(crate) fn name(&self) -> Option<&str> {
        let stem = self.file.strip_suffix(self.kind.ending())?;
        stem.strip_suffix('.')
    }
}

/// A form as it was when an artifact was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormUsed {
    /// Its id.
    pub id: String,
    /// Its version, from `form.yaml`.
    pub version: String,
    /// Of its pack, and of what packs share.
    pub template: Digest,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What an artifact holds.
#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// What a draft among what the program remembers holds.
    Draft(&'a str),
}

/// How a file of the folder stands to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing is there.
    Absent,
    /// It is what was made last.
    Current,
    /// It is what was made earlier; a newer one never got its place.
    Older,
    /// It was made here, and somebody has changed it since.
    Edited,
    /// It is not of our making, as far as is known.
    Foreign,
}

/// The record of a folder, read and open for more.
pub(crate) struct Record<'a> {
    output: &'a Output,
    state: Mutex<State>,
}

struct State {
    journal: File,
    /// By file, oldest first.
    entries: BTreeMap<String, Vec<Entry>>,
    /// Lines in the file.
    lines: usize,
}

impl<'a> Record<'a> {
    /// Reads what is known of a folder.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn open(output: &'a Output) -> Result<Self, Error> {
        let path = output.memory(FILE);
        let text = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::io("读取", &path, error)),
        };
        let mut entries: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        let mut lines = 0;
        for entry in parse(&text) {
            lines += 1;
            note(&mut entries, entry);
        }
        let mut journal = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|e| Error::io("写入", &path, e))?;
        if text.last().is_some_and(|last| *last != b'\n') {
            let ended = journal.write_all(b"\n");
            ended.map_err(|e| Error::io("写入", &path, e))?;
        }
        Ok(Self {
            output,
            state: Mutex::new(State {
                journal,
                entries,
                lines,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing was ever made here.
    pub(crate) fn is_empty(&self) -> bool {
        self.state().entries.is_empty()
    }

    /// What artifacts were made of.
    pub(crate) fn data(&self) -> BTreeSet<Digest> {
        self.look(|entries| entries.map(|entry| entry.data).collect())
    }

    /// Looks at the newest entry of every file, in the order of the names.
    pub(crate) fn look<T>(&self, with: impl FnOnce(&mut dyn Iterator<Item = &Entry>) -> T) -> T {
        let state = self.state();
        let mut newest = state.entries.values().filter_map(|of_file| of_file.last());
        with(&mut newest)
    }

    /// The newest entry of a file.
    pub(crate) fn entry(&self, file: &str) -> Option<Entry> {
        self.state().entries.get(file)?.last().cloned()
    }

    /// The files of each subject.
    pub(crate) fn subjects(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut subjects: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        self.look(|entries| {
            for entry in entries {
                let files = subjects.entry(entry.subject.clone()).or_default();
                files.insert(entry.file.clone());
            }
        });
        subjects
    }

    /// How a file stands to the record. One whose stamp has changed is read.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn standing(&self, file: &str) -> Result<Standing, Error> {
        let Some(stamp) = self.output.stamp(file) else {
            return Ok(Standing::Absent);
        };
        let known = self.state().entries.get(file).cloned();
        let Some((newest, older)) = known.as_deref().and_then(<[Entry]>::split_last) else {
            return Ok(Standing::Foreign);
        };
        if newest.stamp == Some(stamp) {
            return Ok(Standing::Current);
        }
        let digest = self.output.digest(file)?;
        if newest.result == digest {
            // Copied or touched: the same content, known again.
            let entry = Entry {
                stamp: Some(stamp),
                ..newest.clone()
            };
            self.refresh(entry)?;
            return Ok(Standing::Current);
        }
        Ok(match older.iter().any(|entry| entry.result == digest) {
            true => Standing::Older,
            false => Standing::Edited,
        })
    }

    /// Writes an artifact, and its entry before it.
    ///
    /// # Errors
    /// If the system refuses; what was there is then untouched.
    pub(crate) fn place(&self, entry: Entry, content: Content<'_>) -> Result<PathBuf, Error> {
        let file = entry.file.clone();
        let announce = || self.append(entry);
        let path = match content {
            Content::Bytes(bytes) => {
                let fill = |target: &mut File| target.write_all(bytes);
                self.output.write_announced(&file, fill, announce)?
            }
            Content::Draft(draft) => self.output.place_draft(draft, &file, announce)?,
        };
        self.stamp(&file);
        Ok(path)
    }

    /// Writes down what is now known of an artifact that stays.
    pub(crate) fn refresh(&self, entry: Entry) -> Result<(), Error> {
        let path = self.output.memory(FILE);
        self.append(entry).map_err(|e| Error::io("写入", &path, e))
    }

    /// Takes a file that is already there, with this very content, as made.
    pub(crate) fn adopt(&self, entry: Entry) -> Result<(), Error> {
        let file = entry.file.clone();
        self.refresh(entry)?;
        self.stamp(&file);
        Ok(())
    }

    /// Removes an artifact and its entry.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn remove(&self, file: &str) -> Result<(), Error> {
        self.output.remove(file)?;
        if let Some(entry) = self.entry(file) {
            self.refresh(Entry {
                removed: true,
                ..entry
            })?;
        }
        Ok(())
    }

    fn append(&self, entry: Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        let mut state = self.state();
        state.journal.write_all(&line)?;
        state.lines += 1;
        note(&mut state.entries, entry);
        Ok(())
    }

    /// Notes how the file system knows a file that was just written. It is
    /// written down when the record is closed.
    fn stamp(&self, file: &str) {
        let stamp = self.output.stamp(file);
        let mut state = self.state();
        if let Some(entry) = state.entries.get_mut(file).and_then(|all| all.last_mut()) {
            entry.stamp = stamp;
        }
    }

    /// Writes the record anew, without what is past, if that is worth while.
    ///
    /// # Errors
    /// If the system refuses; the record is then as it was.
    pub(crate) fn close(self, changed: bool) -> Result<(), Error> {
        let state = self.state.into_inner();
        let state = state.unwrap_or_else(PoisonError::into_inner);
        let live = state.entries.len();
        if !changed && state.lines <= live + MAX_PAST {
            return Ok(());
        }
        let fill = |file: &mut File| {
            let mut to = BufWriter::new(file);
            for entry in state
                .entries
                .values()
                .flat_map(|of_file| still_needed(of_file))
            {
                serde_json::to_writer(&mut to, entry)?;
                to.write_all(b"\n")?;
            }
            to.flush()
        };
        let name = format!("{}/{FILE}", crate::output::MEMORY);
        self.output.write_announced(&name, fill, || Ok(()))?;
        Ok(())
    }
}

/// What every line of a folder's record says of a file's content, without
/// opening the record for more.
pub(super) fn results(folder: &Path) -> BTreeSet<(String, Digest)> {
    let text = fs::read(folder.join(crate::output::MEMORY).join(FILE)).unwrap_or_default();
    parse(&text)
        .map(|entry| (entry.file, entry.result))
        .collect()
}

/// The entries of a record. A line that was torn, or that another version
/// wrote, says nothing; nor does one of a file elsewhere, because a record may
/// come from anywhere.
fn parse(text: &[u8]) -> impl Iterator<Item = Entry> {
    let lines = text.split(|byte| *byte == b'\n');
    let entries = lines.filter_map(|line| serde_json::from_slice::<Entry>(line).ok());
    entries.filter(|entry| is_plain_name(&entry.file))
}

/// Whether a name is that of a file in the folder itself.
pub(super) fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', ':', '\0'])
}

/// Of a file that was not seen whole since it was announced, the older entries
/// too: it may still have that content.
fn still_needed(of_file: &[Entry]) -> &[Entry] {
    match of_file {
        [.., newest] if newest.stamp.is_some() => std::slice::from_ref(newest),
        all => all,
    }
}

/// Adds an entry; the same result again replaces it.
fn note(entries: &mut BTreeMap<String, Vec<Entry>>, entry: Entry) {
    if entry.removed {
        entries.remove(&entry.file);
        return;
    }
    // Of thousands of files nearly all have one entry.
    let of_file = entries
        .entry(entry.file.clone())
        .or_insert_with(|| Vec::with_capacity(1));
    of_file.retain(|older| older.result != entry.result);
    of_file.push(entry);
}
