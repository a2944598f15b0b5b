//! What the check of a form asks of a Word template: its tags, what it says
//! with other values, and which of its rows a row of the file comes from.

use minijinja::Environment;
use minijinja::value::Value;

use super::outline::{Kind, Outline};
use super::prepare::{Content, prepare};
use super::{Template, pages, settled};
use crate::merge;
use crate::pdf::TablePages;

/// The attribute in which [`Template::with_row_spots`] writes a row's place,
/// in the words of diagnostics: `表1 行3`.
pub(crate) const ROW_SPOT: &str = "tianbao-row";

impl Template {
    /// The parts that hold tags, each with the places and words of its tags.
    pub(crate) fn tags(&self) -> impl Iterator<Item = (&str, Vec<(&str, &str)>)> {
        self.merged.iter().map(|part| {
            let tags = part
                .places
                .iter()
                .map(|tag| (tag.spot.as_str(), tag.written.as_str()));
            (part.name.as_str(), tags.collect())
        })
    }

    /// All merged parts; none where one cannot be merged.
    pub(crate) fn merged_text(&self, env: &Environment<'_>, context: &Value) -> Option<String> {
        let mut text = String::new();
        for part in &self.merged {
            text.push_str(&merge::merge(env, &part.name, context.clone()).ok()?.text);
        }
        Some(text)
    }

    /// The merged main part in which each row bears its place in the template.
    pub(crate) fn with_row_spots(
        &self,
        env: &Environment<'static>,
        context: &Value,
        pages: Option<&[TablePages]>,
    ) -> Option<String> {
        let main = self.contents.main.as_str();
        let marked = with_row_spots(&self.package.part(main)?)?;
        let prepared = prepare(&self.file, main, &marked, Content::Paragraphs, env);
        let prepared = prepared.ok()?;
        let Some((source, _)) = prepared.template else {
            return Some(marked);
        };
        let mut env = env.clone();
        env.add_template_owned(main.to_owned(), source).ok()?;
        let merged = merge::merge(&env, main, context.clone()).ok()?.text;
        let merged = settled(merged, prepared.has_columns, prepared.may_empty).ok()?;
        match pages {
            Some(pages) => pages::set(&merged, pages).ok(),
            None => Some(merged),
        }
    }
}

fn with_row_spots(xml: &str) -> Option<String> {
    let xml = xml.trim_start_matches('\u{feff}');
    let outline = Outline::read(xml).ok()?;
    let mut marked = String::with_capacity(xml.len() * 2);
    for (index, token) in outline.tokens.iter().enumerate() {
        let raw = outline.raw(index);
        let row = token.element.filter(|element| {
            token.kind == Kind::Start && outline.elements[*element].name == "w:tr"
        });
        match (row, raw.strip_prefix("<w:tr")) {
            (Some(row), Some(rest)) => {
                let spot = outline.spot(Some(row));
                marked.push_str(&format!("<w:tr {ROW_SPOT}=\"{spot}\"{rest}"));
            }
            _ => marked.push_str(raw),
        }
    }
    Some(marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_bear_their_place() {
        let xml = "<w:tbl><w:tr a=\"1\"><w:trPr/></w:tr><w:tr><w:tc/></w:tr></w:tbl>";
        assert_eq!(
            with_row_spots(xml).unwrap(),
            "<w:tbl><w:tr tianbao-row=\"表1 行1\" a=\"1\"><w:trPr/></w:tr>\
             <w:tr tianbao-row=\"表1 行2\"><w:tc/></w:tr></w:tbl>"
        );
    }
}
