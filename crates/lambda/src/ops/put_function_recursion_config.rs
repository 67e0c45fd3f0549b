//! `PutFunctionRecursionConfig`: says whether a function may call itself in circles.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `PutFunctionRecursionConfig` request.
#[derive(Debug)]
pub(crate) struct PutFunctionRecursionConfig {
    function: FunctionRef,
    recursive_loop: String,
}

impl Operation for PutFunctionRecursionConfig {
    const NAME: &'static str = "PutFunctionRecursionConfig";
    type Service = Lambda;
    type Input = model::PutFunctionRecursionConfigRequest;
    type Output = model::PutFunctionRecursionConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse_whole(&input.function_name, scope)?;
        Ok(Self { function, recursive_loop: input.recursive_loop })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:PutFunctionRecursionConfig", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let Self { function, recursive_loop } = self;
        let allowed = recursive_loop == "Allow";
        let change = move |_: &mut weft_store::WriteTx<'_>, whole: &mut crate::function::Whole| {
            whole.recursion_allowed = allowed;
            Ok(())
        };
        lambda.functions.change_whole(&function.key, change).await?;
        lambda.cache.forget(&function.key);
        Ok(model::PutFunctionRecursionConfigResponse { recursive_loop: Some(recursive_loop) })
    }
}
