//! Forms whose `form.yaml` says `same_pages`: both files break pages at the
//! same rows, and a new page begins with the header rows and the merged labels
//! again.

use std::fmt::Write;

use tianbao::parity::grid::{Cell, Grid, difference};
use tianbao::parity::{pdf, word};

use crate::support::packs::damage_in;
use crate::support::program::{Trial, fonts, root};

const NANCHANG: &str = "templates/nanchang/special-fund-target";

/// Renders a project of the Nanchang form with these indicators; gives the
/// tables of PDF and Word, the number of pages and `word/document.xml`.
struct Rendered {
    pdf: Vec<Grid>,
    word: Vec<Grid>,
    pages: usize,
    document: String,
    /// The PDF.
    file: Vec<u8>,
}

fn render(trial: &Trial, content: &str, indicators: &str) -> Rendered {
    let project = format!(
        "form: nanchang/special-fund-target\nyear: 2024\ndepartments: [甲局]\n\
         project: {{name: 资金, content: {content}}}\nfunds: {{request: 1}}\n\
         goals: {{annual: 目标}}\nindicators:\n{indicators}"
    );
    std::fs::write(trial.path("a.yaml"), project).unwrap();
    trial.run_well(&["render", "a.yaml", "--font-path", &fonts()]);
    let name = "out/2024年度市级商务发展专项资金绩效目标表-甲局";
    let pdf_file = trial.read(&format!("{name}.pdf"));
    let word_file = trial.read(&format!("{name}.docx"));
    Rendered {
        pdf: pdf::grids(&pdf_file).unwrap(),
        word: word::grids(&word_file).unwrap(),
        pages: pdf::page_count(&pdf_file).unwrap(),
        document: word::part(&word_file, "word/document.xml")
            .unwrap()
            .unwrap(),
        file: pdf_file,
    }
}

fn unspaced(grid: &Grid) -> Grid {
    let mut grid = grid.clone();
    for cell in grid.rows.iter_mut().flatten() {
        cell.text.retain(|c| !c.is_whitespace());
    }
    grid
}

/// Joins the pieces of a table; all have one form here.
fn whole(grids: &[Grid]) -> Grid {
    let mut pieces = grids.iter().map(unspaced);
    let mut whole = pieces.next().unwrap();
    for piece in pieces {
        whole.append(piece);
    }
    whole
}

/// The pages of a table as the rows on each, by what stands in them.
fn names_by_page(pdf_file: &[u8], names: &[String]) -> Vec<usize> {
    let texts = pdf::page_texts(pdf_file).unwrap();
    let on = |text: &String| names.iter().filter(|name| text.contains(*name)).count();
    texts.iter().map(on).collect()
}

#[test]
fn each_page_begins_with_the_header_row_and_the_labels_again() {
    let trial = Trial::new();
    let data = root().join("data/nanchang-2024.yaml");
    trial.run_well(&["render", data.to_str().unwrap()]);
    let name = "out/2024年度市级商务发展专项资金绩效目标表-南昌市商务局";
    let pdf_file = trial.read(&format!("{name}.pdf"));
    let word_file = trial.read(&format!("{name}.docx"));
    let pages = pdf::page_count(&pdf_file).unwrap();
    // One table in the PDF, one for each page in Word, of the same cells.
    let in_pdf = pdf::grids(&pdf_file).unwrap();
    let in_word = word::grids(&word_file).unwrap();
    assert_eq!((in_pdf.len(), in_word.len()), (1, pages));
    assert_eq!(difference(&whole(&in_pdf), &whole(&in_word)), None);
    for grid in &in_word[1..] {
        let rows = grid.texts();
        assert_eq!(rows[0], ["一级指标", "二级指标", "三级指标", "目标值"]);
        // Both labels stand in the first row, and cover no more than the page.
        let [level1, level2, name, _] = grid.rows[1].as_slice() else {
            panic!("{:?}", rows[1])
        };
        assert!(level1.text.ends_with("指标") && level2.text.ends_with("指标"));
        assert!(!name.text.is_empty());
        assert!(level1.rowspan < grid.rows.len());
    }
    // The same rows begin the pages of the PDF, under header row and labels.
    let texts = pdf::page_texts(&pdf_file).unwrap();
    assert_eq!(texts.concat().matches("2024年项目绩效指标").count(), 1);
    for (text, grid) in texts.iter().zip(&in_word).skip(1) {
        let text: String = text.split_whitespace().collect();
        for row in &grid.rows {
            for cell in row {
                let words: String = cell.text.split_whitespace().collect();
                assert!(text.contains(&words), "{words} in {text}");
            }
        }
    }
    let document = word::part(&word_file, "word/document.xml")
        .unwrap()
        .unwrap();
    assert_eq!(document.matches("<w:pageBreakBefore/>").count(), pages - 1);
    // On every page Word's header row is marked to be one.
    assert_eq!(document.matches("<w:tblHeader/>").count(), pages);
}

