//! `DescribeLogGroups`: an account's groups by name, a page at a time.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_store::{Read, StoreError};

use crate::listing::{FoundGroups, GroupPage, names_account, parse_after};
use crate::names::{GroupName, check_group_text};
use crate::page::{NAMES_MAX, page_limit};
use crate::tables::{GROUPS, Group, stored_bytes};
use crate::{Logs, errors};

/// A parsed `DescribeLogGroups` request.
#[derive(Debug)]
pub(crate) enum DescribeLogGroups {
    Named(Vec<GroupName>),
    Matching { page: GroupPage, pattern: String, class: Option<String> },
}

impl Operation for DescribeLogGroups {
    const NAME: &'static str = "DescribeLogGroups";
    type Service = Logs;
    type Input = model::DescribeLogGroupsRequest;
    type Output = model::DescribeLogGroupsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let (prefix, pattern) = (input.log_group_name_prefix, input.log_group_name_pattern);
        if prefix.is_some() && pattern.is_some() {
            return Err(errors::invalid_parameter(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
            ));
        }
        let limit = page_limit(input.limit, NAMES_MAX)?;
        let place = GroupName::here(parse_after(input.next_token)?, scope);
        if let Some(list) = input.log_group_identifiers {
            if prefix.is_some() || pattern.is_some() {
                return Err(errors::invalid_parameter(
                    "LogGroup identifiers can't be given together with a prefix or a pattern.",
                ));
            }
            let names = list.iter().map(|text| GroupName::parse_identifier(text, scope));
            return Ok(Self::Named(names.collect::<Result<_, _>>()?));
        }
        if !names_account(input.account_identifiers.as_deref(), scope) {
            return Ok(Self::Named(Vec::new()));
        }
        let (prefix, pattern) = (prefix.unwrap_or_default(), pattern.unwrap_or_default());
        check_group_text(&prefix, "logGroupNamePrefix")?;
        check_group_text(&pattern, "logGroupNamePattern")?;
        let page = GroupPage { place, prefix, limit };
        Ok(Self::Matching { page, pattern, class: input.log_group_class })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("logs:DescribeLogGroups", scope.arn("logs", "log-group::log-stream:").as_str())]
    }

    async fn run(self, logs: &Logs, _: &Context) -> Result<Self::Output, Error> {
        logs.read(move |tx| {
            let (groups, next_token) = match &self {
                Self::Named(names) => (named(tx, names)?, None),
                Self::Matching { page, pattern, class } => page.read(tx, |name, group| {
                    name.contains(pattern.as_str())
                        && class.as_ref().is_none_or(|class| *class == group.class)
                })?,
            };
            let groups = groups.iter().map(|(name, group)| describe(tx, name, group));
            let log_groups = Some(groups.collect::<Result<_, _>>()?);
            Ok(model::DescribeLogGroupsResponse { log_groups, next_token })
        })
        .await
    }
}

fn named(tx: &impl Read, names: &[GroupName]) -> Result<FoundGroups, StoreError> {
    let mut found = Vec::new();
    for name in names {
        found.extend(GROUPS.get(tx, &name.key())?.map(|group| (name.clone(), group)));
    }
    Ok(found)
}

fn describe(tx: &impl Read, name: &GroupName, group: &Group) -> Result<model::LogGroup, StoreError> {
    let arn = name.arn();
    Ok(model::LogGroup {
        log_group_name: Some(name.name.clone()),
        creation_time: Some(group.created.as_millis()),
        retention_in_days: group.retention_days,
        metric_filter_count: Some(0),
        arn: Some(format!("{arn}:*")),
        stored_bytes: i64::try_from(stored_bytes(tx, group.id)?).ok(),
        log_group_class: Some(group.class.clone()),
        log_group_arn: Some(arn.into()),
        deletion_protection_enabled: Some(group.protected),
        ..Default::default()
    })
}
