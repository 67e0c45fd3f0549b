//! `DeleteRetentionPolicy`: lets a group keep its events for ever.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Logs;
use crate::names::GroupName;

/// A parsed `DeleteRetentionPolicy` request.
#[derive(Debug)]
pub(crate) struct DeleteRetentionPolicy {
    name: GroupName,
}

impl Operation for DeleteRetentionPolicy {
    const NAME: &'static str = "DeleteRetentionPolicy";
    type Service = Logs;
    type Input = model::DeleteRetentionPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { name: GroupName::parse(&input.log_group_name, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        logs.authorize_group(cx, "logs:DeleteRetentionPolicy", &self.name).await?;
        logs.change_group(self.name, |group| {
            group.retention_days = None;
            Ok(())
        })
        .await
    }
}
