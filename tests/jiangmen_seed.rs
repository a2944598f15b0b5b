//! The two published tables of 江门, column by column: what stands in the seed stands in the
//! PDF and in the Word file, in the same row, and nothing else does.
//!
//! A merged cell counts at every place it covers and a header row once, so it does not matter
//! where pages break.

use tianbao::parity::grid::Grid;
use tianbao::parity::{pdf, word};

use crate::support::program::{Trial, root};
use crate::support::published::{difference, only, whole, without_blanks};
use crate::support::seed_jiangmen as seed;

const SEED: &str = include_str!("seeds/004-jiangmen.txt");

/// The only PDF and the only Word file.
fn render() -> [Vec<u8>; 2] {
    let trial = Trial::new();
    let data = root().join("data/jiangmen-2023.yaml");
    trial.run_well(&["render", data.to_str().unwrap()]);
    let names = trial.names("out");
    [".pdf", ".docx"].map(|ending| trial.read(&format!("out/{}", only(&names, ending))))
}

fn compare(what: &str, grids: &[Grid]) {
    let tables = [
        ("基本情况", seed::basics(SEED)),
        ("指标评分表", seed::scores(SEED)),
    ];
    let read = whole(grids);
    assert_eq!(read.len(), tables.len(), "{what}: tables");
    for ((name, rows), table) in tables.iter().zip(&read) {
        if let Some(difference) = difference(rows, table) {
            panic!("{what}, {name}: {difference}");
        }
    }
}

#[test]
fn every_row_of_both_tables_stands_in_both_files() {
    let [pdf_file, word_file] = render();
    compare("PDF", &pdf::grids(&pdf_file).unwrap());
    compare("Word", &word::grids(&word_file).unwrap());
}

/// The published title is lost, so any may stand there.
#[test]
fn label_reporting_unit_and_currency_unit_stand_above_the_tables() {
    let [pdf_file, word_file] = render();
    let texts = [
        ("PDF", pdf::page_texts(&pdf_file).unwrap().concat()),
        ("Word", word::paragraphs(&word_file).unwrap().concat()),
    ];
    for line in seed::around(SEED) {
        for (what, text) in &texts {
            assert!(
                without_blanks(text).contains(&line),
                "{what} without {line:?}"
            );
        }
    }
}
