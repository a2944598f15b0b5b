//! What the published documents have in common: punctuation, and how their
//! rows are compared with a table that was read back.
//!
//! It knows no document and no artifact: rows are rows of texts, one for each
//! column, a merged cell's text at every place it covers.

use tianbao::parity::grid::{Cell, Grid};

/// A text as it prints: without blanks, punctuation full-width.
///
/// Blanks are those of line ends and of recognition; the documents have no Latin
/// words. A mark stays half-width between digits or letters (`28,700`). `"`
/// opens and closes in turn, ≧ ≦ print as ≥ ≤, and the year of a document's
/// number stands in 〔 〕.
pub(crate) fn normalised(text: &str) -> String {
    let characters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut open = false;
    let print = |(at, &character): (usize, &char)| {
        let before = at.checked_sub(1).map(|at| characters[at]);
        let after = characters.get(at + 1).copied();
        let latin = |neighbour: Option<char>| neighbour.is_some_and(|c| c.is_ascii_alphanumeric());
        match character {
            '"' => {
                open = !open;
                if open { '“' } else { '”' }
            }
            '≧' => '≥',
            '≦' => '≤',
            '【' if latin(after) => '〔',
            '】' if latin(before) => '〕',
            _ if latin(before) && latin(after) => character,
            _ => full_width(character),
        }
    };
    let printed = characters.iter().enumerate().map(print).collect();
    assert!(!open, "a quotation mark without its pair: {text:?}");
    printed
}

fn full_width(character: char) -> char {
    match character {
        ',' => '，',
        ';' => '；',
        ':' => '：',
        '!' => '！',
        '?' => '？',
        '(' => '（',
        ')' => '）',
        _ => character,
    }
}

/// Names the first row and column, counted from one, in which a table that was
/// read back is not the published one. Blanks and line breaks do not count.
pub(crate) fn difference(published: &[Vec<String>], read: &[Vec<&str>]) -> Option<String> {
    let rows = published.iter().zip(read).enumerate();
    let counts = (published.len(), read.len());
    let first = rows
        .filter_map(|(at, (published, read))| row_difference(at + 1, published, read))
        .next();
    let rows = || format!("{} rows published, {} read", counts.0, counts.1);
    match first {
        Some(first) if counts.0 == counts.1 => Some(first),
        Some(first) => Some(format!("{first} ({})", rows())),
        None => (counts.0 != counts.1).then(rows),
    }
}

fn row_difference(row: usize, published: &[String], read: &[&str]) -> Option<String> {
    if published.len() != read.len() {
        let counts = (published.len(), read.len());
        let counts = format!("{} columns published, {} read", counts.0, counts.1);
        return Some(format!("row {row}: {counts}: {read:?}"));
    }
    let mut cells = published.iter().zip(read);
    let at = cells.position(|(published, read)| without_blanks(published) != without_blanks(read));
    at.map(|at| {
        let (column, published, read) = (at + 1, &published[at], read[at]);
        format!("row {row}, column {column}: published {published:?}, read {read:?}")
    })
}

/// The tables of a form, each whole and expanded: one that goes on over pages
/// is a table on each, which begins with the header rows again.
pub(crate) fn whole(grids: &[Grid]) -> Vec<Vec<Vec<&str>>> {
    let width = |rows: &[Vec<&str>]| rows.first().map_or(0, Vec::len);
    let mut tables: Vec<Vec<Vec<&str>>> = Vec::new();
    for grid in grids {
        let rows = grid.expanded();
        match tables
            .last_mut()
            .filter(|table| width(table) == width(&rows))
        {
            Some(table) => {
                let is_header =
                    |row: &[Cell]| !row.is_empty() && row.iter().all(|cell| cell.header);
                let leading = grid.rows.iter().zip(&rows);
                let again = leading
                    .take_while(|(cells, row)| is_header(cells) && table.contains(row))
                    .count();
                table.extend(rows.into_iter().skip(again));
            }
            None => tables.push(rows),
        }
    }
    tables
}

/// The only one of the names that ends so.
pub(crate) fn only<'names>(names: &'names [String], ending: &str) -> &'names str {
    let mut found = names.iter().filter(|name| name.ends_with(ending));
    match (found.next(), found.next()) {
        (Some(name), None) => name,
        _ => panic!("not one {ending} but {names:?}"),
    }
}

/// A text without blanks and line breaks.
pub(crate) fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_prints_full_width() {
        assert_eq!(
            normalised("300万美元(含)以上县(区)、"),
            "300万美元（含）以上县（区）、"
        );
        assert_eq!(normalised("增幅达10%;"), "增幅达10%；");
        assert_eq!(normalised("明确重点: 1. 突出"), "明确重点：1.突出");
        assert_eq!(normalised("\"三重一大\"事项"), "“三重一大”事项");
        assert_eq!(normalised("柴办字【2019】 42号"), "柴办字〔2019〕42号");
        assert_eq!(normalised("≧2场≦3"), "≥2场≤3");
    }

    #[test]
    fn numbers_keep_their_marks() {
        for text in ["28,700", "0.10-0.15", "=100%", "180元/人/天", "7×24"] {
            assert_eq!(normalised(text), text);
        }
        assert_eq!(normalised("757. 3"), "757.3");
    }

    #[test]
    #[should_panic(expected = "without its pair")]
    fn a_single_quotation_mark_is_an_error() {
        normalised("\"三重一大");
    }

    fn published() -> Vec<Vec<String>> {
        vec![
            vec!["甲".into(), "乙丙".into()],
            vec!["丁".into(), String::new()],
        ]
    }

    #[test]
    fn blanks_do_not_count() {
        let read = [vec!["甲", "乙 \n丙"], vec![" 丁", "\n"]];
        assert_eq!(difference(&published(), &read), None);
    }

    #[test]
    fn the_first_difference_is_named() {
        let read = [vec!["甲", "丙乙"], vec!["丁", "戊"]];
        let expected = r#"row 1, column 2: published "乙丙", read "丙乙""#;
        assert_eq!(difference(&published(), &read).unwrap(), expected);
        let read = [vec!["甲"], vec!["丁", ""]];
        let expected = r#"row 1: 2 columns published, 1 read: ["甲"]"#;
        assert_eq!(difference(&published(), &read).unwrap(), expected);
        let read = [vec!["丁", ""]];
        let expected = r#"row 1, column 1: published "甲", read "丁" (2 rows published, 1 read)"#;
        assert_eq!(difference(&published(), &read).unwrap(), expected);
        let read = [vec!["甲", "乙丙"]];
        let expected = "2 rows published, 1 read";
        assert_eq!(difference(&published(), &read).unwrap(), expected);
    }
}
