//! `DescribeLogGroups`: an account's groups by name, a page at a time.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_store::{Read, StoreError};

use crate::names::{GroupName, check_group_text};
use crate::page::{NAMES_MAX, page_limit};
use crate::tables::{GROUPS, Group, stored_bytes};
use crate::{Logs, errors};

/// Groups that one request looks at, however few of them match.
const VISITS_MAX: usize = 1000;

/// A parsed `DescribeLogGroups` request.
#[derive(Debug)]
pub(crate) struct DescribeLogGroups {
    wanted: Wanted,
    /// The last name of the page before.
    after: Option<String>,
    limit: usize,
}

#[derive(Debug)]
enum Wanted {
    Named(Vec<GroupName>),
    Matching { prefix: String, pattern: String, class: Option<String> },
}

impl Operation for DescribeLogGroups {
    const NAME: &'static str = "DescribeLogGroups";
    type Service = Logs;
    type Input = model::DescribeLogGroupsRequest;
    type Output = model::DescribeLogGroupsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
            return Err(errors::invalid_parameter(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
            ));
        }
        if input.include_linked_accounts == Some(true) {
            return Err(errors::invalid_parameter("includeLinkedAccounts is not supported by Weft yet."));
        }
        let wanted = match input.log_group_identifiers {
            Some(_) if input.log_group_name_prefix.is_some() || input.log_group_name_pattern.is_some() => {
                return Err(errors::invalid_parameter(
                    "LogGroup identifiers can't be given together with a prefix or a pattern.",
                ));
            }
            Some(list) => {
                let names = list.iter().map(|text| GroupName::parse_identifier(text, scope));
                Wanted::Named(names.collect::<Result<_, _>>()?)
            }
            None => {
                let prefix = input.log_group_name_prefix.unwrap_or_default();
                let pattern = input.log_group_name_pattern.unwrap_or_default();
                check_group_text(&prefix, "logGroupNamePrefix")?;
                check_group_text(&pattern, "logGroupNamePattern")?;
                Wanted::Matching { prefix, pattern, class: input.log_group_class }
            }
        };
        let limit = page_limit(input.limit, NAMES_MAX)?;
        let after = input.next_token;
        if after.as_deref().is_some_and(|token| check_group_text(token, "nextToken").is_err()) {
            return Err(errors::invalid_token());
        }
        Ok(Self { wanted, after, limit })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("logs:DescribeLogGroups", scope.arn("logs", "log-group::log-stream:").as_str())]
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<Self::Output, Error> {
        let place = GroupName {
            account: cx.scope.account,
            region: cx.scope.region.clone(),
            name: self.after.clone().unwrap_or_default(),
        };
        logs.read(move |tx| {
            let (groups, next_token) = match &self.wanted {
                Wanted::Named(names) => (named(tx, names)?, None),
                Wanted::Matching { .. } => self.matching(tx, &place)?,
            };
            let groups = groups.iter().map(|(name, group)| describe(tx, name, group));
            let log_groups = Some(groups.collect::<Result<_, _>>()?);
            Ok(model::DescribeLogGroupsResponse { log_groups, next_token })
        })
        .await
    }
}

type Found = Vec<(GroupName, Group)>;

fn named(tx: &impl Read, names: &[GroupName]) -> Result<Found, StoreError> {
    let mut found = Vec::new();
    for name in names {
        found.extend(GROUPS.get(tx, &name.key())?.map(|group| (name.clone(), group)));
    }
    Ok(found)
}

impl DescribeLogGroups {
    /// A page of groups, and the token of the next where there may be one.
    fn matching(&self, tx: &impl Read, place: &GroupName) -> Result<(Found, Option<String>), StoreError> {
        let Wanted::Matching { prefix, pattern, class } = &self.wanted else { return Ok((Vec::new(), None)) };
        let (account, region, after) = place.key();
        let query = GROUPS.query(&(account, &region)).from(&(account, &region, prefix));
        let query = if after > *prefix { query.after(&(account, &region, &after)) } else { query };
        let mut found = Vec::new();
        let rows = query.limit(VISITS_MAX).rows(tx)?;
        let mut rest = rows.len() == VISITS_MAX;
        let mut last = None;
        for ((_, _, name), group) in rows {
            if !name.starts_with(prefix.as_str()) {
                rest = false;
                break;
            }
            if found.len() == self.limit {
                rest = true;
                break;
            }
            last = Some(name.clone());
            if name.contains(pattern.as_str()) && class.as_ref().is_none_or(|class| *class == group.class) {
                found.push((GroupName { name, ..place.clone() }, group));
            }
        }
        Ok((found, last.filter(|_| rest)))
    }
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
        deletion_protection_enabled: Some(false),
        ..Default::default()
    })
}
