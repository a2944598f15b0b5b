//! YAML text → [`Node`]: values by `serde_yaml`, places by `saphyr-parser`.
//!
//! Both readers see the same text; the values are laid over the places. What a
//! clerk's editor does to a file (tabs, full-width colons, a key typed twice)
//! is found here and said in plain words.

use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScanError, Span};
use serde_yaml::Value;

use super::node::{Data, Entry, Map, Node};
use crate::diagnostic::Diagnostic;
use crate::source::{Location, Source};

/// Largest project definition that is read, in bytes.
pub(crate) const MAX_BYTES: usize = 4 << 20;
/// Deepest nesting of lists and maps.
pub(crate) const MAX_DEPTH: usize = 64;
/// Most values a project definition may hold once its aliases are expanded.
pub(crate) const MAX_VALUES: usize = 40_000;

/// Reads a project definition's text; an empty file is an empty map.
pub(crate) fn parse(source: &Arc<Source>) -> Result<Node, Vec<Diagnostic>> {
    parse_up_to(source, MAX_VALUES)
}

/// Reads any YAML file's text with as many values as this.
pub(crate) fn parse_up_to(source: &Arc<Source>, values: usize) -> Result<Node, Vec<Diagnostic>> {
    if let Some(problem) = control_character(source) {
        return Err(vec![problem]);
    }
    let places = match Reader::new(source, values).read() {
        Ok(places) => places,
        Err(diagnostic) => return Err(vec![diagnostic]),
    };
    let Some(places) = places else {
        return Ok(Node {
            data: Data::Map(Map::default()),
            at: Location::start_of(source),
        });
    };
    let mut problems = Vec::new();
    duplicate_keys(&places, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let value = serde_yaml::from_str::<Value>(&source.text).map_err(|error| {
        let line = error.location().map_or(1, |at| at.line());
        if let Some(slip) = flow_slip(source, line) {
            return vec![slip];
        }
        vec![
            Diagnostic::error("yaml/syntax", "不是合法的 YAML")
                .at(Location::line_of(source, line))
                .label("这一行有无法识别的写法")
                .hint("很长的数字和含有特殊符号的文字要用引号括起来；冒号和逗号后面要空一格")
                .hint(format!("解析程序的原话：{error}")),
        ]
    })?;
    Ok(overlay(value, &places))
}

/// A value's shape and places, before its type is known.
#[derive(Clone)]
struct Marked {
    at: Location,
    shape: Shape,
    /// How many values it holds, itself included, aliases expanded.
    size: usize,
}

#[derive(Clone)]
enum Shape {
    Scalar(String),
    List(Vec<Arc<Marked>>),
    Map(Vec<(Arc<Marked>, Arc<Marked>)>),
}

/// Builds the tree of places from the event stream.
struct Reader<'a> {
    source: &'a Arc<Source>,
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// Byte offset of each character: the markers count characters.
    offsets: Vec<usize>,
    /// Anchored values by anchor number.
    anchors: Vec<(usize, Arc<Marked>)>,
    depth: usize,
    values: usize,
    max_values: usize,
}

type Found<T> = Result<T, Diagnostic>;

impl<'a> Reader<'a> {
    fn new(source: &'a Arc<Source>, max_values: usize) -> Self {
        let text = source.text.as_str();
        let offsets = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        Self {
            source,
            events: Parser::new_from_str(text),
            offsets: offsets.collect(),
            anchors: Vec::new(),
            depth: 0,
            values: 0,
            max_values,
        }
    }

