//! The published text of form 000 (南昌): one table as the rows it means.
//!
//! The text is a page-wise extraction in Markdown: every page is a table of its
//! own, repeats the headings and prints the labels of its first indicator again;
//! a cell that a merge covers is left empty. `<p>` marks a paragraph in a cell.

use super::published::normalised;

/// The columns: 一级指标, 二级指标, 三级指标 (two of them), 目标值.
const COLUMNS: usize = 5;

const HEADINGS: [&str; 4] = ["一级指标", "二级指标", "三级指标", "目标值"];

const MOVED: &str = "name and target are in wrong columns; the rows around it are 成本指标";

/// What is not read as it stands: where, the seed's fragment, the true text, why.
const RESOLUTIONS: [(&str, &str, &str, &str); 8] = [
    (
        "成本指标, page 3",
        "对获得年度外贸预警监测一、二、三等奖的先进县区外贸主管部门的支持标准 | | ≤20万元/家 | |",
        "| | 对获得年度外贸预警监测一、二、三等奖的先进县区外贸主管部门的支持标准 | ≤20万元/家 |",
        MOVED,
    ),
    (
        "成本指标, page 3",
        "对当年度首次实现出口300万美元(含)以上县(区)、开发区新引进生产型项目支持标准 | | ≤30万元/家 | |",
        "| | 对当年度首次实现出口300万美元(含)以上县(区)、开发区新引进生产型项目支持标准 | ≤30万元/家 |",
        MOVED,
    ),
    (
        "成本指标, page 3",
        "对参加境内外展会的外贸企业展位费支持标准 | | ≤2万元/每个摊位 | |",
        "| | 对参加境内外展会的外贸企业展位费支持标准 | ≤2万元/每个摊位 |",
        MOVED,
    ),
    (
        "成本指标, page 3",
        "参加境外展会的外贸企业人员费支持标准 | | 因公出差经费标准70%/家 | |",
        "| | 参加境外展会的外贸企业人员费支持标准 | 因公出差经费标准70%/家 |",
        MOVED,
    ),
    (
        "成本指标, page 3",
        "对参加线上展览会的外贸企业每个展会实际参展费的支持标准 | | ≤3万元/个 | |",
        "| | 对参加线上展览会的外贸企业每个展会实际参展费的支持标准 | ≤3万元/个 |",
        MOVED,
    ),
    (
        "成本指标, page 4",
        "老字号企业在南昌市开设直营店奖励 | 4万元/家 | | |",
        "| | 老字号企业在南昌市开设直营店奖励 | 4万元/家 |",
        MOVED,
    ),
    (
        "经济效益指标",
        "| 社会消费品零售总额增长率 | ≥6% | |",
        "| | 社会消费品零售总额增长率 | ≥6% |",
        "name and target are one column too far left",
    ),
    (
        "满意度指标",
        "| | 满意度指标 | 奖补对象满意度 |\n| | 服务对象满意度 | | ≥95% |",
        "| 服务对象满意度指标 | 奖补对象满意度 | ≥95% |",
        "one indicator whose 二级 wraps, read line by line (likely; else two share ≥95%)",
    ),
];

/// The lines above the table: the title, the year.
pub(crate) fn heading(text: &str) -> Vec<String> {
    let lines = text.lines().take_while(|line| !line.starts_with('|'));
    lines
        .filter(|line| !line.is_empty())
        .map(normalised)
        .collect()
}

/// The table's rows, a text for each column. Panics on a line it cannot place.
pub(crate) fn rows(text: &str) -> Vec<Vec<String>> {
    let text = resolved(text);
    let mut table = Table::default();
    let body = text.lines().skip_while(|line| !line.starts_with('|'));
    for line in body.filter(|line| !line.is_empty()) {
        let cells = cells(line);
        if !is_rule(&cells) {
            table.place(&cells);
        }
    }
    table.rows
}

