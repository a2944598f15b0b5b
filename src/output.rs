//! Writing artifacts: safe names, and whole files or none.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// What temporary files are called: hidden, and known to [`clean`].
const TEMPORARY: (&str, &str) = (".tianbao-", ".tmp");
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

/// A folder that artifacts go to.
#[derive(Debug)]
pub struct Output {
    folder: PathBuf,
}

impl Output {
    /// Makes the folder if it is not there, and removes what an interrupted
    /// run may have left.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(|e| Error::io("创建文件夹", folder, e))?;
        let entries = fs::read_dir(folder).map_err(|e| Error::io("读取文件夹", folder, e))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_left_over(&name) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Writes a file whole: whoever looks sees the old file or the new one.
    ///
    /// # Errors
    /// If the system refuses; the old file is then untouched.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
        let path = self.folder.join(name);
        self.place(&path, bytes)
            .map_err(|e| Error::io("写入", &path, e))?;
        Ok(path)
    }

    fn place(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Some(file) = unnamed(&self.folder)? {
            fill(&file, bytes)?;
            if link(&file, path).is_ok() {
                return Ok(());
            }
            // The name is taken: link beside it, then take its place.
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let beside = self
                .folder
                .join(format!("{}{name}{}", temporary_prefix(), TEMPORARY.1));
            let _ = fs::remove_file(&beside);
            link(&file, &beside)?;
            return fs::rename(&beside, path).inspect_err(|_| {
                let _ = fs::remove_file(&beside);
            });
        }
        let file = tempfile::Builder::new()
            .prefix(&temporary_prefix())
            .suffix(TEMPORARY.1)
            .tempfile_in(&self.folder)?;
        fill(file.as_file(), bytes)?;
        file.persist(path)?;
        Ok(())
    }
}

/// Temporary names bear the process, so that one run does not take away
/// another's.
fn temporary_prefix() -> String {
    format!("{}{}-", TEMPORARY.0, std::process::id())
}

/// Whether a file is a temporary one of a run that is over.
fn is_left_over(name: &str) -> bool {
    let own = name
        .strip_prefix(TEMPORARY.0)
        .filter(|_| name.ends_with(TEMPORARY.1));
    own.is_some_and(|rest| {
        let process = rest.split('-').next().unwrap_or_default();
        // Where there is no /proc, every run is taken to be over.
        !Path::new("/proc").join(process).join("stat").exists()
    })
}

fn fill(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_data()
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
        fs::write(folder.path().join(".tianbao-99999999-old.pdf.tmp"), "torn").unwrap();
        let output = Output::open(folder.path()).unwrap();
        output.write("a.pdf", b"1").unwrap();
        output.write("a.pdf", b"2").unwrap();
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert_eq!(names.len(), 1);
        assert_eq!(fs::read(folder.path().join("a.pdf")).unwrap(), b"2");
    }
}
