//! The operations, one file each.

mod cancel_update_stack;
mod continue_update_rollback;
mod create_change_set;
mod create_stack;
mod delete_change_set;
mod delete_stack;
mod describe_change_set;
mod describe_stack_events;
mod describe_stack_resource;
mod describe_stack_resources;
mod describe_stacks;
mod execute_change_set;
mod get_stack_policy;
mod get_template;
mod get_template_summary;
mod list_change_sets;
mod list_exports;
mod list_imports;
mod list_stack_resources;
mod list_stacks;
mod rollback_stack;
mod set_stack_policy;
mod update_stack;
mod update_termination_protection;
mod validate_template;

use std::sync::Arc;

use weft_service::ServiceBuilder;

use crate::Cloudformation;

/// All of them.
pub(crate) fn all(builder: ServiceBuilder, service: &Arc<Cloudformation>) -> ServiceBuilder {
    builder
        .operation::<cancel_update_stack::CancelUpdateStack>(service)
        .operation::<continue_update_rollback::ContinueUpdateRollback>(service)
        .operation::<create_change_set::CreateChangeSet>(service)
        .operation::<create_stack::CreateStack>(service)
        .operation::<delete_change_set::DeleteChangeSet>(service)
        .operation::<delete_stack::DeleteStack>(service)
        .operation::<describe_change_set::DescribeChangeSet>(service)
        .operation::<describe_stack_events::DescribeStackEvents>(service)
        .operation::<describe_stack_resource::DescribeStackResource>(service)
        .operation::<describe_stack_resources::DescribeStackResources>(service)
        .operation::<describe_stacks::DescribeStacks>(service)
        .operation::<execute_change_set::ExecuteChangeSet>(service)
        .operation::<get_stack_policy::GetStackPolicy>(service)
        .operation::<get_template::GetTemplate>(service)
        .operation::<get_template_summary::GetTemplateSummary>(service)
        .operation::<list_change_sets::ListChangeSets>(service)
        .operation::<list_exports::ListExports>(service)
        .operation::<list_imports::ListImports>(service)
        .operation::<list_stack_resources::ListStackResources>(service)
        .operation::<list_stacks::ListStacks>(service)
        .operation::<rollback_stack::RollbackStack>(service)
        .operation::<set_stack_policy::SetStackPolicy>(service)
        .operation::<update_stack::UpdateStack>(service)
        .operation::<update_termination_protection::UpdateTerminationProtection>(service)
        .operation::<validate_template::ValidateTemplate>(service)
}
