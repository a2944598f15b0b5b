//! What a value becomes, wherever it stands: runs, paragraphs and what stands
//! among them.

use quick_xml::escape::escape;

use super::additions::Additions;
use super::image;
use super::properties::Properties;
use crate::diagnostic::Diagnostic;
use crate::docx::subdocument;
use crate::merge::rich::{Paragraph, Rich, Run, What};

const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
/// A page break, in a paragraph that has nothing of those about it: no number, no
/// indent.
pub(super) const PAGE_BREAK: &str = "<w:p><w:r><w:br w:type=\"page\"/></w:r></w:p>";

/// A piece of what replaces a marker.
pub(super) enum Piece {
    /// Runs, or a link with runs in it.
    Inline {
        xml: String,
        is_link: bool,
    },
    /// Paragraphs and tables.
    Block(String),
    NewParagraph,
    /// A new paragraph on a new page.
    NewPage,
}

/// What a value finds where it stands.
pub(super) struct Surroundings<'p> {
    pub(super) run: Properties,
    /// Without what ends a section.
    pub(super) paragraph: Properties,
    pub(super) part: &'p str,
    /// Twentieths of a point that an image may be wide.
    pub(super) room: u64,
}

/// The pieces of a value, in order.
pub(super) fn pieces(
    what: &What,
    around: &Surroundings<'_>,
    additions: &mut Additions<'_>,
) -> Result<Vec<Piece>, Diagnostic> {
    let inline = |xml| Piece::Inline {
        xml,
        is_link: false,
    };
    let mut found = Vec::new();
    match what {
        What::NewParagraph => found.push(Piece::NewParagraph),
        What::NewPage => found.push(Piece::NewPage),
        What::Rich(rich) => match &**rich {
            Rich::Text(runs) => {
                for run in runs {
                    run_pieces(run, &around.run, around.part, additions, &mut found)?;
                }
            }
            Rich::Paragraphs(paragraphs) => {
                for paragraph in paragraphs {
                    found.push(Piece::Block(self::paragraph(paragraph, around, additions)?));
                }
            }
            Rich::Image(image) => {
                let link = additions.media(around.part, &image.picture);
                let size = image::size(image, around.room);
                let drawing = image::drawing(image, size, additions.taken.drawing_id(), &link);
                let properties = around.run.to_xml("w:rPr");
                found.push(inline(format!("<w:r>{properties}{drawing}</w:r>")));
            }
            Rich::PageBreak => found.push(Piece::Block(PAGE_BREAK.to_owned())),
            Rich::Document(document) => {
                let body = subdocument::insert(document, around.part, additions);
                found.push(Piece::Block(body?));
            }
        },
    }
    Ok(found)
}

/// A run, split where its text begins a paragraph or a page.
fn run_pieces(
    run: &Run,
    base: &Properties,
    part: &str,
    additions: &mut Additions<'_>,
    found: &mut Vec<Piece>,
) -> Result<(), Diagnostic> {
    let properties = base.with_run(run, additions)?.to_xml("w:rPr");
    let link = run.link.as_ref().map(|link| additions.link(part, link));
    for (index, paragraph) in run.text.split(['\u{7}', '\u{c}']).enumerate() {
        if index > 0 {
            let start = paragraph.as_ptr() as usize - run.text.as_ptr() as usize;
            found.push(match run.text[..start].ends_with('\u{c}') {
                true => Piece::NewPage,
                false => Piece::NewParagraph,
            });
        }
        let content = run_content(paragraph);
        if content.is_empty() {
            continue;
        }
        let mut xml = format!("<w:r>{properties}{content}</w:r>");
        if let Some(id) = &link {
            xml = format!(
                "<w:hyperlink xmlns:r=\"{RELATIONSHIPS}\" r:id=\"{id}\">{xml}</w:hyperlink>"
            );
        }
        found.push(Piece::Inline {
            xml,
            is_link: link.is_some(),
        });
    }
    Ok(())
}

/// A paragraph of its own, or several where its text begins new ones.
fn paragraph(
    paragraph: &Paragraph,
    around: &Surroundings<'_>,
    additions: &mut Additions<'_>,
) -> Result<String, Diagnostic> {
    let own = around.paragraph.with_paragraph(paragraph, additions)?;
    let base = match paragraph.style {
        Some(_) => Properties::default(),
        None => around.run.clone(),
    };
    let mut pieces = Vec::new();
    for run in &paragraph.runs {
        run_pieces(run, &base, around.part, additions, &mut pieces)?;
    }
    Ok(paragraphs(&own.to_xml("w:pPr"), pieces))
}

/// Pieces where no paragraph is: runs get one.
pub(super) fn paragraphs(properties: &str, pieces: Vec<Piece>) -> String {
    let mut text = String::new();
    let mut open = false;
    let start = format!("<w:p>{properties}");
    if pieces.is_empty() {
        return start + "</w:p>";
    }
    for piece in pieces {
        match piece {
            Piece::Block(xml) => {
                if std::mem::take(&mut open) {
                    text.push_str("</w:p>");
                }
                text.push_str(&xml);
            }
            Piece::Inline { xml, .. } => {
                if !std::mem::replace(&mut open, true) {
                    text.push_str(&start);
                }
                text.push_str(&xml);
            }
            Piece::NewParagraph | Piece::NewPage => {
                if !open {
                    text.push_str(&start);
                }
                text.push_str("</w:p>");
                if matches!(piece, Piece::NewPage) {
                    text.push_str(PAGE_BREAK);
                }
                text.push_str(&start);
                open = true;
            }
        }
    }
    if open {
        text.push_str("</w:p>");
    }
    text
}

/// Text, tabs and line breaks of a run.
pub(super) fn run_content(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut content = String::new();
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            content.push_str("<w:br/>");
        }
        for (index, piece) in line.split('\t').enumerate() {
            if index > 0 {
                content.push_str("<w:tab/>");
            }
            let piece = clean(piece);
            if !piece.is_empty() {
                let piece = escape(piece);
                content.push_str(&format!("<w:t xml:space=\"preserve\">{piece}</w:t>"));
            }
        }
    }
    content
}

/// Without what XML forbids.
pub(super) fn clean(text: &str) -> String {
    let is_allowed = |c: &char| match *c {
        '\n' | '\t' => true,
        c => c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}',
    };
    text.chars().filter(is_allowed).collect()
}
