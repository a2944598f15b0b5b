//! Values of a project that print nowhere, or in one of the files only.
//!
//! Each value is replaced by a word that stands nowhere else, both templates
//! are merged, and the words are looked for. What is not found is changed by
//! itself: a value that prints in another form (a sum, a tick in a box) still
//! changes what is printed, and one by which a template looks something up
//! keeps it from being merged. Nothing is typeset for this.

use std::collections::BTreeMap;

use super::Findings;
use crate::diagnostic::Diagnostic;
use crate::form::{Form, Schema};
use crate::project::{Data, Entry, Map, Node};
use crate::render::{Merges, Ready};
use crate::source::Location;

/// Fields that are no part of what prints.
const UNPRINTED: [&str; 4] = ["form", "forms", "date", "extends"];
/// Most mergings that one project is worth; what is not found by then is not
/// reported.
const MAX_MERGINGS: usize = 2000;

/// Reports the values of a project that do not print in both files.
pub(super) fn check(ready: &Ready, findings: &mut Findings) {
    let form = ready.form();
    let root = &ready.sheet_project().root;
    let mut leaves = Vec::new();
    collect(&form.schema, root, &mut Vec::new(), &mut leaves);
    let mut search = Search {
        ready,
        mergings: 0,
        found: vec![Found::default(); leaves.len()],
        leaves,
    };
    let all: Vec<usize> = (0..search.leaves.len()).collect();
    search.by_words(&all);
    search.by_change();

    // Values of one kind, such as a column of a list, are one finding.
    let mut missing: BTreeMap<(String, Found), Vec<&Leaf>> = BTreeMap::new();
    for (leaf, found) in search.leaves.iter().zip(&search.found) {
        if !(found.typst && found.word) {
            let kind = (leaf.kind.clone(), *found);
            missing.entry(kind).or_default().push(leaf);
        }
    }
    for ((kind, found), leaves) in missing {
        let key = format!("parity/unprinted {kind} {found:?}");
        findings.add_as(key, explain(form, found, &leaves));
    }
}

fn explain(form: &Form, found: Found, leaves: &[&Leaf]) -> Diagnostic {
    let leaf = leaves[0];
    let which = match (found.typst, found.word) {
        (false, true) => "在 PDF 里没有印出来",
        (true, false) => "在 Word 里没有印出来",
        _ => "没有印出来",
    };
    let steps = leaf.steps.iter().map(String::as_str);
    let title = form.schema.title(steps).filter(|_| !leaf.is_key);
    let field = leaf.steps.join(".");
    let name = match (leaf.is_key, title) {
        (true, _) => format!("名称“{}”", leaf.steps.last().map_or("", String::as_str)),
        (false, Some(title)) => format!("`{field}`（{title}）"),
        (false, None) => format!("`{field}`"),
    };
    let files = match (found.typst, found.word) {
        (false, true) => "在 form.typ 里印出这一项",
        (true, false) => "在 form.docx 里印出这一项",
        _ => "在 form.typ 和 form.docx 里印出这一项",
    };
    let mut problem = Diagnostic::error("parity/unprinted", format!("{name}{which}"))
        .at(leaf.at.clone())
        .field(field)
        .hint(format!(
            "{files}；本来就不印的，在 schema.json 里给它写上 `\"x-printed\": false`"
        ));
    if leaves.len() > 1 {
        problem = problem.hint(format!("同样的还有 {} 处", leaves.len() - 1));
    }
    problem
}

/// A value that should print, or the name of an indicator or a group of them.
struct Leaf {
    /// The path; list items by their number.
    steps: Vec<String>,
    /// Whether the last step itself is what should print.
    is_key: bool,
    at: Location,
    /// The path without list numbers and names of indicators.
    kind: String,
    change: Change,
}

/// What a leaf becomes.
#[derive(Clone, Copy)]
enum Change {
    Word,
    Number,
    Flip(bool),
}

/// Which files print a leaf.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    typst: bool,
    word: bool,
}

impl Found {
    const BOTH: Self = Self {
        typst: true,
        word: true,
    };
}

