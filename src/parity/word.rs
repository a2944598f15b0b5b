//! Reads a Word file back: the tables and paragraphs of `word/document.xml`, and any part.
//!
//! On quick-xml and zip alone: it must share no code with what writes the files, or both
//! would make the same mistake. It refuses what Word itself would repair, such as a merge
//! that continues nothing.

use std::io::{Cursor, Read};

use quick_xml::events::{BytesStart, Event};

use super::grid::{Cell, Grid, RowKind};

/// Most columns a cell may take; Word allows 63.
const MAX_SPAN: usize = 1000;

/// The tables of the body in order; a table inside a cell is left out.
///
/// # Errors
/// What cannot be read, in words.
pub fn grids(docx: &[u8]) -> Result<Vec<Grid>, String> {
    let document = part(docx, "word/document.xml")?.ok_or("没有 word/document.xml")?;
    let body = body(&document)?;
    let tables = body.within("w:tbl").enumerate();
    tables
        .map(|(at, table)| grid(table).map_err(|words| format!("第 {} 张表{words}", at + 1)))
        .collect()
}

/// The text of each paragraph of the body outside tables, empty ones included.
///
/// # Errors
/// What cannot be read, in words.
pub fn paragraphs(docx: &[u8]) -> Result<Vec<String>, String> {
    let document = part(docx, "word/document.xml")?.ok_or("没有 word/document.xml")?;
    Ok(body(&document)?.within("w:p").map(text).collect())
}

/// The text of each paragraph of a part such as `word/footer1.xml`, in tables or not.
///
/// # Errors
/// What cannot be read, in words.
pub fn part_paragraphs(xml: &str) -> Result<Vec<String>, String> {
    let root = Element::parse(xml)?;
    Ok(root.descendants("w:p").into_iter().map(text).collect())
}

/// For every row that [`grids`] reads, table by table, an attribute of its `w:tr`.
///
/// # Errors
/// What cannot be read, in words.
pub fn row_attributes(document: &str, name: &str) -> Result<Vec<Vec<Option<String>>>, String> {
    let body = body(document)?;
    let of_table = |table| {
        let attribute = |row: &Row<'_>| row.element.attribute(name).map(str::to_owned);
        Ok(rows(table)?.iter().map(attribute).collect())
    };
    body.within("w:tbl").map(of_table).collect()
}

/// A part such as `word/styles.xml` as text, or nothing where the package has none.
///
/// # Errors
/// If it is no package, or the part is no text.
pub fn part(docx: &[u8], name: &str) -> Result<Option<String>, String> {
    let mut package = open(docx)?;
    let Ok(mut file) = package.by_name(name) else {
        return Ok(None);
    };
    let mut content = String::new();
    file.read_to_string(&mut content)
        .map_err(|error| format!("部件 {name}：{error}"))?;
    Ok(Some(content))
}

/// The names of all parts, in the package's order.
///
/// # Errors
/// If it is no package.
pub fn part_names(docx: &[u8]) -> Result<Vec<String>, String> {
    Ok(open(docx)?
        .file_names()
        .map_while(Result::ok)
        .map(|name| name.to_string())
        .collect())
}

fn open(docx: &[u8]) -> Result<zip::ZipArchive<Cursor<&[u8]>>, String> {
    zip::ZipArchive::new(Cursor::new(docx)).map_err(|error| format!("不是 Word 文件：{error}"))
}

fn body(document: &str) -> Result<Element, String> {
    let root = Element::parse(document).map_err(|error| format!("word/document.xml：{error}"))?;
    let mut children = root.children.into_iter().filter_map(Node::into_element);
    children
        .find(|child| child.name == "w:body")
        .ok_or_else(|| "word/document.xml 里没有 w:body".into())
}

struct Row<'a> {
    element: &'a Element,
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

fn grid(table: &Element) -> Result<Grid, String> {
    let rows = rows(table)?;
    refuse_orphans(&rows)?;
    let cells = |at: usize| {
        let starts = rows[at]
            .cells
            .iter()
            .filter(|place| place.merge != Merge::Continue);
        let cell = |start: &Place<'_>| Cell {
            text: start.text(),
            colspan: start.colspan,
            rowspan: 1 + continued(start, &rows[at + 1..]),
            header: rows[at].header,
            scope: None,
        };
        starts.map(cell).collect()
    };
    let kind = |row: &Row<'_>| match row.header {
        true => RowKind::Header,
        false => RowKind::Data,
    };
    Ok(Grid {
        rows: (0..rows.len()).map(cells).collect(),
        kinds: rows.iter().map(kind).collect(),
    })
}

fn rows(table: &Element) -> Result<Vec<Row<'_>>, String> {
    table.within("w:tr").map(row).collect()
}

impl Place<'_> {
    fn text(&self) -> String {
        let paragraphs: Vec<String> = self.cell.within("w:p").map(text).collect();
        paragraphs.join("\n")
    }
}

fn row(row: &Element) -> Result<Row<'_>, String> {
    let mut column = number(property(row, "w:trPr", "w:gridBefore"))?.unwrap_or(0);
    let mut cells = Vec::new();
    for cell in row.within("w:tc") {
        let colspan = number(property(cell, "w:tcPr", "w:gridSpan"))?.unwrap_or(1);
        cells.push(Place {
            cell,
            column,
            colspan,
            merge: merge(cell)?,
        });
        column += colspan;
    }
    Ok(Row {
        element: row,
        header: on(property(row, "w:trPr", "w:tblHeader")),
        cells,
    })
}

