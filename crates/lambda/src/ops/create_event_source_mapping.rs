//! `CreateEventSourceMapping`: has a queue or a stream read for a function.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Once, Operation, Scope};
use weft_types::Arn;

use crate::Lambda;
use crate::errors::{invalid_parameter, refuse_asked};
use crate::mappings::records::{Mapping, State};
use crate::mappings::settings::{Kind, MappingChange, MappingSettings, parse_filters};
use crate::name::FunctionRef;

/// A parsed `CreateEventSourceMapping` request.
#[derive(Debug)]
pub(crate) struct CreateEventSourceMapping {
    function: FunctionRef,
    source: Arn,
    settings: MappingSettings,
    enabled: bool,
}

impl Operation for CreateEventSourceMapping {
    const NAME: &'static str = "CreateEventSourceMapping";
    type Service = Lambda;
    type Input = model::CreateEventSourceMappingRequest;
    type Output = model::EventSourceMappingConfiguration;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        refuse_unbuilt(&input)?;
        let function = FunctionRef::parse(&input.function_name, None, scope)?;
        let text =
            input.event_source_arn.ok_or_else(|| invalid_parameter("Event source ARN is required."))?;
        let source = Arn::parse(&text).map_err(|_| invalid_parameter("Unrecognized event source."))?;
        let change = MappingChange {
            batch_size: input.batch_size,
            window_seconds: input.maximum_batching_window_in_seconds,
            filters: parse_filters(input.filter_criteria),
            response_types: input.function_response_types,
            bisects: input.bisect_batch_on_function_error,
            retries: input.maximum_retry_attempts,
            age_seconds: input.maximum_record_age_in_seconds,
            scaling: input.scaling_config,
        };
        let (position, time) = (input.starting_position, input.starting_position_timestamp);
        let settings = MappingSettings::new(Kind::of(&source)?, position, time, &change)?;
        Ok(Self { function, source, settings, enabled: input.enabled.unwrap_or(true) })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let function = self.function.arn();
        vec![Access::to("lambda:CreateEventSourceMapping", "*").with("lambda:FunctionArn", function.as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let role = lambda.resolve(&self.function).await?.revision.role.clone();
        lambda.require_source(&self.source, role.as_ref(), self.settings.kind).await?;
        let mapping = Mapping {
            uuid: weft_service::request_id(),
            account: self.function.key.account,
            region: self.function.key.region,
            name: self.function.key.name,
            qualifier: self.function.qualifier,
            source: self.source,
            settings: self.settings,
            state: if self.enabled { State::Creating } else { State::Disabling },
            last_modified: cx.scope.now,
        };
        let mapping = lambda.mappings.create(mapping, Once::of(cx)).await?;
        lambda.pollers.changed.notify_one();
        let shown = Mapping { state: State::Creating, ..mapping };
        Ok(shown.describe(Some("No records processed")))
    }
}

/// Refuses what Weft has not, by name.
fn refuse_unbuilt(input: &model::CreateEventSourceMappingRequest) -> Result<(), Error> {
    refuse_asked([
        (input.tumbling_window_in_seconds.unwrap_or(0) > 0, "TumblingWindowInSeconds is"),
        (input.parallelization_factor.unwrap_or(1) > 1, "ParallelizationFactor is"),
        (input.destination_config.is_some(), "DestinationConfig of event source mappings is"),
        (input.tags.as_ref().is_some_and(|tags| !tags.is_empty()), "Tags of event source mappings are"),
        (input.kms_key_arn.is_some(), "KMSKeyArn is"),
        (input.topics.is_some(), "Topics is"),
        (input.queues.is_some(), "Queues is"),
        (input.self_managed_event_source.is_some(), "SelfManagedEventSource is"),
        (input.source_access_configurations.is_some(), "SourceAccessConfigurations is"),
        (input.metrics_config.is_some(), "MetricsConfig is"),
        (input.logging_config.is_some(), "LoggingConfig of event source mappings is"),
        (input.provisioned_poller_config.is_some(), "ProvisionedPollerConfig is"),
    ])
}
