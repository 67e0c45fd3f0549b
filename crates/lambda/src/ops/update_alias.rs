//! `UpdateAlias`: changes where an alias leads.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::alias::{parse_routing, parse_version};
use crate::aliases::AliasChange;
use crate::name::FunctionRef;

/// A parsed `UpdateAlias` request.
#[derive(Debug)]
pub(crate) struct UpdateAlias {
    /// The function with the alias as its qualifier.
    function: FunctionRef,
    name: String,
    change: AliasChange,
}

impl Operation for UpdateAlias {
    const NAME: &'static str = "UpdateAlias";
    type Service = Lambda;
    type Input = model::UpdateAliasRequest;
    type Output = model::AliasConfiguration;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse_alias(&input.function_name, &input.name, scope)?;
        let change = AliasChange {
            version: input.function_version.as_deref().map(parse_version).transpose()?,
            description: input.description,
            second: parse_routing(input.routing_config)?,
            revision_id: input.revision_id,
        };
        Ok(Self { function, name: input.name, change })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:UpdateAlias", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let Self { function, name, change } = self;
        let alias = lambda.functions.update_alias(&function.key, &name, change).await?;
        lambda.cache.forget(&function.key);
        lambda.keep_provisioned(&function.key).await?;
        Ok(alias.describe(&function))
    }
}