fn merge(cell: &Element) -> Result<Merge, String> {
    match property(cell, "w:tcPr", "w:vMerge").map(|merge| merge.attribute("w:val")) {
        None => Ok(Merge::None),
        Some(Some("restart")) => Ok(Merge::Restart),
        Some(None | Some("continue")) => Ok(Merge::Continue),
        Some(Some(other)) => Err(format!("里 w:vMerge 不能是 {other:?}")),
    }
}

/// How many rows below go on with the merge that starts in this cell.
fn continued(start: &Place<'_>, below: &[Row<'_>]) -> usize {
    below
        .iter()
        .take_while(|row| row.cells.iter().any(|cell| continues(start, cell)))
        .count()
}

fn continues(above: &Place<'_>, cell: &Place<'_>) -> bool {
    let same = (above.column, above.colspan) == (cell.column, cell.colspan);
    same && above.merge != Merge::None && cell.merge == Merge::Continue
}

fn refuse_orphans(rows: &[Row<'_>]) -> Result<(), String> {
    let mut above: &[Place<'_>] = &[];
    for (at, row) in rows.iter().enumerate() {
        for cell in row
            .cells
            .iter()
            .filter(|cell| cell.merge == Merge::Continue)
        {
            if !above.iter().any(|above| continues(above, cell)) {
                let (row, column) = (at + 1, cell.column + 1);
                return Err(format!(
                    "第 {row} 行第 {column} 列起的一格要与上一格合并，上面却没有同样宽、可以合并的格"
                ));
            }
        }
        above = &row.cells;
    }
    Ok(())
}

fn property<'a>(element: &'a Element, properties: &str, name: &str) -> Option<&'a Element> {
    element.child(properties)?.child(name)
}

fn number(property: Option<&Element>) -> Result<Option<usize>, String> {
    let Some(property) = property else {
        return Ok(None);
    };
    let value = property.attribute("w:val").unwrap_or_default();
    match value.parse() {
        Ok(count) if count <= MAX_SPAN => Ok(Some(count)),
        _ => Err(format!("里 {} 应为格数，不是 {value:?}", property.name)),
    }
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
pub struct Element {
    /// Its name, prefix included.
    pub name: String,
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
    ///
    /// # Errors
    /// What the XML reader says.
    pub fn parse(xml: &str) -> Result<Self, String> {
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
                Event::Eof => return Err("XML 没有结束".into()),
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

    fn start(tag: &BytesStart<'_>) -> Result<Self, String> {
        let attribute = |attribute: Result<quick_xml::events::attributes::Attribute<'_>, _>| {
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
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    /// The child elements.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first child element of a name.
    pub fn child(&self, name: &str) -> Option<&Element> {
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
    pub fn descendants<'a>(&'a self, name: &'a str) -> Vec<&'a Element> {
        let below = |child: &'a Element| {
            let own = (child.name == name).then_some(child);
            own.into_iter()
                .chain(child.descendants(name))
                .collect::<Vec<_>>()
        };
        self.elements().flat_map(below).collect()
    }

    /// All character data below this element.
    pub fn content(&self) -> String {
        let text = |node: &Node| match node {
            Node::Element(element) => element.content(),
            Node::Text(text) => text.clone(),
        };
        self.children.iter().map(text).collect()
    }
}

/// Text, CDATA, or what a reference such as `&lt;` stands for, which is an event of its own.
fn character_data(event: &Event<'_>) -> Result<Option<String>, String> {
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
        ]))
        .unwrap();
        let header = |text, colspan| Cell {
            header: true,
            ..Cell::new(text, colspan, 1)
        };
        let mut expected = Grid::new(vec![
            vec![header("甲", 2), header("乙", 1)],
            vec![Cell::new("丙", 1, 2), Cell::new("丁", 2, 2)],
            vec![],
            vec![Cell::new("戊", 1, 1), Cell::new("己", 2, 1)],
        ]);
        expected.kinds[0] = RowKind::Header;
        assert_eq!(grids, [expected]);
    }

    #[test]
    fn a_merge_that_continues_nothing_is_refused() {
        let refused = grids(&table(&[cell("", "甲"), cell(CONTINUE, "")])).unwrap_err();
        assert!(
            refused.starts_with("第 1 张表第 2 行第 1 列起的一格"),
            "{refused}"
        );
    }

    #[test]
    fn a_cell_keeps_breaks_tabs_and_paragraphs() {
        let grids = grids(&table(&[
            "<w:tc><w:sdt><w:sdtContent><w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>a &lt;&amp;&#x4E00;</w:t>\
             <w:br/><w:t xml:space=\"preserve\"> b</w:t><w:tab/><w:t> c </w:t></w:r></w:p></w:sdtContent></w:sdt>\
             <w:tbl><w:tr><w:tc><w:p><w:r><w:t>inner</w:t></w:r></w:p></w:tc></w:tr></w:tbl>\
             <w:p><w:r><w:br w:type=\"page\"/></w:r><w:del><w:r><w:t>x</w:t></w:r></w:del><w:ins><w:r><w:t>d</w:t></w:r></w:ins></w:p></w:tc>"
                .into(),
        ]))
        .unwrap();
        assert_eq!(grids[0].texts(), [["a <&一\n b\tc\nd"]]);
    }

    #[test]
    fn paragraphs_are_those_outside_tables() {
        let docx = docx(
            "<w:p><w:r><w:t>附件2</w:t></w:r></w:p><w:p/><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl><w:sectPr/>",
        );
        assert_eq!(paragraphs(&docx).unwrap(), ["附件2", ""]);
        assert_eq!(part(&docx, "word/styles.xml"), Ok(None));
        assert_eq!(part_names(&docx).unwrap(), ["word/document.xml"]);
    }
}
