//! Lifecycle policies: which images have to go.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html>. An image that a rule is for is no matter of
//! rules with a larger priority number; images that a list has stay while the list does.

use std::collections::BTreeSet;

use serde::Deserialize;
use weft_service::Error;
use weft_types::Timestamp;

use crate::errors::invalid;
use crate::images::wildcard;
use crate::tables::Image;

const DAY_MILLIS: i64 = 24 * 3600 * 1000;

#[derive(Deserialize)]
struct Policy {
    rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rule {
    #[serde(rename = "rulePriority")]
    priority: u32,
    #[serde(default)]
    #[expect(dead_code, reason = "a description is for its readers")]
    description: Option<String>,
    selection: Selection,
    action: Action,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Selection {
    tag_status: String,
    #[serde(default)]
    tag_prefix_list: Vec<String>,
    #[serde(default)]
    tag_pattern_list: Vec<String>,
    count_type: String,
    #[serde(default)]
    count_unit: Option<String>,
    count_number: u32,
}

#[derive(Debug, Clone, Deserialize)]
struct Action {
    r#type: String,
}

/// Reads a policy, and refuses what could not be applied.
pub(crate) fn parse(text: &str) -> Result<Vec<Rule>, Error> {
    let bad = |why: &str| {
        invalid(format!(
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: {why}'"
        ))
    };
    let policy: Policy = serde_json::from_str(text).map_err(|error| bad(&error.to_string()))?;
    let mut rules = policy.rules;
    let mut seen = BTreeSet::new();
    for rule in &rules {
        rule.check().map_err(|why| bad(&why))?;
        if !seen.insert(rule.priority) {
            return Err(bad(&format!("rule priority {} is used more than once", rule.priority)));
        }
    }
    rules.sort_by_key(|rule| rule.priority);
    Ok(rules)
}

impl Rule {
    fn check(&self) -> Result<(), String> {
        let Selection { tag_status, tag_prefix_list, tag_pattern_list, count_type, count_unit, count_number } =
            &self.selection;
        if self.priority == 0 || *count_number == 0 {
            return Err("rulePriority and countNumber must be at least 1".to_owned());
        }
        if self.action.r#type != "expire" {
            return Err(format!("the action {} is not supported by Weft", self.action.r#type));
        }
        match tag_status.as_str() {
            "tagged" if tag_prefix_list.is_empty() == tag_pattern_list.is_empty() => {
                return Err(
                    "one of tagPrefixList and tagPatternList is required if tagStatus is tagged".to_owned()
                );
            }
            "tagged" => {}
            "untagged" | "any" if tag_prefix_list.is_empty() && tag_pattern_list.is_empty() => {}
            "untagged" | "any" => return Err(format!("tags can't be listed if tagStatus is {tag_status}")),
            other => return Err(format!("{other} is no tagStatus")),
        }
        match (count_type.as_str(), count_unit.as_deref()) {
            ("imageCountMoreThan", None) | ("sinceImagePushed", Some("days")) => Ok(()),
            ("imageCountMoreThan", Some(_)) => Err("countUnit is for sinceImagePushed only".to_owned()),
            ("sinceImagePushed", _) => Err("countUnit must be days".to_owned()),
            (other, _) => Err(format!("the countType {other} is not supported by Weft")),
        }
    }

    fn is_for(&self, image: &Image) -> bool {
        let selection = &self.selection;
        let has = |test: &dyn Fn(&str) -> bool| image.tags.iter().any(|tag| test(tag));
        match selection.tag_status.as_str() {
            "untagged" => image.tags.is_empty(),
            "tagged" => {
                selection.tag_prefix_list.iter().all(|prefix| has(&|tag| tag.starts_with(prefix.as_str())))
                    && selection.tag_pattern_list.iter().all(|pattern| has(&|tag| wildcard(pattern, tag)))
            }
            _ => true,
        }
    }
}

/// The digests of the images that have to go. `rules` are in the order of their priorities.
pub(crate) fn expired(rules: &[Rule], images: &[((u64, String), Image)], now: Timestamp) -> Vec<String> {
    let mut newest: Vec<(&str, &Image)> =
        images.iter().map(|((_, digest), image)| (digest.as_str(), image)).collect();
    newest.sort_by_key(|(digest, image)| (std::cmp::Reverse(image.pushed.as_millis()), *digest));
    let (mut claimed, mut gone) = (BTreeSet::new(), Vec::new());
    for rule in rules {
        let number = rule.selection.count_number;
        let of_rule: Vec<_> = newest.iter().filter(|(_, image)| rule.is_for(image)).collect();
        for (place, (digest, image)) in of_rule.into_iter().enumerate() {
            let over = match rule.selection.count_type.as_str() {
                "imageCountMoreThan" => place >= usize::try_from(number).unwrap_or(usize::MAX),
                _ => now.as_millis() - image.pushed.as_millis() > i64::from(number) * DAY_MILLIS,
            };
            if claimed.insert(*digest) && over && image.parents == 0 {
                gone.push((*digest).to_owned());
            }
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(day: i64, tags: &[&str]) -> Image {
        Image {
            media_type: String::new(),
            artifact_type: None,
            size: 1,
            pushed: Timestamp::from_millis(day * DAY_MILLIS),
            layers: Vec::new(),
            children: Vec::new(),
            subject: None,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            parents: 0,
        }
    }

    #[track_caller]
    fn check(rules: &str, expected: &[&str]) {
        let rules = parse(&format!(r#"{{"rules":[{rules}]}}"#)).expect("a policy");
        let images = [
            ("a", image(1, &["prod-1"])),
            ("b", image(2, &["prod-2"])),
            ("c", image(3, &[])),
            ("d", image(9, &["dev"])),
        ];
        let images: Vec<_> = images.into_iter().map(|(name, image)| ((1, name.to_owned()), image)).collect();
        let mut found = expired(&rules, &images, Timestamp::from_millis(10 * DAY_MILLIS));
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn rules_expire_images_by_count_and_age_in_the_order_of_their_priority() {
        let rule = |priority: u32, selection: &str| {
            format!(
                r#"{{"rulePriority":{priority},"selection":{{{selection}}},"action":{{"type":"expire"}}}}"#
            )
        };
        check(&rule(1, r#""tagStatus":"any","countType":"imageCountMoreThan","countNumber":2"#), &["a", "b"]);
        check(
            &rule(
                1,
                r#""tagStatus":"any","countType":"sinceImagePushed","countUnit":"days","countNumber":7"#,
            ),
            &["a", "b"],
        );
        check(
            &rule(
                1,
                r#""tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":1"#,
            ),
            &["c"],
        );
        let keep = rule(
            1,
            r#""tagStatus":"tagged","tagPrefixList":["prod"],"countType":"imageCountMoreThan","countNumber":1"#,
        );
        let rest = rule(2, r#""tagStatus":"any","countType":"imageCountMoreThan","countNumber":1"#);
        check(&format!("{rest},{keep}"), &["a", "c"]);
        check(
            &rule(
                1,
                r#""tagStatus":"tagged","tagPatternList":["*-1"],"countType":"sinceImagePushed","countUnit":"days","countNumber":1"#,
            ),
            &["a"],
        );
    }

    #[test]
    fn what_could_not_be_applied_is_refused() {
        for selection in [
            r#""tagStatus":"tagged","countType":"imageCountMoreThan","countNumber":1"#,
            r#""tagStatus":"any","countType":"sinceImagePulled","countUnit":"days","countNumber":1"#,
            r#""tagStatus":"any","countType":"sinceImagePushed","countNumber":1"#,
            r#""tagStatus":"any","countType":"imageCountMoreThan","countNumber":0"#,
        ] {
            let text = format!(
                r#"{{"rules":[{{"rulePriority":1,"selection":{{{selection}}},"action":{{"type":"expire"}}}}]}}"#
            );
            assert!(parse(&text).is_err(), "{selection}");
        }
    }
}
