//! Reads a tagged PDF back: its tables through the structure tree, its pages, its metadata.
//!
//! What a screen reader would get of the file, decoded by the fonts' own /ToUnicode maps; so
//! it must share no code with what writes the file. Clauses are those of ISO 32000-1. Lines
//! of wrapped text are joined as they are; soft hyphens are dropped. It refuses a file that
//! is broken, and prints U+FFFD for a glyph without a meaning.

use std::collections::BTreeMap;
use std::rc::Rc;

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId, decode_text_string};

use super::grid::{Cell, Grid, RowKind, Scope};
use super::word::Element;

/// Deepest nesting of structure elements, bookmarks and form XObjects.
const MAX_DEPTH: usize = 256;
/// Most columns or rows a cell may take.
const MAX_SPAN: i64 = 65_536;

/// Every table of the structure tree in order; a nested one follows the one it is in.
///
/// # Errors
/// What cannot be read, in words.
pub fn grids(pdf: &[u8]) -> Result<Vec<Grid>, String> {
    in_structure(pdf, |structure, root| {
        let mut tables = Vec::new();
        structure.tables(root, 0, &mut tables)?;
        tables
            .into_iter()
            .map(|table| structure.grid(table))
            .collect()
    })
}

/// The texts of the structure tree outside of tables, in order.
///
/// # Errors
/// What cannot be read, in words.
pub fn texts_outside_tables(pdf: &[u8]) -> Result<Vec<String>, String> {
    in_structure(pdf, |structure, root| {
        let mut texts = Vec::new();
        structure.texts_outside_tables(root, 0, &mut texts)?;
        Ok(texts)
    })
}

/// Looks into the structure tree, from its root.
fn in_structure<T>(
    pdf: &[u8],
    look: impl for<'a> Fn(&Structure<'a>, &'a Dictionary) -> Result<T, String>,
) -> Result<T, String> {
    let document = open(pdf)?;
    let root = entry(&document, catalog(&document)?, b"StructTreeRoot")?;
    let root = root
        .and_then(|root| root.as_dict().ok())
        .ok_or("没有 /StructTreeRoot，不是带标签的 PDF")?;
    let structure = Structure {
        document: &document,
        marked: printed(&document)?.marked,
    };
    look(&structure, root)
}

/// All the text of each page in the order it is painted, artifacts included.
///
/// # Errors
/// What cannot be read, in words.
pub fn page_texts(pdf: &[u8]) -> Result<Vec<String>, String> {
    Ok(printed(&open(pdf)?)?.pages)
}

/// The number of pages.
///
/// # Errors
/// If it is no PDF.
pub fn page_count(pdf: &[u8]) -> Result<usize, String> {
    Ok(open(pdf)?.page_iter().count())
}

/// The titles of the bookmarks, each followed by those below it.
///
/// # Errors
/// What cannot be read, in words.
pub fn outline_titles(pdf: &[u8]) -> Result<Vec<String>, String> {
    let document = open(pdf)?;
    let mut titles = Vec::new();
    if let Some(outlines) = entry(&document, catalog(&document)?, b"Outlines")? {
        collect_titles(&document, dictionary(outlines)?, 0, &mut titles)?;
    }
    Ok(titles)
}

/// `dc:title` of the XMP metadata.
///
/// # Errors
/// What cannot be read, in words.
pub fn title(pdf: &[u8]) -> Result<Option<String>, String> {
    Ok(metadata(pdf, "dc:title")?.into_iter().next())
}

/// The entries of `dc:creator` of the XMP metadata. Typst joins its authors into one.
///
/// # Errors
/// What cannot be read, in words.
pub fn authors(pdf: &[u8]) -> Result<Vec<String>, String> {
    metadata(pdf, "dc:creator")
}

fn open(pdf: &[u8]) -> Result<Document, String> {
    Document::load_mem(pdf).map_err(|error| format!("不是 PDF：{error}"))
}

fn catalog(document: &Document) -> Result<&Dictionary, String> {
    document
        .catalog()
        .map_err(|error| format!("没有 /Root：{error}"))
}

