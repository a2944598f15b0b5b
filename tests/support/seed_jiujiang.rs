//! The published text of form 003 (九江): two tables as the rows they mean.
//!
//! The text is recognised from a scan, a line for each printed one and a tab for
//! each column, but cells are torn, read twice and lost. So the rows are listed
//! below, every cell by the fragments of the text it is made of; a cell that is
//! not just its fragments in order is `Mended`, which says what it is and why.
//! Every character of the text must be used once and only once.

use super::fragments::Part::{Blank, Fields, Joined, Mended};
use super::fragments::{Fragment, Row, Seed, table};
use super::published::normalised;

/// What the document prints.
pub(crate) struct Published {
    /// Titles and years, in order.
    pub(crate) around: Vec<String>,
    /// 部门整体支出绩效目标设置申报表: a text for each of 6 columns.
    pub(crate) department: Vec<Vec<String>>,
    /// 项目绩效目标指标表: a text for each of 7 columns.
    pub(crate) project: Vec<Vec<String>>,
}

/// Reads the document. Panics on a fragment that is not in the text, on one used
/// twice, and on text that no cell uses.
pub(crate) fn published(text: &str) -> Published {
    let mut seed = Seed::new(text);
    for (fragment, _) in GHOSTS {
        seed.take(fragment);
    }
    let around = AROUND.map(|fragment| normalised(seed.take(fragment)));
    let published = Published {
        around: around.into(),
        department: table(&mut seed, DEPARTMENT, 6),
        project: table(&mut seed, PROJECT, 7),
    };
    seed.finish();
    published
}

const TWICE: &str = "the cell's edge is read twice";
const CUT: &str = "the cell's edge is not read";
const TORN: &str = "the lines' ends are read as a cell of their own";
const BOX: &str = "a tick whose box is missing is a ticked box (likely)";

const AROUND: [Fragment; 4] = [
    (1, "部门整体支出绩效目标设置申报表"),
    (3, "(2024年度)"),
    (47, "项目绩效目标指标表"),
    (47, "(2024年度)"),
];

/// What the text has but the document has not, and why.
const GHOSTS: [(Fragment, &str); 6] = [
    ((36, "灰 里 1日 fv"), "质量指标, read again"),
    ((45, "州尼"), "满意度指标 of 一级, read again"),
    ((45, "/又7日7小"), "满意度指标 of 一级, read again"),
    ((45, "1州心/文1日仰"), "满意度指标 of 二级, read again"),
    ((49, "(2024年度)"), "the year above, read again"),
    (
        (50, r"Hh I 1√□ \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"),
        "a rule",
    ),
];

const FUNCTION: &str = "贯彻执行国家、省、市对外贸易、横向经济协作、扩大开放和招商引资的发展战略、方针、政策；\
    拟定全区相应发展规划及有关规定、办法、措施，并会同有关部门做好指导协调和落实工作。";

