//! What holds of every template and every value: text comes out as it was,
//! however a tag's runs are cut, and what comes out is a Word file.

use std::fmt::Write;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use tianbao::any_template::AnyTemplate;
use tianbao::parity::word::{Element, grids, part, part_names, part_paragraphs};
use tianbao::project::parse_data;
use tianbao::source::Source;

use crate::support::word_file::{OFFICE, WORD, WordFile, document};

/// The same cases in every run, some seconds of them; `PROPTEST_CASES` and
/// `PROPTEST_RNG_SEED` ask for others.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases / 2,
        failure_persistence: None,
        rng_seed: match default.rng_seed {
            RngSeed::Random => RngSeed::Fixed(2024),
            asked => asked,
        },
        ..default
    }
}

/// What a template gives with these values; what is wrong, as text.
fn merged(template: &[u8], data: &Value) -> Result<Vec<u8>, String> {
    fn told(failure: impl std::fmt::Debug) -> String {
        let told = format!("{failure:?}");
        assert!(told.starts_with("Rejected([Diagnostic"), "{told}");
        told
    }
    let data = parse_data(&Source::new("data.json", data.to_string()), true).unwrap();
    let template = AnyTemplate::word("template.docx", template).map_err(told)?;
    let _ = template.names();
    let merged = template.merge(&data, None, || unreachable!("Word needs no typesetting"));
    Ok(merged.map_err(told)?.bytes)
}

fn file(body: &str) -> WordFile {
    let mut file = WordFile::new();
    file.part("word/document.xml", document(body));
    file
}

fn text(docx: &[u8], name: &str) -> String {
    part(docx, name).unwrap().unwrap()
}

fn run(text: &str) -> String {
    let text = quick_xml::escape::escape(text);
    format!("<w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r>")
}

fn p(content: &str) -> String {
    format!("<w:p>{content}</w:p>")
}

fn table(rows: &[&[String]]) -> String {
    let mut xml = "<w:tbl><w:tblPr/><w:tblGrid>".to_owned();
    let columns = rows.iter().map(|row| row.len()).max().unwrap_or_default();
    xml.push_str(&"<w:gridCol w:w=\"1000\"/>".repeat(columns));
    xml.push_str("</w:tblGrid>");
    for row in rows {
        let cells = row.iter().map(|cell| {
            format!("<w:tc><w:tcPr><w:tcW w:w=\"1000\" w:type=\"dxa\"/></w:tcPr>{cell}</w:tc>")
        });
        let _ = write!(xml, "<w:tr>{}</w:tr>", cells.collect::<String>());
    }
    xml + "</w:tbl>"
}

// ---- Any text ---------------------------------------------------------------

/// What could be taken for something else.
const ODD: [&str; 44] = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "{_{",
    "%_}",
    "{{ x }}",
    "{%tr endfor %}",
    "{",
    "]]>",
    "<![CDATA[",
    "&amp;",
    "&#7;",
    "<w:t>",
    "</w:t></w:r></w:p>",
    "<!--",
    "\"",
    "'",
    "“",
    " ",
    "  ",
    "\u{a0}",
    "\u{3000}",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u{7}",
    "\u{c}",
    "\0",
    "\u{1b}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}0\u{ffff}",
    "\u{10ffff}",
    "𠮷",
    "e\u{301}",
    "\u{202e}",
    "שלום",
];

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        2 => select(ODD.as_slice()).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "\\PC{0,8}",
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Without what XML forbids, but for what asks for paragraphs and pages.
fn allowed(value: &str) -> String {
    let allowed = |c: &char| match c {
        '\t' | '\n' | '\r' | '\u{7}' | '\u{c}' => true,
        c => !matches!(c, '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'),
    };
    value.chars().filter(allowed).collect()
}

/// The paragraphs that a value prints.
fn printed(value: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    let value = allowed(value).replace("\r\n", "\n").replace('\r', "\n");
    for c in value.chars() {
        match c {
            '\u{7}' => paragraphs.push(String::new()),
            // The page break has a paragraph of its own.
            '\u{c}' => paragraphs.extend([String::new(), String::new()]),
            c => paragraphs.last_mut().unwrap().push(c),
        }
    }
    paragraphs
}

