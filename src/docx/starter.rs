//! A blueprint → `form.docx`, to be finished in Word or WPS.
//!
//! Written by docx-rs. What it cannot write is put in afterwards: repeated
//! header rows, settings for mirrored pages, the document's language, the
//! schema's order of properties; and parts that the form has no use for go.

use docx_rs::{
    AlignmentType, Docx, FieldCharType, Footer, InstrPAGE, InstrText, LineSpacing, LineSpacingType,
    PageMargin, PageOrientationType, Paragraph, Run, RunFonts, SpecialIndentType, Tab,
    TabValueType, Table, TableAlignmentType, TableBorder, TableBorderPosition, TableCell,
    TableCellMargins, TableLayoutType, TableRow, TextDirectionType, VAlignType, VMergeType,
    WidthType,
};

use super::order;
use super::package::{self, Package, Parts};
use super::properties::Properties;
use crate::error::Error;
use crate::form::blueprint::{self, Align, Blueprint, Cell, Content, Kind, Repeat, Row, Slot};
use crate::form::{Binding, Orientation, Role, Roles};

/// Twentieths of a point in a millimetre, times 1000.
const TWIPS_PER_MM: f64 = 1440.0 / 25.4;
/// A line of the text area: 22 lines in 225 mm (GB/T 9704-2012, 5.2.3).
const TEXT_LINE: i32 = 580;
/// Type of the document: 五号, in half points.
const TEXT_SIZE: usize = 21;
/// Cell margins above, for type of 五号, and at the sides, in twips: 5 pt and
/// 1 mm.
const CELL_MARGINS: (usize, usize) = (100, 57);
/// Where pages break at the same rows as the PDF's, a row of Word's must not
/// turn out higher. LibreOffice counts the rule as part of a row, and unlike
/// Typst and Word it never lets a full stop hang over the end of a line. So
/// cells have a little less margin and characters stand 0.05 pt closer, and
/// pages have some millimetres to spare at the bottom.
const TIGHT_CELL_MARGINS: (usize, usize) = (95, 40);
const TIGHT_SPACING: i32 = -1;
const SPARE: f64 = 9.0;
/// Between two tables, in twips.
const GAP: i32 = 120;

/// A line of the table: a quarter of the size lies between two.
fn table_line(half_points: usize) -> i32 {
    half_points as i32 * 25 / 2
}

fn twips(mm: f64) -> i32 {
    (mm * TWIPS_PER_MM).round() as i32
}

/// The Word template of a blueprint.
///
/// # Errors
/// If a font role is missing or the package cannot be written.
pub fn package(blueprint: &Blueprint, roles: &Roles) -> Result<Vec<u8>, Error> {
    let role = |id: &str| {
        roles
            .get(id)
            .ok_or_else(|| Error::Usage(format!("roles.yaml 里没有字体角色 {id}")))
    };
    let fonts = Fonts {
        body: role("body")?,
        title: role("title")?,
        heading: role("heading")?,
        song: role("song")?,
    };
    let page = Page::of(blueprint);
    let built = document(blueprint, &fonts, &page).build();
    let internal = |error: &dyn std::fmt::Display| Error::Internal(error.to_string());
    let mut bytes = std::io::Cursor::new(Vec::new());
    built.pack(&mut bytes).map_err(|e| internal(&e))?;
    let mut parts = package::read("form.docx", &bytes.into_inner())
        .map_err(|problem| Error::Internal(problem.message))?;
    patch(&mut parts, blueprint, roles).map_err(Error::Internal)?;
    let packed = Package::new(&parts).map_err(|e| internal(&e))?;
    packed
        .write(&std::collections::BTreeMap::new(), &[])
        .map_err(|e| internal(&e))
}

struct Fonts<'a> {
    body: &'a Role,
    title: &'a Role,
    heading: &'a Role,
    song: &'a Role,
}

/// Page measures in twips.
struct Page {
    width: i32,
    height: i32,
    top: i32,
    bottom: i32,
    left: i32,
    right: i32,
    footer: i32,
}

