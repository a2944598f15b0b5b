//! Where the layout broke pages: which rows of which table begin a page.
//!
//! A form whose `form.yaml` says `same_pages` is laid out until its tables are
//! split where its pages break: the first pass tells the rows, the next one
//! prints the merged labels that reach over the end of a page again
//! (`templates/lib/table.typ` reads the rows as `/data/pages.json`), and the Word
//! file breaks its pages at the same rows.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use serde_json::json;
use typst::foundations::{Packed, Smart, Value};
use typst::introspection::{Location, MetadataElem, Tag};
use typst::layout::{Abs, Frame, FrameItem, Point};
use typst::model::{TableCell, TableElem};
use typst_layout::PagedDocument;

/// How one table of a sheet lies on pages; rows and columns count from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TablePages {
    /// Number of rows.
    pub rows: usize,
    /// Header rows, which begin each of its pages.
    pub header_rows: BTreeSet<usize>,
    /// Rows that begin a page other than the table's first.
    pub starts: BTreeSet<usize>,
    /// Rows that go on over the end of a page, because they are higher than one.
    pub split: BTreeSet<usize>,
    /// Cells whose text was made smaller: row and column → size in half points.
    pub sizes: BTreeMap<(usize, usize), usize>,
    /// Cells with ink outside of them, by row and column.
    pub overflowing: BTreeSet<(usize, usize)>,
    /// Whether it is a table of its own on each page of the PDF.
    pub is_forced: bool,
    /// Rows that reach below the text area although they may not break.
    tall: BTreeSet<usize>,
    /// Whether a cell reaches over the beginning of a page.
    reaches_over: bool,
    /// Whether such a cell is higher than [`HIGH`].
    reaches_high: bool,
}

/// Part of the text area's height from which on a label is too high to stand on
/// each page.
const HIGH: f64 = 0.4;

/// The tables of each sheet, in order.
pub type SheetPages = Vec<Vec<TablePages>>;

/// Half a hair line: what may stick out of a cell without being seen.
const TOLERANCE: Abs = Abs::raw(0.5);

/// Reads the pages of a document.
pub(super) fn read(document: &PagedDocument, sheets: usize) -> SheetPages {
    let mut reader = Reader {
        pages: vec![Vec::new(); sheets],
        ..Reader::default()
    };
    for (number, page) in document.pages().iter().enumerate() {
        reader.page = number;
        reader.frame(&page.frame, Point::zero());
    }
    reader.finish()
}

/// Passes after which labels stand once only: a form finds its pages in two or
/// three.
const MAX_PASSES: usize = 12;

/// What each table of a document is told of its pages, to be laid out again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Splits(Vec<Split>);

/// What one table is told.
///
/// A label that stands again may push a row over the end of its page, so that
/// the page begins elsewhere. Then pages are forced to begin at these rows: each
/// has a table of its own. Should a label push a row out of such a page, the
/// pages up to that row stay and those below are found anew; each pass settles
/// one page at least. A label that is high would leave few rows on each page;
/// then none stands again, and each file breaks pages by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Split {
    starts: Vec<usize>,
    tall: BTreeSet<usize>,
    forced: bool,
    given_up: bool,
}

impl Splits {
    /// What the pages ask for, given what they were told; the same again if
    /// they are as they should be. `same_pages` says for each sheet whether
    /// labels stand again on a new page; `pass` counts from 0.
    pub(super) fn wanted(&self, pages: &SheetPages, same_pages: &[bool], pass: usize) -> Self {
        let tables = pages
            .iter()
            .zip(same_pages)
            .flat_map(|(tables, same)| tables.iter().map(move |table| (table, *same)));
        let told = self.0.iter().cloned();
        let told = told.chain(std::iter::repeat(Split::default()));
        let splits: Vec<Split> = tables
            .zip(told)
            .map(|((table, same), told)| told.wanted(table, same, pass))
            .collect();
        match splits.iter().all(|split| *split == Split::default()) {
            true => Self::default(),
            false => Self(splits),
        }
    }

