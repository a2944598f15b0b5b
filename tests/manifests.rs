//! `manifest.json`, and what is asked of it: `verify` and `diff`.

use std::fs;

use serde_json::Value;

use crate::support::program::{Trial, root};

fn hunan() -> Trial {
    let trial = Trial::new().folder(&root().join("data/hunan-cbec-2024"));
    trial.run_well(&["render", "."]);
    trial
}

fn manifest(trial: &Trial) -> Value {
    serde_json::from_slice(&trial.read("out/manifest.json")).unwrap()
}

fn replace(trial: &Trial, file: &str, old: &str, new: &str) {
    let text = String::from_utf8(trial.read(file)).unwrap();
    assert!(text.contains(old), "{file}");
    fs::write(trial.path(file), text.replace(old, new)).unwrap();
}

#[test]
fn the_manifest_tells_where_every_artifact_comes_from() {
    let trial = hunan();
    let manifest = manifest(&trial);
    let artifacts = manifest["artifacts"].as_array().unwrap();
    let names: Vec<&str> = artifacts
        .iter()
        .map(|artifact| artifact["file"].as_str().unwrap())
        .collect();
    assert_eq!(names, trial.names("out"));
    for artifact in artifacts {
        let file = artifact["file"].as_str().unwrap();
        let bytes = trial.read(&format!("out/{file}"));
        let digest = tianbao::digest::Digest::of(&bytes).to_string();
        assert_eq!(artifact["sha256"], digest, "{file}");
        assert_eq!(artifact["forms"][0]["id"], "hunan/cbec-fund-target");
        assert_eq!(artifact["forms"][0]["version"], "1");
        assert_eq!(
            artifact["fonts"].is_null(),
            file.ends_with(".docx"),
            "{file}"
        );
        match artifact["project"].as_str() {
            Some(project) => assert!(trial.path("out").join(project).is_file(), "{project}"),
            None => assert_eq!(artifact["members"].as_array().unwrap().len(), 13),
        }
    }
    let projects = manifest["projects"].as_array().unwrap();
    assert_eq!(projects.len(), 13);
    let yueyang = projects.iter().find(|project| {
        project["project"]
            .as_str()
            .unwrap()
            .ends_with("岳阳市.yaml")
    });
    assert_eq!(yueyang.unwrap()["values"]["funds"]["province"], "235");
}

#[test]
fn verify_names_what_no_longer_matches() {
    let trial = hunan();
    let found = |trial: &Trial| -> Vec<String> {
        let outcome = trial.run(&["verify", "--format", "json"]);
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(report["artifacts"], 28);
        let found = report["diagnostics"].as_array().unwrap();
        assert_eq!(outcome.code == 0, found.is_empty());
        let code = |found: &Value| found["code"].as_str().unwrap().to_owned();
        found.iter().map(code).collect()
    };
    assert_eq!(found(&trial), Vec::<String>::new());
    fs::write(trial.path("out/附件2-岳阳市商务局.docx"), "改过").unwrap();
    fs::remove_file(trial.path("out/附件2-株洲市商务局.pdf")).unwrap();
    assert_eq!(found(&trial), ["verify/edited", "verify/missing"]);
    trial.run_well(&["render", ".", "--force"]);
    assert_eq!(found(&trial), Vec::<String>::new());
    // The project, and with it both volumes.
    replace(&trial, "prefectures/岳阳市.yaml", "235", "236");
    assert_eq!(found(&trial), ["verify/data", "verify/data", "verify/data"]);
    // A base: all are told to machines, the first ten to people.
    replace(&trial, "base.yaml", "year: 2024", "year: 2025");
    assert_eq!(found(&trial).len(), 15);
    let outcome = trial.run(&["verify"]);
    assert_eq!(outcome.stderr.matches("错误[verify/data]").count(), 10);
    assert!(
        outcome.stderr.contains("另有 5 处 verify/data"),
        "{}",
        outcome.stderr
    );
    replace(&trial, "base.yaml", "year: 2025", "year: 2024");
    fs::remove_file(trial.path("prefectures/岳阳市.yaml")).unwrap();
    assert_eq!(found(&trial), ["verify/no-project"]);
}

