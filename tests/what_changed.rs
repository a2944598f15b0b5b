//! Each reason to make an artifact again, and each reason not to.

use std::fs;

use serde_json::Value;

use crate::support::program::{Trial, fonts, root};

/// Two counties of one base, with packs of their own, rendered once.
fn counties() -> Trial {
    let example = root().join("templates/hunan/cbec-fund-target/example.yaml");
    let example = fs::read_to_string(example).unwrap();
    let trial = Trial::with_own_templates()
        .file("全省/base.yaml", example)
        .file(
            "全省/甲县.yaml",
            "extends: base.yaml\ndepartments: [甲县商务局]\n",
        )
        .file(
            "全省/乙县.yaml",
            "extends: base.yaml\ndepartments: [乙县商务局]\ngoals: {annual: 乙县自己的目标}\n",
        );
    copy_fonts(&trial);
    let made = render(&trial, &[]);
    assert_eq!(
        made.written,
        [
            "附件2-乙县商务局.docx",
            "附件2-乙县商务局.pdf",
            "附件2-甲县商务局.docx",
            "附件2-甲县商务局.pdf"
        ]
    );
    trial
}

/// Faces of its own, so that a test may change them.
fn copy_fonts(trial: &Trial) {
    fs::create_dir_all(trial.path("字体")).unwrap();
    for entry in fs::read_dir(fonts()).unwrap() {
        let from = entry.unwrap().path();
        if from.is_file() {
            fs::copy(&from, trial.path("字体").join(from.file_name().unwrap())).unwrap();
        }
    }
}

/// What a run did, by the names of artifacts, sorted.
#[derive(Debug, Default, PartialEq)]
struct Did {
    written: Vec<String>,
    unchanged: usize,
    codes: Vec<String>,
    exit: i32,
}

fn render(trial: &Trial, more: &[&str]) -> Did {
    let arguments = ["render", "全省", "--font-path", "字体", "--format", "json"];
    let outcome = trial.run(&[&arguments, more].concat());
    let results: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| {
        panic!("{}{}", outcome.stdout, outcome.stderr);
    });
    let mut did = Did {
        exit: outcome.code,
        ..Did::default()
    };
    for result in results["results"].as_array().unwrap() {
        let names = |key: &str| -> Vec<String> {
            let files = result[key].as_array().unwrap().iter();
            files
                .map(|file| file.as_str().unwrap().trim_start_matches("out/").to_owned())
                .collect()
        };
        did.written.extend(names("files"));
        did.unchanged += names("unchanged").len();
        let found = result["diagnostics"].as_array().unwrap().iter();
        did.codes
            .extend(found.map(|found| found["code"].as_str().unwrap().to_owned()));
    }
    did.written.sort();
    did
}

fn nothing() -> Did {
    Did {
        unchanged: 4,
        ..Did::default()
    }
}

fn edit(trial: &Trial, file: &str, change: impl Fn(String) -> String) {
    let path = trial.path(file);
    let text = fs::read_to_string(&path).unwrap();
    let changed = change(text.clone());
    assert_ne!(text, changed, "{file}");
    fs::write(path, changed).unwrap();
}

const PACK: &str = "templates/hunan/cbec-fund-target";

#[test]
fn nothing_changed_and_nothing_is_made() {
    let trial = counties();
    let before = trial.read("out/manifest.json");
    assert_eq!(render(&trial, &[]), nothing());
    assert_eq!(trial.read("out/manifest.json"), before);
}

#[test]
fn words_that_change_no_value_make_nothing() {
    let trial = counties();
    edit(&trial, "全省/甲县.yaml", |text| {
        format!("# 已核\n{text}\n")
    });
    edit(&trial, "全省/base.yaml", |text| format!("# 已核\n{text}"));
    assert_eq!(render(&trial, &[]), nothing());
}

#[test]
fn an_edited_project_is_made_again_alone() {
    let trial = counties();
    edit(&trial, "全省/甲县.yaml", |text| {
        format!("{text}funds: {{province: 7}}\n")
    });
    let did = render(&trial, &[]);
    assert_eq!(
        did.written,
        ["附件2-甲县商务局.docx", "附件2-甲县商务局.pdf"]
    );
    assert_eq!(did.unchanged, 2);
    assert_eq!(render(&trial, &[]), nothing());
}

