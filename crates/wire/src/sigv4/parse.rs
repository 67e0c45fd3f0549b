//! Reads what a request says about its signature.

use std::fmt::Write as _;
use std::time::Duration;

use http::header::{AUTHORIZATION, DATE};
use http::request::Parts;
use weft_types::Timestamp;

use super::{ALGORITHM, AuthFault, TERMINATOR};
use crate::uri;

/// The longest that a presigned URL is good for: a week.
const EXPIRES_MAX: u64 = 604_800;

/// How a request carries its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query string, good for a time.
    Presigned {
        /// How long from its date.
        expires: Duration,
    },
    /// In the query string as version 2 of signatures has it, which S3 takes still. It names neither region nor date.
    Version2,
}

/// What a request says about its signature; nothing of it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The access key that it claims.
    pub access_key_id: String,
    /// The region of the credential scope.
    pub region: String,
    /// The service of the credential scope: a signing name.
    pub service: String,
    /// When it was signed, to the second.
    pub time: Timestamp,
    /// The session token that came along.
    pub session_token: Option<String>,
    /// How it is carried.
    pub form: Form,
    /// The names of the signed headers, in the order given.
    pub signed_headers: Vec<String>,
    pub(super) signature: String,
}

impl Authorization {
    /// The day of the credential scope, `YYYYMMDD`: the day of [`Self::time`], as parsing has checked.
    pub(super) fn day(&self) -> String {
        self.time.format("%Y%m%d")
    }

    /// Refuses a scope that is for another service.
    pub fn expect_service(&self, signing_name: &str) -> Result<(), AuthFault> {
        if self.service == signing_name {
            return Ok(());
        }
        Err(AuthFault::WrongScope(format!(
            "Credential should be scoped to correct service: '{signing_name}'. "
        )))
    }

    /// Refuses a scope that is for another region.
    pub fn expect_region(&self, region: &str) -> Result<(), AuthFault> {
        if self.region == region {
            return Ok(());
        }
        let given = &self.region;
        Err(AuthFault::WrongScope(format!("Credential should be scoped to a valid region, not '{given}'. ")))
    }
}

/// Reads a request's signature from its header or its query string; `None` where there is none of any version.
pub fn parse_authorization(parts: &Parts) -> Result<Option<Authorization>, AuthFault> {
    if let Some(header) = parts.headers.get(AUTHORIZATION) {
        let text = header.to_str().map_err(|_| incomplete("Authorization header requires visible ASCII."))?;
        let scheme = text.split([' ', ',']).next().unwrap_or(text);
        return match scheme {
            ALGORITHM => parse_header(text, parts).map(Some),
            "AWS" | "AWS3" | "AWS3-HTTPS" => Err(AuthFault::Version2),
            scheme if scheme.starts_with("AWS4-") => Err(unsupported_algorithm(scheme)),
            // Another scheme, such as `Bearer`, is not ours to judge.
            _ => Ok(None),
        };
    }
    let query = parts.uri.query().unwrap_or("");
    if query.contains("X-Amz-Algorithm=") || query.contains("X-Amz-Signature=") {
        return parse_query(query).map(Some);
    }
    if query.contains("AWSAccessKeyId=") && query.contains("Signature=") {
        return parse_version2(query).map(Some);
    }
    Ok(None)
}

/// Reads a presigned URL of version 2: its time is when it ends.
fn parse_version2(query: &str) -> Result<Authorization, AuthFault> {
    let pairs: Vec<(String, String)> = uri::pairs(query).collect();
    let find = |name: &str| pairs.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone());
    let need = |name: &str| find(name).filter(|value| !value.is_empty());
    let (Some(access_key_id), Some(signature), Some(expires)) =
        (need("AWSAccessKeyId"), need("Signature"), need("Expires"))
    else {
        return Err(AuthFault::Version2);
    };
    let seconds: i64 = expires.parse().map_err(|_| incomplete("Expires should be a number"))?;
    let seconds = seconds.clamp(0, 253_402_300_799);
    Ok(Authorization {
        access_key_id,
        region: "us-east-1".to_owned(),
        service: "s3".to_owned(),
        time: Timestamp::from_seconds(seconds),
        session_token: find("x-amz-security-token"),
        form: Form::Version2,
        signed_headers: Vec::new(),
        signature,
    })
}

