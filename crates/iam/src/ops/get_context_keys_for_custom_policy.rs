//! `GetContextKeysForCustomPolicy`: the condition keys that policies read, for a simulation to give.

use weft_model::iam::{GetContextKeysForCustomPolicyRequest, GetContextKeysForPolicyResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::simulation::{Source, context_keys};

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
        Ok(Self { sources: Source::listed("PolicyInputList", Some(input.policy_input_list)) })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:GetContextKeysForCustomPolicy", "*")]
    }

    async fn run(self, _: &Iam, _: &Context) -> Result<Self::Output, Error> {
        let parsed: Vec<_> = self.sources.into_iter().map(Source::parse).collect::<Result<_, _>>()?;
        Ok(context_keys(&parsed))
    }
}