fn resolved(text: &str) -> String {
    let mut text = text.to_owned();
    for (place, fragment, truth, why) in RESOLUTIONS {
        let found = text.matches(fragment).count();
        assert_eq!(found, 1, "seed, {place}: {fragment:?} ({why})");
        text = text.replace(fragment, truth);
    }
    text
}

fn cells(line: &str) -> [String; 4] {
    let inner = line
        .strip_prefix('|')
        .and_then(|line| line.strip_suffix('|'));
    let inner = inner.unwrap_or_else(|| panic!("seed: no row of a table: {line:?}"));
    let cells: Vec<String> = inner
        .split('|')
        .map(|cell| paragraphs(cell).concat())
        .collect();
    let count = cells.len();
    cells
        .try_into()
        .unwrap_or_else(|_| panic!("seed: {count} cells: {line:?}"))
}

/// The paragraphs of a cell; one if it marks none.
fn paragraphs(cell: &str) -> Vec<String> {
    if !cell.contains('<') {
        return vec![normalised(cell)];
    }
    let paragraphs = cell
        .trim()
        .split_inclusive("</p>")
        .map(|marked| {
            let inner = marked
                .trim()
                .strip_prefix("<p>")
                .and_then(|rest| rest.strip_suffix("</p>"));
            inner.unwrap_or_else(|| panic!("seed: no paragraph: {marked:?}"))
        })
        .map(normalised);
    paragraphs.collect()
}

/// The line of hyphens below a table's first row.
fn is_rule(cells: &[String]) -> bool {
    cells
        .iter()
        .all(|cell| !cell.is_empty() && cell.chars().all(|c| c == '-'))
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    /// Whether the headings of the indicators have been met.
    headed: bool,
    /// 一级指标 and 二级指标 that the next indicator stands under.
    group: [String; 2],
}

impl Table {
    fn place(&mut self, cells: &[String; 4]) {
        if *cells == HEADINGS {
            if !self.headed {
                self.push(cells, [1, 1, 2, 1]);
            }
            self.headed = true;
        } else if self.headed {
            self.place_indicator(cells);
        } else {
            let filled: Vec<bool> = cells.iter().map(|cell| !cell.is_empty()).collect();
            match filled[..] {
                [true, false, false, false] => self.push(&cells[..1], [COLUMNS]),
                [true, true, false, false] => self.push(&cells[..2], [1, 4]),
                [true, true, true, true] => self.push(cells, [1, 2, 1, 1]),
                _ => panic!("seed: a row out of place: {cells:?}"),
            }
        }
    }

    fn place_indicator(&mut self, [first, second, name, target]: &[String; 4]) {
        match (first.is_empty(), second.is_empty()) {
            (true, true) => {}
            (true, false) => self.group[1].clone_from(second),
            (false, false) => self.group = [first.clone(), second.clone()],
            (false, true) => panic!("seed: 一级指标 {first} without 二级指标"),
        }
        assert!(
            !name.is_empty() && !target.is_empty() && !self.group[0].is_empty(),
            "seed: an indicator out of place: {name:?} {target:?}"
        );
        let [first, second] = self.group.clone();
        self.push(&[first, second, name.clone(), target.clone()], [1, 1, 2, 1]);
    }

