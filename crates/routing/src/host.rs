//! Hosts: of requests and of routes.

use std::borrow::Cow;

/// The names that are Weft's own: `<workload>.<app>.weft.localhost` and `<app>.weft.localhost`.
pub const OWN_SUFFIX: &str = "weft.localhost";

/// The host of a `Host` header or an authority, without its port and a final dot, in lower case; brackets of an IPv6
/// address are removed.
pub fn host_of(authority: &str) -> Cow<'_, str> {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.split(':').next().unwrap_or(authority),
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

/// A route's host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// Every host that nothing else matches.
    Any,
    /// Exactly this one.
    Exact(String),
    /// All names below this one, of any depth: `*.example.com` holds `example.com`.
    Below(String),
}

/// A route's host that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host name: use `name.example.com` or `*.example.com`")]
pub struct HostError(pub String);

impl HostPattern {
    /// Parses a host name, or `*.` and one. `None` and `*` are [`HostPattern::Any`].
    pub fn parse(text: Option<&str>) -> Result<Self, HostError> {
        let Some(text) = text.filter(|text| *text != "*") else { return Ok(Self::Any) };
        let lower = text.to_ascii_lowercase();
        let (name, below) = match lower.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (lower.as_str(), false),
        };
        if !is_host(name) {
            return Err(HostError(text.to_owned()));
        }
        Ok(if below { Self::Below(name.to_owned()) } else { Self::Exact(name.to_owned()) })
    }

    /// Whether the host is one of Weft's own names, which no app may claim.
    pub fn is_own(&self) -> bool {
        match self {
            Self::Any => false,
            Self::Exact(name) | Self::Below(name) => {
                is_own_host(name) || OWN_SUFFIX.ends_with(&format!(".{name}"))
            }
        }
    }
}

/// Whether a host is `weft.localhost` or below it.
pub fn is_own_host(host: &str) -> bool {
    host.strip_suffix(OWN_SUFFIX).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A last label of digits alone makes an address, and addresses are the APIs' own.
    let is_address =
        name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    name.len() <= 253 && !is_address && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_cannot_claim_an_address_since_the_apis_answer_there() {
        for (host, good) in [
            ("shop.example", true),
            ("*.shop.example", true),
            ("7.example", true),
            ("127.0.0.1", false),
            ("*.0.0.1", false),
            ("10.1", false),
            ("4566", false),
        ] {
            assert_eq!(HostPattern::parse(Some(host)).is_ok(), good, "{host}");
        }
    }
}
