//! `tianbao batch template`: what is filled in comes back as it was typed.

use std::fs;
use std::path::Path;

use tianbao::form::Templates;
use tianbao::project::{self, Data, Node};

use crate::support::program::{Trial, root};
use crate::support::workbooks::{filled, headers, part};

type Row = Vec<(String, String)>;

fn row(cells: &[(&str, &str)]) -> Row {
    let cell = |(header, text): &(&str, &str)| ((*header).to_owned(), (*text).to_owned());
    cells.iter().map(cell).collect()
}

/// The columns of a written batch file: headers and paths.
fn columns(trial: &Trial, folder: &str) -> Vec<(String, Vec<String>)> {
    let batch = fs::read_to_string(trial.path(&format!("{folder}/batch.yaml"))).unwrap();
    let batch: serde_yaml::Value = serde_yaml::from_str(&batch).unwrap();
    let columns = batch["columns"].as_mapping().unwrap();
    let steps = |path: &serde_yaml::Value| match path.as_str() {
        Some(dotted) => dotted.split('.').map(str::to_owned).collect(),
        None => serde_yaml::from_value(path.clone()).unwrap(),
    };
    columns
        .iter()
        .map(|(header, path)| (header.as_str().unwrap().to_owned(), steps(path)))
        .collect()
}

/// A value as a clerk types it into a cell.
fn typed(node: &Node) -> String {
    match &node.data {
        Data::Blank => "【空白】".to_owned(),
        Data::Bool(value) => if *value { "是" } else { "否" }.to_owned(),
        Data::List(items) if items.iter().all(|item| item.as_str().is_some()) => {
            let items: Vec<&str> = items.iter().filter_map(Node::as_str).collect();
            // One paragraph needs a line end to be a list of one.
            items.join("\n")
        }
        Data::List(_) | Data::Map(_) => yaml(node),
        _ => node.as_str().unwrap().to_owned(),
    }
}

