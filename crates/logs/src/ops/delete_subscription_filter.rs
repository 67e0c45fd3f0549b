//! `DeleteSubscriptionFilter`: sends no more to a function. What was not sent yet is dropped.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::GroupName;
use crate::subscriptions::{FILTERS, OWNERS};
use crate::tables::{GROUPS, require_group};
use crate::{Logs, errors};

/// A parsed `DeleteSubscriptionFilter` request.
#[derive(Debug)]
pub(crate) struct DeleteSubscriptionFilter {
    group: GroupName,
    name: String,
}

impl Operation for DeleteSubscriptionFilter {
    const NAME: &'static str = "DeleteSubscriptionFilter";
    type Service = Logs;
    type Input = model::DeleteSubscriptionFilterRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { group: GroupName::parse(&input.log_group_name, scope)?, name: input.filter_name })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        logs.authorize_group(cx, "logs:DeleteSubscriptionFilter", &self.group).await?;
        let Self { group: group_name, name } = self;
        logs.write(move |tx| {
            let mut group = require_group(tx, &group_name)?;
            let key = (group.id, &name);
            let filter = FILTERS.get(tx, &key)?.ok_or_else(errors::no_filter)?;
            FILTERS.remove(tx, &key)?;
            OWNERS.remove(tx, &(filter.id,))?;
            group.subscriptions.retain(|id| *id != filter.id);
            Ok(GROUPS.insert(tx, &group_name.key(), &group)?)
        })
        .await?;
        logs.delivery.wake();
        Ok(())
    }
}
