//! A project as text again: YAML that loads back to the same values, and the
//! canonical JSON whose SHA-256 names the data.
//!
//! What is written is the resolved project: inheritance is worked in, order
//! and spelling are kept, and text is quoted wherever some YAML reader would
//! take it for something else.

use std::fmt::Write;
use std::path::PathBuf;

use super::node::{Data, Map, Node};
use super::{Project, inherit, yaml};
use crate::diagnostic::{Diagnostic, any_error};
use crate::digest::Digest;
use crate::source::Source;

/// Widest list that is written on one line, in characters.
const MAX_LINE: usize = 72;
/// Longest key that may stand before a colon, in bytes; readers take 1,024
/// characters or bytes, escapes and quotes included.
const MAX_SIMPLE_KEY: usize = 1000;
/// Bytes left for comments that are put before the text.
const ROOM_FOR_A_HEAD: usize = 4096;
/// Words that a reader of YAML 1.1 or 1.2 takes for no text.
const WORDS: [&str; 12] = [
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "infinity", "nan",
];

impl Project {
    /// The resolved project as YAML that loads back to the same values.
    ///
    /// # Errors
    /// Rejected if it would not: it is larger than a project file may be, or
    /// holds what no project file can say (such as `before` for a name).
    pub fn to_yaml(&self) -> Result<String, Diagnostic> {
        let text = self.root.to_yaml();
        match reads_back(&text, &self.root) {
            true => Ok(text),
            false => Err(Diagnostic::error(
                "project/unwritable",
                "这个项目不能写成一份读回来完全一样的 YAML",
            )
            .at(self.start())
            .hint(format!(
                "合并所继承的内容以后，最多 {} MB、{} 个值",
                yaml::MAX_BYTES >> 20,
                yaml::MAX_VALUES
            ))),
        }
    }

    /// The resolved project as JSON: order is kept, text is `"'甲"`, a number
    /// as written is `"#1.50"`, a blank is `null`. Two projects have the same
    /// one if they hold the same values.
    pub fn canonical_json(&self) -> String {
        let mut out = String::new();
        canonical(&self.root, &mut out);
        out
    }

    /// The digest of [`Project::canonical_json`].
    pub fn digest(&self) -> Digest {
        Digest::of(self.canonical_json().as_bytes())
    }

    /// A project from a text that stands in no file; it extends nothing.
    pub(crate) fn from_text(name: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let source = Source::new(name, text);
        let node = yaml::parse(&source)?;
        let blank = Node {
            data: Data::Blank,
            at: node.at.clone(),
        };
        let mut problems = Vec::new();
        let root = inherit::merge(blank, node, &mut problems);
        match any_error(&problems) {
            true => Err(problems),
            false => Ok(Self {
                path: PathBuf::from(name),
                root,
                files: vec![(PathBuf::from(name), Digest::of(source.text.as_bytes()))],
                source,
            }),
        }
    }
}

/// Whether a text loads to this tree.
fn reads_back(text: &str, root: &Node) -> bool {
    text.len() + ROOM_FOR_A_HEAD <= yaml::MAX_BYTES
        && root.get("extends").is_none()
        && Project::from_text("", text).is_ok_and(|read| read.root.same_values(root))
}

impl Node {
    /// The map as YAML, in block style.
    fn to_yaml(&self) -> String {
        let mut out = String::new();
        match &self.data {
            Data::Map(map) if !map.0.is_empty() => entries(map, 0, &mut out),
            _ => below(self, 0, &mut out),
        }
        out
    }

    /// Whether two trees hold the same values in the same order, wherever they
    /// are written.
    pub fn same_values(&self, other: &Self) -> bool {
        match (&self.data, &other.data) {
            (Data::Blank, Data::Blank) => true,
            (Data::Bool(a), Data::Bool(b)) => a == b,
            (Data::Number(a), Data::Number(b)) | (Data::Text(a), Data::Text(b)) => a == b,
            (Data::List(a), Data::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_values(b))
            }
            (Data::Map(Map(a)), Data::Map(Map(b))) => {
                let same = |(a, b): (&super::Entry, &super::Entry)| {
                    a.key == b.key && a.value.same_values(&b.value)
                };
                a.len() == b.len() && a.iter().zip(b).all(same)
            }
            _ => false,
        }
    }
}