    fn push<const CELLS: usize>(&mut self, cells: &[String], columns: [usize; CELLS]) {
        assert_eq!((cells.len(), columns.iter().sum()), (CELLS, COLUMNS));
        let texts = cells.iter().zip(columns);
        self.rows.push(
            texts
                .flat_map(|(text, columns)| std::iter::repeat_n(text.clone(), columns))
                .collect(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = include_str!("../seeds/000-nanchang.txt");

    /// The rows above the first indicator: two bands, six of 基本信息, the headings.
    const FRAME: usize = 9;

    fn indicators() -> Vec<Vec<String>> {
        rows(SEED).split_off(FRAME)
    }

    fn targets(start: &str, end: &str) -> Vec<String> {
        let rows = indicators().into_iter();
        let rows = rows.filter(|row| row[2].starts_with(start) && row[2].ends_with(end));
        rows.map(|row| row[4].clone()).collect()
    }

    #[test]
    fn above_the_table_stand_title_and_year() {
        let expected = ["2024年度市级商务发展专项资金绩效目标表", "（2024年度）"];
        assert_eq!(heading(SEED), expected);
    }

    #[test]
    fn the_frame_is_as_published() {
        let rows = rows(SEED);
        assert!(rows.iter().all(|row| row.len() == COLUMNS));
        let labels: Vec<&str> = rows[..FRAME].iter().map(|row| row[0].as_str()).collect();
        let expected = [
            "项目基本信息",
            "项目名称",
            "项目类型",
            "项目实施期限",
            "项目实施内容",
            "中长期目标",
            "年度绩效目标",
            "2024年项目绩效指标",
            "一级指标",
        ];
        assert_eq!(labels, expected);
        let amount = [
            "项目类型",
            "社会发展类",
            "社会发展类",
            "申请金额（万元）",
            "28,700",
        ];
        assert_eq!(rows[2], amount);
        assert_eq!(rows[7], [expected[7]; COLUMNS]);
        assert_eq!(rows[8][2..], ["三级指标", "三级指标", "目标值"]);
    }

    #[test]
    fn every_indicator_is_found_once_in_its_group() {
        let indicators = indicators();
        assert_eq!(indicators.len(), 106);
        let mut groups: Vec<(&str, &str, usize)> = Vec::new();
        for row in &indicators {
            match groups.last_mut() {
                Some(last) if (last.0, last.1) == (row[0].as_str(), row[1].as_str()) => last.2 += 1,
                _ => groups.push((&row[0], &row[1], 1)),
            }
        }
        let expected = [
            ("产出指标", "数量指标", 32),
            ("产出指标", "质量指标", 7),
            ("产出指标", "时效指标", 6),
            ("产出指标", "成本指标", 40),
            ("效益指标", "经济效益指标", 11),
            ("效益指标", "社会效益指标", 9),
            ("满意度指标", "服务对象满意度指标", 1),
        ];
        assert_eq!(groups, expected);
    }

    #[test]
    fn paragraphs_are_counted() {
        let count = |label: &str| {
            let start = format!("| {label} |");
            let line = SEED.lines().find(|line| line.starts_with(&start)).unwrap();
            paragraphs(line.split('|').nth(2).unwrap()).len()
        };
        assert_eq!(count("项目实施内容"), 7);
        assert_eq!(count("年度绩效目标"), 8);
        assert_eq!(count("中长期目标"), 1);
    }

    /// 评定30家星级农贸市场; 街区6条 and 8条.
    #[test]
    fn goals_and_indicators_agree() {
        let markets = targets("支持", "星级农贸市场评定数量");
        assert_eq!(markets, ["≥1个", "≥7个", "≥22个"]);
        let streets = targets("支持", "市级特色商业街区评定数量");
        assert_eq!(streets, ["6个", "8个"]);
    }

    /// All but the last resolution move words from column to column only.
    #[test]
    fn moved_cells_keep_their_words() {
        let words = |text: &str| -> Vec<String> {
            let words = text.split('|').map(|word| word.trim().to_owned());
            words.filter(|word| !word.is_empty()).collect()
        };
        for (_, fragment, truth, _) in &RESOLUTIONS[..7] {
            assert_eq!(words(fragment), words(truth));
        }
    }

    #[test]
    #[should_panic(expected = "out of place")]
    fn a_row_without_a_target_is_not_dropped() {
        rows(&SEED.replace("| 无负面社会舆情 | 100% |", "| 无负面社会舆情 | |"));
    }

    #[test]
    #[should_panic(expected = "满意度指标")]
    fn a_resolution_that_resolves_nothing_is_an_error() {
        rows(&SEED.replace("| | 服务对象满意度 | |", "| | 满意度 | |"));
    }
}