fn collect(schema: &Schema, node: &Node, steps: &mut Vec<String>, leaves: &mut Vec<Leaf>) {
    let is_apart = |steps: &[String]| {
        let known = schema.descend(steps.iter().map(String::as_str));
        known.is_some_and(|schema| schema.get("x-printed") == Some(&false.into()))
    };
    if is_apart(steps)
        || steps
            .first()
            .is_some_and(|s| UNPRINTED.contains(&s.as_str()))
    {
        return;
    }
    let change = match &node.data {
        Data::Text(text) if !crate::check::printable(text).trim().is_empty() => Change::Word,
        Data::Number(_) => Change::Number,
        Data::Bool(is) => Change::Flip(*is),
        Data::Text(_) | Data::Blank => return,
        Data::List(items) => {
            for (index, item) in items.iter().enumerate() {
                steps.push(index.to_string());
                collect(schema, item, steps, leaves);
                steps.pop();
            }
            return;
        }
        Data::Map(map) => {
            for entry in &map.0 {
                let is_name = is_name(schema, steps, &entry.key) && holds_values(&entry.value);
                steps.push(entry.key.clone());
                if is_name && !is_apart(steps) {
                    leaves.push(leaf(
                        schema,
                        steps,
                        entry.key_at.clone(),
                        Change::Word,
                        true,
                    ));
                }
                collect(schema, &entry.value, steps, leaves);
                steps.pop();
            }
            return;
        }
    };
    leaves.push(leaf(schema, steps, node.at.clone(), change, false));
}

fn leaf(schema: &Schema, steps: &[String], at: Location, change: Change, is_key: bool) -> Leaf {
    Leaf {
        steps: steps.to_vec(),
        is_key,
        at,
        kind: format!(
            "{}{}",
            kind(schema, steps),
            if is_key { " 名称" } else { "" }
        ),
        change,
    }
}

/// A path with `*` for what is not a property of the schema.
fn kind(schema: &Schema, steps: &[String]) -> String {
    let general = |at: usize| {
        let named = schema.names(steps[..at].iter().map(String::as_str));
        match named.contains(&steps[at].as_str()) {
            true => steps[at].as_str(),
            false => "*",
        }
    };
    let steps: Vec<&str> = (0..steps.len()).map(general).collect();
    steps.join(".")
}

/// Whether a key names an indicator or a group: it stands below `indicators`
/// and is no property, neither of the schema nor by its look.
fn is_name(schema: &Schema, above: &[String], key: &str) -> bool {
    let is_property = || {
        schema
            .names(above.iter().map(String::as_str))
            .contains(&key)
            || key
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let in_list = above.iter().any(|step| step.parse::<usize>().is_ok());
    above.first().is_some_and(|step| step == "indicators") && !in_list && !is_property()
}

/// A group without any value need not print.
fn holds_values(node: &Node) -> bool {
    match &node.data {
        Data::Blank => false,
        Data::List(items) => items.iter().any(holds_values),
        Data::Map(map) => map.0.iter().any(|entry| holds_values(&entry.value)),
        _ => true,
    }
}

struct Search<'a> {
    ready: &'a Ready,
    leaves: Vec<Leaf>,
    found: Vec<Found>,
    mergings: usize,
}

