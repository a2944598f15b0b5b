//! What a Word file says, as text that people can review: paragraphs with the
//! properties of their runs, tables with their merges, all parts.
//!
//! How text is divided into runs does not show, nor do empty runs. Read with
//! `tianbao::parity`, which shares no code with what writes Word files.

use std::collections::BTreeMap;
use std::fmt::Write;

use tianbao::parity::word::{Element, part, part_names};

/// The whole file; an error is what cannot be read.
pub(crate) fn dump(docx: &[u8]) -> Result<String, String> {
    let mut text = String::new();
    let mut names = part_names(docx)?;
    names.sort_by_key(|name| (name != "word/document.xml", name.clone()));
    for name in names {
        let Some(kind) = kind(&name) else { continue };
        let xml = part(docx, &name)?.unwrap_or_default();
        let root = Element::parse(&xml).map_err(|error| format!("{name}: {error}"))?;
        let mut dump = Dump {
            links: links(docx, &name)?,
            text: String::new(),
        };
        match kind {
            Kind::Properties => dump.properties(&root),
            Kind::Text => dump.blocks(root.child("w:body").unwrap_or(&root), 1),
        }
        if !dump.text.is_empty() {
            let _ = write!(text, "{name}\n{}", dump.text);
        }
    }
    Ok(text)
}

enum Kind {
    Text,
    Properties,
}

fn kind(name: &str) -> Option<Kind> {
    if name == "docProps/core.xml" {
        return Some(Kind::Properties);
    }
    let stem = name.strip_prefix("word/")?.strip_suffix(".xml")?;
    let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    [
        "document",
        "header",
        "footer",
        "footnotes",
        "endnotes",
        "comments",
    ]
    .contains(&stem)
    .then_some(Kind::Text)
}

/// The targets of a part's relationships that lead out of the file.
fn links(docx: &[u8], name: &str) -> Result<BTreeMap<String, String>, String> {
    let rels = name.replace("word/", "word/_rels/") + ".rels";
    let Some(xml) = part(docx, &rels)? else {
        return Ok(BTreeMap::new());
    };
    let root = Element::parse(&xml)?;
    let external = |rel: &&Element| rel.attribute("TargetMode") == Some("External");
    Ok(root
        .elements()
        .filter(external)
        .filter_map(|rel| {
            Some((
                rel.attribute("Id")?.to_owned(),
                rel.attribute("Target")?.to_owned(),
            ))
        })
        .collect())
}

struct Dump {
    links: BTreeMap<String, String>,
    text: String,
}

impl Dump {
    fn line(&mut self, depth: usize, line: &str) {
        let _ = writeln!(self.text, "{}{line}", "  ".repeat(depth));
    }

    fn properties(&mut self, root: &Element) {
        for field in root.elements() {
            let name = field.name.split(':').next_back().unwrap_or_default();
            let says = [
                "title",
                "subject",
                "creator",
                "description",
                "identifier",
                "language",
                "keywords",
                "category",
            ];
            let content = field.content();
            if says.contains(&name) && !content.is_empty() {
                self.line(1, &format!("{name} {content:?}"));
            }
        }
    }

    fn blocks(&mut self, parent: &Element, depth: usize) {
        if holds_bare_text(parent) {
            self.line(depth, "‹text outside a paragraph›");
        }
        for block in parent.elements() {
            match block.name.as_str() {
                "w:p" => self.paragraph(block, depth, ""),
                "w:tbl" => self.table(block, depth),
                "w:sdt" => {
                    self.line(depth, "control");
                    if let Some(content) = block.child("w:sdtContent") {
                        self.blocks(content, depth + 1);
                    }
                }
                "w:footnote" | "w:endnote" | "w:comment" if block.attribute("w:type").is_none() => {
                    let number = block.attribute("w:id").unwrap_or_default();
                    self.line(depth, &format!("{} {number}", &block.name[2..]));
                    self.blocks(block, depth + 1);
                }
                "w:r" | "w:t" => self.line(depth, "‹run outside a paragraph›"),
                _ => {}
            }
        }
    }

