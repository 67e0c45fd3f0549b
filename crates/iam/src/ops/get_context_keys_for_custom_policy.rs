//! `GetContextKeysForCustomPolicy`: the condition keys that policies read, for a simulation to give.

use weft_model::iam::{GetContextKeysForCustomPolicyRequest, GetContextKeysForPolicyResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::simulation::{Source, check_sources, context_keys};

/// A parsed `GetContextKeysForCustomPolicy` request.
pub(crate) struct GetContextKeysForCustomPolicy {
    sources: Vec<Source>,
}

impl Operation for GetContextKeysForCustomPolicy {
    const NAME: &'static str = "GetContextKeysForCustomPolicy";
    type Service = Iam;
    type Input = GetContextKeysForCustomPolicyRequest;
    type Output = GetContextKeysForPolicyResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let sources = Source::listed("PolicyInputList", Some(input.policy_input_list));
        check_sources(&sources)?;
        Ok(Self { sources })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:GetContextKeysForCustomPolicy", "*")]
    }

    async fn run(self, iam: &Iam, _: &Context) -> Result<Self::Output, Error> {
        iam.apart(move || context_keys(self.sources)).await
    }
}
