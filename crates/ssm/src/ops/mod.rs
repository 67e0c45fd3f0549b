//! The operations, one a file.

pub(crate) mod add_tags_to_resource;
pub(crate) mod delete_parameter;
pub(crate) mod delete_parameters;
pub(crate) mod describe_parameters;
pub(crate) mod get_parameter;
pub(crate) mod get_parameter_history;
pub(crate) mod get_parameters;
pub(crate) mod get_parameters_by_path;
pub(crate) mod label_parameter_version;
pub(crate) mod list_tags_for_resource;
pub(crate) mod put_parameter;
pub(crate) mod remove_tags_from_resource;
pub(crate) mod unlabel_parameter_version;
