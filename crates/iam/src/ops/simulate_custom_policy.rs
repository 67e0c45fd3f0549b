//! `SimulateCustomPolicy`: what requests would be answered under policies that are not stored.

use weft_model::iam::{SimulateCustomPolicyRequest, SimulatePolicyResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::page::Page;
use crate::simulation::{Setting, Source};

/// A parsed `SimulateCustomPolicy` request.
pub(crate) struct SimulateCustomPolicy {
    setting: Setting,
    sources: Vec<Source>,
    boundary: Option<Source>,
    page: Page,
}

impl Operation for SimulateCustomPolicy {
    const NAME: &'static str = "SimulateCustomPolicy";
    type Service = Iam;
    type Input = SimulateCustomPolicyRequest;
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
        let sources = Source::listed("PolicyInputList", Some(input.policy_input_list));
        let boundary = Source::boundary(input.permissions_boundary_policy_input_list)?;
        Ok(Self {
            setting: setting.within_limits(&sources, boundary.as_ref())?,
            sources,
            boundary,
            page: Page::parse(input.marker, input.max_items)?,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:SimulateCustomPolicy", "*")]
    }

    async fn run(self, iam: &Iam, _: &Context) -> Result<Self::Output, Error> {
        let Self { setting, sources, boundary, page } = self;
        let paged = iam.apart(move || Ok(setting.trial(sources, boundary, Vec::new())?.page(&page))).await?;
        Ok(SimulatePolicyResponse {
            is_truncated: Some(paged.is_truncated()),
            evaluation_results: Some(paged.items),
            marker: paged.marker,
        })
    }
}