impl Page {
    fn of(blueprint: &Blueprint) -> Self {
        let (width, height) = match blueprint.orientation {
            Orientation::Portrait => (11906, 16838),
            Orientation::Landscape => (16838, 11906),
        };
        let margin = twips(18.0);
        let lying = twips(15.0);
        let spare = match blueprint.same_pages {
            true => twips(SPARE),
            false => 0,
        };
        let mut page = match (blueprint.binding, blueprint.orientation) {
            // 5.2.1, 5.2.3; the page number's line is 7 mm below the text.
            (Binding::Gbt9704, Orientation::Portrait) => Self {
                width,
                height,
                top: twips(37.0),
                bottom: twips(35.0),
                left: twips(28.0),
                right: twips(26.0),
                footer: twips(28.0) - 140,
            },
            // Clause 8; see templates/lib/page.typ.
            (Binding::Gbt9704, Orientation::Landscape) => Self {
                width,
                height,
                top: twips(27.0),
                bottom: twips(27.0),
                left: twips(35.0),
                right: twips(37.0),
                footer: twips(10.0),
            },
            (Binding::Plain, Orientation::Landscape) => Self {
                width,
                height,
                top: lying,
                bottom: margin,
                left: lying,
                right: lying,
                footer: twips(5.0),
            },
            (Binding::Plain, Orientation::Portrait) => Self {
                width,
                height,
                top: margin,
                bottom: margin,
                left: margin,
                right: margin,
                footer: twips(5.0),
            },
        };
        page.bottom -= spare;
        page
    }

    fn text_width(&self) -> i32 {
        self.width - self.left - self.right
    }
}

fn document(blueprint: &Blueprint, fonts: &Fonts<'_>, page: &Page) -> Docx {
    let margin = PageMargin::new()
        .top(page.top)
        .bottom(page.bottom)
        .left(page.left)
        .right(page.right)
        .header(twips(15.0))
        .footer(page.footer);
    let mut docx = Docx::new()
        .default_fonts(faces(fonts.body))
        .default_size(TEXT_SIZE)
        .page_size(page.width as u32, page.height as u32)
        .page_margin(margin);
    if blueprint.orientation == Orientation::Landscape {
        docx = docx.page_orient(PageOrientationType::Landscape);
    }
    docx = match blueprint.binding {
        Binding::Gbt9704 => docx
            .footer(footer(fonts, AlignmentType::Right))
            .even_footer(footer(fonts, AlignmentType::Left)),
        Binding::Plain => docx.footer(footer(fonts, AlignmentType::Center)),
    };
    if let Some(attachment) = &blueprint.attachment {
        docx = docx
            .add_paragraph(line(TEXT_LINE).add_run(run(attachment, fonts.heading, 32)))
            .add_paragraph(line(TEXT_LINE));
    }
    let centred = |height, run| line(height).align(AlignmentType::Center).add_run(run);
    let title = run("{{ document.title }}", fonts.title, 44);
    docx = docx.add_paragraph(centred(TEXT_LINE, title).outline_lvl(0));
    if let Some(subtitle) = &blueprint.subtitle {
        let subtitle = run(&with_fields(subtitle), fonts.body, 30);
        docx = docx.add_paragraph(centred(TEXT_LINE, subtitle));
    }
    docx = docx.add_paragraph(line(TEXT_LINE / 2));
    if let Some((left, right)) = &blueprint.above {
        let ends = run(&with_fields(left), fonts.body, 24)
            .add_tab()
            .add_text(with_fields(right));
        let tab = Tab::new()
            .val(TabValueType::Right)
            .pos(page.text_width() as usize);
        docx = docx.add_paragraph(line(400).add_tab(tab).add_run(ends));
    }
    for (index, table) in blueprint.tables.iter().enumerate() {
        if index > 0 {
            docx = docx.add_paragraph(line(GAP).size(2));
        }
        docx = docx.add_table(self::table(blueprint, table, fonts, page));
    }
    // Word demands a paragraph after a table; an empty one takes no room.
    match &blueprint.note {
        Some(note) => docx.add_paragraph(line(table_line(TEXT_SIZE)).add_run(run(
            &with_fields(note),
            fonts.body,
            TEXT_SIZE,
        ))),
        None => docx.add_paragraph(line(20).size(2)),
    }
}

fn with_fields(text: &str) -> String {
    blueprint::with_fields(text, str::to_owned)
}

