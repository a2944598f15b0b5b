//! The published document of 南昌, cell by cell: what stands in the seed stands in
//! the PDF and in the Word file, at the same row and column, and nothing else does.
//!
//! The seed is text extracted from the published PDF; what of it is not read as it
//! stands is listed in `support/seed_nanchang.rs`.

use tianbao::parity::grid::Grid;
use tianbao::parity::{pdf, word};

use crate::support::program::{Trial, root};
use crate::support::published::{difference, only, whole, without_blanks};
use crate::support::seed_nanchang::{heading, rows};

const SEED: &str = include_str!("seeds/000-nanchang.txt");

fn render() -> Trial {
    let trial = Trial::new();
    let data = root().join("data/nanchang-2024.yaml");
    trial.run_well(&["render", data.to_str().unwrap()]);
    trial
}

fn artifact(trial: &Trial, ending: &str) -> Vec<u8> {
    let names = trial.names("out");
    trial.read(&format!("out/{}", only(&names, ending)))
}

fn compare(what: &str, grids: &[Grid]) {
    let tables = whole(grids);
    let [table] = tables.as_slice() else {
        panic!("{what}: {} tables", tables.len())
    };
    if let Some(difference) = difference(&rows(SEED), table) {
        panic!("{what}: {difference}");
    }
}

#[test]
fn every_cell_stands_in_both_files() {
    let trial = render();
    compare("PDF", &pdf::grids(&artifact(&trial, ".pdf")).unwrap());
    compare("Word", &word::grids(&artifact(&trial, ".docx")).unwrap());
}

#[test]
fn above_the_table_stand_title_and_year() {
    let trial = render();
    let pages = pdf::page_texts(&artifact(&trial, ".pdf")).unwrap();
    let first = without_blanks(&pages[0]);
    for text in heading(SEED) {
        assert!(first.contains(&text), "{text} in {first}");
    }
    let paragraphs = word::paragraphs(&artifact(&trial, ".docx")).unwrap();
    let paragraphs = paragraphs.iter().map(|text| without_blanks(text));
    let texts: Vec<String> = paragraphs.filter(|text| !text.is_empty()).collect();
    assert_eq!(texts, heading(SEED));
}