impl Search<'_> {
    /// Merges with some leaves changed.
    fn merged(&mut self, changed: &[usize]) -> Option<Merges> {
        self.mergings += 1;
        let words: BTreeMap<(Vec<String>, bool), String> = changed
            .iter()
            .map(|at| {
                let leaf = &self.leaves[*at];
                ((leaf.steps.clone(), leaf.is_key), self.word(*at))
            })
            .collect();
        let root = dress(&self.ready.sheet_project().root, &mut Vec::new(), &words);
        self.ready.merged_with(&root)
    }

    /// The word that takes a leaf's place: it stands nowhere else.
    fn word(&self, at: usize) -> String {
        match self.leaves[at].change {
            Change::Word => format!("Qx{at:05}z"),
            Change::Number => format!("7{at:05}"),
            Change::Flip(is) => (!is).to_string(),
        }
    }

    fn is_in(&self, at: usize, text: &str) -> bool {
        let word = self.word(at);
        match self.leaves[at].change {
            Change::Word => text.contains(&word),
            Change::Number => holds_number(text, &word),
            Change::Flip(_) => false,
        }
    }

    fn is_spent(&self) -> bool {
        self.mergings >= MAX_MERGINGS
    }

    /// Looks for the words of these leaves. Where a template does not merge
    /// with them, some leaf is what it looks others up by: half by half.
    fn by_words(&mut self, leaves: &[usize]) {
        if leaves.is_empty() {
            return;
        }
        if self.is_spent() {
            leaves.iter().for_each(|at| self.found[*at] = Found::BOTH);
            return;
        }
        let merges = self.merged(leaves);
        if let Some(Merges {
            typst: Some(typst),
            word: Some(word),
            document,
        }) = merges
        {
            let (typst, word) = (plain(&typst), plain(&word));
            for at in leaves {
                let everywhere = self.is_in(*at, &document);
                self.found[*at] = Found {
                    typst: everywhere || self.is_in(*at, &typst),
                    word: everywhere || self.is_in(*at, &word),
                };
            }
        } else if leaves.len() > 1 {
            let (some, others) = leaves.split_at(leaves.len() / 2);
            self.by_words(some);
            self.by_words(others);
        }
        // A single one is left to `by_change`.
    }

    /// Changes what was not found, each by itself: what then prints another
    /// way, or cannot be merged, uses it.
    fn by_change(&mut self) {
        let Some(before) = self.merged(&[]) else {
            return;
        };
        for at in 0..self.leaves.len() {
            if self.found[at] == Found::BOTH {
                continue;
            }
            if self.is_spent() {
                self.found[at] = Found::BOTH;
                continue;
            }
            let Some(after) = self.merged(&[at]) else {
                self.found[at] = Found::BOTH;
                continue;
            };
            let everywhere = before.document != after.document;
            let found = &mut self.found[at];
            found.typst |= everywhere || after.typst.is_none() || before.typst != after.typst;
            found.word |= everywhere || after.word.is_none() || before.word != after.word;
        }
    }
}

/// Amounts may be grouped.
fn plain(text: &str) -> String {
    text.replace(',', "")
}

/// Whether a number stands in a text with no digit on either side.
fn holds_number(text: &str, number: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit();
    text.match_indices(number).any(|(at, _)| {
        !text[..at].ends_with(is_digit) && !text[at + number.len()..].starts_with(is_digit)
    })
}

/// The tree with some leaves and names replaced.
fn dress(
    node: &Node,
    steps: &mut Vec<String>,
    words: &BTreeMap<(Vec<String>, bool), String>,
) -> Node {
    let word = |is_key| words.get(&(steps.clone(), is_key)).cloned();
    let data = match &node.data {
        Data::Text(_) => word(false).map(Data::Text),
        Data::Number(_) => word(false).map(Data::Number),
        Data::Bool(is) => word(false).map(|_| Data::Bool(!is)),
        Data::Blank => None,
        Data::List(items) => {
            let items = items.iter().enumerate().map(|(index, item)| {
                steps.push(index.to_string());
                let item = dress(item, steps, words);
                steps.pop();
                item
            });
            Some(Data::List(items.collect()))
        }
        Data::Map(map) => {
            let entries = map.0.iter().map(|entry| {
                steps.push(entry.key.clone());
                let key = words.get(&(steps.clone(), true)).unwrap_or(&entry.key);
                let dressed = Entry {
                    key: key.clone(),
                    key_at: entry.key_at.clone(),
                    value: dress(&entry.value, steps, words),
                };
                steps.pop();
                dressed
            });
            Some(Data::Map(Map(entries.collect())))
        }
    };
    Node {
        data: data.unwrap_or_else(|| node.data.clone()),
        at: node.at.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_whole() {
        assert!(holds_number("共700001.00元", "700001"));
        assert!(!holds_number("1700001", "700001"));
        assert!(!holds_number("7000012", "700001"));
    }
}