/// 7.5: 四号 number between two 一字线, odd pages right, even pages left, one
/// character in; a plain page has a 小五 number in the middle.
fn footer(fonts: &Fonts<'_>, side: AlignmentType) -> Footer {
    let (size, inward, dashes) = match side {
        AlignmentType::Center => (18, None, ("", "")),
        _ => (28, Some(280), ("— ", " —")),
    };
    let piece = || Run::new().fonts(faces(fonts.song)).size(size);
    let paragraph = match side {
        AlignmentType::Right => line(280).indent(None, None, inward, None),
        AlignmentType::Left => line(280).indent(inward, None, None, None),
        _ => line(280),
    };
    Footer::new().add_paragraph(
        paragraph
            .align(side)
            .add_run(piece().add_text(dashes.0))
            .add_run(piece().add_field_char(FieldCharType::Begin, false))
            .add_run(piece().add_instr_text(InstrText::PAGE(InstrPAGE::new())))
            .add_run(piece().add_field_char(FieldCharType::Separate, false))
            .add_run(piece().add_text("1"))
            .add_run(piece().add_field_char(FieldCharType::End, false))
            .add_run(piece().add_text(dashes.1)),
    )
}

fn table(blueprint: &Blueprint, table: &blueprint::Table, fonts: &Fonts<'_>, page: &Page) -> Table {
    let widths = column_widths(table, page.text_width());
    let size = table.half_points;
    let whole = widths.iter().sum::<usize>();
    let statement = |text: &str| {
        let cell = cell_of(whole, widths.len())
            .add_paragraph(line(table_line(size)).add_run(run(text, fonts.body, size)));
        TableRow::new(vec![cell])
    };
    let mut rows = Vec::new();
    let mut open: Vec<&Repeat> = Vec::new();
    for (index, row) in table.rows.iter().enumerate() {
        while let Some(last) = open.last() {
            if row.repeat.as_ref().is_some_and(|next| next.is_within(last)) {
                break;
            }
            open.pop();
            rows.push(statement("{%tr endfor %}"));
        }
        if let Some(repeat) = &row.repeat {
            let (list, item) = repeat.loop_over();
            rows.push(statement(&format!("{{%tr for {item} in {list} %}}")));
            open.push(repeat);
        }
        // A band stays on the page of the header row below it, headings on that
        // of the first row they head.
        let header_below = table.rows.get(index + 1).is_some_and(|next| next.header);
        let keep = row.is_band() && header_below || row.is_heading();
        let set = Type {
            fonts,
            size,
            tight: blueprint.same_pages,
            keep,
        };
        rows.push(table_row(row, &widths, &set));
    }
    rows.extend(open.iter().map(|_| statement("{%tr endfor %}")));
    use TableBorderPosition::{Bottom, InsideH, InsideV, Left, Right, Top};
    let made = [Top, Bottom, Left, Right, InsideH, InsideV]
        .into_iter()
        // In eighths of a point: 0.5 pt.
        .fold(Table::new(rows), |table, side| {
            table.set_border(TableBorder::new(side).size(4))
        });
    let (height, side) = match blueprint.same_pages {
        true => TIGHT_CELL_MARGINS,
        false => CELL_MARGINS,
    };
    let height = height * size / TEXT_SIZE;
    made.set_grid(widths)
        .width(page.text_width() as usize, WidthType::Dxa)
        .layout(TableLayoutType::Fixed)
        .align(TableAlignmentType::Center)
        .margins(TableCellMargins::new().margin(height, side, height, side))
}

/// Column widths that add up to the table's.
fn column_widths(table: &blueprint::Table, whole: i32) -> Vec<usize> {
    let sum: u32 = table.widths.iter().sum();
    let mut passed = 0;
    let mut edge = 0;
    table
        .widths
        .iter()
        .map(|width| {
            passed += width;
            let next = (f64::from(whole) * f64::from(passed) / f64::from(sum)).round() as usize;
            let width = next - edge;
            edge = next;
            width
        })
        .collect()
}

/// How the text of a row is set.
struct Type<'a> {
    fonts: &'a Fonts<'a>,
    size: usize,
    tight: bool,
    /// Whether the row stays on the page of the next.
    keep: bool,
}

fn table_row(row: &Row, widths: &[usize], set: &Type<'_>) -> TableRow {
    let cells = row.slots.iter().map(|slot| match slot {
        Slot::Cell(cell) => table_cell(cell, widths, set),
        Slot::Covered { column, colspan } => {
            cell_of(widths[*column..column + colspan].iter().sum(), *colspan)
                .vertical_merge(VMergeType::Continue)
                .add_paragraph(line(table_line(set.size)))
        }
    });
    TableRow::new(cells.collect()).cant_split()
}

