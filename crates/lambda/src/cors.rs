//! What browsers may do with a function URL from other sites.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors>.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::urls::Cors;

impl Cors {
    /// The headers that answer a preflight request; none where the request is none.
    pub(crate) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<HeaderMap> {
        if method != Method::OPTIONS || !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        let origin = headers.get(ORIGIN)?;
        let mut answer = HeaderMap::new();
        if !self.allow(origin, &mut answer) {
            return Some(answer);
        }
        list(&mut answer, ACCESS_CONTROL_ALLOW_METHODS, self.methods.as_deref());
        list(&mut answer, ACCESS_CONTROL_ALLOW_HEADERS, self.headers.as_deref());
        if let Some(seconds) = self.max_age_seconds {
            answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
        }
        Some(answer)
    }

    /// Sets the headers of an answer to a request from another site; the function's own do not count.
    pub(crate) fn apply(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        for name in [
            ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            ACCESS_CONTROL_EXPOSE_HEADERS,
            ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_HEADERS,
            ACCESS_CONTROL_MAX_AGE,
        ] {
            answer.remove(name);
        }
        if let Some(origin) = request.get(ORIGIN)
            && self.allow(origin, answer)
        {
            list(answer, ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed.as_deref());
        }
    }

    /// Says that an origin may, where it may; tells whether it may.
    fn allow(&self, origin: &HeaderValue, answer: &mut HeaderMap) -> bool {
        let allowed = self.origins.as_deref().unwrap_or_default();
        let any = allowed.iter().any(|one| one == "*");
        if !any && !allowed.iter().any(|one| one.as_bytes() == origin.as_bytes()) {
            return false;
        }
        let credentials = self.credentials.unwrap_or(false);
        // Browsers take no credentials where everybody may.
        if any && !credentials {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            answer.append(VARY, HeaderValue::from_static("Origin"));
        }
        if credentials {
            answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        true
    }
}

fn list(answer: &mut HeaderMap, name: HeaderName, values: Option<&[String]>) {
    let text = values.unwrap_or_default().join(",");
    if let Ok(value) = HeaderValue::from_str(&text)
        && !text.is_empty()
    {
        answer.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origin: &str) -> Cors {
        let some = |text: &str| Some(vec![text.to_owned()]);
        Cors {
            origins: some(origin),
            methods: some("GET"),
            headers: Some(vec!["content-type".to_owned(), "x-a".to_owned()]),
            exposed: some("x-b"),
            max_age_seconds: Some(60),
            ..Cors::default()
        }
    }

    fn from(origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, origin.parse().unwrap());
        headers
    }

    fn shown(headers: &HeaderMap) -> Vec<String> {
        let mut all: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn a_preflight_is_answered_for_sites_that_may() {
        let check = |cors: &Cors, origin: &str, expected: &[&str]| {
            let mut headers = from(origin);
            headers.insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("GET"));
            assert_eq!(shown(&cors.preflight(&Method::OPTIONS, &headers).unwrap()), expected, "{origin}");
            assert!(cors.preflight(&Method::GET, &headers).is_none());
        };
        check(
            &cors("*"),
            "https://a.example",
            &[
                "access-control-allow-headers: content-type,x-a",
                "access-control-allow-methods: GET",
                "access-control-allow-origin: *",
                "access-control-max-age: 60",
            ],
        );
        check(&cors("https://b.example"), "https://a.example", &[]);
    }

    #[test]
    fn an_options_request_that_is_no_preflight_is_the_function_s() {
        assert!(cors("*").preflight(&Method::OPTIONS, &from("https://a.example")).is_none());
        assert!(cors("*").preflight(&Method::OPTIONS, &HeaderMap::new()).is_none());
    }

    #[test]
    fn an_answer_says_what_is_configured_and_not_what_the_function_says() {
        let check = |cors: &Cors, request: &HeaderMap, expected: &[&str]| {
            let mut answer = HeaderMap::new();
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("https://evil.example"));
            cors.apply(request, &mut answer);
            assert_eq!(shown(&answer), expected);
        };
        let site = "https://a.example";
        check(
            &cors("*"),
            &from(site),
            &["access-control-allow-origin: *", "access-control-expose-headers: x-b"],
        );
        check(&cors("*"), &HeaderMap::new(), &[]);
        check(
            &Cors { credentials: Some(true), exposed: None, ..cors("*") },
            &from(site),
            &[
                "access-control-allow-credentials: true",
                "access-control-allow-origin: https://a.example",
                "vary: Origin",
            ],
        );
    }
}
