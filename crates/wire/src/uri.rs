//! URIs: templates, queries and their escapes.

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::WireFault;

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same, but a greedy label's slashes stay.
const RESERVED_BUT_SLASH: &AsciiSet = &RESERVED.remove(b'/');

/// Escapes everything but unreserved characters.
pub(crate) fn escape(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Escapes a path's text, slashes stay.
pub(crate) fn escape_path(text: &str) -> String {
    utf8_percent_encode(text, RESERVED_BUT_SLASH).to_string()
}

/// Undoes escapes; `None` where the result is not UTF-8.
pub(crate) fn unescape(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// The pairs of a query string or a form, unescaped; `+` is a space. Pairs that are not UTF-8 are left out.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    query.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = |text: &str| {
            if text.contains('+') { unescape(&text.replace('+', " ")) } else { unescape(text) }
        };
        Some((plain(name)?, plain(value)?))
    })
}

/// A template's path and its fixed query.
pub(crate) fn split_template(template: &str) -> (&str, &str) {
    template.split_once('?').unwrap_or((template, ""))
}

/// Matches a raw path against a template's path: the labels, unescaped.
///
/// A label takes one segment that is not empty, a greedy one (`{name+}`) the rest, slashes
/// included. A slash at the end is ignored,
/// as AWS does, unless a greedy label ends the template.
pub(crate) fn match_path(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let mut labels = Vec::new();
    let mut wanted = template.trim_matches('/').split('/');
    let path = path.strip_prefix('/').unwrap_or(path);
    let whole = if template.ends_with("+}") { path } else { path.strip_suffix('/').unwrap_or(path) };
    let mut rest = Some(whole);
    while let Some(part) = wanted.next() {
        let here = rest?;
        let label = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        if let Some(greedy) = label.and_then(|label| label.strip_suffix('+')) {
            // What follows a greedy label is matched from the end.
            let after = wanted.clone().count();
            let (taken, left) = if after == 0 {
                (here, None)
            } else {
                let (at, _) = here.rmatch_indices('/').nth(after - 1)?;
                (&here[..at], Some(&here[at + 1..]))
            };
            labels.push((greedy.to_owned(), unescape(taken).filter(|text| !text.is_empty())?));
            rest = left;
            continue;
        }
        let (segment, left) = match here.split_once('/') {
            Some((segment, left)) => (segment, Some(left)),
            None => (here, None),
        };
        match label {
            Some(label) => {
                labels.push((label.to_owned(), unescape(segment).filter(|text| !text.is_empty())?));
            }
            None if part == segment => {}
            None => return None,
        }
        rest = left;
    }
    rest.is_none().then_some(labels)
}

/// Whether a request's query has all that a template's fixed query wants.
pub(crate) fn match_query(wanted: &str, query: &str) -> bool {
    pairs(wanted).all(|(name, value)| {
        pairs(query).any(|(given, given_value)| given == name && (value.is_empty() || given_value == value))
    })
}

/// Fills a template's path with labels.
pub(crate) fn fill_path(template: &str, label: impl Fn(&str) -> Option<String>) -> Result<String, WireFault> {
    let parts = template.split('/').map(|part| {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            return Ok(part.to_owned());
        };
        let (name, greedy) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
        let text = label(name).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| {
            WireFault::serialization(format!("`{name}` is missing; it is a part of the path"))
        })?;
        Ok(if greedy { escape_path(&text) } else { escape(&text) })
    });
    Ok(parts.collect::<Result<Vec<_>, _>>()?.join("/"))
}

/// A request to an endpoint, with its `Host`.
pub(crate) fn request(
    method: &str,
    endpoint: &Uri,
    path: &str,
    query: &str,
    body: Bytes,
) -> Result<Request<Bytes>, WireFault> {
    let refuse = || WireFault::serialization(format!("`{endpoint}` is not an endpoint"));
    let authority = endpoint.authority().ok_or_else(refuse)?;
    let scheme = endpoint.scheme_str().unwrap_or("http");
    let base = endpoint.path().trim_end_matches('/');
    let mark = if query.is_empty() { "" } else { "?" };
    let uri = format!("{scheme}://{authority}{base}{path}{mark}{query}");
    let mut request = Request::new(body);
    *request.method_mut() = method.parse().map_err(|_| refuse())?;
    *request.uri_mut() = uri.parse().map_err(|_| refuse())?;
    let host = HeaderValue::from_str(authority.as_str()).map_err(|_| refuse())?;
    request.headers_mut().insert(header::HOST, host);
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_match_paths() {
        let check = |template: &str, path: &str, expected: Option<&[(&str, &str)]>| {
            let labels = match_path(template, path);
            let labels = labels.as_ref().map(|labels| {
                labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>()
            });
            assert_eq!(labels.as_deref(), expected, "{template} {path}");
        };
        check("/", "/", Some(&[]));
        check("/", "", Some(&[]));
        check("/", "/a", None);
        check("/2015-03-31/functions", "/2015-03-31/functions/", Some(&[]));
        check("/2015-03-31/functions/", "/2015-03-31/functions", Some(&[]));
        check("/functions/{Name}", "/functions/a%2Fb%3Ac", Some(&[("Name", "a/b:c")]));
        check("/functions/{Name}", "/functions/", None);
        check("/functions/{Name}", "/functions//", None);
        check("/functions/{Name}", "/functions/a/b", None);
        check("/functions/{Name}", "/functions/%FF", None);
        check("/functions/{Name}/code", "/functions/x/code", Some(&[("Name", "x")]));
        check("/functions/{Name}/code", "/functions/x/other", None);
        check("/{Bucket}/{Key+}", "/b/a/b//c", Some(&[("Bucket", "b"), ("Key", "a/b//c")]));
        check("/{Bucket}/{Key+}", "/b/", None);
        check("/tags/{Arn+}/list", "/tags/a/b/list", Some(&[("Arn", "a/b")]));
        check("/tags/{Arn+}/list", "/tags/list", None);
    }

    #[test]
    fn fixed_queries_are_wanted() {
        let check =
            |wanted: &str, query: &str, expected: bool| assert_eq!(match_query(wanted, query), expected);
        check("", "a=1", true);
        check("Action", "Action=&x", true);
        check("Action", "action", false);
        check("Action=PURGE", "Action=PURGE", true);
        check("Action=PURGE", "Action=OTHER", false);
    }
}