fn table_cell(cell: &Cell, widths: &[usize], set: &Type<'_>) -> TableCell {
    let width = widths[cell.column..cell.column + cell.colspan].iter().sum();
    let mut made = cell_of(width, cell.colspan);
    if cell.rowspan > 1 || cell.grows.is_some() {
        made = made.vertical_merge(VMergeType::Restart);
    }
    if cell.stacked {
        made = made.text_direction(TextDirectionType::TbRlV);
    }
    let role = if cell.kind == Kind::Band {
        set.fonts.heading
    } else {
        set.fonts.body
    };
    let paragraph = |text: &str, align| {
        let mut run = run(text, role, set.size);
        if set.tight {
            run = run.character_spacing(TIGHT_SPACING);
        }
        let paragraph = line(table_line(set.size)).align(align).add_run(run);
        match set.keep {
            true => paragraph.keep_next(true),
            false => paragraph,
        }
    };
    let align = match (cell.align, &cell.content) {
        (Some(Align::Left), _) | (None, Content::Paragraphs(_)) => AlignmentType::Left,
        (Some(Align::Right), _) => AlignmentType::Right,
        (None, _) => AlignmentType::Center,
    };
    match &cell.content {
        Content::Paragraphs(field) => {
            // Two characters in.
            let indent = SpecialIndentType::FirstLine(set.size as i32 * 20);
            let start = format!("{{%p for text in {field} | paragraphs %}}");
            made.add_paragraph(paragraph(&start, align))
                .add_paragraph(paragraph("{{ text }}", align).indent(
                    None,
                    Some(indent),
                    None,
                    None,
                ))
                .add_paragraph(paragraph("{%p endfor %}", align))
        }
        Content::Merged { key, text } => {
            made.add_paragraph(paragraph(&format!("{{% vm {key} %}}{text}"), align))
        }
        content => made.add_paragraph(paragraph(&content.template(), align)),
    }
}

fn cell_of(width: usize, colspan: usize) -> TableCell {
    let cell = TableCell::new()
        .width(width, WidthType::Dxa)
        .vertical_align(VAlignType::Center);
    if colspan > 1 {
        cell.grid_span(colspan)
    } else {
        cell
    }
}

/// A paragraph whose lines are exactly so high, whatever the face.
fn line(height: i32) -> Paragraph {
    Paragraph::new().snap_to_grid(false).line_spacing(
        LineSpacing::new()
            .line_rule(LineSpacingType::Exact)
            .line(height)
            .before(0)
            .after(0),
    )
}

fn run(text: &str, role: &Role, half_points: usize) -> Run {
    Run::new()
        .fonts(faces(role))
        .size(half_points)
        .add_text(text)
}

fn faces(role: &Role) -> RunFonts {
    RunFonts::new()
        .ascii(&role.word_latin)
        .hi_ansi(&role.word_latin)
        .cs(&role.word_latin)
        .east_asia(&role.word)
        .hint("eastAsia")
}

/// Parts that docx-rs writes and a form has no use for.
const UNUSED: [&str; 5] = [
    "docProps/custom.xml",
    "word/comments.xml",
    "word/commentsExtended.xml",
    "word/footnotes.xml",
    "word/numbering.xml",
];

/// What docx-rs does not write, or writes otherwise.
fn patch(parts: &mut Parts, blueprint: &Blueprint, roles: &Roles) -> Result<(), String> {
    parts.retain(|(name, _)| !UNUSED.contains(&name.as_str()));
    for (name, content) in parts.iter_mut() {
        let text = String::from_utf8_lossy(content).into_owned();
        let patched = match name.as_str() {
            "word/document.xml" => {
                order::put_in_order(&without_paragraph_ids(&document_part(&text, blueprint)))?
            }
            "word/settings.xml" => settings(blueprint),
            "word/styles.xml" => order::put_in_order(&styles(&text))?,
            "word/fontTable.xml" => font_table(roles),
            "[Content_Types].xml" | "_rels/.rels" | "word/_rels/document.xml.rels" => {
                without_unused(&text)
            }
            // A template bears no date and no author; its documents do.
            "docProps/core.xml" => {
                let title = blueprint.title.replace("{year}", "");
                let created = format!("{}-01-01T00:00:00Z", blueprint.year);
                Properties {
                    title: &title,
                    authors: &[],
                    created: &created,
                }
                .to_xml()
            }
            // The odd pages' footer comes first.
            "word/footer1.xml" if blueprint.is_turned() => turned_footer(roles, "right")?,
            "word/footer2.xml" if blueprint.is_turned() => turned_footer(roles, "left")?,
            name if name.starts_with("word/footer") => {
                order::put_in_order(&without_paragraph_ids(&text))?
            }
            _ => continue,
        };
        *content = patched.into_bytes();
    }
    Ok(())
}

