//! Schemas.
use serde_json::Value;
/// The schema of a resource type.
#[derive(Debug)]
pub struct Schema {}
/// What is wrong with a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `/Properties/Code/S3Key`.
    pub path: String,
    /// What.
    pub text: String,
}
impl Schema {
    /// The schema of a type.
    pub fn of(kind: &str) -> Option<&'static Schema> { todo!() }
    /// The type.
    pub fn kind(&self) -> &str { todo!() }
    /// Whether `Fn::GetAtt` knows it.
    pub fn has_attribute(&self, name: &str) -> bool { todo!() }
    /// What `Fn::GetAtt` knows.
    pub fn attributes(&self) -> &[String] { todo!() }
    /// Primary identifier.
    pub fn primary_identifier(&self) -> &[String] { todo!() }
    /// Create only.
    pub fn create_only(&self) -> &[String] { todo!() }
    /// Coerces.
    pub fn coerce(&self, properties: &Value) -> (Value, Vec<Problem>) { todo!() }
}
