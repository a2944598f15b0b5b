//! A form author's mistakes: each is named at the template's own line or cell,
//! with the likely name.

use std::fs;

use crate::support::packs::{PACK, damage, replaced};
use crate::support::program::{Outcome, Trial, fonts};

/// Renders the pack's example after a change to one of its files.
fn after(file: &str, change: impl Fn(String) -> String) -> Outcome {
    let trial = Trial::with_own_templates();
    damage(&trial, file, change);
    trial.run(&[
        "render",
        &format!("{PACK}/example.yaml"),
        "--templates",
        "templates",
        "--font-path",
        &fonts(),
    ])
}

/// The message holds these words, and nothing was made.
fn says(outcome: &Outcome, words: &[&str]) {
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "no `{word}` in\n{}",
            outcome.stderr
        );
    }
}

#[test]
fn an_unknown_name_in_typst_is_at_its_line() {
    let outcome = after(
        "form.typ",
        replaced("{{ project.name }}", "{{ project.nme }}"),
    );
    says(
        &outcome,
        &[
            "form.typ:12:",
            "`project.nme` 没有定义",
            "是否想写 `project.name`",
        ],
    );
}

#[test]
fn an_unknown_filter_is_named_with_a_likely_one() {
    let outcome = after("form.typ", replaced("| money", "| mony"));
    says(&outcome, &["没有过滤器 `mony`", "是否想写 `money`"]);
}

#[test]
fn an_unclosed_tag_in_typst_is_at_its_line() {
    let outcome = after(
        "form.typ",
        replaced("{{ project.name }}", "{{ project.name ]"),
    );
    says(
        &outcome,
        &["form.typ:12", "标记没有结束：{{ project.name ]"],
    );
}

#[test]
fn an_open_block_in_typst_is_at_its_beginning() {
    let outcome = after("form.typ", replaced("{% endfor %}", ""));
    says(
        &outcome,
        &["form.typ:20:1", "`for` 没有结束", "补上 `endfor`"],
    );
    let outcome = after("form.typ", replaced("{% endfor %}", "{% enfor %}"));
    says(&outcome, &["没有 `enfor` 这种标记", "是否想写 `endfor`"]);
}

#[test]
fn a_misspelt_name_before_a_filter_is_the_one_named() {
    let outcome = after(
        "form.typ",
        replaced("{{ departments | join", "{{ departmens | join"),
    );
    says(
        &outcome,
        &["`departmens` 没有定义", "是否想写 `departments`"],
    );
}

#[test]
fn an_error_inside_the_library_is_shown_where_the_template_calls_it() {
    let outcome = after(
        "form.typ",
        replaced("#attachment[附件2]", "#attachment[附件2][附件3]"),
    );
    says(&outcome, &["form.typ:", "#attachment[附件2][附件3]"]);
}

#[test]
fn words_beside_a_row_tag_in_word_are_not_lost_in_silence() {
    let outcome = after(
        "form.docx",
        replaced("{%tr endfor %}", "{%tr endfor %}共计"),
    );
    says(&outcome, &["“共计”不会打印", "表1 行9"]);
}

#[test]
fn a_block_in_word_closes_where_it_opened() {
    let outcome = after("form.docx", replaced("{%tr for row", "{% for row"));
    says(&outcome, &["`endfor` 与它的 `for` 不在同一层", "表1 行9"]);
    let outcome = after("form.docx", |text| {
        text.replacen("{{ project.name }}", "{% if year %}{{ project.name }}", 1)
            .replacen("{{ goals.annual }}", "{{ goals.annual }}{% endif %}", 1)
    });
    says(&outcome, &["不在同一层", "表1 行5 列2"]);
}

#[test]
fn a_merge_by_an_unknown_key_in_word_is_an_error() {
    let outcome = after(
        "form.docx",
        replaced("{% vm row.level1 %}", "{% vm row.levl1 %}"),
    );
    says(&outcome, &["表1 行8 列2", "没有定义"]);
}

