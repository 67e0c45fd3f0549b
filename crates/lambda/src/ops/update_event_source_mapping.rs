//! `UpdateEventSourceMapping`: changes how a queue or a stream is read, or turns it on or off.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::errors::refuse_asked;
use crate::mappings::records::{arn, turned};
use crate::mappings::settings::{MappingChange, parse_filters};
use crate::name::FunctionRef;

/// A parsed `UpdateEventSourceMapping` request.
#[derive(Debug)]
pub(crate) struct UpdateEventSourceMapping {
    uuid: String,
    function: Option<FunctionRef>,
    enabled: Option<bool>,
    change: MappingChange,
}

impl Operation for UpdateEventSourceMapping {
    const NAME: &'static str = "UpdateEventSourceMapping";
    type Service = Lambda;
    type Input = model::UpdateEventSourceMappingRequest;
    type Output = model::EventSourceMappingConfiguration;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        refuse_unbuilt(&input)?;
        let function = input.function_name.map(|name| FunctionRef::parse(&name, None, scope)).transpose()?;
        let change = MappingChange {
            batch_size: input.batch_size,
            window_seconds: input.maximum_batching_window_in_seconds,
            filters: parse_filters(input.filter_criteria),
            response_types: input.function_response_types,
            bisects: input.bisect_batch_on_function_error,
            retries: input.maximum_retry_attempts,
            age_seconds: input.maximum_record_age_in_seconds,
            scaling: input.scaling_config,
            factor: input.parallelization_factor,
            tumbling_seconds: input.tumbling_window_in_seconds,
        };
        Ok(Self { uuid: input.uuid, function, enabled: input.enabled, change })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let mapping = arn(scope.account, &scope.region, &self.uuid);
        let access = Access::to("lambda:UpdateEventSourceMapping", mapping.as_str());
        vec![match &self.function {
            Some(function) => access.with("lambda:FunctionArn", function.arn().as_str()),
            None => access,
        }]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let Self { uuid, function, enabled, change } = self;
        if let Some(function) = &function {
            lambda.resolve(function).await?;
        }
        let now = cx.scope.now;
        let update = lambda.mappings.update(&cx.scope, &uuid, move |mapping| {
            mapping.settings = mapping.settings.with(&change)?;
            if let Some(FunctionRef { key, qualifier }) = function.clone() {
                (mapping.name, mapping.qualifier) = (key.name, qualifier);
            }
            mapping.state = turned(mapping.state, enabled);
            mapping.last_modified = now;
            Ok(())
        });
        let mapping = update.await?;
        lambda.pollers.changed.notify_one();
        Ok(mapping.describe(Some(lambda.pollers.result(&mapping.uuid))))
    }
}

/// Refuses what Weft has not, by name.
fn refuse_unbuilt(input: &model::UpdateEventSourceMappingRequest) -> Result<(), Error> {
    refuse_asked([
        (input.destination_config.is_some(), "DestinationConfig of event source mappings is"),
        (input.kms_key_arn.is_some(), "KMSKeyArn is"),
        (input.source_access_configurations.is_some(), "SourceAccessConfigurations is"),
        (input.metrics_config.is_some(), "MetricsConfig is"),
        (input.logging_config.is_some(), "LoggingConfig of event source mappings is"),
        (input.provisioned_poller_config.is_some(), "ProvisionedPollerConfig is"),
    ])
}
