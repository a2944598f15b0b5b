//! The form's schema, in words a clerk understands.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::form::Form;
use crate::project::{Data, Node, Project, colon_slip};
use crate::source::Location;

/// Keys every project may have, whatever its form.
const COMMON: [&str; 2] = ["form", "date"];

pub(super) fn check(project: &Project, form: &Form) -> Vec<Diagnostic> {
    let mut root = project.root.clone();
    if let Data::Map(map) = &mut root.data {
        map.0.retain(|entry| !COMMON.contains(&entry.key.as_str()));
    }
    let json = root.to_json();
    let mut found = Vec::new();
    for error in form.schema.validator.iter_errors(&json) {
        let pointer = error.instance_path().to_string();
        let steps: Vec<String> = pointer
            .split('/')
            .skip(1)
            .map(|step| step.replace("~1", "/").replace("~0", "~"))
            .collect();
        let subject = Subject {
            project,
            form,
            root: &root,
            steps: steps.iter().map(String::as_str).collect(),
        };
        subject.explain(error.kind(), &mut found);
    }
    blank_though_required(project, form, &mut found);
    // `goals： …` is a slip, and then `goals` is not missing.
    let slips: Vec<String> = found
        .iter()
        .filter(|problem| problem.code == "yaml/full-width-colon")
        .filter_map(|problem| problem.field.clone())
        .collect();
    found.retain(|problem| {
        let field = problem.field.as_ref();
        problem.code != "project/missing" || field.is_none_or(|field| !slips.contains(field))
    });
    found
}

/// A required field that is there and blank: most likely forgotten.
fn blank_though_required(project: &Project, form: &Form, found: &mut Vec<Diagnostic>) {
    for field in form
        .schema
        .fields()
        .into_iter()
        .filter(|field| field.required)
    {
        let Some(node) = project
            .root
            .get(&field.path)
            .filter(|n| matches!(n.data, Data::Blank))
        else {
            continue;
        };
        if found
            .iter()
            .all(|problem| problem.field.as_ref() != Some(&field.path))
        {
            // What a row of a table leaves out is blank in its base; the row is
            // where it is filled in.
            let start = project.start();
            let at = match (start.spot(), node.at.spot()) {
                (Some(_), None) => start,
                _ => node.at.clone(),
            };
            found.push(
                Diagnostic::warning("value/blank", format!("必填的“{}”是空白", field.title))
                    .at(at)
                    .field(field.path.as_str())
                    .hint("确实没有就不必理会"),
            );
        }
    }
}

/// The value a schema complains about.
struct Subject<'a> {
    project: &'a Project,
    form: &'a Form,
    root: &'a Node,
    steps: Vec<&'a str>,
}

