//! A number of a spreadsheet → the text that its cell shows.
//!
//! A cell holds `0.9` and shows `90%`; what prints has to be what the clerk
//! sees. Formats that show what cannot be told here (conditions, fractions,
//! times, a number cut to the column's width) are refused, never guessed. Two
//! things differ from the cell by intention: a value has no thousands commas,
//! which the form writes itself, and a date in the system's own short format
//! is `2024-12-31`.

use rust_decimal::{Decimal, RoundingStrategy};
use time::Date;

/// Most characters that the format `General` shows.
const GENERAL_WIDTH: usize = 11;
/// Julian day of 1899-12-30, from which spreadsheets count.
const EPOCH: i32 = 2_415_019;
/// Days from there to 1904-01-01, where some workbooks begin.
const EPOCH_1904: f64 = 1462.0;
/// The first day that every spreadsheet numbers alike: 1900-03-01.
const FIRST_DAY: f64 = 61.0;
/// The day after 9999-12-31.
const LAST_DAY: f64 = 2_958_466.0;

/// A cell's number format, as the workbook writes it.
pub(super) struct NumberFormat<'a> {
    pub(super) code: &'a str,
    pub(super) id: u32,
    pub(super) is_1904: bool,
}

/// The text that a cell shows; `None` if that cannot be told.
pub(super) fn shown(value: f64, format: &NumberFormat<'_>) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    // Ids that each system shows in its own way; the dates are China's.
    let code = match (format.id, format.code) {
        (14, "mm-dd-yy") => "yyyy-mm-dd",
        (27 | 57, "General") => "yyyy\"年\"m\"月\"",
        (28 | 29 | 58, "General") => "m\"月\"d\"日\"",
        (31, "General") => "yyyy\"年\"m\"月\"d\"日\"",
        // The workbook does not say: currencies, times and the like.
        (1..=163, "General") => return None,
        (42 | 44, code) if code.contains('$') => return None,
        (_, code) => code,
    };
    let sections = sections(code);
    let (section, sign) = match (value, sections.len()) {
        (0.0, 3..) => (sections[2], ""),
        (v, 2..) if v < 0.0 => (sections[1], ""),
        (v, _) if v < 0.0 => (sections[0], "-"),
        _ => (sections[0], ""),
    };
    let section = Section::parse(section)?;
    let text = if section.is_date() {
        let days = if format.is_1904 { EPOCH_1904 } else { 0.0 };
        section.date(value + days)?
    } else {
        let number = decimal(value.abs())?;
        let text = section.number(number)?;
        // A negative number that shows as 0: programs differ.
        if !sign.is_empty() && !text.contains(|c: char| ('1'..='9').contains(&c)) {
            return None;
        }
        format!("{sign}{text}")
    };
    // A cell that hides its value: only the clerk knows what is meant.
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The number as spreadsheets know it: to fifteen digits. One with more digits
/// before the point, such as that of an identity card, has lost its last ones.
fn decimal(value: f64) -> Option<Decimal> {
    if value >= 1e15 || (value != 0.0 && value < 1e-12) {
        return None;
    }
    Some(
        Decimal::from_scientific(&format!("{value:.14e}"))
            .ok()?
            .normalize(),
    )
}

/// As the format `General` shows it in a column that is wide enough.
fn general(value: Decimal) -> Option<String> {
    let text = value.normalize().to_string();
    let is_tiny = !value.is_zero() && value < Decimal::new(1, 4);
    (text.len() <= GENERAL_WIDTH && !is_tiny).then_some(text)
}

/// The parts of a format for positive numbers, negative ones, zero and text.
fn sections(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let (mut in_quotes, mut is_escaped) = (false, false);
    for (at, c) in code.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '"' => in_quotes = !in_quotes,
            _ if in_quotes => {}
            '\\' | '_' | '*' => is_escaped = true,
            ';' => {
                found.push(&code[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&code[start..]);
    found
}

/// One part of a format.
#[derive(Debug, PartialEq)]
enum Token {
    Literal(String),
    /// `General`, or `@` for a number.
    General,
    /// `0`, `#` or `?`.
    Digit(char),
    Point,
    Percent,
    /// Year, month or day, and how many letters it has.
    Date(char, usize),
}

struct Section(Vec<Token>);

impl Section {
    fn parse(code: &str) -> Option<Self> {
        let mut tokens: Vec<Token> = Vec::new();
        let mut rest = code.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '"' => {
                    let literal: String = rest.by_ref().take_while(|c| *c != '"').collect();
                    tokens.push(Token::Literal(literal));
                }
                '\\' => tokens.push(Token::Literal(rest.next()?.to_string())),
                // A blank as wide as the next character; the next character
                // repeated to fill the cell: nothing of the value.
                '_' | '*' => drop(rest.next()),
                '[' => {
                    let inside: String = rest.by_ref().take_while(|c| *c != ']').collect();
                    tokens.extend(bracketed(&inside)?);
                }
                '0' | '#' | '?' => tokens.push(Token::Digit(c)),
                '.' if is_number(&tokens) || matches!(rest.peek(), Some('0' | '#' | '?')) => {
                    tokens.push(Token::Point)
                }
                // Between digits it groups; at their end it divides by 1000.
                ',' if matches!(tokens.last(), Some(Token::Digit(_))) => {
                    matches!(rest.peek(), Some('0' | '#' | '?')).then_some(())?
                }
                '%' => tokens.push(Token::Percent),
                '@' => tokens.push(Token::General),
                'y' | 'Y' | 'm' | 'M' | 'd' | 'D' => {
                    let letter = c.to_ascii_lowercase();
                    match tokens.last_mut() {
                        Some(Token::Date(known, count)) if *known == letter => *count += 1,
                        _ => tokens.push(Token::Date(letter, 1)),
                    }
                }
                'G' | 'g' => {
                    let word: String = rest.by_ref().take("eneral".len()).collect();
                    word.eq_ignore_ascii_case("eneral").then_some(())?;
                    tokens.push(Token::General);
                }
                c if c.is_ascii_alphanumeric() => return None,
                c => tokens.push(Token::Literal(c.to_string())),
            }
        }
        let section = Self(tokens);
        section.is_plain().then_some(section)
    }

    fn is_date(&self) -> bool {
        self.0.iter().any(|token| matches!(token, Token::Date(..)))
    }

    /// Whether it is one number, one date or only words.
    fn is_plain(&self) -> bool {
        let part = |token: &Token| matches!(token, Token::Digit(_) | Token::Point);
        let first = self.0.iter().position(part);
        let last = self.0.iter().rposition(part);
        let number = match (first, last) {
            (Some(first), Some(last)) => &self.0[first..=last],
            _ => &[],
        };
        let count = |wanted: Token| self.0.iter().filter(|token| **token == wanted).count();
        let points = count(Token::Point);
        let generals = count(Token::General);
        let has_slash = self.0.contains(&Token::Literal("/".into()));
        let is_number = !number.is_empty();
        number.iter().all(part)
            && points <= 1
            && count(Token::Percent) <= 1
            && usize::from(is_number) + generals + usize::from(self.is_date()) <= 1
            && !(is_number && has_slash)
            && (generals == 0 || count(Token::Percent) == 0)
    }

    fn number(&self, value: Decimal) -> Option<String> {
        let percent = self.0.contains(&Token::Percent);
        let value = match percent {
            true => value.checked_mul(Decimal::ONE_HUNDRED)?,
            false => value,
        };
        let digits: Vec<char> = self.0.iter().filter_map(digit).collect();
        let point = self.0.iter().position(|token| *token == Token::Point);
        let decimals = point.map_or(0, |at| self.0[at..].iter().filter_map(digit).count());
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        let mut number = Some(written(value, whole, fraction, point.is_some())?);
        let mut text = String::new();
        for token in &self.0 {
            match token {
                Token::Literal(literal) => text.push_str(literal),
                Token::Percent => text.push('%'),
                Token::General => text.push_str(&general(value)?),
                Token::Digit(_) | Token::Point => text.extend(number.take()),
                Token::Date(..) => return None,
            }
        }
        Some(text)
    }

    fn date(&self, serial: f64) -> Option<String> {
        if !(FIRST_DAY..LAST_DAY).contains(&serial) {
            return None;
        }
        let date = Date::from_julian_day(EPOCH + serial.floor() as i32).ok()?;
        let (year, month, day) = date.to_calendar_date();
        let month = u8::from(month);
        let mut text = String::new();
        for token in &self.0 {
            match token {
                Token::Literal(literal) => text.push_str(literal),
                Token::Date('y', 1 | 2) => text.push_str(&format!("{:02}", year % 100)),
                Token::Date('y', 3 | 4) => text.push_str(&format!("{year:04}")),
                Token::Date('m', 1) => text.push_str(&month.to_string()),
                Token::Date('m', 2) => text.push_str(&format!("{month:02}")),
                Token::Date('d', 1) => text.push_str(&day.to_string()),
                Token::Date('d', 2) => text.push_str(&format!("{day:02}")),
                _ => return None,
            }
        }
        Some(text)
    }
}

fn digit(token: &Token) -> Option<char> {
    match token {
        Token::Digit(c) => Some(*c),
        _ => None,
    }
}

fn is_number(tokens: &[Token]) -> bool {
    matches!(tokens.last(), Some(Token::Digit(_)))
}

/// What stands in square brackets: a colour says nothing, a currency its sign.
fn bracketed(inside: &str) -> Option<Option<Token>> {
    const COLOURS: [&str; 9] = [
        "black", "blue", "cyan", "green", "magenta", "red", "white", "yellow", "color",
    ];
    if let Some(currency) = inside.strip_prefix('$') {
        let (sign, locale) = currency.split_once('-').unwrap_or((currency, ""));
        // The locale's high bits ask for other digits or another calendar.
        let plain = locale.is_empty() || locale.len() <= 4;
        return plain.then(|| (!sign.is_empty()).then(|| Token::Literal(sign.to_owned())));
    }
    let lower = inside.to_lowercase();
    let name = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_colour = COLOURS.contains(&name) || name.ends_with('色');
    is_colour.then_some(None)
}

/// Digits to their placeholders: `0` always stands, `#` and `?` only if needed.
fn written(value: Decimal, whole: &[char], fraction: &[char], point: bool) -> Option<String> {
    let places = u32::try_from(fraction.len()).ok()?;
    let rounded = value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    let text = rounded.normalize().to_string();
    let (left, right) = text.split_once('.').unwrap_or((&text, ""));
    let left = if left == "0" { "" } else { left };
    let least = whole.iter().filter(|c| **c == '0').count();
    let always = fraction
        .iter()
        .rposition(|c| *c == '0')
        .map_or(0, |at| at + 1);
    let mut text = format!("{left:0>least$}");
    if point {
        text.push('.');
        text.push_str(&format!("{right:0<always$}"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(value: f64, code: &str) -> Option<String> {
        let format = NumberFormat {
            code,
            id: 200,
            is_1904: false,
        };
        shown(value, &format)
    }

    #[test]
    fn numbers_read_as_their_cells_show_them() {
        for (value, code, text) in [
            (500.0, "General", "500"),
            (0.1 + 0.2, "General", "0.3"),
            (-12.5, "General", "-12.5"),
            (99_999_999_999.0, "General", "99999999999"),
            (235.5, "0.00", "235.50"),
            (1280.5, "#,##0.00", "1280.50"),
            (1_234_567.0, "#,##0", "1234567"),
            (0.0, "#,##0", "0"),
            (0.9, "0%", "90%"),
            (0.905, "0.0%", "90.5%"),
            (1.005, "0.00", "1.01"),
            (2.5, "0", "3"),
            (7.0, "000", "007"),
            (0.5, "#.##", ".5"),
            (1.5, "0.0#", "1.5"),
            (12.5, "0.00\"万元\"", "12.50万元"),
            (12.0, "[$¥-804]#,##0", "¥12"),
            (-3.0, "0_ ;[Red]\\-0\\ ", "-3"),
            (-3.0, "0;(0)", "(3)"),
            (
                0.0,
                "_ * #,##0.00_ ;_ * \\-#,##0.00_ ;_ * \"-\"??_ ;_ @_ ",
                "-",
            ),
            (
                1280.0,
                "_ * #,##0.00_ ;_ * \\-#,##0.00_ ;_ * \"-\"??_ ;_ @_ ",
                "1280.00",
            ),
            (5.0, "@", "5"),
            (123_456_789_012_345.0, "0", "123456789012345"),
            (45657.0, "yyyy-mm-dd", "2024-12-31"),
            (45657.75, "yyyy/m/d;@", "2024/12/31"),
            (45657.0, "yyyy\"年\"m\"月\"d\"日\";@", "2024年12月31日"),
            (45657.0, "[$-804]yyyy\"年\"m\"月\"", "2024年12月"),
        ] {
            assert_eq!(cell(value, code).as_deref(), Some(text), "{value} {code}");
        }
        let short = NumberFormat {
            code: "mm-dd-yy",
            id: 14,
            is_1904: false,
        };
        assert_eq!(shown(45657.0, &short).unwrap(), "2024-12-31");
        let by_id = |id| {
            let code = "General";
            let format = NumberFormat {
                code,
                id,
                is_1904: false,
            };
            shown(45657.0, &format)
        };
        assert_eq!(by_id(31).unwrap(), "2024年12月31日");
        assert_eq!((by_id(7), by_id(32)), (None, None));
        let mac = NumberFormat {
            is_1904: true,
            ..short
        };
        assert_eq!(shown(45657.0 - 1462.0, &mac).unwrap(), "2024-12-31");
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        for (value, code) in [
            (1.0 / 3.0, "General"),
            (123_456_789_012.0, "General"),
            (0.00001, "General"),
            (1e300, "0"),
            (430_102_199_001_011_234.0, "0"),
            (1200.0, "0.00E+00"),
            (0.5, "# ?/?"),
            (1200.0, "0,"),
            (1200.0, "#,##0,\"千\""),
            (5.0, "[>100]0;0.0"),
            (5.0, "[DBNum1]General"),
            (5.0, "[DBNum1][$-804]0"),
            (13_912_345_678.0, "000-0000-0000"),
            (45657.5, "yyyy-m-d h:mm"),
            (45657.0, "mmm-yy"),
            (45657.0, "dddd"),
            (45657.0, "[$-30804]yyyy-m-d"),
            (20.0, "yyyy-mm-dd"),
            (-1.0, "yyyy-mm-dd"),
            (-0.4, "0"),
            (0.0, "0;-0;;@"),
            (5.0, ";;;"),
            (f64::NAN, "0"),
        ] {
            assert_eq!(cell(value, code), None, "{value} {code}");
        }
    }
}
