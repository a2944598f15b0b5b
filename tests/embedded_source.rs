//! `--embed-source` and `extract`: a form is made again, byte for byte, from
//! the project definition that its own print holds.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::Command;

use tianbao::parity::{pdf, word};
use tianbao::project;

use crate::hostile_values;
use crate::support::packs::PACK;
use crate::support::program::{Trial, fonts, root};
use crate::support::tools;

const VOLUME: &str = "2024年度跨境电商资金绩效目标表（十三个市州）";
const EXAMPLE: &str = "附件2-某某市商务局";

fn example() -> String {
    fs::read_to_string(root().join(PACK).join("example.yaml")).unwrap()
}

/// A trial whose example was rendered to `out` with `--embed-source`.
fn embedded(more: &[&str]) -> Trial {
    let trial = Trial::new().file("a.yaml", example());
    trial.run_well(&[&["render", "a.yaml", "--embed-source"], more].concat());
    trial
}

/// All files of a folder with this ending, volumes apart.
fn files(trial: &Trial, folder: &str, ending: &str) -> Vec<String> {
    let names = trial.names(folder).into_iter();
    let wanted = names.filter(|name| name.ends_with(ending) && !name.starts_with(VOLUME));
    wanted.map(|name| format!("{folder}/{name}")).collect()
}

/// What was extracted from one kind of file renders to all files again, with
/// and without the source in them.
fn made_again(trial: &Trial, ending: &str) {
    let sources = files(trial, "out", ending);
    let names: Vec<&str> = sources.iter().map(String::as_str).collect();
    let taken = format!("from{ending}");
    trial.run_well(&[&["extract", "-o", &taken], names.as_slice()].concat());
    assert_eq!(trial.names(&taken).len(), names.len());
    for (folder, options) in [("out", &["--embed-source"][..]), ("plain", &[])] {
        let again = format!("{folder}{ending}");
        trial.run_well(&[&["render", taken.as_str(), "-o", &again], options].concat());
        let made = trial.names(&again);
        assert_eq!(made.len(), 2 * names.len());
        for name in made {
            let same =
                trial.read(&format!("{folder}/{name}")) == trial.read(&format!("{again}/{name}"));
            assert!(same, "{name} from {ending}");
        }
    }
}

#[test]
fn the_published_documents_are_made_again_from_their_own_print() {
    for data in [
        "hunan-cbec-2024",
        "jiujiang-chaisang-2024.yaml",
        "guangzhou-2023.yaml",
        "nanchang-2024.yaml",
        "jiangmen-2023.yaml",
    ] {
        let trial = Trial::new();
        let data = root().join("data").join(data);
        let data = data.to_str().unwrap();
        trial.run_well(&["render", data, "--embed-source"]);
        trial.run_well(&["render", data, "-o", "plain"]);
        made_again(&trial, ".pdf");
        made_again(&trial, ".docx");
        // An attachment takes no room on a page.
        for file in files(&trial, "out", ".pdf") {
            let plain = trial.read(&file.replacen("out", "plain", 1));
            let own = trial.read(&file);
            assert_eq!(
                pdf::page_texts(&own).unwrap(),
                pdf::page_texts(&plain).unwrap()
            );
            assert_eq!(pdf::grids(&own).unwrap(), pdf::grids(&plain).unwrap());
        }
    }
}

#[test]
fn hostile_values_come_back_as_they_were() {
    let values = hostile_values::values();
    let mut trial = Trial::new();
    for (index, (value, _)) in values.iter().enumerate() {
        let text = hostile_values::project(value).replace("某市", &format!("{index}市"));
        trial = trial.file(&format!("in/{index}.yaml"), text);
    }
    trial.run_well(&["render", "in", "--embed-source"]);
    trial.run_well(&["render", "in", "-o", "plain"]);
    made_again(&trial, ".pdf");
    made_again(&trial, ".docx");
    for index in 0..values.len() {
        let load = |path: String| project::load(&trial.path(&path)).unwrap();
        let written = load(format!("in/{index}.yaml"));
        let taken = load(format!("from.docx/附件2-{index}市商务局.yaml"));
        assert_eq!(written.canonical_json(), taken.canonical_json());
        assert_eq!(written.digest(), taken.digest());
    }
}

