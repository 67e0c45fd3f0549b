//! Headers of a request or an answer that is passed on.

use http::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE};

/// Removes what concerns one connection only. An upgrade survives: it is a wish for the whole way.
pub fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let upgrade = headers.get(UPGRADE).cloned().filter(|_| names(headers).any(|name| name == "upgrade"));
    let trailers = headers.get(TE).is_some_and(|te| te.as_bytes().eq_ignore_ascii_case(b"trailers"));
    if headers.contains_key(CONNECTION) {
        let listed: Vec<HeaderName> =
            names(headers).filter_map(|name| name.parse().ok()).filter(|name| *name != HOST).collect();
        for name in listed {
            headers.remove(name);
        }
    }
    for name in [CONNECTION, TE, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
    for name in
        ["keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "http2-settings"]
    {
        headers.remove(name);
    }
    if let Some(upgrade) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, upgrade);
    }
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Removes what only we may say, also where it is spelled so that a CGI-like server reads the same variable:
/// `X_Weft_Caller` and `X-Weft-Caller` are both `HTTP_X_WEFT_CALLER` there. `Proxy` would become `HTTP_PROXY`.
pub fn remove_forged(headers: &mut HeaderMap) {
    let forged: Vec<HeaderName> = headers.keys().filter(|name| is_forged(name.as_str())).cloned().collect();
    for name in forged {
        headers.remove(name);
    }
}

fn is_forged(name: &str) -> bool {
    if name.starts_with("x-weft-") || name == "proxy" {
        return true;
    }
    if !name.contains('_') {
        return false;
    }
    let dashed = name.replace('_', "-");
    ["x-weft-", "x-forwarded-"].iter().any(|prefix| dashed.starts_with(prefix))
        || ["x-request-id", "forwarded", "x-api-key", "authorization"].contains(&dashed.as_str())
}

/// Sets a header where the text can be one, and removes it where it cannot.
pub fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    match HeaderValue::from_str(text) {
        Ok(value) => {
            headers.insert(name, value);
        }
        Err(_) => {
            headers.remove(name);
        }
    }
}

/// Adds an element to a header that holds a list.
pub fn append(headers: &mut HeaderMap, name: &HeaderName, element: &str) {
    let before: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    if before.is_empty() {
        return set(headers, name.clone(), element);
    }
    let all = format!("{}, {element}", before.join(", "));
    set(headers, name.clone(), &all);
}

/// What `Connection` lists, in lower case.
fn names(headers: &HeaderMap) -> impl Iterator<Item = String> {
    headers
        .get_all(CONNECTION)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
}
