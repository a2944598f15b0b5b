//! A template with many mistakes: each is said once, at its place, and a copy
//! has a Word comment at each.

use std::fs;
use std::path::Path;

use serde_json::Value;

use tianbao::parity::word::{Element, part};

use crate::support::program::{Outcome, Trial};
use crate::support::tools::{validate_word, word_to_pdf};
use crate::support::word_file::{OFFICE, WORD, WordFile, document};

const DATA: &str = "{\"unit\": \"商务局\", \"rows\": [{\"n\": 1}]}";
const COPY: [&str; 6] = [
    "merge",
    "template.docx",
    "data.json",
    "-o",
    "out.docx",
    "--comment-errors=copy.docx",
];
const MAIN: &str = "word/document.xml";

fn run(text: &str) -> String {
    format!("<w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r>")
}

fn p(text: &str) -> String {
    format!(
        "<w:p><w:pPr><w:jc w:val=\"left\"/></w:pPr>{}</w:p>",
        run(text)
    )
}

fn table(rows: &[&[&str]]) -> String {
    let cell = |text: &&str| {
        format!(
            "<w:tc><w:tcPr><w:tcW w:w=\"2000\" w:type=\"dxa\"/></w:tcPr>{}</w:tc>",
            p(text)
        )
    };
    let row = |row: &&[&str]| format!("<w:tr>{}</w:tr>", row.iter().map(cell).collect::<String>());
    format!(
        "<w:tbl><w:tblPr><w:tblW w:w=\"4000\" w:type=\"dxa\"/></w:tblPr><w:tblGrid>\
         <w:gridCol w:w=\"2000\"/><w:gridCol w:w=\"2000\"/></w:tblGrid>{}</w:tbl>",
        rows.iter().map(row).collect::<String>()
    )
}

/// Six mistakes of six kinds, each in a cell of its own.
fn flawed() -> WordFile {
    let tables = [
        table(&[
            &["单位", "{{ unit"],
            &["{%tr for x in rows %}", "合计"],
            &["{{ x.n | monney }}", "{% iff x.n %}"],
            &["{%tr endfor %}", ""],
            &["{{ unt }}", "{{ unit }}"],
        ]),
        table(&[&["{%tr if unit %}", ""], &["甲", "{% endif %}"]]),
    ];
    let mut file = WordFile::new();
    let body = format!("<w:p/>{}{}{}", tables[0], p("{{ unit }}"), tables[1]);
    file.part(MAIN, document(&(body + "<w:p></w:p>")));
    file
}

/// Where each stands, its code, and a word of what is said.
const MISTAKES: [(&str, &str, &str); 6] = [
    ("表1 行1 列2", "template/unclosed", "缺少 }}"),
    ("表1 行2 列2", "word/lifted", "合计"),
    ("表1 行3 列1", "template/filter", "是否想写 `money`？"),
    ("表1 行3 列2", "template/unknown-tag", "是否想写 `if`？"),
    ("表1 行5 列1", "template/undefined", "是否想写 `unit`？"),
    ("表2 行2 列2", "template/level", "不在同一层"),
];

fn trial(file: &WordFile) -> Trial {
    Trial::new()
        .file("template.docx", file.bytes())
        .file("data.json", DATA)
}

/// The diagnostics of a run: spot, code, and everything that is said.
fn told(outcome: &Outcome) -> Vec<(String, String, String)> {
    let said: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let said = said["diagnostics"].as_array().unwrap();
    let one = |one: &Value| {
        assert_eq!(one["place"]["file"], "template.docx");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (
            text(&one["place"]["spot"]),
            text(&one["code"]),
            one.to_string(),
        )
    };
    said.iter().map(one).collect()
}

fn json(trial: &Trial) -> Outcome {
    let outcome = trial.run(&[&COPY[..5], &["--format", "json"]].concat());
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    outcome
}

/// Makes the copy with comments.
fn commented(trial: &Trial) -> Vec<u8> {
    let outcome = trial.run(&COPY);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("带批注的模板：copy.docx"),
        "{}",
        outcome.stderr
    );
    trial.read("copy.docx")
}

/// The comments of a file: the text of the paragraph each stands in, what it
/// says, and who says it.
fn comments(docx: &[u8]) -> Vec<(String, String, String)> {
    let read = |name: &str| Element::parse(&part(docx, name).unwrap().unwrap()).unwrap();
    let (main, comments) = (read(MAIN), read("word/comments.xml"));
    let one = |one: &Element| {
        let id = one.attribute("w:id").unwrap();
        let marks = |name: &str| {
            let paragraphs = main.descendants("w:p").into_iter().enumerate();
            let holds = |paragraph: &Element| {
                paragraph
                    .descendants(name)
                    .iter()
                    .filter(|own| own.attribute("w:id") == Some(id))
                    .count()
            };
            let found: Vec<_> = paragraphs
                .flat_map(|(at, own)| std::iter::repeat_n((at, own.content()), holds(own)))
                .collect();
            assert_eq!(found.len(), 1, "{name} {id}");
            found[0].clone()
        };
        let place = marks("w:commentRangeStart");
        assert_eq!(marks("w:commentRangeEnd"), place);
        assert_eq!(marks("w:commentReference"), place);
        (
            place.1,
            one.content(),
            one.attribute("w:author").unwrap().to_owned(),
        )
    };
    comments.elements().map(one).collect()
}

