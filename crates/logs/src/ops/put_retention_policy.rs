//! `PutRetentionPolicy`: says for how many days a group keeps its events.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::GroupName;
use crate::{Logs, errors};

/// What AWS takes.
const DAYS: [i32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// A parsed `PutRetentionPolicy` request.
#[derive(Debug)]
pub(crate) struct PutRetentionPolicy {
    name: GroupName,
    days: i32,
}

impl Operation for PutRetentionPolicy {
    const NAME: &'static str = "PutRetentionPolicy";
    type Service = Logs;
    type Input = model::PutRetentionPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let days = input.retention_in_days;
        if !DAYS.contains(&days) {
            let set = DAYS.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
            let rule = format!("satisfy enum value set: [{set}]");
            return Err(errors::constraint(&days.to_string(), "retentionInDays", &rule));
        }
        Ok(Self { name: GroupName::parse(&input.log_group_name, scope)?, days })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        logs.authorize_group(cx, "logs:PutRetentionPolicy", &self.name).await?;
        let Self { name, days } = self;
        logs.change_group(name, move |group| {
            group.retention_days = Some(days);
            Ok(())
        })
        .await
    }
}
