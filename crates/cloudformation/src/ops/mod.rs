//! The operations, one file each.

mod create_change_set;
mod create_stack;
mod delete_change_set;
mod delete_stack;
mod describe_change_set;
mod describe_stack_events;
mod describe_stacks;
mod execute_change_set;
mod get_template;
mod list_stack_resources;
mod update_stack;

use std::sync::Arc;

use weft_service::ServiceBuilder;

use crate::Cloudformation;

/// All of them.
pub(crate) fn all(builder: ServiceBuilder, service: &Arc<Cloudformation>) -> ServiceBuilder {
    builder
        .operation::<create_change_set::CreateChangeSet>(service)
        .operation::<create_stack::CreateStack>(service)
        .operation::<delete_change_set::DeleteChangeSet>(service)
        .operation::<delete_stack::DeleteStack>(service)
        .operation::<describe_change_set::DescribeChangeSet>(service)
        .operation::<describe_stack_events::DescribeStackEvents>(service)
        .operation::<describe_stacks::DescribeStacks>(service)
        .operation::<execute_change_set::ExecuteChangeSet>(service)
        .operation::<get_template::GetTemplate>(service)
        .operation::<list_stack_resources::ListStackResources>(service)
        .operation::<update_stack::UpdateStack>(service)
}
