//! `form check`: every pack is as it should be, and planted damages are named
//! at their place.

use std::fs;

use serde_json::Value;

use crate::support::packs::{PACK, damage, damage_in, replaced, without};
use crate::support::program::{Trial, fonts, root};

const ID: &str = "hunan/cbec-fund-target";
const DOCX: &str = "templates/hunan/cbec-fund-target/form.docx";

/// The findings of a damaged pack: code and place, `file:line` or `file spot`.
fn findings(trial: &Trial, id: &str) -> Vec<(String, String, String)> {
    let outcome = trial.run(&[
        "form",
        "check",
        id,
        "--format",
        "json",
        "--templates",
        "templates",
        "--font-path",
        &fonts(),
    ]);
    assert_eq!(outcome.code, 1, "{}{}", outcome.stdout, outcome.stderr);
    let result: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let result = &result["results"][0];
    assert_eq!(result["good"], false);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let found = result["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| {
            let place = &found["place"];
            let spot = match place["line"].as_u64() {
                Some(line) => format!("{}:{line}", text(&place["file"])),
                None => format!("{} {}", text(&place["file"]), text(&place["spot"])),
            };
            (text(&found["code"]), spot, text(&found["message"]))
        });
    found.collect()
}

/// What the check finds after a change to one of the pack's files.
fn after(file: &str, change: impl Fn(String) -> String) -> Vec<(String, String, String)> {
    let trial = Trial::with_own_templates();
    damage(&trial, file, change);
    findings(&trial, ID)
}

/// One finding has this code, this place and these words.
fn says(found: &[(String, String, String)], code: &str, place: &str, words: &str) {
    let fits = |(c, p, w): &&(String, String, String)| c == code && p == place && w.contains(words);
    assert!(
        found.iter().any(|f| fits(&f)),
        "no {code} at {place}: {words}\nin {found:#?}"
    );
}

fn cell(spot: &str) -> String {
    format!("{DOCX} word/document.xml {spot}")
}

#[test]
fn every_pack_is_as_it_should_be() {
    let data = root().join("data");
    let trial = Trial::new();
    let outcome = trial.run_well(&["form", "check", "--with", data.to_str().unwrap()]);
    assert_eq!(outcome.stderr, "");
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let listed = trial.run_well(&["forms", "--format", "json"]).stdout;
    let forms: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert!(!forms.is_empty());
    assert_eq!(lines.len(), forms.len());
    for (line, form) in lines.iter().zip(forms) {
        assert!(line.starts_with(form["id"].as_str().unwrap()), "{line}");
        assert!(
            line.ends_with("，没有发现问题") && !line.contains("，0 张表"),
            "{line}"
        );
    }
    let hunan = format!("{ID}：示例和 13 个项目，28 张表，没有发现问题");
    assert!(lines.contains(&hunan.as_str()), "{lines:?}");
    assert!(trial.names("out").is_empty());
}

#[test]
fn swapped_cells_are_named() {
    let found = after("form.docx", |text| {
        text.replacen("{{ row.name }}", "{{ row.x }}", 1)
            .replacen("{{ row.target }}", "{{ row.name }}", 1)
            .replacen("{{ row.x }}", "{{ row.target }}", 1)
    });
    let words = "第 7 行第 3 格：PDF 里是“跨境电商相关培训人次数”，Word 里是“500”";
    says(&found, "parity/text", &cell("表1 行8 列4"), words);
    says(&found, "parity/text", &cell("表1 行8 列5"), "PDF 里是“500”");
    // The rows of a loop are one row of the template.
    assert_eq!(found.len(), 2, "{found:#?}");
}

#[test]
fn a_lost_span_is_named() {
    let found = after("form.docx", |text| {
        text.replacen("<w:vMerge w:val=\"restart\" />", "", 1)
            .replacen("<w:vMerge w:val=\"continue\" />", "", 1)
    });
    let words = "“年度金额（万元）”在 PDF 里占 1 列 2 行，在 Word 里占 1 列 1 行";
    says(&found, "parity/span", &cell("表1 行3 列1"), words);
    let words = "第 4 行：PDF 里有 2 格，Word 里有 3 格；Word 多出";
    says(&found, "parity/cells", &cell("表1 行4"), words);
    // By key, in the loop.
    let found = after("form.docx", replaced("{% vm row.level1 %}", ""));
    let words = "“产出指标”在 PDF 里占 1 列 4 行，在 Word 里占 1 列 1 行";
    says(&found, "parity/span", &cell("表1 行8 列2"), words);
}

