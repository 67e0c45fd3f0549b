//! `PublishVersion`: copies `$LATEST` into a numbered version that never changes.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Once, Operation, Scope};

use crate::Lambda;
use crate::errors::not_implemented;
use crate::name::FunctionRef;
use crate::version::VersionId;
use crate::versions::Publish;

/// A parsed `PublishVersion` request.
#[derive(Debug)]
pub(crate) struct PublishVersion {
    function: FunctionRef,
    publish: Publish,
}

impl Operation for PublishVersion {
    const NAME: &'static str = "PublishVersion";
    type Service = Lambda;
    type Input = model::PublishVersionRequest;
    type Output = model::FunctionConfiguration;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        if input.publish_to.is_some() {
            return Err(not_implemented("PublishTo is"));
        }
        let function = FunctionRef::parse(&input.function_name, None, scope)?;
        function.require_latest()?;
        let publish = Publish {
            description: input.description,
            code_sha256: input.code_sha256.filter(|sum| !sum.is_empty()),
            revision_id: input.revision_id,
        };
        Ok(Self { function, publish })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:PublishVersion", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let key = &self.function.key;
        let (number, version) =
            lambda.functions.publish(key, self.publish, cx.scope.now, Once::of(cx)).await?;
        let number = VersionId::Number(number);
        Ok(version.describe(&self.function.at(number), number))
    }
}
