//! The operations of IAM, one file each; those of STS are in `sts`.

mod add_role_to_instance_profile;
mod add_user_to_group;
mod attach_group_policy;
mod attach_role_policy;
mod attach_user_policy;
mod create_access_key;
mod create_account_alias;
mod create_group;
mod create_instance_profile;
mod create_policy;
mod create_policy_version;
mod create_role;
mod create_service_linked_role;
mod create_user;
mod delete_access_key;
mod delete_account_alias;
mod delete_account_password_policy;
mod delete_group;
mod delete_group_policy;
mod delete_instance_profile;
mod delete_policy;
mod delete_policy_version;
mod delete_role;
mod delete_role_permissions_boundary;
mod delete_role_policy;
mod delete_service_linked_role;
mod delete_user;
mod delete_user_permissions_boundary;
mod delete_user_policy;
mod detach_group_policy;
mod detach_role_policy;
mod detach_user_policy;
mod get_access_key_last_used;
mod get_account_authorization_details;
mod get_account_password_policy;
mod get_account_summary;
mod get_context_keys_for_custom_policy;
mod get_context_keys_for_principal_policy;
mod get_group;
mod get_group_policy;
mod get_instance_profile;
mod get_policy;
mod get_policy_version;
mod get_role;
mod get_role_policy;
mod get_service_linked_role_deletion_status;
mod get_user;
mod get_user_policy;
mod list_access_keys;
mod list_account_aliases;
mod list_attached_group_policies;
mod list_attached_role_policies;
mod list_attached_user_policies;
mod list_entities_for_policy;
mod list_group_policies;
mod list_groups;
mod list_groups_for_user;
mod list_instance_profile_tags;
mod list_instance_profiles;
mod list_instance_profiles_for_role;
mod list_policies;
mod list_policy_tags;
mod list_policy_versions;
mod list_role_policies;
mod list_role_tags;
mod list_roles;
mod list_user_policies;
mod list_user_tags;
mod list_users;
mod put_group_policy;
mod put_role_permissions_boundary;
mod put_role_policy;
mod put_user_permissions_boundary;
mod put_user_policy;
mod remove_role_from_instance_profile;
mod remove_user_from_group;
mod set_default_policy_version;
mod show;
mod simulate_custom_policy;
mod simulate_principal_policy;
mod sts;
mod tag_instance_profile;
mod tag_policy;
mod tag_role;
mod tag_user;
mod trust;
mod untag_instance_profile;
mod untag_policy;
mod untag_role;
mod untag_user;
mod update_access_key;
mod update_account_password_policy;
mod update_assume_role_policy;
mod update_group;
mod update_role;
mod update_role_description;
mod update_user;

use std::sync::Arc;

use weft_service::ServiceBuilder;

use crate::Iam;

/// Adds the operations of IAM.
pub(crate) fn iam(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    let parts = [users, groups, roles, profiles, policies, account];
    parts.into_iter().fold(builder, |builder, part| part(iam, builder))
}

