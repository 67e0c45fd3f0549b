//! `ListEntitiesForPolicy`: the groups, roles and users that a policy is attached to or bounds.

use weft_model::iam::{ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::holders::{Holder, Wanted, users_of};
use crate::page::Page;
use crate::policies::{self, PolicyArn};

/// A parsed `ListEntitiesForPolicy` request.
pub(crate) struct ListEntitiesForPolicy {
    arn: PolicyArn,
    wanted: Wanted,
    page: Page,
}

impl Operation for ListEntitiesForPolicy {
    const NAME: &'static str = "ListEntitiesForPolicy";
    type Service = Iam;
    type Input = ListEntitiesForPolicyRequest;
    type Output = ListEntitiesForPolicyResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let wanted = Wanted::parse(
            input.entity_filter.as_deref(),
            input.policy_usage_filter.as_deref(),
            input.path_prefix,
        )?;
        Ok(Self {
            arn: PolicyArn::parse(&input.policy_arn)?,
            wanted,
            page: Page::parse(input.marker, input.max_items)?,
        })
    }

    /// The policy's tags count: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow_policy(cx, Access::to("iam:ListEntitiesForPolicy", self.arn.as_str()), &self.arn).await?;
        let account = cx.scope.account;
        let paged = iam
            .read(move |tx| {
                policies::get(tx, &self.arn)?;
                let found = users_of(tx, account, self.arn.as_str(), &self.wanted)?;
                Ok(self.page.cut(found))
            })
            .await?;
        let mut answer = ListEntitiesForPolicyResponse {
            policy_groups: Some(Vec::new()),
            policy_users: Some(Vec::new()),
            policy_roles: Some(Vec::new()),
            is_truncated: Some(paged.is_truncated()),
            marker: paged.marker,
        };
        for holder in paged.items {
            match holder {
                Holder::Group(group) => answer.policy_groups.get_or_insert_default().push(group),
                Holder::Role(role) => answer.policy_roles.get_or_insert_default().push(role),
                Holder::User(user) => answer.policy_users.get_or_insert_default().push(user),
            }
        }
        Ok(answer)
    }
}
