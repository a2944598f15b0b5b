//! The published document of 南昌, cell by cell: what stands in the seed stands in
//! the PDF and in the Word file, at the same row and column, and nothing else does.
//!
//! The seed is text extracted from the published PDF; what of it is not read as it
//! stands is listed in `support/seed_nanchang.rs`.

use crate::support::grid::Grid;
use crate::support::pdf;
use crate::support::program::{Trial, root};
use crate::support::published::{difference, only, without_blanks};
use crate::support::seed_nanchang::{heading, rows};
use crate::support::word;

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
    let [grid] = grids else {
        panic!("{what}: {} tables", grids.len())
    };
    if let Some(difference) = difference(&rows(SEED), &grid.expanded()) {
        panic!("{what}: {difference}");
    }
}

#[test]
fn every_cell_stands_in_both_files() {
    let trial = render();
    compare("PDF", &pdf::grids(&artifact(&trial, ".pdf")));
    compare("Word", &word::grids(&artifact(&trial, ".docx")));
}

#[test]
fn above_the_table_stand_title_and_year() {
    let trial = render();
    let pages = pdf::page_texts(&artifact(&trial, ".pdf"));
    let first = without_blanks(&pages[0]);
    for text in heading(SEED) {
        assert!(first.contains(&text), "{text} in {first}");
    }
    let paragraphs = word::paragraphs(&artifact(&trial, ".docx"));
    let paragraphs = paragraphs.iter().map(|text| without_blanks(text));
    let texts: Vec<String> = paragraphs.filter(|text| !text.is_empty()).collect();
    assert_eq!(texts, heading(SEED));
}
