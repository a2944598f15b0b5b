//! What other programs make of the artifacts. Needs LibreOffice, poppler, qpdf
//! and the Open XML validator: `tests/run` installs them and runs these tests.

use std::path::{Path, PathBuf};

use tianbao::parity::grid::Grid;
use tianbao::parity::word;

use crate::support::program::{Trial, root};
use crate::support::tools;

/// The documents of all of `data`, or of one folder or file there.
fn rendered(data: &str) -> (Trial, Vec<PathBuf>, Vec<PathBuf>) {
    let trial = Trial::new();
    trial.run_well(&["render", root().join(data).to_str().unwrap()]);
    let files = |ending: &str| -> Vec<PathBuf> {
        let names = trial.names("out");
        let names = names.iter().filter(|name| name.ends_with(ending));
        names.map(|name| trial.path("out").join(name)).collect()
    };
    let (pdf, docx) = (files(".pdf"), files(".docx"));
    assert!(!docx.is_empty());
    (trial, pdf, docx)
}

fn paths(files: &[PathBuf]) -> Vec<&Path> {
    files.iter().map(PathBuf::as_path).collect()
}

#[test]
#[ignore = "needs the tools that tests/run installs"]
fn qpdf_and_poppler_read_the_pdf_and_every_face_is_embedded() {
    let (_trial, pdf, _) = rendered("data");
    for file in &pdf {
        tools::qpdf_check(file).unwrap();
        for font in tools::pdf_fonts(file) {
            assert!(
                font.embedded && font.subset && font.unicode,
                "{} in {}",
                font.name,
                file.display()
            );
        }
        assert!(tools::pdf_text(file).contains("指标"));
    }
}

#[test]
#[ignore = "needs the tools that tests/run installs"]
fn word_files_are_valid_against_the_open_xml_schemas() {
    let (_trial, _, docx) = rendered("data");
    let forms = Trial::new().run_well(&["forms", "--format", "json"]).stdout;
    let forms: Vec<serde_json::Value> = serde_json::from_str(&forms).unwrap();
    let templates: Vec<PathBuf> = forms
        .iter()
        .map(|form| root().join("templates").join(form["id"].as_str().unwrap()))
        .map(|pack| pack.join("form.docx"))
        .collect();
    assert!(templates.len() > 5);
    let files = [paths(&docx), paths(&templates)].concat();
    tools::validate_word(&files).unwrap();
}

#[test]
#[ignore = "needs the tools that tests/run installs"]
fn libreoffice_shows_each_word_file_on_one_page_with_all_its_text() {
    let (trial, _, docx) = rendered("data/hunan-cbec-2024/prefectures");
    let converted = tools::word_to_pdf(&paths(&docx), &trial.path("converted"));
    assert_eq!(converted.len(), 13);
    for (file, shown) in docx.iter().zip(converted) {
        assert_eq!(tools::pdf_pages(&shown), 1, "{}", file.display());
        let grids: Vec<Grid> = word::grids(&std::fs::read(file).unwrap()).unwrap();
        // Row by row from top to bottom, and nothing lost to clipping: the
        // characters on paper are those of the cells.
        let mut cells: Vec<char> = grids[0].texts().concat().concat().chars().collect();
        cells.extend("附件22024年度跨境电商资金绩效目标表—1—".chars());
        let mut paper: Vec<char> = tools::pdf_text(&shown)
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect();
        cells.retain(|c| !c.is_whitespace());
        cells.sort_unstable();
        paper.sort_unstable();
        assert_eq!(
            String::from_iter(paper),
            String::from_iter(cells),
            "{}",
            file.display()
        );
        // The faces are those that stand in for the official ones.
        let faces: Vec<String> = tools::pdf_fonts(&shown)
            .into_iter()
            .map(|f| f.name)
            .collect();
        assert!(
            faces.iter().any(|face| face.starts_with("FandolFang")),
            "{faces:?}"
        );
    }
}

#[test]
#[ignore = "needs the tools that tests/run installs"]
fn libreoffice_breaks_pages_where_the_pdf_does() {
    for project in [
        "data/nanchang-2024.yaml",
        "data/guangzhou-2023.yaml",
        "data/jiujiang-chaisang-2024.yaml",
        "data/jiangmen-2023.yaml",
    ] {
        let (trial, pdf, docx) = rendered(project);
        let shown = tools::word_to_pdf(&paths(&docx), &trial.path("converted"));
        let (in_pdf, in_word) = (
            tools::pdf_page_texts(&pdf[0]),
            tools::pdf_page_texts(&shown[0]),
        );
        assert_eq!(in_word.len(), in_pdf.len(), "{project}");
        for (page, (word, pdf)) in in_word.iter().zip(&in_pdf).enumerate() {
            assert_eq!(
                characters(word),
                characters(pdf),
                "{project}, page {}",
                page + 1
            );
        }
    }
}

/// What stands on a page, in whatever order and with whatever blanks.
fn characters(text: &str) -> String {
    let mut characters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    characters.sort_unstable();
    String::from_iter(characters)
}