    /// The only document of the file; `None` if it holds nothing.
    fn read(mut self) -> Found<Option<Arc<Marked>>> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::StreamStart | Event::Nothing | Event::DocumentEnd => {}
                Event::DocumentStart(_) if root.is_none() => {}
                Event::DocumentStart(_) => {
                    return Err(
                        Diagnostic::error("yaml/documents", "一个文件只能写一份项目定义")
                            .at(self.location(span))
                            .label("从这里开始是第二份")
                            .hint("删去 `---`，或把第二份另存为一个文件"),
                    );
                }
                event => root = Some(self.value(event, span)?),
            }
        }
    }

    fn next(&mut self) -> Found<(Event<'a>, Span)> {
        match self.events.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(explain(self.source, &self.offsets, &error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn value(&mut self, event: Event<'a>, mut span: Span) -> Found<Arc<Marked>> {
        let at = self.location(span);
        let (shape, anchor) = match event {
            Event::Alias(id) => {
                let Some((_, value)) = self.anchors.iter().find(|(known, _)| *known == id) else {
                    return Err(Diagnostic::error("yaml/alias", "别名指向了它自己").at(at));
                };
                let value = value.clone();
                self.count(value.size, &at)?;
                return Ok(value);
            }
            Event::Scalar(text, _, anchor, tag) => {
                // `&500` and `!90` are an anchor and a tag to YAML, and print
                // nothing; nobody who fills in a form means that.
                let is_tag = tag.is_some_and(|tag| !tag.handle.starts_with("tag:yaml.org"));
                if is_tag || (anchor > 0 && text.is_empty()) {
                    let sign = if is_tag { '!' } else { '&' };
                    return Err(starts_with_sign(self.source, at.line(), sign));
                }
                (Shape::Scalar(text.into_owned()), anchor)
            }
            Event::SequenceStart(anchor, _) => {
                self.enter(&at)?;
                let mut items = Vec::new();
                loop {
                    let (event, at) = self.next()?;
                    if matches!(event, Event::SequenceEnd) {
                        span.end = at.end;
                        break;
                    }
                    items.push(self.value(event, at)?);
                }
                self.depth -= 1;
                (Shape::List(items), anchor)
            }
            Event::MappingStart(anchor, _) => {
                self.enter(&at)?;
                let mut entries = Vec::new();
                loop {
                    let (event, at) = self.next()?;
                    if matches!(event, Event::MappingEnd) {
                        span.end = at.end;
                        break;
                    }
                    let key = self.value(event, at)?;
                    plain_key(&key)?;
                    let (event, at) = self.next()?;
                    let value = self.value(event, at)?;
                    not_a_comment(&key, &value)?;
                    entries.push((key, value));
                }
                self.depth -= 1;
                (Shape::Map(entries), anchor)
            }
            _ => (Shape::Scalar(String::new()), 0),
        };
        self.count(1, &at)?;
        let size = 1 + match &shape {
            Shape::Scalar(_) => 0,
            Shape::List(items) => items.iter().map(|item| item.size).sum(),
            Shape::Map(entries) => entries.iter().map(|(k, v)| k.size + v.size).sum(),
        };
        let at = self.location(span);
        let value = Arc::new(Marked { at, shape, size });
        if anchor > 0 {
            self.anchors.retain(|(known, _)| *known != anchor);
            self.anchors.push((anchor, value.clone()));
        }
        Ok(value)
    }

    fn enter(&mut self, at: &Location) -> Found<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(
                Diagnostic::error("yaml/depth", format!("嵌套超过 {MAX_DEPTH} 层")).at(at.clone()),
            );
        }
        Ok(())
    }

    fn count(&mut self, values: usize, at: &Location) -> Found<()> {
        self.values += values;
        if self.values > self.max_values {
            let limit = self.max_values;
            return Err(
                Diagnostic::error("yaml/size", format!("文件中的值超过 {limit} 个"))
                    .at(at.clone())
                    .hint("别名（`*名字`）每用一次都算一次"),
            );
        }
        Ok(())
    }

    /// The first line of a span: that is what a reader looks for.
    fn location(&self, span: Span) -> Location {
        let byte = |index: usize| self.offsets[index.min(self.offsets.len() - 1)];
        let range = byte(span.start.index())..byte(span.end.index());
        let text = self.source.text.get(range.clone()).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default().trim_end();
        Location::new(self.source, range.start..range.start + first.len())
    }
}

/// A key is a name.
fn plain_key(key: &Marked) -> Found<()> {
    match &key.shape {
        Shape::Scalar(text) if !text.trim().is_empty() => Ok(()),
        _ => Err(
            Diagnostic::error("yaml/key", "键应为一个名字，不能为空，也不能是列表或映射")
                .at(key.at.clone())
                .hint("以 `{`、`[` 开头的文字要用引号括起来"),
        ),
    }
}

/// `名称: #500` prints nothing, because `#` begins a comment.
fn not_a_comment(key: &Marked, value: &Marked) -> Found<()> {
    if !matches!(&value.shape, Shape::Scalar(text) if text.is_empty()) {
        return Ok(());
    }
    let source = &key.at.source;
    let line = source.line_range(key.at.line());
    let rest = source
        .text
        .get(key.at.range.end..line.end)
        .unwrap_or_default();
    let rest = rest
        .trim_start_matches(['"', '\''])
        .trim_start_matches(':')
        .trim_start();
    match rest
        .strip_prefix('#')
        .and_then(|comment| comment.chars().next())
    {
        Some(first) if !first.is_whitespace() && first != '#' => {
            let start = line.end - rest.len();
            Err(
                Diagnostic::error("yaml/comment", "`#` 后面是注释，不会打印")
                    .at(Location::new(source, start..line.end))
                    .hint(format!(
                        "要打印就加引号：\"{}\"；是注释就在 # 后面空一格",
                        rest.trim_end()
                    )),
            )
        }
        _ => Ok(()),
    }
}