fn yaml(node: &Node) -> String {
    match &node.data {
        Data::Blank => "null".to_owned(),
        Data::Bool(value) => value.to_string(),
        Data::Number(text) => text.clone(),
        Data::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        Data::List(items) => format!(
            "[{}]",
            items.iter().map(yaml).collect::<Vec<_>>().join(", ")
        ),
        Data::Map(map) => {
            let entries = map
                .0
                .iter()
                .map(|entry| format!("{:?}: {}", entry.key, yaml(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Types all values of a project into a template, and holds what that renders
/// to against the project itself.
fn comes_back(id: &str, project: &Path, base: Option<&Path>) {
    let trial = Trial::new();
    let mut arguments = vec!["batch", "template", id, "-o", "填报"];
    if let Some(base) = base {
        arguments.extend(["--base", base.to_str().unwrap()]);
    }
    trial.run_well(&arguments);
    let values = project::load(project).unwrap().root;
    let cells = columns(&trial, "填报")
        .into_iter()
        .filter_map(|(header, path)| {
            let node = values.descend(path.iter().map(String::as_str))?;
            Some((header, typed(node)))
        });
    let table = filled(&trial.read("填报/填报表.xlsx"), &[cells.collect()]);
    fs::write(trial.path("填报/填报表.xlsx"), table).unwrap();
    trial.run_well(&["render", "填报", "--out", "表"]);
    trial.run_well(&["render", project.to_str().unwrap(), "--out", "原"]);
    let names = trial.names("原");
    assert_eq!((names.len(), &trial.names("表")), (2, &names), "{id}");
    for name in names {
        let same = trial.read(&format!("表/{name}")) == trial.read(&format!("原/{name}"));
        assert!(same, "{id}: {name}");
    }
}

#[test]
fn the_example_of_every_form_comes_back_from_its_template() {
    let templates = root().join("templates");
    let forms = Templates::open(&templates).unwrap().ids;
    assert!(forms.len() >= 6);
    for id in forms {
        comes_back(&id, &templates.join(&id).join("example.yaml"), None);
    }
}

#[test]
fn published_documents_come_back_over_themselves() {
    for (id, file) in [
        ("nanchang/special-fund-target", "nanchang-2024.yaml"),
        ("jiangmen/self-evaluation", "jiangmen-2023.yaml"),
    ] {
        let project = root().join("data").join(file);
        comes_back(id, &project, Some(&project));
    }
}

#[test]
fn what_is_typed_comes_back_as_it_is() {
    let base = root().join("data/hunan-cbec-2024/base.yaml");
    let trial = Trial::new().file("共有/base.yaml", fs::read(base).unwrap());
    let form = "hunan/cbec-fund-target";
    trial.run_well(&[
        "batch",
        "template",
        form,
        "--base",
        "共有/base.yaml",
        "-o",
        "填报",
    ]);
    let texts = [
        "007",
        ">90%",
        "@3",
        "- 甲",
        "# 号",
        "a: b",
        "1,280",
        "1e3",
        "true",
        "null",
        "~",
        "=1+1",
        "【重点】3个",
        "\u{3000}\u{3000}缩进",
        "\"引号\"与'单引号'",
        "<b>&amp;</b>",
        "{{ x }}",
        "[甲, 乙]",
        "1\n2",
        "50（含县市区）",
        "12345678901234567890",
        "235.50",
        "0",
        "-0",
        "_x000A_",
        "甲、乙",
    ];
    let name = "跨境电商平台湖南卖家（店铺）数";
    let mut rows = Vec::new();
    let mut trial = trial;
    let mut files = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let department = format!("{index}局");
        rows.push(row(&[
            ("主管部门名称", &format!("{department}、乙局")),
            ("专项名称", "2024"),
            ("省级资金", text),
            ("市、区拟配套资金", "【空白】"),
            ("年度总体目标", &format!("第一行{text}\n第二行")),
            (name, text),
            ("资金拨付及时性", "【空白】"),
            ("服务跨境电商企业满意度", "【去掉】"),
        ]));
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let own = format!(
            "extends: ../共有/base.yaml\ndepartments: [{department}, 乙局]\nproject: {{name: '2024'}}\n\
             funds: {{province: {text}, city: }}\ngoals: {{annual: {goal}}}\nindicators:\n  产出指标:\n    \
             数量指标: {{{name}: {text}}}\n    时效指标: {{资金拨付及时性: }}\n  满意度指标:\n    \
             服务对象满意度指标: {{服务跨境电商企业满意度: {{remove: true}}}}\n",
            text = quoted(text),
            goal = quoted(&format!("第一行{text}\n第二行")),
        );
        let file = format!("文件/{index}.yaml");
        trial = trial.file(&file, own);
        files.push(file);
    }
    let template = trial.read("填报/填报表.xlsx");
    fs::write(trial.path("填报/填报表.xlsx"), filled(&template, &rows)).unwrap();
    trial.run_well(&["render", "填报", "--out", "表"]);
    trial.run_well(&["render", "文件", "--out", "原"]);
    let names = trial.names("原");
    assert_eq!(names.len(), 2 * texts.len());
    assert_eq!(trial.names("表"), names);
    for name in names {
        let same = trial.read(&format!("表/{name}")) == trial.read(&format!("原/{name}"));
        assert!(same, "{name}");
    }
}

#[test]
fn a_template_checks_what_the_schema_limits() {
    let trial = Trial::new();
    trial.run_well(&["batch", "template", "jiujiang/department-target"]);
    let folder = "jiujiang-department-target";
    assert_eq!(trial.names(folder), ["batch.yaml", "填报表.xlsx"]);
    let workbook = trial.read(&format!("{folder}/填报表.xlsx"));
    let columns: Vec<String> = columns(&trial, folder)
        .into_iter()
        .map(|(header, _)| header)
        .collect();
    assert_eq!(headers(&workbook), columns);
    let sheet = part(&workbook, "xl/worksheets/sheet1.xml");
    assert!(
        sheet.contains("<formula1>\"是,否,【空白】\"</formula1>"),
        "{sheet}"
    );
    assert!(
        sheet.contains("INT(VALUE(A2))=VALUE(A2),VALUE(A2)&gt;=2000"),
        "{sheet}"
    );
    let notes = part(&workbook, "xl/comments1.xml");
    for words in [
        "必填。",
        "要印成空白，写 【空白】。",
        "按项目文件（YAML）的写法",
    ] {
        assert!(notes.contains(words), "{words}");
    }
    // The same bytes on any day.
    let again = Trial::new();
    again.run_well(&["batch", "template", "jiujiang/department-target", "-o", "."]);
    assert!(again.read("填报表.xlsx") == workbook);
}

#[test]
fn a_template_never_takes_the_place_of_a_file() {
    let trial = Trial::new().file("填报/batch.yaml", "members: [甲.yaml]\n");
    let outcome = trial.run(&["batch", "template", "hunan/cbec-fund-target", "-o", "填报"]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("填报/batch.yaml 已经有了"),
        "{}",
        outcome.stderr
    );
    assert_eq!(trial.names("填报"), ["batch.yaml"]);
    assert_eq!(
        trial.read("填报/batch.yaml"),
        b"members: [\xe7\x94\xb2.yaml]\n"
    );
}

#[test]
fn headers_alone_are_enough() {
    let trial = Trial::new();
    let form = "hunan/cbec-fund-target";
    trial.run_well(&["batch", "template", form, "-o", "填报"]);
    let cells = row(&[
        ("年度", "2024"),
        ("专项名称", "支持资金"),
        ("主管部门名称", "甲局"),
        ("省级资金", "1"),
        ("年度总体目标", "目标"),
        ("资金使用合规性", "100%"),
    ]);
    let table = filled(&trial.read("填报/填报表.xlsx"), &[cells]);
    fs::write(trial.path("填报/填报表.xlsx"), table).unwrap();
    fs::write(
        trial.path("填报/batch.yaml"),
        format!("form: {form}\nbase: 指标.yaml\ntable: 填报表.xlsx\n"),
    )
    .unwrap();
    // The example as a base names the same indicators.
    let example = root().join("templates/hunan/cbec-fund-target/example.yaml");
    let example = fs::read_to_string(example).unwrap();
    fs::write(trial.path("填报/指标.yaml"), example).unwrap();
    let outcome = trial.run_well(&["check", "填报/batch.yaml"]);
    assert!(
        outcome.stderr.starts_with("通过 1 份"),
        "{}",
        outcome.stderr
    );
}
