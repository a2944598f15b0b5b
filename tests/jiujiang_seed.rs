//! The two published tables of 九江, cell by cell: what stands in the seed stands in
//! the PDF and in the Word file, at the same row and column, and nothing else does.
//!
//! The seed is text recognised from a scan; how its fragments make cells is listed
//! in `support/seed_jiujiang.rs`.

use tianbao::parity::grid::Grid;
use tianbao::parity::{pdf, word};

use crate::support::program::{Trial, root};
use crate::support::published::{difference, only, whole, without_blanks};
use crate::support::seed_jiujiang::published;

const SEED: &str = include_str!("seeds/003-jiujiang.txt");

fn render() -> Trial {
    let trial = Trial::new();
    let data = root().join("data/jiujiang-chaisang-2024.yaml");
    trial.run_well(&["render", data.to_str().unwrap()]);
    trial
}

/// Both tables stand in one file.
fn artifact(trial: &Trial, ending: &str) -> Vec<u8> {
    let names = trial.names("out");
    trial.read(&format!("out/{}", only(&names, ending)))
}

fn compare(what: &str, grids: &[Grid]) {
    let tables = whole(grids);
    let [department, project] = tables.as_slice() else {
        panic!("{what}: {} tables", tables.len())
    };
    let published = published(SEED);
    let tables = [
        (
            "部门整体支出绩效目标设置申报表",
            published.department,
            department,
        ),
        ("项目绩效目标指标表", published.project, project),
    ];
    let differences = tables.iter().filter_map(|(name, published, grid)| {
        let difference = difference(published, grid)?;
        Some(format!("{what}, {name}: {difference}"))
    });
    let differences: Vec<String> = differences.collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_cell_of_both_tables_stands_in_both_files() {
    let trial = render();
    compare("PDF", &pdf::grids(&artifact(&trial, ".pdf")).unwrap());
    compare("Word", &word::grids(&artifact(&trial, ".docx")).unwrap());
}

#[test]
fn above_each_table_stand_title_and_year() {
    let trial = render();
    let around = published(SEED).around;
    let pages = pdf::page_texts(&artifact(&trial, ".pdf")).unwrap();
    let pages: Vec<String> = pages.iter().map(|page| without_blanks(page)).collect();
    for heading in around.chunks(2) {
        let complete = |page: &&String| heading.iter().all(|text| page.contains(text));
        assert_eq!(
            pages.iter().filter(complete).count(),
            1,
            "{heading:?} in {pages:?}"
        );
    }
    let paragraphs = word::paragraphs(&artifact(&trial, ".docx")).unwrap();
    let paragraphs = paragraphs.iter().map(|text| without_blanks(text));
    let texts: Vec<String> = paragraphs.filter(|text| !text.is_empty()).collect();
    assert_eq!(texts, around);
}