/// A value whose first character YAML takes for its own.
fn starts_with_sign(source: &Arc<Source>, line: usize, sign: char) -> Diagnostic {
    let whole = Location::line_of(source, line);
    let found = whole.text().find(sign).unwrap_or(0);
    let start = whole.range.start + found;
    let value = whole.text()[found..]
        .trim_end()
        .trim_end_matches(['}', ']']);
    Diagnostic::error("yaml/sign", format!("值以 `{sign}` 开头时要用引号括起来"))
        .at(Location::new(source, start..start + value.len()))
        .hint(format!("写成 \"{value}\""))
}

/// Characters that no editor shows, placed.
fn control_character(source: &Arc<Source>) -> Option<Diagnostic> {
    let is_wrong = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    let (at, c) = source.text.char_indices().find(|(_, c)| is_wrong(*c))?;
    Some(
        Diagnostic::error(
            "yaml/control",
            format!("有看不见的控制字符 U+{:04X}", u32::from(c)),
        )
        .at(Location::new(source, at..at + c.len_utf8()))
        .hint("删去这个字符；多半是从别的软件粘贴带来的"),
    )
}

fn duplicate_keys(value: &Marked, problems: &mut Vec<Diagnostic>) {
    match &value.shape {
        Shape::Scalar(_) => {}
        Shape::List(items) => items.iter().for_each(|item| duplicate_keys(item, problems)),
        Shape::Map(entries) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                let name = key_name(key);
                if let Some((first, _)) = entries[..index].iter().find(|(k, _)| key_name(k) == name)
                {
                    problems.push(
                        Diagnostic::error("yaml/duplicate-key", format!("键 `{name}` 写了两次"))
                            .at(key.at.clone())
                            .label("第二次写在这里")
                            .related("第一次写在这里", first.at.clone())
                            .hint("保留一个，删去另一个"),
                    );
                }
                duplicate_keys(value, problems);
            }
        }
    }
}

fn key_name(key: &Marked) -> &str {
    match &key.shape {
        Shape::Scalar(text) => text,
        _ => key.at.text(),
    }
}

/// Lays the typed values over their places.
fn overlay(value: Value, marked: &Marked) -> Node {
    let data = match (value, &marked.shape) {
        (Value::Tagged(tagged), _) => return overlay(tagged.value, marked),
        (Value::Sequence(values), Shape::List(items)) => {
            let nodes = values.into_iter().zip(items);
            Data::List(nodes.map(|(value, item)| overlay(value, item)).collect())
        }
        (Value::Mapping(map), Shape::Map(entries)) => {
            let nodes = map.into_iter().zip(entries);
            Data::Map(Map(nodes
                .map(|((_, value), (key, item))| Entry {
                    key: key_name(key).to_owned(),
                    key_at: key.at.clone(),
                    value: overlay(value, item),
                })
                .collect()))
        }
        (Value::Bool(b), _) => Data::Bool(b),
        (Value::Number(_), Shape::Scalar(text)) => Data::Number(text.clone()),
        (Value::String(text), _) => Data::Text(text),
        _ => Data::Blank,
    };
    Node {
        data,
        at: marked.at.clone(),
    }
}

/// Says what a scanner's complaint most likely means.
fn explain(source: &Arc<Source>, offsets: &[usize], error: &ScanError) -> Diagnostic {
    let line = error.marker().line();
    // The slip is on the line where the scanner stopped or shortly before it.
    for line in (line.saturating_sub(2).max(1)..=line).rev() {
        let range = source.line_range(line);
        let text = &source.text[range.clone()];
        let indent = text.len() - text.trim_start().len();
        if let Some(tab) = text[..indent].find('\t') {
            let at = range.start + tab;
            return Diagnostic::error("yaml/tab", "缩进用了制表符（Tab），YAML 只认空格")
                .at(Location::new(source, at..at + 1))
                .label("这里是制表符")
                .hint("把每个制表符换成两个空格");
        }
        if let Some(slip) = blank_slip(source, line).or_else(|| comma_slip(source, line)) {
            return slip;
        }
        if let Some(slip) = colon_slip(&Location::line_of(source, line)) {
            return slip;
        }
    }
    // An odd blank in the indentation may go unnoticed for many lines.
    if let Some(slip) = (1..line).find_map(|line| blank_slip(source, line)) {
        return slip;
    }
    let whole = Location::line_of(source, line);
    let value = whole
        .text()
        .split_once(": ")
        .map_or(whole.text(), |(_, value)| value.trim_start());
    if let Some(sign) = value.chars().next().filter(|c| "@%`>|*&!?".contains(*c)) {
        return starts_with_sign(source, line, sign);
    }
    let index = error.marker().index().min(offsets.len() - 1);
    let at = Location::new(
        source,
        offsets[index]..offsets[(index + 1).min(offsets.len() - 1)],
    );
    let at = if at.text().trim().is_empty() {
        Location::line_of(source, line)
    } else {
        at
    };
    Diagnostic::error("yaml/syntax", "不是合法的 YAML")
        .at(at)
        .label(reason(error.info()))
        .hint("检查这一行和上一行的缩进、冒号、引号和括号")
}

