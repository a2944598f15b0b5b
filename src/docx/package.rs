//! The zip that a .docx is, written so that the same parts give the same bytes.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::sync::Arc;

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::archive::{Archive, MAX_UNPACKED};
use crate::diagnostic::Diagnostic;

/// The part that holds the text of the document.
pub(super) const MAIN_PART: &str = "word/document.xml";
/// What the main part refers to.
pub(super) const RELATIONSHIPS: &str = "word/_rels/document.xml.rels";
/// What kind of content each part is.
pub(super) const TYPES: &str = "[Content_Types].xml";
/// Parts in the package's order.
pub(super) type Parts = Vec<(String, Vec<u8>)>;

/// Reads all parts.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Parts, Diagnostic> {
    Archive::open(bytes)
        .and_then(|mut archive| archive.unpack(|_| true, MAX_UNPACKED))
        .map_err(|problem| problem.at_part(file, ""))
}

/// A package whose parts are deflated once; merged parts are put in anew.
pub(super) struct Package {
    names: Vec<String>,
    /// Bytes of the whole.
    size: usize,
    base: ZipArchive<Cursor<Shared>>,
}

/// Bytes that are not copied with the package.
#[derive(Clone)]
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Package {
    pub(super) fn new(parts: &Parts) -> ZipResult<Self> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in parts {
            writer.start_file(name.as_str(), options())?;
            writer.write_all(content)?;
        }
        let names = parts.iter().map(|(name, _)| name.clone()).collect();
        Self::written(names, writer)
    }

    /// The parts of a file in its order; those that were not kept are copied as
    /// they are packed.
    pub(super) fn of(mut archive: Archive<'_>, parts: &Parts) -> ZipResult<Self> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(archive.size())));
        let mut kept = parts.iter().peekable();
        let names = archive.names();
        for name in &names {
            match kept.next_if(|(known, _)| known == name) {
                Some((_, content)) => {
                    writer.start_file(name.as_str(), options())?;
                    writer.write_all(content)?;
                }
                None => {
                    let entry = archive.packed(name)?;
                    writer.raw_copy_file_touch(entry, DateTime::default(), None)?;
                }
            }
        }
        Self::written(names, writer)
    }

    fn written(names: Vec<String>, writer: ZipWriter<Cursor<Vec<u8>>>) -> ZipResult<Self> {
        let bytes = Shared(Arc::new(writer.finish()?.into_inner()));
        Ok(Self {
            names,
            size: bytes.0.len(),
            base: ZipArchive::new(Cursor::new(bytes))?,
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
        let size = replaced.values().map(String::len).sum::<usize>() / 4 + self.size + 4096;
        let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(size)));
        for (index, name) in self.names.iter().enumerate() {
            match replaced.get(name.as_str()) {
                Some(content) => {
                    // The quickest: a form grows by a tenth, 0.8 kB. Setting the
                    // compressor up costs more than a small part gains.
                    let options = match content.len() < SMALL {
                        true => stored(),
                        false => options().compression_level(Some(1)),
                    };
                    writer.start_file(name.as_str(), options)?;
                    writer.write_all(content.as_bytes())?;
                }
                None => writer.raw_copy_file(base.by_index_raw(index)?)?,
            }
        }
        for (name, content) in added {
            // Pictures are compressed as they are.
            let is_xml = name.ends_with(".xml") || name.ends_with(".rels");
            let options = if is_xml { options() } else { stored() };
            writer.start_file(name.as_str(), options)?;
            writer.write_all(content)?;
        }
        Ok(writer.finish()?.into_inner())
    }
}

/// Parts below this are not compressed, in bytes.
const SMALL: usize = 1024;

fn stored() -> SimpleFileOptions {
    options().compression_method(CompressionMethod::Stored)
}

/// Deflated, and dated with the first day zip knows: same parts, same bytes.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
}
