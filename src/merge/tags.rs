//! Tags in a text, be it a paragraph of a Word file or a Typst source: finding
//! them, telling their kinds apart, and checking each by itself, so that all
//! mistakes are found at once.

use minijinja::{Environment, ErrorKind};

use super::{filters, names};

/// A tag and where it stands in its text, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
    /// Whether it says `-` at its start and at its end.
    pub(crate) minus: (bool, bool),
    /// What it says, without braces and the word of its kind, quotes made
    /// straight.
    pub(crate) body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `{{ … }}`, `{{r … }}`
    Print,
    /// `{{p … }}`: a paragraph that is there only if the value is not blank.
    PrintParagraph,
    /// `{% … %}`
    Statement,
    /// `{%tr … %}`, `{%p … %}`: takes the place of the element named here.
    Lifted(&'static str),
    /// `{#tr … #}`, `{#p … #}`: the element goes.
    LiftedComment(&'static str),
    /// `{% vm … %}`, `{% hm %}`, …: about the cell it stands in.
    Cell(Cell),
    /// `{# … #}`
    Comment,
    /// `{_{`, `%_}`, …: prints the braces in `body`.
    Literal,
}

/// What a tag asks of its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// `{% vm key %}`, `{% vm key, restart=… %}`: merged with the cell above while
    /// the key stays; without a key, over its loop.
    MergeDown,
    /// `{% hm %}`: one cell for all that its loop would make.
    MergeAcross,
    /// `{% colspan n %}`
    Span,
    /// `{% cellbg "RRGGBB" %}`
    Shade,
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
/// Tags about a cell.
const CELL: [(&str, Cell); 4] = [
    ("vm", Cell::MergeDown),
    ("hm", Cell::MergeAcross),
    ("colspan", Cell::Span),
    ("cellbg", Cell::Shade),
];
/// What prints braces, and which.
const LITERALS: [(&str, &str); 4] = [("{_{", "{{"), ("{_%", "{%"), ("}_}", "}}"), ("%_}", "%}")];

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
    while let Some(offset) = text[at..].find(['{', '}', '%', '｛']) {
        if flaws.len() == MAX_FLAWS {
            break;
        }
        let start = at + offset;
        let rest = &text[start..];
        if dialect == Dialect::Word {
            if let Some((written, printed)) = LITERALS.iter().find(|(w, _)| rest.starts_with(w)) {
                at = start + written.len();
                tags.push(Tag {
                    start,
                    end: at,
                    kind: Kind::Literal,
                    minus: (false, false),
                    body: (*printed).to_owned(),
                });
                continue;
            }
            if FULL_WIDTH.iter().any(|open| rest.starts_with(open)) {
                let shown = first_words(rest);
                flaws.push(Flaw {
                    start,
                    code: "template/full-width",
                    message: format!("标记的括号是全角的：{shown}"),
                    label: Some("改用半角的 {{ }} 或 {% %}".into()),
                });
                at = start + rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
        }
        let close = match rest.as_bytes() {
            [b'{', b'{', ..] => "}}",
            [b'{', b'%', ..] => "%}",
            [b'{', b'#', ..] => "#}",
            _ => {
                at = start + rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
        };
        let within = &text[start + 2..];
        let within = match within.char_indices().nth(MAX_TAG) {
            Some((end, _)) if close != "#}" => &within[..end],
            _ => within,
        };
        let end = closing(within, close, dialect).map(|end| start + 2 + end);
        // A tag that runs into the next one was never closed.
        let own = |end: &usize| {
            close == "#}"
                || !["{{", "{%"]
                    .iter()
                    .any(|open| text[start + 2..*end].contains(open))
        };
        let Some(end) = end.filter(own) else {
            flaws.push(Flaw {
                start,
                code: "template/unclosed",
                message: format!("标记没有结束：{}", first_words(rest)),
                label: Some(format!("缺少 {close}")),
            });
            at = start + 2;
            continue;
        };
        let inner = &text[start + 2..end - 2];
        at = end;
        if dialect == Dialect::Word && inner.trim_matches(['-', ' ']) == "raw" {
            // What stands between prints as it is.
            let raw = end_of_raw(&text[end..]).map(|raw| end + raw.start..end + raw.end);
            if let Some(raw) = raw {
                at = raw.end;
                tags.extend([Tag::nothing(start..end), Tag::nothing(raw)]);
                continue;
            }
        }
        tags.push(Tag::read(start..end, close, inner, dialect));
    }
    (tags, flaws)
}

/// Where `{% endraw %}` stands.
fn end_of_raw(text: &str) -> Option<std::ops::Range<usize>> {
    let opens = text.match_indices("{%").map(|(at, _)| at);
    let mut ends = opens.filter_map(|at| {
        let end = at + text[at..].find("%}")? + 2;
        let inner = text.get(at + 2..end - 2)?;
        (inner.trim_matches(['-', ' ']) == "endraw").then_some(at..end)
    });
    ends.next()
}

/// Most mistakes of one text that are looked for.
const MAX_FLAWS: usize = 100;
/// Longest tag, in characters: minijinja goes as deep as a tag is long.
const MAX_TAG: usize = 2000;

/// What an input method makes of the braces of a tag.
const FULL_WIDTH: [&str; 8] = ["｛｛", "｛{", "{｛", "｛%", "｛％", "{％", "｛#", "｛＃"];

/// Whether a tag about its cell goes by the loop about it.
pub(crate) fn needs_loop(tag: &Tag) -> bool {
    match tag.kind {
        Kind::Cell(Cell::MergeAcross) => true,
        Kind::Cell(Cell::MergeDown) => tag.key_and_restart() == ("", None),
        _ => false,
    }
}

/// What a tag about its cell is called.
pub(crate) fn cell_word(kind: Kind) -> &'static str {
    let known = CELL.iter().find(|(_, cell)| kind == Kind::Cell(*cell));
    known.map_or("", |(word, _)| word)
}

/// As much of a tag as a message shows.
pub(crate) fn first_words(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(20)
        .collect()
}

/// Where the tag ends: after `close`, quoted text apart.
fn closing(text: &str, close: &str, dialect: Dialect) -> Option<usize> {
    if close != "#}" {
        let mut quote = Quote::default();
        for (at, c) in text.char_indices() {
            if !quote.is_open() && text[at..].starts_with(close) {
                return Some(at + close.len());
            }
            quote.step(c, dialect);
        }
    }
    // An unpaired quote must not hide the end.
    text.find(close).map(|at| at + close.len())
}

/// Whether the text of a tag is within quotes. Curly quotes quote, too, where
/// Word makes them, but for those within straight ones.
#[derive(Default)]
struct Quote(Option<(char, bool)>);

impl Quote {
    fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// Takes in a character; gives it as a template says it.
    fn step(&mut self, c: char, dialect: Dialect) -> char {
        let (plain, is_curly) = match c {
            '“' | '”' if dialect == Dialect::Word => ('"', true),
            '‘' | '’' if dialect == Dialect::Word => ('\'', true),
            c => (c, false),
        };
        match self.0 {
            Some((_, false)) if is_curly => return c,
            Some((open, _)) if open == plain => self.0 = None,
            Some(_) if is_curly => return c,
            Some(_) => {}
            None if plain == '"' || plain == '\'' => self.0 = Some((plain, is_curly)),
            None => {}
        }
        plain
    }
}

/// Word makes quotes curly and blanks hard while people type.
fn straight(text: &str) -> String {
    let mut quote = Quote::default();
    text.chars()
        .map(|c| match quote.step(c, Dialect::Word) {
            '\u{a0}' | '\u{3000}' | '\n' | '\t' if !quote.is_open() => ' ',
            '\n' | '\t' => ' ',
            c => c,
        })
        .collect()
}

impl Tag {
    /// Text that goes, as a comment does.
    pub(crate) fn nothing(range: std::ops::Range<usize>) -> Self {
        Self {
            start: range.start,
            end: range.end,
            kind: Kind::Comment,
            minus: (false, false),
            body: String::new(),
        }
    }

    /// A tag from what stands between its braces.
    fn read(range: std::ops::Range<usize>, close: &str, inner: &str, dialect: Dialect) -> Self {
        let inner = match dialect {
            Dialect::Word => straight(inner),
            Dialect::Plain => inner.to_owned(),
        };
        let (left, inner) = match inner.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, inner.as_str()),
        };
        let (right, inner) = match inner.strip_suffix('-') {
            Some(rest) => (true, rest),
            None => (false, inner),
        };
        let (kind, body) = match dialect {
            Dialect::Word => classify(close, inner),
            Dialect::Plain => (plain_kind(close), inner),
        };
        Self {
            start: range.start,
            end: range.end,
            kind,
            minus: (left, right),
            body: body.trim().to_owned(),
        }
    }
}

