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
        Ok(Self {
            setting,
            sources: Source::listed("PolicyInputList", Some(input.policy_input_list)),
            boundary: Source::boundary(input.permissions_boundary_policy_input_list)?,
            page: Page::parse(input.marker, input.max_items)?,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:SimulateCustomPolicy", "*")]
    }

    async fn run(self, _: &Iam, _: &Context) -> Result<Self::Output, Error> {
        let trial = self.setting.trial(self.sources, self.boundary, Vec::new())?;
        let paged = trial.page(&self.page);
        Ok(SimulatePolicyResponse {
            is_truncated: Some(paged.is_truncated()),
            evaluation_results: Some(paged.items),
            marker: paged.marker,
        })
    }
}
