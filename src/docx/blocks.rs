//! What merging left without blocks, rows or cells, which Word calls damaged: a
//! table without rows and a row without cells go, a container without a block
//! gets a paragraph, and so does a cell that ends with a table.
//!
//! Knows nothing of tags: of the template it only asks which elements their
//! parents may be without.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::outline::Outline;

/// What holds blocks, and at least one.
const CONTAINERS: [&str; 7] = [
    "w:tc",
    "w:txbxContent",
    "w:hdr",
    "w:ftr",
    "w:footnote",
    "w:endnote",
    "w:comment",
];
/// What may stand about blocks, rows or cells.
const WRAPPERS: [&str; 3] = ["w:sdt", "w:sdtContent", "w:customXml"];

/// What an element is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Blocks,
    Rows,
    Cells,
    /// Nothing that is looked at.
    Other,
}

impl Level {
    fn of(name: &str, parent: Self) -> Self {
        match name {
            "w:body" => Self::Blocks,
            "w:tbl" => Self::Rows,
            "w:tr" => Self::Cells,
            _ if CONTAINERS.contains(&name) => Self::Blocks,
            _ if WRAPPERS.contains(&name) => parent,
            _ => Self::Other,
        }
    }

    /// Whether an element of this level is made of these.
    fn counts(self, name: &str) -> bool {
        match self {
            Self::Blocks => ["w:p", "w:tbl", "w:altChunk"].contains(&name),
            Self::Rows => name == "w:tr",
            Self::Cells => name == "w:tc",
            Self::Other => false,
        }
    }
}

/// Whether merging may leave something for [`set`] to do; `optional` says of
/// each element of the template whether its parent may be without it.
pub(super) fn may_empty(outline: &Outline<'_>, optional: &[bool]) -> bool {
    if !optional.contains(&true) {
        return false;
    }
    let mut levels: Vec<Level> = Vec::with_capacity(optional.len());
    for element in &outline.elements {
        let parent = element.parent.map_or(Level::Other, |parent| levels[parent]);
        levels.push(Level::of(element.name, parent));
    }
    let mut has_any = vec![false; optional.len()];
    let mut keeps_any = vec![false; optional.len()];
    // Children stand behind their parents, so the last child comes first.
    for (index, element) in outline.elements.iter().enumerate().rev() {
        let is_empty = has_any[index] && !keeps_any[index] && element.name != "w:body";
        if is_empty && levels[index] != Level::Other {
            return true;
        }
        let Some(parent) = element.parent else {
            continue;
        };
        let is_full_wrapper = WRAPPERS.contains(&element.name) && has_any[index];
        if !is_full_wrapper && !levels[parent].counts(element.name) {
            continue;
        }
        // What comes after this table may go, and the cell then ends with it.
        if element.name == "w:tbl"
            && outline.is(parent, "w:tc")
            && has_any[parent]
            && !keeps_any[parent]
        {
            return true;
        }
        has_any[parent] = true;
        keeps_any[parent] |= !optional[index];
    }
    false
}

/// An element that is open.
struct Open<'a> {
    name: &'a str,
    level: Level,
    /// Where it begins in what is written.
    start: usize,
    has_any: bool,
    ends_with_table: bool,
}

/// A part in which each table has rows, each row cells and each container a
/// block.
///
/// # Errors
/// If the part is no XML.
pub(super) fn set(xml: &str) -> Result<String, String> {
    let mut reader = Reader::from_str(xml);
    let mut text = String::with_capacity(xml.len() + 64);
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut at = 0;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let from = at;
        at = usize::try_from(reader.buffer_position()).unwrap_or(xml.len());
        let raw = &xml[from..at];
        match event {
            Event::Eof => return Ok(text),
            Event::Start(tag) => {
                let level = open.last().map_or(Level::Other, |parent| parent.level);
                let name = &raw[1..1 + tag.name().as_ref().len()];
                open.push(Open {
                    name,
                    level: Level::of(name, level),
                    start: text.len(),
                    has_any: false,
                    ends_with_table: false,
                });
            }
            Event::Empty(tag) => {
                let name = &raw[1..1 + tag.name().as_ref().len()];
                if let Some(parent) = open.last_mut().filter(|one| one.level.counts(name)) {
                    parent.has_any = true;
                    parent.ends_with_table = false;
                }
            }
            Event::End(_) => {
                let Some(mut own) = open.pop() else { continue };
                let is_left_out = match own.level {
                    Level::Blocks => {
                        let lacks_block = !own.has_any && !["w:body", "w:sdt"].contains(&own.name);
                        if lacks_block || own.name == "w:tc" && own.ends_with_table {
                            text.push_str("<w:p/>");
                            own.has_any = true;
                        }
                        false
                    }
                    Level::Rows | Level::Cells => !own.has_any && own.name != "w:sdtContent",
                    Level::Other => false,
                };
                if is_left_out {
                    text.truncate(own.start);
                    continue;
                }
                let is_wrapper = WRAPPERS.contains(&own.name);
                if let Some(parent) = open.last_mut()
                    && (is_wrapper || parent.level.counts(own.name))
                {
                    parent.has_any |= !is_wrapper || own.has_any;
                    parent.ends_with_table = own.name == "w:tbl";
                }
            }
            _ => {}
        }
        text.push_str(raw);
    }
}

