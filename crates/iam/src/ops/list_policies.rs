//! `ListPolicies`: managed policies by name, the account's own first.

use weft_model::iam::{ListPoliciesRequest, ListPoliciesResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::managed;
use crate::page::Page;
use crate::policies::AnyPolicy;
use crate::records::POLICIES;
use crate::uses::Uses;
use crate::{Iam, uses};

/// A parsed `ListPolicies` request.
pub(crate) struct ListPolicies {
    aws: bool,
    own: bool,
    only_attached: bool,
    usage: Option<String>,
    prefix: String,
    page: Page,
}

impl Operation for ListPolicies {
    const NAME: &'static str = "ListPolicies";
    type Service = Iam;
    type Input = ListPoliciesRequest;
    type Output = ListPoliciesResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let scope = input.scope.as_deref().unwrap_or("All");
        Ok(Self {
            aws: scope != "Local",
            own: scope != "AWS",
            only_attached: input.only_attached.unwrap_or(false),
            usage: input.policy_usage_filter,
            prefix: input.path_prefix.unwrap_or_default(),
            page: Page::parse(input.marker, input.max_items)?,
        })
    }

    /// The resource is AWS's own wording: the action has no resource type, and refusals name it so.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let prefix = if self.prefix.is_empty() { "/" } else { &self.prefix };
        vec![Access::to("iam:ListPolicies", format!("policy path {prefix}"))]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let account = cx.scope.account;
        let paged = iam
            .read(move |tx| {
                let own = if self.own { POLICIES.query(&(account.as_u64(),)).rows(tx)? } else { Vec::new() };
                let own =
                    own.into_iter().map(|((_, name), policy)| (format!("0 {name}"), AnyPolicy::Own(policy)));
                let aws = managed::all().iter().filter(|_| self.aws);
                let aws = aws.map(|policy| (format!("1 {}", policy.name), AnyPolicy::Aws(policy)));
                let uses = uses::all(tx, account)?;
                let found = own.chain(aws).filter_map(|(name, policy)| {
                    let uses = uses.get(&policy.arn()).copied().unwrap_or_default();
                    let wanted = policy.path().starts_with(&self.prefix) && self.takes(uses);
                    wanted.then_some((name, (policy, uses)))
                });
                Ok(self.page.cut(found))
            })
            .await?;
        Ok(ListPoliciesResponse {
            is_truncated: Some(paged.is_truncated()),
            policies: Some(paged.items.iter().map(|(policy, uses)| policy.show(*uses, true)).collect()),
            marker: paged.marker,
        })
    }
}

impl ListPolicies {
    /// Whether a policy that is used so is asked for. The filter by usage leaves out policies without that use.
    fn takes(&self, uses: Uses) -> bool {
        match self.usage.as_deref() {
            Some("PermissionsBoundary") => uses.bounding > 0,
            Some(_) => uses.attached > 0,
            None => !self.only_attached || uses.any(),
        }
    }
}