#[rustfmt::skip]
fn users(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<add_role_to_instance_profile::AddRoleToInstanceProfile>(iam)
        .operation::<add_user_to_group::AddUserToGroup>(iam)
        .operation::<attach_group_policy::AttachGroupPolicy>(iam)
        .operation::<attach_role_policy::AttachRolePolicy>(iam)
        .operation::<attach_user_policy::AttachUserPolicy>(iam)
        .operation::<create_access_key::CreateAccessKey>(iam)
        .operation::<create_account_alias::CreateAccountAlias>(iam)
        .operation::<create_group::CreateGroup>(iam)
        .operation::<create_instance_profile::CreateInstanceProfile>(iam)
        .operation::<create_policy::CreatePolicy>(iam)
        .operation::<create_policy_version::CreatePolicyVersion>(iam)
        .operation::<create_role::CreateRole>(iam)
        .operation::<create_service_linked_role::CreateServiceLinkedRole>(iam)
        .operation::<create_user::CreateUser>(iam)
        .operation::<delete_access_key::DeleteAccessKey>(iam)
        .operation::<delete_account_alias::DeleteAccountAlias>(iam)
        .operation::<delete_account_password_policy::DeleteAccountPasswordPolicy>(iam)
        .operation::<delete_group::DeleteGroup>(iam)
        .operation::<delete_group_policy::DeleteGroupPolicy>(iam)
        .operation::<delete_instance_profile::DeleteInstanceProfile>(iam)
        .operation::<delete_policy::DeletePolicy>(iam)
        .operation::<delete_policy_version::DeletePolicyVersion>(iam)
        .operation::<delete_role::DeleteRole>(iam)
        .operation::<delete_role_permissions_boundary::DeleteRolePermissionsBoundary>(iam)
        .operation::<delete_role_policy::DeleteRolePolicy>(iam)
        .operation::<delete_service_linked_role::DeleteServiceLinkedRole>(iam)
        .operation::<delete_user::DeleteUser>(iam)
        .operation::<delete_user_permissions_boundary::DeleteUserPermissionsBoundary>(iam)
        .operation::<delete_user_policy::DeleteUserPolicy>(iam)
        .operation::<detach_group_policy::DetachGroupPolicy>(iam)
        .operation::<detach_role_policy::DetachRolePolicy>(iam)
        .operation::<detach_user_policy::DetachUserPolicy>(iam)
        .operation::<get_access_key_last_used::GetAccessKeyLastUsed>(iam)
        .operation::<get_account_authorization_details::GetAccountAuthorizationDetails>(iam)
        .operation::<get_account_password_policy::GetAccountPasswordPolicy>(iam)
        .operation::<get_account_summary::GetAccountSummary>(iam)
        .operation::<get_context_keys_for_custom_policy::GetContextKeysForCustomPolicy>(iam)
        .operation::<get_context_keys_for_principal_policy::GetContextKeysForPrincipalPolicy>(iam)
        .operation::<get_group::GetGroup>(iam)
        .operation::<get_group_policy::GetGroupPolicy>(iam)
        .operation::<get_instance_profile::GetInstanceProfile>(iam)
        .operation::<get_policy::GetPolicy>(iam)
        .operation::<get_policy_version::GetPolicyVersion>(iam)
        .operation::<get_role::GetRole>(iam)
        .operation::<get_role_policy::GetRolePolicy>(iam)
        .operation::<get_service_linked_role_deletion_status::GetServiceLinkedRoleDeletionStatus>(iam)
        .operation::<get_user::GetUser>(iam)
        .operation::<get_user_policy::GetUserPolicy>(iam)
        .operation::<list_access_keys::ListAccessKeys>(iam)
        .operation::<list_account_aliases::ListAccountAliases>(iam)
        .operation::<list_attached_group_policies::ListAttachedGroupPolicies>(iam)
        .operation::<list_attached_role_policies::ListAttachedRolePolicies>(iam)
        .operation::<list_attached_user_policies::ListAttachedUserPolicies>(iam)
        .operation::<list_entities_for_policy::ListEntitiesForPolicy>(iam)
        .operation::<list_group_policies::ListGroupPolicies>(iam)
        .operation::<list_groups::ListGroups>(iam)
        .operation::<list_groups_for_user::ListGroupsForUser>(iam)
        .operation::<list_instance_profile_tags::ListInstanceProfileTags>(iam)
        .operation::<list_instance_profiles::ListInstanceProfiles>(iam)
        .operation::<list_instance_profiles_for_role::ListInstanceProfilesForRole>(iam)
        .operation::<list_policies::ListPolicies>(iam)
        .operation::<list_policy_tags::ListPolicyTags>(iam)
        .operation::<list_policy_versions::ListPolicyVersions>(iam)
        .operation::<list_role_policies::ListRolePolicies>(iam)
        .operation::<list_role_tags::ListRoleTags>(iam)
        .operation::<list_roles::ListRoles>(iam)
        .operation::<list_user_policies::ListUserPolicies>(iam)
        .operation::<list_user_tags::ListUserTags>(iam)
        .operation::<list_users::ListUsers>(iam)
        .operation::<put_group_policy::PutGroupPolicy>(iam)
        .operation::<put_role_permissions_boundary::PutRolePermissionsBoundary>(iam)
        .operation::<put_role_policy::PutRolePolicy>(iam)
        .operation::<put_user_permissions_boundary::PutUserPermissionsBoundary>(iam)
        .operation::<put_user_policy::PutUserPolicy>(iam)
        .operation::<remove_role_from_instance_profile::RemoveRoleFromInstanceProfile>(iam)
        .operation::<remove_user_from_group::RemoveUserFromGroup>(iam)
        .operation::<set_default_policy_version::SetDefaultPolicyVersion>(iam)
        .operation::<simulate_custom_policy::SimulateCustomPolicy>(iam)
        .operation::<simulate_principal_policy::SimulatePrincipalPolicy>(iam)
        .operation::<tag_instance_profile::TagInstanceProfile>(iam)
        .operation::<tag_policy::TagPolicy>(iam)
        .operation::<tag_role::TagRole>(iam)
        .operation::<tag_user::TagUser>(iam)
        .operation::<untag_instance_profile::UntagInstanceProfile>(iam)
        .operation::<untag_policy::UntagPolicy>(iam)
        .operation::<untag_role::UntagRole>(iam)
        .operation::<untag_user::UntagUser>(iam)
        .operation::<update_access_key::UpdateAccessKey>(iam)
        .operation::<update_account_password_policy::UpdateAccountPasswordPolicy>(iam)
        .operation::<update_assume_role_policy::UpdateAssumeRolePolicy>(iam)
        .operation::<update_group::UpdateGroup>(iam)
        .operation::<update_role::UpdateRole>(iam)
        .operation::<update_role_description::UpdateRoleDescription>(iam)
        .operation::<update_user::UpdateUser>(iam)
}