const DEPARTMENT: &[Row] = &[
    ("2 4", &[Fields(5, 2)]),
    ("2 1 1 2", &[Fields(6, 4)]),
    (
        "2 1 1×3 2×3",
        &[
            Mended(
                "职能依据（三定方案批文号）",
                &[(7, "据(三定方案批文 号)")],
                CUT,
            ),
            Joined(&[(7, "柴办字【2019】 42号")]),
            Joined(&[(8, "部门职能简述")]),
            Mended(
                FUNCTION,
                &[
                    (7, "易、横向"),
                    (
                        7,
                        "厅国家、省、市对外贸可经济协作、扩大开放 一经济协作、扩大开放 一资的发展战略、方针",
                    ),
                    (
                        8,
                        "、政策;拟定全区相应发展; 划及有关规定、办法、措施 并会同有关部门做好指导协 和落实工作。",
                    ),
                ],
                "line ends torn; the same paragraph stands in line 22; 贯彻执 is read in neither (likely)",
            ),
        ],
    ),
    (
        "2 1",
        &[
            Mended(
                "近三年单位职能是否出现过重大变化",
                &[(7, "近三"), (7, "年单位职能"), (8, "现过重大变化")],
                CUT,
            ),
            Mended("□是☑否", &[(7, "□是 ✓ 否")], BOX),
        ],
    ),
    (
        "2 1",
        &[
            Mended("是否为一级预算主管部门", &[(8, "一级预算主管部门")], CUT),
            Mended("☑是□否", &[(8, "✓ 是 □否")], BOX),
        ],
    ),
    (
        "2 1 1 2",
        &[
            Mended("所属部门领域", &[(9, "所加"), (9, "属部门领域")], TWICE),
            Fields(9, 3),
        ],
    ),
    (
        "2 1 1 2",
        &[
            Mended("内设职能部门", &[(10, "内讧"), (10, "分职能部门")], TWICE),
            Mended(
                "办公室、内资管理股、外经贸管理股等6个职能部门",
                &[(10, "办公室、内资管 理股、外经贸管 理股等6个职能部")],
                CUT,
            ),
            Fields(10, 2),
        ],
    ),
    (
        "2 1 1 2",
        &[
            Mended("在职人员总数", &[(11, "在耳"), (11, "识人员总数")], TWICE),
            Fields(11, 3),
        ],
    ),
    ("2 1 1 2", &[Fields(12, 3), Blank]),
    ("1×3 1 1 1 2", &[Fields(13, 5)]),
    ("1 1 1 2", &[Fields(14, 4)]),
    ("1 4", &[Fields(15, 2)]),
    (
        "1×4 1 1 1 2",
        &[
            Joined(&[(17, "当年预算"), (18, "(万元)")]),
            Fields(16, 2),
            Mended("其中：上级财政拨款", &[(16, "其中: 上级财政拨")], CUT),
            Fields(16, 1),
        ],
    ),
    ("1 1 1 2", &[Fields(17, 4)]),
    ("1 1 1 2", &[Fields(18, 4)]),
    ("1 1 1 2", &[Fields(19, 4)]),
    (
        "2 4",
        &[Joined(&[(20, "其他需"), (20, "要说明的事项")]), Blank],
    ),
    ("2 2 2", &[Fields(21, 3)]),
    (
        "2 2 2",
        &[
            Mended(
                FUNCTION,
                &[
                    (22, "易、横向经 和招商引资 、政策; 拟 划及有关规 并会同有关"),
                    (
                        22,
                        "家、省、市对外贸济协作、扩大开放的发展战略、方针定全区相应发展规定。 办法、措施,部门做好指导协调客实工作。",
                    ),
                ],
                "as in line 7",
            ),
            Mended(
                "2024年招商引资争取区内创新高，全市列前茅，全省有影响，项目签约数量、质量、规模较2023年有新的突破。",
                &[(22, "2024年,项目签约 规模较2023年有")],
                "only the left ends of three lines are read; the rest is as in 部门年度绩效目标 (likely)",
            ),
            Mended(
                "2024年招商引资争取区内创新高，全市列前茅，全省有影响，项目签约数量、质量、规模较2023年有新的突破。\
                 2024年保障部门日常行政运行正常，保障部门人员基本养老等",
                &[(
                    22,
                    "2024年招商引资争取区内包新高,全市列前茅,全省有景响,项目签约数量、质量、规模较2023年有新的突破。202年保障部门日常行政运行正常,保障部门人员基本养老领",
                )],
                "misread: 包 is 创, 景 is 影, 202年 is 2024年, 领 is 等; lines 24 and 27 have them right",
            ),
        ],
    ),
    (
        "1 2 2 1",
        &[
            Joined(&[(23, "年度主要 任务名称")]),
            Joined(&[(23, "工作"), (23, "内容")]),
            Mended(
                "对应年度绩效目标和内容",
                &[(23, "对应年度绩效目标和 容")],
                CUT,
            ),
            Fields(23, 1),
        ],
    ),
    (
        "1 2 2 1",
        &[
            Mended("社会保障与就业事务", &[(24, "社会保障 与就业事")], CUT),
            Joined(&[(24, "保障部门人员"), (24, "基本养老等")]),
            Fields(24, 2),
        ],
    ),
    (
        "1 2 2 1",
        &[
            Fields(26, 1),
            Mended(
                "保障部门日常行政运行正常",
                &[(26, "保障"), (26, "保障部门日常行政运行正常")],
                TWICE,
            ),
            Fields(26, 2),
        ],
    ),
    (
        "1 2 2 1",
        &[
            Fields(27, 1),
            Mended(
                "保障招商引资工作运行正常",
                &[(27, "保障"), (27, "章招商引资工作运行正常")],
                TWICE,
            ),
            Fields(27, 2),
        ],
    ),
    (
        "1×18 1 1 2 1",
        &[
            Joined(&[(32, "绩效指标")]),
            Mended("一级指标", &[(28, "一隻"), (28, "及指标")], TWICE),
            Fields(28, 3),
        ],
    ),
    (
        "1×11 1×5 2 1",
        &[
            Mended("产出指标", &[(33, "产出"), (33, "出指标")], TWICE),
            Joined(&[(30, "数量指标")]),
            Mended(
                "提高政治站位，落实意识形态工作主体责任，持续深化理论武装，组织全体党员干部集中学习次数",
                &[
                    (29, "作主体"),
                    (
                        29,
                        "台站位,落实意识形态工 责任,持续深化理论武 引组织全体党员干部集中 学习次数",
                    ),
                ],
                "line ends torn (likely); the first characters 提高政 are a guess",
            ),
            Fields(29, 1),
        ],
    ),
    ("2 1", &[Fields(30, 2)]),
    (
        "2 1",
        &[
            Mended("2024年实现内资进资额", &[(31, "4年实现内资进资额")], CUT),
            Fields(31, 1),
        ],
    ),
    ("2 1", &[Fields(32, 2)]),
    (
        "2 1",
        &[
            Mended(
                "全年引进生产性固投2000万元以上项目",
                &[(33, "全年引进"), (33, "性固投2000万元以上项目")],
                "生产 is not read between two fields (likely)",
            ),
            Fields(33, 1),
        ],
    ),
    (
        "1×4 2 1",
        &[
            Joined(&[(35, "质量指标")]),
            Mended(
                "新引进项目开工率",
                &[(34, "亲"), (34, "所引进项目开工率")],
                "新 is read as its two halves (likely); line 60 has it right",
            ),
            Fields(34, 1),
        ],
    ),
    (
        "2 1",
        &[
            Joined(&[(35, "项目"), (35, "落户流程规范执行率")]),
            Fields(35, 1),
        ],
    ),
    (
        "2 1",
        &[
            Mended(
                "项目符合区产业招商规划执行率",
                &[(36, "项目符合"), (36, "合区产业招商规划执行率")],
                TWICE,
            ),
            Fields(36, 1),
        ],
    ),
    (
        "2 1",
        &[
            Mended(
                "“三重一大”事项决策制度执行率",
                &[(37, "\"三重-"), (37, "一大\"事项决策制度执行")],
                "一 is read twice, 率 not at all (likely)",
            ),
            Fields(37, 1),
        ],
    ),
    ("1 2 1", &[Fields(38, 3)]),
    ("1 2 1", &[Fields(39, 3)]),
    ("1×4 1 2 1", &[Fields(40, 4)]),
    ("1 2 1", &[Fields(41, 3)]),
    ("1 2 1", &[Fields(42, 3)]),
    ("1 2 1", &[Fields(43, 3)]),
    (
        "1×2 1×2 2 1",
        &[
            Fields(44, 1),
            Mended("满意度指标", &[(44, "満意度指标")], "満 is the Japanese 满"),
            Fields(44, 2),
        ],
    ),
    ("2 1", &[Fields(45, 2)]),
];