#[test]
fn a_missing_column_is_named_with_what_it_would_print() {
    let found = after("form.docx", |text| {
        let text = without("w:tc", "指标值")(text);
        without("w:tc", "{{ row.target }}")(text)
    });
    let words = "第 6 行：PDF 里有 5 格，Word 里有 4 格；PDF 多出“指标值”";
    says(&found, "parity/cells", &cell("表1 行6"), words);
    says(&found, "parity/cells", &cell("表1 行8"), "PDF 多出“500”");
    let place = format!("{PACK}/example.yaml:11");
    let words =
        "`indicators.产出指标.数量指标.跨境电商相关培训人次数`（三级指标）在 Word 里没有印出来";
    says(&found, "parity/unprinted", &place, words);
}

#[test]
fn a_tag_that_is_printed_is_named() {
    let raw = "{% raw %}{{ project.name }}{% endraw %}";
    let found = after("form.typ", replaced("{{ project.name }}", raw));
    let place = format!("{PACK}/form.typ:12");
    says(
        &found,
        "parity/tag",
        &place,
        "PDF 里印出了模板标记：{{ project.name }}",
    );
    says(
        &found,
        "parity/text",
        &cell("表1 行1 列2"),
        "Word 里是“2024年度跨境电商支持资金”",
    );
    let place = format!("{PACK}/example.yaml:4");
    says(
        &found,
        "parity/unprinted",
        &place,
        "`project.name`（专项名称）在 PDF 里没有印出来",
    );

    let full_width = || replaced("{{ project.name }}", "｛｛ project.name ｝｝");
    let found = after("form.docx", full_width());
    says(
        &found,
        "template/full-width",
        &cell("表1 行1 列2"),
        "标记的括号是全角的：｛｛ project.name ｝｝",
    );
    let found = after("form.typ", full_width());
    let place = format!("{PACK}/form.typ:12");
    says(&found, "parity/tag", &place, "｛｛ project.name ｝｝");
    let place = format!("{PACK}/example.yaml:4");
    says(
        &found,
        "parity/unprinted",
        &place,
        "`project.name`（专项名称）在 PDF 里没有印出来",
    );
    assert_eq!(found.len(), 3, "{found:#?}");
    // Outside of tables, too.
    let found = after(
        "form.docx",
        replaced("{{ document.title }}", "{％ document.title %}"),
    );
    says(
        &found,
        "template/full-width",
        &cell("第3段"),
        "{％ document.title %}",
    );
}

const HEADS: &str = "  head[一级指标], head[二级指标], head[三级指标], head[指标值],\n";

#[test]
fn a_row_of_headings_that_one_file_lacks_is_named() {
    let found = after("form.typ", |text| {
        text.replacen(HEADS, "", 1)
            .replacen("rows | length + 1", "rows | length", 1)
    });
    says(
        &found,
        "parity/rows",
        &cell("表1"),
        "PDF 里有 11 行，Word 里有 12 行",
    );
    says(
        &found,
        "parity/text",
        &cell("表1 行6 列2"),
        "Word 里是“一级指标”",
    );
    // The row also begins the merge of 绩效指标.
    let found = after("form.docx", without("w:tr", "二级指标"));
    let words = "生成的 Word 读不回来";
    says(
        &found,
        "parity/unreadable",
        &format!("{DOCX} word/document.xml"),
        words,
    );
    let found = after("form.docx", |text| {
        without("w:tr", "二级指标")(text).replace("<w:vMerge w:val=\"continue\" />", "")
    });
    says(
        &found,
        "parity/rows",
        &cell("表1"),
        "PDF 里有 12 行，Word 里有 11 行",
    );
    says(
        &found,
        "parity/text",
        &cell("表1 行7 列2"),
        "PDF 里是“一级指标”，Word 里是“产出指标”",
    );
}