#[rustfmt::skip]
fn groups(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<add_user_to_group::AddUserToGroup>(iam)
        .operation::<attach_group_policy::AttachGroupPolicy>(iam)
        .operation::<create_group::CreateGroup>(iam)
        .operation::<delete_group::DeleteGroup>(iam)
        .operation::<delete_group_policy::DeleteGroupPolicy>(iam)
        .operation::<detach_group_policy::DetachGroupPolicy>(iam)
        .operation::<get_group::GetGroup>(iam)
        .operation::<get_group_policy::GetGroupPolicy>(iam)
        .operation::<list_attached_group_policies::ListAttachedGroupPolicies>(iam)
        .operation::<list_group_policies::ListGroupPolicies>(iam)
        .operation::<list_groups::ListGroups>(iam)
        .operation::<list_groups_for_user::ListGroupsForUser>(iam)
        .operation::<put_group_policy::PutGroupPolicy>(iam)
        .operation::<remove_user_from_group::RemoveUserFromGroup>(iam)
        .operation::<update_group::UpdateGroup>(iam)
}

#[rustfmt::skip]
fn roles(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<attach_role_policy::AttachRolePolicy>(iam)
        .operation::<create_role::CreateRole>(iam)
        .operation::<create_service_linked_role::CreateServiceLinkedRole>(iam)
        .operation::<delete_role::DeleteRole>(iam)
        .operation::<delete_role_permissions_boundary::DeleteRolePermissionsBoundary>(iam)
        .operation::<delete_role_policy::DeleteRolePolicy>(iam)
        .operation::<delete_service_linked_role::DeleteServiceLinkedRole>(iam)
        .operation::<detach_role_policy::DetachRolePolicy>(iam)
        .operation::<get_role::GetRole>(iam)
        .operation::<get_role_policy::GetRolePolicy>(iam)
        .operation::<get_service_linked_role_deletion_status::GetServiceLinkedRoleDeletionStatus>(iam)
        .operation::<list_attached_role_policies::ListAttachedRolePolicies>(iam)
        .operation::<list_role_policies::ListRolePolicies>(iam)
        .operation::<list_role_tags::ListRoleTags>(iam)
        .operation::<list_roles::ListRoles>(iam)
        .operation::<put_role_permissions_boundary::PutRolePermissionsBoundary>(iam)
        .operation::<put_role_policy::PutRolePolicy>(iam)
        .operation::<tag_role::TagRole>(iam)
        .operation::<untag_role::UntagRole>(iam)
        .operation::<update_assume_role_policy::UpdateAssumeRolePolicy>(iam)
        .operation::<update_role::UpdateRole>(iam)
        .operation::<update_role_description::UpdateRoleDescription>(iam)
}

