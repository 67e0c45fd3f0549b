//! `DeleteAlias`: removes an alias, if it is there.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `DeleteAlias` request.
#[derive(Debug)]
pub(crate) struct DeleteAlias {
    function: FunctionRef,
    name: String,
}

impl Operation for DeleteAlias {
    const NAME: &'static str = "DeleteAlias";
    type Service = Lambda;
    type Input = model::DeleteAliasRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse_alias(&input.function_name, &input.name, scope)?;
        Ok(Self { function, name: input.name })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:DeleteAlias", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<(), Error> {
        lambda.functions.remove_alias(&self.function.key, &self.name).await?;
        lambda.cache.forget(&self.function.key);
        lambda.keep_provisioned(&self.function.key).await?;
        Ok(())
    }
}