/// Clause 8 of GB/T 9704-2012: on a page that lies, the number stands where
/// upright pages have it: at the left, turned by a quarter, 7 mm outside the
/// text area, one character from its end. A text box over the height of the
/// text area holds the line.
fn turned_footer(roles: &Roles, side: &str) -> Result<String, String> {
    let song = roles.get("song").ok_or("没有字体角色 song")?;
    // English Metric Units: 36,000 in a millimetre, 12,700 in a point.
    let (width, height) = (14 * 12_700, 156 * 36_000);
    let (x, y) = (28 * 36_000 - width / 2, 27 * 36_000);
    let fonts = format!(
        "<w:rFonts w:ascii=\"{0}\" w:hAnsi=\"{0}\" w:eastAsia=\"{1}\" w:cs=\"{0}\" w:hint=\"eastAsia\"/>",
        song.word_latin, song.word
    );
    let run =
        |content: &str| format!("<w:r><w:rPr>{fonts}<w:sz w:val=\"28\"/></w:rPr>{content}</w:r>");
    let pieces = [
        "<w:t xml:space=\"preserve\">— </w:t>",
        "<w:fldChar w:fldCharType=\"begin\"/>",
        "<w:instrText xml:space=\"preserve\"> PAGE </w:instrText>",
        "<w:fldChar w:fldCharType=\"separate\"/>",
        "<w:t>1</w:t>",
        "<w:fldChar w:fldCharType=\"end\"/>",
        "<w:t xml:space=\"preserve\"> —</w:t>",
    ];
    let runs: String = pieces.into_iter().map(run).collect();
    let line = format!(
        "<w:p><w:pPr><w:snapToGrid w:val=\"0\"/>\
         <w:spacing w:before=\"0\" w:after=\"0\" w:line=\"280\" w:lineRule=\"exact\"/>\
         <w:ind w:{side}=\"280\"/><w:jc w:val=\"{side}\"/></w:pPr>{runs}</w:p>"
    );
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <w:ftr xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
         xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" \
         xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
         xmlns:wps=\"http://schemas.microsoft.com/office/word/2010/wordprocessingShape\" \
         xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\">\
         <w:p><w:pPr><w:spacing w:before=\"0\" w:after=\"0\" w:line=\"20\" w:lineRule=\"exact\"/></w:pPr>\
         <w:r><mc:AlternateContent><mc:Choice Requires=\"wps\"><w:drawing>\
         <wp:anchor distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\" simplePos=\"0\" relativeHeight=\"2\" \
         behindDoc=\"0\" locked=\"0\" layoutInCell=\"1\" allowOverlap=\"1\">\
         <wp:simplePos x=\"0\" y=\"0\"/>\
         <wp:positionH relativeFrom=\"page\"><wp:posOffset>{x}</wp:posOffset></wp:positionH>\
         <wp:positionV relativeFrom=\"page\"><wp:posOffset>{y}</wp:posOffset></wp:positionV>\
         <wp:extent cx=\"{width}\" cy=\"{height}\"/><wp:wrapNone/>\
         <wp:docPr id=\"1\" name=\"页码\" descr=\"页码\"/>\
         <a:graphic><a:graphicData uri=\"http://schemas.microsoft.com/office/word/2010/wordprocessingShape\">\
         <wps:wsp><wps:cNvSpPr txBox=\"1\"/><wps:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/>\
         <a:ext cx=\"{width}\" cy=\"{height}\"/></a:xfrm>\
         <a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom><a:noFill/></wps:spPr>\
         <wps:txbx><w:txbxContent>{line}</w:txbxContent></wps:txbx>\
         <wps:bodyPr vert=\"vert\" lIns=\"0\" tIns=\"0\" rIns=\"0\" bIns=\"0\"/></wps:wsp>\
         </a:graphicData></a:graphic></wp:anchor></w:drawing></mc:Choice><mc:Fallback/>\
         </mc:AlternateContent></w:r></w:p></w:ftr>"
    ))
}

