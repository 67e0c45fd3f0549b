//! Tags that are passed when a session is made.

use weft_model::sts::Tag;
use weft_service::{Access, Error, SessionFacts};

use crate::seal;
use crate::tags::Tags;

/// Bytes, deflated, that policies and tags of a session may have together, so that its token fits into a header.
const PACKED_MAX: usize = 4096;

/// Tags of a session, and which of them go on to sessions that it makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SessionTags {
    pub(crate) tags: Tags,
    pub(crate) transitive: Vec<String>,
}

impl SessionTags {
    /// Checks what was passed.
    pub(crate) fn parse(passed: Option<Vec<Tag>>, transitive: Option<Vec<String>>) -> Result<Self, Error> {
        let passed = passed.unwrap_or_default();
        let count = passed.len();
        let tags: Tags = passed.into_iter().map(|tag| (tag.key, tag.value)).collect();
        let mut keys: Vec<String> = tags.keys().map(|key| key.to_lowercase()).collect();
        keys.sort_unstable();
        keys.dedup();
        if keys.len() != count {
            return Err(invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
        if keys.iter().any(|key| key.starts_with("aws:")) {
            return Err(invalid("System tags cannot be added/updated/deleted by requester"));
        }
        let transitive = transitive.unwrap_or_default();
        if transitive.iter().any(|key| !keys.contains(&key.to_lowercase())) {
            return Err(invalid("The specified transitive tag key must be included in the requested tags."));
        }
        Ok(Self { tags, transitive })
    }

    /// Adds what goes on from the session that asks; its transitive tags cannot be set anew.
    pub(crate) fn inherit(mut self, from: Option<&SessionFacts>) -> Result<Self, Error> {
        let Some(from) = from else { return Ok(self) };
        let goes_on = |key: &str| from.transitive.iter().any(|known| known.eq_ignore_ascii_case(key));
        if self.tags.keys().any(|key| goes_on(key)) {
            return Err(invalid(
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key \
                 from the calling session.",
            ));
        }
        for (key, value) in from.tags.iter().filter(|(key, _)| goes_on(key)) {
            self.tags.insert(key.clone(), value.clone());
            self.transitive.push(key.clone());
        }
        Ok(self)
    }

    /// Gives an access the condition keys of the tags.
    pub(crate) fn conditions(&self, access: Access) -> Access {
        let mut access = access.with_request_tags(&self.tags);
        if !self.transitive.is_empty() {
            access.conditions.push(("sts:TransitiveTagKeys".into(), self.transitive.clone()));
        }
        access
    }

    /// How much of the room for policies and tags is used, in percent; none where nothing was passed. Fails with
    /// `PackedPolicyTooLarge` above 100.
    pub(crate) fn packed_percent(&self, policy: Option<&str>, arns: &[&str]) -> Result<Option<i32>, Error> {
        if self.tags.is_empty() && policy.is_none() && arns.is_empty() {
            return Ok(None);
        }
        let whole = serde_json::to_vec(&(policy, arns, &self.tags, &self.transitive)).unwrap_or_default();
        let percent = (seal::deflate(&whole).len() * 100).div_ceil(PACKED_MAX);
        if percent <= 100 {
            return Ok(i32::try_from(percent).ok());
        }
        let message = if self.tags.is_empty() {
            format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.")
        } else {
            format!("Packed size of session tags consumes {percent}% of allotted space.")
        };
        Err(Error::new("PackedPolicyTooLargeException", message))
    }
}

fn invalid(message: &str) -> Error {
    Error::new("InvalidParameterValue", message).with_status(400)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(list: &[(&str, &str)]) -> Vec<Tag> {
        let tag = |(key, value): &(&str, &str)| Tag { key: (*key).to_owned(), value: (*value).to_owned() };
        list.iter().map(tag).collect()
    }

    #[test]
    fn what_is_passed_is_checked() {
        let check = |passed: &[(&str, &str)], transitive: &[&str], expected: &str| {
            let keys = transitive.iter().map(|key| (*key).to_owned()).collect();
            let found = SessionTags::parse(Some(tags(passed)), Some(keys));
            assert!(found.as_ref().map_or_else(Error::message, |_| "ok").contains(expected), "{found:?}");
        };
        check(&[("a", "1"), ("b", "2")], &["A"], "ok");
        check(&[("a", "1"), ("A", "2")], &[], "Duplicate tag keys");
        check(&[("AWS:x", "1")], &[], "System tags");
        check(&[("a", "1")], &["b"], "must be included");
        check(&[], &[], "ok");
    }

    #[test]
    fn transitive_tags_go_on_and_cannot_be_set_anew() {
        let from = SessionFacts {
            tags: vec![("team".to_owned(), "red".to_owned()), ("job".to_owned(), "x".to_owned())],
            transitive: vec!["Team".to_owned()],
            ..SessionFacts::default()
        };
        let passed = SessionTags::parse(Some(tags(&[("job", "y")])), None).expect("tags");
        let found = passed.inherit(Some(&from)).expect("tags");
        assert_eq!(
            found.tags.into_iter().collect::<Vec<_>>(),
            [("job".to_owned(), "y".to_owned()), ("team".to_owned(), "red".to_owned())]
        );
        assert_eq!(found.transitive, ["team"]);
        let passed = SessionTags::parse(Some(tags(&[("TEAM", "blue")])), None).expect("tags");
        assert!(passed.inherit(Some(&from)).is_err());
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let many = |unlike: bool| {
            let value = |n: usize| {
                if unlike { weft_service::random_id(256, b"0123456789abcdef+-=.") } else { n.to_string() }
            };
            let list: Vec<Tag> = (0..50).map(|n| Tag { key: format!("key{n}"), value: value(n) }).collect();
            SessionTags::parse(Some(list), None).expect("tags").packed_percent(None, &[])
        };
        assert!(many(false).expect("fits").is_some_and(|percent| (1..100).contains(&percent)));
        assert_eq!(many(true).expect_err("too large").code(), "PackedPolicyTooLargeException");
        assert_eq!(SessionTags::default().packed_percent(None, &[]).expect("nothing"), None);
    }
}
