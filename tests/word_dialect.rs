//! The docxtpl dialect: each folder in `tests/word_dialect` shows one thing.
//!
//! `make.py` there writes templates and data. `expected.txt` is what comes out
//! (`UPDATE=1 cargo test --test tests word_dialect` writes it anew); where
//! docxtpl gives something else, `docxtpl.txt` says why.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tianbao::parity::word::{Element, part};

use crate::cases::update;
use crate::support::program::{Trial, root};
use crate::support::tools::{python, validate_word, word_to_pdf};
use crate::support::word_dump::dump;

/// The folders of all cases, by name.
fn cases() -> BTreeMap<String, PathBuf> {
    fs::read_dir(root().join("tests/word_dialect"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("template.docx").is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, path)
        })
        .collect()
}

/// Renders a case; an error is what the program says.
fn render(folder: &Path) -> Result<(Vec<u8>, String), String> {
    let trial = Trial::new().folder(folder);
    let outcome = trial.run(&["merge", "template.docx", "data.json", "-o", "out.docx"]);
    match outcome.code {
        0 => Ok((trial.read("out.docx"), outcome.stderr)),
        code => Err(format!("退出码 {code}\n{}", outcome.stderr)),
    }
}

fn shown(folder: &Path) -> String {
    match render(folder) {
        Ok((docx, warnings)) => format!("{warnings}{}", dump(&docx).unwrap()),
        Err(refused) => refused,
    }
}

#[test]
fn every_case_comes_out_as_expected() {
    let mut wrong = Vec::new();
    for (name, folder) in cases() {
        let shown = shown(&folder);
        if update() {
            fs::write(folder.join("expected.txt"), shown).unwrap();
            continue;
        }
        let expected = fs::read_to_string(folder.join("expected.txt"))
            .unwrap_or_else(|_| panic!("{name} lacks expected.txt"));
        if shown != expected {
            wrong.push(format!("== {name}\n-- expected\n{expected}-- got\n{shown}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n{} cases",
        wrong.join("\n"),
        wrong.len()
    );
}

/// The outputs of all cases that are not refused, as files of one folder.
fn outputs(into: &Path) -> Vec<PathBuf> {
    let rendered = cases()
        .into_iter()
        .filter_map(|(name, folder)| Some((name, render(&folder).ok()?.0)));
    rendered
        .map(|(name, docx)| {
            let path = into.join(format!("{name}.docx"));
            fs::write(&path, docx).unwrap();
            path
        })
        .collect()
}

/// Runs a script of `tests/word_dialect`.
fn script(name: &str, arguments: &[&Path]) {
    let output = python()
        .arg(root().join("tests/word_dialect").join(name))
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name}: {said}");
}

/// Widths of columns are not compared: docxtpl divides them in its own way.
fn without_widths(dump: &str) -> String {
    dump.lines()
        .map(|line| match line.split_once(" columns: ") {
            Some((table, _)) if table.trim_start().starts_with("table of ") => format!("{table}\n"),
            _ => format!("{line}\n"),
        })
        .collect()
}

#[test]
#[ignore = "needs Python with docxtpl"]
fn docxtpl_gives_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
    fs::create_dir(&ours).unwrap();
    fs::create_dir(&theirs).unwrap();
    outputs(&ours);
    script("with_docxtpl.py", &[&ours, &theirs]);
    let mut wrong = Vec::new();
    for (name, folder) in cases() {
        let docx = fs::read(theirs.join(format!("{name}.docx")));
        let theirs = match docx {
            Ok(docx) => dump(&docx).unwrap_or_else(|error| format!("{error}\n")),
            Err(_) => fs::read_to_string(theirs.join(format!("{name}.error"))).unwrap(),
        };
        let ours = shown(&folder);
        let same = without_widths(&ours) == without_widths(&theirs);
        match folder.join("docxtpl.txt").exists() {
            false if !same => wrong.push(format!("== {name}\n-- ours\n{ours}-- docxtpl\n{theirs}")),
            true if same => wrong.push(format!("== {name}: docxtpl gives the same after all")),
            _ => {}
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n{} cases",
        wrong.join("\n"),
        wrong.len()
    );
}

/// A length or count that an element below a cell's properties gives.
fn of_cell(cell: &Element, property: &str, attribute: &str) -> Option<usize> {
    let property = cell.child("w:tcPr")?.child(property)?;
    property.attribute(attribute)?.parse().ok()
}

#[test]
fn every_row_reaches_the_edge_of_its_table() {
    let mut wrong = Vec::new();
    let mut rows = 0;
    for (name, folder) in cases() {
        let Ok((docx, _)) = render(&folder) else {
            continue;
        };
        let document = part(&docx, "word/document.xml").unwrap().unwrap();
        let document = Element::parse(&document).unwrap();
        // Where columns come and go, cells are as wide as their columns.
        let grows = name.starts_with("columns-");
        for table in document.descendants("w:tbl") {
            let columns: Vec<usize> = table
                .child("w:tblGrid")
                .unwrap()
                .elements()
                .map(|column| column.attribute("w:w").unwrap().parse().unwrap())
                .collect();
            for row in table.elements().filter(|own| own.name == "w:tr") {
                rows += 1;
                let mut at = 0;
                for cell in row.descendants("w:tc") {
                    let span = of_cell(cell, "w:gridSpan", "w:val").unwrap_or(1);
                    let covered: usize = columns.iter().skip(at).take(span).sum();
                    let width = of_cell(cell, "w:tcW", "w:w").unwrap();
                    if grows && width.abs_diff(covered) > span {
                        wrong.push(format!("{name}: a cell of {width} over {covered}"));
                    }
                    at += span;
                }
                if at != columns.len() && row.descendants("w:tbl").is_empty() {
                    wrong.push(format!("{name}: {at} of {} columns", columns.len()));
                }
            }
        }
    }
    assert!(rows > 50);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "needs the Open XML validator"]
fn every_output_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let files = outputs(folder.path());
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    validate_word(&files).unwrap_or_else(|findings| panic!("{findings}"));
}

#[test]
#[ignore = "needs LibreOffice"]
fn libreoffice_opens_every_output() {
    let folder = tempfile::tempdir().unwrap();
    let files = outputs(folder.path());
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    word_to_pdf(&files, &folder.path().join("pdf"));
}

#[test]
#[ignore = "needs Python"]
fn templates_are_those_that_make_writes() {
    script("make.py", &[Path::new("--check")]);
}

#[test]
fn the_document_names_every_case_and_no_other() {
    let text = fs::read_to_string(root().join("docs/word-dialect.md")).unwrap();
    let named: BTreeSet<&str> = text
        .split("](../tests/word_dialect/")
        .skip(1)
        .filter_map(|link| link.split(')').next())
        .filter(|name| !name.is_empty() && !name.contains('.'))
        .collect();
    let cases = cases();
    let there: BTreeSet<&str> = cases.keys().map(String::as_str).collect();
    let lacking: Vec<_> = there.difference(&named).collect();
    let unknown: Vec<_> = named.difference(&there).collect();
    assert!(
        lacking.is_empty() && unknown.is_empty(),
        "cases that docs/word-dialect.md does not name: {lacking:?}; no such cases: {unknown:?}"
    );
}