#[test]
fn a_volume_gives_back_its_members_and_its_batch() {
    let trial = Trial::new();
    let data = root().join("data/hunan-cbec-2024");
    trial.run_well(&["render", data.to_str().unwrap(), "--embed-source"]);
    let volume = format!("out/{VOLUME}.pdf");
    let outcome = trial.run(&["extract", &volume]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("里面有 14 份文件（batch.yaml、"),
        "{}",
        outcome.stderr
    );
    let outcome = trial.run_well(&["extract", &volume, "-o", "成员"]);
    assert_eq!(
        outcome.stderr,
        "重新生成同样的文件：tianbao render 成员 --embed-source\n"
    );
    trial.run_well(&["render", "成员", "--embed-source", "-o", "again"]);
    let names = trial.names("out");
    assert_eq!((names.len(), &names), (28, &trial.names("again")));
    for name in names {
        let file = |folder: &str| trial.read(&format!("{folder}/{name}"));
        assert!(file("out") == file("again"), "{name}");
    }
}

#[test]
fn options_that_decide_the_bytes_are_told() {
    let options = [
        "--creation-timestamp",
        "1735689600",
        "--pdf-standard",
        "A-3b, ua-1",
    ];
    let trial = embedded(&options);
    let command = "--embed-source --creation-timestamp 1735689600 --pdf-standard a-3b,ua-1";
    for ending in ["pdf", "docx"] {
        let file = format!("out/{EXAMPLE}.{ending}");
        let outcome = trial.run_well(&["extract", &file]);
        assert_eq!(
            outcome.stderr,
            format!("重新生成同样的文件：tianbao render 这份文件 {command}\n")
        );
        let out = format!("{ending}.yaml");
        trial.run_well(&["extract", &file, "-o", &out]);
        assert_eq!(String::from_utf8(trial.read(&out)).unwrap(), outcome.stdout);
        let mut again = vec!["render", &out, "-o", "again"];
        again.extend(command.split(' '));
        trial.run_well(&again);
        for name in trial.names("out") {
            let same = trial.read(&format!("out/{name}")) == trial.read(&format!("again/{name}"));
            assert!(same, "{name}");
        }
    }
}

#[test]
fn a_standard_without_attachments_is_refused() {
    let trial = Trial::new().file("a.yaml", example());
    let arguments = |standard| {
        let start = ["render", "a.yaml", "--embed-source", "--pdf-standard"];
        [&start[..], &[standard]].concat()
    };
    for standard in ["a-2a,ua-1", "a-1b", "a-2u", "a-4"] {
        let arguments = arguments(standard);
        let outcome = trial.run(&arguments);
        assert_eq!(outcome.code, 2, "{standard}");
        assert!(outcome.stderr.contains("不许带附件"), "{}", outcome.stderr);
        // A Word file has no such standard.
        trial.run_well(&[&arguments[..], &["--to", "docx"]].concat());
    }
    for standard in ["a-3u", "a-4f", "1.4", "1.7", "2.0", "ua-1"] {
        let arguments = arguments(standard);
        trial.run_well(&arguments);
        let outcome = trial.run_well(&["extract", &format!("out/{EXAMPLE}.pdf"), "-o", "x"]);
        assert!(
            outcome.stdout.ends_with(&format!("{EXAMPLE}.yaml\n")),
            "{standard}"
        );
        fs::remove_dir_all(trial.path("x")).unwrap();
    }
}

#[test]
fn what_stands_there_is_overwritten_only_by_force() {
    let trial = embedded(&[]).file("甲.yaml", "我的");
    let file = format!("out/{EXAMPLE}.pdf");
    let outcome = trial.run(&["extract", &file, "-o", "甲.yaml"]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("已经有 甲.yaml"),
        "{}",
        outcome.stderr
    );
    assert_eq!(trial.read("甲.yaml"), "我的".as_bytes());
    trial.run_well(&["extract", &file, "-o", "甲.yaml", "--force"]);
    assert!(trial.read("甲.yaml").starts_with(b"# tianbao "));
    // A folder that is a file, and PDF and Word of one project at once.
    let outcome = trial.run(&["extract", &file, "-o", "out/附件2-某某市商务局.pdf"]);
    assert!(outcome.stderr.contains("不是文件夹"), "{}", outcome.stderr);
    let docx = format!("out/{EXAMPLE}.docx");
    let one = trial.run_well(&["extract", &file, &docx]).stdout;
    assert_eq!(one.as_bytes(), trial.read("甲.yaml"));
    trial.run_well(&["extract", &file, &docx, "-o", "都"]);
    assert_eq!(trial.names("都"), [format!("{EXAMPLE}.yaml")]);
}

