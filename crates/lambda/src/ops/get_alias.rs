//! `GetAlias`: where an alias leads.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::name::FunctionRef;
use crate::{Lambda, errors};

/// A parsed `GetAlias` request.
#[derive(Debug)]
pub(crate) struct GetAlias {
    /// The function with the alias as its qualifier.
    function: FunctionRef,
    name: String,
}

impl Operation for GetAlias {
    const NAME: &'static str = "GetAlias";
    type Service = Lambda;
    type Input = model::GetAliasRequest;
    type Output = model::AliasConfiguration;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse_alias(&input.function_name, &input.name, scope)?;
        Ok(Self { function, name: input.name })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetAlias", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let alias = lambda.functions.alias(&self.function.key, &self.name).await?;
        let missing = || errors::not_found(format!("Cannot find alias arn: {}", self.function.arn()));
        Ok(alias.ok_or_else(missing)?.describe(&self.function))
    }
}
