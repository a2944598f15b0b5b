//! Folders, batch files and options of `render`, and what machines read.

use tianbao::parity::pdf;

use crate::support::program::{Trial, fonts, root};

fn example() -> String {
    std::fs::read_to_string(root().join("templates/hunan/cbec-fund-target/example.yaml")).unwrap()
}

#[test]
fn a_folder_gives_its_projects_but_not_their_bases() {
    let trial = Trial::new()
        .file("全省/base.yaml", example())
        .file(
            "全省/甲.yaml",
            "extends: base.yaml\ndepartments: [甲市商务局]\n",
        )
        .file(
            "全省/下级/乙.yaml",
            "extends: ../base.yaml\ndepartments: [乙市商务局]\n",
        );
    let outcome = trial.run_well(&["render", "全省", "--to", "docx"]);
    assert_eq!(
        trial.names("out"),
        ["附件2-乙市商务局.docx", "附件2-甲市商务局.docx"]
    );
    assert!(
        outcome.stderr.starts_with("生成 2 份，写出 2 个文件"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn combined_binds_any_projects_of_one_form() {
    let trial = Trial::new()
        .file("甲.yaml", example())
        .file("乙.yaml", example().replace("某某市", "乙市"));
    trial.run_well(&[
        "render",
        "甲.yaml",
        "乙.yaml",
        "--combined=全省汇总",
        "--out",
        "送审",
    ]);
    let volume = trial.read("送审/全省汇总.pdf");
    assert_eq!(pdf::page_count(&volume).unwrap(), 2);
    assert_eq!(
        pdf::outline_titles(&volume).unwrap(),
        ["某某市商务局、某某市财政局", "乙市商务局、乙市财政局"]
    );
    assert_eq!(trial.names("送审").len(), 6);
}

#[test]
fn a_file_named_twice_is_rendered_once() {
    let trial = Trial::new().file("甲.yaml", example());
    trial.run_well(&["render", "甲.yaml", "./甲.yaml", "--to", "pdf"]);
    assert_eq!(trial.names("out"), ["附件2-某某市商务局.pdf"]);
}

#[test]
fn json_tells_files_and_diagnostics() {
    let trial = Trial::new().file("甲.yaml", example()).file(
        "乙.yaml",
        example()
            .replace("某某市", "乙市")
            .replace("year: 2024", "year: x"),
    );
    let outcome = trial.run(&["render", "甲.yaml", "乙.yaml", "--format", "json"]);
    assert_eq!(outcome.code, 1);
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(json["results"][0]["good"], true);
    assert_eq!(json["results"][0]["files"][0], "out/附件2-某某市商务局.pdf");
    let diagnostic = &json["results"][1]["diagnostics"][0];
    assert_eq!(diagnostic["code"], "value/type");
    assert_eq!(diagnostic["field"], "year");
    let place = serde_json::json!(
        {"file": "乙.yaml", "line": 3, "column": 7, "end_line": 3, "end_column": 8}
    );
    assert_eq!(diagnostic["place"], place);
}

#[test]
fn a_usage_error_is_json_too() {
    let outcome = Trial::new().run(&["check", "没有.yaml", "--format", "json"]);
    assert_eq!(outcome.code, 2);
    assert_eq!(outcome.stdout, "{\n  \"error\": \"找不到 没有.yaml\"\n}\n");
}

#[test]
fn blank_zero_and_text_are_three_values() {
    for (city, printed) in [
        ("", ""),
        ("city: 0", "0"),
        ("city: 50（含县市区）", "50（含县市区）"),
        ("city: 1.50", "1.50"),
    ] {
        let funds = format!("funds: {{province: 100, {city}}}");
        let trial = Trial::new().file(
            "a.yaml",
            example().replace("funds: {province: 100, city: 50}", &funds),
        );
        trial.run_well(&["render", "a.yaml", "--to", "pdf"]);
        let grids = pdf::grids(&trial.read("out/附件2-某某市商务局.pdf")).unwrap();
        assert_eq!(grids[0].rows[3][1].text, printed);
    }
}

#[test]
fn indicators_as_a_list_say_the_same() {
    let (before, tree) = {
        let text = example();
        let at = text.find("indicators:").unwrap();
        (text[..at].to_owned(), text)
    };
    let mut list = before + "indicators:\n";
    for (level1, level2, name, target) in [
        ("产出指标", "数量指标", "跨境电商相关培训人次数", "500"),
        (
            "产出指标",
            "数量指标",
            "组织参加跨境电商相关展会企业数",
            "10家以上",
        ),
        ("产出指标", "质量指标", "资金使用合规性", "100%"),
        ("产出指标", "时效指标", "资金拨付及时性", "≥90%"),
        (
            "效益指标",
            "社会效益指标",
            "开展跨境电商相关资源对接、展会、赛事等活动",
            "3场",
        ),
        (
            "满意度指标",
            "服务对象满意度指标",
            "服务跨境电商企业满意度",
            "≥90%",
        ),
    ] {
        list +=
            &format!("- {{level1: {level1}, level2: {level2}, name: {name}, target: {target}}}\n");
    }
    let trial = Trial::new().file("树.yaml", tree).file("表.yaml", list);
    let artifact = |file: &str| {
        trial.run_well(&["render", file]);
        (
            trial.read("out/附件2-某某市商务局.pdf"),
            trial.read("out/附件2-某某市商务局.docx"),
        )
    };
    assert!(artifact("树.yaml") == artifact("表.yaml"));
}

#[test]
fn forms_and_fonts_list_what_is_there() {
    let trial = Trial::new();
    let forms = trial.run_well(&["forms"]).stdout;
    assert!(
        forms.contains("hunan/cbec-fund-target  湖南省  2024"),
        "{forms}"
    );
    assert!(forms.contains("funds.city"), "{forms}");
    let schema = trial
        .run_well(&["forms", "--schema", "hunan/cbec-fund-target"])
        .stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(
        schema["properties"]["funds"]["properties"]["city"]["title"],
        "市、区拟配套资金"
    );
    let fonts_listed = trial.run_well(&["fonts"]).stdout;
    assert!(
        fonts_listed.contains("仿宋_GB2312") && fonts_listed.contains("替代字体"),
        "{fonts_listed}"
    );
    let json = trial
        .run_well(&["fonts", "--format", "json", "--font-path", &fonts()])
        .stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["pdf"], "FandolFang R");
}

#[test]
fn a_batch_below_a_folder_is_rendered_as_a_batch() {
    let trial = Trial::new()
        .file("data/省/base.yaml", example())
        .file("data/省/batch.yaml", "volume: 全省\nmembers: [甲.yaml]\n")
        .file(
            "data/省/甲.yaml",
            "extends: base.yaml\ndepartments: [甲市商务局]\n",
        )
        .file("data/乙.yaml", example().replace("某某市", "乙市"));
    trial.run_well(&["render", "data", "--to", "pdf"]);
    let names = ["全省.pdf", "附件2-乙市商务局.pdf", "附件2-甲市商务局.pdf"];
    assert_eq!(trial.names("out"), names);
}

#[test]
fn the_authors_of_a_form_are_a_field_of_its_schema() {
    let trial = Trial::with_own_templates();
    let path = trial.path("templates/hunan/cbec-fund-target/form.yaml");
    let changed = std::fs::read_to_string(&path)
        .unwrap()
        .replace("authors: departments", "authors: departmens");
    std::fs::write(&path, changed).unwrap();
    let trial = trial.file("甲.yaml", example());
    let outcome = trial.run(&[
        "check",
        "甲.yaml",
        "--templates",
        "templates",
        "--font-path",
        &fonts(),
    ]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("是否想写 `departments`"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn combined_without_a_pdf_is_a_word_file() {
    let trial = Trial::new().file("甲.yaml", example());
    trial.run_well(&["render", "甲.yaml", "--to", "docx", "--combined=汇总"]);
    assert_eq!(
        trial.names("out"),
        ["汇总.docx", "附件2-某某市商务局、某某市财政局.docx"]
            .map(|name| name.replace("、某某市财政局", ""))
    );
}

#[test]
fn zip_holds_every_artifact_of_the_run_and_its_manifest() {
    let trial = Trial::new()
        .file("全省/甲.yaml", example())
        .file("全省/乙.yaml", example().replace("某某市", "乙市"))
        .file("别的.yaml", example().replace("某某市", "别市"));
    trial.run_well(&["render", "别的.yaml"]);
    trial.run_well(&["render", "全省", "--zip"]);
    let bytes = trial.read("out/全省.zip");
    let parts = unzipped(&bytes);
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "附件2-乙市商务局.docx",
            "附件2-乙市商务局.pdf",
            "附件2-某某市商务局.docx",
            "附件2-某某市商务局.pdf",
            "manifest.json"
        ]
    );
    for (name, content) in &parts[..4] {
        assert!(*content == trial.read(&format!("out/{name}")), "{name}");
    }
    let manifest: serde_json::Value = serde_json::from_slice(&parts[4].1).unwrap();
    assert_eq!(manifest["artifacts"].as_array().unwrap().len(), 4);
    // Nothing changed: the zip stays as it is. Something did: it follows.
    let outcome = trial.run_well(&["render", "全省", "--zip"]);
    assert!(
        outcome.stderr.starts_with("生成 0 份，3 份没有变化"),
        "{}",
        outcome.stderr
    );
    let path = trial.path("全省/甲.yaml");
    std::fs::write(path, example().replace("year: 2024", "year: 2025")).unwrap();
    trial.run_well(&["render", "全省", "--zip"]);
    assert!(trial.read("out/全省.zip") != bytes);
    // One project is wrong: no zip looks complete.
    let zip = trial.read("out/全省.zip");
    std::fs::write(trial.path("全省/甲.yaml"), "form: hunan/cbec-fund-target\n").unwrap();
    let outcome = trial.run(&["render", "全省", "--zip"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("zip/incomplete"),
        "{}",
        outcome.stderr
    );
    assert!(trial.read("out/全省.zip") == zip);
}

/// Names and contents of a zip, in its order.
fn unzipped(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let count = archive.len();
    let part = |index| {
        let mut content = Vec::new();
        let mut part = archive.by_index(index).unwrap();
        std::io::Read::read_to_end(&mut part, &mut content).unwrap();
        (part.name().unwrap().into_owned(), content)
    };
    (0..count).map(part).collect()
}

#[test]
fn files_that_extend_each_other_are_not_passed_over() {
    let trial = Trial::new()
        .file("全省/甲.yaml", "extends: 乙.yaml\n")
        .file("全省/乙.yaml", "extends: 甲.yaml\n")
        .file("全省/丙.yaml", example());
    let outcome = trial.run(&["check", "全省"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("extends/cycle"),
        "{}",
        outcome.stderr
    );
}
