//! Diff.
use std::collections::BTreeMap;
use super::*;
/// A stack that is there.
#[derive(Debug, Clone, Copy)]
pub struct Old<'a> {
    /// As it was last deployed.
    pub stack: &'a Stack,
    /// The physical ids of the resources that exist, by logical id.
    pub physical_ids: &'a BTreeMap<String, String>,
}
/// How a stack changes.
pub fn diff(old: Option<&Old<'_>>, new: &Stack, known: &dyn Known) -> Result<Changes, TemplateError> { todo!() }
