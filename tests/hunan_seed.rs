//! The thirteen sheets of the published document, cell by cell: what stands in
//! the seed stands in the PDF and in the Word file, in the same row and order,
//! with the same spans, and nothing else does.
//!
//! The seed is the text of the published Word file. Its noise: hard line breaks
//! inside cells (dropped: a column wraps by itself) and a trailing blank after
//! 娄底's `6% ` (trimmed). Everything else is kept as published, 郴州's
//! half-width brackets included.

use tianbao::parity::grid::{Grid, difference};
use tianbao::parity::{pdf, word};

use crate::support::program::{Trial, root};
use crate::support::seed;

const SEED: &str = include_str!("seeds/002-hunan.txt");

struct Rendered {
    trial: Trial,
    sheets: Vec<seed::Sheet>,
}

fn render() -> Rendered {
    let trial = Trial::new();
    let data = root().join("data/hunan-cbec-2024");
    trial.run_well(&["render", data.to_str().unwrap()]);
    Rendered {
        trial,
        sheets: seed::sheets(SEED),
    }
}

impl Rendered {
    /// The artifact of a sheet: named by the first department.
    fn artifact(&self, sheet: &seed::Sheet, ending: &str) -> Vec<u8> {
        let departments = &sheet.rows[1][1];
        let first = departments.split('、').next().unwrap();
        self.trial.read(&format!("out/附件2-{first}.{ending}"))
    }
}

/// The only table, compared with what the seed says.
fn compare(what: &str, grids: &[Grid], sheet: &seed::Sheet) {
    let [grid] = grids else {
        panic!("{what}: {} tables", grids.len())
    };
    if let Some(difference) = difference(&seed::grid(sheet), grid) {
        panic!("{what}: {difference}");
    }
}

#[test]
fn every_cell_of_every_prefecture_stands_in_both_files() {
    let rendered = render();
    assert_eq!(rendered.sheets.len(), 13);
    let names = rendered.trial.names("out");
    assert_eq!(names.len(), 28, "{names:?}");
    for sheet in &rendered.sheets {
        let name = &sheet.rows[1][1];
        let (pdf_file, word_file) = (
            rendered.artifact(sheet, "pdf"),
            rendered.artifact(sheet, "docx"),
        );
        let (in_pdf, in_word) = (
            pdf::grids(&pdf_file).unwrap(),
            word::grids(&word_file).unwrap(),
        );
        compare(&format!("{name} PDF"), &in_pdf, sheet);
        compare(&format!("{name} Word"), &in_word, sheet);
        // Both files of a prefecture have the same grid.
        assert_eq!(difference(&in_pdf[0], &in_word[0]), None, "{name}");
    }
}

#[test]
fn around_the_table_stand_the_label_the_title_and_the_page_number_only() {
    let rendered = render();
    for sheet in &rendered.sheets {
        let pages = pdf::page_texts(&rendered.artifact(sheet, "pdf")).unwrap();
        assert_eq!(pages.len(), 1);
        let cells: String = seed::grid(sheet).texts().concat().concat();
        let expected = format!("{}{}{cells}— 1 —", sheet.attachment, sheet.title);
        assert_eq!(sorted(&pages[0]), sorted(&expected), "{}", sheet.rows[1][1]);

        let paragraphs = word::paragraphs(&rendered.artifact(sheet, "docx")).unwrap();
        let texts: Vec<&str> = paragraphs
            .iter()
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect();
        assert_eq!(texts, [sheet.attachment.as_str(), sheet.title.as_str()]);
    }
}

/// A page's characters without regard to the order in which they are painted.
fn sorted(text: &str) -> Vec<char> {
    let mut characters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    characters.sort_unstable();
    characters
}

#[test]
fn headings_of_columns_and_labels_of_rows_are_header_cells() {
    let rendered = render();
    let grid = &pdf::grids(&rendered.artifact(&rendered.sheets[0], "pdf")).unwrap()[0];
    let headers: Vec<&str> = grid
        .rows
        .iter()
        .flatten()
        .filter(|cell| cell.header)
        .map(|cell| cell.text.as_str())
        .collect();
    assert_eq!(
        headers,
        [
            "专项名称",
            "主管部门名称",
            "年度金额（万元）",
            "省级资金",
            "市、区拟配套资金",
            "年度总体目标",
            "绩效指标",
            "一级指标",
            "二级指标",
            "三级指标",
            "指标值",
        ]
    );
}

#[test]
fn the_bound_volume_holds_all_sheets_with_running_numbers_and_bookmarks() {
    let rendered = render();
    let volume = rendered
        .trial
        .read("out/2024年度跨境电商资金绩效目标表（十三个市州）.pdf");
    let grids = pdf::grids(&volume).unwrap();
    assert_eq!(grids.len(), 13);
    for (grid, sheet) in grids.iter().zip(&rendered.sheets) {
        compare(&sheet.rows[1][1], std::slice::from_ref(grid), sheet);
    }
    let departments: Vec<&str> = rendered
        .sheets
        .iter()
        .map(|s| s.rows[1][1].as_str())
        .collect();
    assert_eq!(pdf::outline_titles(&volume).unwrap(), departments);
    let pages = pdf::page_texts(&volume).unwrap();
    assert_eq!(pages.len(), 13);
    for (index, page) in pages.iter().enumerate() {
        let number = format!("—{}—", index + 1);
        let page: String = page.chars().filter(|c| !c.is_whitespace()).collect();
        assert!(page.contains(&number), "{number} in {page}");
    }
    assert_eq!(
        pdf::title(&volume).unwrap().unwrap(),
        "2024年度跨境电商资金绩效目标表（十三个市州）"
    );
}

#[test]
fn both_files_name_title_and_departments() {
    let rendered = render();
    let sheet = &rendered.sheets[7];
    let file = rendered.artifact(sheet, "pdf");
    assert_eq!(pdf::title(&file).unwrap().unwrap(), sheet.title);
    assert_eq!(
        pdf::authors(&file).unwrap().join(", "),
        "益阳市财政局, 益阳市商务局"
    );
    let core = word::part(&rendered.artifact(sheet, "docx"), "docProps/core.xml")
        .unwrap()
        .unwrap();
    assert!(core.contains("<dc:title>2024年度跨境电商资金绩效目标表</dc:title>"));
    assert!(core.contains("<dc:creator>益阳市财政局; 益阳市商务局</dc:creator>"));
    assert!(core.contains("2024-01-01T00:00:00Z"));
}