    /// Tables that are given up break pages by themselves.
    pub(super) fn forget(&self, pages: &mut SheetPages) {
        for (table, split) in pages.iter_mut().flatten().zip(&self.0) {
            if split.given_up {
                table.starts.clear();
            }
        }
    }

    /// `/data/pages.json`: for each table the rows that begin a page and those
    /// that may break; empty if no table asks for anything.
    pub(super) fn to_json(&self) -> String {
        let tables = self.0.iter();
        let tables = tables.map(
            |split| json!({ "starts": split.starts, "tall": split.tall, "forced": split.forced }),
        );
        serde_json::Value::from_iter(tables).to_string()
    }
}

impl Split {
    fn wanted(&self, table: &TablePages, same_pages: bool, pass: usize) -> Self {
        let found: Vec<usize> = match same_pages {
            true => table.starts.iter().copied().collect(),
            false => Vec::new(),
        };
        let tall = table.tall.union(&self.tall).copied().collect();
        let settled = self.starts == found;
        if self.given_up || table.reaches_high || pass >= MAX_PASSES && !settled {
            return Self {
                tall,
                given_up: true,
                ..Self::default()
            };
        }
        let agreed = self.starts.iter().zip(&found);
        let agreed = agreed.take_while(|(told, found)| told == found).count();
        let (starts, forced) = if self.forced {
            match agreed == self.starts.len() {
                true => (found, true),
                false => (found.into_iter().take(agreed + 1).collect(), true),
            }
        } else if self.starts.is_empty() && !table.reaches_over {
            (Vec::new(), false)
        } else {
            let forced = !self.starts.is_empty() && !settled;
            (found, forced)
        };
        Self {
            starts,
            tall,
            forced,
            given_up: false,
        }
    }
}

/// Walks the frames in the order of the document.
#[derive(Default)]
struct Reader {
    pages: SheetPages,
    page: usize,
    sheet: usize,
    /// The page that the sheet begins on.
    sheet_page: usize,
    /// Right and bottom edge of the text area.
    edge: Point,
    /// Height of the text area.
    height: Abs,
    /// Tables that are open; one in a cell of another does not count.
    open: Vec<Location>,
    /// Whether the next table is one of the library's.
    announced: bool,
    /// Row and header rows of the page that the next table is of its own for.
    own_page: Option<(usize, usize)>,
    /// What is added to a row of the open table, and its header rows.
    offset: (isize, usize),
    /// The cell that is open.
    cell: Option<u128>,
    /// The cells met so far, by the location that their pieces name.
    cells: BTreeMap<u128, Cell>,
}

/// A cell: where it stands in its table and on paper.
#[derive(Debug, Clone)]
struct Cell {
    sheet: usize,
    table: usize,
    row: usize,
    column: usize,
    colspan: usize,
    rowspan: usize,
    page: usize,
    last_page: usize,
    /// The page that the sheet begins on.
    sheet_page: usize,
    origin: Point,
    edge: Point,
    /// The rightmost and lowest ink, on the cell's first page.
    ink: Point,
    /// The leftmost ink there.
    left: Abs,
    /// The highest and the lowest line on each page.
    lines: BTreeMap<usize, (Abs, Abs)>,
    /// Height of the text area.
    area: Abs,
    /// Size of text that was made to fit, in half points.
    size: Option<usize>,
}

impl Reader {
    fn frame(&mut self, frame: &Frame, origin: Point) {
        for (at, item) in frame.items() {
            let at = origin + *at;
            match item {
                FrameItem::Group(group) => {
                    let outer = self.cell;
                    let parent = group.parent.as_ref().map(|parent| parent.location.hash());
                    if let Some(id) = parent.filter(|id| self.cells.contains_key(id)) {
                        self.cell = Some(id);
                    }
                    self.frame(&group.frame, at);
                    self.cell = outer;
                }
                FrameItem::Tag(Tag::Start(element, _)) => {
                    if let Some(table) = element.to_packed::<TableElem>() {
                        self.begin_table(table);
                    } else if let Some(cell) = element.to_packed::<TableCell>() {
                        self.begin_cell(cell, at);
                    } else if let Some(metadata) = element.to_packed::<MetadataElem>() {
                        self.metadata(&metadata.value);
                    }
                }
                FrameItem::Tag(Tag::End(location, ..)) => {
                    self.open.retain(|open| open != location);
                    if self.cell == Some(location.hash()) {
                        self.cell = None;
                    }
                }
                FrameItem::Text(text) => self.ink(at, text.width()),
                _ => {}
            }
        }
    }

