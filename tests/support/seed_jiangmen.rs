//! The published text of form 004 (江门): 基本情况 and 指标评分表, as the rows they print.
//!
//! A tab starts a cell, an empty line ends a block. A cell that a merge covers is left empty
//! or has the merged text again. 指标评分表 stands on two pages, each with the header rows;
//! several of its rows have a blank too many or too few before a cell.

use super::seed_text::{Resolution, blocks, outside, printed, resolve};

/// What differs from the seed in 基本情况 on purpose; rows by their second column.
const BASICS_RESOLUTIONS: [Resolution; 1] = [Resolution {
    row: "实施文件依据",
    column: 2,
    seed: "局三方方案",
    truth: "局三定方案",
    reason: "定 misread as 方: 三定方案 is what such a basis is called",
}];

/// What differs from the seed in 指标评分表 on purpose; rows by the name of the indicator.
const SCORES_RESOLUTIONS: [Resolution; 8] = [
    Resolution {
        row: "服务公共服务平台注册企业",
        column: RULE,
        seed: "“部分达成预期指标且效果较差”三档",
        truth: "“部分达成预期指标并具有一定效果”、“未达成预期指标且效果较差”三档",
        reason: "three tiers are announced, two are named; the second page has all three",
    },
    Resolution {
        row: "服务公共服务平台注册企业",
        column: EVIDENCE,
        seed: "跨境电商电子商务",
        truth: "跨境电子商务",
        reason: "one bulletin, named rightly on the second page",
    },
    route("接转入境人员", REASON, "陆路口岸"),
    route("接转入境人员", EVIDENCE, "陆路口岸"),
    route("入境人员接转错漏率", REASON, "陆空口岸"),
    route("入境人员接转错漏率", EVIDENCE, "陆空口岸"),
    route("境外输入病例传播扩散例数", REASON, "陆空口岸"),
    route("境外输入病例传播扩散例数", EVIDENCE, "陆空口岸"),
];

const fn route(row: &'static str, column: usize, seed: &'static str) -> Resolution {
    Resolution {
        row,
        column,
        seed,
        truth: "陆路与航空口岸",
        reason: "one notice under two titles; the office that gave it is 陆路与航空口岸",
    }
}

/// The columns of 指标评分表 that are named here.
const NAME: usize = 4;
const REASON: usize = 9;
const RULE: usize = 10;
const EVIDENCE: usize = 11;

/// A row whose cells stand beside their columns: the blank cells that are not there in the
/// form, then the place of a blank cell that is lost.
struct Shift {
    name: &'static str,
    drop: &'static [usize],
    insert: Option<usize>,
}

/// 评分标准 or 参考佐证材料 one to the right, 未达标原因分析 two; and on the second page all from
/// 三级指标 on one to the right, where 二级指标 has no weight of its own.
const SHIFTS: [Shift; 7] = [
    shift("服务公共服务平台注册企业", &[9], None),
    shift("接转入境人员", &[9, 10], Some(RULE)),
    shift("向广东省重要产品追溯平台报送数据数量", &[9], None),
    shift("进出口贸易总额", &[9], None),
    shift("境外输入病例传播扩散例数", &[4], Some(RULE)),
    shift("形成统计分析报告", &[4], None),
    shift("服务对象满意度", &[4], None),
];

const fn shift(name: &'static str, drop: &'static [usize], insert: Option<usize>) -> Shift {
    Shift { name, drop, insert }
}

/// Where the cells of 合计 stand: the blanks of the seed are no columns.
const SUM_COLUMNS: [usize; 5] = [0, 1, 3, 5, 8];

/// For each row of 基本情况 the line it stands in, and for each column the field of that
/// line. Two rows stand in the last line: the headings of 绩效目标情况 and what is below them.
const BASICS: [(usize, [usize; 7]); 8] = [
    (0, [0, 1, 2, 3, 4, 5, 6]),
    (1, [0, 1, 2, 3, 4, 5, 6]),
    (2, [0, 1, 2, 2, 2, 5, 6]),
    (3, [0, 1, 2, 3, 3, 3, 3]),
    (4, [0, 1, 2, 3, 4, 5, 6]),
    (5, [0, 1, 2, 3, 4, 5, 6]),
    (6, [1, 2, 2, 2, 2, 3, 3]),
    (6, [1, 5, 5, 5, 5, 4, 4]),
];