#[test]
fn columns_are_named_if_both_files_lack_their_headings() {
    let trial = Trial::with_own_templates();
    damage(&trial, "form.typ", |text| {
        text.replacen(HEADS, "", 1)
            .replacen("rows | length + 1", "rows | length", 1)
    });
    damage(&trial, "form.docx", |text| {
        // 绩效指标 stood in that row; it begins with the indicators now.
        let text = without("w:tr", "二级指标")(text);
        let cell = text.rfind("<w:vMerge w:val=\"continue\" />").unwrap();
        let end = cell + text[cell..].find("</w:p>").unwrap();
        let label = "<w:r><w:t>{% vm 1 %}绩效指标</w:t></w:r>";
        format!("{}{label}{}", &text[..end], &text[end..])
    });
    let found = findings(&trial, ID);
    // The first of the four columns has 绩效指标 to its left.
    for (column, at) in [(3, 3), (4, 4), (5, 5)] {
        let words = format!("第 {column} 列没有标题：从第 6 行起");
        says(
            &found,
            "parity/heading",
            &cell(&format!("表1 行7 列{at}")),
            &words,
        );
    }
    assert_eq!(found.len(), 3, "{found:#?}");
}

#[test]
fn a_header_row_that_only_one_file_repeats_is_named() {
    let blueprint = "\
name: '{year}年项目表'
page: {orientation: landscape, widths: [10, 20], repeat_header_rows: [h]}
rows:
  h: [[H, 任务, 1, 1], [H, 金额, 1, 1]]
  task(rep): [[D, task.name, 1, 1], [D, task.amount, 1, 1]]
";
    let trial = Trial::with_own_templates().file("grid.yaml", blueprint);
    let new = [
        "form",
        "new",
        "templates/某地/某表",
        "--blueprint",
        "grid.yaml",
    ];
    trial.run_well(&[&new[..], &["--templates", "templates"]].concat());
    let check = [
        "form",
        "check",
        "某地/某表",
        "--templates",
        "templates",
        "--font-path",
    ];
    trial.run_well(&[&check[..], &[&fonts()]].concat());
    damage_in(&trial, "templates/某地/某表", "form.docx", |text| {
        assert!(text.contains("<w:tblHeader"), "{text}");
        let at = text.find("<w:tblHeader").unwrap();
        let end = at + text[at..].find("/>").unwrap() + 2;
        format!("{}{}", &text[..at], &text[end..])
    });
    let found = findings(&trial, "某地/某表");
    let place = "templates/某地/某表/form.docx word/document.xml 表1 行1";
    says(
        &found,
        "parity/header-row",
        place,
        "第 1 行在 PDF 里是每页重印的标题行，在 Word 里不是",
    );
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[test]
fn a_misspelt_name_is_named_once() {
    let found = after(
        "form.typ",
        replaced("{{ project.name }}", "{{ project.nme }}"),
    );
    let place = format!("{PACK}/form.typ:12");
    says(
        &found,
        "template/undefined",
        &place,
        "`project.nme` 没有定义",
    );
    assert_eq!(found.len(), 1, "{found:#?}");
    let found = after(
        "form.docx",
        replaced("{{ goals.annual }}", "{{ goal.annual }}"),
    );
    says(
        &found,
        "template/undefined",
        &cell("表1 行5 列2"),
        "`goal.annual` 没有定义",
    );
    assert_eq!(found.len(), 1, "{found:#?}");
    // Where no project comes to it, and in both templates.
    let trial = Trial::with_own_templates();
    let never = "{% if year == 1 %}{{ funds.provinc }}{% endif %}{{ project.name }}";
    for file in ["form.typ", "form.docx"] {
        damage(&trial, file, replaced("{{ project.name }}", never));
    }
    let found = findings(&trial, ID);
    let place = format!("{PACK}/form.typ:12");
    says(
        &found,
        "template/undefined",
        &place,
        "`funds.provinc` 没有定义",
    );
    says(
        &found,
        "template/undefined",
        &cell("表1 行1 列2"),
        "`funds.provinc` 没有定义",
    );
    assert_eq!(found.len(), 2, "{found:#?}");
}

#[test]
fn a_value_that_prints_nowhere_is_named_unless_the_schema_says_so() {
    let trial = Trial::with_own_templates();
    let city = "\"city\": { \"title\": \"市、区拟配套资金\", \"$ref\": \"#/$defs/amount\" }";
    let more = format!(
        "{city}, \"county\": {{ \"title\": \"县级\", \"type\": \"number\" }}, \
         \"urgent\": {{ \"title\": \"加急\", \"type\": \"boolean\" }}"
    );
    damage(&trial, "schema.json", replaced(city, &more));
    damage(
        &trial,
        "example.yaml",
        replaced("city: 50", "city: 50, county: 7, urgent: true"),
    );
    damage(
        &trial,
        "form.typ",
        replaced(
            "[{{ funds.city | money }}]",
            "[{{ funds.city | money }}{% if funds.urgent %}{% endif %}]",
        ),
    );
    let found = findings(&trial, ID);
    let place = format!("{PACK}/example.yaml:6");
    says(
        &found,
        "parity/unprinted",
        &place,
        "`funds.county`（县级）没有印出来",
    );
    says(
        &found,
        "parity/unprinted",
        &place,
        "`funds.urgent`（加急）没有印出来",
    );
    assert_eq!(found.len(), 2, "{found:#?}");
    for title in ["县级", "加急"] {
        let title = format!("\"title\": \"{title}\"");
        let said = format!("{title}, \"x-printed\": false");
        damage(&trial, "schema.json", replaced(&title, &said));
    }
    trial.run_well(&[
        "form",
        "check",
        "--templates",
        "templates",
        "--font-path",
        &fonts(),
    ]);
}

#[test]
fn values_in_another_form_count_as_printed() {
    // Reckoned, ticked, looked up, and part of the title only.
    let trial = Trial::with_own_templates();
    let change = "{{ funds.province | int + 1 }}{% if project.name == '2024年度跨境电商支持资金' %}☑{% endif %}\
                  {{ {'100%': '甲', '≥90%': '乙', '500': '丙', '10家以上': '丁', '3场': '戊'}[(indicators | rows)[2].target] }}";
    for file in ["form.typ", "form.docx"] {
        damage(&trial, file, |text| {
            text.replacen("{{ funds.province | money }}", change, 1)
                .replacen("{{ project.name }}", "", 1)
        });
    }
    trial.run_well(&[
        "form",
        "check",
        "--templates",
        "templates",
        "--font-path",
        &fonts(),
    ]);
}

#[test]
fn what_only_looks_like_a_fault_is_none() {
    let trial = Trial::with_own_templates();
    // A PDF has no character for a line break; values may have braces.
    let example = "goals:\n  annual: |\n    一、培育 new growth。\n    二、{{ 占位 }} {% 甲 %}。\n";
    damage(&trial, "example.yaml", |text| {
        let line = text
            .lines()
            .find(|line| line.starts_with("goals:"))
            .unwrap();
        text.replacen(&format!("{line}\n"), example, 1)
    });
    // Set in a branch, used behind it.
    let sets =
        "{% if year == 1 %}{% set mark = 1 %}{% else %}{% set mark = 2 %}{% endif %}{{ mark }}";
    for file in ["form.typ", "form.docx"] {
        damage(&trial, file, |text| {
            text.replacen(
                "{{ project.name }}",
                &format!("{{{{ project.name }}}}{sets}"),
                1,
            )
        });
    }
    trial.run_well(&[
        "form",
        "check",
        "--templates",
        "templates",
        "--font-path",
        &fonts(),
    ]);
}

#[test]
fn projects_of_other_forms_are_left_out_and_useless_ones_refused() {
    let trial = Trial::with_own_templates();
    let copy = trial.path("templates/hunan/again");
    fs::create_dir(&copy).unwrap();
    for name in trial.names(PACK) {
        let mut bytes = trial.read(&format!("{PACK}/{name}"));
        if name == "example.yaml" {
            let text = String::from_utf8(bytes).unwrap();
            bytes = text.replace(ID, "hunan/again").into_bytes();
        }
        fs::write(copy.join(name), bytes).unwrap();
    }
    let data = root().join("data/hunan-cbec-2024");
    let with = ["--with", data.to_str().unwrap()];
    let own = ["--templates", "templates", "--font-path", &fonts()];
    let both = trial.run_well(&[&["form", "check"][..], &with, &own].concat());
    assert!(
        both.stdout.contains("hunan/again：示例，2 张表"),
        "{}",
        both.stdout
    );
    assert!(both.stdout.contains("示例和 13 个项目"), "{}", both.stdout);
    let one = trial.run(&[&["form", "check", "hunan/again"][..], &with, &own].concat());
    assert_eq!(one.code, 2);
    assert!(
        one.stderr.contains("没有一份用的是 hunan/again"),
        "{}",
        one.stderr
    );
    let unknown = trial.run(&["form", "check", "hunan/agan", "--templates", "templates"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.stderr.contains("是否想写 hunan/again"),
        "{}",
        unknown.stderr
    );
    // An example that was copied and not changed would check the wrong form.
    fs::copy(
        trial.path(&format!("{PACK}/example.yaml")),
        copy.join("example.yaml"),
    )
    .unwrap();
    let found = findings(&trial, "hunan/again");
    says(
        &found,
        "form/example",
        "templates/hunan/again/example.yaml:1",
        "用的是表式",
    );
}

#[test]
fn text_that_leaves_its_cell_is_named() {
    let trial = Trial::with_own_templates();
    // 20 letters are too wide for 指标值; as every cell is said to be 90 mm
    // wide, they are not broken.
    let wide = replaced("{{ row.target }}", "WWWWWWWWWWWWWWWWWWWW");
    damage(&trial, "form.docx", &wide);
    damage(&trial, "form.typ", wide);
    damage(
        &trial,
        "form.typ",
        replaced("  columns:", "  narrow: 90mm, columns:"),
    );
    let found = findings(&trial, ID);
    let place = "templates/hunan/cbec-fund-target/form.typ:1";
    says(
        &found,
        "parity/overflow",
        place,
        "PDF 表1 行7 列5 的文字超出了格子",
    );
}

/// The same on a form of several pages: rows keep the template's places. What
/// stands in `data` beside the packs is looked at, too.
#[test]
fn damages_of_a_form_that_goes_on_over_pages_are_named() {
    let pack = "templates/nanchang/special-fund-target";
    let id = "nanchang/special-fund-target";
    let place = |spot: &str| format!("{pack}/form.docx word/document.xml {spot}");
    let data = fs::read(root().join("data/nanchang-2024.yaml")).unwrap();
    let trial = || Trial::with_own_templates().file("data/nanchang.yaml", &data);
    // An indicator of the project in `data`, on its fifth page.
    let last = replaced(
        "{{ row.target }}",
        "{{ \"不显著\" if row.name == \"满足城市居民社区消费和便民生活需求\" else row.target }}",
    );
    let damaged = trial();
    damage_in(&damaged, pack, "form.docx", last);
    let found = findings(&damaged, id);
    says(
        &found,
        "parity/text",
        &place("表1 行11 列4"),
        "第 114 行第 2 格：PDF 里是“显著”，Word 里是“不显著”",
    );
    // A row that Word has not: pages cannot break at the same rows.
    let damaged = trial();
    damage_in(&damaged, pack, "form.docx", without("w:tr", "项目实施期限"));
    let found = findings(&damaged, id);
    says(&found, "parity/rows", &place("表1"), "PDF 里有");

    // The mark alone of a header row: Word would not repeat it.
    let damaged = trial();
    damage_in(&damaged, pack, "form.docx", replaced("<w:tblHeader/>", ""));
    let found = findings(&damaged, id);
    says(
        &found,
        "parity/header-row",
        &place("表1 行9"),
        "在 PDF 里是每页重印的标题行，在 Word 里不是",
    );

    // The words around the table.
    let damaged = trial();
    damage_in(&damaged, pack, "form.docx", replaced("年度）", "年）"));
    let found = findings(&damaged, id);
    let document = format!("{pack}/form.docx word/document.xml");
    says(
        &found,
        "parity/around",
        &document,
        "PDF 里是“（2024年度）”，Word 里是“（2024年）”",
    );
}