/// The entries of a map; the first stands where the text ends.
fn entries(map: &Map, column: usize, out: &mut String) {
    for (index, entry) in map.0.iter().enumerate() {
        if index > 0 {
            indent(column, out);
        }
        let key = text(&entry.key);
        if key.len() > MAX_SIMPLE_KEY {
            let _ = writeln!(out, "? {key}");
            indent(column, out);
        } else {
            out.push_str(&key);
        }
        out.push(':');
        after_colon(&entry.value, column + 2, out);
    }
}

/// A value behind a colon, and the end of its line.
fn after_colon(node: &Node, column: usize, out: &mut String) {
    match &node.data {
        Data::Blank => out.push('\n'),
        Data::Map(map) if !map.0.is_empty() => {
            out.push('\n');
            indent(column, out);
            entries(map, column, out);
        }
        Data::List(items) if !items.is_empty() && line_of(items).is_none() => {
            out.push('\n');
            indent(column, out);
            list(items, column, out);
        }
        _ => {
            out.push(' ');
            below(node, column, out);
        }
    }
}

/// A value that begins where the text ends, and the end of its line; what goes
/// on below stands in `column`.
fn below(node: &Node, column: usize, out: &mut String) {
    match &node.data {
        Data::Map(map) if !map.0.is_empty() => entries(map, column, out),
        Data::List(items) => match line_of(items) {
            Some(line) => {
                let _ = writeln!(out, "[{line}]");
            }
            None => list(items, column, out),
        },
        Data::Text(words) => match lines_of(words) {
            Some(lines) => block(words, &lines, column, out),
            None => {
                let _ = writeln!(out, "{}", text(words));
            }
        },
        _ => {
            let _ = writeln!(out, "{}", scalar(node).unwrap_or_else(|| "{}".into()));
        }
    }
}

fn list(items: &[Node], column: usize, out: &mut String) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            indent(column, out);
        }
        out.push_str("- ");
        below(item, column + 2, out);
    }
}

fn indent(column: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', column));
}

/// A short list of plain values, as it stands within brackets.
fn line_of(items: &[Node]) -> Option<String> {
    let items: Option<Vec<String>> = items.iter().map(scalar).collect();
    let line = items?.join(", ");
    (line.chars().count() <= MAX_LINE).then_some(line)
}

/// What is neither list nor map, on one line.
fn scalar(node: &Node) -> Option<String> {
    match &node.data {
        Data::Blank => Some("null".into()),
        Data::Bool(value) => Some(value.to_string()),
        Data::Number(written) => Some(number(written)),
        Data::Text(words) => Some(text(words)),
        Data::List(_) | Data::Map(_) => None,
    }
}

/// A number as it was written; a tag where it was one by its tag alone.
fn number(written: &str) -> String {
    match serde_yaml::from_str(written) {
        Ok(serde_yaml::Value::Number(_)) => written.to_owned(),
        _ => format!("!!float {}", text(written)),
    }
}

/// A text on one line: plain where no reader could mistake it, else in single
/// quotes, else in double ones.
fn text(words: &str) -> String {
    if is_plain(words) {
        return words.to_owned();
    }
    if !words.chars().any(wants_escape) {
        return format!("'{}'", words.replace('\'', "''"));
    }
    let mut quoted = String::from("\"");
    for c in words.chars() {
        let code = u32::from(c);
        let _ = match c {
            '"' | '\\' => write!(quoted, "\\{c}"),
            '\n' => write!(quoted, "\\n"),
            '\t' => write!(quoted, "\\t"),
            '\r' => write!(quoted, "\\r"),
            c if !wants_escape(c) => write!(quoted, "{c}"),
            _ if code <= 0xff => write!(quoted, "\\x{code:02X}"),
            _ if code <= 0xffff => write!(quoted, "\\u{code:04X}"),
            _ => write!(quoted, "\\U{code:08X}"),
        };
    }
    quoted.push('"');
    quoted
}

