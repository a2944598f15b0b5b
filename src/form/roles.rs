//! Font roles: what a form asks for (仿宋, 黑体, …) and the faces that serve.
//!
//! `templates/fonts/roles.yaml` names for each role the official face that a
//! Word file asks for and the chain of faces a PDF takes, first match first.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// All roles, in the order of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Roles(pub Vec<Role>);

/// One role.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The name templates use, such as `body`.
    pub id: String,
    /// The name people use, such as `仿宋`.
    pub name: String,
    /// The official face, as Word and WPS name it.
    pub word: String,
    /// The face Word takes for Latin letters and digits.
    pub word_latin: String,
    /// OpenType weight, 100 to 900.
    #[serde(default = "regular")]
    pub weight: u16,
    /// The chain for PDF.
    pub faces: Vec<Face>,
}

/// One face of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Face {
    /// Family name.
    pub name: String,
    /// `latin-in-cjk` keeps a Latin face away from Chinese punctuation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<String>,
    /// Whether this is the face that the standard names.
    #[serde(default, skip_serializing)]
    pub official: bool,
}

fn regular() -> u16 {
    400
}

impl Roles {
    /// Reads `roles.yaml`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        serde_yaml::from_str(text)
            .map_err(|error| Error::Usage(format!("templates/fonts/roles.yaml 有误：{error}")))
    }

    /// The role with this id.
    pub fn get(&self, id: &str) -> Option<&Role> {
        self.0.iter().find(|role| role.id == id)
    }
}

impl Role {
    /// The faces of the chain that `has` knows, first match first.
    pub fn present<'a>(
        &'a self,
        has: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Face> {
        self.faces.iter().filter(move |face| has(&face.name))
    }

    /// The face that Chinese text of this role takes.
    pub fn resolve(&self, has: impl Fn(&str) -> bool) -> Option<&Face> {
        self.faces
            .iter()
            .find(|face| face.covers.is_none() && has(&face.name))
    }
}
