//! The operations of IAM, one file each; those of STS are in `sts`.

mod attach_role_policy;
mod attach_user_policy;
mod create_access_key;
mod create_policy;
mod create_policy_version;
mod create_role;
mod create_user;
mod delete_access_key;
mod delete_policy;
mod delete_policy_version;
mod delete_role;
mod delete_role_policy;
mod delete_user;
mod delete_user_policy;
mod detach_role_policy;
mod detach_user_policy;
mod get_access_key_last_used;
mod get_policy;
mod get_policy_version;
mod get_role;
mod get_role_policy;
mod get_user;
mod get_user_policy;
mod list_access_keys;
mod list_attached_role_policies;
mod list_attached_user_policies;
mod list_policies;
mod list_policy_versions;
mod list_role_policies;
mod list_role_tags;
mod list_roles;
mod list_user_policies;
mod list_users;
mod put_role_policy;
mod put_user_policy;
mod set_default_policy_version;
mod show;
mod sts;
mod tag_role;
mod trust;
mod untag_role;
mod update_access_key;
mod update_assume_role_policy;
mod update_role;
mod update_role_description;
mod update_user;

use std::sync::Arc;

use weft_service::ServiceBuilder;

use crate::Iam;

/// Adds the operations of IAM.
#[rustfmt::skip]
pub(crate) fn iam(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<attach_role_policy::AttachRolePolicy>(iam)
        .operation::<attach_user_policy::AttachUserPolicy>(iam)
        .operation::<create_access_key::CreateAccessKey>(iam)
        .operation::<create_policy::CreatePolicy>(iam)
        .operation::<create_policy_version::CreatePolicyVersion>(iam)
        .operation::<create_role::CreateRole>(iam)
        .operation::<create_user::CreateUser>(iam)
        .operation::<delete_access_key::DeleteAccessKey>(iam)
        .operation::<delete_policy::DeletePolicy>(iam)
        .operation::<delete_policy_version::DeletePolicyVersion>(iam)
        .operation::<delete_role::DeleteRole>(iam)
        .operation::<delete_role_policy::DeleteRolePolicy>(iam)
        .operation::<delete_user::DeleteUser>(iam)
        .operation::<delete_user_policy::DeleteUserPolicy>(iam)
        .operation::<detach_role_policy::DetachRolePolicy>(iam)
        .operation::<detach_user_policy::DetachUserPolicy>(iam)
        .operation::<get_access_key_last_used::GetAccessKeyLastUsed>(iam)
        .operation::<get_policy::GetPolicy>(iam)
        .operation::<get_policy_version::GetPolicyVersion>(iam)
        .operation::<get_role::GetRole>(iam)
        .operation::<get_role_policy::GetRolePolicy>(iam)
        .operation::<get_user::GetUser>(iam)
        .operation::<get_user_policy::GetUserPolicy>(iam)
        .operation::<list_access_keys::ListAccessKeys>(iam)
        .operation::<list_attached_role_policies::ListAttachedRolePolicies>(iam)
        .operation::<list_attached_user_policies::ListAttachedUserPolicies>(iam)
        .operation::<list_policies::ListPolicies>(iam)
        .operation::<list_policy_versions::ListPolicyVersions>(iam)
        .operation::<list_role_policies::ListRolePolicies>(iam)
        .operation::<list_role_tags::ListRoleTags>(iam)
        .operation::<list_roles::ListRoles>(iam)
        .operation::<list_user_policies::ListUserPolicies>(iam)
        .operation::<list_users::ListUsers>(iam)
        .operation::<put_role_policy::PutRolePolicy>(iam)
        .operation::<put_user_policy::PutUserPolicy>(iam)
        .operation::<set_default_policy_version::SetDefaultPolicyVersion>(iam)
        .operation::<tag_role::TagRole>(iam)
        .operation::<untag_role::UntagRole>(iam)
        .operation::<update_access_key::UpdateAccessKey>(iam)
        .operation::<update_assume_role_policy::UpdateAssumeRolePolicy>(iam)
        .operation::<update_role::UpdateRole>(iam)
        .operation::<update_role_description::UpdateRoleDescription>(iam)
        .operation::<update_user::UpdateUser>(iam)
}

/// Adds the operations of STS.
pub(crate) fn sts(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<sts::AssumeRole>(iam)
        .operation::<sts::GetAccessKeyInfo>(iam)
        .operation::<sts::GetCallerIdentity>(iam)
        .operation::<sts::GetSessionToken>(iam)
}
