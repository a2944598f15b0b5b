//! The filters both outputs have, beside minijinja's own.
//!
//! | filter | gives |
//! | --- | --- |
//! | `money`, `money(2)`, `money(2, grouping=true)` | an amount; blank and text stay as written |
//! | `blank("—")` | the value, or these words where it is blank |
//! | `join`, `join("、")` | a list as one text; blanks are left out |
//! | `paragraphs` | a text or a list as a list of paragraphs, at least one |
//! | `sum`, `sum(attribute="fiscal")`, `sum(attribute="total", blank="parts.total")` | the decimal sum of a list of amounts; blank if all are |
//! | `checkbox`, `checkbox("有", "无")` | `☑是 □否` of true, `□是 ☑否` of false, `□是 □否` of blank |
//! | `rows`, `rows(merge="rule")` | the indicator tree as rows, see [`super::rows`] |
//! | `code` | a Typst expression for code position |
//!
//! | `one_line` | a text without line breaks and tabs |
//! | `center(12)`, `truncate`, `wordcount`, `wordwrap` | as in Jinja |
//!
//! the test `blank`, and the functions that the Word engine writes for tags
//! about a cell: `vmerge(site, key, table, column)` for `{% vm key %}` (whether
//! a vertical merge starts in this row), `vmerge_anew(site)` (the next
//! one does), `vmerge_row(table)` (a row begins), `cell_span(n)` and
//! `cell_shade(colour)` (an attribute's value, checked).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Kwargs, Object, ObjectRepr, Rest, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State};
use rust_decimal::{Decimal, RoundingStrategy};

use super::rows::Attributes;
use super::{bounded, escape, rows};

/// What a template may be meant to say when it names an unknown filter.
pub(super) const NAMES: [&str; 30] = [
    "paragraphs",
    "money",
    "blank",
    "join",
    "rows",
    "code",
    "checkbox",
    "length",
    "first",
    "last",
    "default",
    "upper",
    "lower",
    "trim",
    "replace",
    "list",
    "map",
    "select",
    "reject",
    "sort",
    "round",
    "abs",
    "items",
    "sum",
    "reverse",
    "split",
    "center",
    "truncate",
    "wordcount",
    "wordwrap",
];

pub(super) fn register(env: &mut Environment<'static>, attributes: Attributes) {
    // Data is never code: nothing may declare a value safe.
    env.remove_filter("safe");
    env.add_filter("money", money);
    env.add_filter("blank", blank);
    env.add_filter("join", join);
    env.add_filter("paragraphs", paragraphs);
    env.add_filter("sum", sum);
    env.add_filter("checkbox", checkbox);
    env.add_filter("rows", move |tree: &Value, options: Kwargs| {
        rows::rows(tree, &options, &attributes)
    });
    env.add_filter("code", |state: &mut State, value: &Value| {
        escape::code(state, value)
    });
    env.add_filter("one_line", one_line);
    // What Jinja has in Python and minijinja leaves out.
    env.add_filter("center", center);
    env.add_filter(
        "truncate",
        |state: &mut State, text: &Value, args: Rest<Value>| {
            let names = ["length", "killwords", "end", "leeway"];
            minijinja_contrib::filters::truncate(state, text, by_name(&names, args)?)
        },
    );
    env.add_filter("wordcount", minijinja_contrib::filters::wordcount);
    env.add_filter("wordwrap", |text: &Value, args: Rest<Value>| {
        let names = ["width", "break_long_words", "wrapstring"];
        minijinja_contrib::filters::wordwrap(text, by_name(&names, args)?)
    });
    env.add_test("blank", is_blank);
    env.add_function("vmerge", vmerge);
    env.add_function("vmerge_anew", vmerge_anew);
    env.add_function("vmerge_row", vmerge_row);
    env.add_function("cell_span", cell_span);
    env.add_function("cell_shade", cell_shade);
}

/// An amount with a fixed number of decimals, rounded half up.
///
/// Without `decimals` the digits stay as written. Blank stays blank, and what
/// is not a number (`50（含县市区）`) prints as written.
fn money(value: &Value, decimals: Option<u32>, options: Kwargs) -> Result<Value, Error> {
    let grouping: Option<bool> = options.get("grouping")?;
    options.assert_all_used()?;
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let text = value.to_string();
    let grouping = grouping.unwrap_or(false);
    let amount = if value.is_none() {
        None
    } else {
        decimal(&text)
    };
    let (Some(amount), true) = (amount, decimals.is_some() || grouping) else {
        return Ok(value.clone());
    };
    let mut text = match decimals {
        None => text.trim().replace(',', ""),
        Some(places) => {
            let rounded =
                amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
            format!("{rounded:.*}", places as usize)
        }
    };
    if grouping {
        text = group(&text);
    }
    Ok(Value::from(text))
}

