//! The published text of form 001 (广州): 14 pages of one table, as the rows it prints.
//!
//! A tab starts a cell, an empty line ends a page. From page to page the text keeps other
//! cells: where a page has fewer than seven, the lost ones are the blank 财政专户拨款 and
//! 其他资金. Whole goals could not be read where the published cell is too low for its text;
//! the piece that is there is what prints.

use super::seed_text::{Resolution, blocks, outside, printed, resolve};

const NAME: usize = 0;
const GOAL: usize = 5;
const INDICATORS: usize = 6;

/// What differs from the seed on purpose.
const RESOLUTIONS: [Resolution; 7] = [
    Resolution {
        row: "项目名称（资金使用单位）",
        column: 1,
        seed: "拉",
        truth: "合计",
        reason: "two stacked characters read as one; the column is the sum of the next three",
    },
    Resolution {
        row: "服务貿易专题（荔湾区）",
        column: NAME,
        seed: "貿",
        truth: "贸",
        reason: "misread: the eleven other districts have 服务贸易专题",
    },
    Resolution {
        row: "陆路与航空口岸疫情防控工作专班经费",
        column: GOAL,
        seed: "输人风险，保护人境",
        truth: "输入风险，保护入境",
        reason: "入 misread as 人, twice",
    },
    Resolution {
        row: "海关部门综合性补助经费",
        column: GOAL,
        seed: "惠和支持，充分发挥积极性、主动性和创造力，为广",
        truth: "通过给予驻穗查验部门补助经费，体现市政府对口岸工作的关心和重视，\
                协调中央驻穗口岸查验单位，在口岸通关环境和通关政策方面，\
                给予更多的优惠和支持，充分发挥积极性、主动性和创造力，\
                为广州的经济社会持续稳定发展提供良好口岸通关服务保障。",
        reason: "cut; 口岸通关工作补助项目 has the whole sentence",
    },
    Resolution {
        row: "广州国际贸易单一窗口营商环境改革项目",
        column: GOAL,
        seed: "经济提口岸",
        truth: "经济体口岸",
        reason: "体 misread as 提",
    },
    Resolution {
        row: "广州市商务局2023-2024年信息化运维项目（2023）",
        column: GOAL,
        seed: "置管理信息化，问题管理科学化，将无序的突发事件有序化，\
               结合广州市商务局的实际情况，满足日常运",
        truth: "通过开展广州市商务局2023-2024年信息化运维项目，加强管理风险可控制化，\
                变更管理记录化，将配置管理信息化，问题管理科学化，将无序的突发事件有序化，\
                结合广州市商务局的实际情况，满足日常运行服务需求，提高信息化设备的运行效率，\
                确保信息系统正常运行，巩固信息化建设成果，\
                进而保障广州市商务局的工作顺利开展。",
        reason: "cut; the project of 2022-2023 has the whole sentence",
    },
    Resolution {
        row: "广州商务会展促进服务中心2023-2024年日常运维项目（2023）",
        column: INDICATORS,
        seed: "6、满意度指标：服务对",
        truth: "6、满意度指标：服务对象满意度（%），年度指标值：90%。",
        reason: "cut; the project of 2022-2023 has the whole indicator",
    },
];

/// The only project whose page keeps six cells and whose fourth is not blank. It is 其他资金:
/// the 2.00 that its unit has there.
const PAID_BY_OTHERS: &str = "商务部拨入许可证签发及管理工作业务费补助款";

/// The lines above and below the table: title, department, note.
pub(crate) fn around(text: &str) -> [String; 3] {
    let blocks = blocks(text);
    let [title, department, _, .., note] = blocks.as_slice() else {
        panic!("seed: {} blocks", blocks.len());
    };
    [title, department, note].map(|block| outside(block))
}

/// The rows of the table with its header row once. Panics on a line it cannot place.
pub(crate) fn rows(text: &str) -> Vec<Vec<String>> {
    let blocks = blocks(text);
    let [_, _, pages @ .., _] = blocks.as_slice() else {
        panic!("seed: {} blocks", blocks.len());
    };
    let mut rows: Vec<_> = pages.iter().flat_map(|page| page_rows(page)).collect();
    resolve(&mut rows, NAME, &RESOLUTIONS);
    rows[1..].iter().for_each(|row| check(row));
    rows
}

/// The rows of a page, all of which keep the same cells.
fn page_rows(page: &[&str]) -> Vec<Vec<String>> {
    let kept = page[0].split('\t').count();
    let row = |line: &&str| {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), kept, "cells of {line:?}");
        cells(&fields).map(|cell| printed(&cell)).to_vec()
    };
    page.iter().map(row).collect()
}

