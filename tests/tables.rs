//! Batches from tables: rows of CSV files and workbooks as projects.

use std::fs;

use rust_xlsxwriter::{Format, Workbook};

use crate::support::program::{Trial, root};

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
    assert_eq!(names.len(), 27);

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
