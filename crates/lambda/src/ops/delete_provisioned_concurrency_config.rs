//! `DeleteProvisionedConcurrencyConfig`: keeps no more workers for a version or an alias.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `DeleteProvisionedConcurrencyConfig` request.
#[derive(Debug)]
pub(crate) struct DeleteProvisionedConcurrencyConfig {
    function: FunctionRef,
}

impl Operation for DeleteProvisionedConcurrencyConfig {
    const NAME: &'static str = "DeleteProvisionedConcurrencyConfig";
    type Service = Lambda;
    type Input = model::DeleteProvisionedConcurrencyConfigRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { function: FunctionRef::parse(&input.function_name, Some(&input.qualifier), scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:DeleteProvisionedConcurrencyConfig", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<(), Error> {
        lambda.functions.unprovision(&self.function).await?;
        lambda.cache.forget(&self.function.key);
        lambda.keep_provisioned(&self.function.key).await?;
        Ok(())
    }
}