/// The seven cells of a line.
fn cells(fields: &[&str]) -> [String; 7] {
    match *fields {
        [name, total, fiscal, special, other, goal, indicators] => {
            [name, total, fiscal, special, other, goal, indicators].map(String::from)
        }
        [name, total, fiscal, other, goal, indicators] => {
            let row = [name, total, fiscal, "", other, goal, indicators].map(String::from);
            let others = printed(name) == PAID_BY_OTHERS;
            assert_eq!(!other.is_empty(), others, "seed: which funds in {row:?}");
            row
        }
        [name, total, fiscal, goal, indicators] => {
            [name, total, fiscal, "", "", goal, indicators].map(String::from)
        }
        // Goal and indicators ran together.
        [name, total, fiscal, both] => {
            let (goal, indicators) = both
                .split_once(" 1、")
                .unwrap_or_else(|| panic!("seed: no first indicator in {both:?}"));
            let indicators = format!("1、{indicators}");
            [name, total, fiscal, "", "", goal, &indicators].map(String::from)
        }
        _ => panic!("seed: a row of {} cells: {fields:?}", fields.len()),
    }
}

/// Panics on a row that is not of the form: the total, a unit, or a project with indicators.
fn check(row: &[String]) {
    let [name, total, parts @ .., goal, items] = row else {
        panic!("seed: a row of {} cells", row.len());
    };
    let amounts = parts.iter().map(|part| cents(part));
    assert_eq!(amounts.sum::<u64>(), cents(total), "funds of {name}");
    assert!(!total.is_empty(), "{name} without an amount");
    if items.is_empty() {
        assert_eq!(goal, "", "{name} without indicators");
    }
    let again: String = indicators(items).iter().map(Indicator::text).collect();
    assert_eq!(again, *items, "indicators of {name}");
}

/// 万元 with two decimals and commas as hundredths; blank is none. Panics on other text.
fn cents(amount: &str) -> u64 {
    let digits = amount.replace([',', '.'], "");
    if digits.is_empty() {
        return 0;
    }
    let cents = digits.parse().expect(amount);
    let (whole, decimals) = (cents / 100, cents % 100);
    let thousands = match whole / 1000 {
        0 => format!("{whole}"),
        more => format!("{more},{:03}", whole % 1000),
    };
    assert_eq!(format!("{thousands}.{decimals:02}"), amount);
    cents
}

/// One of the indicators that a cell lists in a paragraph.
struct Indicator<'a> {
    number: &'a str,
    level1: &'a str,
    name: &'a str,
    target: &'a str,
}

impl Indicator<'_> {
    fn text(&self) -> String {
        let Self {
            number,
            level1,
            name,
            target,
        } = self;
        format!("{number}、{level1}：{name}，年度指标值：{target}。")
    }
}

/// The indicators of a cell. Panics where one is not whole.
fn indicators(cell: &str) -> Vec<Indicator<'_>> {
    let mut rest = cell;
    let mut indicators = Vec::new();
    while !rest.is_empty() {
        let (indicator, next) =
            first_indicator(rest).unwrap_or_else(|| panic!("seed: an indicator, not {rest:?}"));
        indicators.push(indicator);
        rest = next;
    }
    indicators
}

