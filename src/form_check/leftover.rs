//! Tags that reached the print instead of being filled in.

use super::Printed;
use crate::diagnostic::Diagnostic;
use crate::project::{Data, Node};
use crate::render::Ready;
use crate::source::Location;

/// Most characters of a tag that are shown.
const MAX_SHOWN: usize = 40;

/// Tags in the text of either file, also with full-width braces. What a value
/// of the project itself says is no tag.
pub(super) fn find(ready: &Ready, printed: &Printed) -> Vec<Diagnostic> {
    let form = ready.form();
    let mut values = Vec::new();
    texts(&ready.sheet_project().root, &mut values);
    let tags_in = |text: &str| {
        let mut tags = tags(text);
        tags.retain(|tag| !values.iter().any(|value| value.contains(tag.as_str())));
        tags
    };
    let problem = |file: &str, tag: &str| {
        Diagnostic::error("parity/tag", format!("{file} 里印出了模板标记：{tag}"))
            .hint("标记要用半角的 `{{ … }}` 或 `{% … %}`，也不能放在 `{% raw %}` 里")
    };

    let mut found = Vec::new();
    let text = &form.typst.text;
    // What stands in a raw block may stand elsewhere as a tag.
    let raw = text.find("raw %}").unwrap_or(0);
    for tag in printed.pages.iter().flat_map(|page| tags_in(page)) {
        let at = text[raw..].find(&tag).map(|at| raw + at);
        let at = match at.or_else(|| text.find(&tag)) {
            Some(at) => Location::new(&form.typst, at..at + tag.len()),
            None => Location::start_of(&form.typst),
        };
        found.push(problem("PDF", &tag).at(at));
    }
    for (table, grid) in printed.word.iter().enumerate() {
        for (row, cells) in grid.rows.iter().enumerate() {
            for (cell, text) in cells.iter().enumerate() {
                for tag in tags_in(&text.text) {
                    let spot = printed.cell_spot(table, (row, cell));
                    found.push(problem("Word", &tag).at_part(printed.template.as_str(), spot));
                }
            }
        }
    }
    for (part, spot, text) in &printed.paragraphs {
        for tag in tags_in(text) {
            let spot = format!("{part}{spot}");
            found.push(problem("Word", &tag).at_part(printed.template.as_str(), spot));
        }
    }
    found
}

/// The tags of a text, each from its opening or closing braces on.
fn tags(text: &str) -> Vec<String> {
    let half = |c: char| match c {
        '｛' => '{',
        '｝' => '}',
        '％' => '%',
        c => c,
    };
    let characters: Vec<char> = text.chars().collect();
    let pair = |at: usize| Some((half(*characters.get(at)?), half(*characters.get(at + 1)?)));
    let opens = |at: usize| matches!(pair(at), Some(('{', '{' | '%')));
    let closes = |at: usize| matches!(pair(at), Some(('}' | '%', '}')));
    let mut found = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        if !opens(at) && !closes(at) {
            at += 1;
            continue;
        }
        let close = (at..characters.len()).find(|at| closes(*at));
        let end = close.map_or(characters.len(), |close| close + 2);
        found.push(characters[at..end.min(at + MAX_SHOWN)].iter().collect());
        at = end;
    }
    found
}

fn texts<'a>(node: &'a Node, found: &mut Vec<&'a str>) {
    match &node.data {
        Data::Text(text) => found.push(text),
        Data::List(items) => items.iter().for_each(|item| texts(item, found)),
        Data::Map(map) => {
            for entry in &map.0 {
                found.push(&entry.key);
                texts(&entry.value, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::tags;

    #[test]
    fn tags_are_found_with_braces_of_any_width() {
        assert_eq!(tags("甲{{ a }}乙｛｛ b ｝｝"), ["{{ a }}", "｛｛ b ｝｝"]);
        assert_eq!(tags("{％ if a %}b"), ["{％ if a %}"]);
        assert_eq!(tags("a }}b"), ["}}"]);
        assert!(tags("{甲} ≥90%（乙）").is_empty());
    }
}
