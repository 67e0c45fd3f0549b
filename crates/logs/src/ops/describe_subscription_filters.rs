//! `DescribeSubscriptionFilters`: a group's subscription filters by name.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Logs;
use crate::names::GroupName;
use crate::page::{NAMES_MAX, page_limit};
use crate::subscriptions::{FILTERS, FILTERS_MAX};

/// A parsed `DescribeSubscriptionFilters` request.
#[derive(Debug)]
pub(crate) struct DescribeSubscriptionFilters {
    group: GroupName,
    prefix: String,
    after: Option<String>,
    limit: usize,
}

impl Operation for DescribeSubscriptionFilters {
    const NAME: &'static str = "DescribeSubscriptionFilters";
    type Service = Logs;
    type Input = model::DescribeSubscriptionFiltersRequest;
    type Output = model::DescribeSubscriptionFiltersResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self {
            group: GroupName::parse(&input.log_group_name, scope)?,
            prefix: input.filter_name_prefix.unwrap_or_default(),
            after: input.next_token,
            limit: page_limit(input.limit, NAMES_MAX)?,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<Self::Output, Error> {
        let group = logs.authorize_group(cx, "logs:DescribeSubscriptionFilters", &self.group).await?;
        let Self { group: group_name, prefix, after, limit } = self;
        let rows = logs.read(move |tx| Ok(FILTERS.query(&(group.id,)).limit(FILTERS_MAX).rows(tx)?));
        let mut rows = rows.await?;
        rows.retain(|((_, name), _)| {
            name.starts_with(&prefix) && after.as_ref().is_none_or(|after| name > after)
        });
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_token = rows.last().map(|((_, name), _)| name.clone()).filter(|_| more);
        let describe = rows.into_iter().map(|((_, name), filter)| filter.describe(&group_name, name));
        Ok(model::DescribeSubscriptionFiltersResponse {
            subscription_filters: Some(describe.collect()),
            next_token,
        })
    }
}