fn first_indicator(text: &str) -> Option<(Indicator<'_>, &str)> {
    let (number, text) = text.split_once('、')?;
    let (level1, text) = text.split_once('：')?;
    let (name, text) = text.split_once("，年度指标值：")?;
    let (target, rest) = text.split_once('。')?;
    let placed = number.parse::<u8>().is_ok()
        && ["产出指标", "效益指标", "满意度指标"].contains(&level1)
        && ![name, target].iter().any(|part| part.contains("指标："));
    let indicator = Indicator {
        number,
        level1,
        name,
        target,
    };
    placed.then_some((indicator, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = include_str!("../seeds/001-guangzhou.txt");

    /// The units' rows, each with the rows of its projects.
    fn units(rows: &[Vec<String>]) -> Vec<(&[String], &[Vec<String>])> {
        rows[2..]
            .chunk_by(|_, next| !next[INDICATORS].is_empty())
            .map(|unit| (unit[0].as_slice(), &unit[1..]))
            .collect()
    }

    fn named<'a>(rows: &'a [Vec<String>], name: &str) -> &'a [String] {
        rows.iter().find(|row| row[NAME] == name).expect(name)
    }

    #[test]
    fn every_unit_and_project_is_found() {
        let rows = rows(SEED);
        assert_eq!(rows.len(), 77);
        assert_eq!(
            rows[0],
            [
                "项目名称（资金使用单位）",
                "合计",
                "财政拨款",
                "财政专户拨款",
                "其他资金",
                "绩效目标",
                "绩效指标",
            ]
        );
        assert_eq!(
            rows[1],
            ["合计", "105,476.39", "105,474.39", "", "2.00", "", ""]
        );
        let found: Vec<_> = units(&rows)
            .iter()
            .map(|(unit, projects)| (unit[NAME].clone(), projects.len()))
            .collect();
        let expected = [
            ("广州市商务局", 59),
            ("广州市国际投资促进中心", 4),
            ("广州商务会展促进服务中心", 5),
            ("广州市商贸发展服务中心", 3),
        ];
        assert_eq!(found, expected.map(|(name, count)| (name.into(), count)));
    }

    /// 716.35 of the bureau's total stand in no row: rows are missing in the published text.
    #[test]
    fn the_sums_are_as_published() {
        let rows = rows(SEED);
        let sums: Vec<_> = units(&rows)
            .iter()
            .map(|(unit, projects)| {
                let sum: u64 = projects.iter().map(|project| cents(&project[1])).sum();
                (cents(&unit[1]), sum)
            })
            .collect();
        let expected = [
            ("104,574.28", "103,857.93"),
            ("209.59", "209.59"),
            ("167.12", "167.12"),
            ("525.40", "525.40"),
        ];
        assert_eq!(sums, expected.map(|(unit, sum)| (cents(unit), cents(sum))));
        let total: u64 = sums.iter().map(|(unit, _)| unit).sum();
        assert_eq!(total, cents("105,476.39"));
        let column = |column: usize| {
            let projects = units(&rows)[0].1;
            projects.iter().map(|row| cents(&row[column])).sum::<u64>()
        };
        assert_eq!((column(2), column(3)), (cents("103,855.93"), 0));
        assert_eq!(column(4), cents(&rows[2][4]));
    }

    /// 404 are whole in the seed; the 54th of 满意度指标 is the cut one.
    #[test]
    fn every_indicator_is_found() {
        let rows = rows(SEED);
        let all: Vec<_> = rows[1..]
            .iter()
            .flat_map(|row| indicators(&row[INDICATORS]))
            .collect();
        let count = |level1| all.iter().filter(|item| item.level1 == level1).count();
        assert_eq!(
            ["产出指标", "效益指标", "满意度指标"].map(count),
            [215, 136, 54]
        );
        assert_eq!(all.len(), 405);
        assert!(all.iter().all(|item| !item.target.is_empty()));
    }

    #[test]
    fn numbers_that_start_again_are_kept() {
        let rows = rows(SEED);
        let again: Vec<_> = rows[1..]
            .iter()
            .filter(|row| {
                let items = indicators(&row[INDICATORS]);
                let mut numbers = items.iter().map(|item| item.number).zip(1..);
                numbers.any(|(number, running)| number != running.to_string())
            })
            .map(|row| row[NAME].as_str())
            .collect();
        let expected = [
            "陆路与航空口岸疫情防控工作专班经费",
            "白云机场口岸查验部门综合性补助经费",
            "居民服务业专题",
        ];
        assert_eq!(again, expected);
    }

    /// 16 goals are cut and 4 lost; two of the cut ones are known from other projects.
    #[test]
    fn goals_are_whole_but_for_those_cut_or_lost() {
        let rows = rows(SEED);
        let units = units(&rows);
        let goals = units.iter().flat_map(|(_, projects)| *projects);
        let goals: Vec<_> = goals.map(|row| row[GOAL].as_str()).collect();
        let lost = goals.iter().filter(|goal| goal.is_empty()).count();
        let whole = goals.iter().filter(|goal| goal.ends_with('。')).count();
        assert_eq!((whole, goals.len() - whole - lost, lost), (53, 14, 4));
    }

    #[test]
    fn recovered_texts_are_those_of_their_siblings() {
        let rows = rows(SEED);
        assert_eq!(
            named(&rows, "海关部门综合性补助经费")[GOAL],
            named(&rows, "口岸通关工作补助项目")[GOAL]
        );
        let of = |years: &str| &named(&rows, &format!("广州市商务局{years}"))[GOAL];
        assert_eq!(
            *of("2023-2024年信息化运维项目（2023）"),
            of("2022-2023年信息化运维项目（2023）").replace("2022-2023年", "2023-2024年")
        );
        let of =
            |years: &str| &named(&rows, &format!("广州商务会展促进服务中心{years}"))[INDICATORS];
        let last = "6、满意度指标：服务对象满意度（%），年度指标值：90%。";
        assert!(of("2022-2023年日常运维项目（2023）").ends_with(last));
        assert!(of("2023-2024年日常运维项目（2023）").ends_with(last));
    }

    #[test]
    fn lines_around_the_table_are_found() {
        assert_eq!(
            around(SEED),
            [
                "项目支出绩效目标表（含转移支付项目）",
                "部门名称：广州市商务局",
                "注：上述项目绩效目标按预算编报当时情况设定。",
            ]
        );
    }
}
