//! One operation of an API.

use std::borrow::Cow;
use std::future::Future;

use weft_model::Shape;

use crate::{Context, Error, Scope};

/// One operation. The implementing struct *is* the request after parsing; the steps run top-down and nothing runs
/// before it was parsed and authorized.
pub trait Operation: Sized + Send + 'static {
    /// The operation's name in the model: `CreateFunction`.
    const NAME: &'static str;
    /// The service's state.
    type Service: Send + Sync + 'static;
    /// The generated input structure.
    type Input: Shape;
    /// The generated output structure; `()` where there is none.
    type Output: Shape;

    /// Turns what came over the wire (already checked against the schema) into a request that cannot be wrong.
    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error>;

    /// Everything that the request needs to be allowed.
    fn accesses(&self, scope: &Scope) -> Vec<Access>;

    /// Does it. May be dropped at any await when the caller goes away; what is not in a transaction then did not happen.
    fn run(
        self,
        service: &Self::Service,
        cx: &Context,
    ) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}

/// One action on one resource, which must be allowed for a request to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The action: `lambda:CreateFunction`.
    pub action: Cow<'static, str>,
    /// The resource's ARN, or `*` for actions without resources.
    pub resource: String,
    /// Condition keys that the request carries beyond the global ones: `iam:PassedToService`.
    pub conditions: Vec<(Cow<'static, str>, Vec<String>)>,
}

impl Access {
    /// An action on a resource.
    pub fn to(action: impl Into<Cow<'static, str>>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), conditions: Vec::new() }
    }

    /// Adds a condition key with one value.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.conditions.push((key.into(), vec![value.into()]));
        self
    }
}