/// `{province: 5，city: 3}`: a full-width comma between entries.
fn comma_slip(source: &Arc<Source>, line: usize) -> Option<Diagnostic> {
    let range = source.line_range(line);
    let text = &source.text[range.clone()];
    let at = text
        .find('，')
        .filter(|at| text[..*at].contains(['{', '[']))?;
    // What follows is the next key, not the rest of a sentence.
    let next = text[at..]
        .trim_start_matches('，')
        .split([',', '，', '}', ']'])
        .next()?;
    next.contains(':').then(|| {
        let start = range.start + at;
        Diagnostic::error("yaml/full-width-comma", "花括号和方括号里的逗号应为半角")
            .at(Location::new(source, start..start + '，'.len_utf8()))
            .label("这里是全角逗号")
            .hint("换成半角逗号加一个空格")
    })
}

/// Within braces: `{a: >15%}` and `{a:}`.
fn flow_slip(source: &Arc<Source>, line: usize) -> Option<Diagnostic> {
    let whole = Location::line_of(source, line);
    let text = whole.text();
    if let Some(at) = text.find(":}") {
        let start = whole.range.start + at;
        return Some(
            Diagnostic::error("yaml/colon-blank", "右括号前的冒号后面缺一个空格")
                .at(Location::new(source, start..start + 1))
                .label("这里后面要空一格")
                .hint("留空白的键写成 `{city: }`"),
        );
    }
    let sign = text
        .split(": ")
        .skip(1)
        .filter_map(|value| value.chars().next())
        .find(|first| "@%`>|*&!?".contains(*first))?;
    Some(starts_with_sign(source, line, sign))
}

/// A full-width or hard blank where YAML wants a plain one: in the indentation
/// or after a colon.
fn blank_slip(source: &Arc<Source>, line: usize) -> Option<Diagnostic> {
    let range = source.line_range(line);
    let text = &source.text[range.clone()];
    let is_odd = |c: char| matches!(c, '\u{3000}' | '\u{a0}');
    let indent = text.len() - text.trim_start().len();
    let (at, c) = text
        .char_indices()
        .find(|(at, c)| is_odd(*c) && (*at < indent || text[..*at].ends_with(':')))?;
    let start = range.start + at;
    Some(
        Diagnostic::error("yaml/blank", "这里的空格不是普通空格，YAML 不认")
            .at(Location::new(source, start..start + c.len_utf8()))
            .label(if c == '\u{3000}' {
                "全角空格"
            } else {
                "不间断空格"
            })
            .hint("换成普通的（半角）空格"),
    )
}

/// A key followed by a full-width colon, or by a colon without a blank.
pub(crate) fn colon_slip(line: &Location) -> Option<Diagnostic> {
    let text = line.text();
    let key = text.trim_start_matches("- ").trim_start();
    let skipped = text.len() - key.len();
    let colon = key.find(['：', ':'])?;
    let name = &key[..colon];
    if name.is_empty() || name.contains(['"', '\'', '#', '[', '{', '，', '。']) {
        return None;
    }
    let start = line.range.start + skipped + colon;
    if key[colon..].starts_with('：') {
        return Some(
            Diagnostic::error(
                "yaml/full-width-colon",
                format!("键 `{name}` 后面是全角冒号"),
            )
            .at(Location::new(&line.source, start..start + '：'.len_utf8()))
            .label("应为半角冒号加一个空格")
            .hint(format!("改成 `{name}: …`")),
        );
    }
    let after = key[colon + 1..].chars().next()?;
    (!after.is_whitespace()).then(|| {
        Diagnostic::error(
            "yaml/colon-blank",
            format!("键 `{name}` 的冒号后面缺一个空格"),
        )
        .at(Location::new(&line.source, start..start + 1))
        .label("这里后面要空一格")
        .hint(format!("改成 `{name}: …`"))
    })
}

