//! Reads a Word file back: the tables and paragraphs of `word/document.xml`, and any part.
//!
//! The test's own reader, on quick-xml and zip alone: it must share no code with what writes
//! the files. It panics on what Word itself would repair, such as a merge that continues
//! nothing.

use std::io::{Cursor, Read};

use quick_xml::events::{BytesStart, Event};

use super::grid::{Cell, Grid};

/// The tables of the body in order; a table inside a cell is left out.
pub(crate) fn grids(docx: &[u8]) -> Vec<Grid> {
    body(docx).within("w:tbl").map(grid).collect()
}

/// The text of each paragraph of the body outside tables, empty ones included.
pub(crate) fn paragraphs(docx: &[u8]) -> Vec<String> {
    body(docx).within("w:p").map(text).collect()
}

/// A part such as `word/styles.xml` as text, or nothing where the package has none.
pub(crate) fn part(docx: &[u8], name: &str) -> Option<String> {
    let mut package = zip::ZipArchive::new(Cursor::new(docx)).expect("a Word file is a zip");
    let mut file = package.by_name(name).ok()?;
    let mut content = String::new();
    file.read_to_string(&mut content)
        .unwrap_or_else(|error| panic!("part {name}: {error}"));
    Some(content)
}

fn body(docx: &[u8]) -> Element {
    let document = part(docx, "word/document.xml").expect("a Word file has word/document.xml");
    let root =
        Element::parse(&document).unwrap_or_else(|error| panic!("word/document.xml: {error}"));
    let mut children = root.children.into_iter().filter_map(Node::into_element);
    children
        .find(|child| child.name == "w:body")
        .expect("word/document.xml has w:body")
}

struct Row<'a> {
    header: bool,
    cells: Vec<Place<'a>>,
}

/// A `w:tc` with the columns it takes and its part in a vertical merge.
struct Place<'a> {
    cell: &'a Element,
    column: usize,
    colspan: usize,
    merge: Merge,
}

#[derive(Clone, Copy, PartialEq)]
enum Merge {
    None,
    Restart,
    Continue,
}

fn grid(table: &Element) -> Grid {
    let rows: Vec<Row> = table.within("w:tr").map(row).collect();
    refuse_orphans(&rows);
    let cells = |at: usize| {
        let starts = rows[at]
            .cells
            .iter()
            .filter(|place| place.merge != Merge::Continue);
        let cell = |start: &Place| Cell {
            text: start
                .cell
                .within("w:p")
                .map(text)
                .collect::<Vec<_>>()
                .join("\n"),
            colspan: start.colspan,
            rowspan: 1 + continued(start, &rows[at + 1..]),
            header: rows[at].header,
        };
        starts.map(cell).collect()
    };
    Grid {
        rows: (0..rows.len()).map(cells).collect(),
    }
}

fn row(row: &Element) -> Row<'_> {
    let mut column = number(property(row, "w:trPr", "w:gridBefore")).unwrap_or(0);
    let mut cells = Vec::new();
    for cell in row.within("w:tc") {
        let colspan = number(property(cell, "w:tcPr", "w:gridSpan")).unwrap_or(1);
        cells.push(Place {
            cell,
            column,
            colspan,
            merge: merge(cell),
        });
        column += colspan;
    }
    Row {
        header: on(property(row, "w:trPr", "w:tblHeader")),
        cells,
    }
}

fn merge(cell: &Element) -> Merge {
    match property(cell, "w:tcPr", "w:vMerge").map(|merge| merge.attribute("w:val")) {
        None => Merge::None,
        Some(Some("restart")) => Merge::Restart,
        Some(None | Some("continue")) => Merge::Continue,
        Some(Some(other)) => panic!("w:vMerge {other:?}"),
    }
}

/// How many rows below go on with the merge that starts in this cell.
fn continued(start: &Place, below: &[Row]) -> usize {
    below
        .iter()
        .take_while(|row| row.cells.iter().any(|cell| continues(start, cell)))
        .count()
}

fn continues(above: &Place, cell: &Place) -> bool {
    let same = (above.column, above.colspan) == (cell.column, cell.colspan);
    same && above.merge != Merge::None && cell.merge == Merge::Continue
}

fn refuse_orphans(rows: &[Row]) {
    let mut above: &[Place] = &[];
    for (at, row) in rows.iter().enumerate() {
        for cell in row
            .cells
            .iter()
            .filter(|cell| cell.merge == Merge::Continue)
        {
            let found = above.iter().any(|above| continues(above, cell));
            let (row, column) = (at + 1, cell.column + 1);
            assert!(
                found,
                "row {row}, column {column}: a vertical merge continues nothing of its width"
            );
        }
        above = &row.cells;
    }
}

