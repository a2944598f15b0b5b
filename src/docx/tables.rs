//! Tables of a part: their rows and cells, also those in content controls.

use super::outline::Outline;

/// What may stand about rows and cells.
const WRAPPERS: [&str; 4] = ["w:sdt", "w:sdtContent", "w:customXml", "w:ins"];

impl<'a> Outline<'a> {
    /// The first child of this name.
    pub(super) fn child(&self, parent: usize, name: &str) -> Option<usize> {
        self.children(parent)
            .find(|child| self.elements[*child].name == name)
    }

    /// The number that an element says in `w:val`.
    pub(super) fn number(&self, element: usize) -> Option<usize> {
        let raw = self.raw(self.elements[element].first);
        let (_, rest) = raw.split_once("w:val=\"")?;
        let number: u32 = rest.split_once('"')?.0.parse().ok()?;
        usize::try_from(number).ok()
    }

    /// The rows of a table.
    pub(super) fn rows(&self, table: usize) -> Vec<usize> {
        self.wrapped(table, "w:tr")
    }

    /// The cells of a row.
    pub(super) fn cells(&self, row: usize) -> Vec<usize> {
        self.wrapped(row, "w:tc")
    }

    fn wrapped(&self, parent: usize, name: &str) -> Vec<usize> {
        let mut found = Vec::new();
        for child in self.children(parent) {
            let own = self.elements[child].name;
            if own == name {
                found.push(child);
            } else if WRAPPERS.contains(&own) {
                found.extend(self.wrapped(child, name));
            }
        }
        found
    }
}
