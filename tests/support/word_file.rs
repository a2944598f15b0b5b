//! Word files made part by part, sound or not.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::support::program::{Outcome, Trial};

pub(crate) const OFFICE: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
pub(crate) const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

/// A Word file on its way.
#[derive(Clone)]
pub(crate) struct WordFile {
    /// Names and contents, in the order of the package.
    pub(crate) parts: Vec<(String, Vec<u8>)>,
    stored: bool,
}

impl WordFile {
    /// A document of one paragraph, `{{ x }}`.
    pub(crate) fn new() -> Self {
        let main = document("<w:p><w:r><w:t>{{ x }}</w:t></w:r></w:p>");
        let mut file = Self {
            parts: Vec::new(),
            stored: false,
        };
        file.types(&format!(
            "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
             <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
             <Override PartName=\"/word/document.xml\" ContentType=\"{WORD}.document.main+xml\"/>"
        ));
        file.relationships(
            "_rels/.rels",
            &format!("<Relationship Id=\"rId1\" Type=\"{OFFICE}/officeDocument\" Target=\"word/document.xml\"/>"),
        );
        file.part("word/document.xml", main);
        file.relationships("word/_rels/document.xml.rels", "");
        file
    }

    /// Puts a part there, or another in its place.
    pub(crate) fn part(&mut self, name: &str, content: impl AsRef<[u8]>) -> &mut Self {
        let content = content.as_ref().to_vec();
        match self.parts.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = content,
            None => self.parts.push((name.to_owned(), content)),
        }
        self
    }

    /// Sets `[Content_Types].xml`.
    pub(crate) fn types(&mut self, types: &str) -> &mut Self {
        let xml = format!("<Types xmlns=\"{PACKAGE}/content-types\">{types}</Types>");
        self.part("[Content_Types].xml", xml)
    }

    /// Sets a part of relationships.
    pub(crate) fn relationships(&mut self, name: &str, all: &str) -> &mut Self {
        let xml = format!("<Relationships xmlns=\"{PACKAGE}/relationships\">{all}</Relationships>");
        self.part(name, xml)
    }

    /// Adds to a part, before the end of its root.
    pub(crate) fn append(&mut self, name: &str, xml: &str) -> &mut Self {
        let content = String::from_utf8(self.content(name).to_vec()).unwrap();
        let at = content.rfind("</").unwrap();
        let content = format!("{}{xml}{}", &content[..at], &content[at..]);
        self.part(name, content)
    }

    /// Changes words of a part that has them.
    pub(crate) fn replace(&mut self, name: &str, from: &str, to: &str) -> &mut Self {
        let content = String::from_utf8(self.content(name).to_vec()).unwrap();
        assert!(content.contains(from), "{name}: {content}");
        self.part(name, content.replace(from, to))
    }

    /// Gives another name to a part.
    pub(crate) fn rename(&mut self, from: &str, to: &str) -> &mut Self {
        let part = self.parts.iter_mut().find(|(name, _)| name == from);
        part.unwrap().0 = to.to_owned();
        self
    }

    /// Leaves the parts as they are in the zip.
    pub(crate) fn stored(&mut self) -> &mut Self {
        self.stored = true;
        self
    }

    pub(crate) fn content(&self, name: &str) -> &[u8] {
        let part = self.parts.iter().find(|(known, _)| known == name);
        &part.unwrap_or_else(|| panic!("no {name}")).1
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let method = match self.stored {
            true => CompressionMethod::Stored,
            false => CompressionMethod::Deflated,
        };
        let options = SimpleFileOptions::default().compression_method(method);
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in &self.parts {
            writer.start_file(name.as_str(), options).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// Reads a file back.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        let parts = (0..archive.len()).map(|index| {
            let mut part = archive.by_index(index).unwrap();
            let mut content = Vec::new();
            part.read_to_end(&mut content).unwrap();
            (part.name().unwrap().into_owned(), content)
        });
        Self {
            parts: parts.collect(),
            stored: false,
        }
    }
}

/// A main part with this body.
pub(crate) fn document(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
         xmlns:r=\"{OFFICE}\"><w:body>{body}<w:sectPr/></w:body></w:document>"
    )
}

/// Fills a file in with `x: 甲`; what is made of it is `out.docx`.
pub(crate) fn merge(template: &[u8]) -> (Trial, Outcome) {
    let trial = Trial::new()
        .file("template.docx", template)
        .file("data.json", "{\"x\": \"甲\"}");
    let outcome = trial.run(&["merge", "template.docx", "data.json", "-o", "out.docx"]);
    (trial, outcome)
}

/// As [`merge`], of a file that must come out well: what was said, and the
/// result.
pub(crate) fn merged(template: &[u8]) -> (String, WordFile) {
    let (trial, outcome) = merge(template);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (outcome.stderr, WordFile::read(&trial.read("out.docx")))
}