#[rustfmt::skip]
fn profiles(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<add_role_to_instance_profile::AddRoleToInstanceProfile>(iam)
        .operation::<create_instance_profile::CreateInstanceProfile>(iam)
        .operation::<delete_instance_profile::DeleteInstanceProfile>(iam)
        .operation::<get_instance_profile::GetInstanceProfile>(iam)
        .operation::<list_instance_profile_tags::ListInstanceProfileTags>(iam)
        .operation::<list_instance_profiles::ListInstanceProfiles>(iam)
        .operation::<list_instance_profiles_for_role::ListInstanceProfilesForRole>(iam)
        .operation::<remove_role_from_instance_profile::RemoveRoleFromInstanceProfile>(iam)
        .operation::<tag_instance_profile::TagInstanceProfile>(iam)
        .operation::<untag_instance_profile::UntagInstanceProfile>(iam)
}

#[rustfmt::skip]
fn policies(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<create_policy::CreatePolicy>(iam)
        .operation::<create_policy_version::CreatePolicyVersion>(iam)
        .operation::<delete_policy::DeletePolicy>(iam)
        .operation::<delete_policy_version::DeletePolicyVersion>(iam)
        .operation::<get_policy::GetPolicy>(iam)
        .operation::<get_policy_version::GetPolicyVersion>(iam)
        .operation::<list_entities_for_policy::ListEntitiesForPolicy>(iam)
        .operation::<list_policies::ListPolicies>(iam)
        .operation::<list_policy_tags::ListPolicyTags>(iam)
        .operation::<list_policy_versions::ListPolicyVersions>(iam)
        .operation::<set_default_policy_version::SetDefaultPolicyVersion>(iam)
        .operation::<tag_policy::TagPolicy>(iam)
        .operation::<untag_policy::UntagPolicy>(iam)
}

#[rustfmt::skip]
fn account(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<create_account_alias::CreateAccountAlias>(iam)
        .operation::<delete_account_alias::DeleteAccountAlias>(iam)
        .operation::<delete_account_password_policy::DeleteAccountPasswordPolicy>(iam)
        .operation::<get_account_authorization_details::GetAccountAuthorizationDetails>(iam)
        .operation::<get_account_password_policy::GetAccountPasswordPolicy>(iam)
        .operation::<get_account_summary::GetAccountSummary>(iam)
        .operation::<get_context_keys_for_custom_policy::GetContextKeysForCustomPolicy>(iam)
        .operation::<get_context_keys_for_principal_policy::GetContextKeysForPrincipalPolicy>(iam)
        .operation::<list_account_aliases::ListAccountAliases>(iam)
        .operation::<simulate_custom_policy::SimulateCustomPolicy>(iam)
        .operation::<simulate_principal_policy::SimulatePrincipalPolicy>(iam)
        .operation::<update_account_password_policy::UpdateAccountPasswordPolicy>(iam)
}

/// Adds the operations of STS.
pub(crate) fn sts(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<sts::AssumeRole>(iam)
        .operation::<sts::GetAccessKeyInfo>(iam)
        .operation::<sts::GetCallerIdentity>(iam)
        .operation::<sts::GetFederationToken>(iam)
        .operation::<sts::GetSessionToken>(iam)
}
