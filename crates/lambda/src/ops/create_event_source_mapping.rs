//! `CreateEventSourceMapping`: has a queue or a stream read for a function.

use std::collections::BTreeMap;

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Once, Operation, Scope};
use weft_types::Arn;

use crate::Lambda;
use crate::errors::{invalid_parameter, refuse_asked};
use crate::mappings::records::{Mapping, State, arn};
use crate::mappings::settings::{Kind, MappingChange, MappingSettings, parse_filters};
use crate::name::FunctionRef;
use crate::tags;

/// A parsed `CreateEventSourceMapping` request.
#[derive(Debug)]
pub(crate) struct CreateEventSourceMapping {
    function: FunctionRef,
    source: Arn,
    settings: MappingSettings,
    enabled: bool,
    tags: BTreeMap<String, String>,
    /// Made up at once: the tags' permission names it.
    uuid: String,
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
            factor: input.parallelization_factor,
            tumbling_seconds: input.tumbling_window_in_seconds,
        };
        let (position, time) = (input.starting_position, input.starting_position_timestamp);
        let settings = MappingSettings::new(Kind::of(&source)?, position, time, &change)?;
        let tags = input.tags.unwrap_or_default();
        tags::check(&tags)?;
        let (enabled, uuid) = (input.enabled.unwrap_or(true), weft_service::request_id());
        Ok(Self { function, source, settings, enabled, tags, uuid })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let function = self.function.arn();
        let create = Access::to("lambda:CreateEventSourceMapping", "*")
            .with("lambda:FunctionArn", function.as_str())
            .with_request_tags(&self.tags);
        let mapping = arn(scope.account, &scope.region, &self.uuid);
        let tag = Access::to("lambda:TagResource", mapping.as_str()).with_request_tags(&self.tags);
        if self.tags.is_empty() { vec![create] } else { vec![create, tag] }
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let role = lambda.resolve(&self.function).await?.revision.role.clone();
        lambda.require_source(&self.source, role.as_ref(), self.settings.kind).await?;
        let mapping = Mapping {
            uuid: self.uuid,
            tags: self.tags,
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
        (input.destination_config.is_some(), "DestinationConfig of event source mappings is"),
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
