//! What pages from elsewhere may do with a bucket.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html>.

use weft_model::s3 as model;
use weft_service::Error;

use crate::{S3, errors};

/// Rules of a bucket.
const RULES_MAX: usize = 100;
/// Characters of a rule's id.
const ID_MAX: usize = 255;
const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "HEAD"];

/// What a browser asks for on behalf of a page.
#[derive(Debug, Clone, Copy)]
pub struct CorsRequest<'a> {
    /// Where the page is from.
    pub origin: &'a str,
    /// The method that it wants to use.
    pub method: &'a str,
    /// The headers that it wants to send, by commas; none where they are not said.
    pub headers: Option<&'a str>,
}

/// What a page may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsAnswer {
    /// The origins that may: the one that asked, or `*`.
    pub origin: String,
    /// Whether the browser may send what it knows of the user: not where everybody may.
    pub credentials: bool,
    /// Methods, by commas.
    pub methods: String,
    /// The headers that were asked for and may be sent, in lower case, by commas.
    pub headers: Option<String>,
    /// The headers of answers that the page may read, by commas.
    pub exposed: Option<String>,
    /// How many seconds a browser may remember this.
    pub max_age: Option<i32>,
}

impl S3 {
    /// What a page may do with a bucket; none where it may do nothing.
    pub async fn cors(&self, bucket: &str, request: &CorsRequest<'_>) -> Result<CorsGrant, Error> {
        let rules = self.setting::<model::CORSConfiguration>(bucket, "cors").await?;
        Ok(match rules {
            None => CorsGrant::NotSet,
            Some(rules) => answer(&rules.cors_rules, request).map_or(CorsGrant::Refused, CorsGrant::Allowed),
        })
    }
}

/// What a bucket says to a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsGrant {
    /// It says nothing to any page.
    NotSet,
    /// No rule is for this page.
    Refused,
    /// It may do this.
    Allowed(CorsAnswer),
}

/// The first rule that fits decides.
fn answer(rules: &[model::CORSRule], request: &CorsRequest<'_>) -> Option<CorsAnswer> {
    let wanted: Vec<String> = request
        .headers
        .unwrap_or_default()
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    let (rule, origin) = rules.iter().find_map(|rule| {
        let origin = rule.allowed_origins.iter().find(|pattern| fits(pattern, request.origin))?;
        let allowed = rule.allowed_headers.as_deref().unwrap_or_default();
        let has_header =
            |name: &String| allowed.iter().any(|pattern| fits(&pattern.to_ascii_lowercase(), name));
        let matches = rule.allowed_methods.iter().any(|method| method == request.method)
            && wanted.iter().all(has_header);
        matches.then_some((rule, origin))
    })?;
    let everybody = origin == "*";
    let joined = |names: &[String]| (!names.is_empty()).then(|| names.join(", "));
    Some(CorsAnswer {
        origin: if everybody { "*" } else { request.origin }.to_owned(),
        credentials: !everybody,
        methods: rule.allowed_methods.join(", "),
        headers: joined(&wanted),
        exposed: joined(rule.expose_headers.as_deref().unwrap_or_default()),
        max_age: rule.max_age_seconds,
    })
}

/// Whether a text fits a pattern that has at most one `*`.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

/// Refuses what no bucket can have.
pub(crate) fn check(configuration: &model::CORSConfiguration) -> Result<(), Error> {
    let rules = &configuration.cors_rules;
    if rules.is_empty() || rules.len() > RULES_MAX {
        return Err(errors::malformed_xml());
    }
    rules.iter().try_for_each(check_rule)
}

fn check_rule(rule: &model::CORSRule) -> Result<(), Error> {
    let many = |text: &&String| text.matches('*').count() > 1;
    if rule.allowed_methods.is_empty() || rule.allowed_origins.is_empty() {
        return Err(errors::malformed_xml());
    }
    if rule.id.as_ref().is_some_and(|id| id.chars().count() > ID_MAX) {
        return Err(errors::malformed_xml());
    }
    if let Some(method) = rule.allowed_methods.iter().find(|method| !METHODS.contains(&method.as_str())) {
        let message = format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}");
        return Err(errors::invalid_request(message));
    }
    if let Some(origin) = rule.allowed_origins.iter().find(many) {
        let message = format!("AllowedOrigin \"{origin}\" can not have more than one wildcard.");
        return Err(errors::invalid_request(message));
    }
    if let Some(header) = rule.allowed_headers.iter().flatten().find(many) {
        let message = format!("AllowedHeader \"{header}\" can not have more than one wildcard.");
        return Err(errors::invalid_request(message));
    }
    if let Some(header) = rule.expose_headers.iter().flatten().find(|header| header.contains('*')) {
        let message = format!(
            "ExposeHeader \"{header}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
        );
        return Err(errors::invalid_request(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
