//! Batches from tables: rows of CSV files and workbooks as projects.

use std::fs;

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};
use serde_json::{Value, json};
use tianbao::batch;
use tianbao::form::Templates;

use crate::support::program::{Outcome, Trial, root};
use crate::support::workbooks::with_part;

/// The table of the thirteen prefectures, as a clerk would keep it.
fn hunan() -> Trial {
    let base = fs::read(root().join("data/hunan-cbec-2024/base.yaml")).unwrap();
    Trial::new()
        .folder(&root().join("tests/tables/hunan-cbec-2024"))
        .file("base.yaml", base)
}

/// The same table as a workbook: numbers as numbers, percentages as shares.
fn workbook(csv: &str) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let percent = Format::new().set_num_format("0%");
    let grouped = Format::new().set_num_format("#,##0");
    let sheet = workbook.add_worksheet();
    sheet.set_name("填报").unwrap();
    for (row, line) in csv.trim_start_matches('\u{feff}').lines().enumerate() {
        for (column, text) in line.split(',').enumerate() {
            let at = (row as u32, column as u16);
            let share = text
                .strip_suffix('%')
                .and_then(|share| share.parse::<f64>().ok());
            match (text.parse::<f64>(), share) {
                _ if text.is_empty() => continue,
                (Ok(number), _) => sheet.write_number_with_format(at.0, at.1, number, &grouped),
                (_, Some(share)) => {
                    sheet.write_number_with_format(at.0, at.1, share / 100.0, &percent)
                }
                _ => sheet.write_string(at.0, at.1, text),
            }
            .unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn the_hunan_batch_is_the_same_from_files_and_from_tables() {
    let data = root().join("data/hunan-cbec-2024");
    let files = Trial::new();
    files.run_well(&["render", data.to_str().unwrap()]);
    let names = files.names("out");
    assert_eq!(names.len(), 28);

    let trial = hunan();
    trial.run_well(&["render", ".", "--out", "csv"]);
    let csv = fs::read_to_string(trial.path("十三市州.csv")).unwrap();
    let batch = fs::read_to_string(trial.path("batch.yaml")).unwrap();
    let batch = batch.replace("十三市州.csv", "十三市州.xlsx\nsheet: 填报");
    let trial = trial
        .file("十三市州.xlsx", workbook(&csv))
        .file("batch.yaml", batch);
    trial.run_well(&["render", "batch.yaml", "--out", "xlsx"]);
    for out in ["csv", "xlsx"] {
        assert_eq!(trial.names(out), names, "{out}");
        for name in &names {
            let same = trial.read(&format!("{out}/{name}")) == files.read(&format!("out/{name}"));
            assert!(same, "{out}/{name}");
        }
    }
}

const BATCH: &str = "form: hunan/cbec-fund-target\ntable: 表.xlsx\n";
const HEADERS: [&str; 7] = [
    "年度",
    "专项名称",
    "主管部门名称",
    "省级资金",
    "市、区拟配套资金",
    "年度总体目标",
    "indicators.产出指标.数量指标.培训人次数",
];

/// A workbook with one sheet: the headers, and in each row a good project
/// whose cells `change` may write over.
fn sheet(rows: u32, change: impl Fn(&mut Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("填报").unwrap();
    sheet.write_row(0, 0, HEADERS).unwrap();
    for row in 1..=rows {
        let department = format!("{}局", char::from(b'A' + row as u8 - 1));
        let cells = ["2024", "支持资金", &department, "100", "", "目标", "500"];
        for (column, text) in cells
            .iter()
            .enumerate()
            .filter(|(_, text)| !text.is_empty())
        {
            sheet.write_string(row, column as u16, *text).unwrap();
        }
    }
    change(sheet);
    workbook.save_to_buffer().unwrap()
}

fn run(table: Vec<u8>, arguments: &[&str]) -> (Trial, Outcome) {
    let trial = Trial::new()
        .file("batch.yaml", BATCH)
        .file("表.xlsx", table);
    let outcome = trial.run(arguments);
    (trial, outcome)
}

/// The diagnostics of all results, or of a plan that failed.
fn diagnostics(table: Vec<u8>) -> Vec<Value> {
    let (_, outcome) = run(table, &["check", ".", "--format", "json"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    let json: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let results = json["results"]
        .as_array()
        .cloned()
        .unwrap_or_else(|| vec![json]);
    results
        .iter()
        .flat_map(|result| result["diagnostics"].as_array().unwrap().clone())
        .collect()
}

/// Codes and places.
fn found(table: Vec<u8>) -> Vec<(String, String)> {
    let place = |found: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&found["code"]), text(&found["place"]["spot"]))
    };
    diagnostics(table).iter().map(place).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pair = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    pairs.iter().map(pair).collect()
}

#[test]
fn a_cell_prints_what_it_shows() {
    let format = |code: &str| Format::new().set_num_format(code);
    let table = sheet(1, |sheet| {
        sheet
            .write_number_with_format(1, 3, 235.5, &format("#,##0.00"))
            .unwrap();
        sheet
            .write_number_with_format(1, 4, 0.9, &format("0%"))
            .unwrap();
        let day = ExcelDateTime::from_ymd(2024, 12, 31).unwrap();
        sheet
            .write_datetime_with_format(1, 5, &day, &format("yyyy\"年\"m\"月\"d\"日\""))
            .unwrap();
        sheet
            .write_formula(1, 6, Formula::new("=250*2").set_result("500"))
            .unwrap();
    });
    let (trial, outcome) = run(table, &["render", ".", "--to", "pdf"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let pdf = trial.read("out/附件2-A局.pdf");
    let grids = tianbao::parity::pdf::grids(&pdf).unwrap();
    let printed: Vec<&str> = grids[0]
        .rows
        .iter()
        .flatten()
        .map(|cell| cell.text.as_str())
        .collect();
    for text in ["235.50", "90%", "2024年12月31日", "500"] {
        assert!(printed.contains(&text), "{text}: {printed:?}");
    }
}

#[test]
fn a_wrong_cell_fails_its_row_alone() {
    let table = sheet(4, |sheet| {
        sheet
            .write_formula(1, 3, Formula::new("=A1/0").set_result("#DIV/0!"))
            .unwrap();
        sheet.write_number(2, 3, 1.0 / 3.0).unwrap();
        sheet.write_string(3, 0, "二〇二四").unwrap();
        sheet.write_string(4, 8, "顺便一提").unwrap();
    });
    let expected = pairs(&[
        ("table/error-value", "工作表“填报” D2"),
        ("table/number-format", "工作表“填报” D3"),
        ("value/type", "工作表“填报” A4"),
        ("table/no-header", "工作表“填报” I5"),
    ]);
    assert_eq!(found(table), expected);
    let table = sheet(2, |sheet| {
        sheet
            .write_formula(1, 3, Formula::new("=A1/0").set_result("#REF!"))
            .unwrap();
    });
    let (trial, outcome) = run(table, &["render", ".", "--to", "pdf"]);
    assert_eq!(outcome.code, 1);
    assert_eq!(trial.names("out"), ["附件2-B局.pdf"]);
    let shown = [
        "错误[table/error-value]: 单元格是错误值 #REF!",
        "--> 表.xlsx 工作表“填报” D2",
        " = 内容: #REF!",
        " = 提示: 改好公式，或直接填写值",
    ]
    .join("\n");
    assert!(outcome.stderr.starts_with(&shown), "{}", outcome.stderr);
}

#[test]
fn machines_are_told_file_and_cell() {
    let table = sheet(2, |sheet| {
        sheet.write_string(1, 0, "二〇二四").unwrap();
        sheet.write_string(2, 2, "A局").unwrap();
    });
    let found = &diagnostics(table)[0];
    let place = json!({"file": "表.xlsx", "spot": "工作表“填报” A2"});
    assert_eq!((&found["place"], &found["field"]), (&place, &json!("year")));
    // Two rows of one name: each names the other.
    let table = sheet(2, |sheet| {
        sheet.write_string(2, 2, "A局").unwrap();
    });
    let found = &diagnostics(table)[0];
    assert_eq!(found["code"], "output/same-name");
    assert_eq!(found["place"]["spot"], "工作表“填报” 第2行");
    assert_eq!(found["related"][0]["place"]["spot"], "工作表“填报” 第3行");
}

#[test]
fn merged_cells_are_refused() {
    let table = sheet(2, |sheet| {
        sheet
            .merge_range(1, 3, 2, 3, "100", &Format::new())
            .unwrap();
    });
    assert_eq!(
        found(table),
        pairs(&[("table/merged", "工作表“填报” D2:D3")])
    );
}

#[test]
fn the_sheet_is_the_one_that_is_named() {
    let mut workbook = Workbook::new();
    for name in ["填报", "说明"] {
        workbook.add_worksheet().set_name(name).unwrap();
    }
    let table = workbook.save_to_buffer().unwrap();
    assert_eq!(found(table.clone()), pairs(&[("table/sheet", "")]));
    let trial = Trial::new()
        .file("batch.yaml", format!("{BATCH}sheet: 填表\n"))
        .file("表.xlsx", table);
    let outcome = trial.run(&["check", "."]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("是否想写 `填报`？"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("batch.yaml:3:8"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn hostile_workbooks_are_refused() {
    let good = sheet(1, |_| {});
    let texts = "xl/sharedStrings.xml";
    let promised = with_part(&good, texts, |xml| {
        xml.replace("uniqueCount=\"", "uniqueCount=\"9999999999")
    });
    assert_eq!(found(promised), pairs(&[("table/damaged", "")]));
    let late = with_part(&good, texts, |xml| {
        let filler = format!(
            "<!--{}--><sst uniqueCount=\"99999999999\"",
            "x".repeat(2 << 20)
        );
        xml.replacen("<sst", &filler, 1)
    });
    assert_eq!(found(late), pairs(&[("table/damaged", "")]));
    let long = with_part(&good, texts, |xml| {
        xml.replace("目标", &"标".repeat(22 << 20))
    });
    assert!(long.len() < 1 << 20);
    assert_eq!(found(long), pairs(&[("table/size", "")]));
    // One long text that many cells would repeat.
    let long = with_part(&good, texts, |xml| {
        xml.replace("目标", &"标".repeat(1 << 16))
    });
    assert_eq!(found(long), pairs(&[("table/size", "工作表“填报” F1")]));
    let styles = with_part(&good, "xl/styles.xml", |xml| {
        xml.replace(
            "</cellXfs>",
            &format!("{}</cellXfs>", "<xf/>".repeat(600_000)),
        )
    });
    assert_eq!(found(styles), pairs(&[("table/size", "")]));
    let cut = good[..good.len() / 2].to_vec();
    assert_eq!(found(cut), pairs(&[("table/damaged", "")]));
    assert_eq!(
        found(b"no workbook".to_vec()),
        pairs(&[("table/damaged", "")])
    );
    let columns = sheet(1, |sheet| {
        sheet.write_string(1, 5_000, "远").unwrap();
    });
    assert_eq!(
        found(columns),
        pairs(&[("table/size", "工作表“填报” GJI2")])
    );
}

#[test]
fn members_may_be_a_glob_and_share_form_and_base() {
    let example = fs::read_to_string(root().join("templates/hunan/cbec-fund-target/example.yaml"));
    let example = example
        .unwrap()
        .replace("form: hunan/cbec-fund-target\n", "");
    let trial = Trial::new()
        .file("省/batch.yaml", "volume: 全省\nform: hunan/cbec-fund-target\nbase: 共有.yaml\nmembers: ['*.yaml', '*/[a-z].yaml']\n")
        .file("省/共有.yaml", example)
        .file("省/甲.yaml", "departments: [甲局]\n")
        .file("省/乙的共有.yaml", "extends: 共有.yaml\nfunds: {province: 7}\n")
        .file("省/乙.yaml", "extends: 乙的共有.yaml\ndepartments: [乙局]\n")
        .file("省/下级/b.yaml", "departments: [丙局]\n")
        .file("省/下级/其他.txt", "不是项目");
    let outcome = trial.run_well(&["render", "省", "--to", "pdf"]);
    let names = [
        "全省.pdf",
        "附件2-丙局.pdf",
        "附件2-乙局.pdf",
        "附件2-甲局.pdf",
    ];
    assert_eq!(trial.names("out"), names, "{}", outcome.stderr);
    let volume = trial.read("out/全省.pdf");
    let titles = tianbao::parity::pdf::outline_titles(&volume).unwrap();
    assert_eq!(titles, ["乙局", "甲局", "丙局"]);
    // Once more, named twice: the same, once.
    let outcome = trial.run_well(&["check", "省", "省/batch.yaml"]);
    assert!(
        outcome.stderr.starts_with("通过 3 份和 1 本合订本"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_row_is_known_by_what_it_says() {
    let templates = Templates::open(&root().join("templates")).unwrap();
    let digests = |csv: &str, columns: &str| {
        let batch = format!("form: hunan/cbec-fund-target\ntable: 表.csv\ncolumns: {columns}\n");
        let trial = Trial::new().file("batch.yaml", batch).file("表.csv", csv);
        let plan = batch::plan(&[trial.path("batch.yaml")], &templates);
        let plan = plan.unwrap_or_else(|_| panic!("{csv}"));
        let sources = plan
            .sources
            .iter()
            .map(|file| file.file_name().unwrap().to_owned());
        assert_eq!(sources.collect::<Vec<_>>(), ["batch.yaml", "表.csv"]);
        plan.members
            .iter()
            .map(batch::Member::own_digest)
            .collect::<Vec<_>>()
    };
    let columns = "{单位: departments, 资金: funds.province, 备注: }";
    let known = digests("单位,资金,备注\n甲,1,\n乙,1,\n", columns);
    assert_ne!(known[0], known[1]);
    // A remark, another column and another row are nothing to it.
    let moved = digests("备注,单位,资金\n,丙,1\n好,甲,1\n", columns);
    assert_eq!(moved[1], known[0]);
    let blank = digests("单位,资金,备注\n甲,,1\n,甲,1\n", columns);
    assert!(!blank.contains(&known[0]));
    let mapped = digests(
        "单位,资金,备注\n甲,1,\n",
        "{单位: departments, 资金: funds.city, 备注: }",
    );
    assert_ne!(mapped[0], known[0]);
}

#[test]
fn a_formula_without_its_result_is_no_blank() {
    let batch = "form: hunan/cbec-fund-target\ntable: 表.xlsx\nbase: base.yaml\ncolumns: {单位: departments, 省级: funds.province}\n";
    let base = fs::read(root().join("templates/hunan/cbec-fund-target/example.yaml")).unwrap();
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, header) in ["单位", "省级"].into_iter().enumerate() {
        sheet.write(0, column as u16, header).unwrap();
    }
    sheet.write(1, 0, "甲局").unwrap();
    let formula = rust_xlsxwriter::Formula::new("=100+135").set_result("235");
    sheet.write_formula(1, 1, formula).unwrap();
    let worked_out = workbook.save_to_buffer().unwrap();
    // As programs write it that do not work formulas out.
    let bare = rezipped(&worked_out, |part| part.replace("<v>235</v>", "<v></v>"));
    assert_ne!(bare, worked_out);
    let trial = Trial::new()
        .file("batch.yaml", batch)
        .file("base.yaml", base)
        .file("表.xlsx", bare);
    let outcome = trial.run(&["check", "batch.yaml"]);
    assert_eq!(outcome.code, 1);
    let words = [
        "错误[table/formula]: 公式还没有算出结果",
        "表.xlsx 工作表“Sheet1” B2",
    ];
    assert!(
        words.iter().all(|words| outcome.stderr.contains(words)),
        "{}",
        outcome.stderr
    );
    trial
        .file("表.xlsx", worked_out)
        .run_well(&["check", "batch.yaml"]);
}

/// A workbook with its parts changed.
fn rezipped(bytes: &[u8], change: impl Fn(String) -> String) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut part, &mut text).unwrap();
        writer
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        std::io::Write::write_all(&mut writer, change(text).as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
