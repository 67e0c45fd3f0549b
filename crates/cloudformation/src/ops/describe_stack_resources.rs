//! `DescribeStackResources`: by stack, or by the physical id of one of its resources.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_store::{ReadTx, Read};

use crate::names::StackRef;
use crate::tables::{RESOURCES, STACKS, StackRecord, place, require, resources};
use crate::{Cloudformation, errors, shown};

/// Resources that one answer shows.
const SHOWN: usize = 100;

/// A parsed `DescribeStackResources` request.
#[derive(Debug)]
pub(crate) struct DescribeStackResources {
    stack: Option<StackRef>,
    logical_id: Option<String>,
    physical_id: Option<String>,
}

impl Operation for DescribeStackResources {
    const NAME: &'static str = "DescribeStackResources";
    type Service = Cloudformation;
    type Input = model::DescribeStackResourcesInput;
    type Output = model::DescribeStackResourcesOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let stack = input.stack_name.map(|name| StackRef::parse(&name, scope)).transpose()?;
        let (logical_id, physical_id) = (input.logical_resource_id, input.physical_resource_id);
        if stack.is_some() == physical_id.is_some() {
            return Err(errors::validation("Exactly one of StackName or PhysicalResourceId must be specified."));
        }
        Ok(Self { stack, logical_id, physical_id })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let every = || scope.arn("cloudformation", "stack/*/*").to_string();
        let resource = self.stack.as_ref().map_or_else(every, |stack| stack.access(scope));
        vec![Access::to("cloudformation:DescribeStackResources", resource)]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let scope = cx.scope.clone();
        let work = move |tx: &ReadTx<'_>| {
            let stack = match (&self.stack, &self.physical_id) {
                (Some(stack), _) => require(tx, &scope, stack)?,
                (None, Some(physical_id)) => owner(tx, &scope, physical_id)?,
                (None, None) => return Err(errors::validation("StackName must be specified.")),
            };
            let all = resources(tx, &stack.unique)?;
            let wanted = all.iter().filter(|(id, _)| self.logical_id.as_ref().is_none_or(|wanted| wanted == *id));
            Ok(wanted.take(SHOWN).map(|(id, record)| shown::resource(&stack, id, record)).collect())
        };
        let found: Vec<_> = service.store.read(work).await?;
        Ok(model::DescribeStackResourcesOutput { stack_resources: Some(found) })
    }
}

/// The stack that has a resource of this physical id.
fn owner(tx: &impl Read, scope: &Scope, physical_id: &str) -> Result<StackRecord, Error> {
    let (account, region) = place(scope);
    for (_, stack) in STACKS.query(&(account, region.as_str())).rows(tx)? {
        let rows = RESOURCES.query(&(stack.unique.as_str(),)).rows(tx)?;
        if rows.iter().any(|(_, record)| record.physical_id.as_deref() == Some(physical_id)) {
            return Ok(stack);
        }
    }
    Err(errors::validation(format!("Stack for {physical_id} does not exist")))
}
