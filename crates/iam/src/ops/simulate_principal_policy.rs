//! `SimulatePrincipalPolicy`: what requests of a user, group or role would be answered, with more policies if need be.

use weft_model::iam::{SimulatePolicyResponse, SimulatePrincipalPolicyRequest};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::page::Page;
use crate::simulation::{PrincipalArn, Setting, Source, read_principal};

/// A parsed `SimulatePrincipalPolicy` request.
pub(crate) struct SimulatePrincipalPolicy {
    principal: PrincipalArn,
    setting: Setting,
    sources: Vec<Source>,
    boundary: Option<Source>,
    page: Page,
}

impl Operation for SimulatePrincipalPolicy {
    const NAME: &'static str = "SimulatePrincipalPolicy";
    type Service = Iam;
    type Input = SimulatePrincipalPolicyRequest;
    type Output = SimulatePolicyResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let setting = Setting {
            actions: input.action_names,
            resources: input.resource_arns,
            resource_policy: input.resource_policy,
            resource_owner: input.resource_owner,
            caller: input.caller_arn,
            context: input.context_entries,
            handling: input.resource_handling_option,
        };
        let sources = Source::listed("PolicyInputList", input.policy_input_list);
        let boundary = Source::boundary(input.permissions_boundary_policy_input_list)?;
        Ok(Self {
            principal: PrincipalArn::parse(&input.policy_source_arn)?,
            setting: setting.within_limits(&sources, boundary.as_ref())?,
            sources,
            boundary,
            page: Page::parse(input.marker, input.max_items)?,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:SimulatePrincipalPolicy", self.principal.as_str())]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let (account, wanted) = (cx.scope.account, self.principal.clone());
        let held = iam.read(move |tx| read_principal(tx, account, &wanted)).await?;
        let mut setting = self.setting;
        if setting.caller.is_none() && held.is_user {
            setting.caller = Some(self.principal.as_str().to_owned());
        }
        let sources = held.sources.into_iter().chain(self.sources).collect();
        // A boundary of the request stands in the place of the principal's own.
        let (boundary, page) = (self.boundary.or(held.boundary), self.page);
        let paged = iam.apart(move || Ok(setting.trial(sources, boundary, held.keys)?.page(&page))).await?;
        Ok(SimulatePolicyResponse {
            is_truncated: Some(paged.is_truncated()),
            evaluation_results: Some(paged.items),
            marker: paged.marker,
        })
    }
}
