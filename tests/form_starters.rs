//! `form new`: a blueprint gives a pack that renders as it is, with the same
//! grid in both files.

use tianbao::parity::grid::{Grid, difference};
use tianbao::parity::{pdf, word};

use crate::support::program::{Trial, fonts, root};

/// Renders a pack's example, and gives both grids.
fn grids(trial: &Trial, pack: &str, name: &str) -> (Vec<Grid>, Vec<Grid>) {
    let example = format!("templates/{pack}/example.yaml");
    trial.run_well(&[
        "render",
        &example,
        "--templates",
        "templates",
        "--font-path",
        &fonts(),
    ]);
    let file = |ending: &str| trial.read(&format!("out/{name}.{ending}"));
    (
        pdf::grids(&file("pdf")).unwrap(),
        word::grids(&file("docx")).unwrap(),
    )
}

#[test]
fn the_hunan_blueprint_gives_the_hunan_grid() {
    let trial = Trial::with_own_templates();
    let blueprint = root().join("templates/hunan/cbec-fund-target/blueprint.yaml");
    let blueprint = blueprint.to_str().unwrap();
    trial.run_well(&[
        "form",
        "new",
        "templates/hunan/again",
        "--blueprint",
        blueprint,
        "--templates",
        "templates",
    ]);
    let files = [
        "example.yaml",
        "form.docx",
        "form.typ",
        "form.yaml",
        "schema.json",
    ];
    assert_eq!(trial.names("templates/hunan/again"), files);
    let (in_pdf, in_word) = grids(&trial, "hunan/again", "附件2-某某市某某局");
    assert_eq!(difference(&in_pdf[0], &in_word[0]), None);
    let spans: Vec<_> = in_pdf[0]
        .rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|c| (c.colspan, c.rowspan))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(spans[2], [(1, 2), (2, 1), (2, 1)]);
    assert_eq!(spans[5][0], (1, 5));
    assert_eq!(spans[6], [(1, 3), (1, 2), (1, 1), (1, 1)]);
}

#[test]
fn lists_bands_and_landscape_come_out_too() {
    let blueprint = "\
name: '{year}年度项目 [#1] 表'
page: {orientation: landscape, widths: [10, 20.5, 30], repeat_header_rows: [t, h]}
rows:
  t: [[T, '{year}年任务', 3, 1]]
  h: [[H, 序号, 1, 1], [H, 任务, 1, 1], [H, 金额, 1, 1]]
  task(rep): [[D, task.no, 1, 1], [D, task.name, 1, 1], [D, amount, 1, 1]]
  sum: [[L, 合计, 2, 1], [D, sum.total, 1, 1]]
  box: [[L, 是否, 1, 1], [D, □是 ☑否, 2, 1]]
";
    let trial = Trial::with_own_templates().file("grid.yaml", blueprint);
    trial.run_well(&[
        "form",
        "new",
        "templates/某地/某表",
        "--blueprint",
        "grid.yaml",
        "--templates",
        "templates",
    ]);
    let (in_pdf, in_word) = grids(&trial, "某地/某表", "填报-某某市某某局");
    assert_eq!(difference(&in_pdf[0], &in_word[0]), None);
    assert_eq!(in_word[0].texts()[0], ["2024年任务"]);
    assert_eq!(in_word[0].texts()[4], ["是否", "□是 ☑否"]);
    // The leading header rows repeat on a new page.
    let headers: Vec<bool> = in_word[0].rows.iter().map(|row| row[0].header).collect();
    assert_eq!(headers, [true, true, false, false, false]);
}

#[test]
fn a_blueprint_that_does_not_fit_is_a_diagnostic() {
    let blueprint =
        "name: x\npage: {widths: [1, 1]}\nrows:\n  r1: [[L, 甲, 1, 1]]\n  r2: [[L, 乙, 3, 1]]\n";
    let trial = Trial::new().file("grid.yaml", blueprint);
    let outcome = trial.run(&["form", "new", "新表", "--blueprint", "grid.yaml"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("grid.yaml:4:3") && outcome.stderr.contains("恰好占满 2 列"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("grid.yaml:5:8"),
        "{}",
        outcome.stderr
    );
    assert!(!trial.path("新表").exists());
}

#[test]
fn a_field_is_a_value_or_holds_others() {
    let blueprint = "name: x\npage: {widths: [1, 1]}\nrows:\n  a: [[L, 资金, 1, 1], [D, funds, 1, 1]]\n  b: [[L, 市级, 1, 1], [D, funds.city, 1, 1]]\n";
    let trial = Trial::new().file("grid.yaml", blueprint);
    let outcome = trial.run(&["form", "new", "新表", "--blueprint", "grid.yaml"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("`funds` 不能既是一个值"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn what_an_item_of_a_list_leaves_out_is_blank() {
    let blueprint = "name: x\npage: {widths: [1, 1]}\nrows:\n  h: [[H, 名称, 1, 1], [H, 金额, 1, 1]]\n  item(rep): [[D, item.name, 1, 1], [D, item.amount, 1, 1]]\n  t: [[L, 联系人, 1, 1], [D, people(join 、), 1, 1]]\n";
    let trial = Trial::with_own_templates().file("grid.yaml", blueprint);
    trial.run_well(&[
        "form",
        "new",
        "templates/某地/某表",
        "--blueprint",
        "grid.yaml",
        "--templates",
        "templates",
    ]);
    let project = "form: 某地/某表\nyear: 2024\ndepartments: [某局]\nitems: [{name: 甲}, {amount: 5}]\npeople: [张三, 李四]\n";
    let trial = trial.file("a.yaml", project);
    trial.run_well(&[
        "render",
        "a.yaml",
        "--templates",
        "templates",
        "--font-path",
        &fonts(),
    ]);
    let grids = word::grids(&trial.read("out/填报-某局.docx")).unwrap();
    assert_eq!(
        grids[0].texts()[1..],
        [["甲", ""], ["", "5"], ["联系人", "张三、李四"]]
    );
}

#[test]
fn an_existing_pack_is_never_overwritten() {
    let blueprint = root().join("templates/hunan/cbec-fund-target/blueprint.yaml");
    let trial = Trial::new().file("旧表/form.typ", "手工改过");
    let outcome = trial.run(&[
        "form",
        "new",
        "旧表",
        "--blueprint",
        blueprint.to_str().unwrap(),
    ]);
    assert_eq!(outcome.code, 2);
    assert_eq!(trial.read("旧表/form.typ"), "手工改过".as_bytes());
}
