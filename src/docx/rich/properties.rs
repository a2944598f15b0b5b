//! Properties of runs and paragraphs as lists of elements, so that some can be
//! laid over others in the schema's order.

use super::Additions;
use crate::diagnostic::Diagnostic;
use crate::docx::join::attribute;
use crate::docx::order::rank;
use crate::docx::outline::Outline;
use crate::merge::rich::{Paragraph, Run};

/// The children of a property element, by name.
#[derive(Clone, Default)]
pub(super) struct Properties {
    children: Vec<(String, String)>,
}

/// Names and texts of the children of the element that `xml` is.
pub(super) fn children_of(xml: &str) -> Vec<(String, String)> {
    let Ok(outline) = Outline::read(xml) else {
        return Vec::new();
    };
    if outline.elements.is_empty() {
        return Vec::new();
    }
    let children = outline.children(0);
    children
        .map(|child| {
            let name = outline.elements[child].name.to_owned();
            (name, outline.text_of(child).to_owned())
        })
        .collect()
}

impl Properties {
    pub(super) fn read(xml: &str) -> Self {
        Self {
            children: children_of(xml),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.children.iter().find(|(known, _)| known == name);
        found.map(|(_, xml)| xml.as_str())
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.children.retain(|(known, _)| known != name);
    }

    fn set(&mut self, name: &str, attributes: &str) {
        self.remove(name);
        let xml = format!("<{name}{attributes}/>");
        self.children.push((name.to_owned(), xml));
    }

    fn set_value(&mut self, name: &str, value: impl std::fmt::Display) {
        self.set(name, &format!(" w:val=\"{value}\""));
    }

    fn set_flag(&mut self, name: &str, flag: Option<bool>) {
        match flag {
            Some(true) => self.set(name, ""),
            Some(false) => self.set_value(name, 0),
            None => {}
        }
    }

    /// The element, or nothing if it would be empty.
    pub(super) fn to_xml(&self, parent: &str) -> String {
        if self.children.is_empty() {
            return String::new();
        }
        let mut children: Vec<&(String, String)> = self.children.iter().collect();
        children.sort_by_key(|(name, _)| rank(parent, name));
        let children: String = children.iter().map(|(_, xml)| xml.as_str()).collect();
        format!("<{parent}>{children}</{parent}>")
    }

    /// A run's own look over these.
    pub(super) fn with_run(
        &self,
        run: &Run,
        additions: &mut Additions<'_>,
    ) -> Result<Self, Diagnostic> {
        let mut own = self.clone();
        if let Some(style) = &run.style {
            own.set_value("w:rStyle", additions.styles().find("character", style)?);
        }
        own.set_flag("w:b", run.bold);
        own.set_flag("w:i", run.italic);
        own.set_flag("w:strike", run.strike);
        if let Some(kind) = run.underline {
            own.set_value("w:u", kind);
        }
        if let Some(color) = &run.color {
            own.set_value("w:color", color);
        }
        if let Some(color) = &run.shading {
            let fill = format!(" w:val=\"clear\" w:color=\"auto\" w:fill=\"{color}\"");
            own.set("w:shd", &fill);
        }
        if let Some(size) = run.half_points {
            own.set_value("w:sz", size);
            own.set_value("w:szCs", size);
        }
        if let Some(position) = run.vertical {
            own.set_value("w:vertAlign", position);
        }
        if run.east_asian.is_some() || run.latin.is_some() {
            own.set_fonts(run);
        }
        Ok(own)
    }

    fn set_fonts(&mut self, run: &Run) {
        let known = self.get("w:rFonts").unwrap_or_default();
        let mut fonts = String::new();
        for (name, theme, own) in [
            ("w:ascii", "w:asciiTheme", &run.latin),
            ("w:hAnsi", "w:hAnsiTheme", &run.latin),
            ("w:eastAsia", "w:eastAsiaTheme", &run.east_asian),
            ("w:cs", "w:cstheme", &None),
            ("w:hint", "", &None),
        ] {
            // A theme's face would win over one that is named.
            let kept = |name| attribute(known, name).map(|value| (name, value));
            let values = match own {
                Some(own) => vec![(name, own.clone())],
                None => [kept(name), kept(theme)].into_iter().flatten().collect(),
            };
            for (name, value) in values {
                let value = quick_xml::escape::escape(value);
                fonts.push_str(&format!(" {name}=\"{value}\""));
            }
        }
        self.set("w:rFonts", &fonts);
    }

    /// A paragraph's own look over these. One with a style has nothing else of
    /// its surroundings.
    pub(super) fn with_paragraph(
        &self,
        paragraph: &Paragraph,
        additions: &mut Additions<'_>,
    ) -> Result<Self, Diagnostic> {
        let mut own = match &paragraph.style {
            None => self.clone(),
            Some(style) => {
                let mut own = Self::default();
                own.set_value("w:pStyle", additions.styles().find("paragraph", style)?);
                own
            }
        };
        if let Some(align) = paragraph.align {
            own.set_value("w:jc", align);
        }
        Ok(own)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::docx::contents::Contents;
    use crate::docx::package::{Package, Parts};

    #[test]
    fn a_look_is_laid_over_what_is_there_in_the_schemas_order() {
        let base = "<w:rPr><w:rFonts w:asciiTheme=\"minorHAnsi\" w:eastAsia=\"仿宋\"/>\
                    <w:b/><w:sz w:val=\"32\"/><w:lang w:val=\"zh-CN\"/></w:rPr>";
        let run = Run {
            bold: Some(false),
            underline: Some("wave"),
            color: Some("C00000".into()),
            half_points: Some(21),
            latin: Some("A \"b\"".into()),
            ..Run::default()
        };
        let package = Package::new(&Parts::new()).unwrap();
        let mut additions = Additions::new(
            &package,
            &Contents::of_main("word/document.xml"),
            &BTreeMap::new(),
        );
        let own = Properties::read(base).with_run(&run, &mut additions);
        let own = own.unwrap();
        assert_eq!(
            own.to_xml("w:rPr"),
            "<w:rPr><w:rFonts w:ascii=\"A &quot;b&quot;\" w:hAnsi=\"A &quot;b&quot;\" \
             w:eastAsia=\"仿宋\"/><w:b w:val=\"0\"/><w:color w:val=\"C00000\"/>\
             <w:sz w:val=\"21\"/><w:szCs w:val=\"21\"/><w:u w:val=\"wave\"/>\
             <w:lang w:val=\"zh-CN\"/></w:rPr>"
        );
    }
}