/// The blocks of the document.
struct Published<'a> {
    attachment: &'a [&'a str],
    unit: &'a [&'a str],
    money: &'a [&'a str],
    basics: &'a [&'a str],
    band: &'a [&'a str],
    pages: [&'a [&'a str]; 2],
}

fn published<'a>(blocks: &'a [Vec<&'a str>]) -> Published<'a> {
    let [attachment, unit, money, basics, band, first, second] = blocks else {
        panic!("seed: {} blocks", blocks.len());
    };
    Published {
        attachment,
        unit,
        money,
        basics,
        band,
        pages: [first, second],
    }
}

/// The lines above 基本情况: label, 填报单位名称 (left blank), currency unit. The title is lost.
pub(crate) fn around(text: &str) -> [String; 3] {
    let blocks = blocks(text);
    let published = published(&blocks);
    [published.attachment, published.unit, published.money].map(outside)
}

/// 基本情况. Panics on a line it cannot place.
pub(crate) fn basics(text: &str) -> Vec<Vec<String>> {
    let blocks = blocks(text);
    let mut lines: Vec<_> = published(&blocks)
        .basics
        .iter()
        .map(|line| fields(&unwrapped(line)))
        .collect();
    assert_eq!(lines.len(), 7, "lines of 基本情况");
    resolve(&mut lines, 1, &BASICS_RESOLUTIONS);
    // The label above 绩效目标情况 is that of the rows before it, printed again.
    assert_eq!(lines[6][0], lines[3][0]);
    lines[6][0].clear();
    for at in [1, 2, 4, 5] {
        assert_eq!(lines[at][0], "", "a covered cell");
        lines[at][0] = lines[at - 1][0].clone();
    }
    assert_placed(&lines);
    let row = |(line, columns): (usize, [usize; 7])| columns.map(|at| lines[line][at].clone());
    BASICS.map(|place| row(place).to_vec()).to_vec()
}

/// Panics where a field that has text goes into no row of 基本情况.
fn assert_placed(lines: &[Vec<String>]) {
    for (at, line) in lines.iter().enumerate() {
        let mut columns = BASICS.iter().filter(|(line, _)| *line == at);
        for (field, text) in line.iter().enumerate() {
            let placed = columns.clone().any(|(_, columns)| columns.contains(&field));
            assert!(placed || text.is_empty(), "seed: {text:?} has no place");
        }
        assert!(
            columns.next().is_some() && line.len() == 7,
            "seed: {line:?}"
        );
    }
}

/// A line whose paragraphs are marked up, without the marks.
fn unwrapped(line: &str) -> String {
    let line = line
        .replace("</p> <p>", "")
        .replacen("<p>", "", 1)
        .replacen("</p>", "", 1);
    assert!(!line.contains(['<', '>']), "seed: markup in {line:?}");
    line
}

fn fields(line: &str) -> Vec<String> {
    line.split('\t').map(printed).collect()
}

/// 指标评分表 with its header rows once. Panics on a line it cannot place.
pub(crate) fn scores(text: &str) -> Vec<Vec<String>> {
    let blocks = blocks(text);
    let published = published(&blocks);
    let [first, second] = published
        .pages
        .map(|page| page.iter().map(|line| fields(line)).collect::<Vec<_>>());
    let (first_heading, first) = first.split_at(2);
    let (heading, second) = second.split_at(4);
    let (second, end) = second.split_at(second.len() - 5);

    let mut rows = headings(heading);
    assert_restated(&rows, &outside(published.band), first_heading);
    let mut lines: Vec<_> = first.iter().chain(second).cloned().collect();
    shift_cells(&mut lines);
    let row = |line: &Vec<String>| spread(&whole(line), &[1; 12]);
    let mut body: Vec<_> = lines.iter().map(row).collect();
    resolve(&mut body, NAME, &SCORES_RESOLUTIONS);
    fill_labels(&mut body);
    fill_rule(&mut body);
    rows.extend(body);
    rows.push(sum(&end[0]));
    rows.extend(end[1..].iter().map(|line| narrative(line)));
    rows
}

/// The band and the three header rows, as the second page has them.
fn headings(lines: &[Vec<String>]) -> Vec<Vec<String>> {
    let [band, groups, levels, names] = lines else {
        panic!("seed: {} header rows", lines.len());
    };
    let band = spread(band, &[12]);
    let groups = spread(groups, &[6, 1, 1, 1, 1, 1, 1]);
    // A blank after 一级指标 is lost: each level has a name and a weight.
    let mut levels = levels.clone();
    levels.insert(1, String::new());
    assert_eq!(levels.pop().as_deref(), Some(""), "the last of {levels:?}");
    let below = |line: &[String], spans: &[usize]| {
        let mut row = spread(line, spans);
        assert!(row[6..].iter().all(String::is_empty), "seed: {row:?}");
        row[6..].clone_from_slice(&groups[6..]);
        row
    };
    let levels = below(&levels, &[2, 2, 2, 1, 1, 1, 1, 1, 1]);
    let names = below(names, &[1; 12]);
    vec![band, groups, levels, names]
}

/// The first page has the header rows as well, without 评价指标 and the band apart.
fn assert_restated(headings: &[Vec<String>], band: &str, lines: &[Vec<String>]) {
    assert_eq!(band, headings[0][0]);
    let levels = spread(&lines[0], &[2, 2, 2, 1, 1, 1, 1, 1, 1]);
    assert_eq!(levels, headings[2]);
    let names = spread(&lines[1], &[1; 12]);
    assert_eq!(names[..6], headings[3][..6]);
    assert!(names[6..].iter().all(String::is_empty), "seed: {names:?}");
}

/// The twelve columns of a line whose cells take so many. Panics where a covered place or
/// the thirteenth field, which is no column, has text.
fn spread(line: &[String], spans: &[usize]) -> Vec<String> {
    let mut rest = line;
    let mut row = Vec::new();
    for &span in spans {
        let (cell, next) = rest.split_at(span);
        assert!(cell[1..].iter().all(String::is_empty), "seed: {line:?}");
        row.extend(std::iter::repeat_n(cell[0].clone(), span));
        rest = next;
    }
    assert_eq!((row.len(), rest), (12, &[String::new()][..]), "{line:?}");
    row
}

/// Moves the cells that `SHIFTS` lists to their columns. Panics where it names no row.
fn shift_cells(lines: &mut [Vec<String>]) {
    for shift in &SHIFTS {
        let named = |line: &&mut Vec<String>| line.iter().any(|cell| cell == shift.name);
        let mut named = lines.iter_mut().filter(named);
        let (Some(line), None) = (named.next(), named.next()) else {
            panic!("seed: not one row {:?}", shift.name);
        };
        for &at in shift.drop.iter().rev() {
            assert_eq!(line.remove(at), "", "a blank of {}", shift.name);
        }
        if let Some(at) = shift.insert {
            line.insert(at, String::new());
        }
        assert_eq!(line[NAME], shift.name);
    }
}

/// A line with thirteen fields, blank ones added at its end.
fn whole(line: &[String]) -> Vec<String> {
    assert!(line.len() <= 13, "seed: {line:?}");
    let mut line = line.to_vec();
    line.resize(13, String::new());
    line
}

/// Writes 一级, 二级 and their weights down the rows they cover.
fn fill_labels(rows: &mut [Vec<String>]) {
    for at in 1..rows.len() {
        let (above, rows) = rows.split_at_mut(at);
        let (above, row) = (above.last().expect("a row above"), &mut rows[0]);
        if row[0].is_empty() {
            assert_eq!(row[1], "", "a weight without its 一级");
            row[..2].clone_from_slice(&above[..2]);
        }
        if row[2].is_empty() {
            assert_eq!(row[3], "", "a weight without its 二级");
            row[2].clone_from(&above[2]);
        }
        if row[3].is_empty() {
            assert_eq!(row[0], above[0], "{} has no weights", row[0]);
            row[3].clone_from(&above[3]);
        }
    }
}

/// Writes the rule of 产出 and 效益 down their rows. It is one merged cell, whose text each
/// page has: the first whole, the second torn. Panics where these differ.
fn fill_rule(rows: &mut [Vec<String>]) {
    let merged = rows.iter_mut().filter(|row| row[0] != "决策");
    let mut cells: Vec<_> = merged.map(|row| &mut row[RULE]).collect();
    let parts = cells.iter().map(|cell| cell.to_string());
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    let [first, second @ ..] = parts.as_slice() else {
        panic!("seed: no rule");
    };
    assert_eq!(*first, second.concat());
    cells.iter_mut().for_each(|cell| cell.clone_from(first));
}

fn sum(line: &[String]) -> Vec<String> {
    let cells: Vec<_> = line.iter().filter(|cell| !cell.is_empty()).collect();
    assert_eq!((cells.len(), cells[0].as_str()), (5, "合计："));
    let mut row = vec![String::new(); 12];
    for (column, cell) in SUM_COLUMNS.into_iter().zip(cells) {
        row[column].clone_from(cell);
    }
    row
}

/// A part of the report, over eleven columns, and the hint beside it.
fn narrative(line: &[String]) -> Vec<String> {
    spread(&whole(line), &[11, 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = include_str!("../seeds/004-jiangmen.txt");

    /// The rows of the indicators.
    fn body(rows: &[Vec<String>]) -> &[Vec<String>] {
        &rows[4..rows.len() - 5]
    }

    fn hundredths(cell: &str) -> u32 {
        let (whole, decimals) = cell.split_once('.').unwrap_or((cell, ""));
        format!("{whole}{decimals:0<2}").parse().expect(cell)
    }

    fn count(rows: &[Vec<String>], column: usize, text: &str) -> usize {
        rows.iter().filter(|row| row[column] == text).count()
    }

    #[test]
    fn every_row_is_found() {
        assert_eq!(basics(SEED).len(), 8);
        let rows = scores(SEED);
        assert_eq!(rows.len(), 4 + 21 + 1 + 4);
        let body = body(&rows);
        let of = |level1| count(body, 0, level1);
        assert_eq!(["决策", "产出", "效益"].map(of), [2, 10, 9]);
        let levels = body.chunk_by(|a, b| a[2] == b[2]);
        let levels: Vec<_> = levels
            .map(|rows| (rows[0][2].as_str(), rows.len()))
            .collect();
        let expected = [
            ("资金管理", 1),
            ("事项管理", 1),
            ("数量指标", 6),
            ("质量指标", 2),
            ("时效指标", 1),
            ("成本指标", 1),
            ("经济效益指标", 5),
            ("社会效益指标", 1),
            ("生态效益指标", 1),
            ("可持续影响指标", 1),
            ("满意度指标", 1),
        ];
        assert_eq!(levels, expected);
        assert_eq!(count(body, NAME, ""), 1);
        assert!(rows.iter().all(|row| row.len() == 12));
        assert!(basics(SEED).iter().all(|row| row.len() == 7));
    }

    /// The total of the first weights is wrong in the published text: they give 100.
    #[test]
    fn weights_and_scores_are_as_published() {
        let rows = scores(SEED);
        let body = body(&rows);
        let named = || body.iter().filter(|row| !row[NAME].is_empty());
        let total = |column: usize| named().map(|row| hundredths(&row[column])).sum::<u32>();
        assert_eq!((named().count(), total(5), total(8)), (20, 10_000, 9982));
        let weights = body.chunk_by(|a, b| a[0] == b[0]);
        let weights: Vec<_> = weights.map(|rows| rows[0][1].as_str()).collect();
        assert_eq!(weights, ["20", "40", "40"]);
        let sum = &rows[25];
        assert_eq!(
            *sum,
            [
                "合计：",
                "140",
                "",
                "100",
                "",
                "100",
                "",
                "",
                "99.82",
                "",
                "",
                ""
            ]
        );
    }

    #[test]
    fn merged_cells_are_written_at_every_place() {
        let rows = scores(SEED);
        assert!(rows[0].iter().all(|cell| cell == "指标评分表"));
        assert_eq!(
            rows[2][..6].join(" "),
            "一级指标 一级指标 二级指标 二级指标 三级指标 三级指标"
        );
        assert_eq!(rows[1][6..], rows[3][6..]);
        let body = body(&rows);
        assert_eq!(count(body, 3, "各项指标权重=40/指标总数"), 19);
        assert_eq!(
            body[2..]
                .iter()
                .filter(|row| row[RULE] == body[2][RULE])
                .count(),
            19
        );
        assert!(body[2][RULE].contains("“未达成预期指标且效果较差”三档，"));
        let empty = &body[19];
        assert_eq!(empty[..3], ["效益", "40", "可持续影响指标"]);
        assert!(empty[4..RULE].iter().all(String::is_empty) && empty[EVIDENCE].is_empty());
    }

    #[test]
    fn shifted_cells_stand_in_their_columns() {
        let rows = scores(SEED);
        let body = body(&rows);
        let reasons: Vec<_> = body.iter().filter(|row| !row[REASON].is_empty()).collect();
        let names: Vec<_> = reasons.iter().map(|row| row[NAME].as_str()).collect();
        let expected = [
            "接转入境人员",
            "入境人员接转错漏率",
            "境外输入病例传播扩散例数",
        ];
        assert_eq!(names, expected);
        for row in reasons {
            assert_eq!(row[REASON], reasons_text());
            assert!(row[EVIDENCE].starts_with("【停止接转通知】广东省陆路与航空口岸"));
        }
        let without: Vec<_> = body.iter().filter(|row| row[EVIDENCE].is_empty()).collect();
        assert_eq!(without.len(), 5);
        assert_eq!(count(body, EVIDENCE, "统计分析报告"), 1);
    }

    fn reasons_text() -> &'static str {
        "根据广东省陆路与航空口岸疫情防控工作专班关于优化调整陆路与航空口岸入境人员接转分流工作的通知\
         （粤防疫指办陆空函〔2022〕597号）统一安排，江门市于2023年1月1日起停止接转工作。"
    }

    #[test]
    fn the_basics_are_as_published() {
        let rows = basics(SEED);
        let labels: Vec<_> = rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(labels[..3], ["基本情况"; 3]);
        assert_eq!(labels[3..6], ["资金情况"; 3]);
        assert_eq!(labels[6..], ["绩效目标情况"; 2]);
        assert_eq!(
            rows[2][1..],
            [
                "实施文件依据",
                "局三定方案",
                "局三定方案",
                "局三定方案",
                "项目级次",
                "一级"
            ]
        );
        assert_eq!(
            rows[3][2..],
            ["预算计划安排", "2903.24", "2903.24", "2903.24", "2903.24"]
        );
        assert_eq!(
            rows[5][1..],
            [
                "资金使用情况",
                "实际支出金额",
                "市本级",
                "4149.88",
                "转移支付至下级",
                ""
            ]
        );
        assert!(rows[7][1].starts_with("1、组织企业") && rows[7][4].ends_with("监测等工作。"));
        assert_eq!(rows[7][5..], ["", ""]);
    }

    #[test]
    fn the_report_has_its_hints() {
        let rows = scores(SEED);
        let parts: Vec<_> = rows[26..]
            .iter()
            .map(|row| (row[10].as_str(), row[11].as_str()))
            .collect();
        let hint = "含自评工作质量、资金管理、项目管理、项目绩效等方面";
        assert!(
            parts[0]
                .0
                .starts_with("一、资金使用绩效：（一）资金支出情况：1.本专项2023年")
        );
        assert!(parts[0].0.ends_with("4.我市电子商务交易额299.43亿元。"));
        assert_eq!(parts[0].1, hint);
        let expected = [
            ("二、资金使用绩效存在的问题：无。", ""),
            ("三、改进意见：无。", hint),
            ("四、到期资金：", "仅专项资金需填报"),
        ];
        assert_eq!(parts[1..], expected);
    }

    #[test]
    fn lines_above_the_table_are_found() {
        assert_eq!(around(SEED), ["附件4", "填报单位名称：", "金额单位：万元"]);
    }
}