fn property<'a>(element: &'a Element, properties: &str, name: &str) -> Option<&'a Element> {
    element.child(properties)?.child(name)
}

fn number(property: Option<&Element>) -> Option<usize> {
    let value = property?.attribute("w:val").unwrap_or_default();
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("a count, not {value:?}")),
    )
}

fn on(property: Option<&Element>) -> bool {
    property.is_some_and(|on| !matches!(on.attribute("w:val"), Some("0" | "false" | "off")))
}

/// What a paragraph, or a run in it, prints; breaks of page and column print nothing.
fn text(element: &Element) -> String {
    let mut printed = String::new();
    for child in element.elements() {
        match child.name.as_str() {
            "w:t" => printed.push_str(&literal(child)),
            "w:br" if matches!(child.attribute("w:type"), Some("page" | "column")) => (),
            "w:br" | "w:cr" => printed.push('\n'),
            "w:tab" => printed.push('\t'),
            "w:noBreakHyphen" => printed.push('\u{2011}'),
            "w:r" | "w:hyperlink" | "w:ins" | "w:smartTag" | "w:fldSimple" | "w:sdt"
            | "w:sdtContent" => {
                printed.push_str(&text(child));
            }
            _ => (),
        }
    }
    printed
}

/// Word drops the blanks around a `w:t` unless it is told to keep them.
fn literal(element: &Element) -> String {
    let text = element.content();
    match element.attribute("xml:space") {
        Some("preserve") => text,
        _ => text.trim_matches([' ', '\t', '\n', '\r']).into(),
    }
}

/// An XML element with the names as written, prefixes included.
pub(crate) struct Element {
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Node>,
}

enum Node {
    Element(Element),
    Text(String),
}

impl Node {
    fn into_element(self) -> Option<Element> {
        match self {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        }
    }
}

impl Element {
    /// Reads a document up to the end of its root.
    pub(crate) fn parse(xml: &str) -> Result<Self, String> {
        let mut reader = quick_xml::Reader::from_str(xml);
        let mut open: Vec<Element> = Vec::new();
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            let closed = match event {
                Event::Start(tag) => {
                    open.push(Self::start(&tag)?);
                    None
                }
                Event::Empty(tag) => Some(Self::start(&tag)?),
                Event::End(_) => open.pop(),
                Event::Eof => return Err("the XML ends before its root does".into()),
                event => {
                    if let (Some(parent), Some(text)) = (open.last_mut(), character_data(&event)?) {
                        parent.children.push(Node::Text(text));
                    }
                    None
                }
            };
            match (closed, open.last_mut()) {
                (Some(child), Some(parent)) => parent.children.push(Node::Element(child)),
                (Some(root), None) => return Ok(root),
                (None, _) => (),
            }
        }
    }

    fn start(tag: &BytesStart) -> Result<Self, String> {
        let attribute = |attribute: Result<quick_xml::events::attributes::Attribute, _>| {
            let attribute = attribute.map_err(|error| format!("{error}"))?;
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
            let value = value.map_err(|error| error.to_string())?;
            Ok((attribute.key.as_ref().to_string(), value.into_owned()))
        };
        Ok(Self {
            name: tag.name().as_ref().to_string(),
            attributes: tag
                .attributes()
                .map(attribute)
                .collect::<Result<_, String>>()?,
            children: Vec::new(),
        })
    }

    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    /// The child elements.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first child element of a name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.name == name)
    }

    /// Children of a name, also where a content control wraps them.
    fn within<'a>(&'a self, name: &'a str) -> Box<dyn Iterator<Item = &'a Element> + 'a> {
        Box::new(self.elements().flat_map(move |child| {
            let wraps = matches!(child.name.as_str(), "w:sdt" | "w:sdtContent");
            let wrapped = wraps.then(|| child.within(name));
            let own = (child.name == name).then_some(child);
            own.into_iter().chain(wrapped.into_iter().flatten())
        }))
    }

    /// All elements of a name below this one, in document order.
    pub(crate) fn descendants<'a>(&'a self, name: &'a str) -> Vec<&'a Element> {
        let below = |child: &'a Element| {
            let own = (child.name == name).then_some(child);
            own.into_iter()
                .chain(child.descendants(name))
                .collect::<Vec<_>>()
        };
        self.elements().flat_map(below).collect()
    }

    /// All character data below this element.
    pub(crate) fn content(&self) -> String {
        let text = |node: &Node| match node {
            Node::Element(element) => element.content(),
            Node::Text(text) => text.clone(),
        };
        self.children.iter().map(text).collect()
    }
}

