//! What a change set shows: one change per resource.

use serde::Serialize;

/// How a stack changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    pub(crate) changes: Vec<Change>,
    /// Whether an output's value, export or description differs.
    pub outputs_changed: bool,
}

impl Changes {
    /// The changes of resources: in the order of the new template, then what goes.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Whether neither a resource nor an output differs.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.outputs_changed
    }

    /// The change of one resource.
    pub fn get(&self, logical_id: &str) -> Option<&Change> {
        self.changes.iter().find(|change| change.logical_id == logical_id)
    }
}

/// How a resource changes; serialized, it is the `ResourceChange` of `DescribeChangeSet`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Change {
    /// What happens to it.
    pub action: ChangeAction,
    /// Its name in the template.
    #[serde(rename = "LogicalResourceId")]
    pub logical_id: String,
    /// What it is called where it lives; none for what is to be made.
    #[serde(rename = "PhysicalResourceId", skip_serializing_if = "Option::is_none")]
    pub physical_id: Option<String>,
    /// Its type.
    #[serde(rename = "ResourceType")]
    pub kind: String,
    /// Whether a new one takes its place; only for `Modify`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Replacement>,
    /// What becomes of the one that is there, where that is not obvious.
    #[serde(rename = "PolicyAction", skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyAction>,
    /// Which attributes differ; only for `Modify`.
    pub scope: Vec<Scope>,
    /// Every difference and its cause; only for `Modify`.
    pub details: Vec<Detail>,
    /// The resource as it is: a JSON text.
    #[serde(rename = "BeforeContext", skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The resource as it will be: a JSON text.
    #[serde(rename = "AfterContext", skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ChangeAction {
    /// It is made.
    Add,
    /// It is changed, or replaced.
    Modify,
    /// It goes.
    Remove,
}

/// Whether a new resource takes the old one's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Replacement {
    /// It does.
    True,
    /// It does not.
    False,
    /// It depends on a value that is not known yet.
    Conditional,
}

/// What becomes of the resource that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum PolicyAction {
    /// It is deleted.
    Delete,
    /// It stays, and the stack forgets it.
    Retain,
    /// It is deleted once a snapshot is made.
    Snapshot,
    /// It is replaced and deleted.
    ReplaceAndDelete,
    /// It is replaced and stays.
    ReplaceAndRetain,
    /// It is replaced, and deleted once a snapshot is made.
    ReplaceAndSnapshot,
}

/// An attribute of a resource in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Scope {
    /// `Properties`.
    Properties,
    /// `Metadata`.
    Metadata,
    /// `CreationPolicy`.
    CreationPolicy,
    /// `UpdatePolicy`.
    UpdatePolicy,
    /// `DeletionPolicy`.
    DeletionPolicy,
    /// `UpdateReplacePolicy`.
    UpdateReplacePolicy,
    /// Tags.
    Tags,
}

/// One difference of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Detail {
    /// What differs.
    pub target: Target,
    /// Whether it is certain.
    pub evaluation: Evaluation,
    /// Why it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_source: Option<ChangeSource>,
    /// Which parameter, resource or attribute makes it differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causing_entity: Option<String>,
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Target {
    /// The attribute.
    pub attribute: Scope,
    /// The property's name; only for `Properties`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether this difference asks for a new resource.
    pub requires_recreation: RequiresRecreation,
    /// Where in the resource: a JSON pointer such as `/Properties/Timeout`.
    pub path: String,
    /// The value as it is: strings as they are, others as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_value: Option<String>,
    /// The value as it will be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_value: Option<String>,
    /// Whether the attribute is added, removed or modified.
    pub attribute_change_type: ChangeAction,
}

/// Whether a difference asks for a new resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum RequiresRecreation {
    /// Never.
    Never,
    /// Only under circumstances that are known when it is done.
    Conditionally,
    /// Always.
    Always,
}

/// Whether a difference is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Evaluation {
    /// Its value is known.
    Static,
    /// Its value depends on something that is still to be made.
    Dynamic,
}

/// Why something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ChangeSource {
    /// `Ref` of a resource.
    ResourceReference,
    /// `Ref` of a parameter.
    ParameterReference,
    /// `Fn::GetAtt` of a resource.
    ResourceAttribute,
    /// The template itself.
    DirectModification,
    /// A nested stack, always looked at.
    Automatic,
}
