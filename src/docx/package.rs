//! The zip that a .docx is: reading it with limits, writing it so that the
//! same parts give the same bytes.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::diagnostic::Diagnostic;

/// The part that holds the text of the document.
pub(super) const MAIN_PART: &str = "word/document.xml";
/// What the main part refers to.
pub(super) const RELATIONSHIPS: &str = "word/_rels/document.xml.rels";
/// What kind of content each part is.
pub(super) const TYPES: &str = "[Content_Types].xml";
/// Most parts of a package.
const MAX_PARTS: usize = 4096;
/// Most bytes of all parts together.
const MAX_BYTES: u64 = 256 << 20;

/// Parts in the package's order.
pub(super) type Parts = Vec<(String, Vec<u8>)>;

/// Reads all parts.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Parts, Diagnostic> {
    let refuse =
        |words: &str| Diagnostic::error("word/package", words.to_owned()).at_part(file, "");
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|_| refuse("不是 .docx 文件，或者文件已损坏"))?;
    if archive.len() > MAX_PARTS {
        return Err(refuse("文件里的部件太多"));
    }
    let mut parts = Parts::new();
    let mut budget = MAX_BYTES;
    for index in 0..archive.len() {
        let part = archive
            .by_index(index)
            .map_err(|_| refuse("文件已损坏或加了密码"))?;
        if part.is_dir() {
            continue;
        }
        let name = part.name().map_err(|_| refuse("文件已损坏"))?.into_owned();
        let mut content = Vec::new();
        part.take(budget + 1)
            .read_to_end(&mut content)
            .map_err(|_| refuse("文件已损坏"))?;
        budget = budget
            .checked_sub(content.len() as u64)
            .ok_or_else(|| refuse("文件解开后太大"))?;
        parts.push((name, content));
    }
    if !parts.iter().any(|(name, _)| name == MAIN_PART) {
        return Err(refuse("不是 Word 文件：里面没有 word/document.xml"));
    }
    Ok(parts)
}

/// A package whose parts are deflated once; merged parts are put in anew.
pub(super) struct Package {
    names: Vec<String>,
    base: ZipArchive<Cursor<Vec<u8>>>,
}

impl Package {
    pub(super) fn new(parts: &Parts) -> ZipResult<Self> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in parts {
            writer.start_file(name.as_str(), options())?;
            writer.write_all(content)?;
        }
        Ok(Self {
            names: parts.iter().map(|(name, _)| name.clone()).collect(),
            base: ZipArchive::new(writer.finish()?)?,
        })
    }

    /// The names of all parts.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// A part as the template has it.
    pub(super) fn part(&self, name: &str) -> Option<String> {
        let mut content = String::new();
        let mut base = self.base.clone();
        let mut part = base.by_name(name).ok()?;
        part.read_to_string(&mut content).ok()?;
        Some(content)
    }

    /// The package with some parts replaced, in its own order, and others
    /// added.
    pub(super) fn write(
        &self,
        replaced: &BTreeMap<&str, String>,
        added: &[(String, Vec<u8>)],
    ) -> ZipResult<Vec<u8>> {
        let mut base = self.base.clone();
        let size = replaced.values().map(String::len).sum::<usize>() / 4 + 32_768;
        let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(size)));
        for (index, name) in self.names.iter().enumerate() {
            match replaced.get(name.as_str()) {
                Some(content) => {
                    // The quickest: a form grows by a tenth, 0.8 kB.
                    writer.start_file(name.as_str(), options().compression_level(Some(1)))?;
                    writer.write_all(content.as_bytes())?;
                }
                None => writer.raw_copy_file(base.by_index_raw(index)?)?,
            }
        }
        for (name, content) in added {
            writer.start_file(name.as_str(), options())?;
            writer.write_all(content)?;
        }
        Ok(writer.finish()?.into_inner())
    }
}

/// Deflated, and dated with the first day zip knows: same parts, same bytes.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
}
