//! The styles of a template, found by id or by the name people see.

use crate::diagnostic::Diagnostic;
use crate::docx::join::attribute;
use crate::docx::outline::Outline;
use crate::merge::rich::Named;

/// What Word in Chinese calls styles whose names in files are English.
const CHINESE: [(&str, &str); 15] = [
    ("正文", "Normal"),
    ("正文文本", "Body Text"),
    ("标题", "Title"),
    ("副标题", "Subtitle"),
    ("题注", "caption"),
    ("页眉", "header"),
    ("页脚", "footer"),
    ("列表段落", "List Paragraph"),
    ("列出段落", "List Paragraph"),
    ("无间隔", "No Spacing"),
    ("引用", "Quote"),
    ("强调", "Emphasis"),
    ("要点", "Strong"),
    ("超链接", "Hyperlink"),
    ("网格型", "Table Grid"),
];

/// One style.
pub(in crate::docx) struct Style {
    pub(in crate::docx) id: String,
    /// In lower case, as Word compares them.
    pub(in crate::docx) name: String,
    pub(in crate::docx) kind: String,
    pub(in crate::docx) xml: String,
}

#[derive(Default)]
pub(in crate::docx) struct Styles {
    pub(in crate::docx) all: Vec<Style>,
}

impl Styles {
    /// Reads the part; one that is none has no styles.
    pub(in crate::docx) fn read(xml: &str) -> Self {
        let Ok(outline) = Outline::read(xml) else {
            return Self { all: Vec::new() };
        };
        let elements = (0..outline.elements.len()).filter(|e| outline.is(*e, "w:style"));
        let styles = elements.filter_map(|style| {
            let tag = outline.raw(outline.elements[style].first);
            let mut children = outline.children(style);
            let name = children.find(|child| outline.is(*child, "w:name"))?;
            let name = attribute(outline.raw(outline.elements[name].first), "w:val")?;
            Some(Style {
                id: attribute(tag, "w:styleId")?,
                name: name.to_lowercase(),
                kind: attribute(tag, "w:type").unwrap_or_default(),
                xml: outline.text_of(style).to_owned(),
            })
        });
        Self {
            all: styles.collect(),
        }
    }

    pub(in crate::docx) fn by_id(&self, id: &str) -> Option<&Style> {
        self.all.iter().find(|style| style.id == id)
    }

    /// The id of the style that somebody names.
    pub(super) fn find(&self, kind: &str, named: &Named) -> Result<String, Diagnostic> {
        let written = named.name.trim();
        let english = CHINESE.iter().find(|(chinese, _)| *chinese == written);
        let heading = written.strip_prefix("标题").map(str::trim);
        let heading = heading.filter(|level| level.parse::<u8>().is_ok());
        let name = match (english, heading) {
            (Some((_, english)), _) => english.to_lowercase(),
            (None, Some(level)) => format!("heading {level}"),
            (None, None) => written.to_lowercase(),
        };
        let of_kind = || self.all.iter().filter(|style| style.kind == kind);
        let found = of_kind()
            .find(|style| style.id == written)
            .or_else(|| of_kind().find(|style| style.name == written.to_lowercase()))
            .or_else(|| of_kind().find(|style| style.name == name));
        found.map(|style| style.id.clone()).ok_or_else(|| {
            let chinese = match kind {
                "character" => "字符",
                _ => "段落",
            };
            let names = of_kind().flat_map(|style| [style.id.as_str(), style.name.as_str()]);
            Diagnostic::error("data/style", format!("模板里没有{chinese}样式 `{written}`"))
                .at(named.at.clone())
                .hint_likely(written, names)
                .hint("内置样式在模板里用过一次才会存进文件")
        })
    }
}
