//! Writing artifacts: safe names, and whole files or none.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::Error;

/// The folder within an output folder that holds what the program remembers.
pub(crate) const MEMORY: &str = ".tianbao";

/// The ending of temporary files, which lie in [`MEMORY`].
const TEMPORARY: &str = ".tmp";
/// Most bytes of a name, so that name and ending fit any file system.
const MAX_NAME_BYTES: usize = 200;

/// A file name that every system takes: characters that Windows, macOS or a
/// shell would refuse become `_`.
pub(crate) fn safe_name(name: &str) -> String {
    let mut safe: String = name
        .trim()
        .chars()
        .map(|c| match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect();
    let mut end = safe.len().min(MAX_NAME_BYTES);
    while !safe.is_char_boundary(end) {
        end -= 1;
    }
    safe.truncate(end);
    let safe = safe.trim_end_matches(['.', ' ']).trim_start_matches('.');
    let stem = safe
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    let reserved = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4
            && (stem.starts_with("COM") || stem.starts_with("LPT"))
            && stem.ends_with(|c: char| c.is_ascii_digit()));
    match safe {
        "" => "未命名".to_owned(),
        safe if reserved => format!("_{safe}"),
        safe => safe.to_owned(),
    }
}

/// A folder that artifacts go to; no other run writes it while this is held.
#[derive(Debug)]
pub struct Output {
    folder: PathBuf,
    /// Where files lie until they are whole.
    drafts: PathBuf,
    _lock: Option<File>,
}

/// What the file system says of a file: while it stays, so does the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// In bytes.
    size: u64,
    /// Nanoseconds of the last change of content, and of anything.
    modified: i64,
    changed: i64,
    /// The file's number.
    node: u64,
}

impl Output {
    /// Makes the folder if it is not there, and removes what an interrupted
    /// run may have left.
    ///
    /// # Errors
    /// If the folder cannot be made or read, or another run is writing it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let memory = folder.join(MEMORY);
        fs::create_dir_all(&memory).map_err(|e| Error::io("创建文件夹", folder, e))?;
        let lock = memory.join("lock");
        let file = File::create(&lock).map_err(|e| Error::io("写入", &lock, e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let folder = folder.display();
                return Err(Error::Usage(format!(
                    "另一个 tianbao 正在写 {folder}；等它结束再试，或用 --out 写到别处"
                )));
            }
            // Some network folders know no locks; then nobody is kept out.
            Err(TryLockError::Error(_)) => {}
        }
        let entries = fs::read_dir(&memory).map_err(|e| Error::io("读取文件夹", &memory, e))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(TEMPORARY) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            drafts: memory,
            _lock: Some(file),
        })
    }

    /// A folder that only gets a few files, and remembers nothing of them.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn plain(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(|e| Error::io("创建文件夹", folder, e))?;
        Ok(Self {
            folder: folder.to_owned(),
            drafts: folder.to_owned(),
            _lock: None,
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A file of what the program remembers of the folder.
    pub(crate) fn memory(&self, name: &str) -> PathBuf {
        self.folder.join(MEMORY).join(name)
    }

    /// Writes a file whole: whoever looks sees the old file or the new one.
    ///
    /// # Errors
    /// If the system refuses; the old file is then untouched.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
        self.write_announced(name, |file| file.write_all(bytes), || Ok(()))
    }

    /// As [`Output::write`], and says so when the content is safe on disk and
    /// before the name shows it.
    pub(crate) fn write_announced(
        &self,
        name: &str,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
        announce: impl FnOnce() -> io::Result<()>,
    ) -> Result<PathBuf, Error> {
        let path = self.folder.join(name);
        self.place(&path, fill, announce)
            .map_err(|e| Error::io("写入", &path, e))?;
        Ok(path)
    }

    /// As [`Output::write_announced`] with what a draft in the program's own
    /// memory holds; the draft is then no longer there.
    pub(crate) fn place_draft(
        &self,
        draft: &str,
        name: &str,
        announce: impl FnOnce() -> io::Result<()>,
    ) -> Result<PathBuf, Error> {
        let (draft, path) = (self.memory(draft), self.folder.join(name));
        File::open(&draft)
            .and_then(|file| file.sync_data())
            .and_then(|()| announce())
            .and_then(|()| fs::rename(&draft, &path))
            .map_err(|e| Error::io("写入", &path, e))?;
        Ok(path)
    }

    /// What the file system says of a file of the folder, if it is there.
    pub(crate) fn stamp(&self, name: &str) -> Option<Stamp> {
        let metadata = fs::metadata(self.path(name)).ok()?;
        metadata.is_file().then(|| Stamp::of(&metadata))
    }

    /// The digest of a file's content.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn digest(&self, name: &str) -> Result<Digest, Error> {
        let path = self.path(name);
        let digest = File::open(&path).and_then(Digest::read);
        digest.map_err(|e| Error::io("读取", &path, e))
    }

    /// Removes a file of the folder; one that is not there is no mistake.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::io("删除", &path, error))
            }
            _ => Ok(()),
        }
    }

    /// Removes what the program remembers of the folder.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn forget(self) -> Result<(), Error> {
        let memory = self.folder.join(MEMORY);
        fs::remove_dir_all(&memory).map_err(|e| Error::io("删除", &memory, e))
    }

    fn place(
        &self,
        path: &Path,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
        announce: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        if let Some(mut file) = unnamed(&self.folder)? {
            fill(&mut file)?;
            file.sync_data()?;
            announce()?;
            if link(&file, path).is_ok() {
                return Ok(());
            }
            // The name is taken: link elsewhere, then take its place.
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let beside = self
                .drafts
                .join(format!("{}{name}{TEMPORARY}", temporary_prefix()));
            let _ = fs::remove_file(&beside);
            link(&file, &beside)?;
            return fs::rename(&beside, path).inspect_err(|_| {
                let _ = fs::remove_file(&beside);
            });
        }
        let mut file = tempfile::Builder::new()
            .prefix(&temporary_prefix())
            .suffix(TEMPORARY)
            .tempfile_in(&self.drafts)?;
        fill(file.as_file_mut())?;
        file.as_file().sync_data()?;
        announce()?;
        file.persist(path)?;
        Ok(())
    }
}