#[test]
fn each_mistake_is_said_at_its_cell() {
    let trial = trial(&flawed());
    let told = told(&json(&trial));
    assert_eq!(told.len(), MISTAKES.len(), "{told:#?}");
    for ((spot, code, words), (place, known, said)) in told.iter().zip(MISTAKES) {
        assert_eq!(
            (spot.as_str(), code.as_str()),
            (format!("{MAIN} {place}").as_str(), known)
        );
        assert!(words.contains(said), "{words}");
    }
    assert_eq!(trial.names(""), ["data.json", "template.docx"]);
}

#[test]
fn a_copy_has_a_comment_at_each() {
    let template = flawed();
    let trial = trial(&template);
    let copy = commented(&trial);
    let texts = [
        "{{ unit",
        "合计",
        "{{ x.n | monney }}",
        "{% iff x.n %}",
        "{{ unt }}",
        "{% endif %}",
    ];
    let comments = comments(&copy);
    assert_eq!(comments.len(), MISTAKES.len());
    for ((place, says, author), (text, (.., said))) in
        comments.iter().zip(texts.iter().zip(MISTAKES))
    {
        assert_eq!((place.as_str(), author.as_str()), (*text, "tianbao"));
        assert!(says.contains(said), "{says}");
    }
    assert_eq!(trial.read("template.docx"), template.bytes());
    assert_eq!(trial.names(""), ["copy.docx", "data.json", "template.docx"]);
    // Made again it is the same, and so is no overwriting.
    assert_eq!(commented(&trial), copy);
}

#[test]
fn nothing_is_overwritten_by_a_copy() {
    let trial = trial(&flawed()).file("copy.docx", "别人的");
    let outcome = trial.run(&COPY);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("已经有 copy.docx"),
        "{}",
        outcome.stderr
    );
    assert_eq!(trial.read("copy.docx"), "别人的".as_bytes());
    let over_itself = [&COPY[..5], &["--comment-errors=template.docx", "--force"]].concat();
    assert_eq!(trial.run(&over_itself).code, 2);
    assert_eq!(trial.read("template.docx"), flawed().bytes());
    assert_eq!(trial.run(&[&COPY[..], &["--force"]].concat()).code, 1);
    assert_eq!(comments(&trial.read("copy.docx")).len(), MISTAKES.len());
}

#[test]
fn a_copy_is_made_only_of_what_is_wrong() {
    let mut file = WordFile::new();
    file.part(MAIN, document(&p("{{ unit }}")));
    let trial = trial(&file);
    trial.run_well(&COPY);
    assert_eq!(trial.names(""), ["data.json", "out.docx", "template.docx"]);
}

/// A mended copy, comments and all, must be a template again.
#[test]
fn comments_are_no_tags() {
    let mut file = WordFile::new();
    file.part(
        MAIN,
        document(&(p("{{ unt }}") + &p("{% if unit %}") + &p("{{ unit") + &p("｛｛ unit ｝｝"))),
    );
    let copy = commented(&trial(&file));
    let mut mended = WordFile::read(&copy);
    for (wrong, right) in [
        ("{{ unt }}", "{{ unit }}"),
        ("{% if unit %}", "甲"),
        (">{{ unit<", ">{{ unit }}<"),
        ("｛｛ unit ｝｝", "乙"),
    ] {
        mended.replace(MAIN, wrong, right);
    }
    let trial = trial(&mended);
    trial.run_well(&COPY[..5]);
    let left = |docx: &[u8]| {
        comments(docx)
            .into_iter()
            .map(|one| one.1)
            .collect::<Vec<_>>()
    };
    assert_eq!(left(&trial.read("out.docx")), left(&copy));
}

/// With a header, a footnote, and a comment of somebody's.
fn with_parts() -> WordFile {
    let mut file = WordFile::new();
    let body = format!(
        "<w:p/>{}<w:p><w:commentRangeStart w:id=\"7\"/>{}<w:commentRangeEnd w:id=\"7\"/>\
         <w:r><w:commentReference w:id=\"7\"/></w:r><w:r><w:footnoteReference w:id=\"2\"/></w:r></w:p>",
        p("{{ unit | nope }}"),
        run("{{ unt }}")
    );
    let section = "<w:sectPr><w:headerReference w:type=\"default\" r:id=\"rId1\"/></w:sectPr>";
    file.part(MAIN, document(&body).replace("<w:sectPr/>", section));
    let kinds = ["header", "footnotes", "comments"];
    let types = kinds.map(|kind| {
        format!("<Override PartName=\"/word/{kind}.xml\" ContentType=\"{WORD}.{kind}+xml\"/>")
    });
    file.types(&format!(
        "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Override PartName=\"/{MAIN}\" ContentType=\"{WORD}.document.main+xml\"/>{}",
        types.concat()
    ));
    let relationships = kinds.iter().enumerate().map(|(at, kind)| {
        let id = at + 1;
        format!("<Relationship Id=\"rId{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{kind}.xml\"/>")
    });
    file.relationships(
        "word/_rels/document.xml.rels",
        &relationships.collect::<String>(),
    );
    let w = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";
    file.part(
        "word/header.xml",
        format!("<w:hdr {w}>{}</w:hdr>", p("{{ head }}")),
    );
    let notes = ["separator", "continuationSeparator"].iter().enumerate().map(|(id, kind)| {
        format!("<w:footnote w:type=\"{kind}\" w:id=\"{id}\"><w:p><w:r><w:{kind}/></w:r></w:p></w:footnote>")
    });
    let notes: String = notes.collect();
    file.part(
        "word/footnotes.xml",
        format!(
            "<w:footnotes {w}>{notes}<w:footnote w:id=\"2\">{}</w:footnote></w:footnotes>",
            p("{% if unit %}注")
        ),
    );
    file.part("word/comments.xml", format!(
        "<w:comments {w}><w:comment w:id=\"7\" w:author=\"张三\" w:initials=\"z\">{}</w:comment></w:comments>", p("核对")
    ));
    file
}

