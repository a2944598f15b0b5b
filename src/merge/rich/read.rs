//! Maps with a `$` key → values that are more than text. All that is wrong in
//! them is collected, each at its line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Document, Image, MAX_LENGTH, Named, Paragraph, Picture, Rich, Run};
use crate::diagnostic::{Diagnostic, likely};
use crate::merge::context::allowed;
use crate::project::{Data, Map, Node, attachment};

/// Most bytes of all files that one set of data names.
const MAX_ATTACHMENTS: usize = 128 << 20;
/// Largest type, in half points.
const MAX_HALF_POINTS: f64 = 3276.0;
const MAX_LINK: usize = 2048;

/// Kinds of values, each with the keys beside it.
const KINDS: [(&str, &[&str]); 5] = [
    ("$text", &[]),
    ("$paragraphs", &[]),
    ("$image", &["width", "height", "alt"]),
    ("$break", &[]),
    ("$document", &[]),
];
const RUN: [&str; 13] = [
    "text",
    "bold",
    "italic",
    "underline",
    "strike",
    "color",
    "highlight",
    "size",
    "font",
    "superscript",
    "subscript",
    "style",
    "link",
];
const PARAGRAPH: [&str; 3] = ["text", "style", "align"];
const ALIGNMENTS: [(&str, &str); 5] = [
    ("left", "left"),
    ("center", "center"),
    ("right", "right"),
    ("justify", "both"),
    ("distribute", "distribute"),
];
/// ISO/IEC 29500-1, 17.18.99.
const UNDERLINES: [&str; 18] = [
    "single",
    "words",
    "double",
    "thick",
    "dotted",
    "dottedHeavy",
    "dash",
    "dashedHeavy",
    "dashLong",
    "dashLongHeavy",
    "dotDash",
    "dashDotHeavy",
    "dotDotDash",
    "dashDotDotHeavy",
    "wave",
    "wavyHeavy",
    "wavyDouble",
    "none",
];