/// Text, CDATA, or what a reference such as `&lt;` stands for, which is an event of its own.
fn character_data(event: &Event) -> Result<Option<String>, String> {
    Ok(match event {
        Event::Text(text) => Some(text.xml10_content().into_owned()),
        Event::CData(text) => Some(text.xml10_content().into_owned()),
        Event::GeneralRef(reference) => Some(
            quick_xml::escape::unescape(&format!("&{};", reference.xml10_content()))
                .map_err(|error| error.to_string())?
                .into_owned(),
        ),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn docx(body: &str) -> Vec<u8> {
        let mut package = zip::ZipWriter::new(Cursor::new(Vec::new()));
        package
            .start_file(
                "word/document.xml",
                zip::write::SimpleFileOptions::default(),
            )
            .unwrap();
        let document = format!(
            r#"<?xml version="1.0"?><w:document xmlns:w="w"><w:body>{body}</w:body></w:document>"#
        );
        package.write_all(document.as_bytes()).unwrap();
        package.finish().unwrap().into_inner()
    }

    fn cell(properties: &str, text: &str) -> String {
        format!("<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>")
    }

    fn table(rows: &[String]) -> Vec<u8> {
        let rows: String = rows
            .iter()
            .map(|row| format!("<w:tr>{row}</w:tr>"))
            .collect();
        docx(&format!("<w:tbl><w:tblPr/><w:tblGrid/>{rows}</w:tbl>"))
    }

    const RESTART: &str = r#"<w:vMerge w:val="restart"/>"#;
    const CONTINUE: &str = "<w:vMerge/>";
    const TWO: &str = r#"<w:gridSpan w:val="2"/>"#;

    #[test]
    fn merges_become_spans() {
        let grids = grids(&table(&[
            "<w:trPr><w:tblHeader/></w:trPr>".to_string() + &cell(TWO, "甲") + &cell("", "乙"),
            cell(RESTART, "丙") + &cell(&format!("{TWO}{RESTART}"), "丁"),
            cell(CONTINUE, "") + &cell(&format!("{TWO}{CONTINUE}"), ""),
            cell(RESTART, "戊") + &cell(TWO, "己"),
        ]));
        let header = |text, colspan| Cell {
            header: true,
            ..Cell::new(text, colspan, 1)
        };
        let expected = Grid {
            rows: vec![
                vec![header("甲", 2), header("乙", 1)],
                vec![Cell::new("丙", 1, 2), Cell::new("丁", 2, 2)],
                vec![],
                vec![Cell::new("戊", 1, 1), Cell::new("己", 2, 1)],
            ],
        };
        assert_eq!(grids, [expected]);
    }

    #[test]
    #[should_panic(expected = "row 2, column 1: a vertical merge continues nothing")]
    fn a_merge_that_continues_nothing_is_refused() {
        grids(&table(&[cell("", "甲"), cell(CONTINUE, "")]));
    }

    #[test]
    fn a_cell_keeps_breaks_tabs_and_paragraphs() {
        let grids = grids(&table(&[
            "<w:tc><w:sdt><w:sdtContent><w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>a &lt;&amp;&#x4E00;</w:t>\
             <w:br/><w:t xml:space=\"preserve\"> b</w:t><w:tab/><w:t> c </w:t></w:r></w:p></w:sdtContent></w:sdt>\
             <w:tbl><w:tr><w:tc><w:p><w:r><w:t>inner</w:t></w:r></w:p></w:tc></w:tr></w:tbl>\
             <w:p><w:r><w:br w:type=\"page\"/></w:r><w:del><w:r><w:t>x</w:t></w:r></w:del><w:ins><w:r><w:t>d</w:t></w:r></w:ins></w:p></w:tc>"
                .into(),
        ]));
        assert_eq!(grids[0].texts(), [["a <&一\n b\tc\nd"]]);
    }

    #[test]
    fn paragraphs_are_those_outside_tables() {
        let docx = docx(
            "<w:p><w:r><w:t>附件2</w:t></w:r></w:p><w:p/><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl><w:sectPr/>",
        );
        assert_eq!(paragraphs(&docx), ["附件2", ""]);
        assert_eq!(part(&docx, "word/styles.xml"), None);
    }
}
