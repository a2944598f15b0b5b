//! Data + template → merged text, through one minijinja environment for both
//! outputs.
//!
//! How a value is written depends on the template's name alone, so that no
//! template can switch it off: into Typst (`.typ`) as a slot that refers to the
//! value, never as source; into Word parts (`.xml`) as escaped text; into
//! patterns such as a file name as plain text. Undefined names are errors.
//! Knows nothing of Typst documents or Word packages.

mod bounded;
mod context;
mod escape;
mod explain;
mod filters;
mod lines;
pub(crate) mod names;
pub(crate) mod rich;
mod rows;
pub(crate) mod tags;
mod typst;
mod written;

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

pub(crate) use context::{context, reckonable_context};
pub(crate) use escape::{Slots, coded};
pub(crate) use explain::{Pointed, explain, names_in, undefined};
pub(crate) use lines::{mark_lines, take_marks};
use rich::{Inserts, What};
pub(crate) use typst::{typst_flaws, typst_problem};

/// Steps a template may take: a form of 1,000 rows needs about 200,000.
const FUEL: u64 = 20_000_000;
/// Deepest nesting of macros and calls.
const RECURSION: usize = 64;
/// Most bytes a merged text and its values may have.
pub(crate) const MAX_OUTPUT: usize = 64 << 20;

/// The environment that all templates of a form share; `attributes` are those
/// that its schema gives indicators and their groups.
pub(crate) fn environment(attributes: &[String]) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(RECURSION);
    env.set_debug(true);
    env.set_syntax(syntax());
    env.set_auto_escape_callback(|name| match name {
        name if name.ends_with(".typ") => AutoEscape::Custom("typst".into()),
        name if name.ends_with(".xml") => AutoEscape::Custom("word".into()),
        _ => AutoEscape::None,
    });
    env.set_formatter(escape::format);
    // `text.upper()`, `map.items()`: what templates for Jinja in Python say.
    env.set_unknown_method_callback(bounded::method);
    // It would print all data.
    env.remove_global("debug");
    filters::register(&mut env, rows::Attributes::with(attributes));
    bounded::register(&mut env);
    env
}

/// A line that holds only a statement leaves no line behind.
fn syntax() -> SyntaxConfig {
    let mut builder = SyntaxConfig::builder();
    builder
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true);
    builder
        .build()
        .unwrap_or_else(|_| unreachable!("delimiters are the default ones"))
}

/// A merged text and the values it refers to.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) text: String,
    pub(crate) slots: Slots,
    /// What the markers in a Word part stand for, by their numbers.
    pub(crate) inserts: Vec<What>,
}

/// Merges the template of this name.
pub(crate) fn merge(env: &Environment<'_>, name: &str, context: Value) -> Result<Merged, Error> {
    let template = env.get_template(name)?;
    let mut output = Bounded {
        text: Vec::with_capacity(template.source().len() * 2),
        coded: name.ends_with(".xml"),
    };
    let mut captured = template.render_captured_to(context, &mut output)?;
    let (slots, inserts) = captured.with_state_mut(|state| {
        let slots = state.get_extension_mut::<Slots>().map(std::mem::take);
        let inserts = state.get_extension_mut::<Inserts>().map(std::mem::take);
        (slots.unwrap_or_default(), inserts.unwrap_or_default().0)
    });
    drop(captured);
    let text = String::from_utf8(output.text)
        .map_err(|_| Error::new(ErrorKind::WriteFailure, "merged text is not UTF-8"))?;
    Ok(Merged {
        text,
        slots,
        inserts,
    })
}

/// Merges a pattern of a manifest, such as a file name.
pub(crate) fn pattern(
    env: &Environment<'_>,
    pattern: &str,
    context: &Value,
) -> Result<String, Error> {
    env.render_named_str("pattern", pattern, context.clone())
}

/// A writer that stops at [`MAX_OUTPUT`].
struct Bounded {
    text: Vec<u8>,
    /// Whether [`escape::CODED`] is written out.
    coded: bool,
}

