//! `GetProvisionedConcurrencyConfig`: the workers that are kept for a version or an alias.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `GetProvisionedConcurrencyConfig` request.
#[derive(Debug)]
pub(crate) struct GetProvisionedConcurrencyConfig {
    function: FunctionRef,
}

impl Operation for GetProvisionedConcurrencyConfig {
    const NAME: &'static str = "GetProvisionedConcurrencyConfig";
    type Service = Lambda;
    type Input = model::GetProvisionedConcurrencyConfigRequest;
    type Output = model::GetProvisionedConcurrencyConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { function: FunctionRef::parse(&input.function_name, Some(&input.qualifier), scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetProvisionedConcurrencyConfig", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let Some(of) = lambda.functions.provisioned(&self.function).await? else {
            let message = "No Provisioned Concurrency Config found for this function";
            return Err(Error::new("ProvisionedConcurrencyConfigNotFoundException", message).with_status(404));
        };
        let shown = lambda.show_provisioned(&of);
        Ok(model::GetProvisionedConcurrencyConfigResponse {
            requested_provisioned_concurrent_executions: shown.requested_provisioned_concurrent_executions,
            available_provisioned_concurrent_executions: shown.available_provisioned_concurrent_executions,
            allocated_provisioned_concurrent_executions: shown.allocated_provisioned_concurrent_executions,
            status: shown.status,
            status_reason: None,
            last_modified: shown.last_modified,
        })
    }
}
