//! Many projects of one form in one Word file: sections on pages of their own,
//! running numbers, and a bookmark that leads to each.

use std::io::Cursor;
use std::path::Path;

use tianbao::Failure;
use tianbao::form::Templates;
use tianbao::parity::grid::Grid;
use tianbao::parity::{pdf, word};
use tianbao::pdf::{Faces, standards};
use tianbao::project;
use tianbao::render::{Options, Ready, Renderer};

use crate::support::packs::{PACK, damage, replaced};
use crate::support::program::{Trial, fonts, root};
use crate::support::tools;

const TITLE: &str = "全省汇总（测试）";

fn renderer(templates: &Path, embed_source: bool) -> Renderer {
    let options = Options {
        pdf: true,
        word: true,
        standards: standards(None, embed_source).unwrap(),
        timestamp: None,
        embed_source,
    };
    let faces = Faces::scan(&[fonts().into()]);
    Renderer::new(Templates::open(templates).unwrap(), faces, options)
}

/// The Hunan example once for each of these cities.
fn cities(trial: Trial, names: &[&str]) -> (Trial, Vec<String>) {
    let example = std::fs::read_to_string(root().join(PACK).join("example.yaml")).unwrap();
    let mut trial = trial;
    for name in names {
        let text = example.replace("某某市", name);
        trial = trial.file(&format!("{name}.yaml"), text);
    }
    let files = names.iter().map(|name| format!("{name}.yaml")).collect();
    (trial, files)
}

fn prepared(renderer: &Renderer, files: &[impl AsRef<Path>]) -> Vec<Ready> {
    let one = |file: &Path| renderer.prepare(project::load(file).unwrap()).unwrap();
    files.iter().map(|file| one(file.as_ref())).collect()
}

/// PDF and Word volume of these.
fn bound(renderer: &Renderer, ready: &[Ready]) -> (Vec<u8>, Vec<u8>) {
    let members: Vec<&Ready> = ready.iter().collect();
    let pdf = renderer.bind(&members, TITLE).unwrap();
    (pdf, renderer.bind_word(&members, TITLE).unwrap())
}

fn hunan() -> Vec<std::path::PathBuf> {
    let folder = root().join("data/hunan-cbec-2024/prefectures");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn part(file: &[u8], name: &str) -> String {
    word::part(file, name).unwrap().unwrap()
}

fn names_of(file: &[u8]) -> Vec<String> {
    word::part_names(file).unwrap()
}

/// The values of an attribute, in order.
fn values<'a>(xml: &'a str, attribute: &str) -> Vec<&'a str> {
    let pieces = xml.split(attribute).skip(1);
    pieces.map(|rest| rest.split('"').next().unwrap()).collect()
}

fn texts(grids: &[Grid]) -> Vec<Vec<Vec<String>>> {
    let squeezed = |grid: &Grid| -> Vec<Vec<String>> {
        let cells = |row: Vec<&str>| {
            row.iter()
                .map(|text| text.split_whitespace().collect())
                .collect()
        };
        grid.texts().into_iter().map(cells).collect()
    };
    grids.iter().map(squeezed).collect()
}

#[test]
fn thirteen_prefectures_are_one_file_of_thirteen_sections() {
    let renderer = renderer(&root().join("templates"), false);
    let ready = prepared(&renderer, &hunan());
    let (in_pdf, in_word) = bound(&renderer, &ready);
    let document = part(&in_word, "word/document.xml");
    assert_eq!(document.matches("<w:sectPr>").count(), 13);
    assert_eq!(document.matches("<w:outlineLvl ").count(), 13);
    // The same cells in the same order.
    let (pdf_grids, word_grids) = (pdf::grids(&in_pdf).unwrap(), word::grids(&in_word).unwrap());
    assert_eq!(texts(&pdf_grids), texts(&word_grids));
    // Bookmarks are called as in the PDF.
    let wanted: Vec<String> = pdf::outline_titles(&in_pdf).unwrap();
    let wanted: Vec<String> = wanted.iter().map(|name| name.replace('、', "_")).collect();
    assert_eq!(values(&document, "w:name=\""), wanted);
    // One template: its parts are there once.
    let single = renderer.render(&ready[0]).unwrap().word.unwrap();
    assert_eq!(names_of(&in_word), names_of(&single));
    let core = part(&in_word, "docProps/core.xml");
    assert!(
        core.contains(&format!("<dc:title>{TITLE}</dc:title>")),
        "{core}"
    );
    assert!(
        core.contains("娄底市商务局") && core.contains("岳阳市财政局"),
        "{core}"
    );
    let members: Vec<&Ready> = ready.iter().collect();
    assert!(renderer.bind_word(&members, TITLE).unwrap() == in_word);
}