impl Bounded {
    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.text.len() + bytes.len() > MAX_OUTPUT {
            return Err(io::Error::other("output too large"));
        }
        self.text.extend_from_slice(bytes);
        Ok(())
    }
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_coded = |byte: &u8| usize::from(byte.wrapping_sub(1)) < escape::CODED.len();
        // Most pieces hold none, and this goes over many bytes at once.
        let holds = |some: &[u8]| {
            some.iter()
                .fold(false, |found, byte| found | is_coded(byte))
        };
        if !self.coded || !bytes.chunks(256).any(holds) {
            self.push(bytes)?;
            return Ok(bytes.len());
        }
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(is_coded) {
            self.push(&rest[..at])?;
            self.push(escape::CODED[usize::from(rest[at]) - 1].as_bytes())?;
            rest = &rest[at + 1..];
        }
        self.push(rest)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    fn render(name: &'static str, source: &'static str, context: Value) -> Result<Merged, Error> {
        let mut env = environment(&[]);
        env.add_template(name, source)?;
        merge(&env, name, context)
    }

    #[test]
    fn values_never_enter_typst_source() {
        let hostile = "]#panic()\" + x";
        let source = "[{{ x }}] {{ x | code }} {{ 1 + 1 }} {% set y %}<{{ x }}>{% endset %}{{ y }}{{ x ~ y }}";
        let merged = render("form.typ", source, context!(x => hostile)).unwrap();
        assert_eq!(
            merged.text,
            "[#_v.at(0);] _v.at(1) 2 <#_v.at(2);>#_v.at(3);"
        );
        assert!(merged.slots.to_json().contains("panic"));
        let merged = render(
            "form.typ",
            "{{ x }} {{ -5 }} {{ true }}",
            context!(x => "-5"),
        )
        .unwrap();
        assert_eq!(merged.text, "#_v.at(0); #_v.at(1); #_v.at(2);");
        assert_eq!(merged.slots.to_json(), r#"["-5","-5","是"]"#);
    }

    #[test]
    fn switching_autoescape_off_changes_nothing() {
        let source = "{% autoescape false %}{{ x }}{% endautoescape %}";
        let merged = render("form.typ", source, context!(x => "#x")).unwrap();
        assert_eq!(merged.text, "#_v.at(0);");
        let merged = render("word/document.xml", source, context!(x => "<w:p/>")).unwrap();
        assert_eq!(merged.text, "&lt;w:p/&gt;");
        assert!(render("form.typ", "{{ x | safe }}", context!(x => "#x")).is_err());
    }

    #[test]
    fn word_values_are_escaped_and_break_lines() {
        let merged = render("word/document.xml", "{{ x }}", context!(x => "a&\n<b>\"")).unwrap();
        assert_eq!(
            merged.text,
            "a&amp;</w:t><w:br/><w:t xml:space=\"preserve\">&lt;b&gt;&quot;"
        );
    }

    #[test]
    fn undefined_names_are_errors_and_blanks_print_nothing() {
        assert_eq!(
            render("form.typ", "{{ x }}", context!())
                .unwrap_err()
                .kind(),
            ErrorKind::UndefinedError
        );
        let merged = render("form.typ", "[{{ x }}]", context!(x => ())).unwrap();
        assert_eq!(merged.text, "[]");
    }

    #[test]
    fn loops_and_output_are_bounded() {
        let endless =
            "{% for a in range(9999) %}{% for b in range(9999) %}.{% endfor %}{% endfor %}";
        assert!(render("form.typ", endless, context!()).is_err());
        let large = "{% for a in range(9999) %}{{ x }}{% endfor %}";
        assert!(render("a.xml", large, context!(x => "长".repeat(5000))).is_err());
        assert!(render("a.typ", large, context!(x => "长".repeat(5000))).is_err());
    }

    fn rich(yaml: &str) -> Value {
        let source = crate::source::Source::new("a.yaml", yaml);
        let node = crate::project::parse_yaml(&source).unwrap();
        reckonable_context(&node, None).unwrap()
    }

    #[test]
    fn rich_values_leave_marks_in_word_and_are_text_elsewhere() {
        let data = "x: {$text: [甲, {text: '<b>', bold: true}]}\ny: {$break: page}";
        let source = "{{ x }}{{ x | upper }}{{ x ~ 1 }}{% set z %}{{ y }}{% endset %}{{ z }}";
        let merged = render("a.xml", source, rich(data)).unwrap();
        assert_eq!(
            merged.text,
            "\u{ffff}0\u{ffff}甲&lt;B&gt;甲&lt;b&gt;1\u{ffff}1\u{ffff}"
        );
        assert_eq!(merged.inserts.len(), 2);
        let merged = render("a.typ", "{{ x }}", rich(data)).unwrap();
        assert_eq!(merged.slots.to_json(), "[\"甲<b>\"]");
        let error = render("a.typ", "{{ y }}", rich(data)).unwrap_err();
        assert_eq!(
            explain(&error, None, &[]).message,
            "分页只能打印在 Word 模板里"
        );
    }

    #[test]
    fn what_xml_forbids_is_left_out_of_text() {
        let text = r#"x: "a\r\nb\rc\td\0\e\uFFFE\uFFFF0\uFFFFe\af\f""#;
        let merged = render("a.xml", "{{ x }}", rich(text)).unwrap();
        let again = "<w:t xml:space=\"preserve\">";
        let expected = format!(
            "a</w:t><w:br/>{again}b</w:t><w:br/>{again}c</w:t><w:tab/>{again}d0e\
             \u{ffff}0\u{ffff}f\u{ffff}1\u{ffff}"
        );
        assert_eq!(merged.text, expected);
        let merged = render("a.xml", r#"{{ "a\u000e\uffff0\uffff" }}"#, context!()).unwrap();
        assert_eq!(merged.text, "a0");
    }
}