/// Reads rich values, and the files they name.
pub(in crate::merge) struct Reader<'a> {
    /// The folder that files are read from; `None` if none may be.
    folder: Option<&'a Path>,
    pictures: BTreeMap<PathBuf, Arc<Picture>>,
    documents: BTreeMap<PathBuf, Arc<Vec<u8>>>,
    bytes: usize,
    pub(in crate::merge) problems: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    pub(in crate::merge) fn new(folder: Option<&'a Path>) -> Self {
        Self {
            folder,
            pictures: BTreeMap::new(),
            documents: BTreeMap::new(),
            bytes: 0,
            problems: Vec::new(),
        }
    }

    /// The value of a map that has a `$` key; `None` if it is any other map or
    /// something is wrong in it.
    pub(in crate::merge) fn rich(&mut self, map: &Map) -> Option<Rich> {
        let dollar = map.0.iter().find(|entry| entry.key.starts_with('$'))?;
        let kinds = || KINDS.iter().map(|(kind, _)| *kind);
        let Some((kind, beside)) = KINDS.iter().find(|(kind, _)| *kind == dollar.key) else {
            // Data of other programs has `$` keys as well.
            if let Some(name) = likely(&dollar.key, kinds()) {
                self.problems.push(
                    Diagnostic::error("data/key", format!("不认识的键 `{}`", dollar.key))
                        .at(dollar.key_at.clone())
                        .hint(format!("是否想写 `{name}`？")),
                );
            }
            return None;
        };
        self.known(map, &[&[*kind], *beside].concat());
        let value = &dollar.value;
        match *kind {
            "$text" => Some(Rich::Text(self.runs(value))),
            "$paragraphs" => Some(Rich::Paragraphs(self.paragraphs(value))),
            "$image" => self.image(value, map).map(Rich::Image),
            "$break" => {
                let words = "`$break` 只能是 page";
                match value.as_str() {
                    Some("page") => {}
                    _ => self.refuse("data/value", value, words.to_owned()),
                }
                Some(Rich::PageBreak)
            }
            _ => self.document(value).map(Rich::Document),
        }
    }

    fn runs(&mut self, node: &Node) -> Vec<Run> {
        match &node.data {
            Data::Blank => Vec::new(),
            Data::List(items) => items.iter().filter_map(|item| self.run(item)).collect(),
            _ => self.run(node).into_iter().collect(),
        }
    }

    fn run(&mut self, node: &Node) -> Option<Run> {
        let Data::Map(map) = &node.data else {
            // Blanks print nothing, as everywhere.
            let text = match node.data {
                Data::Blank => String::new(),
                _ => self.text(node)?,
            };
            return Some(Run {
                text,
                ..Run::default()
            });
        };
        self.known(map, &RUN);
        let mut run = Run::default();
        match map.get("text") {
            Some(Node {
                data: Data::Blank, ..
            }) => {}
            Some(text) => run.text = self.text(text).unwrap_or_default(),
            None => self.refuse("data/missing", node, "这一段文字缺少 `text`".to_owned()),
        }
        run.bold = self.flag(map, "bold");
        run.italic = self.flag(map, "italic");
        run.strike = self.flag(map, "strike");
        run.underline = map.get("underline").and_then(|node| self.underline(node));
        run.color = map.get("color").and_then(|node| self.color(node));
        run.shading = map.get("highlight").and_then(|node| self.color(node));
        run.half_points = map.get("size").and_then(|node| self.half_points(node));
        run.style = map.get("style").and_then(|node| self.style(node));
        run.link = map.get("link").and_then(|node| self.link(node));
        let raised = self.flag(map, "superscript") == Some(true);
        run.vertical = match (raised, self.flag(map, "subscript") == Some(true)) {
            (true, true) => {
                let words = "`superscript` 和 `subscript` 不能都写".to_owned();
                self.refuse("data/value", node, words);
                None
            }
            (true, false) => Some("superscript"),
            (false, true) => Some("subscript"),
            (false, false) => None,
        };
        match map.get("font") {
            Some(Node {
                data: Data::Map(fonts),
                ..
            }) => {
                self.known(fonts, &["east_asian", "latin"]);
                let mut font = |key| fonts.get(key).and_then(|node| self.font(node));
                (run.east_asian, run.latin) = (font("east_asian"), font("latin"));
            }
            Some(node) => {
                run.east_asian = self.font(node);
                run.latin.clone_from(&run.east_asian);
            }
            None => {}
        }
        Some(run)
    }

    fn paragraphs(&mut self, node: &Node) -> Vec<Paragraph> {
        let items = match &node.data {
            Data::Blank => &[][..],
            Data::List(items) => items,
            _ => std::slice::from_ref(node),
        };
        items.iter().map(|item| self.paragraph(item)).collect()
    }

    fn paragraph(&mut self, node: &Node) -> Paragraph {
        let Data::Map(map) = &node.data else {
            return Paragraph {
                runs: self.runs(node),
                ..Paragraph::default()
            };
        };
        self.known(map, &PARAGRAPH);
        let align = map.get("align").and_then(|node| {
            let found = ALIGNMENTS
                .iter()
                .find(|(name, _)| Some(*name) == node.as_str());
            if found.is_none() {
                self.choose(node, "align", ALIGNMENTS.iter().map(|(name, _)| *name));
            }
            found.map(|(_, word)| *word)
        });
        Paragraph {
            align,
            style: map.get("style").and_then(|node| self.style(node)),
            runs: map
                .get("text")
                .map_or_else(Vec::new, |text| self.runs(text)),
        }
    }

    fn image(&mut self, node: &Node, map: &Map) -> Option<Image> {
        let width = map.get("width").and_then(|node| self.length(node));
        let height = map.get("height").and_then(|node| self.length(node));
        let alt = map.get("alt").and_then(|node| self.text(node));
        let path = self.locate(node)?;
        let picture = match self.pictures.get(&path) {
            Some(known) => known.clone(),
            None => {
                let bytes = self.file(node, &path)?;
                let Some(picture) = Picture::read(bytes) else {
                    let words = "这个文件不是 PNG、JPEG、GIF 或 BMP 图片";
                    self.refuse("data/image", node, words.to_owned());
                    return None;
                };
                let picture = Arc::new(picture);
                self.pictures.insert(path, picture.clone());
                picture
            }
        };
        Some(Image {
            picture,
            width,
            height,
            alt: alt.unwrap_or_default(),
        })
    }

    fn document(&mut self, node: &Node) -> Option<Document> {
        let path = self.locate(node)?;
        let bytes = match self.documents.get(&path) {
            Some(known) => known.clone(),
            None => {
                let bytes = Arc::new(self.file(node, &path)?);
                self.documents.insert(path, bytes.clone());
                bytes
            }
        };
        Some(Document {
            name: node.as_str().unwrap_or_default().to_owned(),
            bytes,
            at: node.at.clone(),
        })
    }

    fn locate(&mut self, node: &Node) -> Option<PathBuf> {
        let written = self.text(node)?;
        let Some(folder) = self.folder else {
            let words = "这里的数据不能用文件里的图片和子文档";
            self.refuse("data/file", node, words.to_owned());
            return None;
        };
        let found = attachment::locate(node, &written, folder);
        found.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn file(&mut self, node: &Node, path: &Path) -> Option<Vec<u8>> {
        let read = attachment::read(node, path);
        let bytes = read.map_err(|problem| self.problems.push(problem)).ok()?;
        self.bytes += bytes.len();
        if self.bytes > MAX_ATTACHMENTS {
            let limit = MAX_ATTACHMENTS >> 20;
            self.refuse(
                "data/file",
                node,
                format!("所用的文件加起来超过 {limit} MB"),
            );
            return None;
        }
        Some(bytes)
    }

    fn known(&mut self, map: &Map, names: &[&str]) {
        for entry in &map.0 {
            if !names.contains(&entry.key.as_str()) {
                self.problems.push(
                    Diagnostic::error("data/key", format!("不认识的键 `{}`", entry.key))
                        .at(entry.key_at.clone())
                        .label(format!("这里可以写：{}", names.join("、")))
                        .hint_likely(&entry.key, names.iter().copied()),
                );
            }
        }
    }

    fn text(&mut self, node: &Node) -> Option<String> {
        if let Some(text) = node.as_str() {
            return Some(allowed(text).into_owned());
        }
        self.wrong_type(node, "文字");
        None
    }

    fn wrong_type(&mut self, node: &Node, wanted: &str) {
        self.problems.push(
            Diagnostic::error("data/type", format!("这里应是{wanted}"))
                .at(node.at.clone())
                .label(format!("这里是{}", node.kind())),
        );
    }

    fn refuse(&mut self, code: &'static str, node: &Node, message: String) {
        let problem = Diagnostic::error(code, message).at(node.at.clone());
        self.problems.push(problem);
    }

    /// One of a few names was wanted.
    fn choose<'n>(&mut self, node: &Node, key: &str, names: impl Iterator<Item = &'n str>) {
        let names: Vec<&str> = names.collect();
        let problem = Diagnostic::error("data/value", format!("`{key}` 没有这种写法"))
            .at(node.at.clone())
            .label(format!("可以写：{}", names.join("、")));
        let problem = problem.hint_likely(node.as_str().unwrap_or_default(), names);
        self.problems.push(problem);
    }

    fn flag(&mut self, map: &Map, key: &str) -> Option<bool> {
        let node = map.get(key)?;
        match node.data {
            Data::Bool(flag) => Some(flag),
            _ => {
                self.wrong_type(node, " true 或 false");
                None
            }
        }
    }

    fn underline(&mut self, node: &Node) -> Option<&'static str> {
        if let Data::Bool(flag) = node.data {
            return Some(if flag { "single" } else { "none" });
        }
        let found = UNDERLINES.iter().find(|kind| Some(**kind) == node.as_str());
        if found.is_none() {
            self.choose(node, "underline", UNDERLINES.into_iter());
        }
        found.copied()
    }

    fn color(&mut self, node: &Node) -> Option<String> {
        let written = node.as_str().unwrap_or_default();
        let digits = written.strip_prefix('#').unwrap_or(written);
        if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Some(digits.to_ascii_uppercase());
        }
        self.problems.push(
            Diagnostic::error("data/color", "颜色要写成六位十六进制数 RRGGBB")
                .at(node.at.clone())
                .hint("如 C00000；以 # 开头就要加引号：\"#C00000\""),
        );
        None
    }

    fn half_points(&mut self, node: &Node) -> Option<u32> {
        let points = node.as_str().and_then(|text| text.parse::<f64>().ok());
        let half = points.map(|points| points * 2.0);
        let half =
            half.filter(|half| half.fract() == 0.0 && (1.0..=MAX_HALF_POINTS).contains(half));
        if half.is_none() {
            let words = "字号以磅计，只能是 0.5 的倍数，如 16、10.5";
            self.refuse("data/size", node, words.to_owned());
        }
        half.map(|half| half as u32)
    }

    fn length(&mut self, node: &Node) -> Option<u64> {
        const UNITS: [(&str, f64); 4] = [
            ("mm", 36_000.0),
            ("cm", 360_000.0),
            ("pt", super::EMU_PER_POINT as f64),
            ("in", 914_400.0),
        ];
        let written = node.as_str().unwrap_or_default().trim();
        let length = UNITS.iter().find_map(|(unit, emu)| {
            let number = written.strip_suffix(unit)?.trim_end();
            let is_plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            Some(number.parse::<f64>().ok().filter(|_| is_plain)? * emu)
        });
        let length = length
            .map(f64::round)
            .filter(|emu| (1.0..=MAX_LENGTH as f64).contains(emu));
        if length.is_none() {
            self.problems.push(
                Diagnostic::error("data/length", "长度要写数字和单位，不超过 558mm")
                    .at(node.at.clone())
                    .hint("如 40mm、4cm、120pt、1.5in"),
            );
        }
        length.map(|emu| emu as u64)
    }

    fn font(&mut self, node: &Node) -> Option<String> {
        let name = self.text(node)?;
        if name.trim().is_empty() || name.chars().count() > 64 {
            self.refuse("data/value", node, "字体名称不对".to_owned());
            return None;
        }
        Some(name)
    }

    fn style(&mut self, node: &Node) -> Option<Named> {
        Some(Named {
            name: self.text(node)?,
            at: node.at.clone(),
        })
    }

    /// A link, with what an address may not hold percent-encoded.
    fn link(&mut self, node: &Node) -> Option<String> {
        let written = self.text(node)?;
        let scheme = written.split(':').next().unwrap_or_default();
        let scheme = scheme.to_ascii_lowercase();
        let rest = written.get(scheme.len() + 1..).unwrap_or_default();
        let is_known = match scheme.as_str() {
            "http" | "https" => rest.strip_prefix("//").is_some_and(|host| !host.is_empty()),
            "mailto" => !rest.is_empty(),
            _ => false,
        };
        let is_plain = !written.chars().any(|c| c.is_whitespace() || c.is_control());
        if !is_known || !is_plain || written.len() > MAX_LINK {
            self.problems.push(
                Diagnostic::error("data/link", "链接只能是 http、https 或 mailto 的地址")
                    .at(node.at.clone())
                    .hint("如 https://www.gov.cn/，里面不能有空格"),
            );
            return None;
        }
        let mut link = format!("{scheme}:");
        for byte in rest.bytes() {
            match byte {
                b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => {
                    link.push_str(&format!("%{byte:02X}"));
                }
                _ => link.push(char::from(byte)),
            }
        }
        Some(link)
    }
}