fn is_plain(words: &str) -> bool {
    let Some(first) = words.chars().next() else {
        return false;
    };
    let inside = |c: char| !wants_escape(c) && !":#,[]{}|`\\?&*!'\"".contains(c);
    let starts = match first {
        // Not a number, nor a date, if there is something else in it.
        '0'..='9' => words.chars().any(|c| !c.is_ascii() || c == '%'),
        c if c.is_ascii() => c.is_ascii_alphabetic() || "(/_".contains(c),
        _ => true,
    };
    starts
        && words.chars().all(inside)
        && words.trim() == words
        && !WORDS.contains(&words.to_ascii_lowercase().as_str())
}

/// Characters that YAML does not take as they are, or that nobody would see.
fn wants_escape(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || code & 0xfffe == 0xfffe
        || matches!(
            code,
            0xa0 | 0xad
                | 0x61c
                | 0x180e
                | 0x200b..=0x200f
                | 0x2028..=0x202f
                | 0x2060..=0x206f
                | 0xfdd0..=0xfdef
                | 0xfe00..=0xfe0f
                | 0xfeff
                | 0xfff9..=0xfffb
                | 0xe0000..=0xe0fff
        )
}

/// The lines of a text that can stand as they are below `|`.
fn lines_of(words: &str) -> Option<Vec<&str>> {
    let body = words.strip_suffix('\n').unwrap_or(words);
    let lines: Vec<&str> = body.split('\n').collect();
    let stands = |line: &&str| line.trim() == *line && !line.chars().any(wants_escape);
    let ends = [lines.first()?, lines.last()?];
    (words.contains('\n') && ends.iter().all(|line| !line.is_empty()) && lines.iter().all(stands))
        .then_some(lines)
}

fn block(words: &str, lines: &[&str], column: usize, out: &mut String) {
    out.push_str(if words.ends_with('\n') { "|\n" } else { "|-\n" });
    for line in lines {
        if !line.is_empty() {
            indent(column, out);
            out.push_str(line);
        }
        out.push('\n');
    }
}

fn canonical(node: &Node, out: &mut String) {
    let string = |mark: &str, text: &str| serde_json::Value::from(format!("{mark}{text}"));
    let _ = match &node.data {
        Data::Blank => write!(out, "null"),
        Data::Bool(value) => write!(out, "{value}"),
        Data::Number(written) => write!(out, "{}", string("#", written)),
        Data::Text(words) => write!(out, "{}", string("'", words)),
        Data::List(items) => {
            for (index, item) in items.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                canonical(item, out);
            }
            write!(out, "{}", if items.is_empty() { "[]" } else { "]" })
        }
        Data::Map(Map(entries)) => {
            for (index, entry) in entries.iter().enumerate() {
                out.push(if index == 0 { '{' } else { ',' });
                let _ = write!(out, "{}:", string("", &entry.key));
                canonical(&entry.value, out);
            }
            write!(out, "{}", if entries.is_empty() { "{}" } else { "}" })
        }
    };
}

#[cfg(test)]
mod tests {
    use super::super::Entry;
    use super::*;
    use crate::source::Location;

    /// Texts that YAML readers stumble over, and pieces to make more of.
    const PIECES: [&str; 74] = [
        "",
        " ",
        "  ",
        "\t",
        "\n",
        "\n\n",
        "\r",
        "\r\n",
        "\0",
        "\u{7}",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "\u{202e}",
        "\u{feff}",
        "\u{3000}",
        "\u{ffff}",
        "\u{1f600}",
        "\u{e000}",
        "\u{10ffff}",
        "~",
        "null",
        "Null",
        "yes",
        "No",
        "on",
        "true",
        "FALSE",
        "y",
        "0",
        "007",
        "1.50",
        "-1",
        "+5",
        ".5",
        "1e3",
        "0x1F",
        "0o7",
        ".inf",
        "-.inf",
        ".nan",
        "1_000",
        "1:30",
        "2024-06-30",
        "2024-06-30T00:00:00Z",
        ">90%",
        "≥90%",
        "@3",
        "*",
        "&a",
        "!x",
        "|",
        "%5",
        "`5`",
        "a: b",
        "甲：乙",
        "# 号",
        " #x",
        "- ",
        "-",
        "---",
        "...",
        "? ",
        ":",
        ": ",
        "[",
        "{",
        "}",
        ",",
        "\"",
        "'",
        "\\",
        "<<",
        "前后before",
    ];
    /// Words with a meaning of their own in a project file.
    const DIRECTIVES: [&str; 3] = ["before", "after", "remove"];
    const NUMBERS: [&str; 9] = [
        "0",
        "-1",
        "1.50",
        "+5",
        "0x1F",
        "1e3",
        ".inf",
        "235.00",
        "18446744073709551615",
    ];

