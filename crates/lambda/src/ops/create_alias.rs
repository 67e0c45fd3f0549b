//! `CreateAlias`: gives a name to a version of a function.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Once, Operation, Scope};

use crate::Lambda;
use crate::alias::{parse_routing, parse_version};
use crate::aliases::AliasChange;
use crate::name::FunctionRef;
use crate::version::VersionId;

/// A parsed `CreateAlias` request.
#[derive(Debug)]
pub(crate) struct CreateAlias {
    /// The function with the alias as its qualifier.
    function: FunctionRef,
    name: String,
    version: VersionId,
    change: AliasChange,
}

impl Operation for CreateAlias {
    const NAME: &'static str = "CreateAlias";
    type Service = Lambda;
    type Input = model::CreateAliasRequest;
    type Output = model::AliasConfiguration;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse_alias(&input.function_name, &input.name, scope)?;
        let change = AliasChange {
            description: input.description,
            second: parse_routing(input.routing_config)?,
            ..AliasChange::default()
        };
        Ok(Self { function, name: input.name, version: parse_version(&input.function_version)?, change })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:CreateAlias", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let Self { function, name, version, change } = self;
        let alias =
            lambda.functions.create_alias(&function.key, &name, version, change, Once::of(cx)).await?;
        Ok(alias.describe(&function))
    }
}