#[test]
fn a_volume_of_one_is_the_file_itself_with_a_bookmark() {
    let renderer = renderer(&root().join("templates"), false);
    let ready = prepared(&renderer, &hunan()[..1]);
    let members: Vec<&Ready> = ready.iter().collect();
    let volume = renderer.bind_word(&members, ready[0].title()).unwrap();
    let single = renderer.render(&ready[0]).unwrap().word.unwrap();
    let document = part(&volume, "word/document.xml");
    let start = document.find("<w:bookmarkStart").unwrap();
    let end = start + document[start..].find("/>").unwrap() + 2;
    let without = format!("{}{}", &document[..start], &document[end..]);
    assert_eq!(
        without.replace("<w:bookmarkEnd w:id=\"0\"/>", ""),
        part(&single, "word/document.xml")
    );
}

#[test]
fn the_source_of_every_member_is_in_the_volume() {
    let renderer = renderer(&root().join("templates"), true);
    let ready = prepared(&renderer, &hunan()[..3]);
    let (in_pdf, in_word) = bound(&renderer, &ready);
    let trial = Trial::new().file("v.pdf", in_pdf).file("v.docx", &in_word);
    let from_pdf = trial.run_well(&["extract", "v.pdf", "-o", "a"]).stdout;
    let from_word = trial.run_well(&["extract", "v.docx", "-o", "b"]).stdout;
    assert_eq!(from_pdf.lines().count(), 4);
    assert_eq!(from_pdf.replace("a/", "b/"), from_word);
    for name in trial.names("a") {
        let same = trial.read(&format!("a/{name}")) == trial.read(&format!("b/{name}"));
        assert!(same, "{name}");
    }
    let again = Path::new("batch.yaml");
    let batch = String::from_utf8(trial.read(&format!("b/{}", again.display()))).unwrap();
    assert!(batch.contains(&format!("volume: {TITLE}\n")), "{batch}");
}

#[test]
fn projects_of_several_forms_and_forms_of_several_pages_are_bound_too() {
    let renderer = renderer(&root().join("templates"), false);
    for data in ["jiujiang-chaisang-2024", "nanchang-2024"] {
        let text = std::fs::read_to_string(root().join(format!("data/{data}.yaml"))).unwrap();
        let trial = Trial::new().file("a.yaml", &text).file("b.yaml", &text);
        let files = ["a.yaml", "b.yaml"].map(|file| trial.path(file));
        let ready = prepared(&renderer, &files);
        let (in_pdf, in_word) = bound(&renderer, &ready);
        let document = part(&in_word, "word/document.xml");
        // Members of the same name are told apart all the same.
        let names = values(&document, "w:name=\"");
        assert_eq!(names.len(), 2, "{data}");
        assert_eq!(names[1], format!("{}_2", names[0]));
        let single = renderer.render(&ready[0]).unwrap().word.unwrap();
        assert_eq!(names_of(&in_word), names_of(&single), "{data}");
        let own = part(&single, "word/document.xml")
            .matches("<w:sectPr>")
            .count();
        assert_eq!(document.matches("<w:sectPr>").count(), 2 * own, "{data}");
        // Pages begin where those of the PDF do.
        let breaks = document.matches("<w:pageBreakBefore/>").count();
        let count = pdf::page_count(&in_pdf).unwrap();
        assert_eq!(breaks + 2 * own, count, "{data}");
    }
}

/// What an author may put into a template with Word.
#[test]
fn numbers_names_and_parts_of_the_members_do_not_clash() {
    let (trial, files) = cities(Trial::with_own_templates(), &["甲市", "乙市", "丙市"]);
    let change = |text: String| {
        text.replacen(
            "<w:body><w:p>",
            "<w:body><w:p w14:paraId=\"00000001\" w14:textId=\"00000002\">",
            1,
        )
        .replacen("<w:outlineLvl w:val=\"0\" />", "", 1)
        .replacen(
            "<w:tbl>",
            "<w:p><w:bookmarkStart w:id=\"7\" w:name=\"own\"/><w:bookmarkEnd w:id=\"7\"/>\
             <w:hyperlink w:anchor=\"own\"><w:r><w:t>x</w:t></w:r></w:hyperlink></w:p><w:tbl>",
            1,
        )
        .replacen(
            "<w:cols ",
            "<w:pgNumType w:fmt=\"decimal\" w:start=\"3\"/><w:cols ",
            1,
        )
    };
    damage(&trial, "form.docx", change);
    let renderer = renderer(&trial.path("templates"), false);
    let files: Vec<_> = files.iter().map(|file| trial.path(file)).collect();
    let (_, in_word) = bound(&renderer, &prepared(&renderer, &files));
    let document = part(&in_word, "word/document.xml");
    assert_eq!(
        values(&document, "w:name=\""),
        [
            "甲市商务局_甲市财政局",
            "own",
            "乙市商务局_乙市财政局",
            "own_2",
            "丙市商务局_丙市财政局",
            "own_3"
        ]
    );
    assert_eq!(values(&document, "w:anchor=\""), ["own", "own_2", "own_3"]);
    let mut starts: Vec<&str> = document
        .split("<w:bookmarkStart w:id=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    starts.sort();
    starts.dedup();
    assert_eq!(starts.len(), 6);
    assert_eq!(document.matches("w14:paraId").count(), 1);
    // The first says where numbers begin, the others go on.
    assert_eq!(document.matches("w:start=\"3\"").count(), 1);
    assert_eq!(
        document.matches("<w:pgNumType w:fmt=\"decimal\"").count(),
        3
    );
    // The title was found by its words.
    assert_eq!(document.matches("<w:outlineLvl w:val=\"0\"/>").count(), 3);
}

#[test]
fn a_footer_that_differs_from_member_to_member_comes_along() {
    let (trial, files) = cities(Trial::with_own_templates(), &["甲市", "乙市", "丙市"]);
    let template = trial.path(&format!("{PACK}/form.docx"));
    let bytes = std::fs::read(&template).unwrap();
    let footer = part(&bytes, "word/footer2.xml");
    let own = footer.replacen("— </w:t>", "{{ departments[0] }}</w:t>", 1);
    assert_ne!(own, footer);
    std::fs::write(&template, with_footer(&bytes, &own)).unwrap();
    let renderer = renderer(&trial.path("templates"), false);
    let files: Vec<_> = files.iter().map(|file| trial.path(file)).collect();
    let (_, in_word) = bound(&renderer, &prepared(&renderer, &files));
    let names = names_of(&in_word);
    let footers: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_prefix("word/footer"))
        .collect();
    assert_eq!(footers, ["1.xml", "2.xml", "2-2.xml", "2-3.xml"]);
    for (file, city) in [("2", "甲市"), ("2-2", "乙市"), ("2-3", "丙市")] {
        assert!(part(&in_word, &format!("word/footer{file}.xml")).contains(city));
    }
}