    /// A small generator of numbers that needs no seed from outside.
    struct Dice(u64);

    impl Dice {
        fn throw(&mut self, sides: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as usize % sides
        }

        fn words(&mut self) -> String {
            let words = ["指标", "target", "甲", "x", "50（含县市区）"];
            (0..=self.throw(4))
                .map(|_| match self.throw(3) {
                    0 => words[self.throw(words.len())],
                    _ => PIECES[self.throw(PIECES.len())],
                })
                .collect()
        }

        fn data(&mut self, depth: usize, in_list: bool) -> Data {
            match self.throw(if depth == 0 { 6 } else { 9 }) {
                0 => Data::Blank,
                1 => Data::Bool(self.throw(2) == 0),
                2 => Data::Number(NUMBERS[self.throw(NUMBERS.len())].into()),
                3..=5 => Data::Text(self.words()),
                6 => Data::List(
                    (0..self.throw(5))
                        .map(|_| node(self.data(depth - 1, true)))
                        .collect(),
                ),
                _ => self.map(depth - 1, in_list),
            }
        }

        fn map(&mut self, depth: usize, in_list: bool) -> Data {
            let mut map = Map::default();
            for _ in 0..self.throw(6) {
                let key = match self.throw(12) {
                    // A file says these of a map's entries, but not in a list.
                    0 if in_list => DIRECTIVES[self.throw(3)].into(),
                    1 => "target".into(),
                    2 => "长".repeat(300 + self.throw(900)),
                    _ => self.words(),
                };
                if !key.trim().is_empty() && map.get(&key).is_none() {
                    let value = node(self.data(depth, in_list));
                    map.0.push(entry(&key, value));
                }
            }
            Data::Map(map)
        }
    }

    fn node(data: Data) -> Node {
        let at = Location::start_of(&Source::new("", ""));
        Node { data, at }
    }

    fn entry(key: &str, value: Node) -> Entry {
        Entry {
            key: key.into(),
            key_at: value.at.clone(),
            value,
        }
    }

    fn project(data: Data) -> Project {
        Project {
            files: Vec::new(),
            path: "甲.yaml".into(),
            root: node(data),
            source: Source::new("甲.yaml", ""),
        }
    }

    #[test]
    fn any_tree_is_read_back_as_it_was() {
        let mut dice = Dice(0x2545_f491_4f6c_dd1d);
        let folder = tempfile::tempdir().unwrap();
        for round in 0..3000 {
            let project = project(dice.map(4, false));
            let written = project.to_yaml().unwrap_or_else(|_| {
                let text = project.root.to_yaml();
                let read = Project::from_text("", &text).map(|read| read.canonical_json());
                panic!(
                    "round {round}: {read:?}\n{}\n{text}",
                    project.canonical_json()
                )
            });
            // Also through a file, as users do.
            if round % 50 == 0 {
                let path = folder.path().join("a.yaml");
                std::fs::write(&path, &written).unwrap();
                let loaded = super::super::load(&path).unwrap();
                assert_eq!(loaded.canonical_json(), project.canonical_json());
                assert_eq!(loaded.to_yaml().unwrap(), written);
            }
        }
    }

