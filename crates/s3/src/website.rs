//! Buckets as websites: configurations that can be, and what is answered.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html>.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use weft_model::s3 as model;
use weft_service::Error;

use crate::{S3, errors};

/// Routing rules of a website.
const RULES_MAX: usize = 50;

/// A bucket's website.
#[derive(Debug, Clone)]
pub struct Website(model::WebsiteConfiguration);

/// Where a browser is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The status, 301 where nothing else is said.
    pub status: u16,
    /// The protocol, where it is another one.
    pub protocol: Option<String>,
    /// The host, where it is another one.
    pub host: Option<String>,
    /// The path after the slash, not encoded.
    pub key: String,
}

/// What stays as it is in a path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The path of a key, encoded, without its first slash.
pub fn path_of_key(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}

/// The key that a path names, with or without its first slash; none where it is no text.
pub fn key_of_path(path: &str) -> Option<String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    percent_decode_str(path).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

impl Redirect {
    /// Where it leads for a browser that came by `scheme` to `authority`.
    pub fn location(&self, scheme: &str, authority: &str) -> String {
        let scheme = self.protocol.as_deref().unwrap_or(scheme);
        format!("{scheme}://{}/{}", self.host.as_deref().unwrap_or(authority), path_of_key(&self.key))
    }
}

impl S3 {
    /// The website of a bucket; fails with S3's error where it is none.
    pub async fn website(&self, bucket: &str) -> Result<Website, Error> {
        let found = self.setting::<model::WebsiteConfiguration>(bucket, "website").await?;
        found.map(Website).ok_or_else(not_set)
    }
}

/// What is said of a bucket that is no website.
pub(crate) fn not_set() -> Error {
    let message = "The specified bucket does not have a website configuration";
    errors::plain("NoSuchWebsiteConfiguration", 404, message)
}

impl Website {
    /// Where a browser is sent before anything is looked for.
    pub fn before(&self, key: &str) -> Option<Redirect> {
        if let Some(all) = &self.0.redirect_all_requests_to {
            let (protocol, host) = (all.protocol.clone(), Some(all.host_name.clone()));
            return Some(Redirect { status: 301, protocol, host, key: key.to_owned() });
        }
        self.matching(key, None)
    }

    /// Where a browser is sent after a failure of this status.
    pub fn after(&self, key: &str, status: u16) -> Option<Redirect> {
        self.matching(key, Some(status))
    }

    /// The key of the object that is shown for a path without its first slash.
    pub fn document(&self, path: &str) -> String {
        match &self.0.index_document {
            Some(index) if path.is_empty() || path.ends_with('/') => format!("{path}{}", index.suffix),
            _ => path.to_owned(),
        }
    }

    /// The key of the object that would be shown for a path if it were a folder's.
    pub fn folder_document(&self, path: &str) -> Option<String> {
        let index = self.0.index_document.as_ref().filter(|_| !path.is_empty() && !path.ends_with('/'))?;
        Some(format!("{path}/{}", index.suffix))
    }

    /// The key of the object that is shown after a failure.
    pub fn error_document(&self) -> Option<&str> {
        self.0.error_document.as_ref().map(|document| document.key.as_str())
    }

    fn matching(&self, key: &str, failed: Option<u16>) -> Option<Redirect> {
        let rule = self.0.routing_rules.iter().flatten().find(|rule| {
            let condition = rule.condition.as_ref();
            let code = condition.and_then(|one| one.http_error_code_returned_equals.as_deref());
            let prefix = condition.and_then(|one| one.key_prefix_equals.as_deref());
            let fits_code = match (code, failed) {
                (None, None) => true,
                (Some(code), Some(status)) => code.parse() == Ok(status),
                _ => false,
            };
            fits_code && prefix.is_none_or(|prefix| key.starts_with(prefix))
        })?;
        Some(redirect(rule, key))
    }
}

fn redirect(rule: &model::RoutingRule, key: &str) -> Redirect {
    let to = &rule.redirect;
    let prefix = rule.condition.as_ref().and_then(|one| one.key_prefix_equals.as_deref()).unwrap_or("");
    let key = match (&to.replace_key_with, &to.replace_key_prefix_with) {
        (Some(key), _) => key.clone(),
        (None, Some(start)) => format!("{start}{}", key.strip_prefix(prefix).unwrap_or(key)),
        (None, None) => key.to_owned(),
    };
    Redirect {
        status: to.http_redirect_code.as_deref().and_then(|code| code.parse().ok()).unwrap_or(301),
        protocol: to.protocol.clone(),
        host: to.host_name.clone(),
        key,
    }
}

/// Refuses what no bucket can have.
pub(crate) fn check(configuration: &model::WebsiteConfiguration) -> Result<(), Error> {
    let invalid = |message: &'static str| Err(errors::plain("InvalidArgument", 400, message));
    if configuration.redirect_all_requests_to.is_some() {
        let alone = configuration.index_document.is_none()
            && configuration.error_document.is_none()
            && configuration.routing_rules.is_none();
        return if alone {
            Ok(())
        } else {
            invalid("RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.")
        };
    }
    let Some(index) = &configuration.index_document else {
        return invalid(
            "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
        );
    };
    if index.suffix.is_empty() {
        return invalid("The IndexDocument Suffix is not well formed");
    }
    if index.suffix.contains('/') {
        return invalid("The IndexDocument Suffix cannot contain the / character");
    }
    if configuration.error_document.as_ref().is_some_and(|document| document.key.is_empty()) {
        return invalid("The ErrorDocument Key is not well formed");
    }
    let rules = configuration.routing_rules.as_deref().unwrap_or_default();
    if rules.len() > RULES_MAX {
        return Err(errors::invalid_request("The number of routing rules exceeds 50"));
    }
    rules.iter().try_for_each(check_rule)
}

fn check_rule(rule: &model::RoutingRule) -> Result<(), Error> {
    let to = &rule.redirect;
    if to.replace_key_with.is_some() && to.replace_key_prefix_with.is_some() {
        let message = "You can only define ReplaceKeyPrefix or ReplaceKey but not both.";
        return Err(errors::invalid_request(message));
    }
    let between = |code: &str, from: u16, to: u16| code.parse().is_ok_and(|code| (from..to).contains(&code));
    let code = to.http_redirect_code.as_deref();
    if code.is_some_and(|code| !between(code, 301, 400) || code == "304") {
        let message = "The provided HTTP redirect code is not valid. Valid codes are 3XX except 300 and 304.";
        return Err(errors::invalid_request(message));
    }
    let failed = rule.condition.as_ref().and_then(|one| one.http_error_code_returned_equals.as_deref());
    if failed.is_some_and(|code| !between(code, 400, 600)) {
        let message = "The provided HTTP error code is not valid. Valid codes are 4XX or 5XX.";
        return Err(errors::invalid_request(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