#[test]
fn a_typst_error_after_a_loop_is_at_the_templates_line() {
    // The merged text has more lines than the template; the call stands last.
    let outcome = after("form.typ", |text| format!("{text}\n#unknown-name\n"));
    let lines = fs::read_to_string(crate::support::program::root().join(PACK).join("form.typ"))
        .unwrap()
        .lines()
        .count();
    says(
        &outcome,
        &[
            &format!("form.typ:{}:2", lines + 2),
            "unknown variable",
            "#unknown-name",
        ],
    );
}

#[test]
fn an_unclosed_tag_in_word_is_at_its_cell() {
    let outcome = after(
        "form.docx",
        replaced("{{ project.name }}", "{{ project.name"),
    );
    says(
        &outcome,
        &[
            "form.docx word/document.xml 表1 行1 列2",
            "标记没有结束",
            "{{ project.name",
        ],
    );
}

#[test]
fn an_unknown_tag_in_word_is_named() {
    let outcome = after("form.docx", replaced("{%tr endfor %}", "{%tr enfor %}"));
    says(
        &outcome,
        &[
            "没有 `enfor` 这种标记",
            "是否想写 `endfor`",
            "表1 行9",
            "`for` 没有结束",
        ],
    );
}

#[test]
fn an_unknown_name_in_word_is_at_its_cell() {
    let outcome = after("form.docx", replaced("{{ row.target }}", "{{ row.targt }}"));
    says(
        &outcome,
        &[
            "表1 行8 列5",
            "`row.targt` 没有定义",
            "{{ row.targt }}",
            "是否想写 `target`",
        ],
    );
}

#[test]
fn several_mistakes_in_word_are_all_reported() {
    let outcome = after("form.docx", |text| {
        text.replacen("{{ project.name }}", "{{ project.name | }}", 1)
            .replacen("{{ goals.annual }}", "{{ goals.annual", 1)
            .replacen("{% vm row.level1 %}", "{% vn row.level1 %}", 1)
    });
    says(&outcome, &["行1 列2", "行5 列2", "行8 列2"]);
    assert_eq!(
        outcome.stderr.matches("错误[template/").count(),
        3,
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_tag_split_over_runs_is_joined() {
    // Word splits text into runs as people type and correct.
    let split = "{{ pro</w:t></w:r><w:r><w:t>ject.</w:t></w:r><w:r><w:t>name }}";
    let trial = Trial::with_own_templates();
    damage(&trial, "form.docx", replaced("{{ project.name }}", split));
    trial.run_well(&[
        "render",
        &format!("{PACK}/example.yaml"),
        "--templates",
        "templates",
        "--font-path",
        &fonts(),
    ]);
    let grids = tianbao::parity::word::grids(&trial.read("out/附件2-某某市商务局.docx")).unwrap();
    assert_eq!(grids[0].rows[0][1].text, "2024年度跨境电商支持资金");
}

#[test]
fn a_template_that_is_no_word_file_is_refused() {
    let trial = Trial::with_own_templates();
    fs::write(
        trial.path(&format!("{PACK}/form.docx")),
        "PK\u{3}\u{4} torn",
    )
    .unwrap();
    let outcome = trial.run(&[
        "render",
        &format!("{PACK}/example.yaml"),
        "--templates",
        "templates",
        "--font-path",
        &fonts(),
    ]);
    says(&outcome, &["文件不完整", "form.docx"]);
}

#[test]
fn a_cell_that_does_not_fit_its_table_is_said_at_the_table() {
    let wide = after("form.typ", replaced("colspan: 4", "colspan: 5"));
    says(&wide, &["form.typ:10:2", "占的列超出了最后一列"]);
}

#[test]
fn a_header_row_that_reaches_below_itself_is_refused() {
    let label = |text: String| {
        let head = "  label(rowspan: {{ rows | length + 1 }})[绩效指标],\n  head[一级指标], head[二级指标], head[三级指标], head[指标值],\n";
        let (before, after) = text.split_once(head).unwrap();
        format!(
            "{before}  header-rows({}),\n{after}",
            head.trim().trim_end_matches(',')
        )
        .replacen("head, label", "head, header-rows, label", 1)
    };
    let outcome = after("form.typ", label);
    says(&outcome, &["header-rows 里的格子要恰好占满整行"]);
}
