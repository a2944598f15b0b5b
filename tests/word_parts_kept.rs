//! What holds no tag comes out as it went in, and parts are known by what the
//! package says of them, not by their names.

use crate::support::word_file::{OFFICE, WORD, WordFile, document, merged};

/// A file as Word writes it: parts of many kinds, in Word's order.
fn real() -> WordFile {
    let mut file = WordFile::new();
    let office = "application/vnd.openxmlformats-officedocument";
    let mut types = "<Default Extension=\"odttf\" ContentType=\"application/vnd.openxmlformats-officedocument.obfuscatedFont\"/>\
        <Default Extension=\"jpeg\" ContentType=\"image/jpeg\"/>"
        .to_owned();
    for (part, kind) in [
        ("word/comments.xml", format!("{WORD}.comments+xml")),
        ("word/settings.xml", format!("{WORD}.settings+xml")),
        ("word/fontTable.xml", format!("{WORD}.fontTable+xml")),
        ("word/footer1.xml", format!("{WORD}.footer+xml")),
        ("word/theme/theme1.xml", format!("{office}.theme+xml")),
        (
            "docProps/app.xml",
            format!("{office}.extended-properties+xml"),
        ),
    ] {
        types += &format!("<Override PartName=\"/{part}\" ContentType=\"{kind}\"/>");
    }
    file.append("[Content_Types].xml", &types);
    let word = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n";
    file.part("word/theme/theme1.xml", format!("{head}<a:theme xmlns:a='x' name = \"Office\"/>"))
        .part("word/media/image1.jpeg", b"\xff\xd8\xff\xe0 {{ x }} \0")
        .part("word/fonts/font1.odttf", [3; 2000])
        .part("word/settings.xml", format!("{head}<w:settings {word}><!-- {{{{ x }}}} --></w:settings>"))
        .part("word/fontTable.xml", format!("<w:fonts {word}><w:font w:name=\"仿宋\"/></w:fonts>\n"))
        .part(
            "word/comments.xml",
            format!("{head}<w:comments {word}><w:comment w:id=\"0\"><w:p><w:r><w:t>看 &amp; 改</w:t></w:r></w:p></w:comment></w:comments>"),
        )
        .part("word/footer1.xml", format!("\u{feff}<w:ftr {word}><w:p/></w:ftr>"))
        .part("customXml/item1.xml", "<?xml version=\"1.0\" encoding=\"GBK\"?><a>\u{3000}</a>")
        .part("customXml/itemProps1.xml", "<ds:x xmlns:ds=\"y\"/>")
        .relationships(
            "customXml/_rels/item1.xml.rels",
            &format!("<Relationship Id=\"rId1\" Type=\"{OFFICE}/customXmlProps\" Target=\"itemProps1.xml\"/>"),
        )
        .part("docProps/thumbnail.jpeg", b"\xff\xd8")
        .part("docProps/app.xml", "<Properties/>");
    file
}

#[test]
fn parts_without_tags_are_the_same_bytes_in_the_same_order() {
    let file = real();
    let (said, made) = merged(&file.bytes());
    assert_eq!(said, "");
    assert_eq!(made.parts.len(), file.parts.len());
    for ((name, own), (known, content)) in made.parts.iter().zip(&file.parts) {
        assert_eq!(name, known);
        assert!(name == "word/document.xml" || own == content, "{name}");
    }
}

#[test]
fn what_is_about_the_tags_stays() {
    let math = "<m:oMath xmlns:m=\"math\"><m:r><m:t>x&lt;1</m:t></m:r></m:oMath>";
    let around = format!(
        "<w:p><w:ins w:id=\"1\" w:author='甲' ><w:r><w:t>新</w:t></w:r></w:ins><w:del w:id=\"2\">\
         <w:r><w:delText>{{{{ y }}}}</w:delText></w:r></w:del>{math}<w:r><w:drawing><wp:x  a = \"1\"/></w:drawing></w:r></w:p>"
    );
    let tag = |text: &str| format!("{around}<w:p><w:r><w:t{text}</w:t></w:r></w:p>{around}");
    let mut file = real();
    file.part("word/document.xml", document(&tag(">{{ x }}")));
    let (_, made) = merged(&file.bytes());
    let main = String::from_utf8(made.content("word/document.xml").to_vec()).unwrap();
    assert_eq!(main, document(&tag(" xml:space=\"preserve\">甲")));
}