#[test]
fn an_edited_base_makes_those_again_that_inherit_the_edit() {
    let trial = counties();
    edit(&trial, "全省/base.yaml", |text| {
        let lines = text.lines().map(|line| match line.starts_with("goals:") {
            true => "goals: {annual: 另一个目标}",
            false => line,
        });
        lines.map(|line| format!("{line}\n")).collect()
    });
    // 乙县 has a goal of its own.
    let did = render(&trial, &[]);
    assert_eq!(
        did.written,
        ["附件2-甲县商务局.docx", "附件2-甲县商务局.pdf"]
    );
    edit(&trial, "全省/base.yaml", |text| {
        text.replace("year: 2024", "year: 2025")
    });
    assert_eq!(render(&trial, &[]).written.len(), 4);
}

#[test]
fn an_edited_template_makes_its_kind_again() {
    let trial = counties();
    edit(&trial, &format!("{PACK}/form.typ"), |text| {
        format!("{text}// 注\n")
    });
    let did = render(&trial, &[]);
    assert_eq!(
        did.written,
        ["附件2-乙县商务局.pdf", "附件2-甲县商务局.pdf"]
    );
    // Whatever is in the .docx, its bytes count.
    let word = trial.path(&format!("{PACK}/form.docx"));
    let other = root().join("templates/jiangmen/self-evaluation/form.docx");
    let own = fs::read(&word).unwrap();
    fs::copy(other, &word).unwrap();
    let did = render(&trial, &[]);
    assert!(did.written.is_empty() && did.exit == 1, "{did:?}");
    fs::write(&word, own).unwrap();
    assert_eq!(render(&trial, &[]), nothing());
}

#[test]
fn an_edited_manifest_of_the_pack_makes_both_again_under_their_new_name() {
    let trial = counties();
    edit(&trial, &format!("{PACK}/form.yaml"), |text| {
        text.replace("附件2-", "附件二-")
    });
    assert_eq!(render(&trial, &[]).written.len(), 4);
    // The former names are gone: nobody wonders which is current.
    assert_eq!(
        trial.names("out"),
        [
            "附件二-乙县商务局.docx",
            "附件二-乙县商务局.pdf",
            "附件二-甲县商务局.docx",
            "附件二-甲县商务局.pdf"
        ]
    );
}

#[test]
fn the_library_and_the_faces_make_every_pdf_again() {
    let trial = counties();
    let pdfs = ["附件2-乙县商务局.pdf", "附件2-甲县商务局.pdf"];
    edit(&trial, "templates/lib/text.typ", |text| {
        format!("{text}// 注\n")
    });
    assert_eq!(render(&trial, &[]).written, pdfs);
    // A face that serves a role; one that serves none would not matter.
    fs::write(trial.path("字体/说明.txt"), "无关").unwrap();
    assert_eq!(render(&trial, &[]), nothing());
    fs::remove_file(trial.path("字体/FandolKai-Regular.ttf")).unwrap();
    assert_eq!(render(&trial, &[]).written, pdfs);
    assert_eq!(render(&trial, &[]), nothing());
}

#[test]
fn options_count() {
    let trial = counties();
    let pdfs = ["附件2-乙县商务局.pdf", "附件2-甲县商务局.pdf"];
    assert_eq!(render(&trial, &["--pdf-standard", "a-3a"]).written, pdfs);
    assert_eq!(render(&trial, &["--pdf-standard", "a-3a"]).written.len(), 0);
    assert_eq!(render(&trial, &[]).written, pdfs);
    assert_eq!(
        render(&trial, &["--creation-timestamp", "86400"])
            .written
            .len(),
        4
    );
    // The order of standards, and the number of threads, decide nothing.
    let standards = [
        "--pdf-standard",
        "ua-1,a-2a",
        "--creation-timestamp",
        "86400",
        "--jobs",
        "1",
    ];
    assert_eq!(render(&trial, &standards), nothing());
}