fn plain_kind(close: &str) -> Kind {
    match close {
        "}}" => Kind::Print,
        "#}" => Kind::Comment,
        _ => Kind::Statement,
    }
}

fn classify<'a>(close: &str, inner: &'a str) -> (Kind, &'a str) {
    let kind = plain_kind(close);
    let lifted = LIFTED.iter().find_map(|(prefix, element)| {
        let rest = inner.strip_prefix(prefix)?;
        rest.starts_with(' ').then_some((*element, rest))
    });
    match (kind, lifted) {
        (Kind::Print, Some(("w:p", rest))) => (Kind::PrintParagraph, rest),
        (Kind::Print, Some(("w:r", rest))) => (kind, rest),
        (Kind::Comment, Some((element, rest))) => (Kind::LiftedComment(element), rest),
        (Kind::Statement, Some((element, rest))) => (Kind::Lifted(element), rest),
        (Kind::Statement, None) => {
            let body = inner.trim();
            let (word, rest) = body.split_once(' ').unwrap_or((body, ""));
            match CELL.iter().find(|(name, _)| *name == word) {
                Some((_, cell)) => (Kind::Cell(*cell), rest),
                None => (kind, inner),
            }
        }
        _ => (kind, inner),
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
        match self.kind {
            Kind::Comment | Kind::LiftedComment(_) | Kind::Literal => return None,
            Kind::Cell(Cell::MergeAcross) if !self.body.is_empty() => {
                return flaw("template/syntax", "`hm` 后面不写别的".to_owned(), None);
            }
            Kind::Cell(cell @ (Cell::Span | Cell::Shade)) if self.body.is_empty() => {
                let (name, wants) = match cell {
                    Cell::Span => ("colspan", "所占的列数"),
                    _ => ("cellbg", "底纹颜色"),
                };
                return flaw("template/syntax", format!("`{name}` 后面要写{wants}"), None);
            }
            Kind::Statement | Kind::Lifted(_) => {
                let word = self.keyword();
                let known = BLOCKS
                    .iter()
                    .any(|(open, close)| *open == word || *close == word)
                    || INNER.contains(&word);
                if !known {
                    if ["raw", "endraw"].contains(&word) {
                        let message = "`raw` 和 `endraw` 要写在同一段里".to_owned();
                        return flaw("template/block", message, None);
                    }
                    let message = format!("没有 `{word}` 这种标记");
                    if LIFTED.iter().any(|(prefix, _)| *prefix == word) {
                        let hint = format!("`{word}` 要紧跟在 {{% 后面：{{%{word} … %}}");
                        return flaw("template/unknown-tag", message, Some(hint));
                    }
                    let names = BLOCKS.iter().flat_map(|(open, close)| [*open, *close]);
                    let cell = CELL.iter().map(|(name, _)| *name);
                    let likely = crate::diagnostic::likely(word, names.chain(INNER).chain(cell));
                    let hint = likely.map(|name| format!("是否想写 `{name}`？"));
                    return flaw("template/unknown-tag", message, hint);
                }
            }
            _ => {}
        }
        if let Some(error) = names::syntax_error(self) {
            let full_width = self.body.chars().find(|c| "（）｜，．［］".contains(*c));
            let detail = match full_width {
                Some(c) => format!("有全角的“{c}”，应改为半角"),
                None => error.detail().unwrap_or("").to_owned(),
            };
            let message = format!("标记写错了：{}", self.body);
            return flaw("template/syntax", message, Some(detail));
        }
        let (kind, name) = names::unknown(self, env).into_iter().next()?;
        match kind {
            ErrorKind::UnknownFilter => {
                let likely = crate::diagnostic::likely(&name, filters::NAMES.iter().copied());
                let hint = likely.map(|name| format!("是否想写 `{name}`？"));
                flaw("template/filter", format!("没有过滤器 `{name}`"), hint)
            }
            _ => flaw("template/name", format!("没有判断 `is {name}`"), None),
        }
    }

    /// As its author wrote it.
    pub(crate) fn written(&self) -> String {
        let body = &self.body;
        let short = |element: &str| element.trim_start_matches("w:").to_owned();
        match self.kind {
            Kind::Print => format!("{{{{ {body} }}}}"),
            Kind::PrintParagraph => format!("{{{{p {body} }}}}"),
            Kind::Lifted(element) => format!("{{%{} {body} %}}", short(element)),
            Kind::Comment | Kind::LiftedComment(_) => format!("{{# {body} #}}"),
            _ => format!("{{% {body} %}}"),
        }
    }

    /// What ends the block that this statement begins, if it begins one.
    pub(crate) fn end_of_block(&self) -> Option<&'static str> {
        let word = self.keyword();
        let block = BLOCKS.iter().find(|(open, _)| *open == word);
        // `{% set x = … %}` has no end.
        let block = block.filter(|_| !(word == "set" && self.body.contains('=')));
        block.map(|(_, close)| *close)
    }

    /// Whether it begins a block whose text is kept, to be printed elsewhere.
    pub(crate) fn keeps(&self) -> bool {
        ["set", "macro", "call"].contains(&self.keyword())
    }

    /// 1 if it begins a block whose text goes through a filter, -1 if it ends one.
    pub(crate) fn filters(&self) -> i32 {
        match (self.kind, self.keyword()) {
            (Kind::Statement, "filter") => 1,
            (Kind::Statement, "endfilter") => -1,
            _ => 0,
        }
    }

    /// What `{% vm key, restart=… %}` says: the key and the condition.
    pub(crate) fn key_and_restart(&self) -> (&str, Option<&str>) {
        match self.body.rsplit_once("restart=") {
            Some((key, condition)) if key.is_empty() || key.trim_end().ends_with(',') => {
                let key = key.trim_end().trim_end_matches(',').trim_end();
                (key, Some(condition.trim()))
            }
            _ => (&self.body, None),
        }
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
        if tag.end_of_block().is_some() {
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
                (Kind::Cell(Cell::MergeDown), "row.level1"),
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
