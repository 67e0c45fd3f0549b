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
mod gated;
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
use crate::ops::gated::Gated;

/// Adds the operations of IAM.
pub(crate) fn iam(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    let parts = [users, groups, roles, profiles, policies, account];
    parts.into_iter().fold(builder, |builder, part| part(iam, builder))
}

#[rustfmt::skip]
fn users(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<Gated<attach_user_policy::AttachUserPolicy>>(iam)
        .operation::<Gated<create_access_key::CreateAccessKey>>(iam)
        .operation::<Gated<create_user::CreateUser>>(iam)
        .operation::<Gated<delete_access_key::DeleteAccessKey>>(iam)
        .operation::<Gated<delete_user::DeleteUser>>(iam)
        .operation::<Gated<delete_user_permissions_boundary::DeleteUserPermissionsBoundary>>(iam)
        .operation::<Gated<delete_user_policy::DeleteUserPolicy>>(iam)
        .operation::<Gated<detach_user_policy::DetachUserPolicy>>(iam)
        .operation::<Gated<get_access_key_last_used::GetAccessKeyLastUsed>>(iam)
        .operation::<Gated<get_user::GetUser>>(iam)
        .operation::<Gated<get_user_policy::GetUserPolicy>>(iam)
        .operation::<Gated<list_access_keys::ListAccessKeys>>(iam)
        .operation::<Gated<list_attached_user_policies::ListAttachedUserPolicies>>(iam)
        .operation::<Gated<list_user_policies::ListUserPolicies>>(iam)
        .operation::<Gated<list_user_tags::ListUserTags>>(iam)
        .operation::<Gated<list_users::ListUsers>>(iam)
        .operation::<Gated<put_user_permissions_boundary::PutUserPermissionsBoundary>>(iam)
        .operation::<Gated<put_user_policy::PutUserPolicy>>(iam)
        .operation::<Gated<tag_user::TagUser>>(iam)
        .operation::<Gated<untag_user::UntagUser>>(iam)
        .operation::<Gated<update_access_key::UpdateAccessKey>>(iam)
        .operation::<Gated<update_user::UpdateUser>>(iam)
}

#[rustfmt::skip]
fn groups(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<Gated<add_user_to_group::AddUserToGroup>>(iam)
        .operation::<Gated<attach_group_policy::AttachGroupPolicy>>(iam)
        .operation::<Gated<create_group::CreateGroup>>(iam)
        .operation::<Gated<delete_group::DeleteGroup>>(iam)
        .operation::<Gated<delete_group_policy::DeleteGroupPolicy>>(iam)
        .operation::<Gated<detach_group_policy::DetachGroupPolicy>>(iam)
        .operation::<Gated<get_group::GetGroup>>(iam)
        .operation::<Gated<get_group_policy::GetGroupPolicy>>(iam)
        .operation::<Gated<list_attached_group_policies::ListAttachedGroupPolicies>>(iam)
        .operation::<Gated<list_group_policies::ListGroupPolicies>>(iam)
        .operation::<Gated<list_groups::ListGroups>>(iam)
        .operation::<Gated<list_groups_for_user::ListGroupsForUser>>(iam)
        .operation::<Gated<put_group_policy::PutGroupPolicy>>(iam)
        .operation::<Gated<remove_user_from_group::RemoveUserFromGroup>>(iam)
        .operation::<Gated<update_group::UpdateGroup>>(iam)
}

#[rustfmt::skip]
fn roles(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<Gated<attach_role_policy::AttachRolePolicy>>(iam)
        .operation::<Gated<create_role::CreateRole>>(iam)
        .operation::<Gated<create_service_linked_role::CreateServiceLinkedRole>>(iam)
        .operation::<Gated<delete_role::DeleteRole>>(iam)
        .operation::<Gated<delete_role_permissions_boundary::DeleteRolePermissionsBoundary>>(iam)
        .operation::<Gated<delete_role_policy::DeleteRolePolicy>>(iam)
        .operation::<Gated<delete_service_linked_role::DeleteServiceLinkedRole>>(iam)
        .operation::<Gated<detach_role_policy::DetachRolePolicy>>(iam)
        .operation::<Gated<get_role::GetRole>>(iam)
        .operation::<Gated<get_role_policy::GetRolePolicy>>(iam)
        .operation::<Gated<get_service_linked_role_deletion_status::GetServiceLinkedRoleDeletionStatus>>(iam)
        .operation::<Gated<list_attached_role_policies::ListAttachedRolePolicies>>(iam)
        .operation::<Gated<list_role_policies::ListRolePolicies>>(iam)
        .operation::<Gated<list_role_tags::ListRoleTags>>(iam)
        .operation::<Gated<list_roles::ListRoles>>(iam)
        .operation::<Gated<put_role_permissions_boundary::PutRolePermissionsBoundary>>(iam)
        .operation::<Gated<put_role_policy::PutRolePolicy>>(iam)
        .operation::<Gated<tag_role::TagRole>>(iam)
        .operation::<Gated<untag_role::UntagRole>>(iam)
        .operation::<Gated<update_assume_role_policy::UpdateAssumeRolePolicy>>(iam)
        .operation::<Gated<update_role::UpdateRole>>(iam)
        .operation::<Gated<update_role_description::UpdateRoleDescription>>(iam)
}