#[test]
fn what_is_missing_is_made_again_alone() {
    let trial = counties();
    fs::remove_file(trial.path("out/附件2-甲县商务局.docx")).unwrap();
    let did = render(&trial, &[]);
    assert_eq!(did.written, ["附件2-甲县商务局.docx"]);
    assert_eq!(did.unchanged, 3);
    fs::remove_file(trial.path("out/manifest.json")).unwrap();
    assert_eq!(render(&trial, &[]), nothing());
    assert!(trial.path("out/manifest.json").is_file());
}

#[test]
fn what_somebody_edited_is_never_overwritten_without_force() {
    let trial = counties();
    let file = "附件2-甲县商务局.docx";
    let edited = "改过的";
    fs::write(trial.path("out").join(file), edited).unwrap();
    // Nothing new would be written: a warning names it.
    let did = render(&trial, &[]);
    assert_eq!((did.codes, did.exit), (vec!["output/edited".to_owned()], 0));
    // Something new would be: an error names it, and the PDF is made.
    edit(&trial, "全省/甲县.yaml", |text| {
        format!("{text}funds: {{province: 7}}\n")
    });
    let did = render(&trial, &[]);
    assert_eq!((did.codes, did.exit), (vec!["output/edited".to_owned()], 1));
    assert_eq!(did.written, ["附件2-甲县商务局.pdf"]);
    assert_eq!(trial.read(&format!("out/{file}")), edited.as_bytes());
    let did = render(&trial, &["--force"]);
    assert_eq!((did.written.len(), did.exit), (4, 0));
    assert_ne!(trial.read(&format!("out/{file}")), edited.as_bytes());
    assert_eq!(render(&trial, &[]), nothing());
}

#[test]
fn a_file_of_somebody_elses_is_never_overwritten_without_force() {
    let trial = counties();
    fs::rename(
        trial.path("out/附件2-甲县商务局.pdf"),
        trial.path("原样.pdf"),
    )
    .unwrap();
    fs::remove_dir_all(trial.path("out")).unwrap();
    fs::create_dir(trial.path("out")).unwrap();
    fs::write(trial.path("out/附件2-乙县商务局.pdf"), "别人的").unwrap();
    // One without a record that is just what would be made is taken as made.
    fs::copy(
        trial.path("原样.pdf"),
        trial.path("out/附件2-甲县商务局.pdf"),
    )
    .unwrap();
    let did = render(&trial, &[]);
    assert_eq!(
        (did.codes, did.exit),
        (vec!["output/foreign".to_owned()], 1)
    );
    assert_eq!(trial.read("out/附件2-乙县商务局.pdf"), "别人的".as_bytes());
    let did = render(&trial, &["--force"]);
    assert_eq!((did.written.len(), did.exit), (4, 0));
}

