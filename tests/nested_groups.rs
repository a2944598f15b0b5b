//! Indicators in groups, 一级 → 二级 → 三级, with equal labels side by side: each
//! group is one cell, as Word files say it and as LibreOffice reads it.

use std::fs;
use std::path::{Path, PathBuf};

use tianbao::parity::word::{Element, grids, part};

use crate::support::program::Trial;
use crate::support::tools::{validate_word, word_to_odt};
use crate::support::word_file::{WordFile, document};

/// The cells that begin in each row: text and rows taken.
type Table = Vec<Vec<(String, usize)>>;

/// A template's rows, the data, and the table that comes out: rows on lines,
/// `×2` for two rows taken.
struct Case {
    name: &'static str,
    rows: &'static [&'static [&'static str]],
    data: &'static str,
    expected: &'static str,
}

/// Two 一级 of one name, and in each 二级 of one name.
const GROUPS: &str = "
产出指标×4 数量指标×2 培训人次
参展企业
数量指标×1 产业园
质量指标×1 培训人次
产出指标×2 质量指标×1 合格率
数量指标×1 海外仓
效益指标×1 数量指标×1 海外仓";

const CASES: [Case; 5] = [
    Case {
        name: "loops",
        rows: &[
            &["{%tr for a in groups %}", "", ""],
            &["{%tr for b in a.groups %}", "", ""],
            &["{%tr for c in b.names %}", "", ""],
            &[
                "{% vm a.name %}{{ a.name }}",
                "{% vm b.name %}{{ b.name }}",
                "{{ c }}",
            ],
            &["{%tr endfor %}", "", ""],
            &["{%tr endfor %}", "", ""],
            &["{%tr endfor %}", "", ""],
        ],
        data: "
groups:
  - name: 产出指标
    groups:
      - {name: 数量指标, names: [培训人次, 参展企业]}
      - {name: 数量指标, names: [产业园]}
      - {name: 质量指标, names: [培训人次]}
  - name: 产出指标
    groups:
      - {name: 质量指标, names: [合格率]}
      - {name: 数量指标, names: [海外仓]}
  - name: 效益指标
    groups:
      - {name: 数量指标, names: [海外仓]}
",
        expected: GROUPS,
    },
    Case {
        name: "keys",
        rows: &[
            &["{%tr for row in rows %}", "", ""],
            &[
                "{% vm row.key1 %}{{ row.level1 }}",
                "{% vm row.key2 %}{{ row.level2 }}",
                "{{ row.name }}",
            ],
            &["{%tr endfor %}", "", ""],
        ],
        data: "
rows:
  - {key1: 1, level1: 产出指标, key2: 1.1, level2: 数量指标, name: 培训人次}
  - {key1: 1, level1: 产出指标, key2: 1.1, level2: 数量指标, name: 参展企业}
  - {key1: 1, level1: 产出指标, key2: 1.2, level2: 数量指标, name: 产业园}
  - {key1: 1, level1: 产出指标, key2: 1.3, level2: 质量指标, name: 培训人次}
  - {key1: 2, level1: 产出指标, key2: 2.1, level2: 质量指标, name: 合格率}
  - {key1: 2, level1: 产出指标, key2: 2.2, level2: 数量指标, name: 海外仓}
  - {key1: 3, level1: 效益指标, key2: 3.1, level2: 数量指标, name: 海外仓}
",
        expected: GROUPS,
    },
    Case {
        name: "tree",
        rows: &[
            &["{%tr for row in indicators | rows %}", "", ""],
            &[
                "{% vm row.level1 %}{{ row.level1 }}",
                "{% vm row.level2 %}{{ row.level2 }}",
                "{{ row.name }}",
            ],
            &["{%tr endfor %}", "", ""],
        ],
        data: "
indicators:
  产出指标:
    数量指标: {培训人次: 500, 参展企业: 40}
    质量指标: {合格率: 90%}
  效益指标:
    质量指标: {合格率: 95%}
    数量指标: {海外仓: 1个}
  效益:
    数量指标: {海外仓: 2个}
",
        expected: "
产出指标×3 数量指标×2 培训人次
参展企业
质量指标×1 合格率
效益指标×2 质量指标×1 合格率
数量指标×1 海外仓
效益×1 数量指标×1 海外仓",
    },
    Case {
        name: "restart",
        rows: &[
            &["{%tr for row in rows %}", "", ""],
            &[
                "{% vm row.key, restart=row.again %}{{ row.key }}",
                "{% vm row.key ~ row.part, restart=loop.index0 % 3 == 0 %}{{ row.part }}",
                "{{ row.name }}",
            ],
            &["{%tr endfor %}", "", ""],
        ],
        data: "
rows:
  - {key: 产出, part: 数量, name: 一, again: false}
  - {key: 产出, part: 数量, name: 二, again: false}
  - {key: 产出, part: 数量, name: 三, again: true}
  - {key: 产出, part: 数量, name: 四, again: false}
  - {key: 产出, part: 质量, name: 五, again: false}
  - {key: 效益, part: 质量, name: 六, again: false}
",
        expected: "
产出×2 数量×3 一
二
产出×3 三
数量×1 四
质量×1 五
效益×1 质量×1 六",
    },
    Case {
        name: "rows-between",
        rows: &[
            &["{%tr for a in groups %}", "", ""],
            &["小计", "", "{{ a.name }}"],
            &["{%tr for b in a.names %}", "", ""],
            &[
                "{% vm a.name %}{{ a.name }}",
                "{% vm b.kind %}{{ b.kind }}",
                "{{ b.name }}",
            ],
            &["{%tr endfor %}", "", ""],
            &["{%tr endfor %}", "", ""],
        ],
        data: "
groups:
  - {name: 产出, names: [{kind: 数量, name: 一}, {kind: 数量, name: 二}]}
  - {name: 产出, names: [{kind: 数量, name: 三}, {kind: 质量, name: 四}]}
",
        expected: "
小计×1 ×1 产出
产出×2 数量×2 一
二
小计×1 ×1 产出
产出×2 数量×1 三
质量×1 四",
    },
];

fn template(rows: &[&[&str]]) -> Vec<u8> {
    let cell = |text: &&str| {
        format!(
            "<w:tc><w:tcPr><w:tcW w:w=\"2800\" w:type=\"dxa\"/></w:tcPr>\
             <w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"
        )
    };
    let row = |row: &&[&str]| format!("<w:tr>{}</w:tr>", row.iter().map(cell).collect::<String>());
    let rows: String = rows.iter().map(row).collect();
    let table = format!(
        "<w:tbl><w:tblPr><w:tblW w:w=\"8400\" w:type=\"dxa\"/></w:tblPr>\
         <w:tblGrid>{}</w:tblGrid>{rows}</w:tbl><w:p/>",
        "<w:gridCol w:w=\"2800\"/>".repeat(3)
    );
    let mut file = WordFile::new();
    file.part("word/document.xml", document(&table));
    file.bytes()
}

/// The filled-in file of a case.
fn filled(case: &Case) -> Vec<u8> {
    let trial = Trial::new()
        .file("template.docx", template(case.rows))
        .file("data.yaml", case.data);
    trial.run_well(&["merge", "template.docx", "data.yaml", "-o", "out.docx"]);
    trial.read("out.docx")
}

fn shown(table: &Table) -> String {
    let rows = table.iter().map(|row| {
        let last = row.len().saturating_sub(1);
        let cells = row
            .iter()
            .enumerate()
            .map(|(at, (text, rows))| match at == last {
                true => {
                    assert_eq!(*rows, 1, "{table:?}");
                    text.clone()
                }
                false => format!("{text}×{rows}"),
            });
        format!("\n{}", cells.collect::<Vec<_>>().join(" "))
    });
    rows.collect()
}

#[test]
fn each_group_is_one_cell() {
    for case in &CASES {
        let grids = grids(&filled(case)).unwrap();
        let row = |row: &Vec<tianbao::parity::grid::Cell>| {
            row.iter()
                .map(|cell| (cell.text.clone(), cell.rowspan))
                .collect()
        };
        let table: Table = grids[0].rows.iter().map(row).collect();
        assert_eq!(shown(&table), case.expected, "{}", case.name);
    }
}

/// The first table of an OpenDocument text.
fn table_of_odt(odt: &[u8]) -> Table {
    let content = part(odt, "content.xml").unwrap().unwrap();
    let content = Element::parse(&content).unwrap();
    let tables = content.descendants("table:table");
    let cell = |cell: &Element| {
        let rows = cell.attribute("table:number-rows-spanned");
        (cell.content(), rows.map_or(1, |rows| rows.parse().unwrap()))
    };
    let row = |row: &&Element| {
        let cells = row.elements().filter(|own| own.name == "table:table-cell");
        cells.map(cell).collect()
    };
    tables[0]
        .descendants("table:table-row")
        .iter()
        .map(row)
        .collect()
}

#[test]
#[ignore = "needs LibreOffice and the Open XML validator"]
fn libreoffice_reads_the_same_groups() {
    let folder = tempfile::tempdir().unwrap();
    let files = CASES.iter().map(|case| {
        let path = folder.path().join(format!("{}.docx", case.name));
        fs::write(&path, filled(case)).unwrap();
        path
    });
    let files: Vec<PathBuf> = files.collect();
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    validate_word(&files).unwrap_or_else(|findings| panic!("{findings}"));
    let odts = word_to_odt(&files, &folder.path().join("odt"));
    for (case, odt) in CASES.iter().zip(odts) {
        let table = table_of_odt(&fs::read(odt).unwrap());
        assert_eq!(shown(&table), case.expected, "{}", case.name);
    }
}