#[test]
fn verify_finds_rows_of_tables_again() {
    let trial = Trial::new().folder(&root().join("tests/tables/hunan-cbec-2024"));
    fs::copy(
        root().join("data/hunan-cbec-2024/base.yaml"),
        trial.path("base.yaml"),
    )
    .unwrap();
    trial.run_well(&["render", ".", "--to", "docx"]);
    trial.run_well(&["verify"]);
    replace(&trial, "十三市州.csv", "235", "236");
    let outcome = trial.run(&["verify"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome
            .stderr
            .contains("附件2-岳阳市商务局.docx 不是按现在的项目生成的")
    );
    trial.run_well(&["render", ".", "--to", "docx"]);
    trial.run_well(&["verify"]);
    // Rows are taken out, in the middle and at the end: the others are who they
    // were, and nobody wonders what is current.
    let text = String::from_utf8(trial.read("十三市州.csv")).unwrap();
    let rest = text
        .lines()
        .filter(|line| !line.contains("岳阳市") && !line.contains("湘西州"));
    let rest: String = rest.map(|line| format!("{line}\n")).collect();
    fs::write(trial.path("十三市州.csv"), rest).unwrap();
    let outcome = trial.run_well(&["render", ".", "--to", "docx"]);
    assert!(
        outcome.stderr.starts_with(
            "删去旧的 out/附件2-岳阳市商务局.docx\n删去旧的 out/附件2-湘西州商务局.docx\n"
        ),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("11 份没有变化"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn diff_says_what_changed_in_the_forms_words() {
    let trial = hunan();
    trial.run_well(&["render", ".", "--out", "old"]);
    replace(&trial, "prefectures/岳阳市.yaml", "235", "236.50");
    replace(&trial, "prefectures/岳阳市.yaml", "city: 0", "city: ");
    replace(
        &trial,
        "prefectures/岳阳市.yaml",
        "跨境电商相关培训人次数: 500",
        "跨境电商相关培训人次数: {remove: true}",
    );
    fs::remove_file(trial.path("prefectures/株洲市.yaml")).unwrap();
    replace(&trial, "batch.yaml", "  - prefectures/株洲市.yaml\n", "");
    fs::remove_dir_all(trial.path("out")).unwrap();
    trial.run_well(&["render", "."]);
    let expected = "附件2-岳阳市商务局\n  \
        年度金额（万元） › 省级资金：235 → 236.50\n  \
        年度金额（万元） › 市、区拟配套资金：0 → （空白）\n  \
        绩效指标 › 产出指标 › 数量指标 › 跨境电商相关培训人次数：去掉（原为 500）\n\
        附件2-株洲市商务局：没有了\n";
    for sides in [["old", "out"], ["old/manifest.json", "out/manifest.json"]] {
        let outcome = trial.run(&[&["diff"], &sides[..]].concat());
        assert_eq!((outcome.stdout.as_str(), outcome.code), (expected, 1));
    }
    let outcome = trial.run_well(&["diff", "out", "out"]);
    assert_eq!(outcome.stdout, "没有差别\n");
    // A folder without a manifest, and two sides of different kinds.
    assert_eq!(trial.run(&["diff", "out", "prefectures"]).code, 2);
    assert_eq!(trial.run(&["diff", "out", "base.yaml"]).code, 2);
}

#[test]
fn diff_names_items_of_lists_and_fields_of_several_forms() {
    let data = |name: &str| fs::read_to_string(root().join("data").join(name)).unwrap();
    let (guangzhou, jiujiang) = (
        data("guangzhou-2023.yaml"),
        data("jiujiang-chaisang-2024.yaml"),
    );
    let edit = |text: &str, old: &str, new: &str| {
        assert!(text.contains(old));
        text.replacen(old, new, 1)
    };
    let trial = Trial::new()
        .file("广州.yaml", &guangzhou)
        .file(
            "广州改.yaml",
            edit(&guangzhou, "total: 560.00", "total: 561.00"),
        )
        .file("九江.yaml", &jiujiang)
        .file(
            "九江改.yaml",
            edit(
                &jiujiang,
                "项目落户流程规范执行率: =100%",
                "项目落户流程规范执行率: 90%",
            ),
        );
    let diff = |old: &str, new: &str| trial.run(&["diff", old, new]).stdout;
    assert_eq!(
        diff("广州.yaml", "广州改.yaml"),
        "广州改.yaml\n  资金使用单位 › 广州市商务局 › 项目 › 服务贸易专题（邮轮） › 合计：560.00 → 561.00\n"
    );
    assert_eq!(
        diff("九江.yaml", "九江改.yaml"),
        "九江改.yaml\n  九江市部门整体支出绩效目标设置申报表 › 绩效指标 › 产出指标 › 质量指标 › 项目落户流程规范执行率：=100% → 90%\n"
    );
}