/// Paragraphs, the first going on where others end.
fn append(all: &mut Vec<String>, more: Vec<String>) {
    let mut more = more.into_iter();
    if let (Some(last), Some(first)) = (all.last_mut(), more.next()) {
        last.push_str(&first);
    }
    all.extend(more);
}

fn between(before: &str, value: &str, after: &str) -> Vec<String> {
    let mut all = vec![before.to_owned()];
    append(&mut all, printed(value));
    append(&mut all, vec![after.to_owned()]);
    all
}

/// A template that prints `x` in every kind of place, and the paragraphs of its
/// body when filled in.
fn everywhere(x: &str) -> (Vec<u8>, Vec<String>) {
    let look = "<w:r><w:rPr><w:b/></w:rPr><w:t>{{r x }}</w:t></w:r>";
    let control =
        |inner: &str| format!("<w:sdt><w:sdtPr/><w:sdtContent>{inner}</w:sdtContent></w:sdt>");
    let text_box = format!(
        "<w:r><w:pict><w:txbxContent>{}</w:txbxContent></w:pict></w:r>",
        p(&run("框{{ x }}"))
    );
    let mut expected = Vec::new();
    let mut body = String::new();
    let mut place = |xml: &str, paragraphs: Vec<String>| {
        body.push_str(xml);
        expected.extend(paragraphs);
    };
    place(&p(&run("前{{ x }}后")), between("前", x, "后"));
    place(&p(&run("{{ x }}")), printed(x));
    place(&p(&(run("前") + look + &run("后"))), between("前", x, "后"));
    place(
        &p(
            "<w:r><w:t>{{</w:t></w:r><w:r><w:rPr><w:i/></w:rPr><w:t> x }</w:t></w:r><w:r><w:t>}</w:t></w:r>",
        ),
        printed(x),
    );
    let mut twice = between("", x, "，");
    append(&mut twice, between("", x, "，"));
    place(
        &p(&run("{% for one in [x, x] %}{{ one }}，{% endfor %}")),
        twice,
    );
    let lifted = [
        p(&run("{%p for one in [x, x] %}")),
        p(&run("{{ one }}")),
        p(&run("{%p endfor %}")),
    ];
    place(&lifted.concat(), [printed(x), printed(x)].concat());
    place(
        &p(&run("{% if x == x %}{{ x ~ '' }}{% endif %}")),
        printed(x),
    );
    place(&p(&run("{% set y = x %}{{ y }}")), printed(x));
    place(
        &p(&format!(
            "<w:hyperlink w:anchor=\"a\">{}</w:hyperlink>",
            run("链{{ x }}接")
        )),
        between("链", x, "接"),
    );
    place(&p(&control(&run("控{{ x }}件"))), between("控", x, "件"));
    place(&control(&p(&run("{{ x }}"))), printed(x));
    place(
        &p(&text_box),
        [vec![String::new()], between("框", x, "")].concat(),
    );
    place(
        &table(&[
            &[p(&run("{{ x }}")), p(&run("甲")) + &p(&run("{{ x }}乙"))],
            &[p(&run("{%tr for one in [x, x] %}")), p("")],
            &[p(&run("{% vm one %}{{ one }}")), p(&run("{{ one }}"))],
            &[p(&run("{%tr endfor %}")), p("")],
        ]),
        [
            printed(x),
            vec!["甲".to_owned()],
            between("", x, "乙"),
            printed(x),
            printed(x),
            vec![String::new()],
            printed(x),
        ]
        .concat(),
    );
    let mut file = file(&body);
    file.types(&format!(
        "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Override PartName=\"/word/document.xml\" ContentType=\"{WORD}.document.main+xml\"/>\
         <Override PartName=\"/word/header1.xml\" ContentType=\"{WORD}.header+xml\"/>\
         <Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/>"
    ));
    file.relationships(
        "word/_rels/document.xml.rels",
        &format!("<Relationship Id=\"rId1\" Type=\"{OFFICE}/header\" Target=\"header1.xml\"/>"),
    );
    file.relationships("_rels/.rels", &format!(
        "<Relationship Id=\"rId1\" Type=\"{OFFICE}/officeDocument\" Target=\"word/document.xml\"/>\
         <Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/>"
    ));
    file.part(
        "word/header1.xml",
        format!("<w:hdr xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">{}</w:hdr>", p(&run("眉{{ x }}"))),
    );
    file.part("docProps/core.xml", "<cp:coreProperties xmlns:cp=\"c\" xmlns:dc=\"d\"><dc:title>题{{ x }}</dc:title></cp:coreProperties>");
    (file.bytes(), expected)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_comes_out_as_it_was(x in any_text()) {
        let (template, expected) = everywhere(&x);
        let docx = merged(&template, &json!({ "x": x })).map_err(TestCaseError::fail)?;
        let found = part_paragraphs(&text(&docx, "word/document.xml")).unwrap();
        prop_assert_eq!(&found, &expected);
        // Rich text says the same, also where only its characters are left.
        let rich = merged(&template, &json!({ "x": { "$text": x } })).map_err(TestCaseError::fail)?;
        let found = part_paragraphs(&text(&rich, "word/document.xml")).unwrap();
        prop_assert_eq!(found, expected);
        let header = part_paragraphs(&text(&docx, "word/header1.xml")).unwrap();
        prop_assert_eq!(header, between("眉", &x, ""));
        // A property is one line.
        let x = allowed(&x);
        let words: Vec<&str> = x.split(char::is_control).filter(|words| !words.is_empty()).collect();
        let title = Element::parse(&text(&docx, "docProps/core.xml")).unwrap().content();
        prop_assert_eq!(title, format!("题{}", words.join(" ")));
        prop_assert_eq!(fault(&docx), None);
    }
}

// ---- Any cuts ---------------------------------------------------------------

/// What stands where a paragraph's text is cut, before or about what follows.
#[derive(Debug, Clone, Copy)]
enum Joint {
    Look(&'static str),
    Between(&'static str),
    Break,
    SameRun,
    Within(&'static str, &'static str),
}

const JOINTS: [Joint; 13] = [
    Joint::Look("<w:r><w:rPr><w:b/></w:rPr>"),
    Joint::Look("<w:r><w:rPr><w:rFonts w:hint=\"eastAsia\"/></w:rPr>"),
    Joint::Look("<w:r w:rsidR=\"00A1\" w:rsidRPr=\"00B2\">"),
    Joint::Between("<w:proofErr w:type=\"spellStart\"/>"),
    Joint::Between("<w:proofErr w:type=\"gramEnd\"/>"),
    Joint::Between("<w:bookmarkStart w:id=\"0\" w:name=\"a\"/><w:bookmarkEnd w:id=\"0\"/>"),
    Joint::Between("<w:r><w:rPr><w:i/></w:rPr></w:r>"),
    Joint::Between("<w:r><w:t></w:t></w:r>"),
    Joint::Break,
    Joint::SameRun,
    Joint::Within("<w:ins w:id=\"1\" w:author=\"a\">", "</w:ins>"),
    Joint::Within("<w:hyperlink w:anchor=\"a\">", "</w:hyperlink>"),
    Joint::Within("<w:smartTag w:element=\"a\">", "</w:smartTag>"),
];

/// A paragraph's text over runs; `↵` a line break, `→` a tab.
fn cut(text: &str, cuts: &[(usize, Joint)]) -> String {
    let mut xml = String::new();
    let mut start = 0;
    let mut close = String::new();
    let plain = (0, Joint::Look("<w:r>"));
    for (at, joint) in std::iter::once(&plain).chain(cuts) {
        let at = text
            .char_indices()
            .nth(*at)
            .map_or(text.len(), |(at, _)| at);
        let (done, rest) = (&text[start..at], &text[at..]);
        start = at;
        if !matches!(joint, Joint::SameRun) || close.is_empty() {
            xml.push_str(&content(done));
            xml.push_str(&close);
            let (open, end) = match joint {
                Joint::Look(open) => ((*open).to_owned(), "</w:r>".to_owned()),
                Joint::Between(between) => (format!("{between}<w:r>"), "</w:r>".to_owned()),
                Joint::Break => (
                    "<w:r><w:lastRenderedPageBreak/>".to_owned(),
                    "</w:r>".to_owned(),
                ),
                Joint::SameRun => ("<w:r>".to_owned(), "</w:r>".to_owned()),
                Joint::Within(open, end) => (format!("{open}<w:r>"), format!("</w:r>{end}")),
            };
            xml.push_str(&open);
            close = end;
        } else {
            xml.push_str(&content(done));
        }
        if rest.is_empty() {
            break;
        }
    }
    xml + &content(&text[start..]) + &close
}

/// What a run holds.
fn content(text: &str) -> String {
    let mut xml = String::new();
    for line in text.split_inclusive(['↵', '→']) {
        let words = line.trim_end_matches(['↵', '→']);
        if !words.is_empty() {
            let words = quick_xml::escape::escape(words);
            let _ = write!(xml, "<w:t xml:space=\"preserve\">{words}</w:t>");
        }
        match line.chars().next_back() {
            Some('↵') => xml.push_str("<w:br/>"),
            Some('→') => xml.push_str("<w:tab/>"),
            _ => {}
        }
    }
    xml
}

#[test]
fn what_a_block_keeps_is_text() {
    let template = "{% set z %}甲{{ lines }}&{% endset %}{{ z | upper }}{{ z ~ a }}";
    let docx = merged(&file(&p(&run(template))).bytes(), &data()).unwrap();
    assert_eq!(shown(&docx), "甲行\n行¶段¶¶页&甲行\n行¶段¶¶页&甲<&>");
}

/// Paragraphs of a template, one a line; a line `[` begins a table, `-` a row,
/// `/` a cell, `]` ends the table. And the paragraphs that come out.
const TEMPLATES: [(&str, &str); 15] = [
    (
        "前{{ a }}中{{ b.c | upper }}后{{ a or “无” }}{{ '}}' }}",
        "前甲<&>中XY后甲<&>}}",
    ),
    (
        "{% if yes %}是{{ a }}{% else %}否{% endif %}。{% for x in xs %}{{ loop.index }}{{ x.n }}、{% endfor %}尾",
        "是甲<&>。1子、2丑、3寅、尾",
    ),
    (
        "{%p for x in xs %}\n项{{ x.n }}\n{%p if x.k == 2 %}\n二\n{%p endif %}\n{%p endfor %}\n尾",
        "项子¶项丑¶二¶项寅¶二¶尾",
    ),
    (
        "{% if yes %}\n甲\n乙{% endif %}丙\n{% for x in xs %}{{ x.n }}\n{% endfor %}",
        "¶甲¶乙丙¶子¶丑¶寅¶",
    ),
    (
        "[\n-\n/\n{%tr for x in xs %}\n/\n\n-\n/\n{% vm x.k %}{{ x.k }}\n/\n{{ x.n }}\n续\n-\n/\n{%tr endfor %}\n/\n\n]",
        "1¶子¶续¶2¶丑¶续¶¶寅¶续‖1×1 1∣1×1 子\n续‖1×2 2∣1×1 丑\n续‖1×1 寅\n续",
    ),
    (
        "[\n-\n/\n{%tr for x in xs %}\n-\n/\n{%tr for y in x.ys %}\n-\n/\n{% vm %}{{ y }}\n-\n/\n{%tr endfor %}\n-\n/\n{%tr endfor %}\n]",
        "1¶¶3¶3¶‖1×2 1‖‖1×1 3‖1×2 3‖",
    ),
    (
        "[\n-\n/\n甲\n/\n{%tc for x in xs %}\n/\n{{ x.n }}\n/\n{%tc endfor %}\n-\n/\n乙\n/\n{%tc for x in xs %}\n/\n{% hm %}合{{ x.n }}\n/\n{%tc endfor %}\n]",
        "甲¶子¶丑¶寅¶乙¶合子‖1×1 甲∣1×1 子∣1×1 丑∣1×1 寅‖1×1 乙∣3×1 合子",
    ),
    (
        "[\n-\n/\n{% colspan xs | length %}{% cellbg color %}宽\n-\n/\n{%tc for x in xs %}\n/\n{{ x.n }}{#c#}\n/\n{%tc endfor %}\n-\n/\n{#tr 说明 #}\n/\n\n]",
        "宽¶子¶丑¶寅‖3×1 宽‖1×1 子∣1×1 丑∣1×1 寅",
    ),
    (
        "前{%r if yes %}中{{r rich }}{%r endif %}后{%r for x in xs %}{{ x.n }}{%r endfor %}\n{{p rich }}\n{{p paragraphs }}",
        "前中普通粗后子丑寅¶普通粗¶第一段¶第二段",
    ),
    (
        "前{# 注释 {{ a }} #}后\n{#p 注释 #}\n{_{ a }_}{_% b %_}{% raw %}{{ c }}{% endraw %}尾",
        "前后¶{{ a }}{% b %}{{ c }}尾",
    ),
    (
        "一{%- if yes %}二{% endif -%}\n三↵{%- if yes %}四↵{% endif -%}↵五→六",
        "一二三四\n五\t六",
    ),
    (
        "{% set z = a %}{{ z }}{% with w = 3 %}{{ w }}{% endwith %}",
        "甲<&>3",
    ),
    (
        "{% filter upper %}q&<{{ a }}↵{% if yes %}→{{ b.c }}{% endif %}{% endfilter %}{% macro m(q) %}<{{ q }}>{% endmacro %}{{ m(1) }}",
        "Q&<甲<&>\n\tXY<1>",
    ),
    (
        "{% set z %}甲{{ lines }}&{% endset %}{{ z }}{{ a }}",
        "甲行\n行¶段¶¶页&甲<&>",
    ),
    (
        "{{ paragraphs }}尾{{ lines }}↵{{ xs | map(attribute='n') | join('、') }}→{{ a\u{a0}~\u{3000}a }}",
        "第一段¶第二段¶尾行\n行¶段¶¶页\n子、丑、寅\t甲<&>甲<&>",
    ),
];

fn data() -> Value {
    json!({
        "a": "甲<&>", "b": { "c": "xy" }, "yes": true,  "color": "FF0000",
        "xs": [
            { "n": "子", "k": 1, "ys": [1, 2] },
            { "n": "丑", "k": 2, "ys": [3] },
            { "n": "寅", "k": 2, "ys": [3, 3] },
        ],
        "rich": { "$text": ["普通", { "text": "粗", "bold": true }] },
        "paragraphs": { "$paragraphs": ["第一段", "第二段"] },
        "lines": "行\n行\u{7}段\u{c}页",
    })
}

/// The XML of a template, its paragraphs cut.
fn body(template: &str, cuts: &[(usize, Joint)]) -> String {
    let mut xml = String::new();
    let mut open = "";
    let mut offset = 0;
    for line in template.split('\n') {
        let close = match open {
            "/" => "</w:tc>",
            _ => "",
        };
        match line {
            "[" => xml.push_str("<w:tbl><w:tblPr/><w:tblGrid><w:gridCol w:w=\"1000\"/><w:gridCol w:w=\"1000\"/></w:tblGrid>"),
            "]" => {
                let _ = write!(xml, "{close}</w:tr></w:tbl>");
                open = "";
            }
            "-" => {
                let end = if open.is_empty() { "" } else { "</w:tr>" };
                let _ = write!(xml, "{close}{end}<w:tr>");
                open = "-";
            }
            "/" => {
                let _ = write!(xml, "{close}<w:tc>");
                open = "/";
            }
            text => {
                let end = offset + text.chars().count();
                let own = cuts.iter().filter(|(at, _)| (offset..=end).contains(at));
                let own: Vec<_> = own.map(|(at, joint)| (at - offset, *joint)).collect();
                xml.push_str(&p(&cut(text, &own)));
                offset = end;
            }
        }
    }
    xml
}

fn shown(docx: &[u8]) -> String {
    let document = text(docx, "word/document.xml");
    let mut shown = part_paragraphs(&document).unwrap().join("¶");
    for grid in grids(docx).unwrap() {
        for row in grid.rows {
            let cells = row
                .iter()
                .map(|cell| format!("{}×{} {}", cell.colspan, cell.rowspan, cell.text));
            let _ = write!(shown, "‖{}", cells.collect::<Vec<_>>().join("∣"));
        }
    }
    shown
}

fn any_cuts() -> impl Strategy<Value = Vec<(Index, Joint)>> {
    proptest::collection::vec((any::<Index>(), select(JOINTS.as_slice())), 0..12)
}

#[test]
fn templates_that_are_cut_below_give_what_they_should() {
    for (template, expected) in TEMPLATES {
        let docx = merged(&file(&body(template, &[])).bytes(), &data()).unwrap();
        assert_eq!(shown(&docx), expected, "{template}");
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn cutting_tags_over_runs_changes_nothing(
        (template, expected) in select(TEMPLATES.as_slice()),
        cuts in any_cuts(),
    ) {
        let length = template.chars().count();
        let mut cuts: Vec<_> = cuts.iter().map(|(at, joint)| (at.index(length), *joint)).collect();
        if ["{% if yes %}\n", "macro", "endset"].iter().any(|block| template.contains(block)) {
            // Such a block must not begin within an insertion and end without.
            cuts.retain(|(_, joint)| !matches!(joint, Joint::Within(..)));
        }
        cuts.sort_by_key(|(at, _)| *at);
        let body = body(template, &cuts);
        let docx = merged(&file(&body).bytes(), &data());
        let docx = docx.map_err(|problems| TestCaseError::fail(format!("{problems}\n{body}")))?;
        prop_assert_eq!(shown(&docx), expected, "{}\n{}", template, body);
        prop_assert_eq!(fault(&docx), None, "{}", body);
    }
}

// ---- Any template -----------------------------------------------------------

/// Where elements may stand that tags move, copy and take away.
const PARENTS: [(&str, &[&str]); 6] = [
    (
        "w:p",
        &["w:body", "w:tc", "w:hdr", "w:sdtContent", "w:txbxContent"],
    ),
    ("w:tbl", &["w:body", "w:tc", "w:sdtContent"]),
    ("w:tr", &["w:tbl"]),
    ("w:tc", &["w:tr"]),
    (
        "w:r",
        &["w:p", "w:hyperlink", "w:ins", "w:smartTag", "w:sdtContent"],
    ),
    ("w:t", &["w:r"]),
];

/// The first thing in a Word file that a reader would stumble over.
fn fault(docx: &[u8]) -> Option<String> {
    if let Err(failure) = AnyTemplate::word("again.docx", docx) {
        let told = format!("{failure:?}");
        // What a value says may look like a tag.
        if ["word/package", "word/xml"]
            .iter()
            .any(|code| told.contains(code))
        {
            return Some(told);
        }
    }
    part_names(docx).unwrap().iter().find_map(|name| {
        let root = match Element::parse(&text(docx, name)) {
            Ok(root) => root,
            Err(words) => return Some(format!("{name}: {words}")),
        };
        fault_below(&root)
    })
}

fn fault_below(element: &Element) -> Option<String> {
    let last = element.elements().last().map(|last| last.name.as_str());
    let of = |name: &str| {
        element
            .elements()
            .filter(|child| child.name == name)
            .count()
    };
    match element.name.as_str() {
        "w:tc" if last != Some("w:p") => {
            return Some("a cell does not end with a paragraph".into());
        }
        "w:tc" if of("w:tcPr") > 1 => return Some("a cell has its properties twice".into()),
        "w:p" if of("w:pPr") > 1 => return Some("a paragraph has its properties twice".into()),
        _ => {}
    }
    element.elements().find_map(|child| {
        let known = PARENTS.iter().find(|(name, _)| child.name == *name);
        match known {
            Some((_, parents)) if !parents.contains(&element.name.as_str()) => {
                Some(format!("{} in {}", child.name, element.name))
            }
            _ => fault_below(child),
        }
    })
}

/// What stands in paragraphs, right and wrong.
const WORDS: [&str; 40] = [
    "字",
    " ",
    "{{ a }}",
    "{{ b.c }}",
    "{{ x }}",
    "{{ x.n }}",
    "{{ nope }}",
    "{{ a | nope }}",
    "{{ a",
    "}}",
    "{%",
    "{{r rich }}",
    "{{p rich }}",
    "{{p paragraphs }}",
    "{{ paragraphs }}",
    "{{ lines }}",
    "{% if yes %}",
    "{% else %}",
    "{% endif %}",
    "{% for x in xs %}",
    "{% endfor %}",
    "{%- if yes -%}",
    "{%- endif -%}",
    "{%p if yes %}",
    "{%p endif %}",
    "{%p for x in xs %}",
    "{%p endfor %}",
    "{%tr for x in xs %}",
    "{%tr endfor %}",
    "{%tc for x in xs %}",
    "{%tc endfor %}",
    "{%r if yes %}",
    "{%r endif %}",
    "{% vm x.k %}",
    "{% vm %}",
    "{% hm %}",
    "{% colspan 2 %}",
    "{#tr c #}",
    "{#p c #}",
    "{% set x = a %}",
];

/// Pairs about what they take the place beside.
const AROUND: [(&str, &str); 4] = [
    ("for x in xs", "endfor"),
    ("for x in []", "endfor"),
    ("if yes", "endif"),
    ("if not yes", "endif"),
];

fn paragraph() -> impl Strategy<Value = String> {
    let words = proptest::collection::vec((select(WORDS.as_slice()), 0_u8..8), 0..3);
    let wrong = words.prop_map(|words| {
        let runs = words.iter().map(|(words, kind)| match kind {
            0 => format!("<w:ins>{}</w:ins>", run(words)),
            1 => format!("<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>", run(words)),
            2 => format!(
                "<w:r><w:pict><w:txbxContent>{}</w:txbxContent></w:pict></w:r>",
                p(&run(words))
            ),
            3 => format!(
                "<w:bookmarkStart w:id=\"1\"/>{}<w:bookmarkEnd w:id=\"1\"/>",
                run(words)
            ),
            _ => run(words),
        });
        p(&format!(
            "<w:pPr><w:jc/></w:pPr>{}",
            runs.collect::<String>()
        ))
    });
    let right = select(
        [
            "字",
            "{{ a }}",
            "{{ paragraphs }}",
            "{{ lines }}",
            "{{p rich }}",
        ]
        .as_slice(),
    );
    prop_oneof![2 => right.prop_map(|words| p(&run(words))), 1 => wrong]
}

/// What a tag that takes a place is put around.
fn around(
    what: &str,
    (open, close): (&str, &str),
    inner: String,
    tag: impl Fn(String) -> String,
) -> String {
    tag(format!("{{%{what} {open} %}}")) + &inner + &tag(format!("{{%{what} {close} %}}"))
}

fn blocks() -> impl Strategy<Value = String> {
    let cell = |content: String| format!("<w:tc>{content}</w:tc>");
    let in_cell = move |text: String| cell(p(&run(&text)));
    let in_row = move |text: String| format!("<w:tr>{}</w:tr>", in_cell(text));
    paragraph().prop_recursive(3, 24, 4, move |inner| {
        let inner = inner.boxed();
        let cells = (
            inner.clone(),
            select(
                [
                    "",
                    "{% vm %}",
                    "{% vm x.k %}",
                    "{% hm %}",
                    "{% colspan 2 %}",
                ]
                .as_slice(),
            ),
        );
        let cells = (
            cells,
            proptest::option::weighted(0.3, select(AROUND.as_slice())),
        );
        let cells = cells.prop_map(move |((content, tag), pair)| {
            let own = cell(content + &p(&run(tag)));
            pair.map_or(own.clone(), |pair| around("tc", pair, own, in_cell))
        });
        let rows = proptest::collection::vec(cells, 1..3)
            .prop_map(|cells| format!("<w:tr>{}</w:tr>", cells.concat()));
        let rows = (
            rows,
            proptest::option::weighted(0.5, select(AROUND.as_slice())),
        );
        let rows = rows.prop_map(move |(own, pair)| {
            pair.map_or(own.clone(), |pair| around("tr", pair, own, in_row))
        });
        let table = proptest::collection::vec(rows, 1..3).prop_map(|rows| {
            format!(
                "<w:tbl><w:tblPr/><w:tblGrid><w:gridCol w:w=\"900\"/></w:tblGrid>{}</w:tbl>",
                rows.concat()
            )
        });
        let lifted = (inner.clone(), select(AROUND.as_slice()));
        let lifted = lifted.prop_map(|(own, pair)| around("p", pair, own, |text| p(&run(&text))));
        prop_oneof![
            2 => table,
            2 => lifted,
            2 => proptest::collection::vec(inner.clone(), 1..3).prop_map(|all| all.concat()),
            1 => inner.prop_map(|own| format!("<w:sdt><w:sdtContent>{own}</w:sdtContent></w:sdt>")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases * 4, ..config() })]

    #[test]
    fn what_comes_out_is_a_word_file(body in blocks()) {
        let mut data = data();
        data["x"] = json!({ "n": "外", "k": 0 });
        if let Ok(docx) = merged(&file(&body).bytes(), &data) {
            prop_assert_eq!(fault(&docx), None, "{}", body);
        }
    }
}