    fn begin_table(&mut self, table: &Packed<TableElem>) {
        let Some(location) = table.location() else {
            return;
        };
        self.open.push(location);
        if self.open.len() == 1 {
            // Only the tables of the library know of pages.
            if !std::mem::take(&mut self.announced) {
                return;
            }
            let own_page = self.own_page.take();
            let (first, above) = own_page.unwrap_or_default();
            self.offset = (first as isize - above as isize, above);
            if let Some(tables) = self.pages.get_mut(self.sheet).filter(|_| first == 0) {
                tables.push(TablePages {
                    is_forced: own_page.is_some(),
                    ..TablePages::default()
                });
            }
            let headers = table.grid.iter().flat_map(|grid| &grid.headers);
            let rows = headers
                .filter(|header| header.repeated)
                .flat_map(|header| header.range.clone());
            let own = rows.filter_map(|row| {
                row.checked_add_signed(self.offset.0)
                    .filter(|_| row >= above)
            });
            if let Some(table) = self
                .pages
                .get_mut(self.sheet)
                .and_then(|tables| tables.last_mut())
            {
                table.header_rows.extend(own);
            }
        }
    }

    fn begin_cell(&mut self, cell: &Packed<TableCell>, origin: Point) {
        let of_sheet = self.pages.get(self.sheet).map_or(0, Vec::len);
        let (Some(location), Some(table)) = (cell.location(), of_sheet.checked_sub(1)) else {
            return;
        };
        let (Some(Smart::Custom(column)), Some(Smart::Custom(row))) =
            (cell.x.as_option(), cell.y.as_option())
        else {
            return;
        };
        if cell.is_repeated.as_option() == &Some(true) || self.open.len() != 1 {
            return;
        }
        // Header rows that stand again are none of the table's own.
        let (offset, above) = self.offset;
        let Some(row) = row.checked_add_signed(offset).filter(|_| *row >= above) else {
            return;
        };
        let span = |span: &Option<NonZeroUsize>| span.map_or(1, NonZeroUsize::get);
        self.cell = Some(location.hash());
        self.cells.insert(
            location.hash(),
            Cell {
                sheet: self.sheet,
                table,
                row,
                column: *column,
                colspan: span(cell.colspan.as_option()),
                rowspan: span(cell.rowspan.as_option()),
                page: self.page,
                sheet_page: self.sheet_page,
                last_page: self.page,
                origin,
                edge: self.edge,
                ink: origin,
                left: Abs::inf(),
                lines: BTreeMap::new(),
                area: self.height,
                size: None,
            },
        );
    }

    /// `(form-table: true)` stands before a table of the library;
    /// `(sheet: …, x: …, y: …)` begins a sheet and gives the text area's edge;
    /// `(first: …, above: …)` says of the next table which row begins it and how
    /// many header rows stand above that again; `(size: …)` is what text was
    /// made smaller to.
    fn metadata(&mut self, value: &Value) {
        let Value::Dict(value) = value else { return };
        let length = |name: &str| match value.get(name) {
            Ok(Value::Length(length)) => Some(length.abs),
            _ => None,
        };
        if let (Ok(Value::Int(sheet)), Some(x), Some(y)) =
            (value.get("sheet"), length("x"), length("y"))
        {
            self.sheet = usize::try_from(*sheet).unwrap_or(0);
            self.edge = Point::new(x, y);
            self.sheet_page = self.page;
            self.height = length("height").unwrap_or(Abs::inf());
        } else if let (Ok(Value::Int(first)), Ok(Value::Int(above))) =
            (value.get("first"), value.get("above"))
        {
            let count = |n: &i64| usize::try_from(*n).unwrap_or(0);
            self.own_page = Some((count(first), count(above)));
            self.announced = true;
        } else if value.get("form-table").is_ok() {
            self.announced = self.open.is_empty();
        } else if let (Some(size), Some(cell)) = (length("size"), self.open_cell()) {
            cell.size = Some((size.to_pt() * 2.0).round() as usize);
        }
    }

