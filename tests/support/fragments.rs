//! A text whose cells are torn: rows put together of fragments, each used once.
//!
//! It knows no document: the lists of fragments say what belongs where.

use std::ops::Range;

use super::published::normalised;

/// A line of the text, counted from one, and what stands in it.
pub(crate) type Fragment = (usize, &'static str);

/// One cell of a row, or several.
pub(crate) enum Part {
    /// That many cells: the fields of a line that are not used yet, as they stand.
    Fields(usize, usize),
    /// One cell: fragments one after the other.
    Joined(&'static [Fragment]),
    /// One cell: its true text, what is left of it in the text, why it is not that.
    Mended(&'static str, &'static [Fragment], &'static str),
    Blank,
}

/// The columns of each cell that begins in a row, or columns×rows; and the cells.
pub(crate) type Row = (&'static str, &'static [Part]);

/// The text, and which of its bytes are used.
pub(crate) struct Seed<'text> {
    text: &'text str,
    used: Vec<bool>,
}

impl<'text> Seed<'text> {
    pub(crate) fn new(text: &'text str) -> Self {
        Self {
            text,
            used: vec![false; text.len()],
        }
    }

    fn line(&self, number: usize) -> Range<usize> {
        let lines = self.text.split_inclusive('\n');
        let start = lines.take(number - 1).map(str::len).sum();
        let rest = &self.text[start..];
        start..start + rest.find('\n').unwrap_or(rest.len())
    }

    /// The fields of a line, between tabs.
    fn fields(&self, line: usize) -> Vec<Range<usize>> {
        let Range { mut start, end } = self.line(line);
        let fields = self.text[start..end].split('\t').map(|field| {
            let range = start..start + field.len();
            start = range.end + 1;
            range
        });
        fields.collect()
    }

    /// Uses the first place of a fragment that is not used yet.
    pub(crate) fn take(&mut self, (line, fragment): Fragment) -> &'text str {
        let Range { start, end } = self.line(line);
        let mut places = self.text[start..end].match_indices(fragment);
        let place = places.find_map(|(at, _)| {
            let range = start + at..start + at + fragment.len();
            self.unused(&range).then_some(range)
        });
        self.spend(place.unwrap_or_else(|| panic!("seed line {line}: no unused {fragment:?}")))
    }

    /// Uses the next fields of a line that are not used yet.
    fn take_fields(&mut self, line: usize, count: usize) -> Vec<&'text str> {
        let fields = self.fields(line).into_iter();
        let rest = fields.filter(|field| self.left(field)).collect::<Vec<_>>();
        let taken = rest.iter().take(count).map(|field| {
            assert!(
                self.unused(field),
                "seed line {line}: a part of {:?} is used",
                &self.text[field.clone()]
            );
            self.spend(field.clone())
        });
        let taken: Vec<_> = taken.collect();
        assert_eq!(taken.len(), count, "seed line {line}: unused fields");
        taken
    }

    fn spend(&mut self, range: Range<usize>) -> &'text str {
        self.used[range.clone()].fill(true);
        &self.text[range]
    }

    fn unused(&self, range: &Range<usize>) -> bool {
        self.used[range.clone()].iter().all(|used| !used)
    }

    /// Whether there is more than blanks in a range that is not used.
    fn left(&self, range: &Range<usize>) -> bool {
        let text = &self.text[range.clone()];
        let mut characters = text.char_indices();
        characters.any(|(at, c)| !c.is_whitespace() && !self.used[range.start + at])
    }

    /// Panics on text that is not used.
    pub(crate) fn finish(&self) {
        for number in 1..=self.text.lines().count() {
            for field in self.fields(number) {
                let text = &self.text[field.clone()];
                assert!(
                    !self.left(&field),
                    "seed line {number}: {text:?} is not used"
                );
            }
        }
    }
}

/// The rows of a table of so many columns, a text for each. Panics on cells that
/// do not fill it.
pub(crate) fn table(seed: &mut Seed, rows: &[Row], columns: usize) -> Vec<Vec<String>> {
    let mut places: Vec<Vec<Option<String>>> = vec![vec![None; columns]; rows.len()];
    for (at, (shape, parts)) in rows.iter().enumerate() {
        let cells: Vec<String> = parts.iter().flat_map(|part| cells(seed, part)).collect();
        let spans: Vec<_> = shape.split(' ').map(span).collect();
        assert_eq!(cells.len(), spans.len(), "row {}: {cells:?}", at + 1);
        for (cell, (columns, rows)) in cells.into_iter().zip(spans) {
            let left = places[at].iter().position(Option::is_none);
            let left = left.unwrap_or_else(|| panic!("row {}: no place for {cell:?}", at + 1));
            for place in places[at..at + rows]
                .iter_mut()
                .flat_map(|row| &mut row[left..left + columns])
            {
                let covered = place.replace(cell.clone());
                assert_eq!(covered, None, "row {}: {cell:?} covers a cell", at + 1);
            }
        }
        assert!(
            places[at].iter().all(Option::is_some),
            "row {}: a place is free",
            at + 1
        );
    }
    places
        .into_iter()
        .map(|row| row.into_iter().flatten().collect())
        .collect()
}

/// `2` or `1×3`: columns and rows.
fn span(text: &str) -> (usize, usize) {
    let (columns, rows) = text.split_once('×').unwrap_or((text, "1"));
    (columns.parse().unwrap(), rows.parse().unwrap())
}

fn cells(seed: &mut Seed, part: &Part) -> Vec<String> {
    let join = |seed: &mut Seed, fragments: &[Fragment]| -> String {
        fragments
            .iter()
            .map(|&fragment| seed.take(fragment))
            .collect()
    };
    match *part {
        Part::Fields(line, count) => {
            let fields = seed.take_fields(line, count).into_iter();
            fields.map(normalised).collect()
        }
        Part::Joined(fragments) => vec![normalised(&join(seed, fragments))],
        Part::Mended(truth, fragments, why) => {
            let read = normalised(&join(seed, fragments));
            assert_ne!(read, truth, "nothing to mend: {why}");
            vec![truth.into()]
        }
        Part::Blank => vec![String::new()],
    }
}
