//! `PutProvisionedConcurrencyConfig`: keeps workers for a version or an alias.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::concurrency::Provisioned;
use crate::name::FunctionRef;

/// A parsed `PutProvisionedConcurrencyConfig` request.
#[derive(Debug)]
pub(crate) struct PutProvisionedConcurrencyConfig {
    function: FunctionRef,
    requested: u32,
}

impl Operation for PutProvisionedConcurrencyConfig {
    const NAME: &'static str = "PutProvisionedConcurrencyConfig";
    type Service = Lambda;
    type Input = model::PutProvisionedConcurrencyConfigRequest;
    type Output = model::PutProvisionedConcurrencyConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, Some(&input.qualifier), scope)?;
        let requested = u32::try_from(input.provisioned_concurrent_executions).unwrap_or_default();
        Ok(Self { function, requested })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:PutProvisionedConcurrencyConfig", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let new = Provisioned { requested: self.requested, last_modified: cx.scope.now };
        let max = lambda.options.concurrency_max;
        let of = lambda.functions.provision(&self.function, new, max).await?;
        lambda.cache.forget(&self.function.key);
        lambda.keep_provisioned(&self.function.key).await?;
        let shown = lambda.show_provisioned(&of);
        Ok(model::PutProvisionedConcurrencyConfigResponse {
            requested_provisioned_concurrent_executions: shown.requested_provisioned_concurrent_executions,
            available_provisioned_concurrent_executions: shown.available_provisioned_concurrent_executions,
            allocated_provisioned_concurrent_executions: shown.allocated_provisioned_concurrent_executions,
            status: shown.status,
            status_reason: None,
            last_modified: shown.last_modified,
        })
    }
}
