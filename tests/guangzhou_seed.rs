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

/// The example writes the sums of one unit only.
#[test]
fn sums_that_are_not_written_are_reckoned() {
    let trial = Trial::new();
    let example = root().join("templates/guangzhou/project-expenditure-target/example.yaml");
    trial.run_well(&["render", example.to_str().unwrap()]);
    let file = trial.read("out/项目支出绩效目标表-某某市商务局.docx");
    let grid = &word::grids(&file).unwrap()[0];
    let amounts = |row: usize| grid.texts()[row][..5].to_vec();
    assert_eq!(
        amounts(1),
        ["合计", "1,765.30", "1,705.30", "10.00", "50.00"]
    );
    assert_eq!(amounts(2)[1..], ["1,745.30", "1,685.30", "10.00", "50.00"]);
    assert_eq!(amounts(5)[1..], ["20.00", "20.00", "", ""]);
}
