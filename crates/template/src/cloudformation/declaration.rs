//! What a template declares about parameters and resources.

use serde::{Deserialize, Serialize};

/// A parameter as the template declares it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParameterDeclaration {
    /// Its name.
    pub key: String,
    /// Its `Type`, such as `String` or `AWS::SSM::Parameter::Value<String>`.
    pub kind: String,
    /// What it is where nothing is given.
    pub default: Option<String>,
    /// Whether its value is shown as `****`.
    pub no_echo: bool,
    /// What it is for.
    pub description: Option<String>,
    /// What is said when a constraint is not met.
    pub constraint_description: Option<String>,
    /// The only values that it may have; empty where any will do.
    pub allowed_values: Vec<String>,
    /// A regular expression that the whole value must match.
    pub allowed_pattern: Option<String>,
    /// The fewest characters of a `String`.
    pub min_length: Option<u64>,
    /// The most characters of a `String`.
    pub max_length: Option<u64>,
    /// The least value of a `Number`.
    pub min_value: Option<f64>,
    /// The greatest value of a `Number`.
    pub max_value: Option<f64>,
}

/// What becomes of a resource when it leaves the stack, or is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DeletionPolicy {
    /// It is deleted.
    #[default]
    Delete,
    /// It stays.
    Retain,
    /// It stays, unless the operation that made it is rolled back.
    RetainExceptOnCreate,
    /// A snapshot is made, then it is deleted.
    Snapshot,
}

impl DeletionPolicy {
    /// Reads a policy's name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "Delete" => Self::Delete,
            "Retain" => Self::Retain,
            "RetainExceptOnCreate" => Self::RetainExceptOnCreate,
            "Snapshot" => Self::Snapshot,
            _ => return None,
        })
    }

    /// Its name in templates.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Retain => "Retain",
            Self::RetainExceptOnCreate => "RetainExceptOnCreate",
            Self::Snapshot => "Snapshot",
        }
    }

    /// Whether the resource stays when it leaves the stack.
    pub fn keeps(self) -> bool {
        matches!(self, Self::Retain | Self::RetainExceptOnCreate)
    }
}
