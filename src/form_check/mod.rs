//! The check of a form pack: do its two templates print the same, and all?
//!
//! For the pack's example and any projects of the form: renders both files in
//! memory, reads them back with [`crate::parity`], and says as diagnostics
//! where they differ ([`grids`]), which tags were printed ([`leftover`]), which
//! values print nowhere ([`values`]) and which names no project can have
//! ([`names`]). Writes nothing.

mod grids;
mod leftover;
mod names;
mod values;

use std::collections::BTreeSet;
use std::path::Path;

use crate::batch::Member;
use crate::diagnostic::{Diagnostic, any_error};
use crate::error::{Error, Failure};
use crate::parity::grid::Grid;
use crate::parity::{pdf, word};
use crate::pdf::TablePages;
use crate::render::{Artifacts, Ready, Renderer};
use crate::source::Location;
use crate::{docx, project};

/// What the check of one form gave.
#[derive(Debug)]
pub struct Report {
    /// The form's id.
    pub form: String,
    /// Projects that were looked at beside the example.
    pub projects: usize,
    /// Tables that were read back, of both files.
    pub tables: usize,
    /// What was found: each fault once, however many projects show it.
    pub diagnostics: Vec<Diagnostic>,
    /// Set if we could not work.
    pub broken: Option<Error>,
}

impl Report {
    /// Whether the form is as it should be.
    pub fn is_good(&self) -> bool {
        self.broken.is_none() && !any_error(&self.diagnostics)
    }
}

/// Checks a form with its example and these projects of it.
pub fn check(renderer: &Renderer, id: &str, projects: &[Member]) -> Report {
    let mut findings = Findings::default();
    let mut tables = 0;
    let broken = match look(renderer, id, projects, &mut findings, &mut tables) {
        Ok(()) => None,
        Err(Failure::Rejected(found)) => {
            findings.extend(found);
            None
        }
        Err(Failure::Broken(error)) => Some(error),
    };
    Report {
        form: id.to_owned(),
        projects: projects.len(),
        tables,
        diagnostics: findings.list,
        broken,
    }
}

fn look(
    renderer: &Renderer,
    id: &str,
    projects: &[Member],
    findings: &mut Findings,
    tables: &mut usize,
) -> Result<(), Failure> {
    let form = renderer.templates().read(id)?;
    findings.extend(names::unknown(&form.schema, renderer.undeclared(id)?));
    let example = Member::file(form.folder.join("example.yaml"));
    for member in std::iter::once(&example).chain(projects) {
        match look_at(renderer, id, member, findings) {
            Ok(count) => *tables += count,
            Err(Failure::Rejected(found)) => findings.extend(found),
            Err(broken) => return Err(broken),
        }
    }
    Ok(())
}

/// Renders one project and looks at what came out; gives the number of tables.
fn look_at(
    renderer: &Renderer,
    id: &str,
    member: &Member,
    findings: &mut Findings,
) -> Result<usize, Failure> {
    let ready = renderer.prepare(member.load()?)?.only(id);
    if ready.form().id != id {
        let problem = format!("这份示例用的是表式 `{}`", ready.form().id);
        return Err(Diagnostic::error("form/example", problem)
            .at(ready.project.start())
            .hint(format!("改成 `form: {id}`"))
            .into());
    }
    findings.extend(ready.warnings.iter().cloned());
    let mut other_rows = Vec::new();
    let (ready, artifacts) = match renderer.render(&ready) {
        Ok(artifacts) => (ready, artifacts),
        // Tables of other rows: the grids tell which.
        Err(Failure::Rejected(found)) if found.iter().all(|p| p.code == "word/rows") => {
            other_rows = found;
            let ready = ready.with_own_pages();
            let artifacts = renderer.render(&ready)?;
            (ready, artifacts)
        }
        Err(failure) => return Err(failure),
    };
    findings.extend(overflow(&ready, &artifacts));
    values::check(&ready, findings);
    let printed = Printed::read(&ready, member.path(), &artifacts)?;
    let before = findings.list.len();
    grids::compare(&printed, findings);
    if findings.list.len() == before {
        findings.extend(other_rows);
    }
    findings.extend(leftover::find(&ready, &printed));
    Ok(printed.pdf.len() + printed.word.len())
}