#[test]
fn folders_are_left_out_and_large_media_copied() {
    let mut file = WordFile::new();
    let noise: Vec<u8> = (0_u32..3 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    file.parts.insert(0, ("word/".into(), Vec::new()));
    file.part("word/media/甲.emf", &noise).part("mimetype", "x");
    let (_, made) = merged(&file.bytes());
    let names: Vec<&str> = made.parts.iter().map(|(name, _)| name.as_str()).collect();
    let own: Vec<&str> = file.parts[1..]
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, own);
    assert!(made.content("word/media/甲.emf") == noise);
}

#[test]
fn the_main_part_may_have_any_name() {
    for (name, target) in [
        ("word/document2.xml", "/word/document2.xml"),
        ("document.xml", "./document.xml"),
        ("Word/Document.xml", "word/document.xml"),
    ] {
        let mut file = WordFile::new();
        file.rename("word/document.xml", name)
            .replace(
                "[Content_Types].xml",
                "/word/document.xml",
                &format!("/{name}"),
            )
            .replace("_rels/.rels", "word/document.xml", target);
        let (_, made) = merged(&file.bytes());
        let main = String::from_utf8_lossy(made.content(name)).into_owned();
        assert!(main.contains(">甲<"), "{name}: {main}");
    }
}

#[test]
fn parts_with_paragraphs_are_known_by_their_type() {
    let paragraph = "<w:p><w:r><w:t>{{ x }}</w:t></w:r></w:p>";
    let word = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";
    let mut file = WordFile::new();
    let kinds = ["header", "footer", "footnotes", "endnotes", "comments"];
    for (number, kind) in kinds.iter().enumerate() {
        let name = format!("parts/{number}.xml");
        let own = format!(
            "<Override PartName=\"/PARTS/{number}.xml\" ContentType=\"{WORD}.{kind}+xml\"/>"
        );
        file.append("[Content_Types].xml", &own)
            .part(&name, format!("<w:x {word}>{paragraph}</w:x>"));
    }
    // It is only called a header.
    file.part("word/header1.xml", format!("<w:x {word}>{paragraph}</w:x>"));
    let (_, made) = merged(&file.bytes());
    for (number, kind) in kinds.iter().enumerate() {
        let content = made.content(&format!("parts/{number}.xml"));
        assert!(
            String::from_utf8_lossy(content).contains(">甲<"),
            "{}",
            kind
        );
    }
    assert_eq!(
        made.content("word/header1.xml"),
        file.content("word/header1.xml")
    );
}

#[test]
fn strict_files_and_utf_16_are_filled_in() {
    let mut file = WordFile::new();
    let strict = "http://purl.oclc.org/ooxml/officeDocument/relationships";
    file.replace("_rels/.rels", OFFICE, strict)
        .replace("word/document.xml", OFFICE, strict)
        .replace(
            "word/document.xml",
            "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            "http://purl.oclc.org/ooxml/wordprocessingml/main",
        );
    let (_, made) = merged(&file.bytes());
    assert!(String::from_utf8_lossy(made.content("word/document.xml")).contains(">甲<"));

    let mut file = WordFile::new();
    let wide = |xml: &str| {
        xml.encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<u8>>()
    };
    let main = document("<w:p><w:r><w:t>乙{{ x }}</w:t></w:r></w:p>").replace("UTF-8", "UTF-16");
    file.part("word/document.xml", wide(&format!("\u{feff}{main}")))
        .part("customXml/item1.xml", wide("\u{feff}<a/>"));
    let (_, made) = merged(&file.bytes());
    let main = std::str::from_utf8(made.content("word/document.xml")).unwrap();
    assert!(main.contains("乙甲") && !main.contains("UTF-16"), "{main}");
    assert_eq!(
        made.content("customXml/item1.xml"),
        file.content("customXml/item1.xml")
    );
}

#[test]
fn what_a_loop_repeats_has_numbers_of_its_own() {
    let body = "<w:p><w:r><w:t>{% for c in '甲乙' %}</w:t></w:r>\
         <w:bookmarkStart w:id=\"0\" w:name=\"_GoBack\"/><w:ins w:id=\"1\" w:author=\"a>b\"><w:r><w:t>{{ c }}</w:t></w:r></w:ins>\
         <w:bookmarkEnd w:id=\"0\"/><w:r><w:t>{% endfor %}</w:t></w:r></w:p>";
    let mut file = WordFile::new();
    file.part("word/document.xml", document(body));
    let (_, made) = merged(&file.bytes());
    let main = String::from_utf8(made.content("word/document.xml").to_vec()).unwrap();
    let count = |text: &str| main.matches(text).count();
    assert_eq!((count(">甲<"), count(">乙<")), (1, 1));
    assert_eq!(
        (count("w:name=\"_GoBack\""), count("<w:bookmarkEnd")),
        (1, 1)
    );
    assert_eq!((count("<w:ins "), count("<w:ins w:id=\"1\" ")), (2, 1));
}
