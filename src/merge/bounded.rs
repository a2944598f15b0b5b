//! Filters and methods of Jinja that can make a huge text or list in one step:
//! each is refused before it does.
//!
//! Knows nothing of what they do otherwise: that is minijinja's.

use minijinja::filters;
use minijinja::value::{Kwargs, Rest, StringInput, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State};

use super::MAX_OUTPUT;

/// Most items of a list that a filter fills up.
const MAX_ITEMS: usize = 100_000;

pub(super) fn register(env: &mut Environment<'static>) {
    env.add_filter("replace", replace);
    env.add_filter("format", format);
    env.add_filter("indent", indent);
    env.add_filter(
        "batch",
        |state: &mut State, list: Value, count: usize, fill: Option<Value>| {
            refuse_over(count, MAX_ITEMS)?;
            filters::batch(state, list, count, fill)
        },
    );
    env.add_filter(
        "slice",
        |state: &mut State, list: Value, count: usize, fill: Option<Value>| {
            refuse_over(count, MAX_ITEMS)?;
            filters::slice(state, list, count, fill)
        },
    );
}

fn refuse_over(size: usize, most: usize) -> Result<(), Error> {
    match size > most {
        true => Err(Error::new(ErrorKind::WriteFailure, "too large in one step")),
        false => Ok(()),
    }
}

/// Refuses texts that are too long with the separator between each two.
pub(super) fn length(items: impl Iterator<Item = usize>, separator: &str) -> Result<(), Error> {
    let length = items.fold(0_usize, |sum, item| {
        sum.saturating_add(item).saturating_add(separator.len())
    });
    refuse_over(length.saturating_sub(separator.len()), MAX_OUTPUT)
}

fn replaced(text: &str, from: &str, to: &str) -> Result<(), Error> {
    let added = text.matches(from).count().saturating_mul(to.len());
    refuse_over(text.len().saturating_add(added), MAX_OUTPUT)
}

fn replace(
    state: &mut State,
    text: StringInput<'_>,
    from: StringInput<'_>,
    to: StringInput<'_>,
) -> Result<Value, Error> {
    replaced(text.as_str(), from.as_str(), to.as_str())?;
    filters::replace(state, text, from, to)
}

fn indent(
    text: StringInput<'_>,
    width: Option<usize>,
    first: Option<bool>,
    blank: Option<bool>,
    options: Kwargs,
) -> Result<Value, Error> {
    let columns = width.or(options.get("width")?).unwrap_or(4);
    let added = (text.as_str().lines().count() + 1).saturating_mul(columns);
    refuse_over(text.as_str().len().saturating_add(added), MAX_OUTPUT)?;
    filters::indent(text, width, first, blank, options)
}

fn format(state: &mut State, pattern: &Value, values: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    widths(pattern.as_str().unwrap_or_default(), '%')?;
    filters::format(state, pattern, values)
}

/// Refuses a pattern of `%10.2f` or `{:>10}` whose fields are too wide.
fn widths(pattern: &str, opening: char) -> Result<(), Error> {
    let mut rest = pattern;
    let mut width = 0_usize;
    while let Some((_, field)) = rest.split_once(opening) {
        rest = field;
        if let Some(literal) = field.strip_prefix(opening) {
            rest = literal;
            continue;
        }
        // From the name of the value to the letter of the conversion.
        let spec = match opening {
            '{' => {
                let field = field.split('}').next().unwrap_or_default();
                field.split_once(':').map_or("", |(_, spec)| spec)
            }
            _ => {
                let named = field
                    .strip_prefix('(')
                    .and_then(|field| field.split_once(')'));
                let spec = named.map_or(field, |(_, spec)| spec);
                let end = spec.find(|c: char| !"#- +.0123456789".contains(c));
                &spec[..end.unwrap_or(spec.len())]
            }
        };
        for number in spec.split(|c: char| !c.is_ascii_digit()) {
            let number = match number {
                "" => 0,
                number => number.parse().unwrap_or(usize::MAX),
            };
            width = width.saturating_add(number);
        }
    }
    // A character that fills a field may have four bytes.
    refuse_over(width.saturating_mul(4), MAX_OUTPUT)
}

/// Methods of Python's texts and maps: `text.upper()`, `map.items()`.
pub(super) fn method(
    state: &mut State,
    value: &Value,
    name: &str,
    args: &[Value],
) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        match (name, args) {
            ("replace", [from, to, ..]) => {
                if let (Some(from), Some(to)) = (from.as_str(), to.as_str()) {
                    replaced(text, from, to)?;
                }
            }
            ("format", _) => widths(text, '{')?,
            ("join", [list]) if matches!(list.kind(), ValueKind::Seq | ValueKind::Iterable) => {
                let items = list.try_iter()?;
                length(items.map(|item| item.as_str().map_or(0, str::len)), text)?;
            }
            _ => {}
        }
    }
    minijinja_contrib::pycompat::unknown_method_callback(state, value, name, args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_told_from_digits_beside_them() {
        for (pattern, opening) in [
            ("430602198001011234 %s 100%%430602198001011234", '%'),
            ("%(430602198001011234)-10.2f430602198001011234x", '%'),
            ("{} 430602198001011234 {{430602198001011234}}", '{'),
            ("{430602198001011234:>10}430602198001011234", '{'),
        ] {
            assert!(widths(pattern, opening).is_ok(), "{pattern}");
        }
        for (pattern, opening) in [
            ("%0999999999d", '%'),
            ("%.999999999f", '%'),
            ("%(a)99999999999999999999999s", '%'),
            ("{:长>999999999}", '{'),
            ("{0:.999999999f}", '{'),
        ] {
            assert!(widths(pattern, opening).is_err(), "{pattern}");
        }
    }
}
