//! What is known of resources that are there.

use serde_json::Value;

/// What is known of resources that are there already, and of other stacks' exports. `None` is not known, or not yet.
pub trait Known {
    /// What `Ref` gives for a resource: usually its physical id.
    fn reference(&self, logical_id: &str) -> Option<Value>;

    /// What `Fn::GetAtt` gives. Nested stacks have `Outputs.NAME`, custom resources the keys of their data.
    fn attribute(&self, logical_id: &str, attribute: &str) -> Option<Value>;

    /// The value that another stack exports by this name.
    fn import(&self, export: &str) -> Option<Value> {
        let _ = export;
        None
    }
}

/// Nothing is known: of a stack that is not there yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingKnown;

impl Known for NothingKnown {
    fn reference(&self, _: &str) -> Option<Value> {
        None
    }

    fn attribute(&self, _: &str, _: &str) -> Option<Value> {
        None
    }
}
