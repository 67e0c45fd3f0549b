//! `CreateFunction`: makes a function from an archive or a build.

use std::collections::BTreeMap;

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Once, Operation, Scope};
use weft_types::Arn;

use crate::code::CodeSource;
use crate::errors::refuse_asked;
use crate::function::Function;
use crate::layer_access::LayerAsked;
use crate::name::{FunctionKey, FunctionRef};
use crate::settings::{Changes, Settings, host_architecture, parse_architecture};
use crate::signing::parse_arn;
use crate::{Lambda, access, errors, tags};

/// A parsed `CreateFunction` request.
#[derive(Debug)]
pub(crate) struct CreateFunction {
    key: FunctionKey,
    settings: Settings,
    source: CodeSource,
    tags: BTreeMap<String, String>,
    publish: bool,
    code_signing: Option<Arn>,
    layers: Vec<LayerAsked>,
}

impl Operation for CreateFunction {
    const NAME: &'static str = "CreateFunction";
    type Service = Lambda;
    type Input = model::CreateFunctionRequest;
    type Output = model::FunctionConfiguration;

    fn parse(mut input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        refuse_features(&input)?;
        let function = FunctionRef::parse(&input.function_name, None, scope)?;
        if function.qualifier.is_some() {
            return Err(errors::invalid_parameter("A new function's name can't have a version or an alias."));
        }
        let publish = input.publish == Some(true);
        let signing = input.code_signing_config_arn.take().filter(|arn| !arn.is_empty());
        let code_signing = signing.map(|arn| parse_arn(&arn, scope)).transpose()?;
        let tags = input.tags.take().unwrap_or_default();
        tags::check(&tags)?;
        let source = CodeSource::parse(Self::NAME, std::mem::take(&mut input.code))?;
        let architecture = parse_architecture(input.architectures.take())?;
        let mut changes = Changes::parse(common_settings(input), scope)?;
        let layers = changes.layers.take().unwrap_or_default();
        let settings =
            changes.into_settings(architecture.unwrap_or_else(|| host_architecture().to_owned()))?;
        Ok(Self { key: function.key, settings, source, tags, publish, code_signing, layers })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let arn = self.key.arn();
        let create = Access::to("lambda:CreateFunction", arn.as_str()).with_request_tags(&self.tags);
        let tag = Access::to("lambda:TagResource", arn.as_str()).with_request_tags(&self.tags);
        let create = access::with_signing(create, self.code_signing.as_ref());
        let create = access::with_layers(create, &self.layers);
        let mut accesses = vec![create, access::pass_role(&self.settings.role)];
        if !self.tags.is_empty() {
            accesses.push(tag);
        }
        accesses.extend(self.layers.iter().filter_map(|layer| layer.access(scope.account)));
        accesses
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        lambda.require_assumable(cx, &self.settings.role).await?;
        lambda.check_dead_letters(&cx.scope, &self.settings).await?;
        let _held = lambda.code.hold().await;
        let mut settings = self.settings;
        settings.runtime_note = lambda.runtime_note(&settings.runtime).await;
        settings.layers = lambda.use_layers(cx, &self.layers).await?;
        let source = lambda.fetch(cx, self.source).await?;
        let code = lambda.code.keep(source, &cx.scope).await?;
        let mut function = Function::new(settings, code, self.tags, cx.scope.now);
        function.whole.code_signing = self.code_signing.map(Into::into);
        let created = lambda.functions.create(&self.key, function, self.publish, Once::of(cx)).await?;
        Ok(created.describe(&self.key))
    }
}

/// What only `CreateFunction` has, and Weft has not.
fn refuse_features(input: &model::CreateFunctionRequest) -> Result<(), Error> {
    refuse_asked([
        (input.package_type.as_deref() == Some("Image"), "Functions from container images are"),
        (input.publish_to.is_some(), "PublishTo is"),
        (input.tenancy_config.is_some(), "TenancyConfig is"),
    ])
}

/// The settings that `CreateFunction` shares with `UpdateFunctionConfiguration`.
fn common_settings(input: model::CreateFunctionRequest) -> model::UpdateFunctionConfigurationRequest {
    model::UpdateFunctionConfigurationRequest {
        function_name: input.function_name,
        role: Some(input.role),
        handler: input.handler,
        description: input.description,
        timeout: input.timeout,
        memory_size: input.memory_size,
        vpc_config: input.vpc_config,
        environment: input.environment,
        runtime: input.runtime,
        dead_letter_config: input.dead_letter_config,
        kms_key_arn: input.kms_key_arn,
        tracing_config: input.tracing_config,
        revision_id: None,
        layers: input.layers,
        file_system_configs: input.file_system_configs,
        image_config: input.image_config,
        ephemeral_storage: input.ephemeral_storage,
        snap_start: input.snap_start,
        logging_config: input.logging_config,
        capacity_provider_config: input.capacity_provider_config,
        durable_config: input.durable_config,
    }
}
