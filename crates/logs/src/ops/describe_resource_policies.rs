//! `DescribeResourcePolicies`: the account's policies by name, or that of a group.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::page::{NAMES_MAX, page_limit};
use crate::policies::{POLICIES, PolicyPlace};
use crate::{Logs, errors};

/// A parsed `DescribeResourcePolicies` request.
#[derive(Debug)]
pub(crate) struct DescribeResourcePolicies {
    group: Option<PolicyPlace>,
    after: String,
    limit: usize,
}

impl Operation for DescribeResourcePolicies {
    const NAME: &'static str = "DescribeResourcePolicies";
    type Service = Logs;
    type Input = model::DescribeResourcePoliciesRequest;
    type Output = model::DescribeResourcePoliciesResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let of_group = input.policy_scope.as_deref() == Some("RESOURCE");
        if of_group && input.resource_arn.is_none() {
            return Err(errors::invalid_parameter("resourceArn must be provided for the scope RESOURCE."));
        }
        let arn = input.resource_arn.filter(|_| input.policy_scope.as_deref() != Some("ACCOUNT"));
        let group = arn.map(|arn| PolicyPlace::parse(None, Some(&arn), scope)).transpose()?;
        let limit = page_limit(input.limit, NAMES_MAX)?;
        Ok(Self { group, after: input.next_token.unwrap_or_default(), limit })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("logs:DescribeResourcePolicies", "*")]
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<Self::Output, Error> {
        let scope = cx.scope.clone();
        logs.read(move |tx| {
            let Self { group, after, limit } = &self;
            let rows = match group {
                Some(place) => {
                    let key = place.key(&scope);
                    POLICIES.get(tx, &key)?.map(|policy| (key, policy)).into_iter().collect()
                }
                None => {
                    let account = (scope.account.as_u64(), scope.region.as_str(), "");
                    let all = POLICIES.query(&account).limit(*limit);
                    all.after(&(account.0, account.1, account.2, after)).rows(tx)?
                }
            };
            let last = rows.last().map(|(key, _)| key.3.clone());
            let next_token = last.filter(|_| group.is_none() && rows.len() == *limit);
            let policies = rows.into_iter().map(|(key, policy)| policy.describe(&key)).collect();
            Ok(model::DescribeResourcePoliciesResponse { resource_policies: Some(policies), next_token })
        })
        .await
    }
}
