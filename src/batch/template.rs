//! A workbook to fill in, one row for each project, and the batch file that
//! maps its columns.
//!
//! Every cell has the format of text, so that `235.50` and `007` stay as they
//! are typed; what has to be a number is checked by a formula instead. What a
//! cell may say stands in a note on its header.

use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, DocProperties, ExcelDateTime, Format,
    FormatAlign, FormatBorder, Formula, IgnoreError, Note, Workbook, Worksheet, XlsxError,
};
use unicode_width::UnicodeWidthStr;

use super::table::fields::{Field, fields};
use super::table::{BLANK, MAX_ROWS, REMOVE, YES_NO};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Failure};
use crate::form::{Form, Takes};
use crate::project::{self, Data, Node, Project};
use crate::source::cell_name;

/// The workbook's file name.
pub(crate) const TABLE_FILE: &str = "填报表.xlsx";
/// The batch file's.
pub(crate) const BATCH_FILE: &str = "batch.yaml";
/// The only sheet.
const SHEET: &str = "填报";
/// Most characters of a drop-down's entries, commas included.
const MAX_LIST: usize = 255;
/// Most characters of a value in a note.
const MAX_VALUE: usize = 60;
/// Most lines of an example in a note.
const MAX_EXAMPLE: usize = 12;

/// The columns of a form, and what lies beneath them.
pub(crate) struct Template<'a> {
    form: &'a Form,
    fields: Vec<Field>,
    base: Option<&'a Project>,
    example: Project,
}

/// The columns that a form wants; a base gives its indicators and its values,
/// else the form's example gives the indicators.
///
/// # Errors
/// Rejected if the base is for another form, or the example is wrong.
pub(crate) fn of_form<'a>(
    form: &'a Form,
    base: Option<&'a Project>,
) -> Result<Template<'a>, Failure> {
    let root = base.map(|base| &base.root);
    if let Some(forms) = root.and_then(|root| root.as_map()?.entry("forms")) {
        let problem = Diagnostic::error("batch/base", "共有内容用几个表式，填报表只能按一个表式写");
        return Err(problem.at(forms.key_at.clone()).into());
    }
    if let Some(named) = root.and_then(|root| root.get("form"))
        && named.as_str() != Some(&form.id)
    {
        let problem =
            Diagnostic::error("batch/base", format!("共有内容用的不是表式 `{}`", form.id));
        return Err(problem.at(named.at.clone()).into());
    }
    let example = project::load(&form.folder.join("example.yaml"))?;
    let fields = fields(&form.schema, root.unwrap_or(&example.root));
    Ok(Template {
        form,
        fields,
        base,
        example,
    })
}

