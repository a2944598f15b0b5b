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
fn what_would_do_nothing_is_a_diagnostic() {
    let blueprint = "\
甲:
  title: x
  year: 今年
  page: {widths: [10, x, 20], orientation: landscpe, repeat_header_row: [h]}
  rows:
    h: [[H, 甲, 1, 1], [H, 乙, one, 1, {algin: right}]]
    a(re): [[D, a.b(paragraph), 1, 1], [D, 资金, 1, 1, {filter: money}]]
    b: [[L, 丙, 1, 1], [D, c, 1, 1, {filter: money(2, grouping=true)}]]
乙:
  note: 注
  page: {widths: [1, 1]}
  rows: {a: [[L, 甲, 1, 1], [D, d, 1, 1, {align: middle}]]}
";
    let trial = Trial::new().file("grid.yaml", blueprint);
    let new = |grids: &[&str]| {
        let grids = grids.iter().flat_map(|grid| ["--grid", grid]);
        let command = ["form", "new", "新表", "--blueprint", "grid.yaml"];
        trial.run(&command.into_iter().chain(grids).collect::<Vec<_>>())
    };
    let outcome = new(&["甲", "乙"]);
    assert_eq!(outcome.code, 1);
    let at = |place: &str, words: &str| {
        let found = outcome.stderr.split("错误[form/blueprint]: ");
        let mut found = found.filter(|problem| problem.contains(&format!("grid.yaml:{place}\n")));
        assert!(
            found.any(|problem| problem.starts_with(words)),
            "{place} {words}\n{}",
            outcome.stderr
        );
    };
    at("3:9", "`year` 是四位数的年度");
    at("4:23", "列宽应是数字");
    at("4:44", "`orientation` 只能是 portrait 或 landscape");
    at("4:54", "`page` 里没有 `repeat_header_row`");
    at("6:30", "列数应是 1 以上的整数");
    at("6:39", "格子没有 `algin` 这个选项");
    at("7:5", "`a(re)` 不会重复");
    at("7:17", "不知道 `(paragraph)` 是什么意思");
    at("7:55", "`filter` 只对字段起作用");
    at("8:54", "格子没有 `grouping=true)` 这个选项");
    at("10:3", "`note` 说的是整个表式，写在第一张表里");
    at("12:49", "`align` 只能是 left 或 right");
    let outcome = new(&[]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("可写多次：甲、乙"),
        "{}",
        outcome.stderr
    );
    let outcome = new(&["丙"]);
    assert!(
        outcome.stderr.contains("没有叫 丙 的表；有：甲、乙"),
        "{}",
        outcome.stderr
    );
}

/// What a cell says of its field is in the schema, and the example prints.
#[test]
fn a_new_pack_passes_its_check() {
    let blueprint = "\
title: 申报表
page: {widths: [20, 40, 40]}
rows:
  a: [[L, 是否新增, 1, 1], [D, is_new, 2, 1, {filter: checkbox}]]
  b: [[L, 支出, 1, 3], [H, 内容, 1, 1], [H, 金额, 1, 1]]
  cost(rep): [[D, name, 1, 1], [D, amount, 1, 1]]
  sum: [[L, 合计, 1, 1], [D, '', 1, 1, {print: \"{{ costs | sum(attribute='amount') }}\"}]]
";
    let trial = Trial::with_own_templates().file("grid.yaml", blueprint);
    let pack = "templates/某地/某表";
    let own = ["--templates", "templates"];
    let command = ["form", "new", pack, "--blueprint", "grid.yaml"];
    trial.run_well(&[&command[..], &own].concat());
    let schema = trial.read(&format!("{pack}/schema.json"));
    let schema: serde_json::Value = serde_json::from_slice(&schema).unwrap();
    let all = &schema["properties"];
    assert_eq!(all["year"]["x-printed"], false);
    assert_eq!(all["departments"]["x-printed"], false);
    assert_eq!(all["is_new"]["type"][0], "boolean");
    assert_eq!(all["costs"]["title"], "支出");
    let of_costs = &all["costs"]["items"]["properties"];
    assert_eq!(of_costs["name"]["title"], "内容");
    assert_eq!(of_costs["amount"]["type"][0], "number");
    let fonts = fonts();
    let command = ["form", "check", "某地/某表", "--font-path", &fonts];
    let checked = trial.run_well(&[&command[..], &own].concat());
    assert_eq!(checked.stdout, "某地/某表：示例，2 张表，没有发现问题\n");
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
