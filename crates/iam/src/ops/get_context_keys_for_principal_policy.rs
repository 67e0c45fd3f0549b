//! `GetContextKeysForPrincipalPolicy`: the condition keys that a principal's policies read, for a simulation to give.

use weft_model::iam::{GetContextKeysForPolicyResponse, GetContextKeysForPrincipalPolicyRequest};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::simulation::{PrincipalArn, Source, check_sources, context_keys, read_principal};

/// A parsed `GetContextKeysForPrincipalPolicy` request.
pub(crate) struct GetContextKeysForPrincipalPolicy {
    principal: PrincipalArn,
    sources: Vec<Source>,
}

impl Operation for GetContextKeysForPrincipalPolicy {
    const NAME: &'static str = "GetContextKeysForPrincipalPolicy";
    type Service = Iam;
    type Input = GetContextKeysForPrincipalPolicyRequest;
    type Output = GetContextKeysForPolicyResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let principal = PrincipalArn::parse(&input.policy_source_arn)?;
        let sources = Source::listed("PolicyInputList", input.policy_input_list);
        check_sources(&sources)?;
        Ok(Self { principal, sources })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:GetContextKeysForPrincipalPolicy", self.principal.as_str())]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let (account, wanted) = (cx.scope.account, self.principal);
        let held = iam.read(move |tx| read_principal(tx, account, &wanted)).await?;
        let sources = held.sources.into_iter().chain(held.boundary).chain(self.sources);
        let sources: Vec<_> = sources.collect();
        iam.apart(move || context_keys(sources)).await
    }
}