#[test]
fn other_parts_are_told_apart_and_comments_kept() {
    let trial = trial(&with_parts());
    let told = told(&json(&trial));
    let spots: Vec<_> = told
        .iter()
        .map(|(spot, code, _)| (spot.as_str(), code.as_str()))
        .collect();
    assert_eq!(
        spots,
        [
            ("word/document.xml 第2段", "template/filter"),
            ("word/document.xml 第3段", "template/undefined"),
            ("word/header.xml 第1段", "template/undefined"),
            ("word/footnotes.xml 第1段", "template/block"),
        ]
    );
    let comments = comments(&commented(&trial));
    let places: Vec<_> = comments
        .iter()
        .map(|(place, _, author)| (place.as_str(), author.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            ("{{ unt }}", "张三"),
            ("{{ unit | nope }}", "tianbao"),
            ("{{ unt }}", "tianbao"),
            ("", "tianbao"),
            ("", "tianbao")
        ]
    );
    // Word takes no comments there: these say where they belong.
    assert!(
        comments[3].1.contains("word/header.xml 第1段"),
        "{}",
        comments[3].1
    );
    assert!(
        comments[4].1.contains("word/footnotes.xml 第1段"),
        "{}",
        comments[4].1
    );
    assert_eq!(comments[0].1, "核对");
}

/// What may be in the first paragraph, and what comments may be named.
#[test]
fn every_file_takes_comments() {
    let mut empty_paragraph = WordFile::new();
    empty_paragraph.part(MAIN, document(&("<w:p></w:p>".to_owned() + &p("甲"))));
    let mut no_comments_yet = with_parts();
    let w = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";
    no_comments_yet.part("word/comments.xml", format!("<w:comments {w}/>"));
    no_comments_yet.replace(MAIN, "<w:r><w:commentReference w:id=\"7\"/></w:r>", "");
    no_comments_yet.replace(MAIN, "<w:commentRangeStart w:id=\"7\"/>", "");
    no_comments_yet.replace(MAIN, "<w:commentRangeEnd w:id=\"7\"/>", "");
    assert_eq!(comments(&commented(&trial(&no_comments_yet))).len(), 4);
    let mut first_is_empty = with_parts();
    first_is_empty.replace(MAIN, "<w:body><w:p/>", "<w:body><w:p><w:pPr/></w:p>");
    let copy = commented(&trial(&first_is_empty));
    assert_eq!(comments(&copy).len(), 5);
    let main = part(&copy, MAIN).unwrap().unwrap();
    let (start, end) = (
        main.find("<w:commentRangeStart"),
        main.find("<w:commentRangeEnd"),
    );
    assert!(start < end, "{main}");
}

#[test]
fn a_main_part_of_another_name_takes_comments() {
    let mut file = flawed();
    file.rename(MAIN, "word/text.xml");
    file.rename("word/_rels/document.xml.rels", "word/_rels/text.xml.rels");
    file.replace("[Content_Types].xml", MAIN, "word/text.xml");
    file.replace("_rels/.rels", MAIN, "word/text.xml");
    let copy = commented(&trial(&file));
    let comments = part(&copy, "word/comments.xml").unwrap().unwrap();
    assert_eq!(comments.matches("<w:comment ").count(), MISTAKES.len());
    let main = part(&copy, "word/text.xml").unwrap().unwrap();
    assert_eq!(main.matches("<w:commentRangeStart").count(), MISTAKES.len());
}

#[test]
#[ignore = "needs LibreOffice and the Open XML validator"]
fn other_programs_open_the_copies() {
    let folder = tempfile::tempdir().unwrap();
    let files = [("one.docx", flawed()), ("two.docx", with_parts())].map(|(name, file)| {
        let path = folder.path().join(name);
        fs::write(&path, commented(&trial(&file))).unwrap();
        path
    });
    let files = files.each_ref().map(Path::new);
    validate_word(&files).unwrap_or_else(|findings| panic!("{findings}"));
    word_to_pdf(&files, &folder.path().join("pdf"));
}
