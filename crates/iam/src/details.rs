//! Users, groups, roles and policies with all that they have, page by page.

use std::collections::BTreeMap;

use weft_model::iam;
use weft_service::Error;
use weft_store::{Read, Record, Table};
use weft_types::AccountId;

use crate::documents;
use crate::entity::Entity;
use crate::named::Named;
use crate::page::{Page, Paged};
use crate::policies::{self, AnyPolicy};
use crate::records::{GROUPS, Group, InstanceProfile, NameKey, POLICIES, PROFILES, ROLES, Role, USERS, User};
use crate::uses::Uses;
use crate::{boundaries, managed, members, tags, uses};

/// One of them.
pub(crate) enum Detail {
    User(iam::UserDetail),
    Group(iam::GroupDetail),
    Role(iam::RoleDetail),
    Policy(iam::ManagedPolicyDetail),
}

/// The kinds that can be asked for, in the order of pages.
pub(crate) const KINDS: [&str; 5] = ["User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"];

/// A page of all kinds that `wanted` names. Reads no more rows than the page takes.
pub(crate) fn page(
    tx: &impl Read,
    account: AccountId,
    page: &Page,
    wanted: &[String],
    last_used: impl Fn(&Role) -> iam::RoleLastUsed,
) -> Result<Paged<Detail>, Error> {
    let walk = Walk { account, page };
    let mut found = Vec::new();
    for (at, kind) in KINDS.iter().enumerate().filter(|(_, kind)| wanted.iter().any(|wanted| wanted == *kind))
    {
        let rest = (page.limit + 1).saturating_sub(found.len());
        let next: Vec<(String, Detail)> = match *kind {
            "User" => {
                let show = |user: User| Ok(Detail::User(user_detail(tx, &user)?));
                walk.rows(tx, at, &USERS, rest, show)?
            }
            "Group" => walk.rows(tx, at, &GROUPS, rest, |group| Ok(Detail::Group(group_detail(&group))))?,
            "Role" => {
                let profiles = profiles_by_role(tx, account)?;
                walk.rows(tx, at, &ROLES, rest, |role| {
                    let role = role.shown(tx)?;
                    let role_last_used = Some(last_used(&role));
                    Ok(Detail::Role(iam::RoleDetail { role_last_used, ..role_detail(&role, &profiles) }))
                })?
            }
            "LocalManagedPolicy" => walk.rows(tx, at, &POLICIES, rest, |policy| {
                let uses = uses::of(tx, account, &policy.arn())?;
                Ok(Detail::Policy(policy_detail(&AnyPolicy::Own(policy), uses)))
            })?,
            _ => walk.used_of_aws(tx, at, rest)?,
        };
        found.extend(next.into_iter().map(|(name, detail)| (format!("{at} {name}"), detail)));
    }
    Ok(page.cut(found))
}

struct Walk<'a> {
    account: AccountId,
    page: &'a Page,
}

impl Walk<'_> {
    /// The name after which a kind goes on; none where the page before ended in a later kind.
    fn after(&self, at: usize) -> Option<&str> {
        let (kind, name) =
            self.page.after.as_deref().and_then(|after| after.split_once(' ')).unwrap_or(("", ""));
        match kind.parse::<usize>() {
            Ok(kind) if kind > at => None,
            Ok(kind) if kind == at => Some(name),
            _ => Some(""),
        }
    }

    fn rows<V: Record>(
        &self,
        tx: &impl Read,
        at: usize,
        table: &Table<NameKey, V>,
        rest: usize,
        show: impl Fn(V) -> Result<Detail, Error>,
    ) -> Result<Vec<(String, Detail)>, Error> {
        let (account, Some(after)) = (self.account.as_u64(), self.after(at)) else { return Ok(Vec::new()) };
        let rows = table.query(&(account,)).after(&(account, after)).limit(rest).rows(tx)?;
        rows.into_iter().map(|((_, name), row)| Ok((name, show(row)?))).collect()
    }

    /// The policies of AWS that the account uses; to list all would be to list AWS.
    fn used_of_aws(&self, tx: &impl Read, at: usize, rest: usize) -> Result<Vec<(String, Detail)>, Error> {
        let Some(after) = self.after(at) else { return Ok(Vec::new()) };
        let uses = uses::all(tx, self.account)?;
        let mut found: Vec<_> =
            uses.iter().filter_map(|(arn, uses)| Some((managed::find(arn)?, *uses))).collect();
        found.sort_by_key(|(policy, _)| policy.name);
        let rest = found.into_iter().filter(|(policy, _)| policy.name > after).take(rest);
        let shown = rest.map(|(policy, uses)| {
            (policy.name.to_owned(), Detail::Policy(policy_detail(&AnyPolicy::Aws(policy), uses)))
        });
        Ok(shown.collect())
    }
}