impl Stamp {
    #[cfg(unix)]
    fn of(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds = |seconds: i64, rest: i64| seconds * 1_000_000_000 + rest;
        Self {
            size: metadata.len(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            node: metadata.ino(),
        }
    }

    /// Elsewhere the time of the last change must do.
    #[cfg(not(unix))]
    fn of(metadata: &fs::Metadata) -> Self {
        let modified = metadata.modified().ok();
        let since = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        Self {
            size: metadata.len(),
            modified: since.map_or(0, |since| since.as_nanos() as i64),
            changed: 0,
            node: 0,
        }
    }
}

/// Temporary names bear the process: where folders know no locks, two runs may
/// write at once.
fn temporary_prefix() -> String {
    format!(".{}-", std::process::id())
}

/// A file without a name, which vanishes if the program is killed; `None`
/// where the system has no such thing.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{Mode, OFlags, open};
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
    match open(
        folder,
        OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC,
        mode,
    ) {
        Ok(file) => Ok(Some(File::from(file))),
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR | rustix::io::Errno::INVAL) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd;
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, open, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_folder: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

#[cfg(not(target_os = "linux"))]
fn link(_file: &File, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_everywhere() {
        assert_eq!(safe_name("附件2-株洲市商务局"), "附件2-株洲市商务局");
        assert_eq!(safe_name("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(safe_name("a:b*c?\"<>|\n"), "a_b_c_____");
        assert_eq!(safe_name(" . "), "未命名");
        assert_eq!(safe_name("con.txt"), "_con.txt");
        assert!(safe_name(&"长".repeat(300)).len() <= 200);
    }

    #[test]
    fn a_file_is_replaced_whole_and_leftovers_go() {
        let folder = tempfile::tempdir().unwrap();
        let memory = folder.path().join(MEMORY);
        fs::create_dir(&memory).unwrap();
        fs::write(memory.join("99999999-old.pdf.tmp"), "torn").unwrap();
        let output = Output::open(folder.path()).unwrap();
        output.write("a.pdf", b"1").unwrap();
        output.write("a.pdf", b"2").unwrap();
        // The artifact, and what the program remembers.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert_eq!(fs::read_dir(memory).unwrap().count(), 1);
        assert_eq!(fs::read(folder.path().join("a.pdf")).unwrap(), b"2");
    }
}
