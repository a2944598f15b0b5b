//! Which part is what: by content type and relationship, never by name
//! (ISO/IEC 29500-2, 6.2.3 and 6.5).

use std::collections::BTreeMap;

use super::archive::shown;
use super::outline::{Outline, attribute, decoded, local, marks, root};
use super::package::{Parts, TYPES};
use super::relationships;
use crate::diagnostic::Diagnostic;

/// The relationships of the package itself.
pub(super) const ROOT: &str = "_rels/.rels";
const SAVE_AGAIN: &str = "在 Word 或 WPS 里打开，另存为 .docx，再试";
/// Most tags and references of a part: 5,000 rows of eight plain cells have
/// 450,000.
const MAX_MARKS: usize = 1 << 19;
const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.";
const TEMPLATE: &str = "wordprocessingml.template.main+xml";
const DOCUMENT: &str = "wordprocessingml.document.main+xml";
/// Namespaces of WordprocessingML, transitional and strict.
const NAMESPACES: [&str; 2] = [
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
];

/// What a part is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartKind {
    /// The text of the document.
    Main,
    /// A header.
    Header,
    /// A footer.
    Footer,
    /// All footnotes.
    Footnotes,
    /// All endnotes.
    Endnotes,
    /// All comments.
    Comments,
    /// What the document says of itself: core, application or own properties.
    Properties,
    /// What is only copied.
    Other,
}

impl PartKind {
    /// Whether it holds paragraphs, in which tags may stand.
    pub(super) fn has_paragraphs(self) -> bool {
        !matches!(self, Self::Properties | Self::Other)
    }

    fn of(content_type: &str) -> Self {
        let content_type = content_type.to_ascii_lowercase();
        match content_type.strip_prefix(WORD) {
            Some("header+xml") => Self::Header,
            Some("footer+xml") => Self::Footer,
            Some("footnotes+xml") => Self::Footnotes,
            Some("endnotes+xml") => Self::Endnotes,
            Some("comments+xml") => Self::Comments,
            Some(_) => Self::Other,
            None if content_type.ends_with("core-properties+xml")
                || content_type.ends_with("extended-properties+xml")
                || content_type.ends_with("custom-properties+xml") =>
            {
                Self::Properties
            }
            None => Self::Other,
        }
    }
}

/// What the parts of a Word file are.
#[derive(Debug)]
pub(super) struct Contents {
    /// The name of the main part.
    pub(super) main: String,
    kinds: BTreeMap<String, PartKind>,
}

impl Contents {
    /// A file of nothing but a main part.
    #[cfg(test)]
    pub(super) fn of_main(name: &str) -> Self {
        Self {
            main: name.to_owned(),
            kinds: BTreeMap::from([(name.to_owned(), PartKind::Main)]),
        }
    }

    /// Finds out what the file is; a template (.dotx) is made a document. The
    /// problem has no place yet.
    pub(super) fn read(names: &[String], parts: &mut Parts) -> Result<Self, Diagnostic> {
        let Some(at) = position(parts, TYPES) else {
            return Err(no_word_file(names));
        };
        for (name, content) in parts.iter() {
            check_xml(name, content)?;
        }
        let types = Types::read(&parts[at].1).map_err(|words| broken(TYPES, words))?;
        refuse_macros(names, &types, parts)?;
        let main = main_part(names, parts)?;
        let kind = types.of(&main).unwrap_or_default();
        if !kind.ends_with(DOCUMENT) && !kind.ends_with(TEMPLATE) {
            return Err(other_kind(kind));
        }
        check_ending(&main)?;
        let mut kinds = BTreeMap::new();
        for (name, content) in parts.iter() {
            let kind = match *name == main {
                true => PartKind::Main,
                false => PartKind::of(types.of(name).unwrap_or_default()),
            };
            if kind.has_paragraphs() {
                check_ending(name)?;
                check_prefix(content).map_err(|words| broken(name, words))?;
            }
            kinds.insert(name.clone(), kind);
        }
        if kind.ends_with(TEMPLATE) {
            let types = decoded(&parts[at].1).map_err(|words| broken(TYPES, words))?;
            parts[at].1 = types.replace(TEMPLATE, DOCUMENT).into_bytes();
        }
        Ok(Self { main, kinds })
    }

    /// What a part is for.
    pub(super) fn kind(&self, part: &str) -> PartKind {
        self.kinds.get(part).copied().unwrap_or(PartKind::Other)
    }
}

/// What `[Content_Types].xml` says; names and endings in lower case.
#[derive(Default)]
struct Types {
    by_ending: BTreeMap<String, String>,
    by_name: BTreeMap<String, String>,
}

impl Types {
    fn read(content: &[u8]) -> Result<Self, String> {
        let xml = decoded(content)?;
        let outline = Outline::read(&xml)?;
        let mut types = Self::default();
        for element in &outline.elements {
            let tag = outline.tag(element);
            let value = |name| attribute(tag, name).unwrap_or_default();
            let kind = value("ContentType").into_owned();
            match local(element.name) {
                "Default" => {
                    let ending = value("Extension").to_ascii_lowercase();
                    types.by_ending.insert(ending, kind);
                }
                "Override" => {
                    let name = value("PartName").to_ascii_lowercase();
                    types.by_name.insert(name, kind);
                }
                _ => {}
            }
        }
        Ok(types)
    }