    fn table(&mut self, table: &Element, depth: usize) {
        let columns = table.child("w:tblGrid").into_iter().flat_map(|grid| {
            grid.elements()
                .map(|column| column.attribute("w:w").unwrap_or("?"))
        });
        let columns: Vec<&str> = columns.collect();
        let (count, widths) = (columns.len(), columns.join(" "));
        self.line(depth, &format!("table of {count} columns: {widths}"));
        self.rows(table, depth + 1);
    }

    fn rows(&mut self, parent: &Element, depth: usize) {
        for row in parent.elements() {
            match row.name.as_str() {
                "w:tr" => {
                    self.line(depth, "row");
                    self.cells(row, depth + 1);
                }
                "w:sdt" => {
                    self.line(depth, "control");
                    if let Some(content) = row.child("w:sdtContent") {
                        self.rows(content, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    fn cells(&mut self, parent: &Element, depth: usize) {
        for cell in parent.elements() {
            match cell.name.as_str() {
                "w:tc" => self.cell(cell, depth),
                "w:sdt" => {
                    self.line(depth, "control");
                    if let Some(content) = cell.child("w:sdtContent") {
                        self.cells(content, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    fn cell(&mut self, cell: &Element, depth: usize) {
        let mut says = "cell".to_owned();
        let property = |name| cell.child("w:tcPr").and_then(|own| own.child(name));
        if let Some(span) = property("w:gridSpan").and_then(|span| span.attribute("w:val"))
            && span != "1"
        {
            let _ = write!(says, " columns={span}");
        }
        match property("w:vMerge").map(|merge| merge.attribute("w:val")) {
            None => {}
            Some(Some("restart")) => says.push_str(" merge=starts"),
            Some(_) => says.push_str(" merge=continues"),
        }
        if let Some(fill) = property("w:shd").and_then(|shade| shade.attribute("w:fill")) {
            let _ = write!(says, " fill={fill}");
        }
        let blocks: Vec<&Element> = cell.elements().filter(|e| e.name != "w:tcPr").collect();
        match blocks[..] {
            [only] if only.name == "w:p" => self.paragraph(only, depth, &format!("{says}: ")),
            _ => {
                self.line(depth, &says);
                self.blocks(cell, depth + 1);
            }
        }
    }

    fn paragraph(&mut self, paragraph: &Element, depth: usize, before: &str) {
        let mut says = "p".to_owned();
        let property = |name| paragraph.child("w:pPr").and_then(|own| own.child(name));
        for (word, name) in [("style", "w:pStyle"), ("align", "w:jc")] {
            if let Some(value) = property(name).and_then(|own| own.attribute("w:val")) {
                let _ = write!(says, " {word}={value}");
            }
        }
        if property("w:numPr").is_some() {
            says.push_str(" numbered");
        }
        let mut runs = Runs::default();
        self.runs(paragraph, &mut runs);
        self.line(depth, &format!("{before}{says} \"{}\"", runs.text()));
        for inner in runs.boxes {
            self.line(depth + 1, inner.0);
            self.blocks(inner.1, depth + 2);
        }
    }

    fn runs<'a>(&self, parent: &'a Element, runs: &mut Runs<'a>) {
        if holds_bare_text(parent) {
            runs.mark("‹text outside a run›".into());
        }
        for child in parent.elements() {
            match child.name.as_str() {
                "w:r" => self.run(child, runs),
                "w:hyperlink" => {
                    let id = child.attribute("r:id").and_then(|id| self.links.get(id));
                    let anchor = child.attribute("w:anchor").map(|name| format!("#{name}"));
                    let target = id.cloned().or(anchor).unwrap_or_else(|| "?".into());
                    runs.mark(format!("‹link {target}›"));
                    self.runs(child, runs);
                    runs.mark("‹/link›".into());
                }
                "w:sdt" => {
                    runs.mark("‹control›".into());
                    if let Some(content) = child.child("w:sdtContent") {
                        self.runs(content, runs);
                    }
                    runs.mark("‹/control›".into());
                }
                "w:p" | "w:tbl" => runs.mark(format!("‹{} inside a paragraph›", child.name)),
                "w:t" => runs.mark("‹text outside a run›".into()),
                _ => {}
            }
        }
    }

    fn run<'a>(&self, run: &'a Element, runs: &mut Runs<'a>) {
        let properties = run.child("w:rPr").map(run_properties).unwrap_or_default();
        for child in run.elements() {
            match child.name.as_str() {
                "w:t" => {
                    // Markup in a text is none that Word takes.
                    if let Some(inner) = child.elements().next() {
                        runs.mark(format!("‹{} inside a text›", inner.name));
                    }
                    let content = child.content();
                    runs.add(
                        &properties,
                        match child.attribute("xml:space") {
                            Some("preserve") => &content,
                            _ => content.trim(),
                        },
                    );
                }
                "w:tab" => runs.add(&properties, "→"),
                "w:br" => runs.add(
                    &properties,
                    match child.attribute("w:type") {
                        Some("page") => "‹page break›",
                        _ => "↵",
                    },
                ),
                "w:footnoteReference" | "w:endnoteReference" | "w:commentReference" => {
                    let number = child.attribute("w:id").unwrap_or_default();
                    runs.mark(format!("‹{} {number}›", &child.name[2..]));
                }
                "w:drawing" => self.drawing(child, runs),
                "mc:AlternateContent" => {
                    for (word, name) in [("box", "mc:Choice"), ("older box", "mc:Fallback")] {
                        let boxes = child
                            .child(name)
                            .map(|own| own.descendants("w:txbxContent"));
                        runs.boxes
                            .extend(boxes.into_iter().flatten().map(|own| (word, own)));
                    }
                }
                "w:r" => runs.mark("‹run inside a run›".into()),
                _ => {}
            }
        }
    }

    fn drawing<'a>(&self, drawing: &'a Element, runs: &mut Runs<'a>) {
        let millimetres = |name| -> String {
            let extents = drawing.descendants("wp:extent");
            let length = extents.first().and_then(|extent| extent.attribute(name));
            let length: f64 = length.and_then(|emu| emu.parse().ok()).unwrap_or_default();
            format!("{:.1}", length / 36000.0)
        };
        let names = drawing.descendants("wp:docPr");
        let alt = names.first().and_then(|name| name.attribute("descr"));
        let alt = alt.filter(|alt| !alt.is_empty());
        let alt = alt.map(|alt| format!(" {alt:?}")).unwrap_or_default();
        runs.mark(format!(
            "‹image {} x {} mm{alt}›",
            millimetres("cx"),
            millimetres("cy")
        ));
    }
}

/// A paragraph's text, with properties where they change.
#[derive(Default)]
struct Runs<'a> {
    text: String,
    properties: String,
    boxes: Vec<(&'static str, &'a Element)>,
}

impl Runs<'_> {
    fn add(&mut self, properties: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.properties != properties {
            self.properties = properties.to_owned();
            let _ = write!(self.text, "‹{properties}›");
        }
        self.text.push_str(&text.replace('\n', "⏎"));
    }

    fn mark(&mut self, mark: String) {
        self.text.push_str(&mark);
    }

    fn text(&self) -> &str {
        &self.text
    }
}

/// Whether text stands where only elements may, which Word does not take.
fn holds_bare_text(element: &Element) -> bool {
    let dense = |text: String| text.split_whitespace().map(str::len).sum::<usize>();
    let inner: usize = element.elements().map(|own| dense(own.content())).sum();
    dense(element.content()) != inner
}

/// The properties of a run in the order of their names.
fn run_properties(properties: &Element) -> String {
    let attributes = ["w:val", "w:fill", "w:ascii", "w:hAnsi", "w:eastAsia"];
    let mut says: Vec<String> = properties
        .elements()
        // What concerns other scripts and spelling says nothing here.
        .filter(|own| !["w:szCs", "w:bCs", "w:iCs", "w:lang"].contains(&own.name.as_str()))
        .map(|own| {
            let values: Vec<&str> = attributes
                .iter()
                .filter_map(|name| own.attribute(name))
                .filter(|value| *value != "clear")
                .collect();
            match values.is_empty() {
                true => own.name[2..].to_owned(),
                false => format!("{}={}", &own.name[2..], values.join(",")),
            }
        })
        .collect();
    says.retain(|own| own != "rFonts");
    says.sort();
    says.join(" ")
}
