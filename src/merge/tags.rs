//! Tags in a text, be it a paragraph of a Word file or a Typst source: finding
//! them, telling their kinds apart, and checking each by itself, so that all
//! mistakes are found at once.

use minijinja::Environment;

/// A tag and where it stands in its text, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
    /// What it says, without braces, quotes made straight.
    pub(crate) body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `{{ … }}`
    Print,
    /// `{% … %}`
    Statement,
    /// `{%tr … %}`, `{%p … %}`: takes the place of the element named here.
    Lifted(&'static str),
    /// `{% vm key %}`
    Merge,
    /// `{# … #}`
    Comment,
}

/// What is wrong with a tag: where it begins, code and words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) start: usize,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) label: Option<String>,
}

/// Tags that take the place of an element.
const LIFTED: [(&str, &str); 4] = [("tr", "w:tr"), ("tc", "w:tc"), ("p", "w:p"), ("r", "w:r")];
/// Statements that a template may use, and what ends each.
const BLOCKS: [(&str, &str); 8] = [
    ("for", "endfor"),
    ("if", "endif"),
    ("set", "endset"),
    ("with", "endwith"),
    ("filter", "endfilter"),
    ("macro", "endmacro"),
    ("call", "endcall"),
    ("autoescape", "endautoescape"),
];
const INNER: [&str; 3] = ["else", "elif", "do"];

/// What kind of text tags stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// A Word paragraph: tags may take the place of a row or paragraph and
    /// merge cells, and quotes may be curly, for Word makes them so.
    Word,
    /// Any other text.
    Plain,
}

/// All tags of a text, and what is wrong with them.
pub(crate) fn find(text: &str, dialect: Dialect) -> (Vec<Tag>, Vec<Flaw>) {
    let mut tags = Vec::new();
    let mut flaws = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find('{') {
        let start = at + offset;
        let close = match text[start..].chars().nth(1) {
            Some('{') => "}}",
            Some('%') => "%}",
            Some('#') => "#}",
            _ => {
                at = start + 1;
                continue;
            }
        };
        // A tag that runs into the next one was never closed.
        let end = closing(&text[start + 2..], close, dialect).map(|end| start + 2 + end);
        let own = |end: &usize| {
            !["{{", "{%"]
                .iter()
                .any(|open| text[start + 2..*end].contains(open))
        };
        let Some(end) = end.filter(own) else {
            let shown: String = text[start..]
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(20)
                .collect();
            flaws.push(Flaw {
                start,
                code: "template/unclosed",
                message: format!("标记没有结束：{shown}"),
                label: Some(format!("缺少 {close}")),
            });
            at = start + 2;
            continue;
        };
        let inner = &text[start + 2..end - 2];
        let (kind, body) = match dialect {
            Dialect::Word => classify(close, &straight(inner)),
            Dialect::Plain => (plain_kind(close), inner.trim_matches('-').trim().to_owned()),
        };
        tags.push(Tag {
            start,
            end,
            kind,
            body,
        });
        at = end;
    }
    (tags, flaws)
}

/// Where the tag ends: after `close`, quoted text apart.
fn closing(text: &str, close: &str, dialect: Dialect) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        let plain = match c {
            '“' | '”' if dialect == Dialect::Word => '"',
            '‘' | '’' if dialect == Dialect::Word => '\'',
            c => c,
        };
        match quote {
            Some(open) if plain == open => quote = None,
            Some(_) => {}
            None if text[at..].starts_with(close) => return Some(at + close.len()),
            None if (plain == '"' || plain == '\'') && close != "#}" => quote = Some(plain),
            None => {}
        }
    }
    // An unpaired quote must not hide the end.
    text.find(close).map(|at| at + close.len())
}

/// Word makes quotes curly and blanks hard while people type.
fn straight(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '“' | '”' => '"',
            '‘' | '’' => '\'',
            '\u{a0}' | '\n' | '\t' => ' ',
            c => c,
        })
        .collect()
}

fn plain_kind(close: &str) -> Kind {
    match close {
        "}}" => Kind::Print,
        "#}" => Kind::Comment,
        _ => Kind::Statement,
    }
}

fn classify(close: &str, inner: &str) -> (Kind, String) {
    let body = inner.trim_matches('-').trim().to_owned();
    match plain_kind(close) {
        Kind::Statement => {
            let lifted = LIFTED.iter().find_map(|(prefix, element)| {
                let rest = inner.strip_prefix(prefix)?;
                rest.starts_with(' ')
                    .then(|| (Kind::Lifted(element), rest.trim().to_owned()))
            });
            if let Some(lifted) = lifted {
                return lifted;
            }
            match body.strip_prefix("vm ") {
                Some(key) => (Kind::Merge, key.trim().to_owned()),
                None => (Kind::Statement, body),
            }
        }
        kind => (kind, body),
    }
}

