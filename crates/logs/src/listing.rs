//! Which groups a listing shows, a page at a time.

use std::collections::BTreeMap;

use weft_model::logs as model;
use weft_service::{Error, Scope};
use weft_store::{Read, StoreError};

use crate::errors;
use crate::names::{GroupName, check_group_text};
use crate::tables::{GROUPS, Group};

/// Groups that one request looks at, however few of them match.
const VISITS_MAX: usize = 1000;

/// Groups with their names.
pub(crate) type FoundGroups = Vec<(GroupName, Group)>;

/// A page of groups by name.
#[derive(Debug)]
pub(crate) struct GroupPage {
    /// Account, region, and the last name of the page before.
    pub(crate) place: GroupName,
    pub(crate) prefix: String,
    pub(crate) limit: usize,
}

impl GroupPage {
    /// The groups of the page that are wanted, and the token of the next page where there may be one.
    pub(crate) fn read(
        &self,
        tx: &impl Read,
        wants: impl Fn(&str, &Group) -> bool,
    ) -> Result<(FoundGroups, Option<String>), StoreError> {
        let (account, region, after) = self.place.key();
        let query = GROUPS.query(&(account, &region)).from(&(account, &region, &self.prefix));
        let query = if after > self.prefix { query.after(&(account, &region, &after)) } else { query };
        let mut found = Vec::new();
        let rows = query.limit(VISITS_MAX).rows(tx)?;
        let mut rest = rows.len() == VISITS_MAX;
        let mut last = None;
        for ((_, _, name), group) in rows {
            if !name.starts_with(self.prefix.as_str()) {
                rest = false;
                break;
            }
            if found.len() == self.limit {
                rest = true;
                break;
            }
            last = Some(name.clone());
            if wants(&name, &group) {
                found.push((GroupName { name, ..self.place.clone() }, group));
            }
        }
        Ok((found, last.filter(|_| rest)))
    }
}

/// The name that a page's token holds; empty where there is none.
pub(crate) fn parse_after(token: Option<String>) -> Result<String, Error> {
    let token = token.unwrap_or_default();
    if check_group_text(&token, "nextToken").is_err() {
        return Err(errors::invalid_token());
    }
    Ok(token)
}

/// Whether groups of the caller's account are asked for. No account is linked to another.
pub(crate) fn names_account(accounts: Option<&[String]>, scope: &Scope) -> bool {
    accounts.is_none_or(|accounts| accounts.contains(&scope.account.to_string()))
}

/// A pattern of `ListLogGroups`: `^prefix|substring`.
#[derive(Debug, Default)]
pub(crate) struct NamePattern(Vec<String>);

impl NamePattern {
    /// Parses a pattern, which was checked against the model's.
    pub(crate) fn parse(text: Option<&str>) -> Self {
        Self(text.into_iter().flat_map(|text| text.split('|')).map(str::to_owned).collect())
    }

    /// Whether one of its parts is in the name.
    pub(crate) fn matches(&self, name: &str) -> bool {
        self.0.is_empty()
            || self.0.iter().any(|part| match part.strip_prefix('^') {
                Some(prefix) => name.starts_with(prefix),
                None => name.contains(part.as_str()),
            })
    }
}

/// Conditions of `ListLogGroups` on tags; all must hold.
#[derive(Debug)]
pub(crate) struct TagFilters(pub(crate) Vec<model::TagFilter>);

impl TagFilters {
    /// Whether a group's tags are wanted.
    pub(crate) fn match_all(&self, tags: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|filter| {
            let Some(value) = tags.get(&filter.key) else { return false };
            let wanted = filter.values.as_deref().unwrap_or_default();
            wanted.is_empty() || wanted.iter().any(|wanted| value_matches(wanted, value))
        })
    }
}

/// `value`, `value*`, `*value`, `*value*`; each with `!` before it for the opposite.
fn value_matches(wanted: &str, value: &str) -> bool {
    if let Some(unwanted) = wanted.strip_prefix('!') {
        return !value_matches(unwanted, value);
    }
    match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
        (Some(rest), Some(_)) => value.contains(rest.strip_suffix('*').unwrap_or(rest)),
        (Some(end), None) => value.ends_with(end),
        (None, Some(start)) => value.starts_with(start),
        (None, None) => value == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_prefixes_and_parts() {
        for (pattern, name, expected) in [
            (None, "/aws/lambda/a", true),
            (Some("^/aws"), "/aws/lambda/a", true),
            (Some("^lambda"), "/aws/lambda/a", false),
            (Some("lambda"), "/aws/lambda/a", true),
            (Some("LAMBDA"), "/aws/lambda/a", false),
            (Some("^/app|lambda"), "/aws/lambda/a", true),
            (Some("^/app|^/api"), "/aws/lambda/a", false),
        ] {
            assert_eq!(NamePattern::parse(pattern).matches(name), expected, "{pattern:?}");
        }
    }

    #[test]
    fn tags_match_values_with_wildcards_and_their_opposites() {
        let tags = BTreeMap::from([("stage".to_owned(), "production".to_owned())]);
        for (key, values, expected) in [
            ("stage", None, true),
            ("owner", None, false),
            ("stage", Some(vec![]), true),
            ("stage", Some(vec!["production"]), true),
            ("stage", Some(vec!["test", "prod*"]), true),
            ("stage", Some(vec!["*duct*"]), true),
            ("stage", Some(vec!["*ion"]), true),
            ("stage", Some(vec!["*"]), true),
            ("stage", Some(vec!["prod"]), false),
            ("stage", Some(vec!["!prod*"]), false),
            ("stage", Some(vec!["!test"]), true),
        ] {
            let owned = values.clone().map(|values| values.into_iter().map(str::to_owned).collect());
            let filters = TagFilters(vec![model::TagFilter { key: key.to_owned(), values: owned }]);
            assert_eq!(filters.match_all(&tags), expected, "{key} {values:?}");
        }
    }
}
