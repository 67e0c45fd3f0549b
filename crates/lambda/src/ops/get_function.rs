//! `GetFunction`: a function's configuration, tags and where its code is.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;
use crate::versions::Found;

/// A parsed `GetFunction` request.
#[derive(Debug)]
pub(crate) struct GetFunction {
    function: FunctionRef,
}

impl Operation for GetFunction {
    const NAME: &'static str = "GetFunction";
    type Service = Lambda;
    type Input = model::GetFunctionRequest;
    type Output = model::GetFunctionResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { function: FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetFunction", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let Found { version, function, latest } = lambda.functions.find(&self.function).await?;
        let code = model::FunctionCodeLocation {
            repository_type: Some("S3".to_owned()),
            location: lambda.location(cx, &function.code).await?,
            ..Default::default()
        };
        let reserved = latest.whole.reserved_concurrency.and_then(|n| i32::try_from(n).ok());
        let concurrency = model::Concurrency { reserved_concurrent_executions: reserved };
        Ok(model::GetFunctionResponse {
            concurrency: reserved.map(|_| concurrency),
            configuration: Some(function.describe(&self.function, version)),
            code: Some(code),
            tags: (!latest.tags.is_empty()).then_some(latest.tags),
            ..Default::default()
        })
    }
}
