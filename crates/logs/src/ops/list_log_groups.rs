//! `ListLogGroups`: an account's groups by patterns of names, class and tags, a page at a time.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::listing::{GroupPage, NamePattern, TagFilters, names_account, parse_after};
use crate::page::{NAMES_MAX, page_limit};
use crate::{Logs, names::GroupName};

/// Groups of a page at the most.
const SUMMARIES_MAX: i32 = 1000;

/// A parsed `ListLogGroups` request.
#[derive(Debug)]
pub(crate) struct ListLogGroups {
    page: GroupPage,
    pattern: NamePattern,
    class: Option<String>,
    tags: TagFilters,
    /// Only groups are asked for that cannot be here: of other accounts, of data sources, with field indexes.
    nothing: bool,
}

impl Operation for ListLogGroups {
    const NAME: &'static str = "ListLogGroups";
    type Service = Logs;
    type Input = model::ListLogGroupsRequest;
    type Output = model::ListLogGroupsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let nothing = input.data_sources.is_some()
            || input.field_index_names.is_some()
            || !names_account(input.account_identifiers.as_deref(), scope);
        Ok(Self {
            page: GroupPage {
                place: GroupName::here(parse_after(input.next_token)?, scope),
                prefix: String::new(),
                limit: page_limit(Some(input.limit.unwrap_or(NAMES_MAX)), SUMMARIES_MAX)?,
            },
            pattern: NamePattern::parse(input.log_group_name_pattern.as_deref()),
            class: input.log_group_class,
            tags: TagFilters(input.log_group_tags.unwrap_or_default()),
            nothing,
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("logs:ListLogGroups", scope.arn("logs", "log-group::log-stream:").as_str())]
    }

    async fn run(self, logs: &Logs, _: &Context) -> Result<Self::Output, Error> {
        if self.nothing {
            return Ok(model::ListLogGroupsResponse { log_groups: Some(Vec::new()), next_token: None });
        }
        let found = logs.read(move |tx| {
            Ok(self.page.read(tx, |name, group| {
                self.pattern.matches(name)
                    && self.class.as_ref().is_none_or(|class| *class == group.class)
                    && self.tags.match_all(&group.tags)
            })?)
        });
        let (groups, next_token) = found.await?;
        let summary = groups.into_iter().map(|(name, group)| model::LogGroupSummary {
            log_group_arn: Some(name.arn().into()),
            log_group_name: Some(name.name),
            log_group_class: Some(group.class),
        });
        Ok(model::ListLogGroupsResponse { log_groups: Some(summary.collect()), next_token })
    }
}
