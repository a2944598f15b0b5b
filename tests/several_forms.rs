//! Projects that name several forms: one PDF and one Word file of all of them.

use tianbao::parity::{pdf, word};

use crate::support::packs::{damage_in, replaced};
use crate::support::program::{Trial, fonts};

const PROJECT: &str = "templates/jiujiang/project-target";
/// Two forms that share what they both know.
const SHARED: &str = "year: 2024\ndepartment: {name: 甲局}\ncontact: {person: 张三}\n\
    indicators: {产出指标: {数量指标: {甲: 1}}}\nforms:\n\
    \x20 - {form: jiujiang/department-target, tasks: [{name: 任务, amount: 1}]}\n\
    \x20 - {form: jiujiang/project-target, tasks: [{name: 任务, total: 1}], goals: {annual: 目标}}\n";
const NAME: &str = "out/部门整体支出绩效目标设置申报表-甲局";

fn trial() -> Trial {
    Trial::with_own_templates().file("a.yaml", SHARED)
}

fn render(trial: &Trial) -> (Vec<u8>, Vec<u8>) {
    trial.run_well(&["render", "a.yaml", "--font-path", &fonts()]);
    let file = |ending: &str| trial.read(&format!("{NAME}.{ending}"));
    (file("pdf"), file("docx"))
}

#[test]
fn both_files_hold_all_forms_in_order() {
    let (pdf_file, word_file) = render(&trial());
    for grids in [pdf::grids(&pdf_file), word::grids(&word_file)] {
        let grids = grids.unwrap();
        assert_eq!(grids.len(), 2);
        assert_eq!(grids[0].texts()[0], ["部门（单位）名称", "甲局"]);
        assert_eq!(grids[1].texts()[0], ["部门名称", "甲局"]);
    }
    // The second begins a section and a page; the numbers run on.
    let document = word::part(&word_file, "word/document.xml")
        .unwrap()
        .unwrap();
    assert_eq!(document.matches("<w:sectPr>").count(), 2);
    let pages = pdf::page_texts(&pdf_file).unwrap();
    assert!(
        pages
            .last()
            .unwrap()
            .trim_end()
            .ends_with(&pages.len().to_string())
    );
    assert_eq!(
        pdf::outline_titles(&pdf_file).unwrap(),
        ["部门整体支出绩效目标设置申报表", "项目绩效目标指标表"]
    );
}

/// A form bound on both sides and one whose pages are alike.
#[test]
fn even_pages_have_the_number_of_their_own_form() {
    let trial = trial().file(
        "b.yaml",
        "forms:\n  - form: hunan/cbec-fund-target\n    year: 2024\n    project: {name: 资金}\n\
         \x20   departments: [甲局]\n    funds: {province: 1}\n    goals: {annual: 目标}\n\
         \x20   indicators: {产出指标: {数量指标: {甲: 1}}}\n  - form: jiujiang/project-target\n\
         \x20   year: 2024\n    department: {name: 甲局}\n    tasks: [{name: 任务}]\n    goals: {}\n\
         \x20   indicators: {产出指标: {数量指标: {甲: 1}}}\n",
    );
    trial.run_well(&["render", "b.yaml", "--font-path", &fonts()]);
    let file = trial.read("out/附件2-甲局.docx");
    let document = word::part(&file, "word/document.xml").unwrap().unwrap();
    let sections: Vec<&str> = document.split("<w:sectPr").skip(1).collect();
    assert_eq!(sections.len(), 2);
    for section in &sections {
        assert!(section.contains("w:type=\"default\"") && section.contains("w:type=\"even\""));
    }
    // The second form's even pages show what its odd ones do.
    let id = |kind: &str| {
        let at = sections[1].find(&format!("w:type=\"{kind}\"")).unwrap();
        sections[1][at..]
            .split("r:id=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
    };
    assert_eq!(id("even"), id("default"));
    let settings = word::part(&file, "word/settings.xml").unwrap().unwrap();
    assert!(settings.contains("<w:evenAndOddHeaders/>"));
}

#[test]
fn a_later_form_brings_its_namespaces_along() {
    let trial = trial();
    let own = |text: String| {
        text.replacen("<w:document ", "<w:document xmlns:own=\"urn:own\" ", 1)
            .replacen("<w:tbl>", "<w:tbl own:mark=\"1\">", 1)
    };
    damage_in(&trial, PROJECT, "form.docx", own);
    let (_, word_file) = render(&trial);
    let document = word::part(&word_file, "word/document.xml")
        .unwrap()
        .unwrap();
    let root = document.find("<w:document ").unwrap();
    let root = &document[root..root + document[root..].find('>').unwrap()];
    assert!(root.contains("xmlns:own=\"urn:own\""), "{root}");
    assert!(document.contains("own:mark"));
}

#[test]
fn what_cannot_be_joined_is_refused() {
    let trial = trial();
    let footnote = replaced(
        "</w:p></w:tc>",
        "<w:r><w:footnoteReference w:id=\"2\"/></w:r></w:p></w:tc>",
    );
    damage_in(&trial, PROJECT, "form.docx", footnote);
    let outcome = trial.run(&["render", "a.yaml", "--font-path", &fonts()]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("word/join") && outcome.stderr.contains("脚注"),
        "{}",
        outcome.stderr
    );
    assert!(trial.names("out").is_empty());
}
