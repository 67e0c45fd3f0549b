//! `DeleteFunction`: removes a function and everything that belongs to it, or one version.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::name::FunctionRef;
use crate::version::{Qualifier, VersionId};
use crate::{Lambda, errors};

/// A parsed `DeleteFunction` request.
#[derive(Debug)]
pub(crate) struct DeleteFunction {
    function: FunctionRef,
    /// The version that alone is removed.
    number: Option<u64>,
}

impl Operation for DeleteFunction {
    const NAME: &'static str = "DeleteFunction";
    type Service = Lambda;
    type Input = model::DeleteFunctionRequest;
    type Output = model::DeleteFunctionResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)?;
        let number = match function.target() {
            Qualifier::Version(VersionId::Number(number)) => Some(number),
            Qualifier::Version(VersionId::Latest) if function.qualifier.is_none() => None,
            Qualifier::Version(VersionId::Latest) => {
                return Err(errors::invalid_parameter(
                    "$LATEST version cannot be deleted without deleting the function.",
                ));
            }
            Qualifier::Alias(_) => {
                return Err(errors::invalid_parameter("Deletion of aliases is not currently supported."));
            }
        };
        Ok(Self { function, number })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:DeleteFunction", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let key = &self.function.key;
        match self.number {
            Some(number) => lambda.remove_version(key, number, cx.scope.now).await?,
            None => lambda.remove(key, cx.scope.now).await?,
        }
        Ok(model::DeleteFunctionResponse { status_code: Some(204) })
    }
}
