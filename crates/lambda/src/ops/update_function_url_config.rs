//! `UpdateFunctionUrlConfig`: changes the URL of a function or an alias.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;
use crate::urls::UrlChange;

/// A parsed `UpdateFunctionUrlConfig` request.
#[derive(Debug)]
pub(crate) struct UpdateFunctionUrlConfig {
    function: FunctionRef,
    change: UrlChange,
    auth_type: Option<String>,
}

impl Operation for UpdateFunctionUrlConfig {
    const NAME: &'static str = "UpdateFunctionUrlConfig";
    type Service = Lambda;
    type Input = model::UpdateFunctionUrlConfigRequest;
    type Output = model::UpdateFunctionUrlConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)?;
        let (auth, mode) = (input.auth_type.as_deref(), input.invoke_mode.as_deref());
        let change = UrlChange::parse(auth, mode, input.cors)?;
        Ok(Self { function, change, auth_type: input.auth_type })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let access = Access::to("lambda:UpdateFunctionUrlConfig", self.function.arn().as_str());
        match &self.auth_type {
            Some(auth_type) => vec![access.with("lambda:FunctionUrlAuthType", auth_type)],
            None => vec![access],
        }
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let url = lambda.functions.update_url(&self.function, self.change, cx.scope.now).await?;
        lambda.cache.forget(&self.function.key);
        let shown = url.describe(&self.function, lambda.port());
        Ok(model::UpdateFunctionUrlConfigResponse {
            function_url: Some(shown.function_url),
            function_arn: Some(shown.function_arn),
            auth_type: Some(shown.auth_type),
            cors: shown.cors,
            creation_time: Some(shown.creation_time),
            last_modified_time: Some(shown.last_modified_time),
            invoke_mode: shown.invoke_mode,
        })
    }
}
