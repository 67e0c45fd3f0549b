//! Tags of APIs and stages.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging.html>.

use std::collections::BTreeMap;

use weft_service::Error;

use super::errors;

/// Tags of one resource.
const TAGS_MAX: usize = 50;

/// Checks the tags that a resource will have.
pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    if tags.len() > TAGS_MAX {
        return Err(errors::bad_request(format!("Too many tags: {} (at most {TAGS_MAX})", tags.len())));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 {
            return Err(errors::bad_request(format!("Invalid tag key specified: {key}")));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(errors::bad_request("Tag keys that begin with 'aws:' are reserved for AWS use"));
        }
        if value.chars().count() > 256 {
            return Err(errors::bad_request(format!("Invalid tag value specified for {key}")));
        }
    }
    Ok(())
}

/// What the ARN of a tagged resource names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tagged {
    /// An API.
    Api(String),
    /// A stage of an API.
    Stage(String, String),
}

/// Reads `arn:aws:apigateway:REGION::/COLLECTION/ID` or `…/ID/stages/NAME`; the region must be `region`.
pub(crate) fn target(arn: &str, region: &str, collection: &str) -> Result<Tagged, Error> {
    let invalid = || errors::bad_request(format!("Invalid ARN specified in the request: {arn}"));
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, "apigateway", found, _, resource] = parts[..] else { return Err(invalid()) };
    if found != region {
        return Err(invalid());
    }
    let names: Vec<&str> = resource.trim_start_matches('/').split('/').collect();
    match names[..] {
        [kind, id] if kind == collection => Ok(Tagged::Api(id.to_owned())),
        [kind, id, "stages", stage] if kind == collection => {
            Ok(Tagged::Stage(id.to_owned(), stage.to_owned()))
        }
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_target(arn: &str, expected: Option<&Tagged>) {
        assert_eq!(target(arn, "us-east-1", "restapis").ok().as_ref(), expected, "{arn}");
    }

    #[test]
    fn an_arn_names_an_api_or_a_stage_of_the_region() {
        check_target("arn:aws:apigateway:us-east-1::/restapis/abc", Some(&Tagged::Api("abc".to_owned())));
        let stage = Tagged::Stage("abc".to_owned(), "prod".to_owned());
        check_target("arn:aws:apigateway:us-east-1::/restapis/abc/stages/prod", Some(&stage));
        check_target("arn:aws:apigateway:eu-west-1::/restapis/abc", None);
        check_target("arn:aws:apigateway:us-east-1::/apis/abc", None);
        check_target("arn:aws:lambda:us-east-1::/restapis/abc", None);
        check_target("abc", None);
    }
}