/// The number a text says, thousands grouped rightly or not at all.
fn decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let plain = text.replace(',', "");
    let amount = Decimal::from_str_exact(&plain).ok()?;
    let whole = |text: &str| text.split('.').next().unwrap_or_default().to_owned();
    (whole(text) == whole(&plain) || whole(text) == group(&whole(&plain))).then_some(amount)
}

/// A half-width comma before each three digits of the integer part.
fn group(text: &str) -> String {
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(fraction) = fraction {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// The value, or `instead` where nothing was written.
fn blank(value: &Value, instead: Option<Value>) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    Ok(if is_blank(value) {
        instead.unwrap_or_else(|| Value::from(()))
    } else {
        value.clone()
    })
}

fn is_blank(value: &Value) -> bool {
    value.is_none()
        || value.is_undefined()
        || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// A list as one text; anything but a list stays as it is.
fn join(state: &mut State, value: &Value, separator: Option<String>) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return Ok(value.clone());
    }
    let mut items = Vec::new();
    for item in value.try_iter()?.filter(|item| !item.is_none()) {
        items.push(escape::text_of(state, &item)?);
    }
    items.retain(|text| !text.is_empty());
    let separator = separator.as_deref().unwrap_or("、");
    bounded::length(items.iter().map(String::len), separator)?;
    Ok(Value::from(items.join(separator)))
}

/// A list of paragraphs; a text has one for each of its lines, and what is
/// blank has one that is blank, because a cell of Word has one at least.
fn paragraphs(value: &Value) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let texts = match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => value.try_iter()?.collect(),
        ValueKind::None => Vec::new(),
        _ => vec![value.clone()],
    };
    let mut lines: Vec<String> = Vec::new();
    for text in texts.iter().filter(|text| !text.is_none()) {
        lines.extend(text.to_string().lines().map(str::to_owned));
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    Ok(Value::from(lines))
}

/// The sum of a list of amounts, or of one attribute of its items, in decimals;
/// `attribute="counties.central"` goes through a list within each item. With
/// `blank="counties.central"`, that is what counts for an item whose own value is
/// blank.
///
/// Blanks count nothing; nothing but blanks gives a blank. With a text that is no
/// amount there is no sum: a [`NoSum`].
fn sum(list: &Value, options: Kwargs) -> Result<Value, Error> {
    let attribute: Option<String> = options.get("attribute")?;
    let instead: Option<String> = options.get("blank")?;
    options.assert_all_used()?;
    if list.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let steps: Vec<&str> = attribute.iter().flat_map(|path| path.split('.')).collect();
    let instead: Option<Vec<&str>> = instead.as_ref().map(|path| path.split('.').collect());
    let mut values = Vec::new();
    for item in list.try_iter()? {
        let own = values.len();
        values_at(&item, &steps, &mut values)?;
        if let Some(instead) = instead
            .as_ref()
            .filter(|_| values[own..].iter().all(is_blank))
        {
            values_at(&item, instead, &mut values)?;
        }
    }
    let mut total: Option<Decimal> = None;
    for value in values {
        if is_blank(&value) {
            continue;
        }
        let text = value.to_string();
        let amount = decimal(&text);
        let sum = amount.and_then(|amount| amount.checked_add(total.unwrap_or_default()));
        if sum.is_none() {
            return Ok(Value::from_object(NoSum(text)));
        }
        total = sum;
    }
    Ok(total.map_or(Value::from(()), |total| Value::from(total.to_string())))
}

/// The values under these steps; of a list on the way, those of all its items.
fn values_at(value: &Value, steps: &[&str], found: &mut Vec<Value>) -> Result<(), Error> {
    if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        for item in value.try_iter()? {
            values_at(&item, steps, found)?;
        }
        return Ok(());
    }
    let Some((step, below)) = steps.split_first() else {
        if value.is_undefined() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        found.push(value.clone());
        return Ok(());
    };
    match value.kind() {
        ValueKind::None => Ok(()),
        _ => values_at(&value.get_attr(step)?, below, found),
    }
}

/// A sum that cannot be reckoned, because this text is no amount: a mistake
/// only if it is printed, for a project may write the sum itself.
#[derive(Debug)]
pub(super) struct NoSum(String);

impl Object for NoSum {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NO_SUM}{}{NO_SUM}", self.0)
    }
}

/// Stands around a [`NoSum`] that went into a longer text: no character, so that
/// no project holds it.
const NO_SUM: char = '\u{fffe}';

impl NoSum {
    /// The error of printing a text with one in it.
    pub(super) fn refuse(text: &str) -> Result<(), Error> {
        match text.split(NO_SUM).nth(1) {
            Some(text) => Err(Error::new(
                ErrorKind::InvalidOperation,
                format!("{NOT_AN_AMOUNT}{text}"),
            )),
            None => Ok(()),
        }
    }
}

