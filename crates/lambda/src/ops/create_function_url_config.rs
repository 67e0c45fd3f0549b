//! `CreateFunctionUrlConfig`: gives a URL to a function or an alias.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Once, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;
use crate::urls::UrlChange;

/// A parsed `CreateFunctionUrlConfig` request.
#[derive(Debug)]
pub(crate) struct CreateFunctionUrlConfig {
    function: FunctionRef,
    change: UrlChange,
    auth_type: String,
}

impl Operation for CreateFunctionUrlConfig {
    const NAME: &'static str = "CreateFunctionUrlConfig";
    type Service = Lambda;
    type Input = model::CreateFunctionUrlConfigRequest;
    type Output = model::CreateFunctionUrlConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)?;
        let change = UrlChange::parse(Some(&input.auth_type), input.invoke_mode.as_deref(), input.cors)?;
        Ok(Self { function, change, auth_type: input.auth_type })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![
            Access::to("lambda:CreateFunctionUrlConfig", self.function.arn().as_str())
                .with("lambda:FunctionUrlAuthType", &self.auth_type),
        ]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let url =
            lambda.functions.create_url(&self.function, self.change, Once::of(cx), cx.scope.now).await?;
        let shown = url.describe(&self.function, lambda.port());
        Ok(model::CreateFunctionUrlConfigResponse {
            function_url: Some(shown.function_url),
            function_arn: Some(shown.function_arn),
            auth_type: Some(shown.auth_type),
            cors: shown.cors,
            creation_time: Some(shown.creation_time),
            invoke_mode: shown.invoke_mode,
        })
    }
}