/// Each form has a picture of a page, `tests/golden/*.png`. `UPDATE=1` writes
/// them anew: look at them before they are committed.
#[test]
#[ignore = "needs the tools that tests/run installs"]
fn pages_look_as_their_pictures() {
    let (_trial, pdf, _) = rendered("data");
    let mut wrong = Vec::new();
    for (picture, document, page) in [
        ("hunan-cbec-fund-target", "附件2-娄底市商务局", 1),
        (
            "nanchang-special-fund-target",
            "2024年度市级商务发展专项资金绩效目标表-南昌市商务局",
            3,
        ),
        (
            "guangzhou-project-expenditure-target",
            "项目支出绩效目标表-广州市商务局",
            1,
        ),
        (
            "jiujiang-department-target",
            "部门整体支出绩效目标设置申报表-九江市柴桑区商务局",
            1,
        ),
        (
            "jiujiang-project-target",
            "部门整体支出绩效目标设置申报表-九江市柴桑区商务局",
            3,
        ),
        ("jiangmen-self-evaluation-basics", "附件4-江门市商务局", 1),
        ("jiangmen-self-evaluation-scores", "附件4-江门市商务局", 4),
    ] {
        let file = pdf
            .iter()
            .find(|file| file.file_stem().unwrap() == document);
        let shown = tools::page_picture(file.unwrap(), page);
        let golden = root().join(format!("tests/golden/{picture}.png"));
        if crate::cases::update() {
            std::fs::write(&golden, &shown).unwrap();
        }
        let expected = std::fs::read(&golden).unwrap();
        let (shown, expected) = (pixels(&shown), pixels(&expected));
        // Poppler's edges differ from version to version: not one dot in 500 may
        // be dark in one picture and light in the other.
        let dots = shown.1.iter().zip(&expected.1);
        let different = dots.filter(|(a, b)| a.abs_diff(**b) > 128).count();
        if shown.0 != expected.0 || different * 500 > shown.1.len() {
            wrong.push(format!("{picture}: {different} dots differ"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Size and grey values; where poppler writes colours, they are alike.
fn pixels(png: &[u8]) -> ((u32, u32), Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png))
        .read_info()
        .unwrap();
    let mut values = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut values).unwrap();
    let grey = values.into_iter().step_by(info.color_type.samples());
    ((info.width, info.height), grey.collect())
}

#[test]
#[ignore = "needs the tools that tests/run installs"]
fn words_stand_at_nearly_the_same_place_in_both_files() {
    let (trial, pdf, docx) = rendered("data/hunan-cbec-2024");
    let converted = tools::word_to_pdf(&paths(&docx), &trial.path("converted"));
    for (word, own) in converted.iter().zip(&docx) {
        let name = own.file_stem().unwrap();
        let own = pdf
            .iter()
            .find(|file| file.file_stem() == Some(name))
            .unwrap();
        let (in_word, in_pdf) = (tools::pdf_words(word), tools::pdf_words(own));
        let once = |words: &[tools::Word], text: &str| {
            words.iter().filter(|word| word.text == text).count() == 1
        };
        let mut compared = 0;
        for a in in_pdf
            .iter()
            .filter(|a| once(&in_pdf, &a.text) && once(&in_word, &a.text))
        {
            let b = in_word.iter().find(|b| b.text == a.text).unwrap();
            let (right, down) = ((b.x - a.x).abs(), (b.y - a.y).abs());
            // In points: 4 mm is less than half a row. LibreOffice puts a blank
            // between Chinese and Latin, which moves words sideways.
            assert!(
                right < 8.5 && down < 11.3,
                "{} {right} {down} in {name:?}",
                a.text
            );
            compared += 1;
        }
        assert!(compared >= 20, "{compared} words compared in {name:?}");
    }
}

#[test]
#[ignore = "needs the tools that tests/run installs"]
fn nothing_leaves_its_cell_however_wide_it_is() {
    let wide = |c: char| String::from_iter(vec![c; 90]);
    let [w, zh, stop, dot] = ['W', 'Щ', '。', '·'].map(wide);
    let project = format!(
        "form: hunan/cbec-fund-target\nyear: 2024\nproject: {{name: {w}}}\n\
         departments: [甲局, {zh}]\nfunds: {{province: {stop}, city: 12345678901}}\n\
         goals: {{annual: {dot}}}\nindicators: {{{w}: {{{zh}: {{{dot}: {stop}}}}}}}\n"
    );
    let trial = Trial::new().file("a.yaml", project);
    trial.run_well(&["render", "a.yaml", "--to", "pdf"]);
    let words = tools::pdf_words(&trial.path("out/附件2-甲局.pdf"));
    assert!(words.len() > 20);
    // The table lies between the margins of 28 and 26 mm. The blank half of a
    // full stop may hang over the end of a line: half of 10.5 pt.
    for word in words {
        let inside = word.x > 79.0 && word.right < 595.3 - 73.5 + 5.3;
        assert!(inside, "{} from {} to {}", word.text, word.x, word.right);
    }
}