impl Tag {
    /// Checks the tag by itself; blocks are checked by [`Balance`].
    pub(crate) fn flaw(&self, env: &Environment<'_>) -> Option<Flaw> {
        let flaw = |code, message: String, label: Option<String>| {
            Some(Flaw {
                start: self.start,
                code,
                message,
                label,
            })
        };
        let expression = match self.kind {
            Kind::Comment => return None,
            Kind::Print | Kind::Merge => Some(self.body.as_str()),
            Kind::Statement | Kind::Lifted(_) => {
                let word = self.keyword();
                let known = BLOCKS
                    .iter()
                    .any(|(open, close)| *open == word || *close == word)
                    || INNER.contains(&word);
                if !known {
                    if word == "vm" {
                        let message = "`vm` 后面要写合并所依据的键".to_owned();
                        return flaw("template/syntax", message, None);
                    }
                    let message = format!("没有 `{word}` 这种标记");
                    if LIFTED.iter().any(|(prefix, _)| *prefix == word) {
                        let hint = format!("`{word}` 要紧跟在 {{% 后面：{{%{word} … %}}");
                        return flaw("template/unknown-tag", message, Some(hint));
                    }
                    let names = BLOCKS.iter().flat_map(|(open, close)| [*open, *close]);
                    let names = names.chain(INNER).chain(["vm"]);
                    let likely = crate::diagnostic::likely(word, names);
                    let hint = likely.map(|name| format!("是否想写 `{name}`？"));
                    return flaw("template/unknown-tag", message, hint);
                }
                match word {
                    "if" | "elif" => self.body.strip_prefix(word),
                    "for" => self.body.split_once(" in ").map(|(_, list)| list),
                    _ => None,
                }
            }
        };
        let error = env.compile_expression(expression?.trim()).err()?;
        let detail = error.detail().unwrap_or("").to_owned();
        flaw(
            "template/syntax",
            format!("标记写错了：{}", self.body),
            Some(detail),
        )
    }

    /// The first word of a statement.
    pub(crate) fn keyword(&self) -> &str {
        self.body.split_whitespace().next().unwrap_or_default()
    }
}

/// Follows blocks through a part: what opens must be closed, in order.
#[derive(Default)]
pub(crate) struct Balance<P> {
    open: Vec<(String, P, Level)>,
}

/// Where a statement stands in a document's structure: what it takes the place
/// of, and what it lies in. A block must close where it opened.
pub(crate) type Level = (&'static str, Option<usize>);

impl<P: Clone> Balance<P> {
    /// Notes a statement; its place is kept for what stays open.
    pub(crate) fn note(&mut self, tag: &Tag, place: &P, level: Level) -> Option<Flaw> {
        if !matches!(tag.kind, Kind::Statement | Kind::Lifted(_)) {
            return None;
        }
        let word = tag.keyword();
        // `{% set x = … %}` has no end.
        let opens = BLOCKS.iter().any(|(open, _)| *open == word)
            && !(word == "set" && tag.body.contains('='));
        if opens {
            self.open.push((word.to_owned(), place.clone(), level));
            return None;
        }
        let flaw = |code, message, label: Option<&str>| {
            Some(Flaw {
                start: tag.start,
                code,
                message,
                label: label.map(str::to_owned),
            })
        };
        let astray = |opened: &str| {
            flaw(
                "template/level",
                format!("`{word}` 与它的 `{opened}` 不在同一层"),
                Some("同一个语句的开头和结尾要在同一段里，或都用 {%tr、{%p 等占用同一层的行或段"),
            )
        };
        if INNER.contains(&word) {
            return match self.open.last() {
                Some((opened, _, at)) if *at != level => astray(opened),
                _ => None,
            };
        }
        let (open, close) = BLOCKS.iter().find(|(_, close)| *close == word)?;
        match self.open.last() {
            Some((last, _, at)) if last == open => {
                let astray = if *at == level { None } else { astray(open) };
                self.open.pop();
                astray
            }
            Some((last, ..)) => flaw(
                "template/block",
                format!("`{close}` 前面还有没结束的 `{last}`"),
                None,
            ),
            None => flaw(
                "template/block",
                format!("`{close}` 前面没有 `{open}`"),
                None,
            ),
        }
    }

    /// What was never closed.
    pub(crate) fn rest(self) -> impl Iterator<Item = (String, P)> {
        self.open.into_iter().map(|(word, place, _)| (word, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_apart() {
        let (tags, flaws) = find(
            "甲{{ a }}{%tr for x in xs %}{% vm row.level1 %}{#c#}{x}",
            Dialect::Word,
        );
        let kinds: Vec<_> = tags.iter().map(|t| (t.kind, t.body.as_str())).collect();
        assert_eq!(
            kinds,
            [
                (Kind::Print, "a"),
                (Kind::Lifted("w:tr"), "for x in xs"),
                (Kind::Merge, "row.level1"),
                (Kind::Comment, "c"),
            ]
        );
        assert!(flaws.is_empty());
    }

    #[test]
    fn quotes_hide_braces_and_may_be_curly() {
        let (tags, _) = find("{{ a | blank(“}}”) }}", Dialect::Word);
        assert_eq!(tags[0].body, "a | blank(\"}}\")");
    }

    #[test]
    fn an_unclosed_tag_is_a_flaw() {
        assert_eq!(
            find("甲{{ a }", Dialect::Word).1[0].code,
            "template/unclosed"
        );
    }
}
