//! Values that are more than text: formatted text, paragraphs, images, page
//! breaks and other Word files, in every part of a template.

use std::io::{Cursor, Write};

use tianbao::parity::word::{self, Element};

use crate::support::program::Trial;
use crate::support::tools;

const MAIN: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const KIND: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml";
const SECTION: &str = "<w:sectPr><w:headerReference w:type=\"default\" r:id=\"rId3\"/>\
    <w:footerReference w:type=\"default\" r:id=\"rId4\"/><w:pgSz w:w=\"11906\" w:h=\"16838\"/>\
    <w:pgMar w:top=\"1440\" w:right=\"1800\" w:bottom=\"1440\" w:left=\"1800\" w:header=\"851\" w:footer=\"992\" w:gutter=\"0\"/></w:sectPr>";

/// A Word file: a body, and the text of its header and footer.
fn word_file(body: &str, header: &str, footer: &str, more: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let root = |name: &str, content: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<w:{name} xmlns:w=\"{MAIN}\" xmlns:r=\"{OFFICE}\">{content}</w:{name}>"
        )
    };
    let mut types = String::new();
    let mut relationships = String::new();
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    let styles = "<w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"a\"><w:name w:val=\"Normal\"/></w:style>\
        <w:style w:type=\"paragraph\" w:styleId=\"a3\"><w:name w:val=\"Body Text\"/><w:basedOn w:val=\"a\"/><w:pPr><w:ind w:firstLine=\"420\"/></w:pPr></w:style>\
        <w:style w:type=\"character\" w:styleId=\"a4\"><w:name w:val=\"Strong\"/><w:rPr><w:b/></w:rPr></w:style>";
    let known = [
        ("styles", "styles", styles),
        ("header", "hdr", header),
        ("footer", "ftr", footer),
    ];
    for (index, (kind, name, content)) in known.into_iter().enumerate() {
        if more.iter().any(|(name, ..)| *name == kind) {
            continue;
        }
        parts.push((format!("word/{kind}.xml"), root(name, content).into_bytes()));
        types +=
            &format!("<Override PartName=\"/word/{kind}.xml\" ContentType=\"{KIND}.{kind}+xml\"/>");
        let id = index + 2;
        relationships += &format!(
            "<Relationship Id=\"rId{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{kind}.xml\"/>"
        );
    }
    for (kind, id, content) in more {
        let (target, external) = match kind.split_once(' ') {
            Some((_, target)) => (target.to_owned(), " TargetMode=\"External\""),
            None if *kind == "image" => ("media/a.png".to_owned(), ""),
            None => (format!("{kind}.xml"), ""),
        };
        let kind = kind.split(' ').next().unwrap();
        relationships += &format!(
            "<Relationship Id=\"{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"{external}/>"
        );
        if external.is_empty() {
            parts.push((format!("word/{target}"), content.to_vec()));
            types += &match kind {
                "image" => "<Default Extension=\"png\" ContentType=\"image/png\"/>".to_owned(),
                _ => format!(
                    "<Override PartName=\"/word/{kind}.xml\" ContentType=\"{KIND}.{kind}+xml\"/>"
                ),
            };
        }
    }
    parts.push((
        "word/document.xml".into(),
        root("document", &format!("<w:body>{body}{SECTION}</w:body>")).into_bytes(),
    ));
    parts.push((
        "word/_rels/document.xml.rels".into(),
        format!("<Relationships xmlns=\"{PACKAGE}/relationships\">{relationships}</Relationships>")
            .into_bytes(),
    ));
    parts.push(("_rels/.rels".into(), format!("<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" Type=\"{OFFICE}/officeDocument\" Target=\"word/document.xml\"/></Relationships>").into_bytes()));
    parts.push(("[Content_Types].xml".into(), format!("<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/word/document.xml\" ContentType=\"{KIND}.document.main+xml\"/>{types}</Types>").into_bytes()));
    parts.reverse();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(&content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn paragraph(text: &str) -> String {
    format!(
        "<w:p><w:pPr><w:jc w:val=\"center\"/></w:pPr><w:r><w:rPr><w:sz w:val=\"32\"/></w:rPr><w:t>{text}</w:t></w:r></w:p>"
    )
}

fn cell(text: &str) -> String {
    format!(
        "<w:tbl><w:tblPr><w:tblW w:w=\"4000\" w:type=\"dxa\"/></w:tblPr><w:tblGrid><w:gridCol w:w=\"4000\"/></w:tblGrid>\
         <w:tr><w:tc><w:tcPr><w:tcW w:w=\"4000\" w:type=\"dxa\"/></w:tcPr>{}</w:tc></w:tr></w:tbl>",
        paragraph(text)
    )
}

/// A white picture of this size.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    let pixels = vec![255; width as usize * height as usize];
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A file with a style, a list, an image, a link and a bookmark of its own.
fn annex() -> Vec<u8> {
    let drawing = "<w:drawing><wp:inline xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\"><wp:extent cx=\"100\" cy=\"100\"/><wp:docPr id=\"1\" name=\"a\"/><a:graphic xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\"><a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:pic xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:nvPicPr><pic:cNvPr id=\"1\" name=\"a\"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed=\"rId21\"/></pic:blipFill><pic:spPr/></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing>";
    let body = format!(
        "<w:p><w:pPr><w:pStyle w:val=\"a3\"/></w:pPr><w:bookmarkStart w:id=\"0\" w:name=\"起\"/><w:r><w:t>附录一 {{{{ 不是标记 }}}}</w:t></w:r><w:bookmarkEnd w:id=\"0\"/></w:p>\
         <w:p><w:pPr><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"7\"/></w:numPr></w:pPr><w:r><w:t>第一项</w:t></w:r></w:p>\
         <w:p><w:pPr><w:pStyle w:val=\"a8\"/><w:jc w:val=\"left\"/></w:pPr><w:r><w:t>按样式编号</w:t></w:r></w:p>\
         <w:p><w:r>{drawing}</w:r><w:hyperlink r:id=\"rId22\"><w:r><w:t>网址</w:t></w:r></w:hyperlink><w:hyperlink w:anchor=\"起\"><w:r><w:t>上文</w:t></w:r></w:hyperlink></w:p>"
    );
    let styles = format!(
        "<w:styles xmlns:w=\"{MAIN}\"><w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"a\"><w:name w:val=\"Normal\"/></w:style>\
         <w:style w:type=\"paragraph\" w:styleId=\"a3\"><w:name w:val=\"附录标题\"/><w:basedOn w:val=\"a9\"/></w:style>\
         <w:style w:type=\"paragraph\" w:styleId=\"a9\"><w:name w:val=\"附录\"/><w:basedOn w:val=\"a\"/><w:rPr><w:color w:val=\"336699\"/></w:rPr></w:style>\
         <w:style w:type=\"paragraph\" w:styleId=\"a8\"><w:name w:val=\"附录列表\"/><w:basedOn w:val=\"a9\"/><w:pPr><w:numPr><w:numId w:val=\"8\"/></w:numPr></w:pPr></w:style></w:styles>"
    );
    let numbering = format!(
        "<w:numbering xmlns:w=\"{MAIN}\"><w:abstractNum w:abstractNumId=\"3\"><w:nsid w:val=\"12345678\"/><w:multiLevelType w:val=\"singleLevel\"/><w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/><w:numFmt w:val=\"decimal\"/><w:lvlText w:val=\"%1.\"/><w:lvlJc w:val=\"left\"/></w:lvl></w:abstractNum>\
         <w:num w:numId=\"7\"><w:abstractNumId w:val=\"3\"/></w:num><w:num w:numId=\"8\"><w:abstractNumId w:val=\"3\"/></w:num></w:numbering>"
    );
    word_file(
        &body,
        &paragraph(""),
        &paragraph(""),
        &[
            ("styles", "rId2", styles.as_bytes()),
            ("numbering", "rId20", numbering.as_bytes()),
            ("image", "rId21", &png(3, 3)),
            ("hyperlink https://b.c/", "rId22", b""),
        ],
    )
}

const DATA: &str = "\
字: {$text: [普通, {text: 加粗, bold: true}, {text: 红, color: C00000, size: 16, font: 楷体_GB2312, link: \"https://a.b/?甲=<&>\"}]}
段: {$paragraphs: [一段, {style: 正文文本, align: right, text: [甲, {text: 乙, italic: true, style: Strong}]}]}
章: {$image: 图/印章.png, width: 40mm, height: 40mm, alt: '单位\"章\"'}
图: {$image: 图/印章.png}
页: {$break: page}
附: {$document: 附录.docx}
";

/// Each value in each place.
fn everywhere() -> Trial {
    let names = ["字", "段", "章", "图", "页", "附"];
    let tags: Vec<String> = names
        .iter()
        .map(|name| format!("前{{{{ {name} }}}}后"))
        .collect();
    let alone: Vec<String> = names
        .iter()
        .map(|name| format!("{{{{ {name} }}}}"))
        .collect();
    let mut body = String::new();
    for text in tags.iter().chain(&alone) {
        body += &paragraph(text);
        body += &cell(text);
    }
    body += &paragraph("").replace(
        "<w:r>",
        "<w:hyperlink w:anchor=\"上\"><w:r><w:t>{{ 字 }}{{ 章 }}</w:t></w:r></w:hyperlink><w:r>",
    );
    let margin: String = tags.iter().map(|text| paragraph(text)).collect();
    Trial::new()
        .file("模板.docx", word_file(&body, &margin, &margin, &[]))
        .file("数据.yaml", DATA)
        .file("图/印章.png", png(1000, 500))
        .file("附录.docx", annex())
}

fn merged(trial: &Trial) -> Vec<u8> {
    trial.run_well(&["merge", "模板.docx", "数据.yaml", "-o", "结果.docx"]);
    trial.read("结果.docx")
}

fn document(docx: &[u8]) -> String {
    word::part(docx, "word/document.xml").unwrap().unwrap()
}

#[test]
fn every_value_stands_in_every_place() {
    let trial = everywhere();
    let docx = merged(&trial);
    let paragraphs = word::paragraphs(&docx).unwrap();
    let before = |words: &[&str]| {
        let found = paragraphs
            .windows(words.len())
            .filter(|window| window == &words);
        assert!(found.count() >= 1, "{words:?} in {paragraphs:?}");
    };
    before(&["前普通加粗红后"]);
    before(&["前", "一段", "甲乙", "后"]);
    before(&[
        "前",
        "附录一 {{ 不是标记 }}",
        "第一项",
        "按样式编号",
        "网址上文",
        "后",
    ]);
    let grids = word::grids(&docx).unwrap();
    assert_eq!(grids.len(), 12);
    for part in ["word/header.xml", "word/footer.xml"] {
        let xml = word::part(&docx, part).unwrap().unwrap();
        let texts = word::part_paragraphs(&xml).unwrap();
        assert!(texts.contains(&"前普通加粗红后".to_owned()), "{texts:?}");
        let links = word::part(
            &docx,
            &part
                .replace("word/", "word/_rels/")
                .replace(".xml", ".xml.rels"),
        );
        let links = links.unwrap().unwrap();
        assert!(
            links.contains("TargetMode=\"External\"") && links.contains("media/image-"),
            "{links}"
        );
    }
    // The picture of the data and that of the annex, each once.
    let names = word::part_names(&docx).unwrap();
    assert_eq!(
        names.iter().filter(|name| name.contains("media/")).count(),
        2
    );
    let again = merged(&everywhere());
    assert!(again == docx, "the same input gives the same bytes");
}

#[test]
fn a_run_keeps_the_size_of_its_place_and_has_its_own_look() {
    let xml = document(&merged(&everywhere()));
    let red = "<w:rPr><w:rFonts w:ascii=\"楷体_GB2312\" w:hAnsi=\"楷体_GB2312\" w:eastAsia=\"楷体_GB2312\"/>\
        <w:color w:val=\"C00000\"/><w:sz w:val=\"32\"/><w:szCs w:val=\"32\"/></w:rPr><w:t xml:space=\"preserve\">红</w:t>";
    assert!(xml.contains(red), "{xml}");
    assert!(xml.contains(
        "<w:rPr><w:b/><w:sz w:val=\"32\"/></w:rPr><w:t xml:space=\"preserve\">加粗</w:t>"
    ));
    assert!(xml.contains("<w:pPr><w:pStyle w:val=\"a3\"/><w:jc w:val=\"right\"/></w:pPr>"));
    assert!(xml.contains("<w:rPr><w:rStyle w:val=\"a4\"/><w:i/></w:rPr>"));
}

#[test]
fn an_image_fits_the_text_or_its_cell() {
    let xml = document(&merged(&everywhere()));
    // 40 mm; the width of the text; that of the cell.
    for size in [
        "cx=\"1440000\" cy=\"1440000\"",
        "cx=\"5274310\" cy=\"2637155\"",
        "cx=\"2402840\" cy=\"1201420\"",
    ] {
        assert!(xml.contains(size), "{size}");
    }
    assert!(xml.contains("descr=\"单位&quot;章&quot;\""));
    let root = Element::parse(&xml).unwrap();
    let mut ids: Vec<&str> = root
        .descendants("wp:docPr")
        .iter()
        .filter_map(|drawing| drawing.attribute("id"))
        .collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert!(all > 8 && ids.len() == all, "{ids:?}");
}

#[test]
fn a_document_brings_its_styles_and_counts_anew() {
    let docx = merged(&everywhere());
    let styles = word::part(&docx, "word/styles.xml").unwrap().unwrap();
    // `a3` is another style in the template.
    assert!(
        styles.contains("w:styleId=\"a3-2\"><w:name w:val=\"附录标题\"/><w:basedOn w:val=\"a9\"/>"),
        "{styles}"
    );
    assert_eq!(styles.matches("w:styleId=\"a9\"").count(), 1);
    assert_eq!(styles.matches("w:default=\"1\"").count(), 1);
    let xml = document(&docx);
    assert!(xml.contains("<w:pStyle w:val=\"a3-2\"/>"));
    let numbering = word::part(&docx, "word/numbering.xml").unwrap().unwrap();
    // Four times in the body, once in the header and once in the footer.
    // A style's list is there once, and begins anew each time.
    assert_eq!(numbering.matches("<w:abstractNum ").count(), 1 + 6);
    assert_eq!(numbering.matches("<w:num ").count(), 1 + 6 + 6);
    assert_eq!(
        numbering.matches("<w:startOverride w:val=\"1\"/>").count(),
        6
    );
    let own = "<w:pStyle w:val=\"a8\"/><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"";
    assert_eq!(xml.matches(own).count(), 4);
    assert!(!numbering.contains("w:nsid"));
    for (name, count) in [
        ("w:name=\"起\"", 1),
        ("w:anchor=\"起\"", 1),
        ("w:name=\"起_4\"", 1),
    ] {
        assert_eq!(xml.matches(name).count(), count, "{name}");
    }
}

#[test]
fn new_paragraphs_and_pages_of_plain_text() {
    let trial = Trial::new()
        .file(
            "模板.docx",
            word_file(&paragraph("前{{ x }}后"), "", "", &[]),
        )
        .file("数据.yaml", "x: \"甲\\a乙\\f丙\\r\\n丁\\t戊\\0\\e\"\n");
    let docx = merged(&trial);
    assert_eq!(
        word::paragraphs(&docx).unwrap(),
        ["前甲", "乙", "", "丙\n丁\t戊后"]
    );
    let xml = document(&docx);
    // The page break's own paragraph has nothing of the others.
    assert_eq!(xml.matches("<w:jc w:val=\"center\"/>").count(), 3);
    assert_eq!(xml.matches("<w:br w:type=\"page\"/>").count(), 1);
}

#[test]
fn hostile_values_are_text_or_refused_at_their_line() {
    let text = "</w:t></w:r></w:p><w:sectPr/> {{ 1 }} &amp; \u{ffff}0\u{ffff}";
    let data = serde_json::json!({
        "x": {"$text": [{"text": text, "bold": true, "font": "\"/><w:x a=\""}]},
        "y": {"$image": "a.jpg", "alt": "\"/><x>\u{1}\n"},
    });
    let trial = Trial::new()
        .file(
            "模板.docx",
            word_file(&paragraph("{{ x }}{{ y }}"), "", "", &[]),
        )
        .file("数据.json", data.to_string())
        // An image is what it holds, whatever it is called.
        .file("a.jpg", png(2, 2));
    trial.run_well(&["merge", "模板.docx", "数据.json", "-o", "结果.docx"]);
    let docx = trial.read("结果.docx");
    let printed = text.replace('\u{ffff}', "");
    assert_eq!(word::paragraphs(&docx).unwrap(), [printed]);
    assert!(document(&docx).contains("descr=\"&quot;/&gt;&lt;x&gt;&#10;\""));
    let names = word::part_names(&docx).unwrap();
    assert!(
        names
            .iter()
            .any(|name| name.starts_with("word/media/") && name.ends_with(".png"))
    );
}

#[test]
fn everything_wrong_in_values_is_said_at_once() {
    let data = "\
a: {$txt: 甲}
b: {$text: {text: 甲, blod: true, color: red, size: 10.3, underline: wavy, link: 'javascript:alert(1)'}}
c: {$image: /etc/passwd}
d: {$image: ../../etc/passwd}
e: {$image: 图/印章.pgn}
f: {$image: 假.png, width: 40px, height: 0mm}
g: {$image: 外.png}
h: {$break: colum}
i: {$paragraphs: [{text: 甲, align: centre}, {style: [甲]}]}
j: {$document: 大.docx}
k: {$text: [{bold: 是}]}
l: {$image: 图}
m: {$oid: 普通的映射}
";
    let trial = Trial::new()
        .file("模板.docx", word_file(&paragraph("{{ a }}"), "", "", &[]))
        .file("内/数据.yaml", data)
        .file("内/图/印章.png", png(2, 2))
        .file("内/假.png", "<svg/>")
        .file("外.png", png(2, 2));
    #[cfg(unix)]
    std::os::unix::fs::symlink(trial.path("外.png"), trial.path("内/外.png")).unwrap();
    let large = std::fs::File::create(trial.path("内/大.docx")).unwrap();
    large.set_len(100 << 20).unwrap();
    let said = trial.run(&[
        "merge",
        "模板.docx",
        "内/数据.yaml",
        "-o",
        "结果.docx",
        "--format",
        "json",
    ]);
    assert_eq!(said.code, 1, "{}", said.stderr);
    let text = said.stdout + &said.stderr;
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    let found = found["diagnostics"].as_array().unwrap().iter();
    let codes: Vec<(u64, String)> = found
        .map(|problem| {
            let line = problem["place"]["line"].as_u64().unwrap();
            (line, problem["code"].as_str().unwrap().to_owned())
        })
        .collect();
    let expected = [
        (1, "data/key"),
        (2, "data/key"),
        (2, "data/value"),
        (2, "data/color"),
        (2, "data/size"),
        (2, "data/link"),
        (3, "data/file"),
        (4, "data/file"),
        (5, "data/file"),
        (6, "data/length"),
        (6, "data/length"),
        (6, "data/image"),
        (7, "data/file"),
        (8, "data/value"),
        (9, "data/value"),
        (9, "data/type"),
        (10, "data/file"),
        (11, "data/missing"),
        (11, "data/type"),
        (12, "data/file"),
    ];
    let expected: Vec<(u64, String)> = expected
        .iter()
        .map(|(line, code)| (*line, (*code).to_owned()))
        .collect();
    assert_eq!(codes, expected, "{text}");
    for words in [
        "是否想写 `$text`",
        "是否想写 `bold`",
        "是否想写 `center`",
        "是否想写 `印章.png`",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!trial.path("结果.docx").exists());
}

#[test]
fn what_the_template_lacks_or_cannot_take_is_said_at_the_data() {
    let notes = word_file(
        "<w:p><w:r><w:footnoteReference w:id=\"2\"/></w:r></w:p>",
        "",
        "",
        &[],
    );
    let trial = Trial::new()
        .file("模板.docx", word_file(&paragraph("{{ x }}{{ x }}{{ y }}{{ z }}"), "", "", &[]))
        .file("脚注.docx", notes)
        .file("坏.docx", "PK 不是")
        .file(
            "数据.yaml",
            "x: {$text: {text: 甲, style: Storng}}\ny: {$document: 脚注.docx}\nz: {$document: 坏.docx}\n",
        );
    let said = trial.run(&["merge", "模板.docx", "数据.yaml", "-o", "结果.docx"]);
    assert_eq!(said.code, 1);
    for words in [
        "模板里没有字符样式 `Storng`",
        "是否想写 `strong`",
        "数据.yaml:1:",
        "子文档 脚注.docx 不能放进来：里面有脚注",
        "数据.yaml:2:",
        "子文档 坏.docx 不能放进来",
        "数据.yaml:3:",
    ] {
        assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
    }
    assert_eq!(said.stderr.matches("Storng").count(), 2, "{}", said.stderr);
}

#[test]
#[ignore = "needs LibreOffice, the Open XML validator and python-docx"]
fn other_programs_open_what_holds_rich_values() {
    let trial = everywhere();
    merged(&trial);
    let docx = trial.path("结果.docx");
    tools::validate_word(&[&docx]).unwrap_or_else(|found| panic!("{found}"));
    let pdf = tools::word_to_pdf(&[&docx], &trial.path("pdf"));
    let text = tools::pdf_text(&pdf[0]);
    for words in ["加粗", "甲乙", "附录一", "1. 第一项", "1. 按样式编号"] {
        let text: String = text.split_whitespace().collect();
        let words: String = words.split_whitespace().collect();
        assert!(text.contains(&words), "{words}: {text}");
    }
    let script = "import sys, docx\nd = docx.Document(sys.argv[1])\n\
        print(len(d.inline_shapes), len(d.tables), sum(p.style.name == '附录标题' for p in d.paragraphs))\n";
    let output = tools::python()
        .args(["-c", script])
        .arg(&docx)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "12 12 2");
}
