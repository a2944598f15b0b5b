//! The published table of 广州, column by column: what stands in the seed stands in the PDF
//! and in the Word file, in the same row, and nothing else does.
//!
//! A merged cell counts at every place it covers and a header row once, so it does not matter
//! where pages break.

use tianbao::parity::grid::Grid;
use tianbao::parity::{pdf, word};

use crate::support::program::{Trial, root};
use crate::support::published::{difference, only, whole, without_blanks};
use crate::support::seed_guangzhou as seed;

const SEED: &str = include_str!("seeds/001-guangzhou.txt");

/// The only PDF and the only Word file.
fn render() -> [Vec<u8>; 2] {
    let trial = Trial::new();
    let data = root().join("data/guangzhou-2023.yaml");
    trial.run_well(&["render", data.to_str().unwrap()]);
    let names = trial.names("out");
    [".pdf", ".docx"].map(|ending| trial.read(&format!("out/{}", only(&names, ending))))
}

fn compare(what: &str, grids: &[Grid]) {
    let tables = whole(grids);
    let [table] = tables.as_slice() else {
        panic!("{what}: {} tables", tables.len())
    };
    if let Some(difference) = difference(&seed::rows(SEED), table) {
        panic!("{what}: {difference}");
    }
}

#[test]
fn every_row_stands_in_both_files() {
    let [pdf_file, word_file] = render();
    compare("PDF", &pdf::grids(&pdf_file).unwrap());
    compare("Word", &word::grids(&word_file).unwrap());
}

#[test]
fn title_department_unit_and_note_stand_around_the_table() {
    let [pdf_file, word_file] = render();
    let texts = [
        ("PDF", pdf::page_texts(&pdf_file).unwrap().concat()),
        ("Word", word::paragraphs(&word_file).unwrap().concat()),
    ];
    // The seed lost the currency unit, but the amounts are meant in it.
    let lines = seed::around(SEED).into_iter().chain(["单位：万元".into()]);
    for line in lines {
        for (what, text) in &texts {
            assert!(
                without_blanks(text).contains(&line),
                "{what} without {line:?}"
            );
        }
    }
}