    fn open_cell(&mut self) -> Option<&mut Cell> {
        self.cells.get_mut(&self.cell?)
    }

    fn ink(&mut self, at: Point, width: Abs) {
        let page = self.page;
        let Some(cell) = self.open_cell() else { return };
        let lines = cell.lines.entry(page).or_insert((at.y, at.y));
        *lines = (lines.0.min(at.y), lines.1.max(at.y));
        if cell.page == page {
            cell.ink = cell.ink.max(at + Point::with_x(width));
            cell.left = cell.left.min(at.x);
        } else {
            cell.last_page = page;
        }
    }

    fn finish(mut self) -> SheetPages {
        let cells: Vec<Cell> = self.cells.into_values().collect();
        // The first and last page of each row.
        let mut row_pages: BTreeMap<(usize, usize), BTreeMap<usize, (usize, usize)>> =
            BTreeMap::new();
        // Where columns and rows begin, page by page: margins may be mirrored.
        let mut lefts: BTreeMap<(usize, usize, usize, usize), Abs> = BTreeMap::new();
        let mut tops: BTreeMap<(usize, usize, usize, usize), Abs> = BTreeMap::new();
        for cell in &cells {
            let table = (cell.sheet, cell.table);
            let rows = row_pages.entry(table).or_default();
            let pages = rows.entry(cell.row).or_insert((cell.page, cell.page));
            if cell.rowspan == 1 {
                pages.1 = pages.1.max(cell.last_page);
            }
            lefts.insert((table.0, table.1, cell.page, cell.column), cell.origin.x);
            tops.insert((table.0, table.1, cell.page, cell.row), cell.origin.y);
        }
        for cell in &cells {
            let (sheet, table) = (cell.sheet, cell.table);
            let pages = &mut self.pages[sheet][table];
            pages.rows = pages.rows.max(cell.row + cell.rowspan);
            let place = (cell.row, cell.column);
            pages.sizes.extend(cell.size.map(|size| (place, size)));
            if cell.last_page > cell.page && cell.rowspan == 1 {
                pages.split.insert(cell.row);
            }
            let right = lefts.get(&(sheet, table, cell.page, cell.column + cell.colspan));
            let below = tops.get(&(sheet, table, cell.page, cell.row + cell.rowspan));
            // The last column ends with the text area, which may lie elsewhere on
            // this page than on the sheet's first.
            let begins = |page| lefts.get(&(sheet, table, page, cell.column)).copied();
            let text_edge = match (begins(cell.page), begins(cell.sheet_page)) {
                (Some(here), Some(there)) => cell.edge.x + here - there,
                _ if cell.page == cell.sheet_page => cell.edge.x,
                _ => Abs::inf(),
            };
            let edge = Point::new(
                right.copied().unwrap_or(text_edge),
                below.copied().unwrap_or(cell.edge.y),
            );
            if cell.ink.y > cell.edge.y + TOLERANCE && cell.rowspan == 1 {
                pages.tall.insert(cell.row);
            }
            let is_over = cell.ink.x > edge.x + TOLERANCE || cell.ink.y > edge.y + TOLERANCE;
            if is_over || cell.left < cell.origin.x - TOLERANCE {
                pages.overflowing.insert(place);
            }
        }
        for ((sheet, table), rows) in row_pages {
            let mut last = None;
            for (row, (first, end)) in rows {
                if last.is_some_and(|last| first > last) {
                    self.pages[sheet][table].starts.insert(row);
                }
                last = Some(end);
            }
        }
        for cell in cells.iter().filter(|cell| cell.rowspan > 1) {
            let pages = &mut self.pages[cell.sheet][cell.table];
            let inside = cell.row + 1..cell.row + cell.rowspan;
            if pages.starts.range(inside).next().is_some() {
                let height: Abs = cell.lines.values().map(|(top, low)| *low - *top).sum();
                pages.reaches_over = true;
                pages.reaches_high |= height > cell.area * HIGH;
            }
        }
        self.pages
    }
}
