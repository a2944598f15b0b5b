//! Which line of a template each line of the merged text comes from.
//!
//! Before merging, each template line is given a mark at its end, where no
//! white-space control can see it; after merging the marks are taken out and
//! read. Marks are noncharacters, which no template holds and no value can
//! bring in, because values do not enter the source.

const OPEN: char = '\u{fdd0}';
const CLOSE: char = '\u{fdd1}';

/// The template with a mark at the end of each line that prints something.
pub(crate) fn mark_lines(template: &str) -> String {
    let mut marked = String::with_capacity(template.len() * 2);
    let mut inside: Option<&str> = None;
    for (index, line) in template.lines().enumerate() {
        let mut rest = line;
        loop {
            let found = match inside {
                Some(close) => rest.find(close).map(|at| (at + 2, None)),
                None => rest
                    .match_indices(['{'])
                    .find_map(|(at, _)| Some((at + 2, Some(closing(rest.get(at..at + 2)?)?)))),
            };
            let Some((after, state)) = found else { break };
            (rest, inside) = (&rest[after..], state);
        }
        marked.push_str(line);
        let ends_in_block = line.ends_with("%}") || line.ends_with("#}");
        if inside.is_none() && !ends_in_block {
            marked.push(OPEN);
            marked.push_str(&(index + 1).to_string());
            marked.push(CLOSE);
        }
        marked.push('\n');
    }
    marked
}

fn closing(open: &str) -> Option<&'static str> {
    match open {
        "{{" => Some("}}"),
        "{%" => Some("%}"),
        "{#" => Some("#}"),
        _ => None,
    }
}

/// Takes the marks out; gives for each merged line its template line, both
/// counted from 1 (index 0 is line 1).
pub(crate) fn take_marks(marked: &str) -> (String, Vec<usize>) {
    let mut text = String::with_capacity(marked.len());
    let mut lines = Vec::new();
    for line in marked.split_inclusive('\n') {
        let mut from = None;
        let mut rest = line;
        while let Some(open) = rest.find(OPEN) {
            text.push_str(&rest[..open]);
            let after = &rest[open + OPEN.len_utf8()..];
            let Some(close) = after.find(CLOSE) else {
                rest = after;
                break;
            };
            from = from.or_else(|| after[..close].parse().ok());
            rest = &after[close + CLOSE.len_utf8()..];
        }
        text.push_str(rest);
        let last = lines.last().copied().unwrap_or(1);
        lines.push(from.unwrap_or(last));
    }
    (text, lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_lines_know_their_template_lines() {
        let template = "a\n{% for x in xs %}\n  b {{ x }}\n{% endfor %}\n{{\n y }} c\nd\n";
        let mut env = super::super::environment(&[]);
        env.add_template_owned("t.typ", mark_lines(template))
            .unwrap();
        let context = minijinja::context!(xs => [1, 2], y => 3);
        let merged = super::super::merge(&env, "t.typ", context).unwrap();
        let (text, lines) = take_marks(&merged.text);
        assert_eq!(text, "a\n  b 1\n  b 2\n3 c\nd\n");
        assert_eq!(lines, [1, 3, 3, 6, 7]);
    }
}