/// The value of a key, references followed.
fn entry<'a>(
    document: &'a Document,
    of: &'a Dictionary,
    key: &[u8],
) -> Result<Option<&'a Object>, String> {
    match of.get(key) {
        Err(_) => Ok(None),
        Ok(value) => Ok(Some(resolve(document, value)?).filter(|value| !value.is_null())),
    }
}

fn resolve<'a>(document: &'a Document, object: &'a Object) -> Result<&'a Object, String> {
    match document.dereference(object) {
        Ok((_, value)) => Ok(value),
        Err(error) => Err(format!("{object:?}：{error}")),
    }
}

fn dictionary(object: &Object) -> Result<&Dictionary, String> {
    object
        .as_dict()
        .map_err(|_| format!("应为字典，不是 {object:?}"))
}

/// A value that may be one or an array of such, as a list.
fn list<'a>(document: &'a Document, value: Option<&'a Object>) -> Result<Vec<&'a Object>, String> {
    match value {
        None => Ok(Vec::new()),
        Some(Object::Array(values)) => values
            .iter()
            .map(|value| resolve(document, value))
            .collect(),
        Some(value) => Ok(vec![value]),
    }
}

fn text_string(object: &Object) -> Result<String, String> {
    decode_text_string(object).map_err(|error| format!("文字 {object:?}：{error}"))
}

fn too_deep(depth: usize) -> Result<(), String> {
    match depth > MAX_DEPTH {
        true => Err(format!("嵌套超过 {MAX_DEPTH} 层")),
        false => Ok(()),
    }
}

fn collect_titles(
    document: &Document,
    parent: &Dictionary,
    depth: usize,
    titles: &mut Vec<String>,
) -> Result<(), String> {
    too_deep(depth)?;
    let mut next = entry(document, parent, b"First")?;
    while let Some(item) = next {
        let item = dictionary(item)?;
        let title = entry(document, item, b"Title")?.ok_or("书签没有 /Title")?;
        titles.push(text_string(title)?);
        collect_titles(document, item, depth + 1, titles)?;
        next = entry(document, item, b"Next")?;
    }
    Ok(())
}

fn metadata(pdf: &[u8], property: &str) -> Result<Vec<String>, String> {
    let document = open(pdf)?;
    let Some(metadata) = entry(&document, catalog(&document)?, b"Metadata")? else {
        return Ok(Vec::new());
    };
    let xmp = String::from_utf8(stream(metadata)?).map_err(|_| "XMP 不是 UTF-8")?;
    let xmp = Element::parse(&xmp).map_err(|error| format!("XMP：{error}"))?;
    let items = xmp
        .descendants(property)
        .into_iter()
        .flat_map(|list| list.descendants("rdf:li"));
    Ok(items.map(Element::content).collect())
}

fn stream(object: &Object) -> Result<Vec<u8>, String> {
    let stream = object
        .as_stream()
        .map_err(|_| format!("应为流，不是 {object:?}"))?;
    stream
        .get_plain_content()
        .map_err(|error| format!("流：{error}"))
}

/// The structure tree (14.7) and the text its leaves stand for.
struct Structure<'a> {
    document: &'a Document,
    marked: BTreeMap<Mark, String>,
}

impl<'a> Structure<'a> {
    fn tables(
        &self,
        element: &'a Dictionary,
        depth: usize,
        found: &mut Vec<&'a Dictionary>,
    ) -> Result<(), String> {
        too_deep(depth)?;
        if role(element) == "Table" {
            found.push(element);
        }
        for child in self.children(element)? {
            self.tables(child, depth + 1, found)?;
        }
        Ok(())
    }

    fn texts_outside_tables(
        &self,
        element: &'a Dictionary,
        depth: usize,
        found: &mut Vec<String>,
    ) -> Result<(), String> {
        if role(element) == "Table" {
            return Ok(());
        }
        let mut tables = Vec::new();
        self.tables(element, depth, &mut tables)?;
        if tables.is_empty() {
            found.push(self.text(element, depth)?);
            return Ok(());
        }
        for child in self.children(element)? {
            self.texts_outside_tables(child, depth + 1, found)?;
        }
        Ok(())
    }

