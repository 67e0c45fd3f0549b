//! `DeleteRetentionPolicy`: lets a group keep its events for ever.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Logs;
use crate::names::GroupName;
use crate::tables::{GROUPS, Group, require_group};

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
        vec![Access::to("logs:DeleteRetentionPolicy", self.name.access())]
    }

    async fn run(self, logs: &Logs, _: &Context) -> Result<(), Error> {
        logs.write(move |tx| {
            let group = Group { retention_days: None, ..require_group(tx, &self.name)? };
            Ok(GROUPS.insert(tx, &self.name.key(), &group)?)
        })
        .await
    }
}