impl Template<'_> {
    /// The batch file; `base` is the base's path as this file writes it.
    pub(crate) fn batch_file(&self, base: Option<&str>) -> String {
        let mut text = format!(
            "# 在 {TABLE_FILE} 里每行填一个项目，再运行 tianbao render 加上这个文件夹的名字。\n"
        );
        text.push_str(&format!("form: {}\n", scalar(&self.form.id)));
        if let Some(base) = base {
            text.push_str(&format!("base: {} # 表格里不填的格沿用它\n", scalar(base)));
        }
        text.push_str(&format!("table: {TABLE_FILE}\nsheet: {SHEET}\n"));
        text.push_str("columns: # 列名: 这一列的内容写到项目的哪一项；不用的列，后面留空\n");
        for field in &self.fields {
            let is_plain = |step: &String| !step.contains('.') && step.trim() == step;
            let path = match field.path.iter().all(is_plain) {
                true => scalar(&field.path.join(".")),
                false => format!(
                    "[{}]",
                    field
                        .path
                        .iter()
                        .map(|step| quoted(step))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            };
            text.push_str(&format!("  {}: {path}\n", scalar(&field.header)));
        }
        text
    }

    /// The workbook.
    ///
    /// # Errors
    /// If the writer refuses, which is a mistake of ours.
    pub(crate) fn workbook(&self) -> Result<Vec<u8>, Error> {
        self.written()
            .map_err(|error| Error::Internal(format!("填报表：{error}")))
    }

    fn written(&self) -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        // The clock must not get into the file.
        let created = ExcelDateTime::from_ymd(self.form.manifest.year.max(1900), 1, 1)?;
        let title = self.form.schema.title([]).unwrap_or(&self.form.id);
        workbook.set_properties(
            &DocProperties::new()
                .set_title(title)
                .set_creation_datetime(&created),
        );
        let sheet = workbook.add_worksheet();
        sheet
            .set_name(SHEET)?
            .set_landscape()
            .set_repeat_rows(0, 0)?
            .set_freeze_panes(1, 0)?;
        let cells = Format::new()
            .set_num_format("@")
            .set_text_wrap()
            .set_align(FormatAlign::Top);
        let header = Format::new()
            .set_num_format("@")
            .set_bold()
            .set_text_wrap()
            .set_align(FormatAlign::Center)
            .set_align(FormatAlign::VerticalCenter)
            .set_border(FormatBorder::Thin);
        let mut most_lines = 1;
        for (index, field) in self.fields.iter().enumerate() {
            let column = index as u16;
            let width = width(field);
            most_lines = most_lines.max((field.header.width() + 2).div_ceil(width));
            let colour = if self.is_needed(field) {
                0xFFE699
            } else {
                0xDDEBF7
            };
            let header = header.clone().set_background_color(Color::RGB(colour));
            sheet
                .set_column_width(column, width as f64)?
                .set_column_format(column, &cells)?;
            sheet.write_string_with_format(0, column, &field.header, &header)?;
            let note = self.note(field);
            let lines: usize = note.lines().map(|line| line.width() / 40 + 1).sum();
            let note = Note::new(note)
                .set_author("填报")
                .add_author_prefix(false)
                .set_width(300);
            sheet.insert_note(0, column, &note.set_height((lines * 18 + 14) as u32))?;
            self.validate(sheet, column, field)?;
        }
        sheet.set_row_height(0, (most_lines * 16 + 6) as f64)?;
        let last = self.fields.len().saturating_sub(1) as u16;
        sheet.ignore_error_range(1, 0, MAX_ROWS as u32, last, IgnoreError::NumberStoredAsText)?;
        workbook.save_to_buffer()
    }

    /// What the base says of a field.
    fn base_value(&self, field: &Field) -> Option<&Node> {
        let mut node = &self.base?.root;
        for key in &field.path {
            node = node.as_map()?.get(key)?;
        }
        Some(node)
    }

    /// Whether a row has to fill it in.
    fn is_needed(&self, field: &Field) -> bool {
        let base = self.base_value(field);
        field.required && base.is_none_or(|node| matches!(node.data, Data::Blank))
    }

    fn note(&self, field: &Field) -> String {
        let base = self.base_value(field);
        let mut lines = vec![field.in_words()];
        lines.push(match base.map(|node| &node.data) {
            _ if self.is_needed(field) => "必填。".to_owned(),
            Some(Data::Blank) => "可以不填，不填即为空白。".to_owned(),
            Some(_) => format!("不填即为 {}", base.map_or_else(String::new, shown)),
            None if field.path.len() > 2 && self.is_indicator(field) => {
                "不填就没有这一项指标。".to_owned()
            }
            None => "可以不填。".to_owned(),
        });
        lines.extend(field.kind.description.clone());
        lines.extend(self.how(field));
        if field.kind.blank && !matches!(field.kind.takes, Takes::Texts { .. }) {
            lines.push(format!("要印成空白，写 {BLANK}。"));
        }
        if self.words(field).contains(&REMOVE) {
            lines.push(format!("要去掉共有内容里的这一项，写 {REMOVE}。"));
        }
        lines.join("\n")
    }

    fn is_indicator(&self, field: &Field) -> bool {
        field.path[0] == "indicators"
    }

    /// How its cells are written.
    fn how(&self, field: &Field) -> Vec<String> {
        match field.kind.takes {
            _ if !self.choices(field).is_empty() => vec!["从下拉列表里选。".to_owned()],
            Takes::One {
                text: false,
                integer,
                ..
            } => {
                let kind = if integer { "整数" } else { "数字" };
                let (least, most) = field.kind.limits;
                vec![match (least, most) {
                    (Some(least), Some(most)) => format!("填{kind}，从 {least} 到 {most}。"),
                    (Some(least), None) => format!("填{kind}，不小于 {least}。"),
                    (None, Some(most)) => format!("填{kind}，不大于 {most}。"),
                    (None, None) => format!("填{kind}。"),
                }]
            }
            Takes::One { .. } => vec!["怎样填就怎样印；换行按 Alt+Enter。".to_owned()],
            Takes::Texts { one: false } => {
                vec!["有几项的，用顿号分开，或每项写一行（Alt+Enter）。".to_owned()]
            }
            Takes::Texts { one: true } => vec!["有几段的，每段写一行（Alt+Enter）。".to_owned()],
            Takes::Structure => {
                let mut lines = vec!["这一格按项目文件（YAML）的写法填，例如：".to_owned()];
                let example = field
                    .path
                    .iter()
                    .try_fold(&self.example.root, |node, key| node.as_map()?.get(key));
                let example = example.and_then(|node| serde_yaml::to_string(&node.to_json()).ok());
                let own = "指标的名称: 指标值".to_owned();
                let example =
                    example.filter(|text| text.contains(':') || !self.is_indicator(field));
                let example = example.unwrap_or(own);
                lines.extend(example.lines().take(MAX_EXAMPLE).map(str::to_owned));
                if example.lines().count() > MAX_EXAMPLE {
                    lines.push("……".to_owned());
                }
                lines
            }
        }
    }

    /// The entries of its drop-down; none if it has none.
    fn choices(&self, field: &Field) -> Vec<String> {
        let kind = &field.kind;
        let mut choices: Vec<String> = match kind.takes {
            Takes::One { .. } if !kind.options.is_empty() => kind
                .options
                .iter()
                .map(|option| {
                    option
                        .as_str()
                        .map_or_else(|| option.to_string(), str::to_owned)
                })
                .collect(),
            Takes::One {
                boolean: true,
                text: false,
                number: false,
                ..
            } => YES_NO.map(str::to_owned).to_vec(),
            _ => return Vec::new(),
        };
        choices.extend(self.words(field).into_iter().map(str::to_owned));
        let length: usize = choices
            .iter()
            .map(|choice| choice.encode_utf16().count() + 1)
            .sum();
        // What Excel cannot list it does not check; the program does.
        match length > MAX_LIST || choices.iter().any(|choice| choice.contains(',')) {
            true => Vec::new(),
            false => choices,
        }
    }

    /// The words that stand for no value.
    fn words(&self, field: &Field) -> Vec<&'static str> {
        let blank = field.kind.blank.then_some(BLANK);
        // A blank is as good as gone, unless it is an indicator's.
        let base = self.base_value(field).filter(|_| !field.required);
        let removable =
            base.filter(|node| !matches!(node.data, Data::Blank) || self.is_indicator(field));
        let remove = removable.is_some().then_some(REMOVE);
        blank.into_iter().chain(remove).collect()
    }

    fn validate(&self, sheet: &mut Worksheet, column: u16, field: &Field) -> Result<(), XlsxError> {
        let choices = self.choices(field);
        let rule = match field.kind.takes {
            _ if !choices.is_empty() => DataValidation::new().allow_list_strings(&choices)?,
            Takes::One {
                text: false,
                number: true,
                integer,
                ..
            } => DataValidation::new().allow_custom(self.number_formula(column, field, integer)),
            _ => return Ok(()),
        };
        let message = self.how(field).join("");
        let rule = rule
            .set_error_style(DataValidationErrorStyle::Stop)
            .set_error_title("这一格不能这样填")?
            .set_error_message(message)?;
        sheet.add_data_validation(1, column, MAX_ROWS as u32, column, &rule)?;
        Ok(())
    }

    /// Whether the text of a cell is a number: `VALUE` reads it, and the words
    /// that stand for no value pass.
    fn number_formula(&self, column: u16, field: &Field, integer: bool) -> Formula {
        let cell = cell_name(usize::from(column), 2);
        let (least, most) = field.kind.limits;
        let mut tests = vec![format!("ISNUMBER(VALUE({cell}))")];
        tests.extend(integer.then(|| format!("INT(VALUE({cell}))=VALUE({cell})")));
        tests.extend(least.map(|least| format!("VALUE({cell})>={least}")));
        tests.extend(most.map(|most| format!("VALUE({cell})<={most}")));
        let words = self.words(field);
        let words: String = words
            .iter()
            .map(|word| format!("{cell}=\"{word}\","))
            .collect();
        Formula::new(format!(
            "=OR({words}IFERROR(AND({}),FALSE))",
            tests.join(",")
        ))
    }
}

