//! A template's error in plain words, with the name that was likely meant.

use std::collections::BTreeSet;

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind};

use crate::diagnostic::Diagnostic;

/// The piece of a template that an error points at.
pub(crate) struct Pointed<'a> {
    source: &'a str,
    range: std::ops::Range<usize>,
}

impl<'a> Pointed<'a> {
    /// What the error points at, if it says so.
    pub(crate) fn by(error: &Error, source: &'a str) -> Option<Self> {
        let range = error.range()?;
        source.get(range.clone())?;
        Some(Self { source, range })
    }

    /// Its words.
    pub(crate) fn words(&self) -> &'a str {
        &self.source[self.range.clone()]
    }

    /// The name in question: for a filter, what it is applied to.
    fn name(&self) -> &'a str {
        let before = self.source[..self.range.start].trim_end();
        let name = match before.strip_suffix('|') {
            Some(subject) => {
                let start = subject
                    .rfind(['{', '%', '(', ',', '='])
                    .map_or(0, |at| at + 1);
                let subject = subject[start..].trim();
                subject.rsplit(' ').next().unwrap_or(subject)
            }
            None => self.words(),
        };
        let name = name.split('|').next().unwrap_or(name);
        let name = name.trim_matches(['{', '%', ' ']);
        // Of `a or "b"`, what stands first.
        name.split(' ').next().unwrap_or(name)
    }
}

/// What went wrong, without its place.
pub(crate) fn explain(
    error: &Error,
    pointed: Option<&Pointed<'_>>,
    known: &[String],
) -> Diagnostic {
    let detail = error.detail().unwrap_or_default();
    let name = pointed.map(Pointed::name);
    match error.kind() {
        ErrorKind::UndefinedError => {
            let name = name.unwrap_or_default();
            undefined(name, known)
        }
        ErrorKind::UnknownFilter => {
            let name = unknown_name(detail);
            Diagnostic::error("template/filter", format!("没有过滤器 `{name}`"))
                .hint_likely(name, super::filters::NAMES.iter().copied())
        }
        ErrorKind::UnknownFunction | ErrorKind::UnknownTest | ErrorKind::UnknownMethod => {
            let name = unknown_name(detail);
            Diagnostic::error(
                "template/name",
                format!("模板用了不认识的函数或判断 `{name}`"),
            )
        }
        ErrorKind::SyntaxError => {
            Diagnostic::error("template/syntax", "模板标记写错了").label(detail.to_owned())
        }
        ErrorKind::OutOfFuel => {
            Diagnostic::error("template/endless", "模板循环过多，已停止").hint("检查循环的范围")
        }
        ErrorKind::WriteFailure => Diagnostic::error("template/size", "合并结果太大，已停止"),
        ErrorKind::BadEscape => Diagnostic::error("template/print", "列表或映射不能直接打印")
            .hint("用 `join` 连成文字，或用 `for` 逐项打印"),
        _ if super::filters::not_for_a_cell(detail).is_some() => {
            let words = super::filters::not_for_a_cell(detail).unwrap_or_default();
            Diagnostic::error("word/cell", words)
        }
        _ if super::rich::beyond_text(detail).is_some() => {
            let name = super::rich::beyond_text(detail).unwrap_or_default();
            Diagnostic::error("template/print", format!("{name}只能打印在 Word 模板里"))
        }
        _ if detail.contains("operator on unsupported types") => {
            Diagnostic::error("template/error", "这两种值不能这样计算")
                .label(detail.to_owned())
                .hint(
                    "文字先用 `| int` 或 `| float` 变成数字；空白先给一个数：`| default(0, true)`",
                )
        }
        _ => match super::filters::not_an_amount(detail) {
            Some(text) => Diagnostic::error("value/sum", format!("“{text}”不是金额，不能相加"))
                .field(text)
                .hint("改成数字，或在项目里写明合计，合计就照写的打印"),
            None => Diagnostic::error("template/error", "模板无法合并").label(detail.to_owned()),
        },
    }
}

/// A name that stands for nothing.
pub(crate) fn undefined(name: &str, known: &[String]) -> Diagnostic {
    let message = format!("模板里的名字 `{name}` 没有定义");
    let last = name.rsplit('.').next().unwrap_or(name);
    let problem = Diagnostic::error("template/undefined", message)
        .label("项目和表式的 schema.json 里都没有它");
    // Whole paths first; a loop's own variables only by their last part.
    let below = known
        .iter()
        .find(|path| path.ends_with(&format!(".{name}")));
    match crate::diagnostic::likely(name, known.iter().map(String::as_str)) {
        _ if below.is_some() => {
            let path = below.map_or("", String::as_str);
            problem.hint(format!("数据里有 `{path}`；列表里的值要用循环逐项取"))
        }
        Some(likely) => problem.hint(format!("是否想写 `{likely}`？")),
        None => {
            let lasts = known.iter().filter_map(|path| path.rsplit('.').next());
            let mut names: Vec<&str> = lasts.collect();
            for name in super::rows::names() {
                names.push(name);
            }
            problem.hint_likely(last, names)
        }
    }
}

/// The name in minijinja's "filter x is unknown" or "x is unknown".
fn unknown_name(detail: &str) -> &str {
    let before = detail.split(" is unknown").next().unwrap_or(detail);
    before
        .rsplit(' ')
        .next()
        .unwrap_or(before)
        .trim_matches('`')
}

/// All dotted names a template may use, for hints.
pub(crate) fn names_in(context: &Value) -> Vec<String> {
    let mut names = Vec::new();
    collect(context, "", &mut names, &mut BTreeSet::new());
    names
}

/// Items of a list that are looked at for names.
const MAX_ITEMS: usize = 20;

fn collect(value: &Value, prefix: &str, names: &mut Vec<String>, known: &mut BTreeSet<String>) {
    match value.kind() {
        ValueKind::Map => {
            for key in value.try_iter().into_iter().flatten() {
                if key
                    .as_str()
                    .is_some_and(|key| key.starts_with(char::is_control))
                {
                    continue;
                }
                let name = format!("{prefix}{key}");
                if let Ok(below) = value.get_item(&key) {
                    collect(&below, &format!("{name}."), names, known);
                }
                if known.insert(name.clone()) {
                    names.push(name);
                }
            }
        }
        ValueKind::Seq => {
            for item in value.try_iter().into_iter().flatten().take(MAX_ITEMS) {
                collect(&item, prefix, names, known);
            }
        }
        _ => {}
    }
}