fn parse_header(text: &str, parts: &Parts) -> Result<Authorization, AuthFault> {
    let mut credential = None;
    let mut signed_headers = None;
    let mut signature = None;
    for pair in text[ALGORITHM.len()..].split(',') {
        let pair = pair.trim();
        if pair.is_empty() {
            continue;
        }
        let Some((name, value)) = pair.split_once('=') else {
            return Err(incomplete(format!(
                "'{}' not a valid key=value pair (missing equal-sign) in Authorization header: '{}'.",
                cut(pair),
                cut(text)
            )));
        };
        match name.trim() {
            "Credential" => credential = Some(value.trim()),
            "SignedHeaders" => signed_headers = Some(value.trim()),
            "Signature" => signature = Some(value.trim()),
            _ => {}
        }
    }
    let date = header_date(parts);
    let (Some(credential), Some(signed_headers), Some(signature), Some(date)) =
        (credential, signed_headers, signature, &date)
    else {
        let mut message = String::new();
        let absent =
            [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed_headers)];
        for (name, _) in absent.iter().filter(|(_, value)| value.is_none()) {
            let _ = write!(message, "Authorization header requires '{name}' parameter. ");
        }
        if date.is_none() {
            message.push_str(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
            );
        }
        return Err(incomplete(format!(
            "{message}Authorization={}",
            cut(text.split(' ').next().unwrap_or(""))
        )));
    };
    let token = parts.headers.get("x-amz-security-token").and_then(|token| token.to_str().ok());
    assemble(credential, date, signed_headers, signature, token.map(str::to_owned), Form::Header)
}

fn parse_query(query: &str) -> Result<Authorization, AuthFault> {
    let pairs: Vec<(String, String)> = uri::pairs(query).collect();
    let find = |name: &str| pairs.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    let need = |name: &str| {
        find(name).filter(|value| !value.is_empty()).ok_or_else(|| {
            incomplete(format!(
                "AWS query-string parameters must include '{name}'. Re-examine the query-string parameters."
            ))
        })
    };
    let algorithm = need("X-Amz-Algorithm")?;
    if algorithm != ALGORITHM {
        return Err(unsupported_algorithm(algorithm));
    }
    let (credential, signature) = (need("X-Amz-Credential")?, need("X-Amz-Signature")?);
    let (date, signed_headers) = (need("X-Amz-Date")?, need("X-Amz-SignedHeaders")?);
    let expires: u64 = match need("X-Amz-Expires")?.parse() {
        Ok(seconds @ 1..=EXPIRES_MAX) => seconds,
        Ok(0) => return Err(incomplete("X-Amz-Expires must be greater than 0")),
        Ok(_) => {
            let message = "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be \
                           less than 604800 seconds";
            return Err(incomplete(message));
        }
        Err(_) => return Err(incomplete("X-Amz-Expires should be a number")),
    };
    let form = Form::Presigned { expires: Duration::from_secs(expires) };
    assemble(
        credential,
        date,
        signed_headers,
        signature,
        find("X-Amz-Security-Token").map(str::to_owned),
        form,
    )
}

fn assemble(
    credential: &str,
    date: &str,
    signed_headers: &str,
    signature: &str,
    session_token: Option<String>,
    form: Form,
) -> Result<Authorization, AuthFault> {
    // An access key has no slash; AWS counts from the left all the same.
    let elements: Vec<&str> = credential.split('/').collect();
    let [access_key_id, day, region, service, terminator] = elements[..] else {
        return Err(incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{}'.",
            cut(credential)
        )));
    };
    if terminator != TERMINATOR {
        let message = format!(
            "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'.",
            cut(terminator)
        );
        return Err(AuthFault::WrongScope(message));
    }
    let time = read_time(date).ok_or_else(|| {
        incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
            cut(date)
        ))
    })?;
    let signed_day = time.format("%Y%m%d");
    if signed_day != day {
        return Err(AuthFault::WrongScope(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != \
             '{signed_day}', from '{}'.",
            cut(day),
            cut(date)
        )));
    }
    let signed_headers: Vec<String> = signed_headers.split(';').map(str::to_owned).collect();
    if !signed_headers.iter().any(|name| name == "host" || name == ":authority") {
        let message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
        return Err(AuthFault::WrongScope(message.to_owned()));
    }
    Ok(Authorization {
        access_key_id: access_key_id.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
        time,
        session_token,
        form,
        signed_headers,
        signature: signature.to_owned(),
    })
}

/// The date of a signed header: `X-Amz-Date`, else `Date`.
fn header_date(parts: &Parts) -> Option<String> {
    if let Some(date) = parts.headers.get("x-amz-date") {
        return date.to_str().ok().map(|date| date.trim().to_owned());
    }
    let date = parts.headers.get(DATE)?.to_str().ok()?.trim();
    let parsed = jiff::fmt::rfc2822::parse(date).ok();
    Some(
        parsed
            .map_or_else(|| date.to_owned(), |time| time.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string()),
    )
}

/// Reads `20261124T010203Z`.
fn read_time(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let shape_fits = bytes.len() == 16
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            8 => *byte == b'T',
            15 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if !shape_fits {
        return None;
    }
    let (date, clock) = (&text[..8], &text[9..15]);
    Timestamp::parse_iso8601(&format!(
        "{}-{}-{}T{}:{}:{}Z",
        &date[..4],
        &date[4..6],
        &date[6..],
        &clock[..2],
        &clock[2..4],
        &clock[4..]
    ))
}

fn incomplete(message: impl Into<String>) -> AuthFault {
    AuthFault::Incomplete(message.into())
}

fn unsupported_algorithm(algorithm: &str) -> AuthFault {
    incomplete(format!("Unsupported AWS 'algorithm': '{}'. ", cut(algorithm)))
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}
