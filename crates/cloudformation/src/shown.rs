//! Records as answers show them.

use weft_model::cloudformation as model;
use weft_types::Timestamp;

use crate::tables::{ChangeSetRecord, EventRecord, ResourceRecord, Settings, StackRecord};

/// A stack, as `DescribeStacks` shows it.
pub(crate) fn stack(record: &StackRecord) -> model::Stack {
    let settings = &record.settings;
    model::Stack {
        stack_id: Some(record.id()),
        stack_name: record.name.clone(),
        change_set_id: record.change_set.clone(),
        description: settings.description.clone(),
        parameters: some(parameters(settings)),
        creation_time: record.created,
        deletion_time: record.deleted,
        last_updated_time: record.updated,
        rollback_configuration: Some(model::RollbackConfiguration::default()),
        stack_status: record.status.as_str().to_owned(),
        stack_status_reason: record.reason.clone(),
        disable_rollback: Some(record.disable_rollback),
        notification_ar_ns: some(settings.notification_arns.clone()),
        timeout_in_minutes: settings.timeout_minutes,
        capabilities: some(settings.capabilities.clone()),
        outputs: some(outputs(record)),
        role_arn: settings.role.clone(),
        tags: some(tags(settings)),
        enable_termination_protection: Some(record.protected),
        parent_id: record.parent.clone(),
        root_id: record.root.clone(),
        drift_information: Some(model::StackDriftInformation {
            stack_drift_status: "NOT_CHECKED".to_owned(),
            ..Default::default()
        }),
        ..empty_stack()
    }
}

fn empty_stack() -> model::Stack {
    use weft_model::{Shape as _, Value};
    model::Stack::from_value(Value::Struct(vec![None; model::Stack::SCHEMA.members.len()]))
}

/// A list, or nothing where it is empty.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// Parameters as they are shown.
pub(crate) fn parameters(settings: &Settings) -> Vec<model::Parameter> {
    let shown = settings.parameters.iter().map(|parameter| model::Parameter {
        parameter_key: Some(parameter.key.clone()),
        parameter_value: Some(parameter.shown.clone()),
        use_previous_value: None,
        resolved_value: parameter.resolved.clone(),
    });
    shown.collect()
}

/// Tags of a stack.
pub(crate) fn tags(settings: &Settings) -> Vec<model::Tag> {
    settings.tags.iter().map(|(key, value)| model::Tag { key: key.clone(), value: value.clone() }).collect()
}

fn outputs(record: &StackRecord) -> Vec<model::Output> {
    let outputs = record.outputs.iter().map(|output| model::Output {
        output_key: Some(output.key.clone()),
        output_value: Some(output.value.clone()),
        description: output.description.clone(),
        export_name: output.export.clone(),
    });
    outputs.collect()
}

/// An event.
pub(crate) fn event(stack: &StackRecord, record: &EventRecord) -> model::StackEvent {
    model::StackEvent {
        stack_id: stack.id(),
        event_id: record.id.clone(),
        stack_name: stack.name.clone(),
        operation_id: record.operation.clone(),
        logical_resource_id: Some(record.logical_id.clone()),
        physical_resource_id: Some(record.physical_id.clone().unwrap_or_default()),
        resource_type: Some(record.kind.clone()),
        timestamp: record.at,
        resource_status: Some(record.status.clone()),
        resource_status_reason: record.reason.clone(),
        resource_properties: record.properties.clone(),
        client_request_token: record.token.clone(),
        ..empty_event(record.at)
    }
}

fn empty_event(at: Timestamp) -> model::StackEvent {
    use weft_model::{Shape as _, Value};
    let event =
        model::StackEvent::from_value(Value::Struct(vec![None; model::StackEvent::SCHEMA.members.len()]));
    model::StackEvent { timestamp: at, ..event }
}

/// A resource, as `ListStackResources` shows it.
pub(crate) fn summary(logical_id: &str, record: &ResourceRecord) -> model::StackResourceSummary {
    model::StackResourceSummary {
        logical_resource_id: logical_id.to_owned(),
        physical_resource_id: record.physical_id.clone(),
        resource_type: record.kind.clone(),
        last_updated_timestamp: record.updated,
        resource_status: record.status.clone(),
        resource_status_reason: record.reason.clone(),
        drift_information: Some(model::StackResourceDriftInformationSummary {
            stack_resource_drift_status: "NOT_CHECKED".to_owned(),
            last_check_timestamp: None,
        }),
        module_info: None,
    }
}

/// A resource, as `DescribeStackResources` shows it.
pub(crate) fn resource(
    stack: &StackRecord,
    logical_id: &str,
    record: &ResourceRecord,
) -> model::StackResource {
    model::StackResource {
        stack_name: Some(stack.name.clone()),
        stack_id: Some(stack.id()),
        logical_resource_id: logical_id.to_owned(),
        physical_resource_id: record.physical_id.clone(),
        resource_type: record.kind.clone(),
        timestamp: record.updated,
        resource_status: record.status.clone(),
        resource_status_reason: record.reason.clone(),
        description: None,
        drift_information: Some(model::StackResourceDriftInformation {
            stack_resource_drift_status: "NOT_CHECKED".to_owned(),
            last_check_timestamp: None,
        }),
        module_info: None,
    }
}

/// The ARN of a change set.
pub(crate) fn change_set_arn(stack: &StackRecord, record: &ChangeSetRecord) -> String {
    let account = format!("{:012}", stack.account);
    let resource = format!("changeSet/{}/{}", record.name, record.unique);
    weft_types::Arn::of("cloudformation", &stack.region, &account, &resource).to_string()
}