const NOT_AN_AMOUNT: &str = "not an amount: ";

/// The text that a sum stumbled over, from its error.
pub(super) fn not_an_amount(detail: &str) -> Option<&str> {
    detail.strip_prefix(NOT_AN_AMOUNT)
}

/// A pair of boxes, the one that holds ticked.
fn checkbox(value: &Value, yes: Option<String>, no: Option<String>) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let is = |wanted: bool| match value.kind() {
        ValueKind::Bool if value.is_true() == wanted => '☑',
        _ => '□',
    };
    let (yes, no) = (
        yes.as_deref().unwrap_or("是"),
        no.as_deref().unwrap_or("否"),
    );
    Ok(Value::from(format!("{}{yes} {}{no}", is(true), is(false))))
}

/// What the vertical merges of a document saw last.
#[derive(Default)]
struct Merges {
    /// Key and row, by site and column of a loop of cells.
    last: BTreeMap<(usize, usize), (Value, usize)>,
    /// Rows so far, by table.
    rows: BTreeMap<usize, usize>,
}

/// A row of a table begins.
fn vmerge_row(state: &mut State, table: usize) {
    let merges = state.get_or_insert_extension(Merges::default());
    *merges.rows.entry(table).or_default() += 1;
}

/// Whether a vertical merge starts here: where the row above is not of this
/// group, because its key is another one, or because it has not this cell.
fn vmerge(
    state: &mut State,
    site: usize,
    key: &Value,
    table: usize,
    column: Option<usize>,
) -> Result<bool, Error> {
    if key.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let label = key.downcast_object_ref::<rows::Label>();
    let is_same = |last: &Value| match label {
        Some(label) => !label.first && last.as_str() == Some(label.key.as_str()),
        None => last == key,
    };
    let merges = state.get_or_insert_extension(Merges::default());
    let row = merges.rows.get(&table).copied().unwrap_or_default();
    let here = (site, column.unwrap_or_default());
    match merges.last.get_mut(&here) {
        Some((last, above)) if *above + 1 == row && is_same(last) => {
            *above = row;
            Ok(false)
        }
        _ => {
            let key = label.map_or_else(|| key.clone(), |label| Value::from(label.key.as_str()));
            merges.last.insert(here, (key, row));
            Ok(true)
        }
    }
}

/// The next row of a site starts a merge, whatever its key.
fn vmerge_anew(state: &mut State, site: usize) {
    let merges = state.get_or_insert_extension(Merges::default());
    merges.last.retain(|(known, _), _| *known != site);
}

/// The columns a cell spans, as `w:gridSpan` says it.
fn cell_span(value: &Value) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let columns = value.to_string().trim().parse::<u16>().ok();
    match columns.filter(|columns| (1..=MAX_COLUMNS).contains(columns)) {
        Some(columns) => Ok(Value::from(columns)),
        None => Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("{NO_SPAN}{value}"),
        )),
    }
}

/// Columns of a Word table.
const MAX_COLUMNS: u16 = 63;
const NO_SPAN: &str = "not a number of columns: ";
const NO_COLOUR: &str = "not a colour: ";

/// A cell's shade, as `w:fill` says it; none where the value is blank.
fn cell_shade(value: &Value) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if is_blank(value) {
        return Ok(Value::from("auto"));
    }
    let text = value.to_string();
    let digits = text.trim().trim_start_matches('#');
    let is_colour = digits.len() == 6 && digits.chars().all(|c| c.is_ascii_hexdigit());
    if is_colour || digits == "auto" {
        return Ok(Value::from(digits));
    }
    let detail = format!("{NO_COLOUR}{text}");
    Err(Error::new(ErrorKind::InvalidOperation, detail))
}

/// What is wrong with a value that [`cell_span`] or [`cell_shade`] refused, from
/// the error.
pub(super) fn not_for_a_cell(detail: &str) -> Option<String> {
    let span = detail.strip_prefix(NO_SPAN);
    let span = span.map(|text| format!("“{text}”不是列数：colspan 要 1 到 {MAX_COLUMNS} 的整数"));
    let colour = detail.strip_prefix(NO_COLOUR);
    span.or_else(|| {
        colour.map(|text| format!("“{text}”不是颜色：cellbg 要六位十六进制数，如 D9E2F3"))
    })
}

