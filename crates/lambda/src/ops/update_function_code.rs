//! `UpdateFunctionCode`: gives a function other code.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::code::CodeSource;
use crate::errors::not_implemented;
use crate::functions::Update;
use crate::name::FunctionRef;
use crate::settings::parse_architecture;

/// A parsed `UpdateFunctionCode` request.
#[derive(Debug)]
pub(crate) struct UpdateFunctionCode {
    function: FunctionRef,
    source: CodeSource,
    architecture: Option<String>,
    revision_id: Option<String>,
    dry_run: bool,
    publish: bool,
}

impl Operation for UpdateFunctionCode {
    const NAME: &'static str = "UpdateFunctionCode";
    type Service = Lambda;
    type Input = model::UpdateFunctionCodeRequest;
    type Output = model::FunctionConfiguration;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        if input.publish_to.is_some() {
            return Err(not_implemented("PublishTo is"));
        }
        let function = FunctionRef::parse(&input.function_name, None, scope)?;
        let architecture = parse_architecture(input.architectures)?;
        let source = CodeSource::parse(
            Self::NAME,
            model::FunctionCode {
                zip_file: input.zip_file,
                s3_bucket: input.s3_bucket,
                s3_key: input.s3_key,
                s3_object_version: input.s3_object_version,
                image_uri: input.image_uri,
                source_kms_key_arn: input.source_kms_key_arn,
            },
        )?;
        let dry_run = input.dry_run == Some(true);
        let publish = input.publish == Some(true);
        Ok(Self { function, source, architecture, revision_id: input.revision_id, dry_run, publish })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:UpdateFunctionCode", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let Self { function, source, architecture, revision_id, dry_run, publish } = self;
        function.require_latest()?;
        // Before the archive is stored, so that a wrong name leaves nothing behind.
        lambda.functions.find(&function).await?;
        let source = lambda.fetch(cx, source).await?;
        let _held = lambda.code.hold().await;
        let code = if dry_run {
            lambda.code.check(source).await?
        } else {
            lambda.code.keep(source, &cx.scope).await?
        };
        let change = move |found: &mut crate::function::Function| {
            found.code = code.clone();
            if let Some(architecture) = &architecture {
                found.settings.architecture.clone_from(architecture);
            }
            Ok(())
        };
        let update = Update { revision_id, now: cx.scope.now, dry_run, publish };
        let updated = lambda.update(&function.key, update, change).await?;
        Ok(updated.describe(&function.key))
    }
}