/// Takes out what refers to an unused part.
fn without_unused(xml: &str) -> String {
    let mut pieces = xml.split_inclusive('>');
    let refers = |piece: &&str| {
        UNUSED.iter().any(|part| {
            let file = part.rsplit('/').next().unwrap_or(part);
            piece.contains(&format!("{file}\"")) || piece.contains(&format!("/{part}\""))
        })
    };
    pieces.by_ref().filter(|piece| !refers(piece)).collect()
}

/// A row that repeats would repeat its paragraphs' identifiers, which must
/// differ; nothing in a form needs them.
fn without_paragraph_ids(xml: &str) -> String {
    let mut pieces = xml.split(" w14:paraId=\"");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        text.push_str(piece.split_once('"').map_or(piece, |(_, rest)| rest));
    }
    text
}

/// `w:tblHeader` for the rows that a new page repeats; a `w:gridCol` has no
/// `w:type`.
fn document_part(document: &str, blueprint: &Blueprint) -> String {
    // Rows of statements have no properties.
    let mut rows = blueprint.rows();
    let mut pieces = document.split("<w:trPr>");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        text.push_str("<w:trPr>");
        if rows.next().is_some_and(|row| row.header) {
            text.push_str("<w:tblHeader/>");
        }
        text.push_str(piece);
    }
    let mut pieces = text.split("<w:gridCol ");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        text.push_str("<w:gridCol ");
        text.push_str(&piece.replacen(" w:type=\"dxa\"", "", 1));
    }
    text
}

/// The language, and the style that every paragraph has.
fn styles(styles: &str) -> String {
    styles
        .replace("<w:rPr />", "")
        .replace("<w:pPr></w:pPr>", "")
        .replacen(
            "</w:rPr></w:rPrDefault>",
            "<w:lang w:val=\"en-US\" w:eastAsia=\"zh-CN\" w:bidi=\"ar-SA\"/></w:rPr></w:rPrDefault>",
            1,
        )
        // The style that every paragraph has is the default one.
        .replacen(
            "<w:style w:type=\"paragraph\" w:styleId=\"Normal\">",
            "<w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\">",
            1,
        )
}

/// The official faces, with the charset by which Word finds a substitute.
fn font_table(roles: &Roles) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in roles
        .0
        .iter()
        .flat_map(|role| [role.word.as_str(), role.word_latin.as_str()])
    {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let fonts: String = names
        .iter()
        .map(|name| {
            let chinese = !name.is_ascii();
            let charset = if chinese { "86" } else { "00" };
            format!(
                "<w:font w:name=\"{name}\"><w:charset w:val=\"{charset}\"/>\
                 <w:family w:val=\"roman\"/><w:pitch w:val=\"variable\"/></w:font>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <w:fonts xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">{fonts}</w:fonts>"
    )
}

fn settings(blueprint: &Blueprint) -> String {
    let sides = match blueprint.binding {
        // The head of a page that lies has the same margin on both sides.
        Binding::Gbt9704 if blueprint.is_turned() => ("", "<w:evenAndOddHeaders/>"),
        Binding::Gbt9704 => ("<w:mirrorMargins/>", "<w:evenAndOddHeaders/>"),
        Binding::Plain => ("", ""),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <w:settings xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:zoom w:percent=\"100\"/>{}<w:defaultTabStop w:val=\"420\"/>{}\
         <w:characterSpacingControl w:val=\"doNotCompress\"/>\
         <w:compat><w:balanceSingleByteDoubleByteWidth/><w:useFELayout/>\
         <w:compatSetting w:name=\"compatibilityMode\" w:uri=\"http://schemas.microsoft.com/office/word\" w:val=\"15\"/>\
         </w:compat><w:themeFontLang w:val=\"en-US\" w:eastAsia=\"zh-CN\"/></w:settings>",
        sides.0, sides.1
    )
}