/// Labels that are higher than the rows they cover push rows over the end of a
/// page, and the page begins elsewhere then: each page is found all the same.
#[test]
fn labels_higher_than_their_rows_find_their_pages() {
    let trial = Trial::with_own_templates();
    // 二级 wraps into many lines; a page holds few of its rows.
    let narrow = |text: String| text.replace("(14.2, 14.2, 24.6, 23, 24,)", "(6, 6, 40, 24, 24)");
    damage_in(&trial, NANCHANG, "form.typ", narrow);
    for (groups, rows) in [(9, 4), (7, 5), (12, 3), (20, 2), (3, 17)] {
        let mut indicators = String::new();
        for group in 0..groups {
            let _ = writeln!(
                indicators,
                "  一级{group}:\n    服务对象满意度指标第{group}组:"
            );
            for row in 0..rows {
                let _ = writeln!(indicators, "      指标{group}之{row}末: {row}");
            }
        }
        let rendered = render(&trial, "内容", &indicators);
        let names: Vec<String> = (0..groups)
            .flat_map(|group| (0..rows).map(move |row| format!("指标{group}之{row}末")))
            .collect();
        // As many rows on each page of the PDF as in each table of Word.
        let on_pages = names_by_page(&rendered.file, &names);
        let is_name = |cell: &&Cell| cell.text.contains('之');
        let in_tables = rendered.word.iter().map(|grid| {
            let cells = grid.rows.iter().flatten();
            cells.filter(is_name).count()
        });
        assert_eq!(on_pages, in_tables.collect::<Vec<_>>(), "{groups} × {rows}");
        assert_eq!(on_pages.iter().sum::<usize>(), groups * rows);
        assert_eq!(
            difference(&whole(&rendered.pdf), &whole(&rendered.word)),
            None
        );
    }
}

#[test]
fn only_a_row_higher_than_a_page_breaks_over_two() {
    let long = "很长的内容".repeat(900);
    let indicators = "  产出指标:\n    数量指标:\n      甲: 1\n      乙: 2\n";
    let trial = Trial::new();
    let rendered = render(&trial, &long, indicators);
    assert!(rendered.pages > 2);
    let text = |grids: &[Grid]| -> String {
        let cells = grids.iter().flat_map(|grid| &grid.rows).flatten();
        cells.map(|cell| cell.text.as_str()).collect()
    };
    for grids in [&rendered.pdf, &rendered.word] {
        assert_eq!(text(grids).matches("很长的内容").count(), 900);
    }
    // That row may break in Word, too; all others may not.
    let rows = rendered.document.matches("<w:tr>").count();
    assert_eq!(
        rendered.document.matches("<w:cantSplit />").count(),
        rows - 1
    );
}

#[test]
fn text_that_shrinks_is_as_small_in_both_files() {
    let trial = Trial::with_own_templates();
    let shrink = |text: String| {
        text.replace(
            "data(colspan: 2)[{{ project.name }}]",
            "data(colspan: 2, shrink: (lines: 1, least: 6pt))[{{ project.name }}]",
        )
    };
    damage_in(&trial, NANCHANG, "form.typ", shrink);
    let sizes = |name: &str| {
        let indicators = "  产出指标: {数量指标: {甲: 1}}\n";
        let project = format!(
            "form: nanchang/special-fund-target\nyear: 2024\ndepartments: [甲局]\n\
             project: {{name: {name}}}\nfunds: {{request: 1}}\ngoals: {{annual: 目标}}\n\
             indicators:\n{indicators}"
        );
        std::fs::write(trial.path("a.yaml"), project).unwrap();
        trial.run_well(&["render", "a.yaml", "--font-path", &fonts()]);
        let file = trial.read("out/2024年度市级商务发展专项资金绩效目标表-甲局.docx");
        let document = word::part(&file, "word/document.xml").unwrap().unwrap();
        let end = document.find(name).unwrap();
        let size = document[..end].rfind("<w:sz w:val=\"").unwrap();
        let size = document[size..].split('"').nth(1).unwrap();
        size.parse::<u32>().unwrap()
    };
    // Half points: 五号, something between, no less than 6 pt.
    assert_eq!(sizes("短名称"), 21);
    let middle = sizes(&"长".repeat(22));
    assert!((13..21).contains(&middle), "{middle}");
    assert_eq!(sizes(&"长".repeat(90)), 12);
}

/// A label that fills much of a page would leave one row on each: it stands
/// once, and each file breaks pages by itself.
#[test]
fn a_label_as_high_as_a_page_stands_once() {
    let long = "很长的二级指标的名称".repeat(40);
    let mut indicators = String::new();
    for row in 0..60 {
        let _ = writeln!(
            indicators,
            "  - {{level1: 产出, level2: {long}, name: 指标{row}末, target: {row}}}"
        );
    }
    let rendered = render(&Trial::new(), "内容", &indicators);
    assert!(rendered.pages < 8, "{} pages", rendered.pages);
    assert_eq!((rendered.pdf.len(), rendered.word.len()), (1, 1));
    assert_eq!(
        difference(&unspaced(&rendered.pdf[0]), &unspaced(&rendered.word[0])),
        None
    );
    let labels = rendered.word[0].rows.iter().flatten();
    assert_eq!(labels.filter(|cell| cell.text == long).count(), 1);
}