/// Cells of the PDF whose text leaves them.
fn overflow(ready: &Ready, artifacts: &Artifacts) -> Vec<Diagnostic> {
    let tables = artifacts.pages.iter().flatten().flatten().enumerate();
    let cells = tables.flat_map(|(table, pages)| {
        let cells = pages.overflowing.iter();
        cells.map(move |(row, column)| (table + 1, row + 1, column + 1))
    });
    let problem = |(table, row, column)| {
        let place = format!("PDF 表{table} 行{row} 列{column} 的文字超出了格子");
        Diagnostic::error("parity/overflow", place)
            .at(Location::start_of(&ready.form().typst))
            .hint("加宽这一列，或在 form.typ 里把 `narrow:` 改小，使长串可以断行")
    };
    cells.map(problem).collect()
}

/// Both files of a project, read back.
struct Printed {
    /// The project, as messages name it.
    project: String,
    /// `form.docx`, as messages name it.
    template: String,
    pdf: Vec<Grid>,
    word: Vec<Grid>,
    /// The text of each page of the PDF.
    pages: Vec<String>,
    /// For each row of each Word table its place in the template, `表1 行3`.
    spots: Vec<Vec<Option<String>>>,
    /// The rows of each table that begin each of its pages in the PDF.
    header_rows: Vec<BTreeSet<usize>>,
    /// What stands outside of tables, without blanks: in the PDF and in Word.
    around: (String, String),
    /// The paragraphs outside of tables: part, place in it, and text.
    paragraphs: Vec<(String, String, String)>,
}

impl Printed {
    fn read(ready: &Ready, path: &Path, artifacts: &Artifacts) -> Result<Self, Failure> {
        let (Some(pdf_file), Some(word_file)) = (&artifacts.pdf, &artifacts.word) else {
            return Err(Error::Internal("检查表式时要生成两种文件".into()).into());
        };
        let form = ready.form();
        let project = project::shown(path);
        let unread = |file: &str, words: String| {
            Diagnostic::error("parity/unreadable", format!("生成的 {file} 读不回来"))
                .label(words)
                .hint(format!("见于项目 {project}"))
        };
        let in_pdf = |words| {
            let start = Location::start_of(&form.typst);
            unread("PDF", words).at(start)
        };
        let in_word =
            |words| unread("Word", words).at_part(form.word.0.as_str(), "word/document.xml");
        let tables = || artifacts.pages.iter().flatten().flatten();
        let in_pages = |table: &TablePages| 1 + table.starts.len();
        let (pdf, _) = join::<()>(
            pdf::grids(pdf_file).map_err(in_pdf)?,
            &[],
            tables().map(|table| if table.is_forced { in_pages(table) } else { 1 }),
        );
        let same_pages = ready.has_same_pages();
        let (word, spots) = join(
            word::grids(word_file).map_err(in_word)?,
            &row_spots(ready, artifacts),
            tables().map(|table| if same_pages { in_pages(table) } else { 1 }),
        );
        let unspaced = |texts: Vec<String>| -> String {
            texts
                .iter()
                .flat_map(|text| text.split_whitespace())
                .collect()
        };
        Ok(Self {
            header_rows: tables().map(|table| table.header_rows.clone()).collect(),
            around: (
                unspaced(pdf::texts_outside_tables(pdf_file).map_err(in_pdf)?),
                unspaced(word::paragraphs(word_file).map_err(in_word)?),
            ),
            pdf,
            pages: pdf::page_texts(pdf_file).map_err(in_pdf)?,
            word,
            spots,
            paragraphs: paragraphs(word_file).map_err(in_word)?,
            template: form.word.0.clone(),
            project,
        })
    }

