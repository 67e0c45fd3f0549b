//! `DescribeChangeSet`.

use serde_json::Value as Json;
use weft_model::cloudformation as model;
use weft_model::{Shape as _, Value};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::change_sets::ChangeSetRef;
use crate::tables::{ChangeSetRecord, StackRecord, json};
use crate::{Cloudformation, convert, request, shown};

const PAGE: usize = 100;

/// A parsed `DescribeChangeSet` request.
#[derive(Debug)]
pub(crate) struct DescribeChangeSet {
    change_set: ChangeSetRef,
    offset: usize,
    values: bool,
}

impl Operation for DescribeChangeSet {
    const NAME: &'static str = "DescribeChangeSet";
    type Service = Cloudformation;
    type Input = model::DescribeChangeSetInput;
    type Output = model::DescribeChangeSetOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self {
            change_set: ChangeSetRef::parse(&input.change_set_name, input.stack_name.as_deref(), scope)?,
            offset: request::offset(input.next_token.as_deref())?,
            values: input.include_property_values == Some(true),
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let access = Access::to("cloudformation:DescribeChangeSet", self.change_set.access(scope));
        vec![access.with("cloudformation:ChangeSetName", self.change_set.name())]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let (stack, set) = service.change_set(&cx.scope, &self.change_set).await?;
        let changes = match json(&set.changes) {
            Json::Array(changes) => changes,
            _ => Vec::new(),
        };
        let (page, next_token) = request::page(changes, self.offset, PAGE);
        let changes =
            page.iter().map(|change| shown_change(change, self.values)).collect::<Result<_, _>>()?;
        Ok(answer(&stack, &set, changes, next_token))
    }
}

fn shown_change(change: &Json, values: bool) -> Result<model::Change, Error> {
    let mut change = change.clone();
    if let (false, Json::Object(fields)) = (values, &mut change) {
        fields.remove("BeforeContext");
        fields.remove("AfterContext");
        if let Some(Json::Array(details)) = fields.get_mut("Details") {
            for target in details.iter_mut().filter_map(|detail| detail.get_mut("Target")?.as_object_mut()) {
                target.retain(|name, _| !matches!(name.as_str(), "BeforeValue" | "AfterValue"));
            }
        }
    }
    let value = convert::to_struct(model::ResourceChange::SCHEMA, &change);
    let value: Value = value.map_err(|problem| Error::internal(format!("a stored change: {problem}")))?;
    Ok(model::Change {
        r#type: Some("Resource".to_owned()),
        hook_invocation_count: None,
        resource_change: Some(model::ResourceChange::from_value(value)),
    })
}

fn answer(
    stack: &StackRecord,
    set: &ChangeSetRecord,
    changes: Vec<model::Change>,
    next_token: Option<String>,
) -> model::DescribeChangeSetOutput {
    let settings = &set.settings;
    model::DescribeChangeSetOutput {
        change_set_name: Some(set.name.clone()),
        change_set_id: Some(shown::change_set_arn(stack, set)),
        stack_id: Some(stack.id()),
        stack_name: Some(stack.name.clone()),
        description: set.description.clone(),
        parameters: Some(shown::parameters(settings)).filter(|list| !list.is_empty()),
        creation_time: Some(set.created),
        execution_status: Some(set.execution.clone()),
        status: Some(set.status.clone()),
        status_reason: set.reason.clone(),
        notification_ar_ns: Some(settings.notification_arns.clone()),
        rollback_configuration: Some(model::RollbackConfiguration::default()),
        capabilities: Some(settings.capabilities.clone()),
        tags: Some(shown::tags(settings)).filter(|list| !list.is_empty()),
        changes: Some(changes),
        next_token,
        include_nested_stacks: Some(set.include_nested),
        on_stack_failure: set.on_failure.clone(),
        import_existing_resources: Some(set.import_existing),
        deployment_mode: set.mode.clone(),
        ..Default::default()
    }
}
