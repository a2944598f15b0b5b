//! `form.yaml`: what a form is called and where it comes from.

use serde::{Deserialize, Deserializer, Serialize};

/// What `form.yaml` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The document's title; a pattern over the project.
    pub title: String,
    /// The authority's territory, in full, such as `湖南省`.
    pub jurisdiction: String,
    /// The budget year the form was issued for.
    pub year: u16,
    /// The notice that the form implements.
    #[serde(default)]
    pub notice: Option<String>,
    /// The pack's version, as its author counts; in manifests.
    #[serde(default = "first", deserialize_with = "as_written")]
    pub version: String,
    /// File name of an artifact without its ending; a pattern over the project.
    pub file_name: String,
    /// Name of the sheet among the bookmarks of a bound volume; a pattern.
    #[serde(default)]
    pub bookmark: Option<String>,
    /// Dotted path of the field that names the document's authors.
    pub authors: String,
    /// Paper orientation.
    #[serde(default)]
    pub orientation: Orientation,
    /// How the page is laid out for binding.
    #[serde(default)]
    pub binding: Binding,
    /// Whether Word breaks pages where the PDF does, and a new page begins with
    /// the header rows and the merged labels again, in both.
    #[serde(default)]
    pub same_pages: bool,
}

fn first() -> String {
    "1".to_owned()
}

/// `2`, `2024.1` and `v2` are all good versions.
fn as_written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match serde_yaml::Value::deserialize(deserializer)? {
        serde_yaml::Value::String(text) => Ok(text),
        serde_yaml::Value::Number(number) => Ok(number.to_string()),
        _ => Err(serde::de::Error::custom("version 应为数字或文字")),
    }
}

/// Paper orientation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Orientation {
    /// 210 × 297 mm.
    #[default]
    Portrait,
    /// 297 × 210 mm.
    Landscape,
}

/// How the page is laid out for binding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Binding {
    /// GB/T 9704-2012: margins of clause 5.2.1, page numbers of clause 7.5.
    #[default]
    Gbt9704,
    /// Even margins, page number at the bottom centre.
    Plain,
}
