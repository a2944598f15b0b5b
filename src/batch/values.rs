//! The values that artifacts were made of, kept beside the record, so that a
//! manifest can tell them when the projects are long since edited.
//!
//! One line for each project as it was: its digest and its values as JSON. A
//! line is appended before the artifact is made; the same values stand once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
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
        let reader = Reader::open(&path).map_err(refused)?;
        if reader.is_torn {
            journal.write_all(b"\n").map_err(refused)?;
        }
        let known = reader.places.into_keys().collect();
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

    /// Opens the values of these digests for reading. Where most of the store
    /// is of the past, it is written anew.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn reader(&self, wanted: &BTreeSet<Digest>) -> Result<Reader, Error> {
        let path = self.output.memory(FILE);
        let refused = |error| Error::io("读取", &path, error);
        let mut reader = Reader::open(&path).map_err(refused)?;
        if reader.places.len() > 2 * wanted.len() + KEY {
            let fill = |to: &mut File| {
                let mut to = BufWriter::new(to);
                for digest in wanted {
                    if let Some(values) = reader.get(*digest)? {
                        writeln!(to, "{digest} {values}")?;
                    }
                }
                to.flush()
            };
            let name = format!("{MEMORY}/{FILE}");
            self.output.write_announced(&name, fill, || Ok(()))?;
            reader = Reader::open(&path).map_err(refused)?;
        }
        Ok(reader)
    }
}

/// Values of a store, found by their digest, one in memory at a time.
pub(crate) struct Reader {
    file: File,
    /// Where the values begin, and how long they are, in bytes.
    places: BTreeMap<Digest, (u64, usize)>,
    /// Whether the last line has no end.
    is_torn: bool,
}

impl Reader {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut places = BTreeMap::new();
        let mut start = 0;
        let mut is_torn = false;
        let mut line = Vec::new();
        let mut lines = BufReader::new(&file);
        while lines.read_until(b'\n', &mut line)? > 0 {
            if let Some((digest, values)) = whole_line(&line) {
                places.insert(digest, (start + KEY as u64, values.len()));
            }
            start += line.len() as u64;
            is_torn = line.last() != Some(&b'\n');
            line.clear();
        }
        Ok(Self {
            file,
            places,
            is_torn,
        })
    }

    /// The values of a digest, if they are known.
    pub(crate) fn get(&mut self, digest: Digest) -> io::Result<Option<String>> {
        let Some((start, length)) = self.places.get(&digest) else {
            return Ok(None);
        };
        let mut values = vec![0; *length];
        self.file.seek(SeekFrom::Start(*start))?;
        self.file.read_exact(&mut values)?;
        Ok(String::from_utf8(values).ok())
    }
}

/// The digest and the values of a line that has its end.
fn whole_line(line: &[u8]) -> Option<(Digest, &str)> {
    let line = str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let digest = line.get(..KEY - 1)?.parse().ok()?;
    Some((digest, line.get(KEY..)?))
}