    fn of(&self, part: &str) -> Option<&str> {
        let name = format!("/{}", part.to_ascii_lowercase());
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let own = self.by_name.get(&name);
        own.or_else(|| self.by_ending.get(ending))
            .map(String::as_str)
    }
}

/// Whether a part is XML, by its name.
pub(super) fn is_xml(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(".xml") || name.ends_with(".rels")
}

fn position(parts: &Parts, name: &str) -> Option<usize> {
    let mut names = parts.iter();
    names.position(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// The part that the package's relationships call its document.
pub(super) fn main_part(names: &[String], parts: &Parts) -> Result<String, Diagnostic> {
    let at = position(parts, ROOT).ok_or_else(|| no_word_file(names))?;
    let xml = decoded(&parts[at].1).map_err(|words| broken(ROOT, words))?;
    let outline = Outline::read(&xml).map_err(|words| broken(ROOT, words))?;
    let mut all = relationships::of(&outline);
    let document = all.find(|one| one.kind() == "officeDocument" && !one.is_external());
    let target = document.map(|document| document.part_from_root());
    let main = target.and_then(|target| {
        let mut names = names.iter();
        names.find(|name| name.eq_ignore_ascii_case(&target))
    });
    main.cloned()
        .ok_or_else(|| Diagnostic::error("word/package", "文件已损坏：找不到正文").hint(SAVE_AGAIN))
}

/// Values are escaped by the ending of the template's name.
fn check_ending(part: &str) -> Result<(), Diagnostic> {
    match part.ends_with(".xml") {
        true => Ok(()),
        false => Err(broken(part, "名称不以 .xml 结尾".into())),
    }
}

/// The dialect knows elements by their usual prefix.
fn check_prefix(content: &[u8]) -> Result<(), String> {
    let xml = decoded(content)?;
    let root = root(&xml)?;
    let usual = root.starts_with("<w:")
        && attribute(root, "xmlns:w").is_some_and(|namespace| NAMESPACES.contains(&&*namespace));
    match usual {
        true => Ok(()),
        false => Err(format!("根元素的前缀不是 Word 的 `w:`：{}", shown(root))),
    }
}

/// An entity may stand for gigabytes or for somebody else's file, and an
/// element takes many times its bytes.
fn check_xml(name: &str, content: &[u8]) -> Result<(), Diagnostic> {
    let text = decoded(content).unwrap_or_else(|_| String::from_utf8_lossy(content));
    if marks(&text) > MAX_MARKS {
        return Err(broken(name, format!("标签超过 {MAX_MARKS} 个")));
    }
    match text.contains("<!DOCTYPE") || text.contains("<!ENTITY") {
        true => Err(broken(name, "含有 DOCTYPE，不予处理".into())),
        false => Ok(()),
    }
}

fn refuse_macros(names: &[String], types: &Types, parts: &Parts) -> Result<(), Diagnostic> {
    let is_macro = |kind: &str| {
        let kind = kind.to_ascii_lowercase();
        kind.contains("macroenabled") || kind.contains("vbaproject") || kind.contains("vbadata")
    };
    let mut kinds = types.by_name.values().chain(types.by_ending.values());
    let mut found = kinds.any(|kind| is_macro(kind)) || names.iter().any(|name| is_macro(name));
    for (name, content) in parts.iter().filter(|(name, _)| relationships::is(name)) {
        let xml = decoded(content).map_err(|words| broken(name, words))?;
        let outline = Outline::read(&xml).map_err(|words| broken(name, words))?;
        found |= relationships::of(&outline).any(|relationship| is_macro(relationship.kind()));
    }
    match found {
        false => Ok(()),
        true => Err(Diagnostic::error("word/macros", "文件里有宏，不予处理")
            .hint("在 Word 或 WPS 里另存为不带宏的“Word 文档（.docx）”，再试")),
    }
}

/// What a zip is that is no Office file.
fn no_word_file(names: &[String]) -> Diagnostic {
    let has = |name: &str| names.iter().any(|known| known == name);
    let (what, hint) = if has("mimetype") && has("content.xml") {
        (
            "这是 ODF 文件（.odt 等）",
            "在 Word、WPS 或 LibreOffice 里另存为 .docx，再试",
        )
    } else if names.iter().any(|name| name.ends_with(".docx")) {
        ("这是压缩包", "先解压，再用里面的 .docx")
    } else {
        ("这是别的压缩文件", "模板应是 Word 或 WPS 存的 .docx")
    };
    Diagnostic::error("word/type", format!("不是 .docx 文件：{what}")).hint(hint)
}

/// What an Office file is whose main part is no Word document.
fn other_kind(content_type: &str) -> Diagnostic {
    let what = if content_type.contains("spreadsheetml") {
        "这是 Excel 表格（.xlsx）"
    } else if content_type.contains("presentationml") {
        "这是演示文稿（.pptx）"
    } else {
        "正文不是 Word 的"
    };
    Diagnostic::error("word/type", format!("不是 Word 文件：{what}"))
        .hint("模板应是 Word 或 WPS 存的 .docx")
}

fn broken(part: &str, words: String) -> Diagnostic {
    Diagnostic::error("word/xml", format!("部件 {} 读不了：{words}", shown(part))).hint(SAVE_AGAIN)
}