#[cfg(test)]
mod tests {
    use minijinja::Environment;

    use super::*;
    use crate::docx::prepare::{Content, prepare};

    #[test]
    fn what_was_left_empty_is_filled_or_goes() {
        let table = "<w:tbl><w:tblPr/><w:tblGrid/></w:tbl>";
        let full = "<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>";
        let cell = |content: &str| format!("<w:tbl><w:tr><w:tc>{content}</w:tc></w:tr></w:tbl>");
        let control = |content: &str| {
            format!("<w:sdt><w:sdtPr/><w:sdtContent>{content}</w:sdtContent></w:sdt>")
        };
        for (merged, expected) in [
            (table.to_owned(), String::new()),
            (cell("<w:tcPr/>"), cell("<w:tcPr/><w:p/>")),
            (cell(table), cell("<w:p/>")),
            (
                cell(&format!("<w:p/>{full}")),
                cell(&format!("<w:p/>{full}<w:p/>")),
            ),
            (
                cell(&format!("{full}<w:p></w:p>")),
                cell(&format!("{full}<w:p></w:p>")),
            ),
            (
                "<w:tbl><w:tr><w:trPr/></w:tr></w:tbl>".into(),
                String::new(),
            ),
            (format!("<w:tbl>{}</w:tbl>", control("")), String::new()),
            (
                format!(
                    "<w:tbl><w:tr>{}<w:tc><w:p/></w:tc></w:tr></w:tbl>",
                    control("")
                ),
                full.to_owned(),
            ),
            (control(""), control("<w:p/>")),
            (cell(&control("")), cell(&control("<w:p/>"))),
            (
                format!("<w:p>{}</w:p>", control("")),
                format!("<w:p>{}</w:p>", control("")),
            ),
            (
                "<w:p><w:r><w:txbxContent></w:txbxContent></w:r></w:p>".into(),
                "<w:p><w:r><w:txbxContent><w:p/></w:txbxContent></w:r></w:p>".into(),
            ),
        ] {
            let body = |content: &str| format!("<w:body>{content}<w:sectPr/></w:body>");
            assert_eq!(set(&body(&merged)).unwrap(), body(&expected), "{merged}");
        }
        for root in ["w:hdr", "w:ftr", "w:footnote", "w:endnote", "w:comment"] {
            let merged = format!("<{root} a=\"b\"></{root}>");
            let expected = format!("<{root} a=\"b\"><w:p/></{root}>");
            assert_eq!(set(&merged).unwrap(), expected);
        }
    }

    /// Whether a body with this content may get something empty.
    fn may(content: &str) -> bool {
        let xml = format!("<w:document><w:body>{content}</w:body></w:document>");
        let env = Environment::new();
        let prepared = prepare("a.docx", "a.xml", &xml, Content::Paragraphs, &env).unwrap();
        assert_eq!(prepared.problems, []);
        prepared.may_empty
    }

    #[test]
    fn only_what_may_lose_everything_is_looked_at() {
        let p = |text: &str| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>");
        let cell = |content: &str| format!("<w:tc>{content}</w:tc>");
        let row = |text: &str| format!("<w:tr>{}</w:tr>", cell(&p(text)));
        let table = |rows: &[String]| format!("<w:tbl><w:tblPr/>{}</w:tbl>", rows.concat());
        let of_cell =
            |blocks: &[String]| table(&[format!("<w:tr>{}</w:tr>", cell(&blocks.concat()))]);
        let (iff, endif) = (p("{%p if a %}"), p("{%p endif %}"));
        let rows = [
            row("{%tr for x in a %}"),
            row("{{ x }}"),
            row("{%tr endfor %}"),
        ];
        assert!(may(&table(&rows)));
        assert!(!may(&table(&[&rows[..], &[row("合计")]].concat())));
        let block = [iff.clone(), p("x"), endif.clone()];
        assert!(!may(&block.concat()));
        assert!(!may(
            &[iff.clone(), of_cell(&[p("x")]), endif.clone()].concat()
        ));
        assert!(may(&of_cell(&block)));
        assert!(!may(&of_cell(&[&block[..], &[p("x")]].concat())));
        // A cell that ends with a table.
        let inner = of_cell(&[p("x")]);
        let ends = [p("x"), inner.clone(), iff.clone(), p("x"), endif.clone()];
        assert!(may(&of_cell(&ends)));
        assert!(!may(&of_cell(&[&[inner][..], &block, &[p("x")]].concat())));
        let control =
            |content: &str| format!("<w:sdt><w:sdtContent>{content}</w:sdtContent></w:sdt>");
        assert!(may(&control(&block.concat())));
        assert!(!may(&of_cell(&[control(&p("x")), block.concat(), p("x")])));
        assert!(may(&table(&[control(&rows.concat()), row("合计")])));
        let text_box = |content: &str| {
            format!("<w:p><w:r><w:txbxContent>{content}</w:txbxContent></w:r></w:p>")
        };
        assert!(may(&text_box(&block.concat())));
        assert!(!may(&text_box(&p("{{ a }}"))));
        let cells = ["{%tc for x in a %}", "{{ x }}", "{%tc endfor %}"].map(|text| cell(&p(text)));
        assert!(may(&table(&[format!("<w:tr>{}</w:tr>", cells.concat())])));
    }
}
