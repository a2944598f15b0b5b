//! Reads a tagged PDF back: its tables through the structure tree, its pages, its metadata.
//!
//! What a screen reader would get of the file, decoded by the fonts' own /ToUnicode maps; so
//! it must share no code with what writes the file. Clauses are those of ISO 32000-1. Lines
//! of wrapped text are joined as they are; soft hyphens are dropped. It panics where a file
//! is broken, and prints U+FFFD for a glyph without a meaning.

use std::collections::BTreeMap;
use std::rc::Rc;

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId, decode_text_string};

use super::grid::{Cell, Grid};
use super::word::Element;

/// Every table of the structure tree in order; a nested one follows the one it is in.
pub(crate) fn grids(pdf: &[u8]) -> Vec<Grid> {
    let document = open(pdf);
    let root = entry(&document, catalog(&document), b"StructTreeRoot");
    let root = root
        .and_then(|root| root.as_dict().ok())
        .expect("a tagged PDF has /StructTreeRoot");
    let marked = printed(&document).marked;
    let structure = Structure {
        document: &document,
        marked,
    };
    structure
        .tables(root)
        .into_iter()
        .map(|table| structure.grid(table))
        .collect()
}

/// All the text of each page in the order it is painted, artifacts included.
pub(crate) fn page_texts(pdf: &[u8]) -> Vec<String> {
    printed(&open(pdf)).pages
}

/// The number of pages.
pub(crate) fn page_count(pdf: &[u8]) -> usize {
    open(pdf).page_iter().count()
}

/// The titles of the bookmarks, each followed by those below it.
pub(crate) fn outline_titles(pdf: &[u8]) -> Vec<String> {
    let document = open(pdf);
    let mut titles = Vec::new();
    if let Some(outlines) = entry(&document, catalog(&document), b"Outlines") {
        collect_titles(&document, dictionary(outlines), &mut titles);
    }
    titles
}

/// `dc:title` of the XMP metadata.
pub(crate) fn title(pdf: &[u8]) -> Option<String> {
    metadata(pdf, "dc:title").into_iter().next()
}

/// The entries of `dc:creator` of the XMP metadata. Typst joins its authors into one.
pub(crate) fn authors(pdf: &[u8]) -> Vec<String> {
    metadata(pdf, "dc:creator")
}

fn open(pdf: &[u8]) -> Document {
    Document::load_mem(pdf).unwrap_or_else(|error| panic!("not a PDF: {error}"))
}

fn catalog(document: &Document) -> &Dictionary {
    document.catalog().expect("a PDF has a catalog")
}

/// The value of a key, references followed.
fn entry<'a>(document: &'a Document, of: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    Some(resolve(document, of.get(key).ok()?)).filter(|value| !value.is_null())
}

fn resolve<'a>(document: &'a Document, object: &'a Object) -> &'a Object {
    document
        .dereference(object)
        .unwrap_or_else(|error| panic!("{object:?}: {error}"))
        .1
}

fn dictionary(object: &Object) -> &Dictionary {
    object
        .as_dict()
        .unwrap_or_else(|_| panic!("a dictionary, not {object:?}"))
}

/// A value that may be one or an array of such, as a list.
fn list<'a>(document: &'a Document, value: Option<&'a Object>) -> Vec<&'a Object> {
    match value {
        None => Vec::new(),
        Some(Object::Array(values)) => values
            .iter()
            .map(|value| resolve(document, value))
            .collect(),
        Some(value) => vec![value],
    }
}

fn text_string(object: &Object) -> String {
    decode_text_string(object).unwrap_or_else(|error| panic!("text {object:?}: {error}"))
}

fn collect_titles(document: &Document, parent: &Dictionary, titles: &mut Vec<String>) {
    let mut next = entry(document, parent, b"First");
    while let Some(item) = next.map(dictionary) {
        titles.push(text_string(
            entry(document, item, b"Title").expect("a bookmark has /Title"),
        ));
        collect_titles(document, item, titles);
        next = entry(document, item, b"Next");
    }
}

fn metadata(pdf: &[u8], property: &str) -> Vec<String> {
    let document = open(pdf);
    let Some(metadata) = entry(&document, catalog(&document), b"Metadata") else {
        return Vec::new();
    };
    let xmp = String::from_utf8(stream(metadata)).expect("XMP in UTF-8");
    let xmp = Element::parse(&xmp).unwrap_or_else(|error| panic!("XMP: {error}"));
    let items = xmp
        .descendants(property)
        .into_iter()
        .flat_map(|list| list.descendants("rdf:li"));
    items.map(Element::content).collect()
}