const PROJECT: &[Row] = &[
    (
        "1 6",
        &[Joined(&[(49, "部门名称")]), Joined(&[(49, "商务局")])],
    ),
    (
        "1×4 1×2 2×2 3",
        &[
            Fields(51, 3),
            Mended(
                "预算金额（万元）",
                &[(51, "+")],
                "only a trace is read (likely)",
            ),
        ],
    ),
    (
        "1 1 1",
        &[
            Mended("总额", &[], "not read (likely)"),
            Mended("财政拨款", &[], "not read (likely)"),
            Joined(&[(52, "其他资金")]),
        ],
    ),
    (
        "1 2 1 1 1",
        &[
            Joined(&[(52, "任务1")]),
            Mended(
                "深入推进“项目品质提升年”活动，积极培育新兴产业，改造提升传统产业，着力构建一二三产协调发展、\
                 传统新兴产业齐头并进的产业体系，促进全区开放型经济实现高质量发展。",
                &[
                    (52, "育新"),
                    (52, "育新兴产业 一二三产协"),
                    (
                        52,
                        "深入推进\"项目品质提升年\"活动,积极培育新兴产业,改造提升传统产业,着力构建一二三产协调发展、传统新兴产业齐头并进的产业体系,促进全区开放型经济实现高质",
                    ),
                    (52, "按]建 −进"),
                ],
                "line ends are read again as cells of their own; the last line 量发展。 is not read (likely)",
            ),
            Joined(&[(52, "60")]),
            Mended("60", &[], "not read; the total of the only task is 60"),
            Blank,
        ],
    ),
    (
        "3 1 1 1",
        &[
            Joined(&[(53, "金额"), (53, "合计")]),
            Joined(&[(53, "60")]),
            Fields(53, 1),
            Blank,
        ],
    ),
    ("1 6", &[Fields(54, 2)]),
    ("1 6", &[Fields(55, 2)]),
    ("1 6", &[Fields(56, 2)]),
    (
        "1×15 1 1 2 2",
        &[
            Fields(57, 2),
            Mended("二级指标", &[(57, "a")], "misread"),
            Fields(57, 2),
        ],
    ),
    ("1×9 1×2 2 2", &[Fields(58, 4)]),
    (
        "2 2",
        &[
            Mended(
                "指标2：全年引进注册1000万元以上项目",
                &[(59, "全年引进 注册1000")],
                "only a part of two lines is read (likely; the middle may lack more)",
            ),
            Fields(59, 1),
        ],
    ),
    ("1×5 2 2", &[Joined(&[(62, "质量指标")]), Fields(60, 2)]),
    ("2 2", &[Fields(61, 2)]),
    ("2 2", &[Fields(62, 2)]),
    ("2 2", &[Fields(63, 2)]),
    ("2 2", &[Fields(64, 2)]),
    (
        "1 2 2",
        &[Joined(&[(65, "时效"), (65, "指标")]), Fields(65, 2)],
    ),
    (
        "1 2 2",
        &[Joined(&[(66, "成本"), (66, "指标")]), Fields(66, 2)],
    ),
    (
        "1×4 1 2 2",
        &[
            Mended("效益指标", &[(67, "效益指标:")], "the colon is noise"),
            Fields(67, 3),
        ],
    ),
    ("1 2 2", &[Fields(68, 3)]),
    ("1 2 2", &[Fields(69, 3)]),
    (
        "1 2 2",
        &[
            Mended("可持续影响指标", &[(70, "卖影响 标")], TORN),
            Mended(
                "指标1：近三年来引进项目的质量水平",
                &[(70, "指标1:"), (70, "指标1: 近三年来引进项目的质量水平")],
                TWICE,
            ),
            Fields(70, 1),
        ],
    ),
    (
        "1 1 2 2",
        &[
            Fields(71, 1),
            Mended("服务对象满意度指标", &[(71, "对象 度指标")], TORN),
            Fields(71, 2),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = include_str!("../seeds/003-jiujiang.txt");

    /// The text at a column of the row with this label at another.
    fn beside<'a>(rows: &'a [Vec<String>], label: &str, columns: (usize, usize)) -> &'a str {
        let row = rows.iter().find(|row| row[columns.0] == label);
        &row.unwrap_or_else(|| panic!("no row {label}"))[columns.1]
    }

    /// In hundredths.
    fn amount(text: &str) -> u32 {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}{decimals:0<2}").parse().unwrap()
    }

    /// 一级, 二级 and the number of indicators, in order.
    fn groups(rows: &[Vec<String>]) -> Vec<(&str, &str, usize)> {
        let mut groups: Vec<(&str, &str, usize)> = Vec::new();
        for row in rows {
            match groups.last_mut() {
                Some(last) if (last.0, last.1) == (row[1].as_str(), row[2].as_str()) => last.2 += 1,
                _ => groups.push((&row[1], &row[2], 1)),
            }
        }
        groups
    }

    #[test]
    fn around_the_tables_stand_titles_and_years() {
        let expected = [
            "部门整体支出绩效目标设置申报表",
            "（2024年度）",
            "项目绩效目标指标表",
            "（2024年度）",
        ];
        assert_eq!(published(SEED).around, expected);
    }

    #[test]
    fn rows_are_counted() {
        let published = published(SEED);
        assert_eq!(published.department.len(), 19 + 1 + 3 + 1 + 17);
        assert_eq!(published.project.len(), 3 + 1 + 1 + 3 + 1 + 14);
    }

    #[test]
    fn every_indicator_is_found_once_in_its_group() {
        let published = published(SEED);
        let expected = [
            ("产出指标", "数量指标", 5),
            ("产出指标", "质量指标", 4),
            ("产出指标", "时效指标", 1),
            ("产出指标", "成本指标", 1),
            ("效益指标", "经济效益指标", 1),
            ("效益指标", "社会效益指标", 1),
            ("效益指标", "生态效益指标", 1),
            ("效益指标", "可持续影响指标", 1),
            ("满意度指标", "满意度指标", 2),
        ];
        assert_eq!(groups(&published.department[24..]), expected);
        let mut expected = expected;
        expected[0].2 = 2;
        expected[1].2 = 5;
        expected[8] = ("满意度指标", "服务对象满意度指标", 1);
        assert_eq!(groups(&published.project[9..]), expected);
    }

    #[test]
    fn indicators_of_a_project_are_numbered_anew_in_each_group() {
        let project = published(SEED).project;
        let mut number = 0;
        for (at, row) in project.iter().enumerate().skip(9) {
            number = if row[2] == project[at - 1][2] {
                number + 1
            } else {
                1
            };
            let prefix = format!("指标{number}：");
            assert!(row[3].starts_with(&prefix), "{prefix} {}", row[3]);
        }
    }

    #[test]
    fn staff_and_budget_add_up() {
        let rows = published(SEED).department;
        let left = |label| amount(beside(&rows, label, (1, 2)));
        let right = |label| amount(beside(&rows, label, (3, 4)));
        assert_eq!(
            left("在职人员总数"),
            right("其中：行政编制人数") + left("事业编制人数")
        );
        let income = right("其中：上级财政拨款") + left("本级财政安排") + right("其他");
        assert_eq!(left("收入合计"), income);
        let expense = right("其中：人员经费") + left("公用经费") + right("项目经费");
        assert_eq!(left("支出合计"), expense);
        assert_eq!(expense, amount("734.05"));
        let prior = [left("批复数"), right("调整数"), left("实际支出数")];
        assert_eq!(prior, ["757.3", "1773.6", "1773.6"].map(amount));
    }

    /// They do not add up to 支出合计: published so.
    #[test]
    fn amounts_of_the_tasks_are_as_published() {
        let rows = published(SEED).department;
        let tasks: Vec<&str> = rows[20..23].iter().map(|row| row[5].as_str()).collect();
        assert_eq!(tasks, ["59.14", "450.44", "60"]);
        assert_eq!(tasks.into_iter().map(amount).sum::<u32>(), amount("569.58"));
        let project = published(SEED).project;
        assert_eq!(project[3][4..], ["60", "60", ""]);
        assert_eq!(project[4][4..], ["60", "60", ""]);
    }

    #[test]
    fn the_same_paragraph_stands_twice() {
        let rows = published(SEED).department;
        assert_eq!(rows[2][4], rows[18][0]);
    }

    #[test]
    fn merged_cells_stand_at_every_place() {
        let published = published(SEED);
        let labels =
            |rows: &[Vec<String>], label: &str| rows.iter().filter(|row| row[0] == label).count();
        assert_eq!(labels(&published.department, "上年预算（万元）"), 3);
        assert_eq!(labels(&published.department, "当年预算（万元）"), 4);
        assert_eq!(labels(&published.department, "绩效指标"), 18);
        assert_eq!(labels(&published.project, "年度主要任务"), 4);
        assert_eq!(labels(&published.project, "年度绩效指标"), 15);
    }

    #[test]
    #[should_panic(expected = "seed line 32: \"多一格\" is not used")]
    fn text_that_no_cell_uses_is_an_error() {
        published(&SEED.replace("≥13个\t", "≥13个\t多一格"));
    }

    #[test]
    #[should_panic(expected = "seed line 57: no unused \"a\"")]
    fn a_fragment_that_is_not_there_is_an_error() {
        published(&SEED.replace("\ta\t", "\t二级指标\t"));
    }
}
