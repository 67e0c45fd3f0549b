//! `GetPolicy`: the policy of a function, a version or an alias.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::name::FunctionRef;
use crate::{Lambda, errors};

/// A parsed `GetPolicy` request.
#[derive(Debug)]
pub(crate) struct GetPolicy {
    function: FunctionRef,
}

impl Operation for GetPolicy {
    const NAME: &'static str = "GetPolicy";
    type Service = Lambda;
    type Input = model::GetPolicyRequest;
    type Output = model::GetPolicyResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { function: FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetPolicy", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let (policy, revision_id) = lambda.functions.policy_with_revision(&self.function).await?;
        let Some(policy) = policy else {
            return Err(errors::not_found("The resource you requested does not exist."));
        };
        let policy = cx.show_principals(&policy.document()).await?;
        Ok(model::GetPolicyResponse { policy: Some(policy), revision_id: Some(revision_id) })
    }
}
