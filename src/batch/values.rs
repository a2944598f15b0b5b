//! The values that artifacts were made of, kept beside the record, so that a
//! manifest can tell them when the projects are long since edited.
//!
//! One line for each project as it was: its digest and its values as JSON. A
//! line is appended before the artifact is made; the same values stand once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use crate::digest::Digest;
use crate::error::Error;
use crate::output::{MEMORY, Output};

const FILE: &str = "values.jsonl";
/// Hexadecimal digits of a digest, and the blank behind them.
const KEY: usize = 65;

/// The store of a folder.
pub(crate) struct Values<'a> {
    output: &'a Output,
    state: Mutex<State>,
}

struct State {
    journal: File,
    known: BTreeSet<Digest>,
}

impl<'a> Values<'a> {
    /// Opens the store of a folder.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn open(output: &'a Output) -> Result<Self, Error> {
        let path = output.memory(FILE);
        let refused = |error| Error::io("写入", &path, error);
        let mut journal = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(refused)?;
        let text = read(output)?;
        if text.last().is_some_and(|last| *last != b'\n') {
            journal.write_all(b"\n").map_err(refused)?;
        }
        let known = lines(&text).map(|(digest, _)| digest).collect();
        Ok(Self {
            output,
            state: Mutex::new(State { journal, known }),
        })
    }

    /// Keeps a project's values.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn keep(&self, digest: Digest, values: &str) -> Result<(), Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.known.insert(digest) {
            return Ok(());
        }
        let line = format!("{digest} {values}\n");
        let written = state.journal.write_all(line.as_bytes());
        written.map_err(|e| Error::io("写入", &self.output.memory(FILE), e))
    }

    /// Calls `with` with the values of these digests that are known. Where
    /// most of the store is of the past, it is written anew.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn read<T>(
        &self,
        wanted: &BTreeSet<Digest>,
        with: impl FnOnce(&BTreeMap<Digest, &str>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let text = read(self.output)?;
        let all = lines(&text).collect::<BTreeMap<_, _>>();
        if all.len() > 2 * wanted.len() + KEY {
            let mut kept = Vec::new();
            for (digest, values) in all.iter().filter(|(digest, _)| wanted.contains(*digest)) {
                kept.extend(format!("{digest} {values}\n").into_bytes());
            }
            self.output.write(&format!("{MEMORY}/{FILE}"), &kept)?;
        }
        with(&all)
    }
}

fn read(output: &Output) -> Result<Vec<u8>, Error> {
    let path = output.memory(FILE);
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|e| Error::io("读取", &path, e)),
    }
}

/// The whole lines of a store.
fn lines(text: &[u8]) -> impl Iterator<Item = (Digest, &str)> {
    text.split_inclusive(|byte| *byte == b'\n')
        .filter_map(|line| {
            let line = str::from_utf8(line).ok()?.strip_suffix('\n')?;
            let digest = line.get(..KEY - 1)?.parse().ok()?;
            Some((digest, line.get(KEY..)?))
        })
}