impl Subject<'_> {
    fn explain(&self, kind: &Kind, found: &mut Vec<Diagnostic>) {
        let name = self.name(&self.steps);
        let one = match kind {
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => {
                found.extend(unexpected.iter().map(|key| self.unknown_key(key)));
                return;
            }
            Kind::Required { property } => self.missing(property.as_str().unwrap_or_default()),
            Kind::Type { kind } => self.wrong_type(&name, kind),
            Kind::Enum { options } => self
                .here("value/choice", format!("{name}只能是下列之一"))
                .label(list(options)),
            Kind::Constant { expected_value } => self.here(
                "value/choice",
                format!("{name}只能是 {}", plain(expected_value)),
            ),
            Kind::Pattern { pattern } if pattern == "\\S" => {
                self.here("value/empty", format!("{name}不能为空"))
            }
            Kind::Pattern { pattern } => self
                .here("value/pattern", format!("{name}的写法不对"))
                .hint(format!("应符合 {pattern}")),
            Kind::MinLength { .. } => self.here("value/empty", format!("{name}不能为空")),
            Kind::MaxLength { limit } => {
                self.here("value/long", format!("{name}不能超过 {limit} 个字"))
            }
            Kind::MinItems { limit } | Kind::MinProperties { limit } => {
                self.here("value/few", format!("{name}至少要有 {limit} 项"))
            }
            Kind::MaxItems { limit } | Kind::MaxProperties { limit } => {
                self.here("value/many", format!("{name}最多 {limit} 项"))
            }
            Kind::Minimum { limit } => self.here("value/small", format!("{name}不能小于 {limit}")),
            Kind::Maximum { limit } => self.here("value/large", format!("{name}不能大于 {limit}")),
            Kind::PropertyNames { error } => self.stray_attribute(&plain(error.instance())),
            Kind::UniqueItems => self.here("value/repeated", format!("{name}里有重复的项")),
            _ => self
                .here("value/invalid", format!("{name}不符合表式的要求"))
                .hint(format!(
                    "用 `tianbao forms --schema {}` 看写法",
                    self.form.id
                )),
        };
        found.push(one);
    }

    fn unknown_key(&self, key: &str) -> Diagnostic {
        let at = self.key_below(key);
        if let Some(slip) = key.contains('：').then(|| colon_slip(&at)).flatten() {
            let name = key.split('：').next().unwrap_or(key);
            return slip.field(dotted(&self.steps, Some(name)));
        }
        if let Some(slip) = self.thousands(key, &at) {
            return slip;
        }
        let path = dotted(&self.steps, Some(key));
        let names = self.form.schema.names(self.steps.iter().copied());
        let mut problem = Diagnostic::error("project/unknown-key", format!("表式里没有 `{path}`"))
            .at(at)
            .label("不认识这个键")
            .field(path)
            .hint_likely(key, names.iter().copied());
        if problem.hints.is_empty() {
            // The clerk may have written the Chinese name of the field.
            let titled = names.iter().find(|name| {
                let steps = self.steps.iter().copied().chain([**name]);
                self.form.schema.title(steps) == Some(key)
            });
            problem = match titled {
                Some(name) => problem.hint(format!("“{key}”的键名是 `{name}`")),
                None if names.is_empty() => problem,
                None => problem.hint(format!("这里可以写：{}", names.join("、"))),
            };
        }
        problem
    }

    /// `{province: 1,280.50}`: what follows the comma is a key to YAML.
    fn thousands(&self, key: &str, at: &Location) -> Option<Diagnostic> {
        let whole = key.split('.').next().unwrap_or_default();
        if whole.len() != 3 || !key.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return None;
        }
        let map = self.node()?.as_map()?;
        let before = map.position(key)?.checked_sub(1)?;
        let head = map.0[before].value.as_str().unwrap_or_default();
        Some(
            Diagnostic::error("yaml/thousands", "花括号里的逗号是分隔符，不能写千分位")
                .at(at.clone())
                .hint(format!("数字里要写逗号就加引号：\"{head},{key}\"")),
        )
    }

    /// The schema forbids this key here: an attribute of an indicator that is
    /// written one step too far out.
    fn stray_attribute(&self, key: &str) -> Diagnostic {
        let at = self.key_below(key);
        Diagnostic::error("indicator/attribute", format!("`{key}` 不能作这一级的名称"))
            .at(at)
            .label("是指标的属性")
            .field(dotted(&self.steps, Some(key)))
            .hint("缩进到它所属的指标下面")
    }

    /// Where a key of this map is written.
    fn key_below(&self, key: &str) -> Location {
        let map = self.node().and_then(Node::as_map);
        map.and_then(|map| map.entry(key))
            .map_or_else(|| self.at(), |entry| entry.key_at.clone())
    }

    fn missing(&self, property: &str) -> Diagnostic {
        let mut steps = self.steps.clone();
        steps.push(property);
        let name = self.name(&steps);
        // A parent that the file holds is where the key goes; the whole
        // project's place is the first line of the file a clerk edits.
        let start = self.project.start();
        let own = self.key_at().unwrap_or_else(|| self.at());
        // In a table the row lacks it, unless a cell holds a whole list.
        let lacks_in_row = start.spot().is_some() && own.cell_text().is_none();
        let at = match self.steps.is_empty() || lacks_in_row {
            true => start,
            false => own,
        };
        let (label, hint) = match lacks_in_row {
            false => (
                format!("这里应有 `{property}`"),
                format!("补上 `{property}: …`"),
            ),
            true => (
                "这一行没有填，所继承的文件里也没有".to_owned(),
                format!(
                    "在这一行填上“{}”；表格里没有这一列，就加一列",
                    self.columns_for(&steps).join("”“")
                ),
            ),
        };
        Diagnostic::error("project/missing", format!("缺少{}", name.trim_end()))
            .at(at)
            .label(label)
            .field(dotted(&steps, None))
            .hint(hint)
    }

    /// The Chinese names of what has to be filled in for a missing field.
    fn columns_for(&self, steps: &[&str]) -> Vec<String> {
        let path = dotted(steps, None);
        let group = format!("{path}.");
        let fields = self.form.schema.fields().into_iter();
        let below = fields.filter(|field| field.path == path || field.path.starts_with(&group));
        let needed = below.filter(|field| field.required);
        let names: Vec<String> = needed.map(|field| field.title).collect();
        match names.is_empty() {
            true => vec![path],
            false => names,
        }
    }

    fn wrong_type(&self, name: &str, wanted: &TypeKind) -> Diagnostic {
        let node = self.node();
        if let Some(slip) = node
            .filter(|n| n.as_str().is_some() && n.at.spot().is_none())
            .and_then(|n| colon_slip(&n.at))
        {
            return slip;
        }
        let is = node.map_or("空白", Node::kind);
        let problem = self
            .here("value/type", format!("{name}应为{}", types(wanted)))
            .label(format!("这里是{is}"));
        if node
            .and_then(Node::as_str)
            .is_some_and(|text| text.starts_with(['［', '【', '｛']))
        {
            return problem.hint("括号应为半角的 [ ] 或 { }");
        }
        let names = self.form.schema.names(self.steps.iter().copied());
        match wanted {
            TypeKind::Single(kind) if kind.to_string() == "array" => problem.hint("写成 [甲, 乙]"),
            TypeKind::Single(kind) if kind.to_string() == "object" && !names.is_empty() => {
                problem.hint(format!("写成 {{{}: …}}", names.join(": …, ")))
            }
            _ => problem,
        }
    }

    fn here(&self, code: &'static str, message: String) -> Diagnostic {
        Diagnostic::error(code, message.trim_start())
            .at(self.at())
            .field(dotted(&self.steps, None))
    }

    fn node(&self) -> Option<&Node> {
        self.root.descend(self.steps.iter().copied())
    }

    /// Where the value is; a blank one is found by its key.
    fn at(&self) -> Location {
        match self.node() {
            _ if self.steps.is_empty() => self.project.start(),
            Some(node) if !node.at.text().is_empty() => node.at.clone(),
            _ => self.key_at().unwrap_or_else(|| self.project.start()),
        }
    }

    fn key_at(&self) -> Option<Location> {
        let (last, above) = self.steps.split_last()?;
        let parent = self.root.descend(above.iter().copied())?;
        Some(parent.as_map()?.entry(last)?.key_at.clone())
    }

    /// `` `funds.city`（市、区拟配套资金） `` as far as the schema names it.
    fn name(&self, steps: &[&str]) -> String {
        let path = dotted(steps, None);
        match self.form.schema.title(steps.iter().copied()) {
            _ if steps.is_empty() => "项目定义".to_owned(),
            Some(title) if title != path => format!(" `{path}`（{title}）"),
            _ => format!(" `{path}` "),
        }
    }
}

fn dotted(steps: &[&str], last: Option<&str>) -> String {
    steps
        .iter()
        .copied()
        .chain(last)
        .collect::<Vec<_>>()
        .join(".")
}

fn types(wanted: &TypeKind) -> String {
    let json = match wanted {
        TypeKind::Single(kind) => kind.to_string(),
        TypeKind::Multiple(kinds) => {
            let all: Vec<String> = kinds.iter().map(|kind| kind.to_string()).collect();
            all.join(" ")
        }
    };
    let words = [
        ("string", "文字"),
        ("integer", "整数"),
        ("number", "数字"),
        ("boolean", "true（是）或 false（否）"),
        ("array", "列表"),
        ("object", "映射（键: 值）"),
        ("null", "空白"),
    ];
    let named: Vec<&str> = words
        .iter()
        .filter(|(kind, _)| json.split(' ').any(|k| k.trim_matches('"') == *kind))
        .map(|(_, word)| *word)
        .collect();
    match named.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{}或{last}", others.join("、")),
        None => json,
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn list(options: &Value) -> String {
    let all = options.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().map(plain).collect::<Vec<_>>().join("、")
}
