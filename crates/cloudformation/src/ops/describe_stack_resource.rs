//! `DescribeStackResource`.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::StackRef;
use crate::tables::{RESOURCES, require};
use crate::{Cloudformation, errors};

/// A parsed `DescribeStackResource` request.
#[derive(Debug)]
pub(crate) struct DescribeStackResource {
    stack: StackRef,
    logical_id: String,
}

impl Operation for DescribeStackResource {
    const NAME: &'static str = "DescribeStackResource";
    type Service = Cloudformation;
    type Input = model::DescribeStackResourceInput;
    type Output = model::DescribeStackResourceOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { stack: StackRef::parse(&input.stack_name, scope)?, logical_id: input.logical_resource_id })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("cloudformation:DescribeStackResource", self.stack.access(scope))]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let scope = cx.scope.clone();
        let work = move |tx: &weft_store::ReadTx<'_>| {
            let stack = require(tx, &scope, &self.stack)?;
            let found = RESOURCES.get(tx, &(stack.unique.as_str(), self.logical_id.as_str()))?;
            let record = found.ok_or_else(|| {
                errors::validation(format!("Resource {} does not exist for stack {}", self.logical_id, stack.name))
            })?;
            Ok::<_, Error>(model::StackResourceDetail {
                stack_name: Some(stack.name.clone()),
                stack_id: Some(stack.id()),
                logical_resource_id: self.logical_id.clone(),
                physical_resource_id: record.physical_id,
                resource_type: record.kind,
                last_updated_timestamp: record.updated,
                resource_status: record.status,
                resource_status_reason: record.reason,
                description: None,
                metadata: record.metadata,
                drift_information: Some(model::StackResourceDriftInformation {
                    stack_resource_drift_status: "NOT_CHECKED".to_owned(),
                    last_check_timestamp: None,
                }),
                module_info: None,
            })
        };
        let detail = service.store.read(work).await?;
        Ok(model::DescribeStackResourceOutput { stack_resource_detail: Some(detail) })
    }
}