    fn grid(&self, table: &'a Dictionary) -> Result<Grid, String> {
        let mut grid = Grid::new(Vec::new());
        for child in self.children(table)? {
            let (rows, in_head) = match role(child) {
                "TR" => (vec![child], false),
                "THead" => (self.children(child)?, true),
                "TBody" | "TFoot" => (self.children(child)?, false),
                _ => continue,
            };
            for row in rows.into_iter().filter(|row| role(row) == "TR") {
                let cells = self.row(row)?;
                grid.kinds.push(kind_of_row(&cells, in_head));
                grid.rows.push(cells);
            }
        }
        Ok(grid)
    }

    fn row(&self, row: &'a Dictionary) -> Result<Vec<Cell>, String> {
        let cell = |cell| {
            let header = role(cell) == "TH";
            Ok(Cell {
                text: self.text(cell, 0)?,
                colspan: self.span(cell, b"ColSpan")?,
                rowspan: self.span(cell, b"RowSpan")?,
                header,
                scope: if header { self.scope(cell)? } else { None },
            })
        };
        self.children(row)?
            .into_iter()
            .filter(|cell| matches!(role(cell), "TH" | "TD"))
            .map(cell)
            .collect()
    }

    /// A table attribute (14.8.5.7).
    fn attribute(&self, cell: &'a Dictionary, key: &[u8]) -> Result<Option<&'a Object>, String> {
        for attributes in list(self.document, entry(self.document, cell, b"A")?)? {
            // Revision numbers may stand between the dictionaries.
            if let Ok(attributes) = attributes.as_dict()
                && let Some(value) = entry(self.document, attributes, key)?
            {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Columns or rows a cell takes, one where it is not given.
    fn span(&self, cell: &'a Dictionary, key: &[u8]) -> Result<usize, String> {
        let Some(span) = self.attribute(cell, key)? else {
            return Ok(1);
        };
        match integer(span)? {
            count @ 1..=MAX_SPAN => Ok(usize::try_from(count).unwrap_or(1)),
            count => Err(format!("一格不能占 {count} 行或列")),
        }
    }

    fn scope(&self, cell: &'a Dictionary) -> Result<Option<Scope>, String> {
        let scope = self.attribute(cell, b"Scope")?;
        Ok(match scope.and_then(|scope| scope.as_name().ok()) {
            Some(b"Column") => Some(Scope::Column),
            Some(b"Row") => Some(Scope::Row),
            Some(b"Both") => Some(Scope::Both),
            _ => None,
        })
    }

    fn text(&self, element: &'a Dictionary, depth: usize) -> Result<String, String> {
        too_deep(depth)?;
        if let Some(actual) = entry(self.document, element, b"ActualText")? {
            return Ok(without_soft_hyphens(&text_string(actual)?));
        }
        self.kids(element)?
            .into_iter()
            .map(|kid| self.kid_text(element, kid, depth))
            .collect()
    }

    /// Text of a kid: a number of marked content, a reference to one, an element (14.7.4).
    fn kid_text(
        &self,
        element: &'a Dictionary,
        kid: &'a Object,
        depth: usize,
    ) -> Result<String, String> {
        if let Object::Integer(mcid) = kid {
            return self.marked_text(element.get(b"Pg").ok(), *mcid);
        }
        let kid = dictionary(kid)?;
        match kind(kid) {
            "MCR" => {
                let owner = [(kid, "Stm"), (kid, "Pg"), (element, "Pg")];
                let owner = owner
                    .iter()
                    .find_map(|(of, key)| of.get(key.as_bytes()).ok());
                let mcid = entry(self.document, kid, b"MCID")?.ok_or("/MCR 没有 /MCID")?;
                self.marked_text(owner, integer(mcid)?)
            }
            "OBJR" => Ok(String::new()),
            _ => self.text(kid, depth + 1),
        }
    }

    fn marked_text(&self, owner: Option<&Object>, mcid: i64) -> Result<String, String> {
        let owner = owner.and_then(|owner| owner.as_reference().ok());
        let owner = owner.ok_or_else(|| format!("/MCID {mcid} 不在任何一页上"))?;
        let text = self.marked.get(&(owner, mcid));
        text.cloned()
            .ok_or_else(|| format!("页 {owner:?} 上没有 /MCID {mcid} 的内容"))
    }

    fn kids(&self, element: &'a Dictionary) -> Result<Vec<&'a Object>, String> {
        list(self.document, entry(self.document, element, b"K")?)
    }

    /// The kids that are elements themselves.
    fn children(&self, element: &'a Dictionary) -> Result<Vec<&'a Dictionary>, String> {
        let kids = self
            .kids(element)?
            .into_iter()
            .filter_map(|kid| kid.as_dict().ok());
        Ok(kids
            .filter(|kid| !matches!(kind(kid), "MCR" | "OBJR"))
            .collect())
    }
}

/// Typst writes /THead only where no row mixes headings and data, or has headings of rows;
/// elsewhere a row of nothing but headings may be a header row or not.
fn kind_of_row(cells: &[Cell], in_head: bool) -> RowKind {
    if in_head {
        RowKind::Header
    } else if cells.iter().all(|cell| cell.header) && cells.iter().any(Cell::heads_column) {
        RowKind::Untold
    } else {
        RowKind::Data
    }
}

fn role(element: &Dictionary) -> &str {
    name(element, b"S")
}

fn kind(element: &Dictionary) -> &str {
    name(element, b"Type")
}

fn name<'a>(of: &'a Dictionary, key: &[u8]) -> &'a str {
    let name = of.get(key).and_then(Object::as_name).unwrap_or_default();
    std::str::from_utf8(name).unwrap_or_default()
}

fn integer(object: &Object) -> Result<i64, String> {
    object
        .as_i64()
        .map_err(|_| format!("应为整数，不是 {object:?}"))
}

fn without_soft_hyphens(text: &str) -> String {
    text.replace('\u{ad}', "")
}

/// The page, or the form XObject, and the /MCID that name a piece of marked content (14.6).
type Mark = (ObjectId, i64);

/// The text of a document by page and by mark.
#[derive(Default)]
struct Printed {
    pages: Vec<String>,
    marked: BTreeMap<Mark, String>,
}

fn printed(document: &Document) -> Result<Printed, String> {
    let mut printed = Printed::default();
    for page in document.page_iter() {
        printed.pages.push(String::new());
        let mut painter = Painter {
            document,
            printed: &mut printed,
            open: Vec::new(),
            depth: 0,
        };
        let content = document.get_page_content(page);
        painter.paint(page, page_resources(document, page)?, &content)?;
    }
    Ok(printed)
}

/// The page's /Resources or those it inherits (7.7.3.4).
fn page_resources(document: &Document, page: ObjectId) -> Result<&Dictionary, String> {
    let mut node = document
        .get_dictionary(page)
        .map_err(|error| format!("页 {page:?}：{error}"))?;
    for _ in 0..MAX_DEPTH {
        if let Some(resources) = entry(document, node, b"Resources")? {
            return dictionary(resources);
        }
        node = dictionary(entry(document, node, b"Parent")?.ok_or("页没有 /Resources")?)?;
    }
    Err("页没有 /Resources".into())
}

/// Follows a content stream for the text it shows.
struct Painter<'a> {
    document: &'a Document,
    printed: &'a mut Printed,
    open: Vec<Open>,
    /// Form XObjects it is in.
    depth: usize,
}

/// A marked-content sequence that has begun: the mark its text goes to; whether an
/// /ActualText has spoken for it already (14.9.4).
#[derive(Clone, Copy, Default)]
struct Open {
    mark: Option<Mark>,
    spoken: bool,
}

impl<'a> Painter<'a> {
    fn paint(
        &mut self,
        owner: ObjectId,
        resources: &'a Dictionary,
        content: &[u8],
    ) -> Result<(), String> {
        let content = Content::decode_strict(content)
            .map_err(|error| format!("{owner:?} 的内容：{error}"))?;
        let fonts = fonts(self.document, resources)?;
        // The font is saved and restored with the graphics state (8.4.2).
        let mut font: Vec<Option<Rc<Font>>> = vec![None];
        for Operation { operator, operands } in &content.operations {
            match (operator.as_str(), operands.as_slice()) {
                ("q", _) => font.push(font.last().cloned().flatten()),
                ("Q", _) => drop(font.pop()),
                ("Tf", [Object::Name(name), _]) => {
                    *font.last_mut().ok_or("Q 前面没有 q")? = fonts.get(name).cloned();
                }
                ("Tj" | "'", [text]) | ("\"", [_, _, text]) => self.show(font.last(), text)?,
                ("TJ", [Object::Array(texts)]) => {
                    for text in texts.iter().filter(|text| text.as_str().is_ok()) {
                        self.show(font.last(), text)?;
                    }
                }
                ("BMC", [tag]) => self.begin(owner, tag, None)?,
                ("BDC", [tag, properties]) => {
                    let properties = self.properties(resources, properties)?;
                    self.begin(owner, tag, Some(&properties))?;
                }
                ("EMC", _) => drop(self.open.pop().ok_or("EMC 前面没有 BMC")?),
                ("Do", [Object::Name(name)]) => self.paint_form(resources, name)?,
                _ => (),
            }
        }
        Ok(())
    }

    /// A form XObject (8.10): content of its own, painted where it is named.
    fn paint_form(&mut self, resources: &'a Dictionary, named: &[u8]) -> Result<(), String> {
        let forms = entry(self.document, resources, b"XObject")?;
        let forms = forms.map(dictionary).transpose()?;
        let form = forms.and_then(|forms| forms.get(named).ok());
        let form = form.ok_or_else(|| format!("没有 /XObject {}", named.escape_ascii()))?;
        let id = form.as_reference().map_err(|_| "XObject 应为引用")?;
        let form = resolve(self.document, form)?;
        let properties = &form.as_stream().map_err(|_| "XObject 应为流")?.dict;
        if name(properties, b"Subtype") == "Form" {
            let own = entry(self.document, properties, b"Resources")?;
            let own = own.map(dictionary).transpose()?;
            self.depth += 1;
            too_deep(self.depth)?;
            self.paint(id, own.unwrap_or(resources), &stream(form)?)?;
            self.depth -= 1;
        }
        Ok(())
    }

    /// The property list of a BDC, written in place or named in the resources (14.6.2).
    fn properties(
        &self,
        resources: &'a Dictionary,
        properties: &Object,
    ) -> Result<Dictionary, String> {
        let Object::Name(name) = properties else {
            return dictionary(properties).cloned();
        };
        let all = entry(self.document, resources, b"Properties")?;
        let named = match all.map(dictionary).transpose()? {
            Some(all) => entry(self.document, all, name)?,
            None => None,
        };
        let named = named.ok_or_else(|| format!("没有 /Properties {}", name.escape_ascii()))?;
        dictionary(named).cloned()
    }

    fn begin(
        &mut self,
        owner: ObjectId,
        tag: &Object,
        properties: Option<&Dictionary>,
    ) -> Result<(), String> {
        let mut open = self.open.last().copied().unwrap_or_default();
        if matches!(tag, Object::Name(tag) if tag == b"Artifact") {
            open.mark = None;
        }
        if let Some(mcid) = properties.and_then(|properties| properties.get(b"MCID").ok()) {
            let mark = (owner, integer(mcid)?);
            self.printed.marked.entry(mark).or_default();
            open.mark = Some(mark);
        }
        self.open.push(open);
        if let Some(actual) = properties.and_then(|properties| properties.get(b"ActualText").ok()) {
            self.print(&text_string(actual)?);
            if let Some(open) = self.open.last_mut() {
                open.spoken = true;
            }
        }
        Ok(())
    }

    fn show(&mut self, font: Option<&Option<Rc<Font>>>, text: &Object) -> Result<(), String> {
        let font = font.and_then(Option::as_ref).ok_or("文字没有字体")?;
        let shown = font.decode(bytes(text)?);
        self.print(&shown);
        Ok(())
    }

    fn print(&mut self, text: &str) {
        let open = self.open.last().copied().unwrap_or_default();
        if open.spoken {
            return;
        }
        let text = without_soft_hyphens(text);
        if let Some(page) = self.printed.pages.last_mut() {
            page.push_str(&text);
        }
        if let Some(mark) = open.mark {
            self.printed.marked.entry(mark).or_default().push_str(&text);
        }
    }
}

/// What a font's codes mean.
struct Font {
    /// Two in a composite font, as Identity-H encodes it; one in any other.
    bytes_per_code: usize,
    meaning: BTreeMap<u32, String>,
}

impl Font {
    fn decode(&self, codes: &[u8]) -> String {
        let codes = codes.chunks(self.bytes_per_code).map(number);
        codes
            .map(|code| self.meaning.get(&code).map_or("\u{fffd}", String::as_str))
            .collect()
    }
}

type Fonts = BTreeMap<Vec<u8>, Rc<Font>>;

fn fonts(document: &Document, resources: &Dictionary) -> Result<Fonts, String> {
    let Some(fonts) = entry(document, resources, b"Font")? else {
        return Ok(Fonts::new());
    };
    let font = |(key, font): (&Vec<u8>, &Object)| {
        let font = dictionary(resolve(document, font)?)?;
        let map = entry(document, font, b"ToUnicode")?
            .map(stream)
            .transpose()?;
        let bytes_per_code = match name(font, b"Subtype") {
            "Type0" => 2,
            _ => 1,
        };
        let meaning = map.map(|map| to_unicode(&map)).transpose()?;
        let font = Font {
            bytes_per_code,
            meaning: meaning.unwrap_or_default(),
        };
        Ok((key.clone(), Rc::new(font)))
    };
    dictionary(fonts)?.iter().map(font).collect()
}

/// A /ToUnicode map (9.10.3). Its PostScript has the grammar of a content stream: the
/// entries of a section are the operands of the operator that ends it.
fn to_unicode(map: &[u8]) -> Result<BTreeMap<u32, String>, String> {
    // lopdf wants its last comment to end.
    let map = Content::decode_strict(&[map, b"\n"].concat())
        .map_err(|error| format!("/ToUnicode：{error}"))?;
    let mut meaning = BTreeMap::new();
    for Operation { operator, operands } in &map.operations {
        match operator.as_str() {
            "endbfchar" => {
                for entry in operands.chunks(2) {
                    let [code, text] = entry else {
                        return Err(format!("bfchar {entry:?}"));
                    };
                    meaning.insert(number(bytes(code)?), utf16(bytes(text)?, 0));
                }
            }
            "endbfrange" => {
                for entry in operands.chunks(3) {
                    meaning.extend(range(entry)?);
                }
            }
            _ => (),
        }
    }
    Ok(meaning)
}

fn range(entry: &[Object]) -> Result<Vec<(u32, String)>, String> {
    let [first, last, texts] = entry else {
        return Err(format!("bfrange {entry:?}"));
    };
    let first = number(bytes(first)?);
    (first..=number(bytes(last)?))
        .zip(0_u16..)
        .map(|(code, step)| match texts {
            Object::Array(texts) => match texts.get(usize::from(step)) {
                Some(text) => Ok((code, utf16(bytes(text)?, 0))),
                None => Err("bfrange 不完整".into()),
            },
            text => Ok((code, utf16(bytes(text)?, step))),
        })
        .collect()
}

/// UTF-16BE with `step` added to its last unit.
fn utf16(text: &[u8], step: u16) -> String {
    let mut units: Vec<_> = text.chunks(2).map(|unit| number(unit) as u16).collect();
    if let Some(last) = units.last_mut() {
        *last = last.wrapping_add(step);
    }
    String::from_utf16_lossy(&units)
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |number, &byte| number << 8 | u32::from(byte))
}

fn bytes(object: &Object) -> Result<&[u8], String> {
    object
        .as_str()
        .map_err(|_| format!("应为字符串，不是 {object:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_to_unicode_map_has_characters_and_ranges() {
        let map = b"%!PS-Adobe-3.0 Resource-CMap\n/CIDInit /ProcSet findresource begin\n\
            3 beginbfchar\n<0001> <4E00>\n<0002> <D842DE76>\n<0003> <00660069>\nendbfchar\n\
            2 beginbfrange <0010> <0011> <4E8C> <0012> <0013> [<0041> <00420043>] endbfrange\n\
            end\n%%EOF";
        let meaning = to_unicode(map).unwrap();
        let texts: Vec<_> = meaning.values().map(String::as_str).collect();
        assert_eq!(
            texts,
            ["一", "\u{20a76}", "fi", "二", "\u{4e8d}", "A", "BC"]
        );
        let font = Font {
            bytes_per_code: 2,
            meaning,
        };
        assert_eq!(font.decode(&[0, 1, 0, 3, 0, 9]), "一fi\u{fffd}");
    }
}
