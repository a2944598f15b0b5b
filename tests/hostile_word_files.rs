//! Files that are no Word files, are damaged or mean harm: each is refused in
//! words of its own, and nothing is made of it.

use tianbao::Failure;
use tianbao::any_template::AnyTemplate;

use crate::support::program::Trial;
use crate::support::word_file::{OFFICE, WORD, WordFile, document, merge, merged};

/// The file is refused with this code and these words.
fn refused(file: &[u8], code: &str, words: &str) {
    let (trial, outcome) = merge(file);
    assert_eq!(outcome.code, 1, "{words}: {}", outcome.stderr);
    assert!(
        outcome.stderr.contains(&format!("[{code}]")),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains(words),
        "no `{words}` in\n{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("提示"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("template.docx"),
        "{}",
        outcome.stderr
    );
    assert_eq!(trial.names(""), ["data.json", "template.docx"]);
}

fn with(change: impl FnOnce(&mut WordFile)) -> Vec<u8> {
    let mut file = WordFile::new();
    change(&mut file);
    file.bytes()
}

/// Changes bytes wherever they stand; both must be of one length.
fn patched(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = (0..bytes.len() - from.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

/// Sets a number in the directory's entry of a part (APPNOTE.TXT, 4.3.12).
fn with_field(mut bytes: Vec<u8>, part: &str, offset: usize, number: &[u8]) -> Vec<u8> {
    let at = (0..bytes.len() - 46)
        .find(|at| {
            bytes[*at..].starts_with(b"PK\x01\x02") && bytes[at + 46..].starts_with(part.as_bytes())
        })
        .unwrap();
    bytes[at + offset..at + offset + number.len()].copy_from_slice(number);
    bytes
}

fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

#[test]
fn a_name_that_is_no_name_of_a_part() {
    for (own, words) in [
        ("word/../x.xml", "走出文件"),
        ("/ord/aa/x.xml", "绝对路径"),
        ("C:rd/aa/x.xml", "盘符"),
        ("word\\aa\\x.xml", "反斜杠"),
        ("word/a\0/x.xml", "控制字符"),
        ("word//a/x.xml", "一段是空的"),
    ] {
        let file = with(|file| {
            file.part("word/aa/x.xml", "<a/>");
        });
        refused(
            &patched(file, b"word/aa/x.xml", own.as_bytes()),
            "word/entry",
            words,
        );
    }
    let file = with(|file| {
        file.part("word/aa/x.xml", "<a/>");
    });
    refused(
        &patched(file, b"aa/x", b"\xbc\xd7/x"),
        "word/entry",
        "UTF-8",
    );
}

#[test]
fn two_parts_of_one_name() {
    let file = with(|file| {
        file.part("word/x.xml", "<a/>").part("word/y.xml", "<a/>");
    });
    refused(
        &patched(file, b"word/y.xml", b"word/x.xml"),
        "word/entry",
        "同名",
    );
    let file = with(|file| {
        file.part("word/Document.xml", "<a/>");
    });
    refused(&file, "word/entry", "同名");
}

#[test]
fn more_than_any_file_has() {
    let many = with(|file| {
        for number in 0..4096 {
            file.part(&format!("x/{number}.bin"), "");
        }
    });
    refused(&many, "word/bomb", "超过 4096 个");
    let zeros = with(|file| {
        file.part("word/media/x.bmp", vec![0; 17 << 20]);
    });
    refused(&zeros, "word/bomb", "word/media/x.bmp 解开后大了 200 多倍");
    let long = with(|file| {
        file.part("word/x.xml", " ".repeat(9 << 20))
            .part("word/y.xml", " ".repeat(9 << 20));
    });
    refused(&long, "word/bomb", "超过 12 MB");
    let file = with(|_| {});
    let size = (257_u32 << 20).to_le_bytes();
    let large = with_field(file, "word/document.xml", 24, &size);
    refused(&large, "word/bomb", "超过 256 MB");
    refused(&vec![b'P'; (20 << 20) + 1], "word/bomb", "超过 20 MB");
}

#[test]
fn sizes_that_lie() {
    let file = with(|file| {
        file.part("word/media/x.bmp", [7; 5000]);
    });
    for size in [10_u32, 6000] {
        let size = size.to_le_bytes();
        let words = "word/media/x.bmp 解不开，或者大小";
        // Here the header of the part says otherwise, there both agree.
        let one = with_field(file.clone(), "word/media/x.bmp", 24, &size);
        refused(&one, "word/package", words);
        let both = patched(file.clone(), &5000_u32.to_le_bytes(), &size);
        refused(&both, "word/package", words);
    }
}

#[test]
fn no_damage_makes_the_program_fail() {
    let file = with(|file| {
        file.append(
            "word/_rels/document.xml.rels",
            &external("image", "http://a.example"),
        );
    });
    let open = |bytes: &[u8]| match AnyTemplate::word("a.docx", bytes) {
        Ok(_) => true,
        Err(Failure::Rejected(found)) => !found.is_empty(),
        Err(Failure::Broken(error)) => panic!("{error}"),
    };
    for at in 0..file.len() {
        assert!(AnyTemplate::word("a.docx", &file[..at]).is_err());
        for change in [0xFF, 0x01, 0x80] {
            let mut damaged = file.clone();
            damaged[at] ^= change;
            assert!(open(&damaged));
        }
    }
}

#[test]
fn parts_that_overlap() {
    // The content of one part is another part, header and all.
    let inner = with(|file| {
        file.stored().parts = vec![("b.bin".into(), vec![7; 10])];
    });
    let directory = inner
        .windows(4)
        .position(|four| four == b"PK\x01\x02")
        .unwrap();
    let end = inner.len() - 22;
    let mut file = with(|file| {
        file.stored().part("a.bin", &inner[..directory]);
    });
    let at = (0..file.len())
        .find(|at| file[*at..].starts_with(&inner[..directory]))
        .unwrap();
    let mut entry = inner[directory..end].to_vec();
    entry[42..46].copy_from_slice(&u32::try_from(at).unwrap().to_le_bytes());
    let end = file.len() - 22;
    let size = u32::try_from(number(&file, end + 12) + entry.len()).unwrap();
    for at in [end + 8, end + 10] {
        file[at] += 1;
    }
    file[end + 12..end + 16].copy_from_slice(&size.to_le_bytes());
    file.splice(end..end, entry);
    refused(&file, "word/bomb", "互相重叠");
}

#[test]
fn damaged_archives() {
    let file = with(|file| {
        file.stored().part("word/media/x.bin", "some content");
    });
    let cut = &file[..file.len() - 30];
    refused(cut, "word/truncated", "结尾缺了一截");
    refused(&file[..file.len() - 3], "word/truncated", "结尾缺了一截");
    refused(
        &patched(file.clone(), b"some content", b"same content"),
        "word/package",
        "解不开，或者大小、校验值",
    );
    refused(
        &[&file[..], b"more"].concat(),
        "word/package",
        "后面还有别的数据",
    );
    refused(
        &[b"MZ", &file[..]].concat(),
        "word/package",
        "前面有别的数据",
    );
    refused(
        &[b"PK\x03\x04", &file[..]].concat(),
        "word/package",
        "前面有别的数据",
    );
    let moved = with_field(file.clone(), "word/document.xml", 42, &3_u32.to_le_bytes());
    refused(&moved, "word/package", "不在目录说的地方");
    let method = with_field(file.clone(), "word/document.xml", 10, &[12, 0]);
    refused(&method, "word/package", "压缩方法");
    let encrypted = with_field(file, "word/document.xml", 8, &[1, 0]);
    refused(&encrypted, "word/encrypted", "加了密码");
}

#[test]
fn files_of_other_programs() {
    let compound = |stream: &str| {
        let mut bytes = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
        bytes.resize(1024, 0);
        bytes.extend(stream.encode_utf16().flat_map(u16::to_le_bytes));
        bytes
    };
    refused(&compound("EncryptedPackage"), "word/encrypted", "打开密码");
    refused(&compound("WordDocument"), "word/legacy", ".doc、.wps");
    refused(&compound("CONTENTS"), "word/legacy", "旧格式的 Office 文件");
    refused(b"{\\rtf1 x}", "word/type", "RTF");
    refused(b"<html><body>x</body></html>", "word/type", "HTML");
    refused(b"MIME-Version: 1.0\r\n", "word/type", "MHT");
    refused(b"%PDF-1.7", "word/type", "PDF");
    refused("甲方：{{ x }}".as_bytes(), "word/type", "纯文本");
    refused(b"", "word/type", "空的");
    let only = |parts: &[&str]| {
        with(|file| {
            file.parts = parts
                .iter()
                .map(|name| ((*name).to_owned(), b"x".to_vec()))
                .collect();
        })
    };
    refused(&only(&["mimetype", "content.xml"]), "word/type", "ODF");
    refused(&only(&["甲.docx"]), "word/type", "压缩包");
    refused(&only(&["x.class"]), "word/type", "别的压缩文件");
    for (kind, words) in [
        ("spreadsheetml.sheet", "Excel"),
        ("presentationml.presentation", "演示文稿"),
    ] {
        let other = with(|file| {
            file.replace("[Content_Types].xml", "wordprocessingml.document", kind);
        });
        refused(&other, "word/type", words);
    }
    let lost = with(|file| {
        file.rename("word/document.xml", "word/other.xml");
    });
    refused(&lost, "word/package", "找不到正文");
}

#[test]
fn a_folder_is_no_template() {
    let trial = Trial::new()
        .file("data.json", "{}")
        .file("template.docx/x", "");
    let outcome = trial.run(&["merge", "template.docx", "data.json", "-o", "out.docx"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("这是文件夹"), "{}", outcome.stderr);
}

#[test]
fn macros() {
    for kind in [
        "application/vnd.ms-word.document.macroEnabled.main+xml",
        "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    ] {
        let file = with(|file| {
            file.replace(
                "[Content_Types].xml",
                &format!("{WORD}.document.main+xml"),
                kind,
            );
        });
        refused(&file, "word/macros", "宏");
    }
    for name in ["word/vbaProject.bin", "word/VBADATA.xml"] {
        let file = with(|file| {
            file.part(name, "<a/>");
        });
        refused(&file, "word/macros", "宏");
    }
    // Under another name, and its type written in references.
    let file = with(|file| {
        let office = "http://schemas.microsoft.com/office/2006/relationships";
        let link =
            format!("<Relationship Id=\"a\" Target=\"x.bin\" Type=\"{office}/&#118;baProject\"/>");
        file.part("word/x.bin", "")
            .append("word/_rels/document.xml.rels", &link);
    });
    refused(&file, "word/macros", "宏");
}

#[test]
fn a_template_becomes_a_document() {
    let file = with(|file| {
        file.replace("[Content_Types].xml", "document.main", "template.main");
    });
    let (said, made) = merged(&file);
    assert_eq!(said, "");
    assert_eq!(
        made.content("[Content_Types].xml"),
        WordFile::new().content("[Content_Types].xml")
    );
}

#[test]
fn entities_are_refused_in_every_part() {
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bb\">]>";
    for name in [
        "[Content_Types].xml",
        "_rels/.rels",
        "word/_rels/document.xml.rels",
        "word/document.xml",
        "customXml/item1.xml",
    ] {
        let file = with(|file| {
            if name.starts_with("customXml") {
                file.part(name, "<a/>");
            }
            let own = [bomb.as_bytes(), file.content(name)].concat();
            file.part(name, own);
        });
        refused(
            &file,
            "word/xml",
            &format!("部件 {name} 读不了：含有 DOCTYPE"),
        );
    }
    let hidden: Vec<u8> = format!("\u{feff}{bomb}<a/>")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let file = with(|file| {
        file.part("customXml/item1.xml", hidden);
    });
    refused(&file, "word/xml", "DOCTYPE");
}

#[test]
fn xml_that_no_program_writes() {
    let text = "<w:p><w:r><w:t>{{ x }}</w:t></w:r></w:p>";
    let nested = format!("{}{text}{}", "<w:sdt>".repeat(300), "</w:sdt>".repeat(300));
    let attributes: String = (0..300)
        .map(|number| format!(" w:a{number}=\"\""))
        .collect();
    for (body, words) in [
        (nested, "嵌套超过 256 层"),
        (format!("<w:p{attributes}/>{text}"), "属性超过 256 个"),
        (
            format!("<w:p w:a=\"{}\"/>{text}", "x".repeat(5 << 20)),
            "标签超过 4 MB",
        ),
        (
            format!("{}{text}", "<w:p/>".repeat(1 << 19)),
            "标签超过 524288 个",
        ),
    ] {
        let file = with(|file| {
            file.part("word/document.xml", document(&body));
        });
        refused_xml(&file, words);
    }
    let file = with(|file| {
        file.replace("word/document.xml", "<w:", "<ns0:")
            .replace("word/document.xml", "</w:", "</ns0:")
            .replace("word/document.xml", "xmlns:w", "xmlns:ns0");
    });
    refused(&file, "word/xml", "前缀不是 Word 的 `w:`：<ns0:document");
    let file = with(|file| {
        file.part("word/document.xml", b"<w:document>\xbc\xd7</w:document>");
    });
    refused(&file, "word/xml", "编码既不是 UTF-8");
}

/// As [`refused`], by the reading of a part, which has no hint to give.
fn refused_xml(file: &[u8], words: &str) {
    let (trial, outcome) = merge(file);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("[word/xml]"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains(words),
        "no `{words}` in\n{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("word/document.xml"),
        "{}",
        outcome.stderr
    );
    assert_eq!(trial.names(""), ["data.json", "template.docx"]);
}

/// A part's attribute of this value leads to a relationship out of the file.
fn external(kind: &str, target: &str) -> String {
    format!(
        "<Relationship Id=\"rId9\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\" TargetMode=\"External\"/>"
    )
}

#[test]
fn what_word_would_fetch_by_itself_is_taken_out() {
    let drawing = "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\"";
    let shape = "xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\"";
    for (kind, target, before, after, words) in [
        (
            "image",
            "http://evil.example/x.png",
            format!("<w:drawing><a:blip {drawing} r:embed=\"rId2\" r:link=\"rId9\"/></w:drawing>"),
            format!("<w:drawing><a:blip {drawing} r:embed=\"rId2\"/></w:drawing>"),
            "去掉了文件外的图片",
        ),
        (
            "image",
            "\\\\evil\\x.png",
            format!("<w:pict><v:imagedata {shape} r:href='rId9' o:title=\"\"/></w:pict>"),
            format!("<w:pict><v:imagedata {shape} o:title=\"\"/></w:pict>"),
            "去掉了文件外的图片",
        ),
        (
            "oleObject",
            "file:///c:/x.xlsx",
            format!(
                "<w:object><v:shape {shape}/><o:OLEObject {shape} Type=\"Link\" r:id=\"rId9\"><o:x/></o:OLEObject></w:object>"
            ),
            format!("<w:object><v:shape {shape}/></w:object>"),
            "去掉了链接的对象",
        ),
        (
            "subDocument",
            "x.docx",
            "<w:subDoc r:id=\"rId9\"/>".into(),
            String::new(),
            "去掉了子文档",
        ),
        (
            "aFChunk",
            "http://evil.example/x.html",
            "<w:altChunk r:id=\"rId9\"><w:altChunkPr/></w:altChunk>".into(),
            String::new(),
            "内容块",
        ),
        (
            "hyperlink",
            "file:///etc/passwd",
            "<w:hyperlink r:id=\"rId9\" w:history=\"1\"><w:r/></w:hyperlink>".into(),
            "<w:hyperlink w:history=\"1\"><w:r/></w:hyperlink>".into(),
            "不是网页或邮箱的链接",
        ),
        (
            "hyperlink",
            "JavaScript:alert(1)",
            format!("<w:drawing><a:hlinkClick {drawing} r:id=\"rId9\"/></w:drawing>"),
            "<w:drawing></w:drawing>".into(),
            "不是网页或邮箱的链接",
        ),
        (
            "unheardOf",
            "ftp://evil.example",
            "<w:x r:y=\"rId9\"/>".into(),
            String::new(),
            "指向文件外的引用",
        ),
    ] {
        let text = "<w:p><w:r><w:t>{{ x }}</w:t></w:r></w:p>";
        let file = with(|file| {
            file.part(
                "word/document.xml",
                document(&format!("<w:p w:id=\"rId9\">{before}</w:p>{text}")),
            )
            .append("word/_rels/document.xml.rels", &external(kind, target));
        });
        let (said, made) = merged(&file);
        assert!(
            said.contains("警告[word/external]") && said.contains(words),
            "{said}"
        );
        assert!(
            said.contains("template.docx word/document.xml") && said.contains(target),
            "{said}"
        );
        let text = "<w:p><w:r><w:t xml:space=\"preserve\">甲</w:t></w:r></w:p>";
        let main = String::from_utf8(made.content("word/document.xml").to_vec()).unwrap();
        let main = main.replace("\n\n", "\n");
        assert_eq!(
            main,
            document(&format!("<w:p w:id=\"rId9\">{after}</w:p>{text}"))
        );
        let own = WordFile::new();
        let relationships = "word/_rels/document.xml.rels";
        assert_eq!(made.content(relationships), own.content(relationships));
    }
}

#[test]
fn settings_forget_templates_and_data_sources() {
    let main = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";
    let settings = |own: &str| {
        format!("<w:settings {main} xmlns:rel=\"{OFFICE}\"><w:zoom/>{own}<w:x/></w:settings>")
    };
    for (kind, own) in [
        ("attachedTemplate", "<w:attachedTemplate rel:id=\"rId9\"/>"),
        (
            "mailMergeSource",
            "<w:mailMerge><w:connectString w:val=\"x\"/><w:dataSource rel:id=\"rId9\"/></w:mailMerge>",
        ),
        ("transform", "<w:saveThroughXslt rel:id=\"rId9\"/>"),
    ] {
        let file = with(|file| {
            file.part("word/settings.xml", settings(own)).relationships(
                "word/_rels/settings.xml.rels",
                &external(kind, "http://evil.example/x"),
            );
        });
        let (said, made) = merged(&file);
        assert!(said.contains("word/settings.xml"), "{said}");
        assert_eq!(
            made.content("word/settings.xml"),
            settings("").as_bytes(),
            "{kind}"
        );
    }
}

#[test]
fn links_that_wait_for_a_click_stay() {
    for target in [
        "http://a.example/?b=c&amp;d",
        "HTTPS://a.example",
        "mailto:a@b.example",
        "#x",
    ] {
        let file = with(|file| {
            file.append(
                "word/_rels/document.xml.rels",
                &external("hyperlink", target),
            );
        });
        let (said, made) = merged(&file);
        assert_eq!(said, "");
        let relationships = made.content("word/_rels/document.xml.rels");
        assert!(String::from_utf8_lossy(relationships).contains(target));
    }
}

#[test]
fn an_address_that_hides_its_kind_is_taken_out() {
    for link in [
        "Target=\"http://evil.example/x.png\"",
        "Target=\"x.png\" TargetMode=\"external\"",
        "Target='//evil.example/x.png'",
        "Target=\" &#104;ttp://evil.example\"",
    ] {
        let file = with(|file| {
            let link = format!("<Relationship Id=\"rId9\" Type=\"{OFFICE}/image\" {link}/>");
            file.append("word/_rels/document.xml.rels", &link);
        });
        let (said, _) = merged(&file);
        assert!(said.contains("去掉了文件外的图片"), "{link}: {said}");
    }
}

#[test]
fn many_warnings_are_counted() {
    let file = with(|file| {
        for number in 0..30 {
            let link = external("image", "http://a.example").replace("rId9", &format!("r{number}"));
            file.append("word/_rels/document.xml.rels", &link);
        }
    });
    let (said, _) = merged(&file);
    assert_eq!(said.matches("[word/external]").count(), 21);
    assert!(said.contains("另外还去掉了 10 处"));
}
