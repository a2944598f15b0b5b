//! What a blueprint's author may write and never see any of: misspelt keys,
//! values that are none of those possible, options that do nothing where they
//! stand. Whether the cells fill the grid is for [`super::blueprint`] to say.

use super::blueprint::{is_path, list, wrong};
use crate::diagnostic::Diagnostic;
use crate::project::{Data, Entry, Node};

/// What `page` may hold; `ncols` and `restate_merged_labels_on_page` are older
/// words for the number of `widths` and for `same_pages`.
const PAGE: [&str; 7] = [
    "orientation",
    "widths",
    "size",
    "repeat_header_rows",
    "same_pages",
    "ncols",
    "restate_merged_labels_on_page",
];
/// What is said of the whole form, by the first of its grids.
const WHOLE: [&str; 6] = [
    "title",
    "attachment",
    "binding",
    "subtitle",
    "above",
    "note",
];
const WHOLE_PAGE: [&str; 2] = ["orientation", "same_pages"];
const OPTIONS: [&str; 5] = ["align", "filter", "stacked", "print", "key"];

/// The slips of a form's grids.
pub(super) fn find(grids: &[&Node]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (index, grid) in grids.iter().enumerate() {
        if index > 0 {
            beside_the_first(grid, &mut found);
        }
        year(grid, &mut found);
        page(grid, &mut found);
        for row in entries(grid.get("rows")) {
            repeat(row, &mut found);
            for cell in list(Some(&row.value)) {
                self::cell(cell, &mut found);
            }
        }
    }
    found
}

fn entries(node: Option<&Node>) -> &[Entry] {
    node.and_then(Node::as_map).map_or(&[], |map| &map.0)
}

fn beside_the_first(grid: &Node, found: &mut Vec<Diagnostic>) {
    let own = |node, names: &[&str]| -> Vec<Entry> {
        let entries = entries(node).iter();
        let own = entries.filter(|entry| names.contains(&entry.key.as_str()));
        own.cloned().collect()
    };
    let page = own(grid.get("page"), &WHOLE_PAGE);
    for entry in own(Some(grid), &WHOLE).into_iter().chain(page) {
        let words = format!("`{}` 说的是整个表式，写在第一张表里", entry.key);
        found.push(wrong(&entry.key_at, words));
    }
}

fn year(grid: &Node, found: &mut Vec<Diagnostic>) {
    let Some(year) = grid.get("year") else { return };
    let number = year.as_str().and_then(|year| year.parse::<u16>().ok());
    if number.is_none() {
        found.push(wrong(&year.at, "`year` 是四位数的年度".into()));
    }
}

fn page(grid: &Node, found: &mut Vec<Diagnostic>) {
    for Entry { key, key_at, value } in entries(grid.get("page")) {
        let is_number = |node: &Node| node.as_str().is_some_and(|n| n.parse::<f64>().is_ok());
        let problem = match key.as_str() {
            "orientation" if !["portrait", "landscape"].contains(&text(value)) => wrong(
                &value.at,
                "`orientation` 只能是 portrait 或 landscape".into(),
            )
            .hint_likely(text(value), ["portrait", "landscape"]),
            "same_pages" if !matches!(value.data, Data::Bool(_)) => {
                wrong(&value.at, "`same_pages` 只能是 true 或 false".into())
            }
            "size" if !is_number(value) => {
                wrong(&value.at, "`size` 是字号，以磅为单位，如 9".into())
            }
            "widths" => match list(Some(value)).iter().find(|width| !is_number(width)) {
                Some(width) => wrong(&width.at, "列宽应是数字".into()),
                None => continue,
            },
            key if !PAGE.contains(&key) => {
                wrong(key_at, format!("`page` 里没有 `{key}`")).hint_likely(key, PAGE)
            }
            _ => continue,
        };
        found.push(problem);
    }
}

fn repeat(row: &Entry, found: &mut Vec<Diagnostic>) {
    let Some((_, how)) = row.key.split_once('(') else {
        return;
    };
    if how != "rep)" && !(how.starts_with("rep ") || row.key.starts_with("rep(merge ")) {
        let words = format!("`{}` 不会重复", row.key);
        found.push(
            wrong(&row.key_at, words)
                .hint("重复的行写成 `rep`、`rep(merge 属性)`、`名称(rep)` 或 `名称(rep 列表)`"),
        );
    }
}

fn cell(cell: &Node, found: &mut Vec<Diagnostic>) {
    let parts = list(Some(cell));
    for (index, what) in [(2, "列数"), (3, "行数")] {
        let Some(part) = parts.get(index) else {
            continue;
        };
        let count = text(part).parse::<usize>().unwrap_or(0);
        if count == 0 {
            found.push(wrong(&part.at, format!("{what}应是 1 以上的整数")));
        }
    }
    let content = parts.get(1).map_or("", text);
    let data = parts.first().is_some_and(|kind| text(kind) == "D");
    let (path, note) = content.split_once('(').unwrap_or((content, ""));
    let is_field = data && is_path(path);
    if is_field && !note.is_empty() && note != "paragraphs)" && !note.starts_with("join ") {
        let words = format!("不知道 `({note}` 是什么意思");
        let problem = wrong(&parts[1].at, words);
        found.push(problem.hint("括号里可以写 `paragraphs`（分段）或 `join 、`（列表连成一行）"));
    }
    for Entry { key, key_at, value } in entries(parts.get(4)) {
        let problem = match key.as_str() {
            "align" if !["left", "right"].contains(&text(value)) => {
                wrong(&value.at, "`align` 只能是 left 或 right；不写就居中".into())
                    .hint_likely(text(value), ["left", "right"])
            }
            "stacked" if !matches!(value.data, Data::Bool(_)) => {
                wrong(&value.at, "`stacked` 只能是 true 或 false".into())
            }
            "filter" if !is_field || parts[4].get("print").is_some() => {
                wrong(key_at, "`filter` 只对字段起作用；这一格不是字段".into())
                    .hint("写进 `print`：`print: \"{{ … }}\"`")
            }
            key if OPTIONS.contains(&key) => continue,
            key if key.ends_with(')') => wrong(key_at, format!("格子没有 `{key}` 这个选项"))
                .hint("过滤器里有逗号的，要用引号括起来：`filter: \"money(2, grouping=true)\"`"),
            key => wrong(key_at, format!("格子没有 `{key}` 这个选项")).hint_likely(key, OPTIONS),
        };
        found.push(problem);
    }
}

fn text(node: &Node) -> &str {
    node.as_str().unwrap_or_default()
}
