//! Which column goes where: `columns` of a batch file held against the header
//! of the table and the form's schema.

use super::Table;
use super::fields::{Field, INDICATORS, fields, is_attribute};
use crate::diagnostic::Diagnostic;
use crate::form::{Kind, Schema, Takes};
use crate::project::{Data, Entry, Map, Node};
use crate::source::Location;

/// A text of a batch file and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::batch) struct Written {
    pub(in crate::batch) text: String,
    pub(in crate::batch) at: Location,
}

/// `columns` of a batch file.
#[derive(Debug)]
pub(in crate::batch) struct Mapping(Vec<Wish>);

/// What a batch file says of one column.
#[derive(Debug)]
struct Wish {
    header: Written,
    /// `None` for a column that is not used.
    target: Option<Target>,
}

#[derive(Debug, Clone)]
struct Target {
    path: Vec<String>,
    at: Location,
    split: Option<Written>,
    place: Option<Place>,
}

/// Where among its neighbours a value stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// `before` or `after`.
    pub(super) word: &'static str,
    /// The neighbour.
    pub(super) key: Written,
    /// How many steps of the path lead to what is moved.
    pub(super) depth: usize,
}

/// A column of a table that goes into projects.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) index: usize,
    pub(super) header: String,
    pub(super) path: Vec<String>,
    pub(super) kind: Kind,
    pub(super) split: Option<String>,
    pub(super) place: Option<Place>,
}

impl Mapping {
    /// Reads `columns`.
    pub(in crate::batch) fn parse(node: &Node, problems: &mut Vec<Diagnostic>) -> Self {
        let Data::Map(map) = &node.data else {
            problems.push(
                Diagnostic::error("batch/columns", "`columns` 应逐列写明“列名: 字段的路径”")
                    .at(node.at.clone())
                    .label(format!("这里是{}", node.kind()))
                    .hint(
                        "例如 `省级资金: funds.province`；列名就是字段的中文名时，不必写 `columns`",
                    ),
            );
            return Self(Vec::new());
        };
        let wishes = map.0.iter().map(|entry| Wish {
            header: Written {
                text: entry.key.trim().to_owned(),
                at: entry.key_at.clone(),
            },
            target: Target::parse(entry, problems),
        });
        Self(wishes.collect())
    }
}

impl Target {
    fn parse(entry: &Entry, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let mut target = Self {
            path: Vec::new(),
            at: entry.value.at.clone(),
            split: None,
            place: None,
        };
        let map = match &entry.value.data {
            Data::Blank => return None,
            Data::Map(map) => map,
            _ => {
                target.path = path(&entry.value, problems)?;
                return Some(target);
            }
        };
        for part in &map.0 {
            let written = part.value.as_str().map(|text| Written {
                text: text.to_owned(),
                at: part.value.at.clone(),
            });
            match (part.key.as_str(), written) {
                ("path", _) => {
                    target.at = part.value.at.clone();
                    target.path = path(&part.value, problems)?;
                }
                ("split", Some(written)) if !written.text.is_empty() => {
                    target.split = Some(written)
                }
                ("before" | "after", Some(_)) if target.place.is_some() => problems.push(
                    Diagnostic::error("batch/columns", "`before` 和 `after` 只能写一个")
                        .at(part.key_at.clone()),
                ),
                (word @ ("before" | "after"), Some(key)) => {
                    let word = if word == "before" { "before" } else { "after" };
                    target.place = Some(Place {
                        word,
                        key,
                        depth: 0,
                    });
                }
                ("before" | "after" | "split", _) => problems.push(
                    Diagnostic::error("batch/columns", format!("`{}` 后面应为文字", part.key))
                        .at(part.key_at.clone()),
                ),
                (key, _) => problems.push(
                    Diagnostic::error("batch/columns", format!("列的写法里没有 `{key}`"))
                        .at(part.key_at.clone())
                        .hint_likely(key, ["path", "before", "after", "split"])
                        .hint("可以写：path、before、after、split"),
                ),
            }
        }
        if target.path.is_empty() {
            problems.push(
                Diagnostic::error("batch/columns", format!("列“{}”没有写 `path`", entry.key))
                    .at(entry.key_at.clone())
                    .hint("写成 {path: funds.province}；不用的列，后面留空"),
            );
            return None;
        }
        Some(target)
    }
}