/// Arguments that Python takes by their order, too.
fn by_name(names: &[&str], args: Rest<Value>) -> Result<Kwargs, Error> {
    let mut args = args.0;
    let named = args.pop_if(|last| last.is_kwargs());
    if args.len() > names.len() {
        return Err(Error::from(ErrorKind::TooManyArguments));
    }
    let mut all: Vec<(String, Value)> = Vec::new();
    if let Some(named) = named {
        let named = Kwargs::try_from(named)?;
        for name in named.args() {
            all.push((name.to_owned(), named.get(name)?));
        }
    }
    let names = names.iter().map(|name| (*name).to_owned());
    all.extend(names.zip(args));
    Ok(Kwargs::from_iter(all))
}

/// A text in the middle of so many characters, 80 if it is not said.
fn center(value: &Value, width: Option<usize>) -> Result<String, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let width = width.unwrap_or(80).min(MAX_WIDTH);
    Ok(format!("{:^width$}", value.to_string()))
}

/// Widest text that `center` makes, in characters.
const MAX_WIDTH: usize = 1000;

/// A text without line breaks and tabs, for places that have no lines.
fn one_line(value: &Value) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    // What stands for markup is a character.
    let splits = |c: char| c.is_control() && !('\u{1}'..='\u{4}').contains(&c);
    let is_text = value.as_str().is_some_and(|text| text.contains(splits));
    Ok(match is_text {
        true => Value::from(
            value
                .to_string()
                .split(splits)
                .filter(|piece| !piece.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
        ),
        false => value.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: impl Into<Value>, decimals: Option<u32>, grouping: bool) -> String {
        let options = Kwargs::from_iter([("grouping", Value::from(grouping))]);
        let result = money(&value.into(), decimals, options).unwrap();
        if result.is_none() {
            "blank".into()
        } else {
            result.to_string()
        }
    }

    #[test]
    fn money_rounds_half_up_and_groups() {
        assert_eq!(shown("10891.615675", Some(2), false), "10891.62");
        assert_eq!(shown("0.125", Some(2), false), "0.13");
        assert_eq!(shown("-1234567.5", Some(2), true), "-1,234,567.50");
        assert_eq!(shown(28700, None, true), "28,700");
        assert_eq!(shown(235, Some(2), false), "235.00");
        assert_eq!(shown("105,476.39", Some(2), true), "105,476.39");
    }

    #[test]
    fn sums_are_decimal_and_leave_blanks_out() {
        let total = |items: Vec<Value>| {
            sum(
                &Value::from(items),
                Kwargs::from_iter::<[(&str, Value); 0]>([]),
            )
        };
        let amounts = ["0.10", "0.20", "1,000.30"].map(Value::from);
        assert_eq!(total(amounts.to_vec()).unwrap().to_string(), "1000.60");
        assert!(
            total(vec![Value::from(()), Value::from("")])
                .unwrap()
                .is_none()
        );
        let no_sum = total(vec![Value::from("50（含县市区）")]).unwrap();
        assert!(NoSum::refuse(&format!("{no_sum}万元")).is_err());
        assert!(NoSum::refuse("50").is_ok());
        let item = |text: &str| Value::from_pairs([("a", Value::from_pairs([("b", text)]))]);
        let items = Value::from(vec![item("1.5"), item("2")]);
        let by_path = Kwargs::from_iter([("attribute", Value::from("a.b"))]);
        assert_eq!(sum(&items, by_path).unwrap().to_string(), "3.5");
        let nested = Value::from(vec![Value::from_pairs([("a", items)])]);
        let through = |path: &str| Kwargs::from_iter([("attribute", Value::from(path))]);
        assert_eq!(sum(&nested, through("a.a.b")).unwrap().to_string(), "3.5");
        assert!(sum(&nested, through("a.a.x")).is_err());
        let stated = |total: Value| Value::from_pairs([("total", total), ("a", nested.clone())]);
        let units = Value::from(vec![stated(Value::from(())), stated(Value::from("10"))]);
        let options = [("attribute", "total"), ("blank", "a.a.a.b")];
        let options = options.map(|(name, path)| (name, Value::from(path)));
        assert_eq!(
            sum(&units, Kwargs::from_iter(options)).unwrap().to_string(),
            "13.5"
        );
    }

    #[test]
    fn boxes_are_ticked_by_truth() {
        let boxes = |value: Value| checkbox(&value, None, None).unwrap().to_string();
        assert_eq!(boxes(true.into()), "☑是 □否");
        assert_eq!(boxes(false.into()), "□是 ☑否");
        assert_eq!(boxes(().into()), "□是 □否");
    }

    #[test]
    fn money_leaves_blank_zero_and_text_apart() {
        assert_eq!(shown((), Some(2), true), "blank");
        assert_eq!(shown(0, None, false), "0");
        assert_eq!(shown("50（含县市区）", Some(2), true), "50（含县市区）");
        assert_eq!(shown("1.50", None, false), "1.50");
        assert_eq!(shown("1,235.50", None, false), "1,235.50");
        assert_eq!(shown("5,6", Some(2), true), "5,6");
    }
}
