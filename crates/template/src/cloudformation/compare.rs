//! Compare.
use serde_json::Value;
/// How two states of a resource differ.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Which properties: paths such as `Code/S3Key`.
    pub paths: Vec<String>,
    /// Whether a new resource must take the place of the old one.
    pub replacement: bool,
}
impl Difference {
    /// Whether they are alike.
    pub fn is_empty(&self) -> bool { self.paths.is_empty() }
}
/// Compares the resolved properties of a resource.
pub fn compare(kind: &str, old: &Value, new: &Value) -> Difference { todo!() }