    #[test]
    fn every_piece_is_read_back_as_value_key_and_item() {
        for piece in PIECES.iter().chain(&NUMBERS).chain(&WORDS) {
            let text = || node(Data::Text((*piece).into()));
            let mut entries = vec![
                entry("a", text()),
                entry("b", node(Data::List(vec![text(), text()]))),
                entry(
                    "c",
                    node(Data::List(vec![node(Data::List(vec![])), text()])),
                ),
            ];
            if !piece.trim().is_empty() {
                entries.push(entry(piece, node(Data::Blank)));
                let map = Map(vec![entry(piece, text())]);
                entries.push(entry("d", node(Data::Map(map))));
            }
            let project = project(Data::Map(Map(entries)));
            assert!(project.to_yaml().is_ok(), "{}", project.root.to_yaml());
        }
    }

    #[test]
    fn what_a_clerk_wrote_looks_as_a_clerk_would_write_it() {
        let text = "form: hunan/cbec-fund-target\nyear: 2024\ndepartments: [甲局, 乙局]\n\
                    funds:\n  province: 235.50\n  city:\nlevel: '>90%'\nname: 50（含县市区）\n\
                    code: '007'\nday: '2024-06-30'\nflag: 'yes'\nempty: ''\nnone: {}\nlist: []\n\
                    annual: |-\n  第一行\n\n  第二行\nindicators:\n  - level1: 产出指标\n    \
                    target: 5场\n  - level1: 效益指标\n    before: x\n'a: b': \"\\u202E052\"\n";
        let read = Project::from_text("a.yaml", text).unwrap();
        assert_eq!(read.to_yaml().unwrap(), text);
    }

    #[test]
    fn a_number_by_its_tag_alone_stays_one() {
        let read = Project::from_text("a.yaml", "a: !!float 007\nb: !!int '5'\n").unwrap();
        assert!(matches!(&read.root.get("a").unwrap().data, Data::Number(n) if n == "007"));
        assert_eq!(read.to_yaml().unwrap(), "a: !!float '007'\nb: 5\n");
    }

    #[test]
    fn what_no_file_can_say_is_refused() {
        let directive = |key: &str| {
            let inner = Map(vec![entry(key, node(Data::Text("x".into())))]);
            let outer = Map(vec![entry("a", node(Data::Map(inner)))]);
            project(Data::Map(outer)).to_yaml().map_err(|d| d.code)
        };
        assert_eq!(directive("before"), Err("project/unwritable"));
        assert_eq!(directive("remove"), Err("project/unwritable"));
        assert!(directive("extends").is_ok() && directive("target").is_ok());
        let base = Map(vec![entry("extends", node(Data::Text("b.yaml".into())))]);
        assert!(project(Data::Map(base)).to_yaml().is_err());
        let large = node(Data::Text("长".repeat(yaml::MAX_BYTES / 3 + 1)));
        assert!(
            project(Data::Map(Map(vec![entry("a", large)])))
                .to_yaml()
                .is_err()
        );
    }

    #[test]
    fn the_digest_tells_numbers_text_and_blank_apart_and_order_too() {
        let digest = |text: &str| Project::from_text("a.yaml", text).unwrap().digest();
        let texts = [
            "a: 1\nb: 2",
            "b: 2\na: 1",
            "a: '1'\nb: 2",
            "a: 1.0\nb: 2",
            "a: '#1'\nb: 2",
            "a:\nb: 2",
            "a: ''\nb: 2",
            "a: 'null'\nb: 2",
            "a: [1]\nb: 2",
            "a: {b: 2}",
        ];
        let digests: std::collections::BTreeSet<Digest> =
            texts.iter().map(|text| digest(text)).collect();
        assert_eq!(digests.len(), texts.len());
        // Spelling of the file does not matter, nor where it lies.
        assert_eq!(digest("a: 1\nb: 2"), digest("# x\n{\"a\": 1, 'b': 2}"));
        let read = Project::from_text("a.yaml", "a: 1.50\nb: [甲, {c: }, true]\n").unwrap();
        assert_eq!(
            read.canonical_json(),
            r##"{"a":"#1.50","b":["'甲",{"c":null},true]}"##
        );
    }
}
