//! Data is never code: whatever a value holds prints as text, the same in both
//! files, and the document around it stays whole.

use serde_json::json;

use tianbao::parity::grid::difference;
use tianbao::parity::{pdf, word};

use crate::support::program::Trial;

/// Each value, and how it prints if not as written.
pub(crate) fn values() -> Vec<(String, Option<String>)> {
    let same = |text: &str| (text.to_owned(), None);
    let other = |text: &str, printed: &str| (text.to_owned(), Some(printed.to_owned()));
    vec![
        same("#panic()"),
        same("]"),
        same("[#]"),
        same("\"+ panic() +\""),
        same("\\u{41}\\"),
        same("{{ 7*7 }}"),
        same("{% raw %}{# c #}"),
        same("<w:p/>"),
        same("</w:t></w:r></w:p>"),
        same("&amp;&#65;]]>"),
        same("$x$ *b* _i_ `c` @r <l> // /* */ -- ... ~ = - +"),
        same("#_v.at(0);"),
        same("'\""),
        same("(2024)"),
        same("e\u{301}"),
        // Control characters and direction marks have no print.
        other("甲\u{7}\u{1b}[31m乙\u{0}", "甲[31m乙"),
        other("\u{202e}052\u{202c}", "052"),
        other("\u{200f}甲\u{200e}", "甲"),
        // Line breaks and tabs keep words apart.
        other("甲\r\n乙\u{2028}丙", "甲乙丙"),
        same(&"长".repeat(10_000)),
        same(&"x".repeat(3_000)),
    ]
}

/// A project that holds the value in every place a value can be.
pub(crate) fn project(value: &str) -> String {
    let mut project = json!({
        "form": "hunan/cbec-fund-target",
        "year": 2024,
        "project": {"name": value},
        "departments": ["某市商务局", value],
        "funds": {"label": value, "province": value, "city": value},
        "goals": {"annual": value},
        "indicators": {},
    });
    let name = as_key(value);
    project["indicators"][&name] = json!({});
    project["indicators"][&name][&name] = json!({});
    project["indicators"][&name][&name][&name] = json!(value);
    // JSON is YAML, with every character that YAML escapes otherwise.
    let text = project.to_string();
    text.chars()
        .map(|c| match c {
            c if c.is_ascii() || ('\u{a0}'..'\u{2000}').contains(&c) => c.to_string(),
            c if u32::from(c) > 0x2fff && u32::from(c) < 0xfff0 => c.to_string(),
            c => format!("\\u{:04x}", u32::from(c)),
        })
        .collect()
}

/// YAML takes keys of up to 1,024 characters.
fn as_key(value: &str) -> String {
    value.chars().take(300).collect()
}

#[test]
fn hostile_values_print_as_text_in_both_files() {
    let values = values();
    let mut trial = Trial::new();
    for (index, (value, _)) in values.iter().enumerate() {
        let text = project(value).replace("某市", &format!("{index}市"));
        trial = trial.file(&format!("{index}.yaml"), text);
    }
    trial.run_well(&["render", "."]);
    for (index, (value, printed)) in values.iter().enumerate() {
        let printed = printed.as_ref().unwrap_or(value);
        let shown: String = value.chars().take(30).collect();
        let file = |ending: &str| trial.read(&format!("out/附件2-{index}市商务局.{ending}"));
        let (in_pdf, mut in_word) = (
            pdf::grids(&file("pdf")).unwrap(),
            word::grids(&file("docx")).unwrap(),
        );
        // A PDF has no character for a line break.
        for cell in in_word
            .iter_mut()
            .flat_map(|grid| grid.rows.iter_mut().flatten())
        {
            cell.text = cell.text.replace('\n', "");
        }
        let cells = |row: usize, cell: usize| in_word[0].rows[row][cell].text.as_str();
        let places = [
            cells(0, 1),
            cells(2, 0),
            cells(2, 2),
            cells(3, 1),
            cells(4, 1),
            cells(6, 3),
        ];
        assert_eq!(places, [printed.as_str(); 6], "{shown}");
        let names = [cells(6, 0), cells(6, 1), cells(6, 2)];
        assert_eq!(names, [as_key(printed).as_str(); 3], "{shown}");
        assert_eq!(
            cells(1, 1),
            format!("{index}市商务局、{printed}"),
            "{shown}"
        );
        assert_eq!(difference(&in_pdf[0], &in_word[0]), None, "{shown}");
    }
}

#[test]
fn a_value_cannot_name_a_file_elsewhere() {
    let text = project("x").replace("某市商务局", "../../某市:商务局*");
    let trial = Trial::new().file("a.yaml", text);
    trial.run_well(&["render", "a.yaml"]);
    assert_eq!(
        trial.names("out"),
        [
            "附件2-.._.._某市_商务局_.docx",
            "附件2-.._.._某市_商务局_.pdf"
        ]
    );
    assert_eq!(trial.names("."), ["a.yaml", "out"]);
}