/// How wide a column is, in half-width characters.
fn width(field: &Field) -> usize {
    let wanted = match field.kind.takes {
        Takes::Structure => 40,
        Takes::Texts { .. } => 28,
        Takes::One { text: false, .. } => 10,
        Takes::One { .. } if field.path.len() < 3 => 18,
        Takes::One { .. } => 14,
    };
    wanted.max((field.header.width() + 2).min(20))
}

/// A value of the base, short and on one line.
fn shown(node: &Node) -> String {
    let text = match &node.data {
        Data::List(items) if items.iter().all(|item| item.as_str().is_some()) => items
            .iter()
            .filter_map(Node::as_str)
            .collect::<Vec<_>>()
            .join("、"),
        Data::List(_) | Data::Map(_) => return "共有内容所写的。".to_owned(),
        Data::Bool(true) => YES_NO[0].to_owned(),
        Data::Bool(false) => YES_NO[1].to_owned(),
        _ => node.as_str().unwrap_or_default().replace('\n', " "),
    };
    match text.char_indices().nth(MAX_VALUE) {
        Some((at, _)) => format!("“{}……”。", &text[..at]),
        None => format!("“{text}”。"),
    }
}

/// A text as YAML writes it on one line.
fn scalar(text: &str) -> String {
    let plain = serde_yaml::to_string(text).unwrap_or_default();
    match plain.trim_end() {
        plain if plain.contains('\n') || plain.starts_with(['|', '>']) => quoted(text),
        plain => plain.to_owned(),
    }
}

/// A text in double quotes, which YAML reads as JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
