//! `PutLogGroupDeletionProtection`: says whether a group can be deleted.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Logs;
use crate::names::GroupName;

/// A parsed `PutLogGroupDeletionProtection` request.
#[derive(Debug)]
pub(crate) struct PutLogGroupDeletionProtection {
    name: GroupName,
    protected: bool,
}

impl Operation for PutLogGroupDeletionProtection {
    const NAME: &'static str = "PutLogGroupDeletionProtection";
    type Service = Logs;
    type Input = model::PutLogGroupDeletionProtectionRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = GroupName::parse_identifier(&input.log_group_identifier, scope)?;
        Ok(Self { name, protected: input.deletion_protection_enabled })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        logs.authorize_group(cx, "logs:PutLogGroupDeletionProtection", &self.name).await?;
        let Self { name, protected } = self;
        logs.change_group(name, move |group| {
            group.protected = protected;
            Ok(())
        })
        .await
    }
}
