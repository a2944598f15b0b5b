//! What the readers of texts with tabs (001, 004) share: the blocks between empty lines, the
//! marks as they are printed, and what differs from the text on purpose.
//!
//! It knows neither a form nor an artifact.

use super::published::normalised;

/// One place where the true text is not the seed's, and why.
pub(crate) struct Resolution {
    /// The text of the row's key cell, as `printed` gives it.
    pub(crate) row: &'static str,
    /// The column, counted from 0.
    pub(crate) column: usize,
    /// What the seed has there, and what is true instead; both as printed.
    pub(crate) seed: &'static str,
    pub(crate) truth: &'static str,
    pub(crate) reason: &'static str,
}

/// Puts the true texts in. `key` is the column whose text names a row. Panics where a row or
/// its fragment is not there, or not once.
pub(crate) fn resolve(rows: &mut [Vec<String>], key: usize, resolutions: &[Resolution]) {
    for resolution in resolutions {
        let (row, reason) = (resolution.row, resolution.reason);
        let mut named = rows.iter_mut().filter(|cells| cells[key] == row);
        let (Some(cells), None) = (named.next(), named.next()) else {
            panic!("seed: not one row {row:?} ({reason})");
        };
        let cell = &mut cells[resolution.column];
        let found = cell.matches(resolution.seed).count();
        let seed = resolution.seed;
        assert_eq!(found, 1, "seed: {seed:?} in row {row:?}: {cell} ({reason})");
        *cell = cell.replace(seed, resolution.truth);
    }
}

/// The runs of lines between empty lines.
pub(crate) fn blocks(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .split(|line| line.is_empty())
        .filter(|block| !block.is_empty())
        .map(<[&str]>::to_vec)
        .collect()
}

/// The text of a line that is no row of a table. Panics where it is one.
pub(crate) fn outside(block: &[&str]) -> String {
    match block {
        [line] if !line.contains('\t') => printed(line),
        _ => panic!("seed: one line outside the tables, not {block:?}"),
    }
}

/// A text as it prints, where the marks of the seed are those of Latin text: besides what
/// `published::normalised` does, a mark before a blank ends a clause even between digits, and
/// square brackets stand around the year of a document's number. Neither 001 nor 004 has others.
pub(crate) fn printed(text: &str) -> String {
    let text = text
        .replace("; ", "；")
        .replace('[', "〔")
        .replace(']', "〕");
    // 一 is read as a dash there and nowhere else.
    normalised(&text).replace("—系列", "一系列")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_those_that_print() {
        for (seed, expected) in [
            ("办事 群众,值:1,781.00", "办事群众，值：1,781.00"),
            (
                "权重*100; 2.定性(80% (含)-100%)",
                "权重*100；2.定性（80%（含）-100%）",
            ),
            ("函[2022]597号", "函〔2022〕597号"),
            ("实施—系列政策", "实施一系列政策"),
            ("—60%", "—60%"),
        ] {
            assert_eq!(printed(seed), expected);
        }
    }

    #[test]
    fn a_line_outside_the_tables_stands_alone() {
        let lines = blocks("\n附件4\n\n单位: 万元\n一\t二\n");
        assert_eq!(lines, [vec!["附件4"], vec!["单位: 万元", "一\t二"]]);
        assert_eq!(outside(&lines[0]), "附件4");
    }

    #[test]
    #[should_panic(expected = r#""输人" in row "甲""#)]
    fn a_resolution_that_fits_nowhere_is_noticed() {
        let mut rows = [vec!["甲".into(), "输入".into()]];
        let misread = Resolution {
            row: "甲",
            column: 1,
            seed: "输人",
            truth: "输入",
            reason: "misread",
        };
        resolve(&mut rows, 0, &[misread]);
    }
}