    /// The place of a row in the Word template; where it cannot be told, its
    /// place in the file.
    fn row_spot(&self, table: usize, row: usize) -> String {
        let tables_match = table == 0 || self.spots.len() == self.word.len();
        let spots = self.spots.get(table).filter(|_| tables_match);
        match spots.and_then(|rows| rows.get(row)?.clone()) {
            Some(spot) => format!("word/document.xml {spot}"),
            None => {
                let (table, row) = (table + 1, row + 1);
                format!("word/document.xml（生成的文件）表{table} 行{row}")
            }
        }
    }

    /// The place of the cell that begins in this row, in the Word template: its
    /// number counts the cells that go on from above, as Word does.
    fn cell_spot(&self, table: usize, (row, cell): (usize, usize)) -> String {
        let spot = self.row_spot(table, row);
        let places = self.word.get(table).map(Grid::places).unwrap_or_default();
        let mut cells: Vec<_> = places.get(row).into_iter().flatten().flatten().collect();
        cells.dedup();
        match cells.iter().position(|at| **at == (row, cell)) {
            Some(at) => format!("{spot} 列{}", at + 1),
            None => spot,
        }
    }
}

/// Joins what goes on from page to page: of each table so many pieces, which
/// begin with header rows again. Rows of `with` go along.
fn join<T: Clone>(
    grids: Vec<Grid>,
    with: &[Vec<T>],
    pieces: impl Iterator<Item = usize>,
) -> (Vec<Grid>, Vec<Vec<T>>) {
    let of = |piece: usize| with.get(piece).cloned().unwrap_or_default();
    let mut joined = (Vec::new(), Vec::new());
    let mut grids = grids.into_iter().enumerate();
    // A table of which nothing is known is one piece.
    for pieces in pieces.chain(std::iter::repeat(1)) {
        let Some((first, mut grid)) = grids.next() else {
            break;
        };
        let mut rows = of(first);
        for (piece, more) in grids.by_ref().take(pieces - 1) {
            let again = grid.append(more);
            rows.extend(of(piece).into_iter().skip(again));
        }
        joined.0.push(grid);
        joined.1.push(rows);
    }
    joined
}

fn row_spots(ready: &Ready, artifacts: &Artifacts) -> Vec<Vec<Option<String>>> {
    let pages = artifacts.pages.clone().unwrap_or_default();
    let marked = ready.word_with_row_spots(&pages);
    let spots = marked.and_then(|xml| word::row_attributes(&xml, docx::ROW_SPOT).ok());
    spots.unwrap_or_default()
}

/// The paragraphs outside of tables: of the body, and of headers, footers and
/// notes all of them.
fn paragraphs(docx: &[u8]) -> Result<Vec<(String, String, String)>, String> {
    let body = word::paragraphs(docx)?.into_iter().enumerate();
    let mut found: Vec<_> = body
        .map(|(at, text)| {
            (
                "word/document.xml".to_owned(),
                format!(" 第{}段", at + 1),
                text,
            )
        })
        .collect();
    let names = ["header", "footer", "footnotes", "endnotes", "comments"];
    for part in word::part_names(docx)? {
        let stem = part.strip_prefix("word/").unwrap_or_default();
        if !stem.ends_with(".xml") || !names.iter().any(|name| stem.starts_with(name)) {
            continue;
        }
        let xml = word::part(docx, &part)?.unwrap_or_default();
        for text in word::part_paragraphs(&xml)? {
            found.push((part.clone(), String::new(), text));
        }
    }
    Ok(found)
}

/// What was found, each fault once.
#[derive(Default)]
struct Findings {
    list: Vec<Diagnostic>,
    said: BTreeSet<String>,
}

impl Findings {
    /// Adds a fault unless one of its code and place is there.
    fn add(&mut self, found: Diagnostic) -> bool {
        let place = format!("{:?}", found.place);
        self.add_as(format!("{} {place}", found.code), found)
    }

    /// Adds a fault unless one of this key is there.
    fn add_as(&mut self, key: String, found: Diagnostic) -> bool {
        let is_new = self.said.insert(key);
        if is_new {
            self.list.push(found);
        }
        is_new
    }

    fn extend(&mut self, found: impl IntoIterator<Item = Diagnostic>) {
        for found in found {
            self.add(found);
        }
    }
}