fn inline<E: Entity>(entity: &E) -> Vec<iam::PolicyDetail> {
    let inline = entity.grants().inline.iter();
    inline
        .map(|(name, text)| iam::PolicyDetail {
            policy_name: Some(name.clone()),
            policy_document: Some(documents::escape(text)),
        })
        .collect()
}

fn attached<E: Entity>(entity: &E) -> Vec<iam::AttachedPolicy> {
    let attached = policies::show_attached(entity.grants().attached.clone(), "/");
    attached.into_iter().map(|(_, policy)| policy).collect()
}

fn user_detail(tx: &impl Read, user: &User) -> Result<iam::UserDetail, Error> {
    let groups = members::groups(tx, user)?;
    Ok(iam::UserDetail {
        path: Some(user.path.clone()),
        user_name: Some(user.name.clone()),
        user_id: Some(user.id.clone()),
        arn: Some(user.arn()),
        create_date: Some(user.created),
        user_policy_list: Some(inline(user)),
        group_list: Some(groups.into_iter().map(|group| group.name).collect()),
        attached_managed_policies: Some(attached(user)),
        permissions_boundary: boundaries::show(&user.grants),
        tags: Some(tags::show(&user.tags).unwrap_or_default()),
    })
}

fn group_detail(group: &Group) -> iam::GroupDetail {
    iam::GroupDetail {
        path: Some(group.path.clone()),
        group_name: Some(group.name.clone()),
        group_id: Some(group.id.clone()),
        arn: Some(group.arn()),
        create_date: Some(group.created),
        group_policy_list: Some(inline(group)),
        attached_managed_policies: Some(attached(group)),
    }
}

type Profiles = BTreeMap<String, Vec<InstanceProfile>>;

fn profiles_by_role(tx: &impl Read, account: AccountId) -> Result<Profiles, Error> {
    let mut profiles = Profiles::new();
    for (_, profile) in PROFILES.query(&(account.as_u64(),)).rows(tx)? {
        if let Some(role) = profile.role.clone() {
            profiles.entry(role).or_default().push(profile);
        }
    }
    Ok(profiles)
}

fn role_detail(role: &Role, profiles: &Profiles) -> iam::RoleDetail {
    let profiles = profiles.get(&role.name).into_iter().flatten();
    iam::RoleDetail {
        path: Some(role.path.clone()),
        role_name: Some(role.name.clone()),
        role_id: Some(role.id.clone()),
        arn: Some(role.arn()),
        create_date: Some(role.created),
        assume_role_policy_document: Some(documents::escape(&role.trust)),
        instance_profile_list: Some(profiles.map(|profile| profile.show_listed(Some(role))).collect()),
        role_policy_list: Some(inline(role)),
        attached_managed_policies: Some(attached(role)),
        permissions_boundary: boundaries::show(&role.grants),
        tags: Some(tags::show(&role.tags).unwrap_or_default()),
        role_last_used: None,
    }
}

fn policy_detail(policy: &AnyPolicy, uses: Uses) -> iam::ManagedPolicyDetail {
    let default = policy.default_number();
    let versions = policy
        .versions()
        .into_iter()
        .map(|(number, document, created)| policies::show_version(number, created, default, Some(&document)));
    let versions = versions.collect();
    let shown = policy.show(uses, false);
    iam::ManagedPolicyDetail {
        policy_name: shown.policy_name,
        policy_id: shown.policy_id,
        arn: shown.arn,
        path: shown.path,
        default_version_id: shown.default_version_id,
        attachment_count: shown.attachment_count,
        permissions_boundary_usage_count: shown.permissions_boundary_usage_count,
        is_attachable: shown.is_attachable,
        description: shown.description,
        create_date: shown.create_date,
        update_date: shown.update_date,
        policy_version_list: Some(versions),
    }
}