/// The scanner's commonest complaints in Chinese.
fn reason(info: &str) -> String {
    let known = [
        ("unexpected end of", "文件在这里意外结束"),
        ("unknown anchor", "引用了没有定义的别名"),
        ("quoted scalar", "引号没有配对"),
        ("unclosed bracket", "括号没有配对"),
        ("misplaced bracket", "括号没有配对"),
        (
            "unexpected character",
            "值不能以这个字符开头，要用引号括起来",
        ),
        ("flow", "方括号或花括号里的写法不对"),
        ("mapping values are not allowed", "这里不能再有一个冒号"),
        ("simple key", "这里应当是“键: 值”"),
        ("did not find expected", "缩进或标点与上文不配"),
        ("indent", "缩进与上文不配"),
    ];
    let lower = info.to_lowercase();
    known
        .iter()
        .find(|(part, _)| lower.contains(part))
        .map_or_else(|| info.to_owned(), |(_, words)| (*words).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        match parse(&Source::new("t.yaml", text)) {
            Ok(_) => vec![],
            Err(found) => found.iter().map(|d| d.code).collect(),
        }
    }

    #[test]
    fn numbers_keep_their_text() {
        let node = parse(&Source::new("t.yaml", "a: 1.50\nb: 007\nc: ''\nd:\n")).unwrap();
        assert!(matches!(&node.get("a").unwrap().data, Data::Number(t) if t == "1.50"));
        assert_eq!(node.get("b").unwrap().as_str(), Some("007"));
        assert!(matches!(&node.get("c").unwrap().data, Data::Text(t) if t.is_empty()));
        assert!(matches!(node.get("d").unwrap().data, Data::Blank));
    }

    #[test]
    fn places_count_bytes_and_columns_count_characters() {
        let node = parse(&Source::new("t.yaml", "指标: {目标值: ≥90%}\n")).unwrap();
        let value = node.get("指标.目标值").unwrap();
        assert_eq!(value.at.text(), "≥90%");
        assert_eq!((value.at.line(), value.at.column()), (1, 11));
    }

    #[test]
    fn aliases_keep_the_place_of_what_they_stand_for() {
        let node = parse(&Source::new("t.yaml", "a: &x {b: 1}\nc: *x\n")).unwrap();
        assert_eq!(node.get("c.b").unwrap().at.line(), 1);
    }

    #[test]
    fn alias_bombs_are_refused() {
        let mut text = "a: &a [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
        for (from, to) in "abcdefgh".chars().zip("bcdefghi".chars()) {
            let row = format!("*{from},").repeat(10);
            text += &format!("{to}: &{to} [{row}]\n");
        }
        assert_eq!(codes(&text), ["yaml/size"]);
        assert_eq!(codes(&"[".repeat(200)), ["yaml/depth"]);
    }

    #[test]
    fn slips_of_the_editor_are_named() {
        assert_eq!(codes("a:\n\tb: 1\n"), ["yaml/tab"]);
        assert_eq!(
            codes("form: x\nfunds：\n  city: 1\n"),
            ["yaml/full-width-colon"]
        );
        assert_eq!(
            codes("form: x\nyear：2024\nname: y\n"),
            ["yaml/full-width-colon"]
        );
        assert_eq!(codes("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n").len(), 2);
        assert_eq!(codes("a: 1\n---\nb: 2\n"), ["yaml/documents"]);
        assert_eq!(codes("a:\n\u{3000}b: 1\n  c: 2\n"), ["yaml/blank"]);
        assert_eq!(codes("a: 1\nb: \u{1}\n"), ["yaml/control"]);
        for sign in ["@5", "%5", "`5`", "&500", "!90", ">90%", "|90"] {
            assert_eq!(
                codes(&format!("a: 1\nb: {sign}\n")),
                ["yaml/sign"],
                "{sign}"
            );
        }
        assert_eq!(codes("a: #500\n"), ["yaml/comment"]);
        assert_eq!(codes("a: # 说明\nb: '#5'\n"), Vec::<&str>::new());
        assert_eq!(codes("{a: b}: 1\n"), ["yaml/key"]);
        assert_eq!(codes("\r\na: 1\r\nb: [x,\r\n  y]\r\n"), Vec::<&str>::new());
    }
}