fn with_footer(docx: &[u8], footer: &str) -> Vec<u8> {
    use std::io::{Read, Write};
    let mut archive = zip::ZipArchive::new(Cursor::new(docx)).unwrap();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut content = Vec::new();
        part.read_to_end(&mut content).unwrap();
        if name == "word/footer2.xml" {
            content = footer.as_bytes().to_vec();
        }
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(name, options).unwrap();
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn what_cannot_be_joined_is_refused() {
    let (trial, files) = cities(Trial::with_own_templates(), &["甲市", "乙市"]);
    let list = "<w:pPr><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/></w:numPr>";
    damage(&trial, "form.docx", replaced("<w:pPr>", list));
    let renderer = renderer(&trial.path("templates"), false);
    let files: Vec<_> = files.iter().map(|file| trial.path(file)).collect();
    let ready = prepared(&renderer, &files);
    let members: Vec<&Ready> = ready.iter().collect();
    let Err(Failure::Rejected(found)) = renderer.bind_word(&members, TITLE) else {
        panic!("bound");
    };
    assert_eq!(found[0].code, "word/join");
    assert!(
        found[0].message.ends_with("第 2 份用了自动编号"),
        "{}",
        found[0].message
    );
    // Alone it is no trouble.
    assert!(renderer.bind_word(&members[..1], TITLE).is_ok());
}

#[test]
#[ignore = "needs the tools that tests/run installs"]
fn office_programs_show_the_pages_of_the_pdf_volume() {
    let templates = root().join("templates");
    let plain = renderer(&templates, true);
    let trial = Trial::new();
    let twice = |name: &str| {
        let file = root().join(format!("data/{name}.yaml"));
        vec![file.clone(), file]
    };
    let mut docx = Vec::new();
    let mut pdfs = Vec::new();
    for (name, files) in [
        ("hunan", hunan()),
        ("jiujiang", twice("jiujiang-chaisang-2024")),
        ("nanchang", twice("nanchang-2024")),
        ("jiangmen", twice("jiangmen-2023")),
        ("guangzhou", twice("guangzhou-2023")),
    ] {
        let (in_pdf, in_word) = bound(&plain, &prepared(&plain, &files));
        std::fs::write(trial.path(&format!("{name}.docx")), in_word).unwrap();
        docx.push(trial.path(&format!("{name}.docx")));
        pdfs.push(in_pdf);
    }
    let docx: Vec<&Path> = docx.iter().map(|file| file.as_path()).collect();
    tools::validate_word(&docx).unwrap();
    let shown = tools::word_to_pdf(&docx, &trial.path("shown"));
    let mut differ = Vec::new();
    for (shown, own) in shown.iter().zip(&pdfs) {
        let texts = tools::pdf_page_texts(shown);
        let own = pdf::page_texts(own).unwrap();
        let unspaced = |text: &String| {
            let mut found: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
            found.sort_unstable();
            found
        };
        if !texts.iter().map(unspaced).eq(own.iter().map(unspaced)) {
            differ.push(format!(
                "{}: {} and {}",
                shown.display(),
                texts.len(),
                own.len()
            ));
        }
        // Numbers run on to the end.
        let last = texts.last().unwrap().trim_end();
        let number = last
            .rsplit('\n')
            .next()
            .unwrap()
            .trim()
            .trim_matches(['—', ' ']);
        assert_eq!(number, texts.len().to_string(), "{}", shown.display());
    }
    assert!(differ.is_empty(), "{differ:?}");
}
