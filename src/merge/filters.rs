//! The filters both outputs have, beside minijinja's own.
//!
//! | filter | gives |
//! | --- | --- |
//! | `money`, `money(2)`, `money(2, grouping=true)` | an amount; blank and text stay as written |
//! | `blank("—")` | the value, or these words where it is blank |
//! | `join`, `join("、")` | a list as one text; blanks are left out |
//! | `rows` | the indicator tree as rows, see [`super::rows`] |
//! | `code` | a Typst expression for code position |
//!
//! and the function `vmerge(site, key)`, which the Word engine writes for
//! `{% vm key %}`: whether a vertical merge starts in this row.

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State};
use rust_decimal::{Decimal, RoundingStrategy};

use super::{escape, rows};

/// What a template may be meant to say when it names an unknown filter.
pub(super) const NAMES: [&str; 24] = [
    "money", "blank", "join", "rows", "code", "length", "first", "last", "default", "upper",
    "lower", "trim", "replace", "list", "map", "select", "reject", "sort", "round", "abs", "items",
    "sum", "reverse", "split",
];

pub(super) fn register(env: &mut Environment<'static>) {
    // Data is never code: nothing may declare a value safe.
    env.remove_filter("safe");
    env.add_filter("money", money);
    env.add_filter("blank", blank);
    env.add_filter("join", join);
    env.add_filter("rows", |tree: &Value| rows::rows(tree));
    env.add_filter("code", |state: &mut State, value: &Value| {
        escape::code(state, value)
    });
    env.add_function("vmerge", vmerge);
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
    let is_blank = value.is_none() || value.as_str().is_some_and(|text| text.trim().is_empty());
    Ok(if is_blank {
        instead.unwrap_or_else(|| Value::from(()))
    } else {
        value.clone()
    })
}

/// A list as one text; anything but a list stays as it is.
fn join(value: &Value, separator: Option<String>) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return Ok(value.clone());
    }
    let items: Vec<String> = value
        .try_iter()?
        .filter(|item| !item.is_none())
        .map(|item| item.to_string())
        .filter(|text| !text.is_empty())
        .collect();
    Ok(Value::from(
        items.join(separator.as_deref().unwrap_or("、")),
    ))
}

/// The keys that the merges of a document saw last, by site.
#[derive(Default)]
struct LastKeys(Vec<Option<Value>>);

/// Whether a vertical merge starts here: at the first row of a group, or for a
/// plain key, where it differs from the row before.
fn vmerge(
    state: &mut State,
    site: usize,
    key: &Value,
    starts: Option<bool>,
) -> Result<bool, Error> {
    if key.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if let Some(label) = key.downcast_object_ref::<rows::Label>() {
        return Ok(label.first);
    }
    let last = &mut state.get_or_insert_extension(LastKeys::default()).0;
    if last.len() <= site {
        last.resize(site + 1, None);
    }
    let changed = starts.unwrap_or(false) || last[site].as_ref() != Some(key);
    last[site] = Some(key.clone());
    Ok(changed)
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
    fn money_leaves_blank_zero_and_text_apart() {
        assert_eq!(shown((), Some(2), true), "blank");
        assert_eq!(shown(0, None, false), "0");
        assert_eq!(shown("50（含县市区）", Some(2), true), "50（含县市区）");
        assert_eq!(shown("1.50", None, false), "1.50");
        assert_eq!(shown("1,235.50", None, false), "1,235.50");
        assert_eq!(shown("5,6", Some(2), true), "5,6");
    }
}