#[test]
fn files_without_a_source_say_why() {
    let trial = embedded(&[]);
    trial.run_well(&["render", "a.yaml", "-o", "plain"]);
    let pdf = trial.read(&format!("out/{EXAMPLE}.pdf"));
    let docx = trial.read(&format!("out/{EXAMPLE}.docx"));
    let trial = trial
        .file("torn.pdf", &pdf[..pdf.len() / 2])
        .file("torn.docx", &docx[..docx.len() / 2])
        .file(
            "old.doc",
            [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0],
        )
        .file("b.txt", "文字")
        .file("empty.pdf", "")
        .file("not.docx", with_part(&docx, "word/document.xml", None))
        .file("begun.pdf", "%PDF-1.7\n%乱");
    for (file, code) in [
        (format!("plain/{EXAMPLE}.pdf"), "extract/none"),
        (format!("plain/{EXAMPLE}.docx"), "extract/none"),
        ("torn.docx".into(), "word/truncated"),
        ("not.docx".into(), "word/package"),
        ("old.doc".into(), "extract/type"),
        ("b.txt".into(), "extract/type"),
        ("empty.pdf".into(), "extract/type"),
        ("begun.pdf".into(), "extract/broken"),
    ] {
        let outcome = trial.run(&["extract", &file]);
        assert_eq!(outcome.code, 1, "{file}");
        assert!(outcome.stderr.contains(code), "{file}: {}", outcome.stderr);
        assert!(outcome.stdout.is_empty());
    }
    // Half a file may be mended by its reader, but is never taken for whole.
    let outcome = trial.run(&["extract", "torn.pdf"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
    assert_eq!(trial.run(&["extract", "没有.pdf"]).code, 2);
    // What is good is written all the same.
    let good = format!("out/{EXAMPLE}.pdf");
    let outcome = trial.run(&["extract", "old.doc", &good, "-o", "y"]);
    assert_eq!(outcome.code, 1);
    assert_eq!(trial.names("y"), [format!("{EXAMPLE}.yaml")]);
}

/// Another program's files stay where they are; a tree that leads back to
/// itself, or grows without end, is no reason to wait.
#[test]
fn only_our_attachments_are_taken_out_of_a_pdf() {
    use lopdf::{Dictionary, Document, Object, Stream, StringFormat, dictionary};
    let trial = embedded(&[]);
    let own = trial.read(&format!("out/{EXAMPLE}.pdf"));
    let text = trial
        .run_well(&["extract", &format!("out/{EXAMPLE}.pdf")])
        .stdout;
    let changed = |change: &dyn Fn(&mut Document, Object) -> Object| {
        let mut document = Document::load_mem(&own).unwrap();
        let names = document.catalog().unwrap().get(b"Names").unwrap().clone();
        let names = document.dereference(&names).unwrap().1.as_dict().unwrap();
        let tree = names.get(b"EmbeddedFiles").unwrap().clone();
        let tree = change(&mut document, tree);
        let names = dictionary! { "EmbeddedFiles" => tree };
        let catalog = document.catalog_mut().unwrap();
        catalog.set("Names", names);
        catalog.remove(b"AF");
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        bytes
    };
    let attach = |document: &mut Document, tree: Object, content: Vec<u8>| {
        let stream = document.add_object(Stream::new(Dictionary::new(), content));
        let name = Object::String(b"other.yaml".to_vec(), StringFormat::Literal);
        let file = dictionary! {
            "Type" => "Filespec", "F" => name.clone(), "EF" => dictionary! { "F" => stream },
        };
        let file = document.add_object(file);
        let names = document.add_object(dictionary! { "Names" => vec![name, file.into()] });
        // Our own comes after it, one level further down.
        let below = document.add_object(dictionary! { "Kids" => vec![tree] });
        Object::from(dictionary! { "Kids" => vec![names.into(), below.into()] })
    };
    let other = changed(&|document, tree| attach(document, tree, b"a: 1\n".to_vec()));
    // Of our own text the last line is gone.
    let broken = changed(&|document, _| {
        let head = text[..text.trim_end().rfind('\n').unwrap()].into();
        attach(document, Object::Null, head)
    });
    let round = changed(&|document, _| {
        let id = document.new_object_id();
        let kids = vec![Object::from(id), Object::from(id)];
        document
            .objects
            .insert(id, Object::from(dictionary! { "Kids" => kids }));
        id.into()
    });
    let trial = trial
        .file("other.pdf", other)
        .file("broken.pdf", broken)
        .file("round.pdf", round);
    assert_eq!(trial.run_well(&["extract", "other.pdf"]).stdout, text);
    for (file, code) in [
        ("broken.pdf", "extract/broken"),
        ("round.pdf", "extract/size"),
    ] {
        let outcome = trial.run(&["extract", file]);
        assert_eq!(outcome.code, 1);
        assert!(outcome.stderr.contains(code), "{}", outcome.stderr);
    }
}

#[test]
fn json_tells_texts_options_and_diagnostics() {
    let trial = embedded(&[]).file("b.txt", "文字");
    let file = format!("out/{EXAMPLE}.docx");
    let outcome = trial.run(&["extract", &file, "b.txt", "--format", "json"]);
    assert_eq!(outcome.code, 1);
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let project = &json["results"][0]["projects"][0];
    assert_eq!(project["name"], format!("{EXAMPLE}.yaml"));
    assert_eq!(project["options"], "--embed-source");
    assert!(project["text"].as_str().unwrap().contains("\nform: hunan/"));
    assert_eq!(json["results"][1]["diagnostics"][0]["code"], "extract/type");
    let outcome = trial.run_well(&["extract", &file, "-o", "z", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let project = &json["results"][0]["projects"][0];
    assert_eq!(project["file"], format!("z/{EXAMPLE}.yaml"));
    assert!(project["text"].is_null());
}

/// A file from elsewhere chooses neither where it is written nor what a
/// terminal does.
#[test]
fn names_and_texts_of_a_foreign_file_do_no_harm() {
    let trial = embedded(&[]);
    let docx = trial.read(&format!("out/{EXAMPLE}.docx"));
    let part = |text: &str| {
        let xml = word::part(&docx, "customXml/item1.xml").unwrap().unwrap();
        let start = xml.find("name=\"").unwrap();
        let end = xml.find("</project>").unwrap();
        format!(
            "{}name=\"../../甲.yaml\">{text}{}",
            &xml[..start],
            &xml[end..]
        )
    };
    let file = |head: &str, text: &str| {
        std::fs::write(trial.path("x.yaml"), text.replace("&lt;", "<")).unwrap();
        let digest = project::load(&trial.path("x.yaml"))
            .map_or_else(|_| String::new(), |x| x.digest().to_string());
        let text = part(&format!(
            "# tianbao 1\r\n# 数据 SHA-256：{digest}\r\n{head}{text}"
        ));
        with_part(&docx, "customXml/item1.xml", Some(&text))
    };
    let command = "# 重新生成同样的文件：tianbao render x --embed-source; rm -rf /\n";
    let [a, b, c] = [
        ("", "a: '&lt;'\n"),
        ("", "a: \u{1b}[31m\n"),
        (command, "a: 1\n"),
    ]
    .map(|(head, text)| file(head, text));
    let torn = with_part(
        &docx,
        "customXml/item1.xml",
        Some(&part("# tianbao 1\na: 1\n")),
    );
    let trial = trial
        .file("a.docx", a)
        .file("b.docx", b)
        .file("c.docx", c)
        .file("torn.docx", torn);
    let outcome = trial.run_well(&["extract", "a.docx", "-o", "in/x"]);
    assert_eq!(outcome.stdout, "in/x/_.._甲.yaml\n");
    // Line ends are what XML says they are.
    let text = String::from_utf8(trial.read("in/x/_.._甲.yaml")).unwrap();
    assert!(
        text.ends_with("\na: '<'\n") && !text.contains('\r'),
        "{text}"
    );
    for file in ["b.docx", "torn.docx"] {
        let outcome = trial.run(&["extract", file]);
        assert_eq!(outcome.code, 1, "{file}");
        assert!(outcome.stderr.contains("extract/broken"), "{file}");
    }
    assert_eq!(trial.run_well(&["extract", "c.docx"]).stderr, "");
}

#[test]
fn a_template_keeps_its_own_custom_xml_but_not_the_source_of_another_project() {
    let trial = Trial::with_own_templates().file("a.yaml", example());
    let template = trial.path(&format!("{PACK}/form.docx"));
    let bytes = fs::read(&template).unwrap();
    let own = with_part(
        &bytes,
        "customXml/item1.xml",
        Some("<own xmlns=\"urn:own\"/>"),
    );
    fs::write(&template, &own).unwrap();
    let render = |folder: &str, more: &[&str]| {
        let arguments = [
            "render",
            "a.yaml",
            "--font-path",
            &fonts(),
            "--to",
            "docx",
            "-o",
            folder,
        ];
        trial.run_well(&[&arguments[..], more].concat());
        trial.read(&format!("{folder}/{EXAMPLE}.docx"))
    };
    let made = render("one", &["--embed-source"]);
    let part = |file: &[u8], name: &str| word::part(file, name).unwrap().unwrap_or_default();
    assert!(part(&made, "customXml/item1.xml").contains("urn:own"));
    assert!(part(&made, "customXml/item2.xml").contains("form: hunan/"));
    assert!(part(&made, "word/_rels/document.xml.rels").contains("../customXml/item2.xml"));
    assert!(part(&made, "[Content_Types].xml").contains("/customXml/itemProps2.xml"));

    // Somebody makes a template of a file that holds a project.
    let main = part(&bytes, "word/document.xml");
    fs::write(
        &template,
        with_part(&made, "word/document.xml", Some(&main)),
    )
    .unwrap();
    let plain = render("two", &[]);
    assert!(!part(&plain, "customXml/item2.xml").contains("form: hunan/"));
    let again = render("three", &["--embed-source"]);
    assert!(part(&again, "customXml/item2.xml").contains("form: hunan/"));
    assert!(part(&again, "customXml/item3.xml").is_empty());
    trial.run_well(&["extract", &format!("three/{EXAMPLE}.docx")]);
}

/// A .docx with one part replaced, added or taken out.
fn with_part(docx: &[u8], name: &str, content: Option<&str>) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(docx)).unwrap();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let known = part.name().unwrap().into_owned();
        if known != name {
            let mut content = Vec::new();
            part.read_to_end(&mut content).unwrap();
            writer.start_file(known, options).unwrap();
            writer.write_all(&content).unwrap();
        }
    }
    if let Some(content) = content {
        writer.start_file(name, options).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn run_tool(program: &str, arguments: &[&str], folder: &Path) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap_or_else(|error| panic!("{program} is missing: run tests/run ({error})"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {said}");
}

#[test]
#[ignore = "needs the tools that tests/run installs"]
fn other_programs_take_files_with_a_source() {
    let trial = embedded(&[]);
    let data = root().join("data");
    trial.run_well(&["render", data.to_str().unwrap(), "--embed-source"]);
    let path = |name: &String| trial.path(name);
    let docx: Vec<_> = files(&trial, "out", ".docx").iter().map(path).collect();
    let docx: Vec<&Path> = docx.iter().map(|file| file.as_path()).collect();
    tools::validate_word(&docx).unwrap();
    for file in files(&trial, "out", ".pdf") {
        tools::qpdf_check(&trial.path(&file)).unwrap();
    }
    let own = format!("out/{EXAMPLE}");
    let pdf = format!("{own}.pdf");
    let text = trial.run_well(&["extract", &pdf]).stdout;
    // Poppler finds the same file.
    run_tool(
        "pdfdetach",
        &["-save", "1", "-o", "taken.yaml", &pdf],
        &trial.path("."),
    );
    assert_eq!(trial.read("taken.yaml"), text.as_bytes());
    let folder = trial.path(".");
    // A Word file that LibreOffice has saved anew.
    let profile = format!("-env:UserInstallation=file://{}/profile", folder.display());
    let docx = format!("{own}.docx");
    let save = ["--headless", "--convert-to", "docx", "--outdir", "saved"];
    run_tool(
        "soffice",
        &[&[profile.as_str()], &save[..], &[&docx]].concat(),
        &folder,
    );
    let saved = format!("saved/{EXAMPLE}.docx");
    assert_ne!(trial.read(&saved), trial.read(&docx));
    assert_eq!(trial.run_well(&["extract", &saved]).stdout, text);
    // What qpdf rewrites or encrypts.
    run_tool(
        "qpdf",
        &["--linearize", "--object-streams=generate", &pdf, "r.pdf"],
        &folder,
    );
    assert_eq!(trial.run_well(&["extract", "r.pdf"]).stdout, text);
    run_tool(
        "qpdf",
        &["--encrypt", "", "o", "256", "--", &pdf, "o.pdf"],
        &folder,
    );
    // A password that only forbids changes does not forbid reading.
    assert_eq!(trial.run_well(&["extract", "o.pdf"]).stdout, text);
    run_tool(
        "qpdf",
        &["--encrypt", "u", "o", "256", "--", &pdf, "e.pdf"],
        &folder,
    );
    let outcome = trial.run(&["extract", "e.pdf"]);
    assert!(
        outcome.stderr.contains("extract/encrypted"),
        "{}",
        outcome.stderr
    );
}
