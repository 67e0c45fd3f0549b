//! A handler for each resource type that Weft can make.

mod apigateway;
mod apigatewayv2;
mod custom;
mod definitions;
mod ecr;
mod iam;
mod lambda;
mod logs;
mod nested;
mod nothing;
mod parts;
mod s3;
mod ssm;

use std::collections::HashMap;

use crate::task::{Handler, Task, tags_of};

/// All handlers, by resource type.
pub(crate) struct Handlers(HashMap<&'static str, Box<dyn Handler>>);

impl Handlers {
    /// Those of this build.
    pub(crate) fn all() -> Self {
        let mut all = Self(HashMap::new());
        apigateway::add(&mut all);
        apigatewayv2::add(&mut all);
        custom::add(&mut all);
        ecr::add(&mut all);
        iam::add(&mut all);
        lambda::add(&mut all);
        logs::add(&mut all);
        nested::add(&mut all);
        nothing::add(&mut all);
        s3::add(&mut all);
        ssm::add(&mut all);
        all
    }

    /// Adds one.
    pub(crate) fn add(&mut self, kind: &'static str, handler: impl Handler + 'static) {
        self.0.insert(kind, Box::new(handler));
    }

    /// The handler of a type.
    pub(crate) fn of(&self, kind: &str) -> Option<&dyn Handler> {
        let kind = if kind.starts_with("Custom::") { "AWS::CloudFormation::CustomResource" } else { kind };
        self.0.get(kind).map(|handler| &**handler)
    }

    /// Whether a type can be made.
    pub(crate) fn has(&self, kind: &str) -> bool {
        self.of(kind).is_some()
    }
}

/// Keys of tags that the resource had by its properties and has no more.
fn removed_tags(task: &Task<'_>) -> Vec<String> {
    let now = task.tags();
    let before = task.previous.and_then(|previous| previous.get("Tags")).map(tags_of).unwrap_or_default();
    before.into_keys().filter(|key| !now.contains_key(key)).collect()
}