fn stream(object: &Object) -> Vec<u8> {
    let stream = object
        .as_stream()
        .unwrap_or_else(|_| panic!("a stream, not {object:?}"));
    stream
        .get_plain_content()
        .unwrap_or_else(|error| panic!("a stream: {error}"))
}

/// The structure tree (14.7) and the text its leaves stand for.
struct Structure<'a> {
    document: &'a Document,
    marked: BTreeMap<Mark, String>,
}

impl<'a> Structure<'a> {
    fn tables(&self, element: &'a Dictionary) -> Vec<&'a Dictionary> {
        let own = (role(element) == "Table").then_some(element);
        let below = self
            .children(element)
            .into_iter()
            .flat_map(|child| self.tables(child));
        own.into_iter().chain(below).collect()
    }

    fn grid(&self, table: &'a Dictionary) -> Grid {
        let rows = self
            .children(table)
            .into_iter()
            .flat_map(|child| match role(child) {
                "TR" => vec![child],
                "THead" | "TBody" | "TFoot" => self.children(child),
                _ => Vec::new(),
            });
        let rows = rows.filter(|child| role(child) == "TR");
        Grid {
            rows: rows.map(|row| self.row(row)).collect(),
        }
    }

    fn row(&self, row: &'a Dictionary) -> Vec<Cell> {
        let cells = self
            .children(row)
            .into_iter()
            .filter(|cell| matches!(role(cell), "TH" | "TD"));
        let cell = |cell| Cell {
            text: self.text(cell),
            colspan: self.span(cell, b"ColSpan"),
            rowspan: self.span(cell, b"RowSpan"),
            header: role(cell) == "TH",
        };
        cells.map(cell).collect()
    }

    /// A table attribute (14.8.5.7), one where it is not given.
    fn span(&self, cell: &'a Dictionary, key: &[u8]) -> usize {
        let attributes = list(self.document, entry(self.document, cell, b"A")).into_iter();
        // Revision numbers may stand between the dictionaries.
        let mut attributes = attributes.filter_map(|attributes| attributes.as_dict().ok());
        let span = attributes.find_map(|attributes| entry(self.document, attributes, key));
        span.map_or(1, |span| {
            usize::try_from(integer(span)).expect("a span counts cells")
        })
    }

    fn text(&self, element: &'a Dictionary) -> String {
        if let Some(actual) = entry(self.document, element, b"ActualText") {
            return without_soft_hyphens(&text_string(actual));
        }
        self.kids(element)
            .into_iter()
            .map(|kid| self.kid_text(element, kid))
            .collect()
    }

    /// Text of a kid: a number of marked content, a reference to one, an element (14.7.4).
    fn kid_text(&self, element: &'a Dictionary, kid: &'a Object) -> String {
        match kid {
            Object::Integer(mcid) => self.marked_text(element.get(b"Pg").ok(), *mcid),
            kid => match kind(dictionary(kid)) {
                "MCR" => {
                    let kid = dictionary(kid);
                    let owner = [(kid, "Stm"), (kid, "Pg"), (element, "Pg")];
                    let owner = owner
                        .iter()
                        .find_map(|(of, key)| of.get(key.as_bytes()).ok());
                    let mcid = entry(self.document, kid, b"MCID").expect("/MCR has /MCID");
                    self.marked_text(owner, integer(mcid))
                }
                "OBJR" => String::new(),
                _ => self.text(dictionary(kid)),
            },
        }
    }

    fn marked_text(&self, owner: Option<&Object>, mcid: i64) -> String {
        let owner = owner.and_then(|owner| owner.as_reference().ok());
        let mark = (
            owner.unwrap_or_else(|| panic!("/MCID {mcid} is on no page")),
            mcid,
        );
        let text = self.marked.get(&mark);
        text.unwrap_or_else(|| panic!("no content is marked {mark:?} (its page, /MCID)"))
            .clone()
    }

    fn kids(&self, element: &'a Dictionary) -> Vec<&'a Object> {
        list(self.document, entry(self.document, element, b"K"))
    }

    /// The kids that are elements themselves.
    fn children(&self, element: &'a Dictionary) -> Vec<&'a Dictionary> {
        let kids = self
            .kids(element)
            .into_iter()
            .filter_map(|kid| kid.as_dict().ok());
        kids.filter(|kid| !matches!(kind(kid), "MCR" | "OBJR"))
            .collect()
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

fn integer(object: &Object) -> i64 {
    object
        .as_i64()
        .unwrap_or_else(|_| panic!("an integer, not {object:?}"))
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

fn printed(document: &Document) -> Printed {
    let mut printed = Printed::default();
    for page in document.page_iter() {
        printed.pages.push(String::new());
        let mut painter = Painter {
            document,
            printed: &mut printed,
            open: Vec::new(),
        };
        let content = document.get_page_content(page);
        painter.paint(page, page_resources(document, page), &content);
    }
    printed
}

/// The page's /Resources or those it inherits (7.7.3.4).
fn page_resources(document: &Document, page: ObjectId) -> &Dictionary {
    let mut node = document
        .get_dictionary(page)
        .expect("a page is a dictionary");
    loop {
        if let Some(resources) = entry(document, node, b"Resources") {
            return dictionary(resources);
        }
        node = dictionary(entry(document, node, b"Parent").expect("a page has /Resources"));
    }
}

/// Follows a content stream for the text it shows.
struct Painter<'a> {
    document: &'a Document,
    printed: &'a mut Printed,
    open: Vec<Open>,
}

/// A marked-content sequence that has begun: the mark its text goes to; whether an
/// /ActualText has spoken for it already (14.9.4).
#[derive(Clone, Copy, Default)]
struct Open {
    mark: Option<Mark>,
    spoken: bool,
}

impl<'a> Painter<'a> {
    fn paint(&mut self, owner: ObjectId, resources: &'a Dictionary, content: &[u8]) {
        let content = Content::decode_strict(content);
        let content = content.unwrap_or_else(|error| panic!("content of {owner:?}: {error}"));
        let fonts = fonts(self.document, resources);
        // The font is saved and restored with the graphics state (8.4.2).
        let mut font: Vec<Option<Rc<Font>>> = vec![None];
        for Operation { operator, operands } in &content.operations {
            match (operator.as_str(), operands.as_slice()) {
                ("q", _) => font.push(font.last().cloned().flatten()),
                ("Q", _) => drop(font.pop()),
                ("Tf", [Object::Name(name), _]) => {
                    *font.last_mut().expect("Q without q") = fonts.get(name).cloned();
                }
                ("Tj" | "'", [text]) | ("\"", [_, _, text]) => self.show(font.last(), text),
                ("TJ", [Object::Array(texts)]) => {
                    let texts = texts.iter().filter(|text| text.as_str().is_ok());
                    texts.for_each(|text| self.show(font.last(), text));
                }
                ("BMC", [tag]) => self.begin(owner, tag, None),
                ("BDC", [tag, properties]) => {
                    let properties = self.properties(resources, properties);
                    self.begin(owner, tag, Some(&properties));
                }
                ("EMC", _) => drop(self.open.pop().expect("EMC without BMC")),
                ("Do", [Object::Name(name)]) => self.paint_form(resources, name),
                _ => (),
            }
        }
    }

    /// A form XObject (8.10): content of its own, painted where it is named.
    fn paint_form(&mut self, resources: &'a Dictionary, named: &[u8]) {
        let forms = entry(self.document, resources, b"XObject").map(dictionary);
        let form = forms.and_then(|forms| forms.get(named).ok());
        let form = form.unwrap_or_else(|| panic!("no /XObject {}", named.escape_ascii()));
        let id = form.as_reference().expect("an XObject is a reference");
        let form = resolve(self.document, form);
        let properties = &form.as_stream().expect("an XObject is a stream").dict;
        if name(properties, b"Subtype") == "Form" {
            let own = entry(self.document, properties, b"Resources").map(dictionary);
            self.paint(id, own.unwrap_or(resources), &stream(form));
        }
    }

    /// The property list of a BDC, written in place or named in the resources (14.6.2).
    fn properties(&self, resources: &'a Dictionary, properties: &Object) -> Dictionary {
        let Object::Name(name) = properties else {
            return dictionary(properties).clone();
        };
        let named = entry(self.document, resources, b"Properties").map(dictionary);
        let named = named.and_then(|named| entry(self.document, named, name));
        dictionary(named.unwrap_or_else(|| panic!("no /Properties {}", name.escape_ascii())))
            .clone()
    }

    fn begin(&mut self, owner: ObjectId, tag: &Object, properties: Option<&Dictionary>) {
        let mut open = self.open.last().copied().unwrap_or_default();
        if matches!(tag, Object::Name(tag) if tag == b"Artifact") {
            open.mark = None;
        }
        if let Some(mcid) = properties.and_then(|properties| properties.get(b"MCID").ok()) {
            let mark = (owner, integer(mcid));
            self.printed.marked.entry(mark).or_default();
            open.mark = Some(mark);
        }
        self.open.push(open);
        if let Some(actual) = properties.and_then(|properties| properties.get(b"ActualText").ok()) {
            self.print(&text_string(actual));
            self.open.last_mut().expect("it has begun").spoken = true;
        }
    }

    fn show(&mut self, font: Option<&Option<Rc<Font>>>, text: &Object) {
        let font = font
            .and_then(Option::as_ref)
            .expect("text is shown in a font");
        let codes = text
            .as_str()
            .unwrap_or_else(|_| panic!("a string, not {text:?}"));
        self.print(&font.decode(codes));
    }

    fn print(&mut self, text: &str) {
        let open = self.open.last().copied().unwrap_or_default();
        if open.spoken {
            return;
        }
        let text = without_soft_hyphens(text);
        self.printed
            .pages
            .last_mut()
            .expect("a page is open")
            .push_str(&text);
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

fn fonts(document: &Document, resources: &Dictionary) -> BTreeMap<Vec<u8>, Rc<Font>> {
    let Some(fonts) = entry(document, resources, b"Font") else {
        return BTreeMap::new();
    };
    let font = |(key, font): (&Vec<u8>, &Object)| {
        let font = dictionary(resolve(document, font));
        let map = entry(document, font, b"ToUnicode").map(stream);
        let bytes_per_code = if name(font, b"Subtype") == "Type0" {
            2
        } else {
            1
        };
        let meaning = map.map(|map| to_unicode(&map)).unwrap_or_default();
        (
            key.clone(),
            Rc::new(Font {
                bytes_per_code,
                meaning,
            }),
        )
    };
    dictionary(fonts).iter().map(font).collect()
}

/// A /ToUnicode map (9.10.3). Its PostScript has the grammar of a content stream: the
/// entries of a section are the operands of the operator that ends it.
fn to_unicode(map: &[u8]) -> BTreeMap<u32, String> {
    // lopdf wants its last comment to end.
    let map = Content::decode_strict(&[map, b"\n"].concat());
    let map = map.unwrap_or_else(|error| panic!("/ToUnicode: {error}"));
    let mut meaning = BTreeMap::new();
    for Operation { operator, operands } in &map.operations {
        match operator.as_str() {
            "endbfchar" => operands.chunks(2).for_each(|entry| {
                let [code, text] = entry else {
                    panic!("bfchar {entry:?}")
                };
                meaning.insert(number(bytes(code)), utf16(bytes(text), 0));
            }),
            "endbfrange" => operands
                .chunks(3)
                .for_each(|entry| meaning.extend(range(entry))),
            _ => (),
        }
    }
    meaning
}

fn range(entry: &[Object]) -> Vec<(u32, String)> {
    let [first, last, texts] = entry else {
        panic!("bfrange {entry:?}")
    };
    let first = number(bytes(first));
    let texts = (first..=number(bytes(last)))
        .zip(0..)
        .map(|(code, step)| match texts {
            Object::Array(texts) => (code, utf16(bytes(&texts[usize::from(step)]), 0)),
            text => (code, utf16(bytes(text), step)),
        });
    texts.collect()
}

/// UTF-16BE with `step` added to its last unit.
fn utf16(text: &[u8], step: u16) -> String {
    let mut units: Vec<_> = text.chunks(2).map(|unit| number(unit) as u16).collect();
    if let Some(last) = units.last_mut() {
        *last += step;
    }
    String::from_utf16_lossy(&units)
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |number, &byte| number << 8 | u32::from(byte))
}

fn bytes(object: &Object) -> &[u8] {
    object
        .as_str()
        .unwrap_or_else(|_| panic!("a string, not {object:?}"))
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
        let meaning = to_unicode(map);
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