#[rustfmt::skip]
fn profiles(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<Gated<add_role_to_instance_profile::AddRoleToInstanceProfile>>(iam)
        .operation::<Gated<create_instance_profile::CreateInstanceProfile>>(iam)
        .operation::<Gated<delete_instance_profile::DeleteInstanceProfile>>(iam)
        .operation::<Gated<get_instance_profile::GetInstanceProfile>>(iam)
        .operation::<Gated<list_instance_profile_tags::ListInstanceProfileTags>>(iam)
        .operation::<Gated<list_instance_profiles::ListInstanceProfiles>>(iam)
        .operation::<Gated<list_instance_profiles_for_role::ListInstanceProfilesForRole>>(iam)
        .operation::<Gated<remove_role_from_instance_profile::RemoveRoleFromInstanceProfile>>(iam)
        .operation::<Gated<tag_instance_profile::TagInstanceProfile>>(iam)
        .operation::<Gated<untag_instance_profile::UntagInstanceProfile>>(iam)
}

#[rustfmt::skip]
fn policies(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<Gated<create_policy::CreatePolicy>>(iam)
        .operation::<Gated<create_policy_version::CreatePolicyVersion>>(iam)
        .operation::<Gated<delete_policy::DeletePolicy>>(iam)
        .operation::<Gated<delete_policy_version::DeletePolicyVersion>>(iam)
        .operation::<Gated<get_policy::GetPolicy>>(iam)
        .operation::<Gated<get_policy_version::GetPolicyVersion>>(iam)
        .operation::<Gated<list_entities_for_policy::ListEntitiesForPolicy>>(iam)
        .operation::<Gated<list_policies::ListPolicies>>(iam)
        .operation::<Gated<list_policy_tags::ListPolicyTags>>(iam)
        .operation::<Gated<list_policy_versions::ListPolicyVersions>>(iam)
        .operation::<Gated<set_default_policy_version::SetDefaultPolicyVersion>>(iam)
        .operation::<Gated<tag_policy::TagPolicy>>(iam)
        .operation::<Gated<untag_policy::UntagPolicy>>(iam)
}

#[rustfmt::skip]
fn account(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<Gated<create_account_alias::CreateAccountAlias>>(iam)
        .operation::<Gated<delete_account_alias::DeleteAccountAlias>>(iam)
        .operation::<Gated<delete_account_password_policy::DeleteAccountPasswordPolicy>>(iam)
        .operation::<Gated<get_account_authorization_details::GetAccountAuthorizationDetails>>(iam)
        .operation::<Gated<get_account_password_policy::GetAccountPasswordPolicy>>(iam)
        .operation::<Gated<get_account_summary::GetAccountSummary>>(iam)
        .operation::<Gated<get_context_keys_for_custom_policy::GetContextKeysForCustomPolicy>>(iam)
        .operation::<Gated<get_context_keys_for_principal_policy::GetContextKeysForPrincipalPolicy>>(iam)
        .operation::<Gated<list_account_aliases::ListAccountAliases>>(iam)
        .operation::<Gated<simulate_custom_policy::SimulateCustomPolicy>>(iam)
        .operation::<Gated<simulate_principal_policy::SimulatePrincipalPolicy>>(iam)
        .operation::<Gated<update_account_password_policy::UpdateAccountPasswordPolicy>>(iam)
}

/// Adds the operations of STS.
pub(crate) fn sts(iam: &Arc<Iam>, builder: ServiceBuilder) -> ServiceBuilder {
    builder
        .operation::<sts::AssumeRole>(iam)
        .operation::<Gated<sts::GetAccessKeyInfo>>(iam)
        .operation::<sts::GetCallerIdentity>(iam)
        .operation::<sts::GetFederationToken>(iam)
        .operation::<sts::GetSessionToken>(iam)
}
