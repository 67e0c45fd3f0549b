//! What browsers may do with an API from other sites.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::records::Cors;

impl Cors {
    /// The headers that answer a preflight request; none where the request is none.
    pub(crate) fn preflight(&self, method: &str, asked: &HeaderMap) -> Option<HeaderMap> {
        if method != "OPTIONS" || !asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        let origin = asked.get(ORIGIN)?;
        let mut answer = HeaderMap::new();
        if self.allow(origin, &mut answer) {
            set(&mut answer, ACCESS_CONTROL_ALLOW_METHODS, &self.allow_methods);
            set(&mut answer, ACCESS_CONTROL_ALLOW_HEADERS, &self.allow_headers);
            set(&mut answer, ACCESS_CONTROL_EXPOSE_HEADERS, &self.expose_headers);
            if let Some(seconds) = self.max_age {
                answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
            }
        }
        Some(answer)
    }

    /// Sets the headers of an answer; those of what stands behind the route do not count.
    pub(crate) fn apply(&self, asked: &HeaderMap, answer: &mut HeaderMap) {
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
        if let Some(origin) = asked.get(ORIGIN)
            && self.allow(origin, answer)
        {
            set(answer, ACCESS_CONTROL_EXPOSE_HEADERS, &self.expose_headers);
        }
    }

    /// Says that an origin may, where it may; tells whether it may.
    fn allow(&self, origin: &HeaderValue, answer: &mut HeaderMap) -> bool {
        let text = origin.to_str().unwrap_or_default();
        let any = self.allow_origins.iter().any(|one| one == "*");
        // `https://*` and `http://*` stand for all of their scheme.
        let fits = |one: &String| {
            one == text
                || one.strip_suffix('*').is_some_and(|start| !start.is_empty() && text.starts_with(start))
        };
        if !any && !self.allow_origins.iter().any(fits) {
            return false;
        }
        if any {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            answer.append(VARY, HeaderValue::from_static("Origin"));
        }
        if self.allow_credentials == Some(true) {
            answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        true
    }
}

fn set(answer: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if !values.is_empty() {
        weft_net::headers::set(answer, name, &values.join(","));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_allowed_by_name_by_scheme_or_with_all() {
        let check = |allowed: &str, origin: &'static str, expected: Option<&str>| {
            let cors = Cors { allow_origins: vec![allowed.to_owned()], ..Cors::default() };
            let mut asked = HeaderMap::new();
            asked.insert(ORIGIN, HeaderValue::from_static(origin));
            let mut answer = HeaderMap::new();
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("the function's"));
            cors.apply(&asked, &mut answer);
            let found = answer.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap());
            assert_eq!(found, expected, "{allowed} {origin}");
        };
        check("*", "https://a.example", Some("*"));
        check("https://a.example", "https://a.example", Some("https://a.example"));
        check("https://*", "https://b.example", Some("https://b.example"));
        check("https://*", "http://b.example", None);
        check("https://a.example", "https://b.example", None);
    }
}