/// A dotted path, or a list of keys.
fn path(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Vec<String>> {
    let steps: Option<Vec<String>> = match &node.data {
        Data::Text(text) => Some(text.split('.').map(|step| step.trim().to_owned()).collect()),
        Data::List(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    };
    let steps =
        steps.filter(|steps| !steps.is_empty() && steps.iter().all(|step| !step.is_empty()));
    if steps.is_none() {
        problems.push(
            Diagnostic::error(
                "batch/columns",
                "路径应写成 `funds.province`，键里有点时写成 [funds, province]",
            )
            .at(node.at.clone()),
        );
    }
    steps
}

/// The columns of a table that go into projects.
///
/// `schemas` are those of the forms that the projects name; `pattern` is what
/// lies beneath each row.
pub(super) fn resolve(
    table: &Table,
    mapping: Option<&Mapping>,
    schemas: &[Schema],
    pattern: &Node,
) -> Result<Vec<Column>, Vec<Diagnostic>> {
    let mut problems = double_headers(table);
    let columns = match mapping {
        Some(mapping) => mapped(table, mapping, schemas, &mut problems),
        None => matched(table, schemas, pattern, &mut problems),
    };
    for (index, column) in columns.iter().enumerate() {
        problems.extend(nowhere(column, &columns, pattern));
        problems.extend(
            columns
                .iter()
                .filter_map(|inner| within(table, column, inner, schemas)),
        );
        let earlier = &columns[..index];
        // A mapping may offer several columns for a path, to place it anew.
        if mapping.is_none() && earlier.iter().any(|other| other.path == column.path) {
            let message = format!("又一列是 `{}`", column.path.join("."));
            problems.push(table.at_header(
                Diagnostic::error("table/double-column", message),
                column.index,
            ));
        }
    }
    if columns.is_empty() && problems.is_empty() {
        problems.push(
            Diagnostic::error("table/no-columns", "表格里没有一列是要用的")
                .at_part(table.name.clone(), table.spot("")),
        );
    }
    match problems.is_empty() {
        true => Ok(columns),
        false => Err(problems),
    }
}

fn double_headers(table: &Table) -> Vec<Diagnostic> {
    let doubles = table
        .headers
        .iter()
        .enumerate()
        .filter(|(index, (_, header))| {
            table.headers[..*index]
                .iter()
                .any(|(_, other)| other == header)
        });
    doubles
        .map(|(_, (column, header))| {
            let message = format!("列名“{header}”写了两次");
            let problem = Diagnostic::error("table/double-column", message);
            table.at_header(problem.hint("改掉或删去其中一列"), *column)
        })
        .collect()
}

/// A `before` or `after` whose neighbour no row can have.
fn nowhere(column: &Column, columns: &[Column], pattern: &Node) -> Option<Diagnostic> {
    let place = column.place.as_ref()?;
    let group = &column.path[..place.depth - 1];
    let inherited = pattern.descend(group.iter().map(String::as_str));
    let inherited = inherited
        .and_then(Node::as_map)
        .into_iter()
        .flat_map(Map::keys);
    let beside = columns
        .iter()
        .filter(|other| other.path.len() > group.len() && other.path.starts_with(group));
    let beside = beside.map(|other| other.path[group.len()].as_str());
    let own = column.path[place.depth - 1].as_str();
    let names: Vec<&str> = inherited
        .chain(beside)
        .filter(|name| *name != own)
        .collect();
    if names.contains(&place.key.text.as_str()) {
        return None;
    }
    let code = if place.word == "before" {
        "extends/before"
    } else {
        "extends/after"
    };
    let message = format!("`{}` 指的 `{}` 不在同一组里", place.word, place.key.text);
    Some(
        Diagnostic::error(code, message)
            .at(place.key.at.clone())
            .hint_likely(&place.key.text, names),
    )
}

/// One column whose path leads into another's value. An indicator's own value
/// and its attributes go together; nothing else does.
fn within(table: &Table, outer: &Column, inner: &Column, schemas: &[Schema]) -> Option<Diagnostic> {
    let is_inner = inner.path.len() > outer.path.len() && inner.path.starts_with(&outer.path);
    let is_own = inner.path.len() == outer.path.len() + 1
        && outer.path[0] == INDICATORS
        && outer.kind.takes != Takes::Structure
        && schemas
            .iter()
            .any(|schema| is_attribute(schema, &inner.path));
    (is_inner && !is_own).then(|| {
        let message = format!("列“{}”已经包含在列“{}”里", inner.header, outer.header);
        table.at_header(Diagnostic::error("table/overlap", message), inner.index)
    })
}

/// The columns as a batch file maps them.
fn mapped(
    table: &Table,
    mapping: &Mapping,
    schemas: &[Schema],
    problems: &mut Vec<Diagnostic>,
) -> Vec<Column> {
    let mut columns = Vec::new();
    for wish in &mapping.0 {
        let found = table
            .headers
            .iter()
            .find(|(_, header)| *header == wish.header.text);
        if found.is_none() {
            let headers = table.headers.iter().map(|(_, header)| header.as_str());
            let unused =
                headers.filter(|header| mapping.0.iter().all(|wish| wish.header.text != *header));
            let message = format!("{} 里没有列“{}”", table.name, wish.header.text);
            problems.push(
                Diagnostic::error("table/missing-column", message)
                    .at(wish.header.at.clone())
                    .hint_likely(&wish.header.text, unused)
                    .hint("列名要与表格第一行的写法相同"),
            );
        }
        let Some(target) = &wish.target else { continue };
        match column(target, schemas) {
            Ok(mut column) => {
                if let Some((index, _)) = found {
                    column.index = *index;
                    column.header.clone_from(&wish.header.text);
                    columns.push(column);
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    for (index, header) in &table.headers {
        if mapping.0.iter().all(|wish| wish.header.text != *header) {
            let missing = mapping.0.iter().map(|wish| wish.header.text.as_str());
            let missing =
                missing.filter(|wish| table.headers.iter().all(|(_, header)| header != wish));
            let problem = Diagnostic::error(
                "table/unknown-column",
                format!("批次文件的 `columns` 里没有列“{header}”"),
            )
            .hint_likely(header, missing)
            .hint(format!(
                "在 `columns` 里写明它的路径；不用这一列，就写 `{header}:`，后面留空"
            ));
            problems.push(table.at_header(problem, *index));
        }
    }
    columns.sort_by_key(|column| column.index);
    columns
}

/// A column by its target; where it is in the table comes later.
fn column(target: &Target, schemas: &[Schema]) -> Result<Column, Diagnostic> {
    let path = &target.path;
    let dotted = path.join(".");
    if ["form", "forms", "extends"].contains(&path[0].as_str()) {
        return Err(
            Diagnostic::error("batch/path", format!("`{}` 不能逐行填写", path[0]))
                .at(target.at.clone())
                .hint("一张表格只填一种表式：在批次文件里写 `form:` 和 `base:`"),
        );
    }
    let Some((schema, kind)) = known(path, schemas) else {
        return Err(unknown_path(target, schemas));
    };
    if let Some(split) = &target.split
        && !matches!(kind.takes, Takes::Texts { .. })
    {
        return Err(Diagnostic::error(
            "batch/columns",
            format!("`{dotted}` 不是几项文字的列表，不能写 `split`"),
        )
        .at(split.at.clone()));
    }
    let is_attribute = schema.is_some_and(|schema| {
        let above = path[..path.len() - 1].iter().map(String::as_str);
        is_attribute(schema, path)
            && schema
                .kind(above)
                .is_some_and(|kind| kind.takes != Takes::Structure)
    });
    let place = target.place.clone().map(|place| Place {
        depth: path.len() - usize::from(is_attribute),
        ..place
    });
    Ok(Column {
        index: 0,
        header: String::new(),
        path: path.clone(),
        kind,
        split: target.split.as_ref().map(|split| split.text.clone()),
        place,
    })
}

/// What a path takes, and the schema that says so.
fn known<'a>(path: &[String], schemas: &'a [Schema]) -> Option<(Option<&'a Schema>, Kind)> {
    let steps = || path.iter().map(String::as_str);
    let found = schemas
        .iter()
        .find_map(|schema| Some((Some(schema), schema.kind(steps())?)));
    // Every project may have a date, whatever its form.
    found.or_else(|| (path == ["date"]).then(|| (None, date())))
}

fn date() -> Kind {
    Kind {
        takes: Takes::One {
            text: true,
            number: false,
            integer: false,
            boolean: false,
        },
        blank: false,
        options: Vec::new(),
        limits: (None, None),
        title: Some("文件的日期".into()),
        description: None,
    }
}

fn unknown_path(target: &Target, schemas: &[Schema]) -> Diagnostic {
    let path = &target.path;
    let good = (0..path.len())
        .rev()
        .find(|end| known(&path[..*end], schemas).is_some() || *end == 0);
    let good = good.unwrap_or(0);
    let steps = || path[..good].iter().map(String::as_str);
    let names: Vec<&str> = schemas
        .iter()
        .flat_map(|schema| schema.names(steps()))
        .collect();
    let wrong = path.get(good).map_or("", String::as_str);
    let mut problem = Diagnostic::error("batch/path", format!("表式里没有 `{}`", path.join(".")))
        .at(target.at.clone())
        .hint_likely(wrong, names.iter().copied());
    if problem.hints.is_empty() && !names.is_empty() {
        problem = problem.hint(format!("这里可以写：{}", names.join("、")));
    }
    problem
}

/// The columns whose headers are fields' names or dotted paths.
fn matched(
    table: &Table,
    schemas: &[Schema],
    pattern: &Node,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Column> {
    let wanted: Vec<Field> = schemas
        .iter()
        .flat_map(|schema| fields(schema, pattern))
        .collect();
    let mut columns = Vec::new();
    for (index, header) in &table.headers {
        let named: Vec<&Field> = wanted
            .iter()
            .filter(|field| field.header == *header)
            .collect();
        let titled = || {
            wanted
                .iter()
                .filter(|field| field.titles.last() == Some(header))
        };
        let named = if named.is_empty() {
            titled().collect()
        } else {
            named
        };
        let path = match named.as_slice() {
            [] => header
                .split('.')
                .map(|step| step.trim().to_owned())
                .collect(),
            [first, others @ ..] if others.iter().all(|other| other.path == first.path) => {
                first.path.clone()
            }
            several => {
                let names: Vec<&str> = several.iter().map(|field| field.header.as_str()).collect();
                let problem = Diagnostic::error(
                    "table/unknown-column",
                    format!("“{header}”不止一个，看不出是哪一个"),
                )
                .hint(format!("写成其中一个：{}", names.join("、")));
                problems.push(table.at_header(problem, *index));
                continue;
            }
        };
        let is_free = !["form", "forms", "extends"].contains(&path[0].as_str());
        match known(&path, schemas).filter(|_| is_free) {
            Some((_, kind)) => columns.push(Column {
                index: *index,
                header: header.clone(),
                path,
                kind,
                split: None,
                place: None,
            }),
            None => {
                let names = wanted.iter().map(|field| field.header.as_str());
                let problem = Diagnostic::error("table/unknown-column", format!("表式里没有“{header}”"))
                    .hint_likely(header, names)
                    .hint("列名应为字段的中文名或路径（`tianbao forms` 列出）；要用别的列名，在批次文件的 `columns` 里写明");
                problems.push(table.at_header(problem, *index));
            }
        }
    }
    columns
}
