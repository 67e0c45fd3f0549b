//! Where a stack lives: what the pseudo parameters say.

use serde_json::Value;

/// Where a stack lives: the source of the pseudo parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// `AWS::AccountId`: twelve digits.
    pub account: String,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::Partition`, such as `aws`.
    pub partition: String,
    /// `AWS::URLSuffix`, such as `amazonaws.com`.
    pub url_suffix: String,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// `AWS::StackId`: the stack's ARN.
    pub stack_id: String,
    /// `AWS::NotificationARNs`.
    pub notification_arns: Vec<String>,
    /// What `Fn::GetAZs` gives for the stack's own region.
    pub availability_zones: Vec<String>,
}

impl Environment {
    /// The value of a pseudo parameter; `AWS::NoValue` has none and is not one of them.
    pub(crate) fn pseudo(&self, name: &str) -> Option<Value> {
        Some(Value::String(match name {
            "AWS::AccountId" => self.account.clone(),
            "AWS::Region" => self.region.clone(),
            "AWS::Partition" => self.partition.clone(),
            "AWS::URLSuffix" => self.url_suffix.clone(),
            "AWS::StackName" => self.stack_name.clone(),
            "AWS::StackId" => self.stack_id.clone(),
            "AWS::NotificationARNs" => {
                return Some(self.notification_arns.iter().cloned().map(Value::String).collect());
            }
            _ => return None,
        }))
    }
}

/// Whether a name is a pseudo parameter's, `AWS::NoValue` included.
pub(crate) fn is_pseudo(name: &str) -> bool {
    matches!(
        name,
        "AWS::AccountId"
            | "AWS::Region"
            | "AWS::Partition"
            | "AWS::URLSuffix"
            | "AWS::StackName"
            | "AWS::StackId"
            | "AWS::NotificationARNs"
            | "AWS::NoValue"
    )
}