#[test]
fn a_touched_or_copied_folder_is_still_known() {
    let trial = counties();
    let file = trial.path("out/附件2-甲县商务局.pdf");
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    fs::write(&file, bytes).unwrap();
    assert_eq!(render(&trial, &[]), nothing());
    let copy = Trial::with_own_templates().folder(&trial.path(""));
    // Faces are not copied with it.
    let fonts = trial.path("字体");
    let outcome = copy.run(&["render", "全省", "--font-path", fonts.to_str().unwrap()]);
    assert!(
        outcome.stderr.starts_with("生成 0 份，2 份没有变化"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_renamed_project_leaves_no_artifact_of_its_former_name() {
    let trial = counties();
    edit(&trial, "全省/甲县.yaml", |text| {
        text.replace("甲县商务局", "丙县商务局")
    });
    assert_eq!(render(&trial, &[]).written.len(), 2);
    assert_eq!(
        trial.names("out"),
        [
            "附件2-丙县商务局.docx",
            "附件2-丙县商务局.pdf",
            "附件2-乙县商务局.docx",
            "附件2-乙县商务局.pdf"
        ]
    );
    // Not if somebody has changed it.
    fs::write(trial.path("out/附件2-丙县商务局.docx"), "批注").unwrap();
    edit(&trial, "全省/甲县.yaml", |text| {
        text.replace("丙县商务局", "丁县商务局")
    });
    render(&trial, &[]);
    assert!(
        trial
            .names("out")
            .contains(&"附件2-丙县商务局.docx".to_owned())
    );
    assert!(
        !trial
            .names("out")
            .contains(&"附件2-丙县商务局.pdf".to_owned())
    );
}

#[test]
fn an_artifact_without_its_project_is_named_and_clean_takes_it() {
    let trial = counties();
    fs::remove_file(trial.path("全省/甲县.yaml")).unwrap();
    let outcome = trial.run(&["render", "全省", "--font-path", "字体"]);
    assert!(
        outcome
            .stderr
            .contains("项目已不在，产物还在：out/附件2-甲县商务局.pdf"),
        "{}",
        outcome.stderr
    );
    fs::write(trial.path("out/我的.pdf"), "我的").unwrap();
    trial.run_well(&["clean", "--stale"]);
    assert_eq!(
        trial.names("out"),
        ["我的.pdf", "附件2-乙县商务局.docx", "附件2-乙县商务局.pdf"]
    );
    fs::write(trial.path("out/附件2-乙县商务局.docx"), "改过的").unwrap();
    let outcome = trial.run_well(&["clean", "out"]);
    assert_eq!(trial.names("out"), ["我的.pdf", "附件2-乙县商务局.docx"]);
    assert!(
        outcome.stderr.contains("留下 1 个被人改过的"),
        "{}",
        outcome.stderr
    );
    trial.run_well(&["clean", "out", "--force"]);
    assert_eq!(trial.names("out"), ["我的.pdf"]);
    assert!(!trial.path("out/manifest.json").exists() && !trial.path("out/.tianbao").exists());
    assert_eq!(trial.run(&["clean", "out"]).code, 2);
}

#[test]
fn warnings_are_said_again_although_nothing_is_made() {
    let trial = counties();
    edit(&trial, "全省/甲县.yaml", |text| {
        format!("{text}funds: {{province: }}\n")
    });
    let did = render(&trial, &[]);
    assert_eq!((did.written.len(), did.exit), (2, 0));
    let codes = did.codes;
    assert!(!codes.is_empty());
    let again = render(&trial, &[]);
    assert_eq!((again.written.len(), again.codes), (0, codes));
}

#[test]
fn a_damaged_record_costs_time_and_nothing_else() {
    let trial = counties();
    let record = trial.path("out/.tianbao/record.jsonl");
    let mut text = fs::read(&record).unwrap();
    text.truncate(text.len() - 100);
    fs::write(&record, text).unwrap();
    let did = render(&trial, &[]);
    // The torn line's artifact is made again, found to be there, and known.
    assert_eq!((did.written.len(), did.exit), (1, 0));
    fs::write(&record, [0, 159, 146, 150]).unwrap();
    let did = render(&trial, &[]);
    assert_eq!((did.written.len(), did.exit), (4, 0));
    assert_eq!(render(&trial, &[]), nothing());
}

#[test]
fn two_runs_never_write_one_folder_at_once() {
    let trial = counties();
    let lock = fs::File::create(trial.path("out/.tianbao/lock")).unwrap();
    lock.lock().unwrap();
    let outcome = trial.run(&["render", "全省", "--font-path", "字体"]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("另一个 tianbao 正在写 out"),
        "{}",
        outcome.stderr
    );
}

/// `verify` with the faces of the trial.
fn verified(trial: &Trial) -> String {
    let outcome = trial.run(&["verify", "--font-path", "字体"]);
    format!("{}{}", outcome.stdout, outcome.stderr)
}

#[test]
fn what_is_skipped_is_still_true_of_where_it_comes_from_now() {
    let trial = counties();
    // Moved, and said in other words: nothing is made, and nothing is stale.
    fs::rename(trial.path("全省/甲县.yaml"), trial.path("全省/甲.yaml")).unwrap();
    assert_eq!(render(&trial, &[]), nothing());
    trial.run_well(&["clean", "--stale"]);
    assert_eq!(trial.names("out").len(), 4);
    assert!(
        verified(&trial).contains("4 个文件都"),
        "{}",
        verified(&trial)
    );
    // Two files swap what they say.
    let swap = |a: &str, b: &str| {
        let [a, b] = [a, b].map(|name| trial.path(name));
        let (first, second) = (fs::read(&a).unwrap(), fs::read(&b).unwrap());
        fs::write(&a, second).unwrap();
        fs::write(&b, first).unwrap();
    };
    swap("全省/甲.yaml", "全省/乙县.yaml");
    assert_eq!(render(&trial, &[]), nothing());
    assert!(
        verified(&trial).contains("4 个文件都"),
        "{}",
        verified(&trial)
    );
    // A template that only the PDF is made of: the Word file is of this pack too.
    edit(&trial, &format!("{PACK}/form.typ"), |text| {
        format!("{text}// 注\n")
    });
    assert_eq!(render(&trial, &[]).written.len(), 2);
    assert!(
        verified(&trial).contains("4 个文件都"),
        "{}",
        verified(&trial)
    );
}

#[test]
fn a_volume_of_a_former_title_goes() {
    let trial = counties();
    let batch = |title: &str| {
        let batch = format!("volume: {title}\nmembers: [甲县.yaml, 乙县.yaml]\n");
        fs::write(trial.path("全省/batch.yaml"), batch).unwrap();
    };
    batch("旧册");
    assert_eq!(render(&trial, &[]).written, ["旧册.docx", "旧册.pdf"]);
    batch("新册");
    assert_eq!(render(&trial, &[]).written, ["新册.docx", "新册.pdf"]);
    let names = trial.names("out");
    assert!(
        !names.contains(&"旧册.pdf".to_owned()) && names.len() == 6,
        "{names:?}"
    );
    trial.run_well(&["clean", "--stale"]);
    assert_eq!(trial.names("out").len(), 6);
    // Only one kind is made: the other of the former title is not lost for it.
    batch("又一册");
    assert_eq!(render(&trial, &["--to", "pdf"]).written, ["又一册.pdf"]);
    assert!(trial.names("out").contains(&"新册.docx".to_owned()));
}

#[test]
fn a_record_from_elsewhere_harms_no_file_outside() {
    let trial = counties();
    let victim = trial.path("要紧的.txt");
    fs::write(&victim, "要紧的").unwrap();
    let record = trial.path("out/.tianbao/record.jsonl");
    let text = fs::read_to_string(&record).unwrap();
    let line = text.lines().next().unwrap();
    let (start, end) = line.split_once("\"file\":\"").unwrap();
    let end = &end[end.find('"').unwrap()..];
    for name in ["../要紧的.txt", victim.to_str().unwrap()] {
        let line = format!("{start}\"file\":\"{name}{end}\n");
        fs::write(&record, format!("{text}{line}")).unwrap();
        trial.run_well(&["clean", "--force"]);
        assert!(victim.is_file());
        render(&trial, &[]);
    }
}

#[test]
fn a_manifest_that_is_torn_is_mended_and_a_foreign_one_is_kept() {
    let trial = counties();
    let manifest = trial.path("out/manifest.json");
    let whole = fs::read(&manifest).unwrap();
    for length in [0, 10, 1000] {
        fs::write(&manifest, &whole[..length]).unwrap();
        assert_eq!(render(&trial, &[]), nothing());
        assert_eq!(fs::read(&manifest).unwrap(), whole);
    }
    fs::write(&manifest, "{\"mine\": true}").unwrap();
    let outcome = trial.run(&["render", "全省", "--font-path", "字体"]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("不是本程序写的"),
        "{}",
        outcome.stderr
    );
    // Without a record the manifest still tells what is ours.
    fs::write(&manifest, &whole).unwrap();
    fs::remove_dir_all(trial.path("out/.tianbao")).unwrap();
    edit(&trial, "全省/甲县.yaml", |text| {
        format!("{text}funds: {{province: 7}}\n")
    });
    let did = render(&trial, &[]);
    assert_eq!((did.written.len(), did.exit), (4, 0), "{did:?}");
}
