//! Zip packages of artifacts (`--zip`): the same files give the same bytes.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::error::Error;

/// Endings of files that are compressed as they are.
const COMPRESSED: [&str; 3] = ["pdf", "docx", "zip"];
/// Files of this size and more need larger numbers in the zip, in bytes.
const LARGE: u64 = u32::MAX as u64;

/// Writes files into a zip, each under its name, in their order; a name may
/// have folders, separated by `/`. One file is open at a time, and none is held
/// in memory. Names are UTF-8 and marked as such, so that Windows, macOS and
/// Linux show Chinese ones alike; dates are the first day zip knows.
///
/// # Errors
/// If a file cannot be read, or the zip not be written.
pub fn zip_files<W: Write + Seek>(
    target: W,
    entries: impl IntoIterator<Item = (String, PathBuf)>,
) -> Result<W, Error> {
    let mut writer = ZipWriter::new(target);
    for (name, path) in entries {
        let mut file = File::open(&path).map_err(|e| Error::io("读取", &path, e))?;
        let size = file
            .metadata()
            .map_err(|e| Error::io("读取", &path, e))?
            .len();
        let options = options(&name).large_file(size >= LARGE);
        writer.start_file(name.as_str(), options).map_err(refused)?;
        io::copy(&mut file, &mut writer).map_err(|e| Error::io("打包", &path, e))?;
    }
    writer.finish().map_err(refused)
}

fn options(name: &str) -> SimpleFileOptions {
    let ending = Path::new(name).extension().unwrap_or_default();
    let ending = ending.to_string_lossy().to_lowercase();
    let method = match COMPRESSED.contains(&ending.as_str()) {
        true => CompressionMethod::Stored,
        false => CompressionMethod::Deflated,
    };
    SimpleFileOptions::default()
        .compression_method(method)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
}

fn refused(error: zip::result::ZipError) -> Error {
    let source = match error {
        zip::result::ZipError::Io(error) => error,
        other => io::Error::other(other),
    };
    Error::Io {
        doing: "写出压缩包".into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;

    fn zipped(folder: &Path, names: &[&str]) -> Vec<u8> {
        let entries = names
            .iter()
            .map(|name| ((*name).to_owned(), folder.join(name)));
        let target = zip_files(Cursor::new(Vec::new()), entries);
        target
            .unwrap_or_else(|error| panic!("{error}"))
            .into_inner()
    }

    #[test]
    fn names_are_utf8_and_the_same_files_give_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "附件2-岳阳市.pdf",
            "manifest.json",
            "市州/甲.docx",
            "𠮷.PDF",
            "plain.pdf",
        ];
        std::fs::create_dir(folder.path().join("市州")).unwrap();
        for name in names {
            std::fs::write(folder.path().join(name), name.repeat(100)).unwrap();
        }
        let bytes = zipped(folder.path(), &names);
        let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
        for (index, name) in names.iter().enumerate() {
            let mut file = archive.by_index(index).unwrap();
            assert_eq!(file.name().unwrap(), *name);
            let stored = file.compression() == CompressionMethod::Stored;
            assert_eq!(stored, *name != "manifest.json");
            let mut content = String::new();
            file.read_to_string(&mut content).unwrap();
            assert_eq!(content, name.repeat(100));
        }
        // Bit 11 of the flags: the name is UTF-8. Of ASCII it needs not be said.
        let headers = bytes.windows(4).enumerate();
        let headers = headers.filter(|(_, bytes)| *bytes == b"PK\x01\x02");
        let flags: Vec<bool> = headers.map(|(at, _)| bytes[at + 9] & 8 != 0).collect();
        assert_eq!(flags, [true, false, true, true, false]);
        // Not what the file system says of the files.
        let later = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1 << 31);
        let file = File::options()
            .append(true)
            .open(folder.path().join(names[0]));
        file.unwrap().set_modified(later).unwrap();
        assert!(zipped(folder.path(), &names) == bytes);
    }

    #[test]
    fn a_file_that_is_gone_is_named() {
        let entries = [("甲.pdf".to_owned(), PathBuf::from("没有/甲.pdf"))];
        let Err(error) = zip_files(Cursor::new(Vec::new()), entries) else {
            panic!("zipped");
        };
        assert_eq!(
            error.to_string(),
            "无法读取 没有/甲.pdf：文件或文件夹不存在"
        );
    }
}
